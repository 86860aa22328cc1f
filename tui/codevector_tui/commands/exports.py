"""Providers' own usage exports, read into days and models."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct

FIELDS: Final = ("day", "model", "requests", "input", "uncached", "cached", "write_5m", "write_1h", "output", "cost")
"""What a column may mean; ``input`` is all that was read, ``uncached`` what was neither from nor to the cache."""

_KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "day": ("usage_date_utc", "start_time_iso", "start_time", "date", "day"),
    "model": ("model_version", "model", "snapshot_id", "line_item"),
    "requests": ("num_model_requests", "n_requests", "requests"),
    "input": ("input_tokens", "n_context_tokens_total", "prompt_tokens", "input"),
    "uncached": ("usage_input_tokens_no_cache", "uncached_input_tokens", "input_uncached_tokens"),
    "cached": ("input_cached_tokens", "usage_input_tokens_cache_read", "cache_read_input_tokens", "cached_tokens"),
    "write_5m": (
        "usage_input_tokens_cache_write_5m",
        "usage_input_tokens_cache_write",
        "cache_creation_5m_input_tokens",
    ),
    "write_1h": ("usage_input_tokens_cache_write_1h", "cache_creation_1h_input_tokens"),
    "output": ("output_tokens", "usage_output_tokens", "n_generated_tokens_total", "completion_tokens", "output"),
    "cost": ("cost_usd", "amount_value", "cost", "amount"),
}
"""Columns of OpenAI's usage and cost exports and of the Anthropic console's; of several the first that is there.

OpenAI's costs name a model only within ``line_item`` (``gpt-5-nano, input_tokens``), where they are grouped by it.
"""

_UNIX: Final = re.compile(r"\d{9,11}(\.\d+)?")
_THOUSANDS: Final = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_DECIMAL_COMMA: Final = re.compile(r"-?(\d+|\d{1,3}(\.\d{3})+),\d+")
_DATED: Final = re.compile(r"-(20\d{6}|20\d{2}-\d{2}-\d{2}|latest)$")
_LARGEST: Final = Decimal(10**18)
_MOST_PLACES: Final = 60
_NEEDED: Final = ("day", "model")


class BadExportError(ValueError):
    """A file that cannot be read as an export; the message says where and why."""


class Used(Struct):
    """What an export says of one model in one UTC day; a count that it does not have stays None."""

    requests: int | None = None
    input: int | None = None
    cached: int | None = None
    output: int | None = None
    cost: Decimal | None = None
    slack: Decimal = Decimal(0)
    """By how much rounding in the export may have changed ``cost``: half of the last place of each of its amounts."""

    def add(self, other: "Used") -> None:
        """Take in what another line says of the same model and day."""
        for name in ("requests", "input", "cached", "output", "cost"):
            mine, its = getattr(self, name), getattr(other, name)
            setattr(self, name, mine if its is None else (mine or 0) + its)
        self.slack += other.slack


Export = dict[tuple[str, str], Used]
"""By day (``2026-03-01``) and model."""


class _Layout(Struct, frozen=True):
    """Which column means what, and how its numbers are written."""

    columns: Mapping[str, str]
    decimal_comma: bool


def plain_name(model: str) -> str:
    """Return a model's name as it is compared: ``Claude Haiku 4.5`` is ``claude-haiku-4-5-20251001``."""
    return _DATED.sub("", re.sub(r"[\s._]+", "-", model.strip().lower()))


def decoded(content: bytes) -> str:
    """Return the text of a file as providers and spreadsheets write one; raises BadExportError."""
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadExportError("this is no text in UTF-8") from error


