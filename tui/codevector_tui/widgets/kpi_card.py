"""One of the four numbers: big digits over a change and a sparkline when there is room, two lines when not."""

from collections.abc import Sequence

from codevector_tui.charts.digits import HEIGHT, digits
from codevector_tui.charts.spark import spark
from codevector_tui.viewmodel.kpi import Card
from codevector_tui.viewmodel.spans import BLANK, Row, Span, ends, width_of
from codevector_tui.widgets.spanview import SpanView

_LEAST_SHAPE = 6
_WIDE = 36
"""Cells from which the shape stands beside the number."""
_WIDEST_NUMBER = 18


class KpiCard(SpanView):
    """A number of the dashboard inside its border: title above, facts below."""

    def __init__(self, title: str, *, id: str) -> None:  # noqa: A002 — as in Textual
        super().__init__(id=id, classes="panel")
        self.border_title = title
        self._card: Card | None = None

    def show(self, card: Card) -> None:
        """Show a number."""
        self._card = card
        self.border_subtitle = card.subtitle(self.size.width - 4)
        self.redraw()

    def on_resize(self) -> None:
        """Say as many facts as fit now."""
        if self._card is not None:
            self.border_subtitle = self._card.subtitle(self.size.width - 4)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Return the card for its size."""
        card = self._card
        if card is None:
            return ((Span(" –", "faint"),),)  # noqa: RUF001 — a typographer's dash
        if height <= HEIGHT:
            return _compact(card, width, height)
        number = _digits(card)
        if width_of(number[0]) > width:
            return (BLANK, *_compact(card, width, height - 2))
        if width >= _WIDE:
            return _wide(card, number, width, height, width - max(_WIDEST_NUMBER, width_of(number[0])) - 3)
        return (*number, *(BLANK,) * (height - HEIGHT - 1), _below(card, width))


def _compact(card: Card, width: int, height: int) -> Sequence[Row]:
    head = ends((Span(card.value, "bright"), Span(card.mark, "muted")), card.change, width)
    return (head, *spark(card.shape, width, max(1, height - 1), card.tone))


def _below(card: Card, width: int) -> Row:
    """Return the last row of a card: the change at the left, the shape at the right."""
    room = width - width_of(card.change) - 3
    shape = spark(card.shape, min(room, 24), 1, card.tone) if room >= _LEAST_SHAPE else ((),)
    return ends((Span(" "), *card.change), (*shape[0], Span(" ")), width)


def _wide(card: Card, number: Sequence[Row], width: int, height: int, room: int) -> Sequence[Row]:
    """Return the digits with the change below them and the shape beside them, as high as the card."""
    left = (*number, *(BLANK,) * (height - HEIGHT - 1), (Span(" "), *card.change))
    shape = spark(card.shape, room, height, card.tone)
    return tuple(ends(text, (*drawn, Span(" ")), width) for text, drawn in zip(left, shape, strict=True))


def _digits(card: Card) -> Sequence[Row]:
    marks = (" " * len(card.mark), " " * len(card.mark), card.mark)
    return tuple(
        (Span(" "), Span(text, "bright"), Span(mark, "muted"))
        for text, mark in zip(digits(card.value), marks, strict=True)
    )
