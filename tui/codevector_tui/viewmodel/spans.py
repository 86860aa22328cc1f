"""Text with meaning instead of colour: what the viewmodel makes and every widget paints."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

Align = Literal["left", "right", "center"]


class Span(NamedTuple):
    """A run of text on one line; ``tone`` names its role and the theme gives the colour (``""``: plain text).

    ``action`` names what a click on it does, as the screen's own action.
    """

    text: str
    tone: str = ""
    action: str = ""


Row = tuple[Span, ...]

BLANK: Row = ()


def width_of(row: Iterable[Span]) -> int:
    """Return how many cells a row takes."""
    return sum(cell_len(span.text) for span in row)


def fit(text: str, width: int, align: Align = "left") -> str:
    """Return text as exactly ``width`` cells, cut with an ellipsis when it is longer."""
    if width <= 0:
        return ""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else "…"
    room = width - size
    if align == "right":
        return " " * room + text
    if align == "center":
        return " " * (room // 2) + text + " " * (room - room // 2)
    return text + " " * room


def cut(row: Iterable[Span], width: int) -> Row:
    """Return as much of a row as fits into ``width`` cells; the last span that does not fit is shortened."""
    kept: list[Span] = []
    room = width
    for span in row:
        size = cell_len(span.text)
        if size > room:
            if room > 0:
                kept.append(span._replace(text=fit(span.text, room)))
            break
        kept.append(span)
        room -= size
    return tuple(kept)


def ends(left: Iterable[Span], right: Iterable[Span], width: int) -> Row:
    """Return a row with one part at each end; the left part gives way when both do not fit."""
    tail = cut(right, width)
    head = cut(left, max(0, width - width_of(tail) - 1))
    gap = width - width_of(head) - width_of(tail)
    return (*head, Span(" " * gap), *tail) if gap > 0 else (*head, *tail)


def inset(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return rows with one cell of air at the left."""
    return tuple((Span(" "), *row) for row in rows)


def beside(parts: Iterable[Iterable[Span]], gap: int = 3) -> Row:
    """Return rows joined into one, with a gap between those that are not empty."""
    joined: list[Span] = []
    for part in parts:
        spans = tuple(part)
        if not spans:
            continue
        if joined:
            joined.append(Span(" " * gap))
        joined.extend(spans)
    return tuple(joined)


def bar(part: float, width: int, tone: str) -> Row:
    """Return a bar on its track, exact to half a cell; what is not zero stays visible."""
    halves = round(max(0.0, min(1.0, part)) * width * 2)
    if part > 0 and width:
        halves = max(1, halves)
    whole, half = divmod(halves, 2)
    return (Span("━" * whole + "╸" * half, tone), Span("─" * (width - whole - half), "grid"))


def wrapped(text: str, width: int, indent: str = "   ") -> list[str]:
    """Return text as lines of at most ``width`` cells, broken between words, later ones indented."""
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= width or not line.strip():
            line = longer
        else:
            lines.append(fit(line, min(width, cell_len(line))))
            line = f"{indent}{word}"
    return [*lines, fit(line, min(width, cell_len(line)))]
