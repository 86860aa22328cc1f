"""Estimates of tokens where a provider reports none. Everything here is slow: call it in a thread."""

import math
from typing import Final

from msgspec.structs import replace

from codevector_daemon.dialects.answer import BYTES_PER_TOKEN
from codevector_daemon.dialects.base import Dialect, Reading
from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.metering.families import Family, family_of
from codevector_daemon.metering.tokenizer import CountFailed, Tokenizer
from codevector_daemon.metering.vocabulary import pieces

ESTIMATE_MAX_BYTES: Final = 4 * 1024 * 1024
"""Text beyond it is counted by its length alone."""

PARSED_MAX_BYTES: Final = 16 * 1024 * 1024
"""A body beyond it is not even parsed: that would hold up every other call for 50 ms."""

PIECE: Final = 1024 * 1024
"""Characters tokenised at a time."""

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
    prompt = dialect.prompt(body)
    frame = family.per_request + family.per_message * prompt.messages if prompt.messages else 0
    tools = (family.tools + family.per_tool * prompt.tools) if prompt.tools else 0
    pictures = sum(family.image(one) for one in prompt.images)
    return _tokens("\n".join(prompt.texts), family) + frame + tools + pictures + prompt.tokens


def output_tokens(text: str, model: str) -> int:
    """Estimate what a generated text counts."""
    return _tokens(text, family_of(model))


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


def _tokens(text: str, family: Family) -> int:
    try:
        exact = sum(_tokenizer.count(piece) for piece in pieces(text[:ESTIMATE_MAX_BYTES], PIECE))
    except CountFailed:
        return math.ceil(_by_length(text) * family.factor)
    return math.ceil((exact + _by_length(text[ESTIMATE_MAX_BYTES:])) * family.factor)


def _by_length(text: str) -> float:
    return len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN
