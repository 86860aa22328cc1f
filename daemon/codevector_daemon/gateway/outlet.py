"""The way out of one answer. Held back, head and all, is what may still turn out to be none."""

import asyncio
from collections.abc import Callable
from typing import Final

from codevector_daemon.dialects.opening import MOST_BYTES, UNREADABLE, Opening
from codevector_daemon.errors import Refused
from codevector_daemon.gateway.client import Client
from codevector_daemon.gateway.headers import HeaderMap, Lines
from codevector_daemon.gateway.upstream import FIRST_ERROR_STATUS, OK, REDIRECT, UpstreamAnswer
from codevector_daemon.metering.tap import AnswerTap

PATIENCE_S: Final = 1.0
"""How long the head waits for the first bytes: a provider that only shows signs of life is passed on as it comes."""

NO_BODY: Final = frozenset({204, 205, 304})
"""Answers that end with their head (RFC 9110); for a generation they are none."""
SMALL_ANSWER_BYTES: Final = 64 * 1024

NO_ANSWER: Final = "The provider's answer cannot be read: it is not what its protocol demands."


class Outlet:
    """Sends one answer. In doubt it holds back the first bytes of a stream, and a JSON document to its end.

    A document is worth nothing to a client before its end, so that costs nothing; one that is larger than most goes
    out as it comes. A small error is kept too: to send it in one piece spares a system call.
    """

    def __init__(self, client: Client, tap: AnswerTap, answer: UpstreamAnswer, lines: Callable[[], Lines]) -> None:
        self._client = client
        self._tap = tap
        self._status = answer.status
        self._lines = lines
        self._doubtful = may_be_answer(answer.status)
        self._keeps = self._doubtful or _is_small(answer)
        self._kept: list[bytes] = []
        self._size = 0
        self._patience: asyncio.TimerHandle | None = None
        self._early: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Send the head, unless it is in doubt."""
        if self._doubtful:
            self._patience = asyncio.get_running_loop().call_later(PATIENCE_S, self._lose_patience)
        else:
            await self._flush()

    async def take(self, ready: bytes) -> None:
        """Send on what may go; raises Refused where this is no answer."""
        if not self._keeps:
            if ready:
                await self._client.body(ready)
            return
        if ready:
            self._kept.append(ready)
            self._size += len(ready)
        if self._early is not None or (self._doubtful and self._may_go(self._tap.opening)):
            await self.flush()

    async def flush(self) -> None:
        """Send all that is held back; from now on nothing is."""
        self._doubtful = self._keeps = False
        await self.close()
        await self._flush()

    async def close(self) -> None:
        """Wait for a head that is on its way out; nothing is sent by itself from now on."""
        if self._patience is not None:
            self._patience.cancel()
        early, self._early = self._early, None
        if early is not None:
            await asyncio.shield(early)

    def _may_go(self, opening: Opening) -> bool:
        match opening:
            case Opening.NONSENSE:
                raise no_answer()
            case Opening.UNKNOWN:
                return False
            case Opening.DOCUMENT:
                return self._size > MOST_BYTES
            case Opening.PASSES:
                return True

    async def _flush(self) -> None:
        if not self._client.head_sent:
            await self._client.head(self._status, self._lines())
        if self._kept:
            data, self._kept = self._kept, []
            await self._client.body(data[0] if len(data) == 1 else b"".join(data))

    def _lose_patience(self) -> None:
        if self._doubtful and self._tap.opening is Opening.UNKNOWN:
            self._early = asyncio.ensure_future(self._flush())


def no_answer() -> Refused:
    """Return what the client gets in place of an answer that is none."""
    return Refused(502, "api_error", UNREADABLE, NO_ANSWER)


def may_be_answer(status: int) -> bool:
    """Tell whether a status promises an answer of the protocol; a body under any other is passed on as it is."""
    return OK <= status < REDIRECT and status not in NO_BODY


def leads_away(status: int) -> bool:
    """Tell whether a status is neither an answer nor an error: a client that follows it calls past the gateway."""
    return status < FIRST_ERROR_STATUS and not may_be_answer(status)


def _is_small(answer: UpstreamAnswer) -> bool:
    length = HeaderMap(answer.headers).text(b"content-length")
    return length is not None and length.isascii() and length.isdigit() and int(length) <= SMALL_ANSWER_BYTES
