"""Tables as data: which columns fit, and one row at a time as spans, so that ten thousand rows cost what is seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

from codevector_tui.viewmodel.spans import Align, Row, Span, bar, fit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``flex`` shares spare room, ``rank`` 0 is never dropped and the highest rank is dropped first.

    The cells of a ``bar`` column hold a part of one, such as ``0.25``, and are drawn as bars.
    """

    title: str
    least: int
    align: Align = "left"
    flex: int = 0
    rank: int = 0
    most: int = 60
    bar: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A column that fits and the cells it gets."""

    index: int
    width: int


@dataclass(frozen=True)
class Table(Generic[T]):
    """Items with the function that says one as a cell per column.

    ``identity`` names an item, so that the cursor stays on it; ``sorts`` are the keys by which a person may sort, by
    the title of their column.
    """

    columns: tuple[Column, ...]
    items: Sequence[T]
    cells: Callable[[T], Sequence[Span]]
    identity: Callable[[T], str]
    empty: tuple[str, ...] = ("Nothing here yet.",)
    sorts: tuple[tuple[str, Callable[[T], Any]], ...] = ()
    order: str = ""

    def header(self, placed: Sequence[Placed]) -> Row:
        """Return the row of titles."""
        cells = [Span(column.title, "muted") for column in self.columns]
        return line(self.columns, cells, placed)

    def row(self, index: int, placed: Sequence[Placed]) -> Row:
        """Return one item as a row."""
        return line(self.columns, self.cells(self.items[index]), placed)


def sort(table: Table[T], choice: int) -> Table[T]:
    """Return a table in one of its orders; the first choice is the order it came in."""
    if not table.sorts:
        return table
    index = choice % (len(table.sorts) + 1)
    if index == 0:
        return replace(table, order="s sorts")
    title, key = table.sorts[index - 1]
    return replace(table, items=sorted(table.items, key=key), order=f"by {title.lower()}")


GAP = 2


@lru_cache(maxsize=64)
def place(columns: tuple[Column, ...], width: int) -> tuple[Placed, ...]:
    """Return the columns that fit into ``width`` cells, with spare room shared by their flex."""
    kept = list(range(len(columns)))
    while len(kept) > 1 and _least(columns, kept) > width:
        worst = max(kept, key=lambda index: (columns[index].rank, index))
        if columns[worst].rank == 0:
            break
        kept.remove(worst)
    widths = {index: columns[index].least for index in kept}
    _grow(columns, widths, width - _least(columns, kept))
    return tuple(Placed(index, widths[index]) for index in kept)


def _least(columns: Sequence[Column], kept: Sequence[int]) -> int:
    return sum(columns[index].least for index in kept) + GAP * (len(kept) - 1)


def _grow(columns: Sequence[Column], widths: dict[int, int], spare: int) -> None:
    """Hand spare cells to the flexible columns, a share each, up to their most."""
    while spare > 0:
        hungry = [index for index in widths if columns[index].flex and widths[index] < columns[index].most]
        if not hungry:
            return
        total = sum(columns[index].flex for index in hungry)
        for index in hungry:
            more = min(max(1, spare * columns[index].flex // total), columns[index].most - widths[index], spare)
            widths[index] += more
            spare -= more


def line(columns: Sequence[Column], cells: Sequence[Span], placed: Sequence[Placed]) -> Row:
    """Return one row: every placed cell cut or filled to its width."""
    spans: list[Span] = []
    for position, (index, width) in enumerate((each.index, each.width) for each in placed):
        if position:
            spans.append(Span(" " * GAP))
        cell = cells[index]
        if columns[index].bar and cell.tone != "muted":
            spans.extend(bar(float(cell.text), width, cell.tone))
            continue
        spans.append(Span(fit(cell.text, width, columns[index].align), cell.tone, cell.action))
    return tuple(spans)
