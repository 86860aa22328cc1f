"""The first row: the product, who is looking at what, how fresh it is, and the time."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from codevector_shared.formats import age, clean, compact
from codevector_shared.protocol import Me, Totals
from codevector_tui.viewmodel.link import Link
from codevector_tui.viewmodel.spans import Row, Span, beside, ends, width_of
from codevector_tui.viewmodel.times import at

_QUIET_MS = 5_000
"""The daemon speaks every 2 s; longer silence is shown as an age."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says."""

    link: Link
    me: Me | None
    place: str
    totals: Totals | None
    now_ms: int
    zone: ZoneInfo

    def row(self, width: int) -> Row:
        """Return the header for a width, leaving out what is said elsewhere first."""
        right = beside((self._freshness(), self._resting(), self._priced(), self._clock(width)))
        if width_of(self._name()) + width_of(right) + 3 > width:
            right = beside((self._freshness(), self._resting(), self._clock(width)))
        left: Row = ()
        for parts in (
            (self._name(), self._who(), self._url()),
            (self._name(), self._who()),
            (self._name(),),
        ):
            left = (Span(" "), *beside(parts))
            if width_of(left) + width_of(right) + 2 <= width:
                break
        return ends(left, (*right, Span(" ")), width)

    def _name(self) -> Row:
        demo = self.link.live is not None and self.link.live.status.demo
        name = Span("CodeVector", "brand")
        return (name, Span(" "), Span(" DEMO ", "badge")) if demo else (name,)

    def _who(self) -> Row:
        if self.me is None:
            return ()
        return (Span(clean(self.me.user, 24), "bright"), Span(" @ ", "muted"), Span(self.place, "text"))

    def _url(self) -> Row:
        if self.me is None:
            return ()
        return (Span(clean(self.me.gateway_url, 60), "muted"),)

    def _freshness(self) -> Row:
        link = self.link
        if link.phase == "live":
            return self._while_live()
        if link.live is None:
            return (Span("◌ ", "warn"), Span("connecting" if link.trouble is None else "not running", "warn"))
        return (Span("○ ", "bad"), Span(f"reconnecting · {age(link.heard_ms, self.now_ms)}", "bad"))

    def _while_live(self) -> Row:
        link = self.link
        heard = link.heard_ms or self.now_ms
        if self.now_ms - heard > _QUIET_MS:
            return (Span("● ", "warn"), Span(age(heard, self.now_ms), "warn"))
        if link.live is not None and link.live.status.degraded:
            return (Span("● ", "bad"), Span(f"{compact(link.live.status.spooled_events)} not counted yet", "bad"))
        return (Span("● ", "good"), Span("live", "text"))

    def _resting(self) -> Row:
        resting = self.link.live.status.resting_backends if self.link.live is not None else 0
        words = f"{resting} backend{'s rest' if resting != 1 else ' rests'}"
        return (Span("◑ ", "warn"), Span(words, "warn", "app.go('models')")) if resting else ()

    def _priced(self) -> Row:
        totals = self.totals
        if totals is None or not totals.requests:
            return ()
        share = 100 * (totals.requests - totals.unpriced_requests) / totals.requests
        shown = f"{share:.0f} %" if share in (0, 100) else f"{min(99.9, share):.1f} %"
        estimated = f"  ≈ {compact(totals.estimated_requests)}" if totals.estimated_requests else ""
        unsure = f"  ? {compact(totals.unsure_requests)}" if totals.unsure_requests else ""
        return (
            Span("priced ", "muted"),
            Span(shown, "text" if share == 100 else "warn"),  # noqa: PLR2004 — all of them
            Span(estimated, "muted"),
            Span(unsure, "warn"),
        )

    def _clock(self, width: int) -> Row:
        if self.link.live is None:
            return ()
        time = Span(f"{at(self.now_ms, self.zone):%H:%M}", "bright")
        return (time, Span(f" {self.zone.key}", "muted")) if width >= 100 else (time,)  # noqa: PLR2004 — cells
