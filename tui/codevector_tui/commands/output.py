"""What commands print: one JSON document, or lines and tables for people."""

import codecs
import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Literal, NamedTuple

import msgspec
from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codevector_shared.formats import clean

VALUE_LIMIT = 600
"""Characters of a value that are shown beside its name."""
_GAP, _LEAST_NAME = 2, 8
"""Cells between two columns, and what is left of the longest name."""
PIPED_WIDTH = 200
"""Columns of a table that no terminal limits."""

_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class Column(NamedTuple):
    """A column of a table; numbers stand to the right and are never cut, nor is what must be ``whole``."""

    title: str
    align: Literal["left", "right"] = "left"
    whole: bool = False
    spare: int = 0
    """Where there is no room, the column with the highest number is left out first; one of 0 never is."""


def document(value: object, *, one_line: bool = False) -> str:
    """Return a protocol value as JSON; what a terminal would obey is escaped, which changes no value."""
    encoded = msgspec.json.encode(value)
    text = (encoded if one_line else msgspec.json.format(encoded, indent=2)).decode()
    return escaped(text)


def escaped(text: str) -> str:
    """Return JSON text with what a terminal would obey escaped, which changes no value."""
    return _in_json(_UNSAFE, text)


def _in_json(characters: re.Pattern[str], text: str) -> str:
    return characters.sub(lambda match: json.dumps(match.group())[1:-1], text)


def emit(value: object, *, one_line: bool = False) -> None:
    """Print one JSON document."""
    text = document(value, one_line=one_line)
    if codecs.lookup(sys.stdout.encoding or "utf-8").name != "utf-8":
        text = _in_json(_NOT_ASCII, text)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """Print a line of our own words, in which foreign parts were cleaned."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Tell a person something beside the output proper, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print a table, or what to do where there is nothing to show."""
    body = [[clean(cell) for cell in row] for row in rows]
    if not body:
        say(empty)
        return
    printer = console()
    shown = _with_room(columns, body, printer.width)
    kept = [columns[at] for at in shown]
    cells = [[row[at] for at in shown] for row in body]
    widths = _widths(kept, cells, printer.width)
    if _taken(widths) > printer.width:
        _records(columns, body)
        return
    grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column, width in zip(kept, widths, strict=True):
        grid.add_column(column.title, justify=column.align, no_wrap=True, overflow="ellipsis", width=width)
    for row in cells:
        grid.add_row(*map(Text, row))
    printer.print(grid)
    if len(kept) < len(columns):
        away = ", ".join(column.title for at, column in enumerate(columns) if at not in shown)
        note(f"There was no room for: {away}. A wider terminal or --json shows all.")


def _with_room(columns: Sequence[Column], body: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return which columns fit, those that can be spared left out one after the other; all where even that is vain."""
    shown = list(range(len(columns)))
    for spared in sorted(shown, key=lambda at: -columns[at].spare):
        cells = [[row[at] for at in shown] for row in body]
        if _taken(_widths([columns[at] for at in shown], cells, room)) <= room or not columns[spared].spare:
            break
        shown.remove(spared)
    return shown


def _records(columns: Sequence[Column], body: Sequence[Sequence[str]]) -> None:
    """Print every row as names and values, for terminals that are too narrow for a table."""
    for at, row in enumerate(body):
        if at:
            say()
        facts((column.title, cell) for column, cell in zip(columns, row, strict=True) if column.title)


def _taken(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _widths(columns: Sequence[Column], body: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return how wide each column is: where not all fit, the longest names give way, never the numbers."""
    widths = [max(map(cell_len, cells)) for cells in zip([column.title for column in columns], *body, strict=True)]
    names = [at for at, column in enumerate(columns) if column.align == "left" and not column.whole]
    for _ in range(_taken(widths) - room):
        longest = max(names, key=lambda at: widths[at], default=None)
        if longest is None or widths[longest] <= _LEAST_NAME:
            break
        widths[longest] -= 1
    return widths


def fitted(text: str, width: int, align: Literal["left", "right"]) -> str:
    """Return foreign text in exactly so many terminal cells, cut where it is longer."""
    shown = clean(text)
    if cell_len(shown) > width:
        shown = f"{set_cell_size(shown, width - 1).rstrip()}…"
    padding = " " * (width - cell_len(shown))
    return shown + padding if align == "left" else padding + shown


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and values, one pair per line."""
    lines = list(pairs)
    width = max(cell_len(name) for name, _ in lines)
    for name, value in lines:
        say(f"{fitted(name, width, 'left')}  {clean(value, VALUE_LIMIT)}")


def console(file: IO[str] | None = None) -> Console:
    """Return a console that reads no markup and paints nothing where no terminal is."""
    stream = file or sys.stdout
    return Console(
        file=stream, markup=False, highlight=False, emoji=False, width=None if stream.isatty() else PIPED_WIDTH
    )
