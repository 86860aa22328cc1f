"""The usage block of the Messages protocol and of the vendors that speak it, as disjoint counts."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from codevector_daemon.dialects.counting import BadCount, Usage, first, inside, lying_outside, searches, total
from codevector_daemon.metering.counts import NOTHING, Extras, Round, TokenCounts

_WHOLE = ("message", "fallback_message")
"""Rounds that the top-level counts normally contain; all others (compaction, advisor) come on top of them."""


_USUAL = (True, False)
"""The input excludes the cache, the output contains the thinking."""


class _Input(Struct, frozen=True):
    uncached: int
    read: int
    written_5m: int
    written_1h: int

    @property
    def cache(self) -> int:
        return self.read + self.written_5m + self.written_1h


_Output = tuple[int, int]
"""Tokens written, and thinking."""


def messages_usage(
    fields: Mapping[str, Any], served: str | None = None, *, output_final: bool = True, declined: bool = False
) -> Usage | None:
    """Read a usage block; None where it holds no count at all.

    ``output_final`` is false while only ``message_start`` was seen, whose output count is a placeholder. A count that
    is refused, or contradicts the rest, leaves its side unreported, so that this side is estimated. ``served`` is the
    model the answer names.
    An answer ``declined`` (stop reason ``refusal``) before it produced output is not charged: it counts nothing.
    """
    if fields.get("input_tokens") is None and fields.get("output_tokens") is None:
        return None
    refused: list[str] = []
    read = output = None
    try:
        read = _input(fields)
    except BadCount as error:
        refused.append(str(error))
    try:
        output = _output(fields) if output_final else None
    except BadCount as error:
        refused.append(str(error))
    read, output, contradicted = _laid_out(fields, read, output)
    refused += contradicted
    counts = NOTHING if declined and output is not None and output[0] == 0 else _counts(read, output)
    rounds: tuple[Round, ...] = ()
    try:
        counts = replace(counts, server_tool_calls=searches(fields))
        counts, rounds = _rounds(fields, counts, served)
    except BadCount as error:
        refused.append(str(error))
    return Usage(
        counts=reduce(TokenCounts.plus, (extra.counts for extra in rounds), counts),
        has_input=read is not None,
        has_output=output is not None,
        refused=refused[0] if refused else None,
        extras=Extras(rounds=rounds),
    )


def served_tier(fields: Mapping[str, Any]) -> str | None:
    """Return the tier that served as parts joined by ``+``: ``batch``, ``priority``, ``fast``, ``geo-us``.

    Fast mode and the place of inference change the price like a tier does, so they are parts of the one name.
    """
    tier, speed, geo = (_word(fields.get(name)) for name in ("service_tier", "speed", "inference_geo"))
    parts = [tier] if tier not in {"", "standard"} else []
    parts += ["fast"] if speed == "fast" else []
    parts += ["geo-us"] if geo == "us" else []
    return "+".join(parts) or tier or None


def _word(value: object) -> str:
    return value[:32] if isinstance(value, str) else ""


def _input(fields: Mapping[str, Any]) -> _Input | None:
    uncached = first(fields, "input_tokens")
    if uncached is None:
        return None
    return _Input(uncached, first(fields, "cache_read_input_tokens") or 0, *_writes(fields))


def _writes(fields: Mapping[str, Any]) -> tuple[int, int]:
    """Return the cache writes kept for 5 minutes and for an hour; without a split all are the former.

    A later delta may repeat the total and leave out the split: the split of ``message_start`` then still holds.
    """
    split = inside(fields, "cache_creation")
    short = first(split, "ephemeral_5m_input_tokens")
    long = first(split, "ephemeral_1h_input_tokens")
    total = first(fields, "cache_creation_input_tokens")
    if total is None:
        return short or 0, long or 0
    kept_long = min(long or 0, total)
    return total - kept_long, kept_long


def _output(fields: Mapping[str, Any]) -> _Output | None:
    output = first(fields, "output_tokens")
    if output is None:
        return None
    return output, first(inside(fields, "output_tokens_details"), "thinking_tokens", "reasoning_tokens") or 0


def _laid_out(
    fields: Mapping[str, Any], read: _Input | None, output: _Output | None
) -> tuple[_Input | None, _Output | None, list[str]]:
    """Return both sides with the cache and the thinking where the total shows that they lie (Kimi and others).

    A side that contradicts itself is left out, by the name of the count that cannot be.
    """
    asked, written = read or _Input(0, 0, 0, 0), output or (total(fields, "output_tokens") or 0, 0)
    sides = ((asked.uncached, asked.cache), written)
    totals = () if read is None else _totals(fields, written[0])
    cache_outside, thinking_outside = lying_outside(sides, _USUAL, totals)
    wrong: list[str] = []
    if cache_outside is None:
        wrong.append("cache_read_input_tokens")
        read = None
    elif read is not None and not cache_outside:
        read = replace(read, uncached=read.uncached - read.cache)
    if thinking_outside is None:
        wrong.append("thinking_tokens")
        output = None
    elif output is not None and thinking_outside:
        output = sum(output), output[1]
    return read, output, wrong


def _totals(fields: Mapping[str, Any], written: int) -> tuple[int, ...]:
    """Return the sum that a vendor states: of everything, or of what the model read."""
    whole, prompt = total(fields, "total_tokens"), total(fields, "prompt_tokens")
    if whole is not None:
        return (whole,)
    return () if prompt is None else (prompt + written,)


def _counts(read: _Input | None, output: _Output | None) -> TokenCounts:
    asked = read or _Input(0, 0, 0, 0)
    written, reasoning = output or (0, 0)
    return TokenCounts(
        uncached_input=asked.uncached,
        cache_read=asked.read,
        cache_write_5m=asked.written_5m,
        cache_write_1h=asked.written_1h,
        output=written,
        reasoning=reasoning,
    )


def _rounds(fields: Mapping[str, Any], top: TokenCounts, served: str | None) -> tuple[TokenCounts, tuple[Round, ...]]:
    """Return the counts charged at the rates of the model that was asked, and the rounds charged apart from them.

    Compaction and advisor rounds are never in the top level. Of a request that fell back to another model, the attempts
    that declined come as ``message`` rounds of their own, in the top level or not, as their sum shows: one that
    produced output is billed at its own model's rate, one that produced none costs nothing; and so is what the model
    served that it fell back to.
    """
    given = fields.get("iterations")
    entries = [entry for entry in given if isinstance(entry, dict)] if isinstance(given, list) else []
    whole = [_round(entry) for entry in entries if entry.get("type") in _WHOLE]
    rounds = [_round(entry) for entry in entries if entry.get("type") not in _WHOLE]
    fallbacks = [model for entry in entries if entry.get("type") == "fallback_message" and (model := _model(entry))]
    server = fallbacks[-1] if fallbacks else served
    declined = [one for one in whole if one.model not in {None, server}]
    own = [one.counts for one in whole if one.model in {None, server}]
    if _same_size(top, [one.counts for one in whole]):
        top = reduce(TokenCounts.minus, (one.counts for one in declined), top)
    elif _only_the_first_read(top, own):
        top = replace(own[0], server_tool_calls=top.server_tool_calls)
        rounds += [Round(fallbacks[-1] if fallbacks else None, later) for later in own[1:]]
    rounds += [one for one in declined if one.counts.output > 0]
    if fallbacks:
        sampled = replace(top, server_tool_calls=0)
        top = top.minus(sampled)
        rounds += [Round(fallbacks[-1], sampled)] if sampled != NOTHING else []
    return top, tuple(rounds)


def _round(entry: Mapping[str, Any]) -> Round:
    read, output, wrong = _laid_out(entry, _input(entry), _output(entry))
    if wrong:
        raise BadCount(wrong[0])
    return Round(model=_model(entry), counts=_counts(read, output))


def _model(entry: Mapping[str, Any]) -> str | None:
    model = entry.get("model")
    return model[:256] if isinstance(model, str) and model else None


def _same_size(top: TokenCounts, parts: list[TokenCounts]) -> bool:
    return (top.input, top.output) == (sum(part.input for part in parts), sum(part.output for part in parts))


def _only_the_first_read(top: TokenCounts, own: list[TokenCounts]) -> bool:
    """Tell whether the top level has the output of all rounds, but the input of the first alone (with an advisor)."""
    return (
        len(own) > 1
        and top.input == own[0].input < sum(part.input for part in own)
        and top.output == sum(part.output for part in own)
    )


def merged(known: dict[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``known`` with every field that ``later`` carries put in its place; a null carries nothing."""
    return known | {name: value for name, value in later.items() if value is not None}
