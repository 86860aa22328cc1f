"""Who spent most: one line per model or project, with its share as a bar."""

from collections.abc import Sequence
from dataclasses import dataclass

from codevector_shared.formats import clean, column_places, compact, dollars
from codevector_shared.money import nano
from codevector_shared.protocol import UsageRow
from codevector_tui.viewmodel.kpi import basis_mark
from codevector_tui.viewmodel.spans import Row, Span, bar, fit

_NAME = (12, 26)
_LEAST_BAR = 8
_COUNTS_FROM = 52
"""Cells from which a line also says requests and tokens."""
_COUNT = 8


@dataclass(frozen=True, slots=True)
class Share:
    """One line of a ranking: a name, an amount in words, and its part of the largest."""

    name: str
    amount: str
    mark: str
    part: float
    tokens: str = ""
    requests: str = ""


def shares(rows: Sequence[UsageRow], dimension: str) -> tuple[Share, ...]:
    """Return usage rows as shares of spend, largest first."""
    ranked = sorted(rows, key=lambda row: (nano(row.spend_usd), row.requests), reverse=True)
    largest = max((nano(row.spend_usd) for row in ranked), default=0)
    places = column_places([row.spend_usd for row in ranked[:12]])
    return tuple(
        Share(
            name=_name(row, dimension),
            amount=dollars(row.spend_usd, places),
            mark=basis_mark(row),
            part=nano(row.spend_usd) / largest if largest else 0.0,
            tokens=compact(row.input_tokens + row.output_tokens),
            requests=compact(row.requests),
        )
        for row in ranked
    )


def _name(row: UsageRow, dimension: str) -> str:
    value = getattr(row, dimension)
    return clean(value, 60) if isinstance(value, str) and value else "none"


def share_rows(ranked: Sequence[Share], width: int, height: int, tone: str = "spend") -> tuple[Row, ...]:
    """Return the first shares as lines of exactly ``width`` cells; the last line sums up what does not fit."""
    if width <= 0 or height <= 0:
        return ()
    shown = ranked[:height] if len(ranked) <= height else ranked[: height - 1]
    money = max((len(share.amount) for share in shown), default=0) + 1
    longest = max((len(share.name) for share in shown), default=0)
    name = max(_NAME[0], min(_NAME[1], longest, width - money - 3 - _LEAST_BAR))
    counts = width >= _COUNTS_FROM
    bar_width = max(0, width - name - money - 3 - (2 * _COUNT if counts else 0))
    lines = [_line(share, name, bar_width, money, tone, counts=counts) for share in shown]
    if len(shown) < len(ranked):
        lines.append((Span(fit(f"and {len(ranked) - len(shown)} more", width), "muted"),))
    return tuple(lines)


def _line(share: Share, name: int, bar_width: int, money: int, tone: str, *, counts: bool) -> Row:
    said = (
        Span(fit(share.requests, _COUNT, "right"), "muted"),
        Span(fit(share.tokens, _COUNT, "right"), "text"),
    )
    return (
        Span(fit(share.name, name), "text"),
        Span("  "),
        *bar(share.part, bar_width, tone),
        *(said if counts else ()),
        Span(" "),
        Span(fit(share.amount, money - 1, "right"), "bright"),
        Span(share.mark or " ", "muted"),
    )
