"""The row of digits that stands in for the rail on a narrow terminal, with the screen's name and its period."""

from collections.abc import Sequence

from codevector_tui.keymap import PLACES
from codevector_tui.viewmodel.spans import Row, Span, ends
from codevector_tui.widgets.spanview import SpanView


class NavLine(SpanView):
    """Digits of all screens, the name of the open one, and the period with its two keys."""

    def __init__(self) -> None:
        super().__init__()
        self._period = ""

    def show_period(self, title: str) -> None:
        """Say the period, or nothing for a screen without one."""
        self._period = title
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Return the one row."""
        del height
        left: list[Span] = [Span(" ")]
        for place in PLACES:
            action = f"app.go('{place.name}')"
            if place.name == self.monitor.place:
                left.append(Span(f" {place.digit} {place.title} ", "chosen", action))
            else:
                left.append(Span(f" {place.digit} ", "muted", action))
        right: tuple[Span, ...] = ()
        if self._period:
            right = (
                Span(" [ ", "accent", "earlier"),
                Span(self._period, "bright"),
                Span(" ] ", "accent", "later"),
            )
        return (ends(left, right, width),)
