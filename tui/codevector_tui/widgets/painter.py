"""Turns rows of toned spans into strips in the theme's colours."""

from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from codevector_tui.viewmodel.spans import Row, width_of

if TYPE_CHECKING:
    from codevector_tui.app import MonitorApp


class Painter(Widget):
    """What every widget that draws its own lines can do."""

    @property
    def monitor(self) -> "MonitorApp":
        """The app, typed."""
        return cast("MonitorApp", self.app)

    def strip(self, row: Row, width: int) -> Strip:
        """Return a row as a strip of exactly this width on the widget's own background."""
        base = self.rich_style
        style = self.monitor.palette.style
        segments = [Segment(span.text, base + style(span.tone)) for span in row]
        return Strip(segments, width_of(row)).adjust_cell_length(width, base)
