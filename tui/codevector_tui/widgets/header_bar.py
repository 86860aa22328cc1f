"""The first row of every screen."""

from collections.abc import Sequence

from codevector_tui.viewmodel.spans import Row
from codevector_tui.widgets.spanview import SpanView


class HeaderBar(SpanView):
    """Who, where, how fresh, what time; the app knows."""

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Return the header's one row."""
        del height
        return (self.monitor.header().row(width),)
