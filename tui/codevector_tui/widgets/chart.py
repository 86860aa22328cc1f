"""A chart in a panel, with a cursor that says the exact numbers of one bar in the border."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from codevector_tui.charts.picture import canvas_offset, picture, slots_of
from codevector_tui.charts.slots import capacity
from codevector_tui.viewmodel.chartspec import ChartSpec
from codevector_tui.viewmodel.spans import BLANK, Row, Span, fit
from codevector_tui.widgets.spanview import SpanView

_AXES = 14
"""Cells that the two value axes take at most."""


class Chart(SpanView, can_focus=True):
    """Draws a spec; the picture is remembered, so that only another spec, size or cursor is drawn anew."""

    class CursorMoved(Message):
        """The cursor went to another bar, or away."""

    def __init__(self, title: str, *, id: str) -> None:  # noqa: A002 — as in Textual
        super().__init__(id=id, classes="panel chart")
        self.border_title = title
        self._spec: ChartSpec | None = None
        self._empty: tuple[str, ...] = ()
        self._legend = ""
        self.cursor: int | None = None

    @property
    def capacity(self) -> int:
        """How many bars fit."""
        return capacity(max(1, self.size.width - _AXES))

    def show(self, spec: ChartSpec | None, legend: str = "", empty: tuple[str, ...] = ()) -> None:
        """Show a spec, or what to do when there is nothing to draw."""
        self._spec, self._legend, self._empty = spec, legend, empty
        if spec is None or (self.cursor is not None and self.cursor >= spec.buckets):
            self.cursor = None
        self._caption()
        self.redraw()

    def move(self, by: int) -> None:
        """Move the cursor, from the newest bar when there was none."""
        if self._spec is None or not self._spec.buckets:
            return
        last = self._spec.buckets - 1
        self.point(last if self.cursor is None else max(0, min(last, self.cursor + by)))

    def point(self, index: int | None) -> None:
        """Put the cursor on a bar, or take it away."""
        if index != self.cursor:
            self.cursor = index
            self._caption()
            self.redraw()
            self.post_message(self.CursorMoved())

    @property
    def said(self) -> str:
        """The exact numbers under the cursor, or nothing."""
        return self._spec.exact[self.cursor] if self._spec is not None and self.cursor is not None else ""

    def _caption(self) -> None:
        spec = self._spec
        self.border_subtitle = self.said or (self._legend if spec is not None else "")

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Return the chart, or the words for an empty one."""
        if self._spec is None:
            above = max(0, (height - len(self._empty)) // 2)
            words = tuple((Span(fit(text, width, "center"), "muted"),) for text in self._empty)
            return (*(BLANK,) * above, *words)
        return picture(self._spec, width, height, chosen=self.cursor)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Put the cursor under the mouse."""
        offset = event.get_content_offset(self)
        if offset is None or self._spec is None or not self._spec.buckets:
            return
        width, height = self.size
        slots = slots_of(self._spec, width, height)
        self.point(slots.at(offset.x - canvas_offset(self._spec, height)))

    def on_leave(self) -> None:
        """Take the mouse's cursor away."""
        self.point(None)
