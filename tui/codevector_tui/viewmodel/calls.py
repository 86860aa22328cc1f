"""Requests as lines: open ones with a running clock and growing tokens, finished ones with what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from codevector_shared.formats import UNKNOWN, clean, compact, dollars, duration
from codevector_shared.money import NANOS_PER_USD, nano
from codevector_shared.protocol import Request
from codevector_tui.viewmodel.spans import Row, Span
from codevector_tui.viewmodel.table import Column, Table, line, place
from codevector_tui.viewmodel.times import clock, milliseconds

_LARGE = 100 * NANOS_PER_USD
_TURNS = "◐◓◑◒"
_ENDS = {
    "complete": ("●", "good"),
    "client_left": ("◌", "warn"),
    "upstream_failed": ("✗", "bad"),
    "interrupted": ("✗", "bad"),
    "rejected": ("⊘", "warn"),
}
_WORDS = {
    "client_left": "client left",
    "upstream_failed": "failed",
    "interrupted": "interrupted",
    "rejected": "rejected",
    "complete": "",
    "open": "",
}

_SHORT = {"upstream_failed": "failed", "interrupted": "stopped", "rejected": "refused"}
"""How a request without an answer ended, in the width of a token count."""

NOW_COLUMNS = (
    Column("", 1),
    Column("Time", 8, rank=2),
    Column("Model", 15, flex=2, most=32),
    Column("From", 10, flex=2, rank=3, most=24),
    Column("Tokens", 7, "right", rank=1),
    Column("Spend", 9, "right"),
)

FEED_COLUMNS = (
    Column("", 1),
    Column("Time", 8),
    Column("Model", 14, flex=3, most=34),
    Column("User", 8, flex=1, rank=7, most=16),
    Column("Project", 7, flex=2, rank=4, most=24),
    Column("Client app", 10, flex=2, rank=5, most=20),
    Column("Provider", 8, flex=1, rank=8, most=16),
    Column("State", 12, rank=6),
    Column("Input", 6, "right", rank=2),
    Column("Cached", 7, "right", rank=9),
    Column("Output", 7, "right", rank=1),
    Column("First", 7, "right", rank=10),
    Column("Took", 8, "right", rank=3),
    Column("Spend", 9, "right"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """The time at which lines are said: open requests run against it."""

    now_ms: int
    zone: ZoneInfo

    def elapsed(self, request: Request) -> int:
        """Return how long an open request has been running, in milliseconds."""
        return max(0, self.now_ms - milliseconds(request.started_at))


def now_rows(
    live: Sequence[Request], latest: Sequence[Request], moment: Moment, width: int, height: int
) -> tuple[Row, ...]:
    """Return open requests, then finished ones, as many lines as there are rows."""
    placed = place(NOW_COLUMNS, width)
    requests = (*live, *latest)[:height]
    return tuple(line(NOW_COLUMNS, _short(request, moment), placed) for request in requests)


def _short(request: Request, moment: Moment) -> tuple[Span, ...]:
    head = (
        glyph(request, moment),
        Span(clock(request.started_at, moment.zone), "muted"),
        Span(name(request.model), "bright" if request.state == "open" else "text"),
        Span(name(request.project or request.client_app), "muted"),
    )
    tokens = request.input_tokens + request.output_tokens
    if request.state == "open":
        running = Span(f"{since(moment.elapsed(request))} ", "accent")
        return (*head, Span(f"{compact(request.output_tokens)} ⇢", "bright"), running)
    if request.state in _SHORT:
        return (*head, Span(_SHORT[request.state], "bad"), amount(request))
    return (*head, Span(f"{compact(tokens)}  ", "text"), amount(request))


def feed(requests: Sequence[Request], moment: Moment) -> Table[Request]:
    """Return requests as the Activity screen's table."""
    return Table(
        columns=FEED_COLUMNS,
        items=requests,
        cells=lambda request: _long(request, moment),
        identity=lambda request: request.id,
        empty=("No requests yet.", "Press 7 for what to paste into your editor or agent."),
    )


def _long(request: Request, moment: Moment) -> tuple[Span, ...]:
    running = request.state == "open"
    return (
        glyph(request, moment),
        Span(clock(request.started_at, moment.zone), "muted"),
        Span(name(request.model), "bright" if running else "text"),
        Span(name(request.user), "muted"),
        Span(name(request.project), "muted"),
        Span(name(request.client_app), "muted"),
        Span(name(request.provider), "muted"),
        Span(outcome(request), "accent" if running else _tone(request)),
        Span(compact(request.input_tokens), "text"),
        Span(compact(request.cached_tokens), "muted"),
        Span(compact(request.output_tokens) + (" ⇢" if running else ""), "bright" if running else "text"),
        Span(duration(request.ttft_ms), "muted"),
        Span(since(moment.elapsed(request)) if running else duration(request.duration_ms), _pace(request)),
        Span("", "") if running else amount(request),
    )


def since(milliseconds: int) -> str:
    """Return a running time in whole seconds, so that it ticks."""
    return duration(milliseconds) if milliseconds >= 10_000 else f"{milliseconds // 1000} s"  # noqa: PLR2004 — ten seconds


def _pace(request: Request) -> str:
    return "accent" if request.state == "open" else "muted"


def _tone(request: Request) -> str:
    tone = _ENDS.get(request.state, ("", "muted"))[1]
    return "muted" if tone == "good" else tone


def glyph(request: Request, moment: Moment) -> Span:
    """Return a request's state as one sign, turning while it is open."""
    if request.state == "open":
        return Span(_TURNS[moment.now_ms // 1000 % len(_TURNS)], "accent")
    return Span(*_ENDS[request.state])


def outcome(request: Request) -> str:
    """Return how a request ended, in a word or two."""
    if request.state == "open":
        return "streaming" if request.ttft_ms is not None else "waiting"
    if request.state == "complete":
        return str(request.status or "")
    status = f"{request.status} " if request.status and request.status >= 400 else ""  # noqa: PLR2004 — HTTP
    return f"{status}{_WORDS[request.state]}".strip()


def amount(request: Request) -> Span:
    """Return what a request cost, with its basis: ``≈`` estimated, ``?`` without a price of its own."""
    if request.usage_source == "none" and request.price_basis is None:
        return Span(f"{UNKNOWN} ", "faint")
    if request.price_basis in (None, "unpriced"):
        return Span("? ", "warn")
    mark = "?" if request.price_basis == "default" else "≈" if request.usage_source == "estimated" else " "
    shown = "free" if request.price_basis == "free" else _cents(request.spend_usd)
    return Span(shown + mark, "bright")


def _cents(spend: str) -> str:
    """Return an amount with four places, so that those of a column can be compared; large ones with two."""
    return dollars(spend, 4) if abs(nano(spend)) < _LARGE else dollars(spend)


def name(text: str | None) -> str:
    """Return a foreign name safe to show, a dash for none."""
    return clean(text, 60) if text else "–"  # noqa: RUF001 — a typographer's dash


def matches(request: Request, words: str) -> bool:
    """Return whether every word is part of one of a request's names."""
    names = (
        request.model,
        request.user,
        request.project,
        request.client_app,
        request.provider,
        request.key,
        request.state,
        request.error,
        request.id,
        str(request.status or ""),
    )
    text = " ".join(value for value in names if value).lower()
    return all(word in text for word in words.lower().split())
