"""What a new key is called, and what its calls are counted under."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, Static

from codevector_shared.protocol import KeyCreate
from codevector_tui.screens.dialog import Dialog

_FIELDS = (
    ("name", "Name", "laptop"),
    ("project", "Project", "counted under this unless the client names another"),
    ("user", "User", "yourself if empty"),
)


class NewKeyScreen(Dialog[KeyCreate]):
    """Asks for a new key's name, project and user."""

    def compose(self) -> ComposeResult:
        """Put three fields and two answers into the panel."""
        with Vertical(classes="dialog"):
            yield Static("New key", classes="question")
            for index, (name, title, hint) in enumerate(_FIELDS):
                with Horizontal(classes="field"):
                    yield Label(title)
                    yield Input(
                        placeholder=hint, id=name, max_length=128, compact=True, classes="first" if not index else ""
                    )
            with Horizontal(classes="answers"):
                yield Button("Cancel", id="no", compact=True)
                yield Button("Create", id="yes", variant="primary", compact=True)

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Create with enter."""
        self._create()

    @on(Button.Pressed)
    def answered(self, event: Button.Pressed) -> None:
        """Create or cancel."""
        if event.button.id == "yes":
            self._create()
        else:
            self.dismiss(None)

    def _create(self) -> None:
        given = {name: self.query_one(f"#{name}", Input).value.strip() or None for name, _, _ in _FIELDS}
        self.dismiss(KeyCreate(name=given["name"], project=given["project"], user=given["user"]))
