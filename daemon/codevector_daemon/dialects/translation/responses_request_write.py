"""Writes a conversation as a request of Responses."""

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
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from codevector_daemon.dialects.translation.outgoing import Fields, Target, Written, given
from codevector_daemon.dialects.translation.responses_items import split_id

LEAST_OUTPUT: Final = 16
"""Responses refuses a smaller limit."""


def write(conversation: Conversation, target: Target) -> Written:
    """Write a request; raises BadBody naming what cannot be carried."""
    writer = _Writer(conversation, target)
    return Written(writer.request(), tuple(writer.dropped))


class _Writer:
    def __init__(self, conversation: Conversation, target: Target) -> None:
        self._conversation = conversation
        self._target = target
        self.dropped: list[str] = []

    def request(self) -> Fields:
        asked = self._conversation
        if outgoing.has_cache_hints(asked):
            self.dropped.append("cache_control")
        if outgoing.loses_thoughts(asked, self._target.vendor):
            self.dropped.append("thinking")
        if asked.stop:
            self.dropped.append("stop")
        limit = outgoing.limit(asked, self._target)
        return {
            "model": self._target.model,
            **given(instructions="\n\n".join(part.text for part in asked.system) or None),
            "input": [item for turn in asked.turns for item in self._items(turn)],
            **given(max_output_tokens=None if limit is None else max(limit, LEAST_OUTPUT)),
            **self._tools(),
            **self._text(asked.output),
            **self._sampling(),
            **self._reasoning(),
            **self._others(),
            "store": False,
            **({"stream": True} if self._target.stream else {}),
        }

    def _items(self, turn: Turn) -> Iterator[Fields]:
        if turn.role == "assistant":
            yield from self._said(turn)
            return
        role = "developer" if turn.role == "system" else "user"
        content: list[Fields] = []
        for part in outgoing.results_first(turn).parts:
            if isinstance(part, ToolResult):
                yield self._result(part)
            else:
                content.append(self._shown(part))
        if content:
            yield {"type": "message", "role": role, "content": content}

    def _said(self, turn: Turn) -> Iterator[Fields]:
        for part in outgoing.own_thoughts(turn.parts, self._target.vendor):
            match part:
                case Thinking():
                    self.dropped += [] if split_id(part.signature)[1] else ["thinking"]
                    yield from _thought(part)
                case ToolCall():
                    call = {"type": "function_call", "call_id": ids.call_id(part.id), "name": ids.tool_name(part.name)}
                    yield {**call, "arguments": part.arguments or "{}"}
                case Text() | Refusal():
                    if part.text:
                        yield {"type": "message", "role": "assistant", "content": part.text}
                case _:
                    raise wire.bad("messages", f"hold a {type(part).__name__} that the model is to have said")

    def _shown(self, part: Any) -> Fields:  # noqa: ANN401 - a part of any kind
        text = outgoing.text_or_none(part)
        if text is not None:
            return {"type": "input_text", "text": text}
        if isinstance(part, Image):
            return {"type": "input_image", "image_url": media.image_url(part), "detail": part.detail or "auto"}
        if isinstance(part, Document) and part.url is not None:
            self.dropped += ["filename"] if part.name else []
            return {"type": "input_file", "file_url": part.url}
        if isinstance(part, Document):
            return {
                "type": "input_file",
                "filename": part.name or "document.pdf",
                "file_data": media.document_url(part),
            }
        raise wire.bad("messages", f"hold a {type(part).__name__} where it cannot stand")

    def _result(self, part: ToolResult) -> Fields:
        item = {"type": "function_call_output", "call_id": ids.call_id(part.call_id)}
        if outgoing.pictures(part.parts):
            before = [Text("Error:")] if part.is_error else []
            return {**item, "output": [self._shown(one) for one in (*before, *part.parts)]}
        text = outgoing.plain_text(part.parts)
        failed = part.is_error and not text.lower().startswith("error")
        return {**item, "output": f"Error: {text}" if failed else text}

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

    def _text(self, output: OutputFormat | None) -> Fields:
        fields = given(verbosity=self._conversation.verbosity)
        if output is not None and output.schema is None:
            fields["format"] = {"type": "json_object"}
        elif output is not None:
            named = given(description=output.description, strict=output.strict)
            fields["format"] = {"type": "json_schema", "name": output.name or "answer", "schema": output.schema} | named
        return {"text": fields} if fields else {}

    def _sampling(self) -> Fields:
        sampling = self._conversation.sampling
        unknown = given(
            top_k=sampling.top_k,
            seed=sampling.seed,
            frequency_penalty=sampling.frequency_penalty or None,
            presence_penalty=sampling.presence_penalty or None,
        )
        self.dropped += unknown
        fields = given(temperature=sampling.temperature, top_p=sampling.top_p)
        if models.openai_reasons(self._target.model):
            self.dropped += [name for name, value in fields.items() if value != 1]
            return {}
        return fields

    def _reasoning(self) -> Fields:
        """Ask for the encrypted thoughts wherever the model reasons: nothing is stored, so only they carry them on."""
        plain = models.is_openai(self._target.model) and not models.openai_reasons(self._target.model)
        wanted = self._conversation.reasoning
        if plain:
            self.dropped += ["reasoning"] if wanted is not None and wanted.effort != "none" else []
            return {}
        fields: Fields = {}
        if wanted is not None:
            level = wanted.effort
            if level is None and wanted.budget is not None:
                level = effort.effort_of(wanted.budget)
            fields = given(effort=level, summary="auto" if wanted.shown else None)
            self.dropped += [] if fields else ["reasoning"]
        include = {"include": ["reasoning.encrypted_content"]} if models.openai_reasons(self._target.model) else {}
        return ({"reasoning": fields} if fields else {}) | include

    def _others(self) -> Fields:
        asked = self._conversation
        return given(
            safety_identifier=ids.user(asked.user) if asked.user else None,
            metadata=asked.metadata,
            service_tier=asked.service_tier,
            prompt_cache_key=asked.cache_key,
        )


def _thought(part: Thinking) -> Iterator[Fields]:
    """Yield a reasoning item; without its content OpenAI would look for the id among what it stores."""
    item_id, encrypted = split_id(part.signature)
    if encrypted:
        summary = [{"type": "summary_text", "text": part.text}] if part.text else []
        named = {"id": item_id} if item_id else {}
        yield {"type": "reasoning", **named, "summary": summary, "encrypted_content": encrypted}


def _tool(tool: Tool) -> Fields:
    fields = given(type="function", name=ids.tool_name(tool.name), description=tool.description)
    return {**fields, "parameters": tool.schema or EMPTY_SCHEMA, "strict": bool(tool.strict)}


def _choice(choice: ToolChoice) -> Any:  # noqa: ANN401 - a word or an object
    if choice.mode == "named":
        return {"type": "function", "name": ids.tool_name(choice.name or "")}
    return choice.mode
