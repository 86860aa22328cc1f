"""The gateway keys as a table: whose they are, whether they live, and what they spent."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from codevector_shared.formats import age, clean, dollars
from codevector_shared.money import nano
from codevector_shared.protocol import Key, Usage
from codevector_tui.viewmodel.spans import Span
from codevector_tui.viewmodel.table import Column, Table
from codevector_tui.viewmodel.times import day_and_clock, milliseconds

_NONE = "–"  # noqa: RUF001 — a typographer's dash
_DOTS = {"active": ("●", "good"), "revoked": ("✗", "faint"), "expired": ("◌", "warn")}

COLUMNS = (
    Column("", 1),
    Column("Name", 12, flex=3, most=30),
    Column("Prefix", 10, rank=1, flex=1, most=14),
    Column("Status", 8, rank=2),
    Column("User", 8, rank=5, flex=1, most=18),
    Column("Project", 10, rank=4, flex=2, most=24),
    Column("Last used", 12, rank=3),
    Column("Expires", 12, rank=6),
    Column("Created", 12, rank=7),
    Column("30 days", 9, "right"),
)


def spend_by_key(usage: Usage | None) -> Mapping[int, str]:
    """Return what each key spent, by its id."""
    rows = usage.rows if usage is not None else []
    return {row.key_id: row.spend_usd for row in rows if isinstance(row.key_id, int)}


def keys(found: Sequence[Key], spend: Mapping[int, str], now_ms: int, zone: ZoneInfo) -> Table[Key]:
    """Return the keys as the Keys screen's table, living ones first."""
    return Table(
        columns=COLUMNS,
        items=sorted(found, key=lambda key: (key.status != "active", -key.id)),
        cells=lambda key: _cells(key, spend.get(key.id), now_ms, zone),
        identity=lambda key: str(key.id),
        empty=("No keys yet.", "Press n to create one; it is shown once."),
        sorts=(
            ("Name", lambda key: key.name),
            ("User", lambda key: (key.user, key.name)),
            ("Last used", lambda key: -(milliseconds(key.last_used_at) if key.last_used_at else 0)),
            ("30 days", lambda key: -nano(spend.get(key.id, "0"))),
        ),
    )


def _cells(key: Key, spend: str | None, now_ms: int, zone: ZoneInfo) -> tuple[Span, ...]:
    living = key.status == "active"
    tone = "text" if living else "faint"
    used = age(milliseconds(key.last_used_at), now_ms) if key.last_used_at else "never"
    return (
        Span(*_DOTS[key.status]),
        Span(clean(key.name, 60), "bright" if living else "muted"),
        Span(clean(key.prefix, 20), "muted"),
        Span(key.status, "muted" if living else _DOTS[key.status][1]),
        Span(clean(key.user, 40), tone),
        Span(clean(key.project or _NONE, 40), tone),
        Span(used, tone),
        Span(day_and_clock(key.expires_at, zone), "muted"),
        Span(day_and_clock(key.created_at, zone), "muted"),
        Span(dollars(spend) if spend is not None else _NONE, "bright" if spend is not None else "faint"),
    )
