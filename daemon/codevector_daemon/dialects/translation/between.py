"""Which protocol becomes which: one translation for one attempt."""

import secrets
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from codevector_daemon.dialects.base import BadBody, Head
from codevector_daemon.dialects.cursor import CURSOR
from codevector_daemon.dialects.json_array import GEMINI_ARRAY
from codevector_daemon.dialects.translation import (
    answers,
    chat_answer_read,
    chat_answer_write,
    chat_request_read,
    chat_request_write,
    cursor_request_read,
    errors,
    gemini_answer_read,
    gemini_answer_write,
    gemini_request_read,
    gemini_request_write,
    ids,
    messages_answer_read,
    messages_answer_write,
    messages_request_read,
    messages_request_write,
    responses_answer_read,
    responses_answer_write,
    responses_output,
    responses_request_read,
    responses_request_write,
    wire,
)
from codevector_daemon.dialects.translation.canonical import Conversation, Origin, ToolChoice
from codevector_daemon.dialects.translation.collect import events_of
from codevector_daemon.dialects.translation.events import Answer, Stop
from codevector_daemon.dialects.translation.marks import VENDOR_OF
from codevector_daemon.dialects.translation.outgoing import Target, Written
from codevector_daemon.dialects.translation.translator import StreamReader, Translator
from codevector_daemon.dialects.translation.writing import AnswerWriter, Ended, Framing, WholeWriter
from codevector_daemon.metering.counts import NOTHING


class Translated(Struct, frozen=True):
    """A request for the provider, and what of the client's it could not carry (for ``x-codevector-dropped``)."""

    body: bytes
    dropped: tuple[str, ...] = ()


class _Client(Struct, frozen=True):
    """How a client's protocol is read and answered. ``speaks`` is the protocol of its answers."""

    read: Callable[[bytes], Conversation]
    stream: Callable[[Framing], AnswerWriter]
    whole: WholeWriter
    speaks: str
    stream_type: bytes = b"text/event-stream"


class _Provider(Struct, frozen=True):
    """How a provider's protocol is asked and read."""

    write: Callable[[Conversation, Target], Written]
    stream: Callable[[], StreamReader]
    whole: Callable[[bytes], Answer]
    longest_tool_name: int = ids.LONGEST_NAME


_chat = _Client(chat_request_read.read, chat_answer_write.ChatWriter, chat_answer_write.whole, "chat")
_messages = _Client(
    messages_request_read.read, messages_answer_write.MessagesWriter, messages_answer_write.whole, "messages"
)

_responses = _Client(
    responses_request_read.read, responses_answer_write.ResponsesWriter, responses_output.whole, "responses"
)
_gemini = _Client(gemini_request_read.read, gemini_answer_write.GeminiWriter, gemini_answer_write.whole, "gemini")
_gemini_array = replace(_gemini, stream=gemini_answer_write.GeminiArrayWriter, stream_type=b"application/json")
_cursor = _Client(cursor_request_read.read, chat_answer_write.CursorWriter, chat_answer_write.whole_for_cursor, "chat")

CLIENTS: Final[Mapping[str, _Client]] = MappingProxyType(
    {
        "chat": _chat,
        "messages": _messages,
        "responses": _responses,
        "gemini": _gemini,
        GEMINI_ARRAY: _gemini_array,
        CURSOR: _cursor,
    }
)
PROVIDERS: Final[Mapping[str, _Provider]] = MappingProxyType(
    {
        "chat": _Provider(chat_request_write.write, chat_answer_read.ChatStream, chat_answer_read.whole),
        "messages": _Provider(
            messages_request_write.write,
            messages_answer_read.MessagesStream,
            messages_answer_read.whole,
            messages_request_write.LONGEST_TOOL_NAME,
        ),
        "responses": _Provider(
            responses_request_write.write, responses_answer_read.ResponsesStream, responses_answer_read.whole
        ),
        "gemini": _Provider(gemini_request_write.write, gemini_answer_read.GeminiStream, gemini_answer_read.whole),
    }
)


