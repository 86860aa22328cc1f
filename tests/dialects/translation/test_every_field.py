"""Every field that the official SDKs know, at any depth and one at a time: carried, named as dropped, or refused."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_type_hints

import pytest
from google.genai import types as google

from codevector_daemon.dialects.base import BadBody
from codevector_daemon.dialects.translation import Translated
from codevector_daemon.dialects.translation.unread import SAYS_NOTHING
from support.translation.calls import ask
from support.translation.shapes import Field, fields_of, values_of

from .test_nothing_lost import BASE, MODELS, OF_THE_CALL, PAIRS, PARAMS

GOOGLE = {
    "contents": list[google.Content],
    "systemInstruction": google.Content,
    "tools": list[google.Tool],
    "toolConfig": google.ToolConfig,
    "generationConfig": google.GenerationConfig,
}
NAMED_AS = {"prompt_cache_breakpoint": "cache_control", "encrypted_content": "thinking", "thinkingLevel": "reasoning"}
"""Fields that the header names by the word for what they mean."""

SAYS_THE_USUAL: dict[str, tuple[Any, ...]] = {
    "modalities": (["text"],),
    "parallel_tool_calls": (True,),
    "response_format": ({"type": "text"},),
    "format": ({"type": "text"},),
    "strict": (True,),
    "detail": ("auto",),
    "truncation": ("disabled",),
    "type": ("message", "custom", "OBJECT", "disabled"),
    "thinking": ({"type": "disabled"},),
    "display": ("summarized", "omitted"),
    "reasoning_effort": ("none",),
    "effort": ("none",),
    "mode": ("AUTO",),
    "prompt_cache_breakpoint": ({"mode": "explicit"},),
    "namespace": ("any",),
    "content": ([{"text": "any", "type": "reasoning_text"}],),
    "nullable": (True,),
    "propertyOrdering": (["any"],),
    "parametersJsonSchema": ("any",),
    "additionalProperties": ("any",),
}
"""Values that ask for what is done anyway, by all or by the one that is asked."""


def samples(client: str) -> Iterator[tuple[str, Field]]:
    kinds = GOOGLE if client == "gemini" else get_type_hints(PARAMS[client], include_extras=True)
    for name, kind in kinds.items():
        if name not in OF_THE_CALL:
            yield from ((name, Field("", None, value)) for value in values_of(kind) if client != "gemini")
            yield from ((name, field) for field in fields_of(kind))


@cache
def asked(client: str, provider: str, model: str, name: str, value: str) -> Translated | None:
    more = {} if value == "null" else {name: json.loads(value)}
    try:
        return ask(client, provider, model, **(BASE[client] | more))
    except BadBody:
        return None


def is_lost(client: str, provider: str, model: str, name: str, field: Field) -> bool:
    before = asked(client, provider, model, name, json.dumps(field.without))
    if before is None:
        return False
    after = asked(client, provider, model, name, json.dumps(field.given))
    if after is None or set(after.dropped) - set(before.dropped):
        return False
    steps = set(re.split(r"[.<>]", f"{name}.{field.path}"))
    steps |= {NAMED_AS[step] for step in steps & NAMED_AS.keys()}
    if steps & {step for dropped in after.dropped for step in (dropped, dropped.rpartition(".")[2])}:
        return False
    return bool(json.loads(after.body) == json.loads(before.body))


def last(field: Field, name: str) -> tuple[str, Any]:
    """Return the name and the value of what a sample adds."""
    step = re.split(r"[.>]", field.path)[-1] or name
    found = [value for key, value in _values(field.given) if key == step] or [field.given]
    return step, found[0]


def _values(value: Any) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield str(key), inner
        yield from _values(inner)


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_no_field_of_the_sdks_types_just_vanishes(client: str, provider: str) -> None:
    lost, seen = set(), 0
    for name, field in samples(client):
        step, value = last(field, name)
        if step in SAYS_NOTHING or value in ({}, [], "") or value in SAYS_THE_USUAL.get(step, ()):
            continue
        seen += 1
        lost |= {
            (name, field.path, json.dumps(value))
            for model in MODELS[provider]
            if is_lost(client, provider, model, name, field)
        }
    assert lost == set()
    assert seen > 90
