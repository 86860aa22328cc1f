"""The keys that work here, and what the signs mean."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import Screen

from codevector_tui.screens.dialog import Dialog
from codevector_tui.viewmodel.help import help_rows
from codevector_tui.widgets.lines import Lines


class HelpScreen(Dialog[None]):
    """Shows the bindings of the screen it was opened on."""

    def __init__(self, page: Screen[None]) -> None:
        super().__init__()
        self._keys = [_entry(active.binding) for active in page.active_bindings.values() if _told(active.binding)]

    def compose(self) -> ComposeResult:
        """Put the keys and the signs into the panel."""
        with VerticalScroll(classes="dialog wide"):
            yield Lines(classes="help first")

    def on_mount(self) -> None:
        """Fill the panel."""
        rows = help_rows(self._keys)
        lines = self.query_one(Lines)
        lines.styles.height = len(rows)
        lines.show(lambda _width, height: rows[:height])


def _told(binding: Binding) -> bool:
    """Return whether a binding is one of ours that the help explains; the digits are said once."""
    return binding.id is not None and not binding.id.startswith(("go.", "app.quit_"))


def _entry(binding: Binding) -> tuple[str, str]:
    key = binding.key_display or _WRITTEN.get(binding.key, binding.key.replace("ctrl+", "^"))
    return key, binding.tooltip or binding.description


_WRITTEN = {"right_square_bracket": "]", "escape": "esc", "pageup": "pgup", "pagedown": "pgdn"}