class Translation:
    """Translates one attempt of one call. It remembers what the request asked for: make a new one for each attempt."""

    def __init__(
        self,
        client: _Client,
        provider: _Provider,
        vendor: str,
        *,
        now_s: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._client = client
        self._provider = provider
        self._vendor = vendor
        self._now_s = now_s
        self._new_id = new_id
        self._wants_usage = True
        self._origins: dict[str, Origin] = {}

    def request(
        self, body: bytes, head: Head, upstream_model: str, *, stream: bool, max_output: int | None = None
    ) -> Translated:
        """Return the body for upstream; raises BadBody naming a field that is wrong or cannot be carried.

        ``max_output`` is the most output tokens the model gives, where the facade says so: more is not asked for.
        """
        try:
            return self._request(body, head, Target(upstream_model, self._vendor, stream, max_output))
        except RecursionError as error:
            raise BadBody("The request body is nested too deeply.") from error

    def _request(self, body: bytes, head: Head, target: Target) -> Translated:
        asked = _prepared(self._client.read(body))
        if asked.max_tokens is None and head.max_output_tokens is not None:
            asked = replace(asked, max_tokens=head.max_output_tokens)
        self._wants_usage = asked.wants_usage
        fitted = ids.renamed((tool.name for tool in asked.tools), self._provider.longest_tool_name)
        self._origins = asked.origins | {new: asked.origins.get(old) or Origin(old) for new, old in fitted.items()}
        written = self._provider.write(asked, target)
        return Translated(msgspec.json.encode(written.fields), wire.clean((*asked.dropped, *written.dropped)))

    @property
    def stream_type(self) -> bytes:
        """The media type of the client's streams."""
        return self._client.stream_type

    def whole(self, status: int, body: bytes, slug: str) -> bytes:
        """Return a whole answer, or an error, for the client; raises BadAnswer for a 200 that is none."""
        if status >= 400:  # noqa: PLR2004 - HTTP's errors begin there
            return self.error(status, body)[1]
        try:
            return self._client.whole(self._provider.whole(body), self._framing(slug))
        except RecursionError as error:
            raise answers.nonsense(answers.TOO_DEEP) from error

    def stream(self, slug: str) -> Translator:
        """Return the translator of one streamed answer."""
        return Translator(self._provider.stream(), self._client.stream(self._framing(slug)))

    def replay(self, body: bytes, slug: str) -> bytes:
        """Return a whole answer as the whole stream that the client asked for, its last event included.

        Some vendors answer with one body where a stream was asked. Raises BadAnswer for a 200 that is none.
        """
        try:
            answer = self._provider.whole(body)
            writer = self._client.stream(self._framing(slug))
            ended = Ended(Stop(answer.stop, answer.sequence), answer.counts or NOTHING, answer.tier)
            return b"".join(writer.write(event) for event in events_of(answer)) + writer.end(ended)
        except RecursionError as error:
            raise answers.nonsense(answers.TOO_DEEP) from error

    def error(self, status: int, body: bytes) -> tuple[int, bytes]:
        """Return an error for the client: its status and body."""
        failure = errors.read(status, body)
        speaks = self._client.speaks
        return errors.status_for(failure, speaks), errors.body_for(failure, speaks)

    def _framing(self, slug: str) -> Framing:
        return Framing(
            slug=slug,
            vendor=self._vendor,
            new_id=self._new_id,
            created_s=self._now_s(),
            wants_usage=self._wants_usage,
            origins=self._origins,
        )


def between(
    client_dialect: str,
    provider_dialect: str,
    *,
    vendor: str | None = None,
    now_s: Callable[[], int] = lambda: int(time.time()),
    new_id: Callable[[], str] = lambda: secrets.token_hex(12),
) -> Translation | None:
    """Return the translation for one attempt, None where there is none to do or none that can be done.

    ``vendor`` says whose thinking signatures the provider makes and takes (``anthropic``, ``openai``, ``deepseek``);
    left out, it is the vendor whose protocol the provider speaks.
    """
    client, provider = CLIENTS.get(client_dialect), PROVIDERS.get(provider_dialect)
    if client is None or provider is None or client_dialect == provider_dialect:
        return None
    owner = vendor or VENDOR_OF[provider_dialect]
    return Translation(client, provider, owner, now_s=now_s, new_id=new_id)


def _prepared(asked: Conversation) -> Conversation:
    """Return the conversation with only the tools that the client's choice allows."""
    choice = asked.choice
    if choice is None or not choice.allowed:
        return asked
    allowed = frozenset(choice.allowed)
    tools = tuple(tool for tool in asked.tools if tool.name in allowed)
    if not tools:
        raise wire.bad("tool_choice", "allows none of the tools that are declared")
    return replace(asked, tools=tools, choice=ToolChoice(choice.mode))
