"""Turns rows of toned spans into strips in the theme's colours."""

from typing import cast

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from codevector_tui.monitor import Monitor
from codevector_tui.viewmodel.spans import Row, width_of


class Painter(Widget):
    """What every widget that draws its own lines can do."""

    @property
    def monitor(self) -> Monitor:
        """The app, as far as widgets know it."""
        return cast("Monitor", self.app)

    _ground: tuple[str, Style] | None = None

    def notify_style_update(self) -> None:
        """Forget the widget's own style when its rules change."""
        self._ground = None
        super().notify_style_update()

    @property
    def ground(self) -> Style:
        """The widget's own style; Textual takes half a millisecond to work it out, too long for every line."""
        if self._ground is None or self._ground[0] != self.app.theme:
            self._ground = (self.app.theme, self.rich_style)
        return self._ground[1]

    def strip(self, row: Row, width: int) -> Strip:
        """Return a row as a strip of exactly this width on the widget's own background."""
        base = self.ground
        style = self.monitor.palette.style
        segments = [Segment(span.text, base + style(span.tone)) for span in row]
        return Strip(segments, width_of(row)).adjust_cell_length(width, base)
