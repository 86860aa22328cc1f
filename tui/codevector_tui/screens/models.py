"""The models a client may call, with what they cost."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from codevector_shared.formats import clean
from codevector_shared.protocol import Model
from codevector_tui.keymap import MODELS_KEYS
from codevector_tui.screens.page import Page
from codevector_tui.viewmodel.models import model_rows, models, some_rest
from codevector_tui.viewmodel.spans import inset
from codevector_tui.viewmodel.table import Table, sort
from codevector_tui.widgets.grid import Grid
from codevector_tui.widgets.lines import Lines

_LATE_MS = 2_000
"""A rest that has just ended is drawn once more, as what follows it."""


class ModelsScreen(Page):
    """The model facades."""

    BINDINGS: ClassVar[list[BindingType]] = [*MODELS_KEYS]

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Model] = []
        self.sorting = 0

    def body(self) -> Iterable[Widget]:
        """Return the table."""
        yield Grid("Models · USD per million tokens", id="list")
        yield Lines("Model", id="facts")

    async def fetch(self) -> None:
        """Ask for the models."""
        self.found = (await self.monitor.source.models()).models

    def present(self) -> None:
        """Draw the table."""
        table: Table[Model] = sort(models(self.found, self.monitor.now_ms()), self.sorting)
        grid = self.query_one("#list", Grid)
        grid.show(table)
        grid.border_subtitle = f"{len(self.found)} models, {table.order}" if self.found else ""
        self.on_grid_moved()

    def on_grid_moved(self) -> None:
        """Say everything about the model under the cursor."""
        model = self.query_one("#list", Grid).item
        panel = self.query_one("#facts", Lines)
        panel.border_title = clean(model.slug, 60) if model is not None else "Model"
        if model is None:
            panel.show(None)
            return
        now_ms = self.monitor.now_ms()
        panel.show(lambda width, height: inset(model_rows(model, now_ms, width - 2, height)))

    @property
    def restless(self) -> bool:
        """Whether a backend rests, whose seconds are counted down."""
        return some_rest(self.found, self.monitor.now_ms() - _LATE_MS)

    def tick(self) -> None:
        """Count the seconds of resting backends down."""
        if self.restless:
            self.present()

    def backends_changed(self) -> None:
        """Read how they are."""
        self.reload()

    def directory_changed(self) -> None:
        """Read the models again."""
        self.reload()

    def action_open(self) -> None:
        """Say everything about the model where there is no room beside the table."""
        self.query_one("#facts").toggle_class("-open")

    def on_grid_opened(self) -> None:
        """Open with a second click too."""
        self.action_open()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open the panel only where it is not there anyhow."""
        if action == "open":
            return self.has_class("-low")
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Close the panel."""
        facts = self.query_one("#facts")
        if facts.has_class("-open"):
            facts.remove_class("-open")
        else:
            super().action_back()

    def action_sort(self, by: int) -> None:
        """Sort by the next column, or the one before."""
        self.sorting += by
        self.present()

    def action_copy(self) -> None:
        """Copy the slug under the cursor."""
        model = self.query_one("#list", Grid).item
        if model is not None:
            self.monitor.copy_to_clipboard(model.slug)
            self.notify(model.slug, title="Copied", markup=False, timeout=2)
