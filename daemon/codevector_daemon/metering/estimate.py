"""Estimates of tokens where a provider reports none. Everything here is slow: call it in a thread."""

import math
from typing import Final

from msgspec.structs import replace

from codevector_daemon.dialects.answer import BYTES_PER_TOKEN
from codevector_daemon.dialects.base import Dialect, Reading
from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.metering.families import Family, family_of
from codevector_daemon.metering.tokenizer import ESTIMATE_MAX_BYTES, Counted, CountFailed, Tokenizer

__all__ = ["ESTIMATE_MAX_BYTES", "completed", "hurry", "input_tokens", "output_tokens", "quick_input"]

PARSED_MAX_BYTES: Final = 16 * 1024 * 1024
"""A body beyond it is not even parsed: that would hold up every other call for 50 ms."""

_tokenizer: Final = Tokenizer()
"""One process for all; it starts with the first estimate."""


def quick_input(body: bytes) -> int:
    """Guess the tokens of a request from its size alone; costs nothing."""
    return -(-len(body) // BYTES_PER_TOKEN)


def input_tokens(dialect: Dialect, body: bytes, model: str) -> int:
    """Estimate what a request's prompt counts: texts, overheads per message and tool, and pictures."""
    if len(body) > PARSED_MAX_BYTES:
        return quick_input(body)
    family = family_of(model)
    try:
        found = _tokenizer.measure(dialect.name, body)
    except CountFailed:
        return quick_input(body)
    frame = family.per_request + family.per_message * found.messages if found.messages else 0
    tools = (family.tools + family.per_tool * found.tools) if found.tools else 0
    pictures = sum(family.image(one) for one in found.images)
    return _tokens(found, family) + frame + tools + pictures + found.given


def output_tokens(text: str, model: str) -> int:
    """Estimate what a generated text counts."""
    family = family_of(model)
    data = text.encode("utf-8", "replace")
    try:
        return _tokens(_tokenizer.measure("", data), family)
    except CountFailed:
        return math.ceil(len(data) / BYTES_PER_TOKEN * family.factor)


def completed(reading: Reading, dialect: Dialect, body: bytes, output_text: str, model: str) -> TokenCounts:
    """Return the counts of an answer with what the provider did not report estimated; what it reported is kept."""
    counts = reading.counts
    if not reading.input_reported:
        counts = replace(counts, uncached_input=counts.uncached_input + input_tokens(dialect, body, model))
    if not reading.output_reported:
        counts = replace(counts, output=counts.output + output_tokens(output_text, model))
    return counts


def hurry() -> None:
    """Guess every estimate that is under way or still to come by length alone: the daemon is ending."""
    _tokenizer.give_up()


def _tokens(found: Counted, family: Family) -> int:
    return math.ceil((found.tokens + found.beyond_bytes / BYTES_PER_TOKEN) * family.factor)
