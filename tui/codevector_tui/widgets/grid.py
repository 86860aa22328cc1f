"""A table that paints only the rows on screen, so that its speed does not depend on how many there are."""

from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from codevector_tui.viewmodel.spans import BLANK, Row, Span, fit
from codevector_tui.viewmodel.table import Table, place
from codevector_tui.widgets.painter import Painter


class Grid(ScrollView, Painter, can_focus=True):
    """Rows under a fixed header with a cursor that stays on its item when the items change."""

    BINDINGS = [  # noqa: RUF012 — as in Textual
        Binding("up,k", "move(-1)", "Up", show=False, id="grid.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="grid.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="grid.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="grid.page_down"),
        Binding("home", "jump(0)", "First", show=False, id="grid.first"),
        Binding("end", "jump(-1)", "Last", show=False, id="grid.last"),
    ]

    class Moved(Message):
        """The cursor is on another item."""

        def __init__(self, grid: "Grid", item: Any) -> None:  # noqa: ANN401 — whatever the table holds
            super().__init__()
            self.grid, self.item = grid, item

    class Opened(Moved):
        """An item was chosen with enter or a second click."""

    class NearEnd(Message):
        """The cursor came near the last row: more may be fetched."""

    def __init__(self, title: str = "", *, id: str | None = None) -> None:  # noqa: A002 — as in Textual
        super().__init__(id=id, classes="panel grid")
        if title:
            self.border_title = title
        self._table: Table[Any] | None = None
        self._at = 0

    @property
    def item(self) -> Any:  # noqa: ANN401 — whatever the table holds
        """The item under the cursor, None for an empty table."""
        table = self._table
        return table.items[self._at] if table is not None and table.items else None

    def show(self, table: Table[Any]) -> None:
        """Show another table, keeping the cursor on its item; at the top it stays at the top."""
        before, offset = self._table, self._at - round(self.scroll_y)
        chosen = before.identity(self.item) if before is not None and before.items and self._at else None
        self._table = table
        self._at = self._find(table, chosen)
        self.virtual_size = Size(0, len(table.items) + 1)
        if self._at:
            self.scroll_to(y=max(0, self._at - offset), animate=False, immediate=True)
        self.refresh()

    def _find(self, table: Table[Any], chosen: str | None) -> int:
        if chosen is None:
            return 0
        near = range(max(0, self._at - 200), min(len(table.items), self._at + 200))
        found = next((index for index in near if table.identity(table.items[index]) == chosen), None)
        return found if found is not None else max(0, min(self._at, len(table.items) - 1))

    def render_line(self, y: int) -> Strip:
        """Paint the header or one row."""
        width = self.size.width
        table = self._table
        if table is None:
            return self.strip(BLANK, width)
        placed = place(table.columns, width - 2)
        if y == 0:
            return self.strip((Span(" "), *table.header(placed)), width)
        if not table.items:
            return self.strip(self._words(y, width), width)
        index = y - 1 + round(self.scroll_y)
        if index >= len(table.items):
            return self.strip(BLANK, width)
        row = table.row(index, placed)
        if index == self._at:
            return self._marked(row, width)
        return self.strip((Span(" "), *row), width)

    def _marked(self, row: Row, width: int) -> Strip:
        """Return the cursor's row on its own background; without colour it is marked by its first sign."""
        style = self.get_component_rich_style("grid--cursor", partial=True) if self.has_focus else None
        strip = self.strip((Span("▌", "accent"), *row), width)
        if style is None:
            return strip
        return Strip([Segment(text, (before or Style()) + style) for text, before, _ in strip], width)

    COMPONENT_CLASSES = {"grid--cursor"}  # noqa: RUF012 — as in Textual

    def _words(self, y: int, width: int) -> Row:
        words = self._table.empty if self._table is not None else ()
        line = y - max(2, (self.size.height - len(words)) // 3)
        return (Span(fit(words[line], width, "center"), "muted"),) if 0 <= line < len(words) else BLANK

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self._go(self._at + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by a screenful."""
        self._go(self._at + by * max(1, self.size.height - 2))

    def action_jump(self, index: int) -> None:
        """Move the cursor to the first or the last row."""
        self._go(len(self._table.items) - 1 if index < 0 and self._table is not None else index)

    def choose(self) -> None:
        """Say that the item under the cursor was chosen."""
        if self.item is not None:
            self.post_message(self.Opened(self, self.item))

    def _go(self, index: int) -> None:
        if self._table is None or not self._table.items:
            return
        last, before = len(self._table.items) - 1, self._at
        self._at = max(0, min(last, index))
        room, top = max(1, self.size.height - 1), round(self.scroll_y)
        if top <= self._at < top + room:
            self.refresh(*(Region(0, 1 + line - top, self.size.width, 1) for line in (before, self._at)))
        else:
            self._reveal()
            self.refresh()
        self.post_message(self.Moved(self, self.item))
        if last - self._at < room:
            self.post_message(self.NearEnd())

    def on_resize(self) -> None:
        """Keep the cursor's row in sight."""
        self.call_after_refresh(self._reveal)

    def _reveal(self) -> None:
        room, top = max(1, self.size.height - 1), round(self.scroll_y)
        wanted = min(max(top, self._at - room + 1), self._at)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, immediate=True)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked row; on the cursor's row, open it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y == 0 or self._table is None:
            return
        index = offset.y - 1 + round(self.scroll_y)
        if index >= len(self._table.items):
            return
        if index == self._at:
            self.choose()
        else:
            self._go(index)

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh(Region(0, 0, self.size.width, self.size.height))

    def on_blur(self) -> None:
        """Dim the cursor."""
        self.refresh(Region(0, 0, self.size.width, self.size.height))
