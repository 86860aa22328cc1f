"""The list of screens at the left of a wide terminal."""

from collections.abc import Sequence

from codevector_tui.keymap import PLACES, Place
from codevector_tui.viewmodel.spans import BLANK, Row, Span, fit
from codevector_tui.widgets.spanview import SpanView


class Rail(SpanView):
    """The screens with their digits; the open one is marked, and Activity says how many calls are open."""

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Return one row per screen, those for administrators below a heading."""
        del height
        rows: list[Row] = [BLANK]
        for place in PLACES:
            if place.heading:
                rows += [BLANK, (Span(f"   {place.heading}", "faint"),)]
            rows.append(self._row(place, width))
        return rows

    def _row(self, place: Place, width: int) -> Row:
        here = place.name == self.monitor.place
        count = self.monitor.open_calls if place.name == "activity" else 0
        badge = str(count) if count else ""
        title = fit(place.title, width - 5 - len(badge))
        action = f"app.go('{place.name}')"
        return (
            Span("▌" if here else " ", "accent", action),
            Span(f" {place.digit} ", "accent" if here else "faint", action),
            Span(title, "bright" if here else "muted", action),
            Span(badge, "accent", action),
        )
