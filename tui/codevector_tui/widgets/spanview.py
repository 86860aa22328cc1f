"""The base of everything we draw ourselves: rows of toned spans, of which only the changed ones are painted again."""

from collections.abc import Sequence

from textual import events
from textual.geometry import Region
from textual.strip import Strip

from codevector_tui.viewmodel.spans import BLANK, Row, width_of
from codevector_tui.widgets.painter import Painter


class SpanView(Painter):
    """Shows rows of spans; a subclass says them for a size in ``draw``."""

    DEFAULT_CSS = "SpanView { height: auto; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 — as in Textual
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Row, ...] = ()
        self._drawn_for: tuple[int, int] | None = None

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Return what to show in so many cells."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw again and refresh only the lines that changed."""
        if not self.size or self._drawn_for != tuple(self.size):
            self._drawn_for = None
            self.refresh()
            return
        before, self._rows = self._rows, self._draw()
        changed = [
            Region(0, y, self.size.width, 1) for y in range(self.size.height) if _at(before, y) != _at(self._rows, y)
        ]
        if changed:
            self.refresh(*changed)

    def _draw(self) -> tuple[Row, ...]:
        return tuple(self.draw(self.size.width, self.size.height))

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        size = (self.size.width, self.size.height)
        if self._drawn_for != size:
            self._rows, self._drawn_for = self._draw(), size
        return self.strip(_at(self._rows, y), size[0])

    def on_click(self, event: events.Click) -> None:
        """Run the action of the span that was clicked."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        column = 0
        for span in _at(self._rows, offset.y):
            column += width_of((span,))
            if offset.x < column:
                if span.action:
                    event.stop()
                    self.call_later(self.screen.run_action, span.action)
                return


def _at(rows: tuple[Row, ...], y: int) -> Row:
    return rows[y] if 0 <= y < len(rows) else BLANK
