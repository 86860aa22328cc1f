"""The four numbers: spend, requests, input and output tokens, each against the period before."""

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from codevector_shared.formats import compact, dollars, duration, percent
from codevector_shared.money import NANOS_PER_USD, nano
from codevector_shared.protocol import Bucket, Dashboard, Totals
from codevector_tui.viewmodel.spans import Row, Span
from codevector_tui.viewmodel.times import moment

_FIRST_AGAIN = 31
_WHOLE_FROM = 10 * NANOS_PER_USD
_LARGE = 10
"""Times the previous value; beyond it the factor is said instead of a percentage."""


@dataclass(frozen=True, slots=True)
class Card:
    """One number with its change, its shape over the period, and the facts beside it."""

    title: str
    value: str
    mark: str
    change: Row
    shape: tuple[float, ...]
    tone: str
    facts: tuple[str, ...]

    def subtitle(self, room: int) -> str:
        """Return as many facts as fit."""
        for count in range(len(self.facts), 0, -1):
            for joint in (" · ", ", "):
                said = joint.join(self.facts[:count])
                if len(said) <= room:
                    return said
        return ""


def cards(dashboard: Dashboard, now: datetime) -> tuple[Card, Card, Card, Card]:
    """Return the dashboard's four cards; their shapes end now."""
    passed = [bucket for bucket in dashboard.buckets if moment(bucket.start) <= now]
    return (
        _spend(dashboard, passed),
        _requests(dashboard, passed),
        _input(dashboard, passed),
        _output(dashboard, passed),
    )


def _spend(dashboard: Dashboard, passed: Sequence[Bucket]) -> Card:
    totals = dashboard.totals
    facts = [f"{_rounded(dashboard.spend_usd_per_hour)}/h"] if totals.requests else []
    if dashboard.month_end_usd is not None:
        facts.append(f"{_rounded(dashboard.month_end_usd)} by {_month_end(dashboard)}")
    if nano(totals.own_login_usd):
        facts.append(f"{dollars(totals.own_login_usd)} own login")
    return Card(
        title="Spend",
        value=dollars(totals.spend_usd),
        mark=basis_mark(totals),
        change=_change(dashboard, lambda each: nano(each.spend_usd), up="warn", down="good"),
        shape=tuple(float(nano(bucket.spend_usd)) for bucket in passed),
        tone="spend",
        facts=tuple(facts),
    )


def _month_end(dashboard: Dashboard) -> str:
    """Return the last day of the month the period ends in, as ``30th``."""
    last = moment(dashboard.period.end) - timedelta(seconds=1)
    days = monthrange(last.year, last.month)[1]
    return f"{days}{'st' if days == _FIRST_AGAIN else 'th'}"


def _rounded(amount: str) -> str:
    """Return an amount in whole cents, or from ten dollars in whole dollars: a guess needs no more."""
    return dollars(amount, 0 if abs(nano(amount)) >= _WHOLE_FROM else 2)


def _requests(dashboard: Dashboard, passed: Sequence[Bucket]) -> Card:
    totals = dashboard.totals
    errors = "no errors" if not totals.errors else f"{totals.errors} error{'s' * (totals.errors != 1)}"
    facts = [errors] if totals.requests else []
    if dashboard.p50_ms is not None:
        facts.append(f"p50 {duration(dashboard.p50_ms)}")
    return Card(
        title="Requests",
        value=compact(totals.requests),
        mark="",
        change=_change(dashboard, lambda each: each.requests),
        shape=tuple(float(bucket.requests) for bucket in passed),
        tone="line",
        facts=tuple(facts),
    )


def _input(dashboard: Dashboard, passed: Sequence[Bucket]) -> Card:
    totals = dashboard.totals
    cached = f"{percent(totals.cached_tokens, totals.input_tokens)} cached" if totals.input_tokens else ""
    return Card(
        title="Input tokens",
        value=compact(totals.input_tokens),
        mark=_estimated(totals),
        change=_change(dashboard, lambda each: each.input_tokens),
        shape=tuple(float(bucket.input_tokens) for bucket in passed),
        tone="input",
        facts=tuple(filter(None, (cached,))),
    )


def _output(dashboard: Dashboard, passed: Sequence[Bucket]) -> Card:
    totals = dashboard.totals
    facts = []
    if dashboard.output_tokens_per_s is not None:
        facts.append(f"{compact(round(dashboard.output_tokens_per_s))} tokens/s")
    if totals.reasoning_tokens:
        facts.append(f"{percent(totals.reasoning_tokens, totals.output_tokens)} reasoning")
    return Card(
        title="Output tokens",
        value=compact(totals.output_tokens),
        mark=_estimated(totals),
        change=_change(dashboard, lambda each: each.output_tokens),
        shape=tuple(float(bucket.output_tokens) for bucket in passed),
        tone="output",
        facts=tuple(facts),
    )


def _estimated(totals: Totals) -> str:
    """Return the mark of token counts of which a part is estimated."""
    return "≈" if totals.estimated_requests else ""


def basis_mark(totals: Totals) -> str:
    """Return what an amount's basis asks for: ``?`` without a price of its own, ``≈`` for an estimate."""
    return "?" if totals.unsure_requests else _estimated(totals)


def _change(dashboard: Dashboard, figure: Callable[[Totals], int], *, up: str = "text", down: str = "text") -> Row:
    """Return the change against the period before: an arrow, then how much."""
    if dashboard.previous is None:
        return ()
    before, now = figure(dashboard.previous), figure(dashboard.totals)
    if not before:
        return (Span("new", "muted"),) if now else ()
    if abs(now - before) * 200 < before:
        return (Span("= 0 %", "muted"),)
    arrow, tone = ("▲", up) if now > before else ("▼", down)
    much = f"×{now / before:.0f}" if now >= _LARGE * before else f"{abs(now - before) / before * 100:.0f} %"  # noqa: RUF001 — times
    return (Span(f"{arrow} ", tone), Span(much, tone))
