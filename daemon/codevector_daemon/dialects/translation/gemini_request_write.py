"""Writes a conversation as a request of Google Gemini; the model stands in the path."""

import mimetypes
from collections.abc import Iterator
from typing import Any, Final

from codevector_daemon.dialects.translation import effort, ids, models, outgoing, wire
from codevector_daemon.dialects.translation.canonical import (
    EMPTY_SCHEMA,
    Conversation,
    Document,
    Image,
    Refusal,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from codevector_daemon.dialects.translation.outgoing import Fields, Target, Written, given

MOST_STOPS: Final = 5
"""Gemini refuses more stop sequences."""

UNSIGNED: Final = "skip_thought_signature_validator"
"""What Google documents for calls that another model made: Gemini 3 refuses a call without any signature."""

_MODES: Final = {"auto": "AUTO", "none": "NONE", "required": "ANY", "named": "ANY"}
_LEVELS: Final = {"none": "minimal", "xhigh": "high", "max": "high"}


def write(conversation: Conversation, target: Target) -> Written:
    """Write a request; raises BadBody naming what cannot be carried."""
    writer = _Writer(conversation, target)
    return Written(writer.request(), tuple(writer.dropped))


class _Writer:
    def __init__(self, conversation: Conversation, target: Target) -> None:
        self._conversation = conversation
        self._target = target
        self._names: dict[str, str] = {}
        self._signs = models.gemini_wants_signatures(target.model)
        self.dropped: list[str] = []

    def request(self) -> Fields:
        asked = self._conversation
        if outgoing.has_cache_hints(asked):
            self.dropped.append("cache_control")
        if outgoing.loses_thoughts(asked, self._target.vendor):
            self.dropped.append("thinking")
        if outgoing.has_details(asked):
            self.dropped.append("detail")
        turns = outgoing.joined(outgoing.without_system(outgoing.answered(asked.turns)))
        contents = [self._content(turn) for turn in turns]
        system = [{"text": part.text} for part in asked.system if part.text]
        if asked.output is not None and not self._takes_format():
            self.dropped.append("response_format")
            system.append({"text": outgoing.in_words(asked.output)})
        self._name_lost()
        return {
            "contents": [content for content in contents if content["parts"]],
            **({"systemInstruction": {"parts": system}} if system else {}),
            **self._tools(),
            **self._config(),
        }

    def _content(self, turn: Turn) -> Fields:
        if turn.role == "assistant":
            return {"role": "model", "parts": list(self._said(turn))}
        return {"role": "user", "parts": [part for one in turn.parts for part in self._shown(one)]}

    def _said(self, turn: Turn) -> Iterator[Fields]:
        """Yield the model's parts. Google's signature stands at the part that followed the thought."""
        signature = ""
        called = False
        for part in outgoing.own_thoughts(turn.parts, self._target.vendor):
            if isinstance(part, Thinking):
                signature = part.signature
                if part.text:
                    yield {"text": part.text, "thought": True}
                continue
            if isinstance(part, ToolCall) and not signature and self._signs and not called:
                signature = UNSIGNED
            called = called or isinstance(part, ToolCall)
            signed = {"thoughtSignature": signature} if signature else {}
            signature = ""
            for written in self._model_part(part):
                yield written | signed

    def _model_part(self, part: Any) -> Iterator[Fields]:  # noqa: ANN401 - a part of any kind
        match part:
            case ToolCall():
                self._names[part.id] = ids.tool_name(part.name)
                yield {"functionCall": {"name": ids.tool_name(part.name), "args": wire.json_object(part.arguments)}}
            case Refusal():
                yield {"text": part.text}
            case _:
                yield from self._shown(part)

    def _shown(self, part: Any) -> Iterator[Fields]:  # noqa: ANN401 - a part of any kind
        text = outgoing.text_or_none(part)
        match part:
            case _ if text is not None:
                if text:
                    yield {"text": text}
            case Image() if part.url is not None:
                yield {"fileData": {"mimeType": part.media_type or _kind(part.url, "image/png"), "fileUri": part.url}}
            case Image():
                yield {"inlineData": {"mimeType": part.media_type or "image/png", "data": part.data or ""}}
            case Document() if part.url is not None:
                self.dropped += ["filename"] if part.name else []
                yield {"fileData": {"mimeType": _kind(part.url, part.media_type), "fileUri": part.url}}
            case Document():
                self.dropped += ["filename"] if part.name else []
                yield {"inlineData": {"mimeType": part.media_type, "data": part.data or ""}}
            case ToolResult():
                yield from self._result(part)
            case _:
                raise wire.bad("messages", f"hold a {type(part).__name__} where it cannot stand")

    def _result(self, part: ToolResult) -> Iterator[Fields]:
        """Yield a function's answer; its pictures follow as parts, which every Gemini reads."""
        name = self._names.get(part.call_id) or part.name
        if name is None:
            raise wire.bad("messages", f"answer a tool call '{part.call_id[:64]}' that is not in the conversation")
        key = "error" if part.is_error else "output"
        response = {key: outgoing.plain_text(part.parts)}
        yield {"functionResponse": {"name": ids.tool_name(name), "response": response}}
        for picture in outgoing.pictures(part.parts):
            yield from self._shown(picture)

    def _tools(self) -> Fields:
        asked = self._conversation
        if not asked.tools:
            return {}
        if asked.parallel is False:
            self.dropped.append("parallel_tool_calls")
        fields: Fields = {"tools": [{"functionDeclarations": [_declaration(tool) for tool in asked.tools]}]}
        if asked.choice is not None:
            calling: Fields = {"mode": _MODES[asked.choice.mode]}
            if asked.choice.mode == "named":
                calling["allowedFunctionNames"] = [ids.tool_name(asked.choice.name or "")]
            fields["toolConfig"] = {"functionCallingConfig": calling}
        return fields

    def _config(self) -> Fields:
        asked = self._conversation
        sampling = asked.sampling
        stop = list(asked.stop)
        if len(stop) > MOST_STOPS:
            self.dropped.append("stop")
        config = given(
            maxOutputTokens=outgoing.limit(asked, self._target),
            temperature=sampling.temperature,
            topP=sampling.top_p,
            topK=sampling.top_k,
            seed=sampling.seed,
            frequencyPenalty=sampling.frequency_penalty,
            presencePenalty=sampling.presence_penalty,
            stopSequences=stop[:MOST_STOPS] or None,
            thinkingConfig=self._thinking() or None,
        )
        if asked.output is not None and self._takes_format():
            self.dropped += ["response_format.description"] if asked.output.description else []
            config["responseMimeType"] = "application/json"
            config |= given(responseJsonSchema=asked.output.schema)
        return {"generationConfig": config} if config else {}

    def _takes_format(self) -> bool:
        """Tell whether the model can be held to JSON; only Gemini 3 and later can while it has tools."""
        return not self._conversation.tools or self._signs

    def _thinking(self) -> Fields:
        wanted = self._conversation.reasoning
        if wanted is None:
            return {}
        if models.gemini_cannot_think(self._target.model):
            self.dropped += ["reasoning"] if wanted.effort != "none" else []
            return {}
        shown: Fields = {"includeThoughts": True} if wanted.shown else {}
        if models.gemini_thinks_by_budget(self._target.model):
            return shown | self._budget(wanted.effort, wanted.budget)
        level = wanted.effort
        if level is None and wanted.budget is not None:
            level = effort.effort_of(wanted.budget)
        if level is None:
            return shown
        level = _LEVELS.get(level, level)
        return shown | {"thinkingLevel": models.gemini_level(self._target.model, level)}

    def _budget(self, level: str | None, budget: int | None) -> Fields:
        if budget is None and level is not None:
            budget = effort.budget_of(level, outgoing.limit(self._conversation, self._target))
        if budget is None:
            return {}
        least, most = models.gemini_budgets(self._target.model, off=budget <= 0)
        return {"thinkingBudget": min(max(budget, least), most)}

    def _name_lost(self) -> None:
        asked = self._conversation
        lost = given(
            user=asked.user,
            metadata=asked.metadata,
            service_tier=asked.service_tier,
            verbosity=asked.verbosity,
            prompt_cache_key=asked.cache_key,
        )
        self.dropped += lost
        if any(tool.strict for tool in asked.tools):
            self.dropped.append("tools.strict")


def _declaration(tool: Tool) -> Fields:
    fields = given(name=ids.tool_name(tool.name), description=tool.description)
    return {**fields, "parametersJsonSchema": tool.schema or EMPTY_SCHEMA}


def _kind(url: str, default: str) -> str:
    return mimetypes.guess_type(url.partition("?")[0])[0] or default
