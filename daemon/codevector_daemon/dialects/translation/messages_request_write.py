"""Writes a conversation as a request of Anthropic Messages."""

from collections.abc import Iterator
from typing import Any, Final

from codevector_daemon.dialects.translation import ids, messages_schema, models, outgoing, wire
from codevector_daemon.dialects.translation.canonical import (
    EMPTY_SCHEMA,
    Conversation,
    Document,
    Image,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from codevector_daemon.dialects.translation.messages_thinking import thinking_fields
from codevector_daemon.dialects.translation.outgoing import Fields, Target, Written, given

LONGEST_TOOL_NAME: Final = 128
WARMEST: Final = 1.0
"""The highest temperature Messages takes; the OpenAI protocols go to 2."""

_CHOICES: Final = {"auto": "auto", "required": "any", "none": "none"}
_TIERS: Final = {"auto": "auto", "default": "standard_only", "standard": "standard_only"}
_KEPT_FOR: Final = frozenset({"5m", "1h"})
_SCHEMAS_SINCE: Final = (4, 5)


def write(conversation: Conversation, target: Target) -> Written:
    """Write a request; raises BadBody naming what cannot be carried."""
    writer = _Writer(conversation, target)
    return Written(writer.request(), tuple(writer.dropped))


class _Writer:
    def __init__(self, conversation: Conversation, target: Target) -> None:
        self._conversation = conversation
        self._target = target
        self._caches_itself = bool(conversation.tools) and not outgoing.has_cache_hints(conversation)
        self.dropped: list[str] = []

    def request(self) -> Fields:
        asked = self._conversation
        if outgoing.loses_thoughts(asked, self._target.vendor):
            self.dropped.append("thinking")
        if outgoing.has_details(asked):
            self.dropped.append("detail")
        most = outgoing.limit(asked, self._target) or self._default_limit()
        fields: Fields = {"model": self._target.model, "max_tokens": most}
        fields |= self._system()
        turns = outgoing.joined(outgoing.without_system(outgoing.answered(asked.turns)))
        fields["messages"] = [message for turn in turns if (message := self._message(turn))["content"]]
        fields |= self._tools()
        fields |= thinking_fields(asked, self._target, most, self.dropped)
        self._add_schema(fields)
        fields |= self._sampling(thinks=fields.get("thinking", {}).get("type") in {"adaptive", "enabled"})
        fields |= self._others()
        self._cache_the_end(fields["messages"])
        return fields | ({"stream": True} if self._target.stream else {})

    def _default_limit(self) -> int:
        """Return the limit where the client set none: all that the model gives where that is known, as elsewhere."""
        return self._target.max_output or models.default_max_tokens(self._target.model)

    def _system(self) -> Fields:
        blocks = [self._text(part.text, part.cache) for part in self._conversation.system if part.text.strip()]
        if not blocks:
            return {}
        if self._caches_itself:
            blocks[-1]["cache_control"] = {"type": "ephemeral"}
        if len(blocks) == 1 and "cache_control" not in blocks[0]:
            return {"system": blocks[0]["text"]}
        return {"system": blocks}

    def _message(self, turn: Turn) -> Fields:
        if turn.role == "assistant":
            return {"role": "assistant", "content": list(self._said(turn))}
        return {"role": "user", "content": [block for part in turn.parts for block in self._shown(part)]}

    def _said(self, turn: Turn) -> Iterator[Fields]:
        for part in outgoing.own_thoughts(turn.parts, self._target.vendor):
            match part:
                case Thinking():
                    yield from self._thought(part)
                case ToolCall():
                    call = {"type": "tool_use", "id": ids.call_id(part.id), "name": _name(part.name)}
                    yield self._hinted({**call, "input": wire.json_object(part.arguments)}, part.cache)
                case Refusal():
                    yield from self._shown(Text(part.text))
                case _:
                    yield from self._shown(part)

    def _thought(self, part: Thinking) -> Iterator[Fields]:
        if part.redacted:
            yield {"type": "redacted_thinking", "data": part.signature}
        elif part.signature or self._target.vendor != "anthropic":
            yield {"type": "thinking", "thinking": part.text, "signature": part.signature}

    def _shown(self, part: Any) -> Iterator[Fields]:  # noqa: ANN401 - a part of any kind
        match part:
            case Text():
                if part.text.strip():  # Messages refuses text without a visible character
                    yield self._text(part.text, part.cache)
            case Image():
                yield self._hinted({"type": "image", "source": self._picture(part)}, part.cache)
            case Document():
                yield self._hinted(given(type="document", source=_source(part), title=part.name), part.cache)
            case ToolResult():
                content = [block for inner in part.parts for block in self._shown(inner)]
                result: Fields = {"type": "tool_result", "tool_use_id": ids.call_id(part.call_id), "content": content}
                yield self._hinted(result | ({"is_error": True} if part.is_error else {}), part.cache)
            case _:
                raise wire.bad("messages", f"hold a {type(part).__name__} where it cannot stand")

    def _picture(self, part: Image) -> Fields:
        if part.url is not None:
            return {"type": "url", "url": part.url}
        return {"type": "base64", "media_type": part.media_type or "image/png", "data": part.data or ""}

    def _text(self, text: str, cache: str | None) -> Fields:
        return self._hinted({"type": "text", "text": text}, cache)

    def _hinted(self, block: Fields, cache: str | None) -> Fields:
        if cache is None:
            return block
        self.dropped += [] if cache in _KEPT_FOR else ["cache_control.ttl"]
        return block | {"cache_control": given(type="ephemeral", ttl="1h" if cache in {"1h", "12h", "24h"} else None)}

    def _cache_the_end(self, messages: list[Fields]) -> None:
        """Ask for the cache that OpenAI's protocols give unasked; without it a tool loop pays for it all each time."""
        if not self._caches_itself or not messages or self._target.vendor != "anthropic":
            return
        last = messages[-1]["content"][-1]
        if messages[-1]["role"] == "user":
            last["cache_control"] = {"type": "ephemeral"}

    def _tools(self) -> Fields:
        asked = self._conversation
        if not asked.tools:
            return _tools_called(asked)
        fields: Fields = {"tools": [self._tool(tool) for tool in asked.tools]}
        choice: Fields = {}
        if asked.choice is not None and asked.choice.mode == "named":
            choice = {"type": "tool", "name": _name(asked.choice.name or "")}
        elif asked.choice is not None:
            choice = {"type": _CHOICES[asked.choice.mode]}
        if asked.parallel is False and choice.get("type") != "none":
            choice = (choice or {"type": "auto"}) | {"disable_parallel_tool_use": True}
        return fields | ({"tool_choice": choice} if choice else {})

    def _tool(self, tool: Tool) -> Fields:
        if tool.strict:
            self.dropped.append("tools.strict")
        schema = tool.schema if isinstance(tool.schema, dict) else EMPTY_SCHEMA
        schema = schema if "type" in schema else {"type": "object", **schema}
        fields = given(name=_name(tool.name), description=tool.description, input_schema=schema)
        return self._hinted(fields, tool.cache)

    def _add_schema(self, fields: Fields) -> None:
        """Ask for JSON: by its schema where the model takes one, else in words."""
        output = self._conversation.output
        if output is None:
            return
        version = models.claude_version(self._target.model)
        takes_schema = "claude" in self._target.model and (version is None or version >= _SCHEMAS_SINCE)
        schema = _held(output.schema) if takes_schema else None
        if schema is not None:
            self.dropped += ["response_format.description"] if output.description else []
            fields.setdefault("output_config", {})["format"] = {"type": "json_schema", "schema": schema}
            return
        self.dropped.append("response_format")
        system = fields.get("system", [])
        blocks = [self._text(system, None)] if isinstance(system, str) else system
        fields["system"] = [*blocks, self._text(outgoing.in_words(output), None)]

    def _sampling(self, *, thinks: bool) -> Fields:
        asked = self._conversation
        sampling = asked.sampling
        unknown = given(
            seed=sampling.seed,
            frequency_penalty=sampling.frequency_penalty or None,
            presence_penalty=sampling.presence_penalty or None,
        )
        self.dropped += unknown
        fields = given(temperature=sampling.temperature, top_p=sampling.top_p, top_k=sampling.top_k)
        if thinks or models.refuses_sampling(self._target.model):
            self.dropped += [name for name, value in fields.items() if value != 1]
            fields = {}
        if fields.get("temperature", 0) > WARMEST:
            self.dropped.append("temperature")
            fields["temperature"] = WARMEST
        if "temperature" in fields and "top_p" in fields and "claude" in self._target.model:
            self.dropped += ["top_p"] if fields["top_p"] != 1 else []
            del fields["top_p"]  # Claude since 4.1 refuses both together
        stop = [one for one in asked.stop if one.strip()]
        if len(stop) < len(asked.stop):
            self.dropped.append("stop")
        return fields | ({"stop_sequences": stop} if stop else {})

    def _others(self) -> Fields:
        asked = self._conversation
        tier = _TIERS.get(asked.service_tier or "")
        lost = given(metadata=asked.metadata, verbosity=asked.verbosity, prompt_cache_key=asked.cache_key)
        self.dropped += lost
        if asked.service_tier is not None and tier is None:
            self.dropped.append("service_tier")
        metadata = {"user_id": asked.user} if asked.user else None
        return given(metadata=metadata, service_tier=tier)


def _held(schema: object) -> Fields | None:
    """Return a schema that the model can be held to, None where there is none."""
    try:
        return messages_schema.held(schema) if isinstance(schema, dict) else None
    except messages_schema.CannotHold:
        return None


def _tools_called(asked: Conversation) -> Fields:
    """Return the tools that a history calls, not to be called again: Messages refuses calls of undeclared ones."""
    parts = (part for turn in asked.turns for part in turn.parts)
    names = dict.fromkeys(_name(part.name) for part in parts if isinstance(part, ToolCall))
    if not names:
        return {}
    tools = [{"name": name, "input_schema": EMPTY_SCHEMA} for name in names]
    return {"tools": tools, "tool_choice": {"type": "none"}}


def _name(name: str) -> str:
    return ids.tool_name(name, LONGEST_TOOL_NAME)


def _source(part: Document) -> Fields:
    if part.url is not None:
        return {"type": "url", "url": part.url}
    if part.text is not None:
        return {"type": "text", "media_type": "text/plain", "data": part.text}
    return {"type": "base64", "media_type": part.media_type, "data": part.data or ""}
