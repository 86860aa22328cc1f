"""The demo's live calls: the made-up team at work, through the real gateway, until it is told to stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any

import msgspec

from codevector_daemon.errors import UpstreamError
from codevector_daemon.gateway.upstream import Headers, Upstream, UpstreamRequest
from codevector_daemon.sandbox import words
from codevector_daemon.sandbox.team import DEMO_KEYS, DemoKey

logger = logging.getLogger(__name__)

_PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages"}
_BYTES_PER_TOKEN = 4
_MAX_TOKENS = 2048
_PAUSE_S = 7.0
"""Mean pause of one person between two calls."""
_MOST_TURNS = 8
_LEAVES = 0.03
"""Share of answers that are not read to their end."""
_READ_BEFORE_LEAVING = 12


async def live_traffic(
    upstream: Upstream,
    gateway_url: str,
    secrets: Mapping[str, str],
    *,
    pause_s: float = _PAUSE_S,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    seed: int = 20,
) -> None:
    """Call the gateway until cancelled; ``secrets`` holds the gateway key of each key in DEMO_KEYS, by name."""
    async with asyncio.TaskGroup() as team:
        for key in DEMO_KEYS:
            person = Person(upstream, gateway_url, key, secrets[key.name], Random(f"{seed} {key.name}"))  # noqa: S311 - invented work, no secret
            team.create_task(person.work(pause_s, sleep))


class Person:
    """One of the team: asks, reads, thinks, asks again."""

    def __init__(self, upstream: Upstream, gateway_url: str, key: DemoKey, secret: str, random: Random) -> None:
        self._upstream = upstream
        self._url = gateway_url.rstrip("/") + _PATHS[key.dialect]
        self._key = key
        self._secret = secret
        self._random = random

    async def work(self, pause_s: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Hold one session after another, for ever."""
        while True:
            for body, headers in self.session():
                await sleep(self._random.expovariate(1 / pause_s))
                try:
                    await self._ask(body, headers)
                except UpstreamError as error:
                    logger.info("a call of the demo failed: %s", error)

    def session(self) -> list[tuple[bytes, Headers]]:
        """Return the calls of one session, each with the conversation so far."""
        models, weights = zip(*self._key.models, strict=True)
        model = self._random.choices(models, weights)[0]
        headers = self._headers(f"{self._random.getrandbits(128):032x}")
        messages: list[dict[str, Any]] = []
        calls = []
        for turn in range(self._random.randint(1, _MOST_TURNS)):
            size = self._key.context * self._random.uniform(0.3, 1) if turn == 0 else self._random.uniform(100, 1500)
            messages.append({"role": "user", "content": self._text(int(size))})
            body = {"model": model.name, "max_tokens": _MAX_TOKENS, "stream": True, "messages": messages}
            calls.append((msgspec.json.encode(body), headers))
            messages.append({"role": "assistant", "content": self._text(200)})
        return calls

    async def _ask(self, body: bytes, headers: Headers) -> None:
        answer = await self._upstream.send(UpstreamRequest("POST", self._url, headers, body))
        patience = _READ_BEFORE_LEAVING if self._random.random() < _LEAVES else None
        try:
            async for _ in answer.chunks():
                patience = None if patience is None else patience - 1
                if patience == 0:
                    return
        finally:
            await answer.aclose()

    def _headers(self, session: str) -> Headers:
        lines = [
            (b"Content-Type", b"application/json"),
            (b"User-Agent", self._key.user_agent.encode()),
            (b"Authorization", f"Bearer {self._secret}".encode()),
            (b"x-project", self._key.project.encode()),
            (b"x-session-id", session.encode()),
        ]
        if self._key.dialect == "messages":
            lines.append((b"anthropic-version", b"2023-06-01"))
        return tuple(lines)

    def _text(self, tokens: int) -> str:
        """Return about so many tokens of text; the first words differ, the rest is padding."""
        opening = "".join(words.pieces(self._random, 12))
        return opening + " …" + " code" * max(0, tokens * _BYTES_PER_TOKEN // len(" code") - len(opening))
