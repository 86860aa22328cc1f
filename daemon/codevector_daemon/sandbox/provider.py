"""A provider inside the daemon: no network, no key, the same answer to the same prompt."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from itertools import count
from urllib.parse import urlsplit

from codevector_daemon.errors import UpstreamTimeout
from codevector_daemon.gateway.upstream import UpstreamAnswer, UpstreamRequest
from codevector_daemon.sandbox.answer import SandboxAnswer, head, whole
from codevector_daemon.sandbox.chat import ChatShape
from codevector_daemon.sandbox.faults import MESSAGE, fault_of, spoil_body, spoil_events
from codevector_daemon.sandbox.messages import MessagesShape
from codevector_daemon.sandbox.models import SandboxModel, model_named
from codevector_daemon.sandbox.prompt import BadPrompt, Prompt
from codevector_daemon.sandbox.reply import compose
from codevector_daemon.sandbox.responses import SandboxResponses, Sleep, is_about_responses
from codevector_daemon.sandbox.shape import Event, Shape, Told

_MESSAGES_PATHS = ("/v1/messages", "/v1/messages/count_tokens")
_CHAT_PATHS = ("/v1/chat/completions", "/chat/completions")
_MODELS_PATHS = ("/v1/models", "/models")


class SandboxProvider:
    """Answers Chat Completions, Responses, Messages, ``count_tokens`` and model lists under ``sandbox://local``.

    Words, length and usage follow from the prompt; time from the model and ``pace`` (1: like a real provider,
    0: at once). A prompt that says "use a tool" (or names one: "call the weather tool") gets a tool call where the
    request offers tools. Any model name is served; these ask for trouble:

    - ``sandbox-error`` answers 529 (overloaded), ``sandbox-error-429`` (or any other 4xx and 5xx) that status;
    - ``sandbox-error-stream`` answers 200 and reports an error inside the stream (or as the body);
    - ``sandbox-error-cut`` begins an answer and breaks off.

    ``error``, ``error-429`` and so on (as in the backend ``sandbox/error-429``) do the same.
    """

    def __init__(self, now_ms: Callable[[], int], *, pace: float = 1.0, sleep: Sleep = asyncio.sleep) -> None:
        self._now_ms = now_ms
        self._pace = pace
        self._sleep = sleep
        self._numbers = count(1)
        self._chat = ChatShape()
        self._messages = MessagesShape()
        self._responses = SandboxResponses(self._chat_answer, self._chat_at_once, now_ms, sleep)

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        """Answer a call; raises UpstreamTimeout where the pace is slower than the caller's patience."""
        number = next(self._numbers)
        path, query = urlsplit(request.url)[2:4]
        if is_about_responses(path):
            return await self._responses.answer(request, path, query, number)
        spoken = any(name.lower() == b"anthropic-version" for name, _ in request.headers)
        shape: Shape = self._messages if spoken or path.startswith(_MESSAGES_PATHS) else self._chat
        if request.method == "GET" and path in _MODELS_PATHS:
            return whole(200, shape.models(self._now_ms() // 1000), number)
        if request.method != "POST" or path not in _MESSAGES_PATHS + _CHAT_PATHS:
            return whole(404, shape.error(404, f"The sandbox has nothing at {path[:200]}", number), number)
        counting = path.endswith("/count_tokens")
        try:
            prompt = shape.read(request.body, counting=counting)
        except BadPrompt as error:
            return whole(400, shape.error(400, str(error), number), number)
        if counting:
            return whole(200, self._messages.count(prompt), number)
        return await self._generate(shape, prompt, number, request.first_byte_s)

    async def close(self) -> None:
        """Nothing is held."""

    async def _generate(self, shape: Shape, prompt: Prompt, number: int, patience_s: float) -> UpstreamAnswer:
        fault = fault_of(prompt.model)
        if fault is not None and fault.status:
            return whole(fault.status, shape.error(fault.status, MESSAGE, number), number)
        model = model_named(prompt.model)
        told = Told(prompt, compose(prompt, model), number, self._now_ms() // 1000)
        if prompt.stream:
            await self._think(model.first_token_s, patience_s)
            events = shape.events(told)
            if fault is not None:
                events = spoil_events(fault, events, shape, number)
            return SandboxAnswer(200, head("text/event-stream; charset=utf-8", number), self._paced(events, model))
        await self._think(model.first_token_s + told.reply.counts.output * model.per_token_s, patience_s)
        body = shape.whole(told)
        return whole(200, body, number) if fault is None else spoil_body(fault, body, shape, number)

    async def _chat_answer(self, body: bytes, number: int, patience_s: float) -> UpstreamAnswer:
        try:
            return await self._generate(self._chat, self._chat.read(body, counting=False), number, patience_s)
        except BadPrompt as error:
            return whole(400, self._chat.error(400, str(error), number), number)

    def _chat_at_once(self, body: bytes) -> tuple[bytes, float]:
        prompt = self._chat.read(body, counting=False)
        model = model_named(prompt.model)
        reply = compose(prompt, model)
        seconds = (model.first_token_s + reply.counts.output * model.per_token_s) * self._pace
        return self._chat.whole(Told(prompt, reply, next(self._numbers), self._now_ms() // 1000)), seconds

    async def _think(self, seconds: float, patience_s: float) -> None:
        needed = seconds * self._pace
        await self._sleep(min(needed, patience_s))
        if needed > patience_s:
            raise UpstreamTimeout(f"The sandbox sent no answer within {patience_s:g} s")

    async def _paced(self, events: Iterator[Event], model: SandboxModel) -> AsyncGenerator[bytes, None]:
        for event in events:
            await self._sleep(event.tokens * model.per_token_s * self._pace)
            yield event.data
