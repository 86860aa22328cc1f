"""The sandbox in the shape of OpenAI's Responses (platform.openai.com/docs/api-reference/responses).

What it says is its Chat answer, translated. Responses are kept in memory, so that they can be retrieved, cancelled and
gone on from until the daemon ends; one in the background is ready when a real model would be.
"""

import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import BadBody
from codevector_daemon.dialects.sse import EventSplitter, data_of, event_of
from codevector_daemon.gateway.upstream import UpstreamAnswer, UpstreamRequest
from codevector_daemon.sandbox.answer import SandboxAnswer, head, whole
from codevector_daemon.sandbox.prompt import BadPrompt
from codevector_daemon.sandbox.shape import json

if TYPE_CHECKING:
    from codevector_daemon.dialects.translation import Translator

MOST_KEPT: Final = 1000
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of all conversations that are kept, written as JSON; in memory they take several times as much."""
_DIGITS: Final = 9
"""Digits read of a number that a client sends: more than any answer has events."""
_PATHS: Final = ("/v1/responses", "/responses")
_BEGINNING: Final = ("response.created", "response.in_progress")
_LOOK_S: Final = 0.2
"""How often the stream of a run looks whether it was cancelled."""
_ENDS: Final = frozenset(("response.completed", "response.incomplete"))
_KINDS: Final = {400: "invalid_request_error", 404: "invalid_request_error"}
_OK, _FIRST_ERROR = 200, 400

Fields = dict[str, Any]
Chat = Callable[[bytes, int, float], Awaitable[UpstreamAnswer]]
"""Answers a body of Chat Completions."""
Wait = Callable[[bytes], tuple[bytes, float]]
"""The whole answer to a body of Chat Completions at once, and the seconds that it would have taken."""
Sleep = Callable[[float], Awaitable[None]]


class _Kept(Struct):
    """A response, as it is when it is ready; ``response`` is exchanged when it is cancelled before."""

    response: Fields
    input: list[Fields]
    size: int
    ready_ms: int = 0


def is_about_responses(path: str) -> bool:
    """Tell whether a path is one of Responses."""
    return any(path == known or path.startswith(f"{known}/") for known in _PATHS)


class SandboxResponses:
    """Makes and keeps responses. Owned by the event loop."""

    def __init__(self, chat: Chat, at_once: Wait, now_ms: Callable[[], int], sleep: Sleep) -> None:
        self._chat = chat
        self._at_once = at_once
        self._now_ms = now_ms
        self._sleep = sleep
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def answer(self, request: UpstreamRequest, path: str, query: str, number: int) -> UpstreamAnswer:
        """Answer any call about responses."""
        _, _, rest = path.partition("/responses")
        if request.method == "POST" and not rest:
            try:
                return await self._make(request, number)
            except (BadBody, BadPrompt) as error:
                return _error(400, str(error), number)
        response_id, _, what = rest[1:].partition("/")
        kept = self._kept.get(response_id)
        if kept is None:
            return _error(404, f"Response with id '{response_id[:200]}' not found.", number)
        match request.method, what:
            case "GET", "":
                return self._retrieve(kept, query, number)
            case "GET", "input_items":
                return whole(_OK, json(_listed(kept.input)), number)
            case "POST", "cancel":
                return whole(_OK, json(self._cancelled(kept)), number)
            case "DELETE", "":
                del self._kept[response_id]
                return whole(_OK, json({"id": response_id, "object": "response", "deleted": True}), number)
            case _:
                return _error(404, f"The sandbox has nothing at {path[:200]}", number)

    # -- making -------------------------------------------------------------------------------------------------------

    async def _make(self, request: UpstreamRequest, number: int) -> UpstreamAnswer:
        from codevector_daemon.dialects.translation import between  # noqa: PLC0415 - 6 MB that most daemons never need

        dialect = by_name["responses"]
        asked = dialect.head(request.body)
        fields: Fields = msgspec.json.decode(request.body)
        items = self._items(fields)
        if items is None:
            return _error(404, "The previous response was not found.", number)
        told = {name: value for name, value in fields.items() if name not in {"previous_response_id", "background"}}
        translation = between("responses", "chat", new_id=lambda: secrets.token_hex(12))
        if translation is None:
            raise AssertionError("Responses can be translated to Chat Completions")
        body = json({**told, "input": items})
        stream = asked.stream and not asked.background
        chat = translation.request(body, dialect.head(body), asked.model, stream=stream).body
        keeps = asked.store or asked.background
        if asked.background:
            final, seconds = self._at_once(chat)
            response = self._finished(translation.whole(_OK, final, asked.model), fields)
            kept = self._keep(response, items, self._now_ms() + round(seconds * 1000))
            if asked.stream:
                return self._stream(kept, 0, number)
            return whole(_OK, json(_under_way(kept.response, "queued")), number)
        answer = await self._chat(chat, number, request.first_byte_s)
        if answer.status >= _FIRST_ERROR:
            return answer
        if asked.stream:
            translated = self._translated(answer, translation.stream(asked.model), fields, items if keeps else None)
            return SandboxAnswer(_OK, head("text/event-stream; charset=utf-8", number), translated)
        said = b"".join([chunk async for chunk in answer.chunks()])
        if b'"choices"' not in said:  # trouble that was asked for, inside a 200
            return whole(_OK, said, number)
        response = self._finished(translation.whole(_OK, said, asked.model), fields)
        if keeps:
            self._keep(response, items, 0)
        return whole(_OK, json(response), number)

    async def _translated(
        self, answer: UpstreamAnswer, translator: "Translator", fields: Fields, items: list[Fields] | None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the events of a streamed answer, and keep the response of the last one."""
        try:
            async for chunk in answer.chunks():
                if ready := translator.feed(chunk):
                    yield ready
        finally:
            await answer.aclose()
        end = translator.finish()
        for raw in EventSplitter().feed(end):
            event = msgspec.json.decode(data_of(raw))
            if items is not None and event.get("type") in _ENDS:
                self._keep(self._finished(json(event["response"]), fields), items, 0)
        yield end

    def _items(self, fields: Fields) -> list[Fields] | None:
        """Return the whole conversation as items; None where what it goes on from is not known. Raises BadBody."""
        given, previous = fields.get("input") or [], fields.get("previous_response_id")
        if not isinstance(given, str | list) or not isinstance(previous, str | None):
            raise BadBody("'input' must be a string or a list of items, and 'previous_response_id' a string.")
        items: list[Fields] = [_message(given)] if isinstance(given, str) else given
        if previous is None:
            return items
        kept = self._kept.get(previous)
        return None if kept is None else [*kept.input, *kept.response["output"], *items]

    @staticmethod
    def _finished(response: bytes, fields: Fields) -> Fields:
        """Return a response with what the request said of it."""
        said = ("previous_response_id", "background", "store")
        made: Fields = msgspec.json.decode(response)
        return made | {name: fields[name] for name in said if name in fields}

    def _keep(self, response: Fields, items: list[Fields], ready_ms: int) -> _Kept:
        kept = self._kept[response["id"]] = _Kept(response, items, len(json(items)), ready_ms)
        while len(self._kept) > MOST_KEPT or (len(self._kept) > 1 and self._bytes() > MOST_BYTES):
            self._kept.popitem(last=False)
        return kept

    def _bytes(self) -> int:
        return sum(kept.size for kept in self._kept.values())

    # -- coming back --------------------------------------------------------------------------------------------------

    def _retrieve(self, kept: _Kept, query: str, number: int) -> UpstreamAnswer:
        asked = parse_qs(query)
        if asked.get("stream") == ["true"]:
            after = asked.get("starting_after", ["-1"])[0]
            return self._stream(kept, int(after[:_DIGITS]) + 1 if after.isdecimal() else 0, number)
        response = kept.response if self._is_ready(kept) else _under_way(kept.response, "in_progress")
        return whole(_OK, json(response), number)

    def _stream(self, kept: _Kept, first: int, number: int) -> SandboxAnswer:
        return SandboxAnswer(_OK, head("text/event-stream; charset=utf-8", number), self._events(kept, first))

    async def _events(self, kept: _Kept, first: int) -> AsyncGenerator[bytes, None]:
        """Yield the events of a response from a number on: its beginning and, when it is ready, its end."""
        begun = _under_way(kept.response, "in_progress")
        for place, name in enumerate(_BEGINNING[first:], first):
            yield _event(name, place, begun)
        while not self._is_ready(kept):
            await self._sleep(min((kept.ready_ms - self._now_ms()) / 1000, _LOOK_S))
        if first <= len(_BEGINNING):
            yield _event(f"response.{kept.response['status']}", len(_BEGINNING), kept.response)

    def _cancelled(self, kept: _Kept) -> Fields:
        if not self._is_ready(kept):
            kept.response, kept.ready_ms = _under_way(kept.response, "cancelled"), 0
        return kept.response

    def _is_ready(self, kept: _Kept) -> bool:
        return self._now_ms() >= kept.ready_ms


def _under_way(response: Fields, status: str) -> Fields:
    return {**response, "status": status, "output": [], "usage": None, "completed_at": None}


def _event(name: str, place: int, response: Fields) -> bytes:
    return event_of(json({"type": name, "sequence_number": place, "response": response}), name=name)


def _listed(items: list[Fields]) -> Fields:
    rows = [{"id": f"msg_sandbox{place}", "type": "message", **item} for place, item in enumerate(items)]
    ends = {"first_id": rows[0]["id"], "last_id": rows[-1]["id"]} if rows else {"first_id": None, "last_id": None}
    return {"object": "list", "data": rows[::-1], "has_more": False, **ends}


def _message(text: str) -> Fields:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def _error(status: int, message: str, number: int) -> SandboxAnswer:
    error = {"message": message, "type": _KINDS[status], "param": None, "code": None}
    return whole(status, json({"error": error}), number)
