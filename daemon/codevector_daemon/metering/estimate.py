"""Estimates of tokens where a provider reports none. All but ``quick_input`` is slow: use ``run``."""

import asyncio
import math
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from codevector_daemon.dialects.answer import BYTES_PER_TOKEN
from codevector_daemon.dialects.base import Dialect, Kept, Reading
from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.metering.families import Family, family_of
from codevector_daemon.metering.tokenizer import ANSWER, ESTIMATE_MAX_BYTES, Counted, CountFailed, Tokenizer

__all__ = [
    "ESTIMATE_MAX_BYTES",
    "completed",
    "completed_by_size",
    "hurry",
    "input_tokens",
    "output_tokens",
    "quick_input",
    "run",
]

PARSED_MAX_BYTES: Final = 32 * 1024 * 1024
"""The largest request that vendors take; one beyond it is counted by its size alone."""

FILES_FROM_BYTES: Final = 128 * 1024
"""Bodies from this size on are looked through for files, which are large and hardly count."""

FILE_TOKENS: Final = 1_000
"""Taken for a file within a prompt: most are pictures, of 258 to 1,600 tokens."""

_STEP: Final = 4096
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=]{64}")

_tokenizer: Final = Tokenizer()
"""One process for all; it starts with the first estimate."""

_thread: Final = ThreadPoolExecutor(1, "estimates")
"""Estimates wait for one another, so that a hundred of them do not keep others from their threads."""

T = TypeVar("T")


async def run(work: Callable[[], T]) -> T:
    """Do the work in the thread of the estimates."""
    return await asyncio.get_running_loop().run_in_executor(_thread, work)


def quick_input(body: bytes) -> int:
    """Guess the tokens of a request from its size, without the files in it; costs 0.5 ms for 4 MB.

    Files are found by samples: where 64 bytes in a row are base64, the stretch up to the next sample is taken for such.
    """
    files = size = 0
    if len(body) >= FILES_FROM_BYTES:
        before = False
        for at in range(0, len(body), _STEP):
            inside = _BASE64.match(body, at) is not None
            files += inside and not before
            size += inside * _STEP
            before = inside
    return -(-max(0, len(body) - size) // BYTES_PER_TOKEN) + files * FILE_TOKENS


def input_tokens(dialect: Dialect, body: bytes, model: str, max_bytes: int = ESTIMATE_MAX_BYTES) -> int:
    """Estimate what a request's prompt counts: texts, overheads per message and tool, and pictures."""
    if len(body) > PARSED_MAX_BYTES:
        return quick_input(body)
    family = family_of(model)
    try:
        found = _tokenizer.measure(dialect.name, body, max_bytes)
    except CountFailed:
        return quick_input(body)
    frame = family.per_request + family.per_message * found.messages if found.messages else 0
    tools = (family.tools + family.per_tool * found.tools) if found.tools else 0
    pictures = sum(family.image(one) for one in found.images)
    return _tokens(found, family) + frame + tools + pictures + found.given


def output_tokens(kept: Kept | str, model: str, max_bytes: int = ESTIMATE_MAX_BYTES) -> int:
    """Estimate what a generated text, or what was kept of an answer, counts."""
    family = family_of(model)
    if isinstance(kept, str):
        what, data, guess = "", kept.encode("utf-8", "replace"), -(-len(kept) // BYTES_PER_TOKEN)
    else:
        what, data, guess = ANSWER, msgspec.msgpack.encode(kept), kept.guess
    try:
        return _tokens(_tokenizer.measure(what, data, max_bytes), family)
    except CountFailed:
        return _by_size(guess, family)


def completed(
    reading: Reading, dialect: Dialect, body: bytes, kept: Kept, model: str, *, max_bytes: int = ESTIMATE_MAX_BYTES
) -> TokenCounts:
    """Return the counts of an answer with what the provider did not report estimated; what it reported is kept."""
    counts = reading.counts
    if not reading.input_reported:
        uncached = counts.uncached_input + input_tokens(dialect, body, model, max_bytes)
        counts = replace(counts, uncached_input=uncached)
    if not reading.output_reported:
        counts = replace(counts, output=counts.output + output_tokens(kept, model, max_bytes))
    return counts


def completed_by_size(reading: Reading, body: bytes, kept: Kept, model: str) -> TokenCounts:
    """Return the counts of an answer that cannot be looked at again: sizes stand for what was read and written."""
    counts = reading.counts
    if not reading.input_reported:
        counts = replace(counts, uncached_input=counts.uncached_input + quick_input(body))
    if not reading.output_reported:
        counts = replace(counts, output=counts.output + _by_size(kept.guess, family_of(model)))
    return counts


def hurry() -> None:
    """Guess every estimate that is under way or still to come by length alone: the daemon is ending."""
    _tokenizer.give_up()


def _tokens(found: Counted, family: Family) -> int:
    return math.ceil((found.tokens + found.beyond_bytes / BYTES_PER_TOKEN) * family.factor)


def _by_size(guess: int, family: Family) -> int:
    return math.ceil(guess * family.factor)
