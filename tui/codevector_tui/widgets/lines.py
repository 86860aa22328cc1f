"""A panel of lines that a function of its size makes: rankings, recent calls, details."""

from collections.abc import Callable, Sequence

from codevector_tui.viewmodel.spans import BLANK, Row, Span, fit
from codevector_tui.widgets.spanview import SpanView

Draw = Callable[[int, int], Sequence[Row]]


class Lines(SpanView):
    """Shows what ``show`` was given, for whatever size there is."""

    def __init__(self, title: str = "", *, id: str | None = None, classes: str = "panel") -> None:  # noqa: A002 — as in Textual
        super().__init__(id=id, classes=classes)
        if title:
            self.border_title = title
        self._make: Draw | None = None
        self._empty: tuple[str, ...] = ()

    def show(self, make: Draw | None, empty: tuple[str, ...] = ()) -> None:
        """Show lines; with none, say what to do instead."""
        self._make, self._empty = make, empty
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Return the lines that fit."""
        rows = tuple(self._make(width, height)) if self._make else ()
        if rows or not self._empty:
            return rows
        above = max(0, (height - len(self._empty)) // 2)
        return (*(BLANK,) * above, *((Span(fit(text, width, "center"), "muted"),) for text in self._empty))