def read_export(text: str, named: Mapping[str, str]) -> Export:
    """Add up an export; ``named`` maps a meaning to a column where it is not one of the known ones."""
    if not text.strip():
        raise BadExportError("the file is empty")
    delimiter = _delimiter(text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        there = [name.strip() for name in next(rows)]
        layout = _Layout(_columns(there, named), decimal_comma=delimiter == ";")
        found: Export = {}
        for cells in rows:
            row = dict(zip(there, cells, strict=False))
            if any(cell.strip() for cell in cells):
                _take(found, row, layout, rows.line_num)
    except csv.Error as error:
        raise BadExportError(f"line {rows.line_num}: this is no CSV: {error}") from error
    return found


def _delimiter(text: str) -> str:
    """Return what separates the columns: what the first line has most of."""
    head = text.lstrip().partition("\n")[0]
    return max(",;\t", key=head.count)


def _columns(there: Sequence[str], named: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for meaning, names in _KNOWN.items():
        wish = named.get(meaning)
        if wish is not None and wish not in there:
            raise BadExportError(f"there is no column {wish!r}; there are: {', '.join(there)[:300]}")
        column = wish or next((name for name in names if name in there), None)
        if column is not None:
            found[meaning] = column
    for needed in _NEEDED:
        if needed not in found:
            known = ", ".join(there)[:200]
            raise BadExportError(
                f"no column says the {needed}; name it with --column {needed}=NAME (there are: {known})"
            )
    if not found.keys() & {"input", "uncached", "output", "cost"}:
        raise BadExportError("no column holds tokens or costs; name one with --column output=NAME")
    return found


def _take(found: Export, row: Mapping[str, str], layout: _Layout, line: int) -> None:
    columns = layout.columns
    model = row.get(columns["model"], "").strip()
    if columns["model"] == "line_item":
        model = model.partition(", ")[0]
    if model:
        day = _day(row.get(columns["day"], ""), line)
        found.setdefault((day, model), Used()).add(_used(row, layout, line))


def _used(row: Mapping[str, str], layout: _Layout, line: int) -> Used:
    amounts = dict(_counts(row, layout, line))
    parts = [amounts.get(name) for name in ("uncached", "cached", "write_5m", "write_1h")]
    whole = sum(part or 0 for part in parts) if amounts.get("uncached") is not None else amounts.get("input")
    cost = _number(row.get(layout.columns["cost"], ""), layout, line) if "cost" in layout.columns else None
    exponent = cost.as_tuple().exponent if cost is not None else None
    return Used(
        requests=amounts.get("requests"),
        input=whole,
        cached=amounts.get("cached"),
        output=amounts.get("output"),
        cost=cost,
        slack=Decimal(5).scaleb(exponent - 1) if isinstance(exponent, int) else Decimal(0),
    )


def _counts(row: Mapping[str, str], layout: _Layout, line: int) -> Iterator[tuple[str, int | None]]:
    for meaning, column in layout.columns.items():
        if meaning not in {*_NEEDED, "cost"}:
            value = _number(row.get(column, ""), layout, line)
            if value is not None and (value < 0 or value != value.to_integral_value()):
                raise BadExportError(f"line {line}: {row[column].strip()[:40]!r} is no count")
            yield meaning, None if value is None else int(value)


def _number(text: str, layout: _Layout, line: int) -> Decimal | None:
    shown = text.strip().removeprefix("$")
    plain = shown
    if _THOUSANDS.fullmatch(plain) and not layout.decimal_comma:
        plain = plain.replace(",", "")
    elif layout.decimal_comma and _DECIMAL_COMMA.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    if not plain:
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise BadExportError(f"line {line}: {shown[:40]!r} is no number") from None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_MOST_PLACES or not -_LARGEST <= value <= _LARGEST:
        raise BadExportError(f"line {line}: {shown[:40]!r} is no number")
    return value


def _day(text: str, line: int) -> str:
    plain = text.strip()
    if _UNIX.fullmatch(plain):
        return datetime.fromtimestamp(float(plain), UTC).date().isoformat()
    try:
        at = datetime.fromisoformat(plain)
    except ValueError:
        raise BadExportError(f"line {line}: {plain[:40]!r} is no day such as 2026-03-01") from None
    return (at.astimezone(UTC) if at.tzinfo else at).date().isoformat()
