"""Writes a conversation as a request of Chat Completions."""

from collections.abc import Iterator
from typing import Any, Final

from codevector_daemon.dialects.translation import effort, ids, media, models, outgoing, wire
from codevector_daemon.dialects.translation.canonical import (
    EMPTY_SCHEMA,
    Conversation,
    Document,
    Image,
    OutputFormat,
    Refusal,
    Shown,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from codevector_daemon.dialects.translation.outgoing import Fields, Target, Written, given

TAKES_CACHE_HINTS: Final = frozenset({"openrouter"})
"""Vendors that read ``cache_control`` in Chat Completions; OpenAI would refuse it."""

MOST_STOPS: Final = 4
"""OpenAI refuses more stop sequences."""


def write(conversation: Conversation, target: Target) -> Written:
    """Write a request; raises BadBody naming what cannot be carried."""
    writer = _Writer(conversation, target)
    return Written(writer.request(), tuple(writer.dropped))


class _Writer:
    def __init__(self, conversation: Conversation, target: Target) -> None:
        self._conversation = conversation
        self._target = target
        self._openai = models.is_openai(target.model)
        self._caches = target.vendor in TAKES_CACHE_HINTS
        self._turns = outgoing.answered(conversation.turns)
        self._loop_from = outgoing.last_question(self._turns)
        self.dropped: list[str] = []

    def request(self) -> Fields:
        asked = self._conversation
        if outgoing.has_cache_hints(asked) and not self._caches:
            self.dropped.append("cache_control")
        if self._caches and outgoing.has_cache_hints_beside_content(asked):
            self.dropped.append("cache_control")
        if outgoing.loses_thoughts(asked, self._target.vendor):
            self.dropped.append("thinking")
        limit = "max_completion_tokens" if self._openai else "max_tokens"
        return {
            "model": self._target.model,
            "messages": list(self._messages()),
            **given(**{limit: outgoing.limit(asked, self._target)}),
            **self._tools(),
            **self._output(asked.output),
            **self._sampling(),
            **self._reasoning(),
            **self._others(),
            **self._stream(),
        }

    def _messages(self) -> Iterator[Fields]:
        if self._conversation.system:
            yield {"role": "system", "content": self._content(self._conversation.system, "system")}
        for at, turn in enumerate(self._turns):
            if turn.role == "assistant":
                yield self._assistant(turn, in_loop=at > self._loop_from)
            elif turn.role == "system":
                yield {"role": "system", "content": self._content(turn.parts, f"messages[{at}]")}
            else:
                yield from self._user(turn, f"messages[{at}]")

    def _user(self, turn: Turn, place: str) -> Iterator[Fields]:
        """Yield the tool messages of a turn, then its own: pictures in a tool's answer can only follow it there."""
        results = [part for part in turn.parts if isinstance(part, ToolResult)]
        said = [part for part in turn.parts if not isinstance(part, ToolResult)]
        shown: list[Shown] = []
        for result in results:
            yield _tool_message(result)
            seen = outgoing.pictures(result.parts)
            shown += [Text(f"Shown by the tool call {_id(result.call_id)}:"), *seen] if seen else []
        if shown or said:
            yield {"role": "user", "content": self._content((*shown, *said), place)}

    def _content(self, parts: Any, place: str) -> str | list[Fields]:  # noqa: ANN401 - parts of any kind
        """Return one string where that is enough: many vendors accept nothing else."""
        parts = tuple(parts)
        texts = [outgoing.text_or_none(part) for part in parts]
        hinted = self._caches and any(part.cache for part in parts)
        if all(text is not None for text in texts) and not hinted:
            return "\n\n".join(text for text in texts if text is not None)
        return [self._part(part, place) for part in parts]

    def _part(self, part: Any, place: str) -> Fields:  # noqa: ANN401 - a part of any kind
        hint = {"cache_control": _hint(part.cache)} if self._caches and part.cache else {}
        text = outgoing.text_or_none(part)
        if text is not None:
            return {"type": "text", "text": text, **hint}
        if isinstance(part, Image):
            return {"type": "image_url", "image_url": given(url=media.image_url(part), detail=part.detail), **hint}
        if isinstance(part, Document):
            return {"type": "file", "file": _file(part, place), **hint}
        raise wire.bad(place, f"holds a {type(part).__name__} where only text, pictures and documents can stand")

    def _assistant(self, turn: Turn, *, in_loop: bool) -> Fields:
        parts = tuple(outgoing.own_thoughts(turn.parts, self._target.vendor))
        for part in parts:
            if isinstance(part, Image | Document | ToolResult):
                raise wire.bad("messages", f"hold a {type(part).__name__} that the model is to have said")
        texts = [part.text for part in parts if isinstance(part, Text)]
        refusals = [part.text for part in parts if isinstance(part, Refusal)]
        thoughts = [part.text for part in parts if isinstance(part, Thinking) and part.text]
        calls = [_call(part) for part in parts if isinstance(part, ToolCall)]
        message: Fields = {"role": "assistant", "content": "".join(texts) or (None if calls or refusals else "")}
        if thoughts and in_loop:  # DeepSeek demands it back while tools loop, and older ones refuse it later
            message["reasoning_content"] = "\n\n".join(thoughts)
        if refusals:
            message["refusal"] = "".join(refusals)
        if calls:
            message["tool_calls"] = calls
        return message

    def _tools(self) -> Fields:
        asked = self._conversation
        if not asked.tools:
            return {}
        fields: Fields = {"tools": [_tool(tool) for tool in asked.tools]}
        if asked.choice is not None:
            fields["tool_choice"] = _choice(asked.choice)
        if asked.parallel is not None:
            fields["parallel_tool_calls"] = asked.parallel
        return fields

    def _output(self, output: OutputFormat | None) -> Fields:
        if output is None:
            return {}
        if output.schema is None:
            return {"response_format": {"type": "json_object"}}
        schema = given(
            name=output.name or "answer", description=output.description, schema=output.schema, strict=output.strict
        )
        return {"response_format": {"type": "json_schema", "json_schema": schema}}

    def _sampling(self) -> Fields:
        sampling = self._conversation.sampling
        fields = given(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            seed=sampling.seed,
            frequency_penalty=sampling.frequency_penalty,
            presence_penalty=sampling.presence_penalty,
            top_k=sampling.top_k if not self._openai else None,
        )
        if self._openai and sampling.top_k is not None:
            self.dropped.append("top_k")
        if models.openai_reasons(self._target.model):
            usual = {"temperature": 1, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0}
            self.dropped += [name for name, value in usual.items() if fields.get(name, value) != value]
            fields = {name: value for name, value in fields.items() if name == "seed"}
        return {**fields, **given(stop=self._stop() or None)}

    def _stop(self) -> list[str]:
        """Return the stop sequences the model takes: OpenAI's take four, and those that reason none."""
        stop = list(self._conversation.stop)
        if not self._openai:
            return stop
        most = 0 if models.openai_reasons(self._target.model) else MOST_STOPS
        self.dropped += ["stop"] if len(stop) > most else []
        return stop[:most]

    def _reasoning(self) -> Fields:
        wanted = self._conversation.reasoning
        if wanted is None:
            return {}
        if wanted.display and wanted.shown is self._openai:
            self.dropped.append(wanted.display)  # OpenAI never shows thoughts here, and all others do
        level = wanted.effort
        if level is None and wanted.budget is not None:
            level = effort.effort_of(wanted.budget)
        if level is None:
            self.dropped.append("reasoning")
            return {}
        if self._openai and not models.openai_reasons(self._target.model):
            self.dropped.append("reasoning_effort")
            return {}
        return {"reasoning_effort": level}

    def _others(self) -> Fields:
        asked = self._conversation
        fields = given(
            user=ids.user(asked.user) if asked.user else None,
            service_tier=asked.service_tier if self._openai else None,
            verbosity=asked.verbosity if self._openai else None,
            prompt_cache_key=asked.cache_key if self._openai else None,
        )
        self.dropped += given(metadata=asked.metadata)  # OpenAI takes it only with what it is to store
        if not self._openai:
            unknown = given(service_tier=asked.service_tier, verbosity=asked.verbosity)
            self.dropped += [*unknown, *given(prompt_cache_key=asked.cache_key)]
        return fields

    def _stream(self) -> Fields:
        return {"stream": True, "stream_options": {"include_usage": True}} if self._target.stream else {}


def _tool_message(result: ToolResult) -> Fields:
    text = outgoing.plain_text(result.parts)
    if result.is_error and not text.lower().startswith("error"):
        text = f"Error: {text}"
    return {"role": "tool", "tool_call_id": _id(result.call_id), "content": text}


def _id(given_id: str) -> str:
    return ids.call_id(given_id, ids.LONGEST_CALL_ID)


def _file(part: Document, place: str) -> Fields:
    if part.url is not None:
        raise wire.bad(place, "links a document; this model's protocol takes documents only with their data")
    return {"filename": part.name or "document.pdf", "file_data": media.document_url(part)}


def _call(call: ToolCall) -> Fields:
    function = {"name": ids.tool_name(call.name), "arguments": call.arguments or "{}"}
    return {"id": _id(call.id), "type": "function", "function": function}


def _tool(tool: Tool) -> Fields:
    function = given(name=ids.tool_name(tool.name), description=tool.description, strict=tool.strict)
    return {"type": "function", "function": {**function, "parameters": tool.schema or EMPTY_SCHEMA}}


def _choice(choice: ToolChoice) -> Any:  # noqa: ANN401 - a word or an object
    if choice.mode == "named":
        return {"type": "function", "function": {"name": ids.tool_name(choice.name or "")}}
    return choice.mode


def _hint(ttl: str) -> Fields:
    return {"type": "ephemeral"} if ttl == "5m" else {"type": "ephemeral", "ttl": ttl}
