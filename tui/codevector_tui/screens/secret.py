"""A new key: shown this once, and copied."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from codevector_shared.protocol import KeyCreated
from codevector_tui.screens.dialog import Dialog


class SecretScreen(Dialog[None]):
    """Shows a key and copies it; afterwards nobody can show it again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y,c", "copy", "Copy", id="secret.copy")]

    def __init__(self, made: KeyCreated) -> None:
        super().__init__()
        self._made = made

    def compose(self) -> ComposeResult:
        """Put the key and what to do with it into the panel."""
        with Vertical(classes="dialog"):
            yield Static(f"Key {self._made.name} created", classes="question", markup=False)
            yield Static(self._made.key, classes="secret", markup=False)
            yield Static(
                "It is in the clipboard. Keep it now: it is shown only this once and stored only as a digest. "
                "Connect (7) shows what to paste where, with this key filled in.",
                classes="words",
            )
            with Horizontal(classes="answers"):
                yield Button("Copy again", id="copy", compact=True)
                yield Button("Done", id="done", variant="primary", compact=True, classes="first")

    def on_mount(self) -> None:
        """Copy at once."""
        self.app.copy_to_clipboard(self._made.key)

    def action_copy(self) -> None:
        """Copy again."""
        self.app.copy_to_clipboard(self._made.key)
        self.notify("The key is in the clipboard.", timeout=2)

    @on(Button.Pressed)
    def answered(self, event: Button.Pressed) -> None:
        """Copy again or close."""
        if event.button.id == "copy":
            self.action_copy()
        else:
            self.dismiss(None)
