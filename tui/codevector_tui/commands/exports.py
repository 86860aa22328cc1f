"""Providers' own usage exports, read into days and models."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct

FIELDS: Final = ("day", "model", "requests", "input", "uncached", "cached", "write_5m", "write_1h", "output", "cost")
"""What a column may mean; ``input`` is all that was read, ``uncached`` what was neither from nor to the cache."""

_KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "day": ("usage_date_utc", "start_time_iso", "start_time", "date", "day"),
    "model": ("model_version", "model", "snapshot_id"),
    "requests": ("num_model_requests", "n_requests", "requests"),
    "input": ("input_tokens", "n_context_tokens_total", "prompt_tokens", "input"),
    "uncached": ("usage_input_tokens_no_cache", "uncached_input_tokens", "input_uncached_tokens"),
    "cached": ("input_cached_tokens", "usage_input_tokens_cache_read", "cache_read_input_tokens", "cached_tokens"),
    "write_5m": ("usage_input_tokens_cache_write_5m", "cache_creation_5m_input_tokens"),
    "write_1h": ("usage_input_tokens_cache_write_1h", "cache_creation_1h_input_tokens"),
    "output": ("output_tokens", "usage_output_tokens", "n_generated_tokens_total", "completion_tokens", "output"),
    "cost": ("cost_usd", "amount_value", "cost", "amount"),
}
"""Columns of OpenAI's usage and cost exports and of the Anthropic console's; of several the first that is there."""

_UNIX: Final = re.compile(r"\d{9,11}(\.\d+)?")


class BadExportError(ValueError):
    """A file that cannot be read as an export; the message says where and why."""


class Used(Struct):
    """What an export says of one model in one UTC day; a count that it does not have stays None."""

    requests: int | None = None
    input: int | None = None
    cached: int | None = None
    output: int | None = None
    cost: Decimal | None = None


Export = dict[tuple[str, str], Used]
"""By day (``2026-03-01``) and model."""


def read_export(lines: Sequence[str], named: Mapping[str, str]) -> Export:
    """Add up an export; ``named`` maps a meaning to a column where it is not one of the known ones."""
    rows = csv.DictReader(lines)
    columns = _columns([name.strip().lstrip("\ufeff") for name in rows.fieldnames or ()], named)
    rows.fieldnames = [name.strip().lstrip("\ufeff") for name in rows.fieldnames or ()]
    found: Export = {}
    for number, row in enumerate(rows, start=2):
        place = _day(row.get(columns["day"]) or "", number), (row.get(columns["model"]) or "").strip()
        if place[1]:
            _add(found.setdefault(place, Used()), row, columns, number)
    return found


def _columns(there: Sequence[str], named: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for meaning, names in _KNOWN.items():
        wish = named.get(meaning)
        if wish is not None and wish not in there:
            raise BadExportError(f"there is no column {wish!r}; there are: {', '.join(there)[:300]}")
        column = wish or next((name for name in names if name in there), None)
        if column is not None:
            found[meaning] = column
    for needed in ("day", "model"):
        if needed not in found:
            raise BadExportError(f"no column says the {needed}; name it with --column {needed}=NAME")
    if not found.keys() & {"input", "uncached", "output", "cost"}:
        raise BadExportError("no column holds tokens or costs; name one with --column output=NAME")
    return found


def _add(used: Used, row: Mapping[str, str | None], columns: Mapping[str, str], number: int) -> None:
    amounts = dict(_amounts(row, columns, number))
    used.requests = _sum(used.requests, amounts.get("requests"))
    used.cached = _sum(used.cached, amounts.get("cached"))
    used.output = _sum(used.output, amounts.get("output"))
    parts = [amounts.get(name) for name in ("uncached", "cached", "write_5m", "write_1h")]
    whole = sum(part or 0 for part in parts) if amounts.get("uncached") is not None else amounts.get("input")
    used.input = _sum(used.input, whole)
    cost = _number(row.get(columns["cost"]), number) if "cost" in columns else None
    if cost is not None:
        used.cost = (used.cost or Decimal(0)) + cost


def _amounts(row: Mapping[str, str | None], columns: Mapping[str, str], line: int) -> Iterator[tuple[str, int | None]]:
    for meaning, column in columns.items():
        if meaning not in {"day", "model", "cost"}:
            value = _number(row.get(column), line)
            yield meaning, None if value is None else int(value)


def _number(text: str | None, line: int) -> Decimal | None:
    plain = (text or "").strip().replace(",", "").removeprefix("$")
    if not plain:
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise BadExportError(f"line {line}: {plain[:40]!r} is no number") from None
    if not value.is_finite():
        raise BadExportError(f"line {line}: {plain[:40]!r} is no number")
    return value


def _sum(known: int | None, more: int | None) -> int | None:
    return known if more is None else (known or 0) + more


def _day(text: str, line: int) -> str:
    plain = text.strip()
    if _UNIX.fullmatch(plain):
        return datetime.fromtimestamp(float(plain), UTC).date().isoformat()
    try:
        return date.fromisoformat(plain[:10]).isoformat()
    except ValueError:
        raise BadExportError(f"line {line}: {plain[:40]!r} is no day such as 2026-03-01") from None
