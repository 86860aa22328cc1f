"""A question before something that cannot be undone."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from codevector_tui.screens.dialog import Dialog


class ConfirmScreen(Dialog[bool]):
    """Asks; the safe answer has the focus."""

    def __init__(self, question: str, consequence: str, verb: str) -> None:
        super().__init__()
        self._question = question
        self._consequence = consequence
        self._verb = verb

    def compose(self) -> ComposeResult:
        """Put question, consequence and both answers into the panel."""
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="question", markup=False)
            yield Static(self._consequence, classes="words", markup=False)
            with Horizontal(classes="answers"):
                yield Button("Keep it", id="no", classes="first", compact=True)
                yield Button(self._verb, id="yes", variant="error", compact=True)

    @on(Button.Pressed)
    def answered(self, event: Button.Pressed) -> None:
        """Close with the answer."""
        self.dismiss(event.button.id == "yes")
