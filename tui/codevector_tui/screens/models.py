"""The models a client may call, with what they cost."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from codevector_shared.formats import clean
from codevector_shared.protocol import Model
from codevector_tui.keymap import TABLE_KEYS
from codevector_tui.screens.page import Page
from codevector_tui.viewmodel.models import model_rows, models
from codevector_tui.viewmodel.spans import inset
from codevector_tui.viewmodel.table import Table, sort
from codevector_tui.widgets.grid import Grid
from codevector_tui.widgets.lines import Lines


class ModelsScreen(Page):
    """The model facades."""

    BINDINGS: ClassVar[list[BindingType]] = [*TABLE_KEYS]

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
        table: Table[Model] = sort(models(self.found), self.sorting)
        grid = self.query_one("#list", Grid)
        grid.show(table)
        grid.border_subtitle = f"{len(self.found)} models, {table.order}" if self.found else ""

        self.on_grid_moved()

    def on_grid_moved(self) -> None:
        """Say everything about the model under the cursor."""
        model = self.query_one("#list", Grid).item
        panel = self.query_one("#facts", Lines)
        panel.border_title = clean(model.slug, 60) if model is not None else "Model"
        panel.show((lambda width, _: inset(model_rows(model, width - 2))) if model is not None else None)

    def directory_changed(self) -> None:
        """Read the models again."""
        self.reload()

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
