"""Compiles the price catalogue of genai-prices into plain values, once per version of it.

Importing genai-prices costs 0.4 s and 30 MB, so the daemon runs this module as a short-lived process:
``python -m codevector_daemon.metering.catalogue`` writes the compiled catalogue to standard output.
"""

import hashlib
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

FORMAT = 2
"""Of the compiled catalogue; a cache written in another format is made anew."""

Rate = str | tuple[str, tuple[tuple[int, str], ...]]
"""A price as genai-prices states it: a decimal, or the base and the prices above each number of input tokens."""

Clause = tuple[str, Any]
"""A condition on a model's name: its kind (eq, starts, ends, has, regex, or, and) and text or clauses."""

MOST_REPEATS: Final = 2
"""How often a pattern may repeat something without end: with each of them the time grows by a power of the name."""
_REPEATS: Final = re.compile(r"(?<!\\)(?:[*+]|\{\d*,\d*\})")
_REPEATED_GROUP: Final = re.compile(r"(?<!\\)\)(?:[*+]|\{)")
"""A repeated group may hold repeats itself, and try every way to share a name out among them."""


class Dated(Struct, frozen=True, array_like=True):
    """Prices that hold from a moment on, or every day between two seconds of the UTC day (None: always)."""

    rates: dict[str, Rate]
    from_ms: int | None = None
    day_seconds: tuple[float, float] | None = None


class Variant(Struct, frozen=True, array_like=True):
    """Prices that replace the dated ones where the context of the call says so, such as ``processing`` = ``batch``."""

    when: dict[str, str]
    prices: Dated


class Entry(Struct, frozen=True, array_like=True):
    """One model of one vendor. The last of ``prices`` that holds applies, else the first."""

    id: str
    match: Clause
    name: str | None
    context_window: int | None
    deprecated: bool
    prices: tuple[Dated, ...]
    variants: tuple[Variant, ...]


class Vendor(Struct, frozen=True, array_like=True):
    """One vendor, its models still packed: most vendors are never asked for."""

    name: str
    model_match: Clause | None
    vendor_match: Clause | None
    fallbacks: tuple[str, ...]
    entries: Raw


class Catalogue(Struct, frozen=True, array_like=True):
    """All vendors, by their id in genai-prices."""

    format: int
    version: str
    vendors: dict[str, Vendor]


def compiled() -> bytes:
    """Import genai-prices and pack its bundled prices."""
    import genai_prices  # noqa: PLC0415 - only the process that makes the cache pays for it
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415

    return _packed(get_snapshot().providers, genai_prices.__version__)


def compiled_from(content: bytes) -> bytes:
    """Pack prices in the form in which genai-prices publishes them: a JSON array of providers. Raises ValueError."""
    from genai_prices.types import _providers_from_raw  # noqa: PLC0415 - as above; there is no public name

    raw = msgspec.json.decode(content)
    if not isinstance(raw, list):
        raise ValueError("expected a JSON array of providers")  # noqa: TRY004 - bad content, not a wrong call
    return _packed(_providers_from_raw(raw), f"sync-{hashlib.sha256(content).hexdigest()[:12]}")


def _packed(providers: Iterable[Any], version: str) -> bytes:
    vendors = {provider.id: _vendor(provider) for provider in providers}
    return msgspec.msgpack.encode(Catalogue(format=FORMAT, version=version, vendors=vendors))


def _vendor(provider: Any) -> Vendor:  # noqa: ANN401 - the types of genai-prices, known only where it is imported
    return Vendor(
        name=provider.name,
        model_match=_clause(provider.model_match) if provider.model_match else None,
        vendor_match=_clause(provider.provider_match) if provider.provider_match else None,
        fallbacks=tuple(provider.fallback_model_providers or ()),
        entries=Raw(msgspec.msgpack.encode([_entry(model) for model in provider.models])),
    )


def _entry(model: Any) -> Entry:  # noqa: ANN401
    prices = model.prices if isinstance(model.prices, list) else None
    dated = tuple(_dated(one.prices, one.constraint) for one in prices) if prices else (_dated(model.prices, None),)
    variants = model.price_variants or ()
    return Entry(
        id=model.id,
        match=_clause(model.match),
        name=model.name,
        context_window=model.context_window,
        deprecated=bool(model.deprecated),
        prices=dated,
        variants=tuple(Variant(dict(one.when), _dated(one.prices, one.constraint)) for one in variants),
    )


def _dated(prices: Any, constraint: Any) -> Dated:  # noqa: ANN401
    rates = {name: _rate(value) for name, value in vars(prices).items() if value is not None}
    if constraint is None:
        return Dated(rates)
    if hasattr(constraint, "start_date"):
        start = datetime.combine(constraint.start_date, time(), UTC)
        return Dated(rates, from_ms=int(start.timestamp()) * 1000)
    return Dated(rates, day_seconds=(_second(constraint.start_time), _second(constraint.end_time)))


def _second(moment: time) -> float:
    """Return the second of the UTC day."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    at = datetime.combine(datetime(1970, 1, 2, tzinfo=UTC), aware).astimezone(UTC)
    return at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6


def _rate(value: Any) -> Rate:  # noqa: ANN401
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return f"{value.base.normalize():f}", tuple((tier.start, f"{tier.price.normalize():f}") for tier in value.tiers)


def _clause(clause: Any) -> Clause:  # noqa: ANN401
    for attribute, kind in (("or_", "or"), ("and_", "and")):
        if hasattr(clause, attribute):
            return kind, [_clause(one) for one in getattr(clause, attribute)]
    if hasattr(clause, "regex"):
        return "regex", _pattern(clause.regex)
    names = (("equals", "eq"), ("starts_with", "starts"), ("ends_with", "ends"), ("contains", "has"))
    return next((kind, getattr(clause, attribute).lower()) for attribute, kind in names if hasattr(clause, attribute))


def _pattern(text: str) -> str:
    """Return a pattern that is one and ends soon: another would fail in the midst of a call. Raises ValueError."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"the pattern {text[:100]!r} is none: {error}") from error
    if _REPEATED_GROUP.search(text) or len(_REPEATS.findall(text)) > MOST_REPEATS:
        raise ValueError(f"the pattern {text[:100]!r} may take for ever: it repeats what repeats")
    return text


def main() -> None:
    """Write the compiled catalogue to standard output: the bundled one, with ``-`` that on standard input."""
    if sys.argv[1:] != ["-"]:
        sys.stdout.buffer.write(compiled())
        return
    try:
        sys.stdout.buffer.write(compiled_from(sys.stdin.buffer.read()))
    except ValueError as error:  # pydantic's and msgspec's errors are such too
        sys.exit(" ".join(str(error).split())[:400])


if __name__ == "__main__":
    main()
