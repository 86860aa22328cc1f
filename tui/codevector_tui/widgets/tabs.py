"""Tabs on one row, such as the periods: the chosen one marked by a frame as well as by its colour."""

from collections.abc import Sequence

from codevector_tui.viewmodel.spans import Row, Span, ends, width_of
from codevector_tui.widgets.spanview import SpanView


class Tabs(SpanView):
    """Choices side by side, and a note at the right end; a click runs ``choose(group, name)`` of the screen."""

    def __init__(self, group: str, choices: Sequence[tuple[str, str]], *, label: str = "") -> None:
        super().__init__(id=f"{group}-tabs")
        self._group = group
        self._choices = tuple(choices)
        self._label = label
        self._chosen = ""
        self._note: Row = ()

    def show(self, chosen: str, note: Row = ()) -> None:
        """Mark a choice and say the note."""
        self._chosen, self._note = chosen, note
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Return the one row; where not all choices fit, those around the chosen one."""
        del height
        room = width - width_of(self._note)
        for gap in (2, 1, 0):
            row = self._row(self._choices, gap)
            if width_of(row) <= room:
                return (ends(row, self._note, width),)
        return (ends(self._window(room), self._note, width),)

    def _row(self, choices: Sequence[tuple[str, str]], gap: int) -> Row:
        spans = [Span(f" {self._label}" if self._label else "", "muted")]
        for name, title in choices:
            action = f"choose('{self._group}', '{name}')"
            air = Span(" " * gap, "", action)
            if name == self._chosen:
                mark = air._replace(text=" " * max(0, gap - 1))
                spans += [mark, Span("[", "accent", action), Span(title, "bright", action), Span("]", "accent", action)]
                spans.append(mark)
            else:
                spans += [air, Span(title, "muted", action), air]
            if not gap:
                spans.append(Span(" "))
        return tuple(spans)

    def _window(self, room: int) -> Row:
        """Return the chosen tab with as many of its neighbours as fit, and arrows where more would follow."""
        chosen = next((index for index, each in enumerate(self._choices) if each[0] == self._chosen), 0)
        first, last = chosen, chosen + 1
        while True:
            wider = [(first - 1, last), (first, last + 1)]
            fitting = [
                (low, high)
                for low, high in wider
                if low >= 0
                and high <= len(self._choices)
                and width_of(self._row(self._choices[low:high], 1)) < room - 2
            ]
            if not fitting:
                break
            first, last = fitting[-1]
        before, after = Span("‹" if first else " ", "faint"), Span("›" if last < len(self._choices) else " ", "faint")  # noqa: RUF001 — arrows
        return (before, *self._row(self._choices[first:last], 1), after)
