"""Tabs on one row, such as the periods: the chosen one marked by a frame as well as by its colour."""

from collections.abc import Sequence

from codevector_tui.viewmodel.spans import Row, Span, ends
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
        """Return the one row."""
        del height
        spans: list[Span] = [Span(f" {self._label}" if self._label else "", "muted")]
        for name, title in self._choices:
            action = f"choose('{self._group}', '{name}')"
            if name == self._chosen:
                spans += [Span(" [", "accent", action), Span(title, "bright", action), Span("] ", "accent", action)]
            else:
                spans.append(Span(f"  {title}  ", "muted", action))
        return (ends(spans, self._note, width),)
