"""The gateway keys: create one, shown once and copied; revoke one, after asking."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from codevector_shared.protocol import Key, KeyCreate, KeyCreated, Usage
from codevector_tui.keymap import KEYS_KEYS
from codevector_tui.screens.confirm import ConfirmScreen
from codevector_tui.screens.new_key import NewKeyScreen
from codevector_tui.screens.page import Page
from codevector_tui.screens.secret import SecretScreen
from codevector_tui.viewmodel.keys import keys, spend_by_key
from codevector_tui.viewmodel.table import sort
from codevector_tui.widgets.grid import Grid
from codevector_tui.work import start


class KeysScreen(Page):
    """The keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS_KEYS]

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Key] = []
        self.spend: Usage | None = None
        self.sorting = 0

    def body(self) -> Iterable[Widget]:
        """Return the table."""
        yield Grid("Keys", id="list")

    async def fetch(self) -> None:
        """Ask for the keys and what they spent in thirty days."""
        source = self.monitor.source
        self.found = (await source.keys()).keys
        self.spend = await source.usage(period="30d", by="key", everyone=True)

    def present(self) -> None:
        """Draw the table."""
        table = keys(self.found, spend_by_key(self.spend), self.monitor.now_ms(), self.monitor.zone)
        grid = self.query_one("#list", Grid)
        ordered = sort(table, self.sorting)
        grid.show(ordered)
        living = sum(key.status == "active" for key in self.found)
        grid.border_subtitle = f"{living} active of {len(self.found)}, {ordered.order}" if self.found else ""

    def directory_changed(self) -> None:
        """Read the keys again."""
        self.reload()

    def action_sort(self, by: int) -> None:
        """Sort by the next column, or the one before."""
        self.sorting += by
        self.present()

    def action_create(self) -> None:
        """Ask for a name and make a key."""
        self.app.push_screen(NewKeyScreen(), self._create)

    def _create(self, order: KeyCreate | None) -> None:
        if order is not None:
            start(self, partial(self._make, order), "create")

    async def _make(self, order: KeyCreate) -> None:
        made: list[KeyCreated] = []

        async def ask() -> None:
            made.append(await self.monitor.source.create_key(order))

        if await self.attempt(ask):
            self.monitor.last_key = made[0].key
            self.app.push_screen(SecretScreen(made[0]))
            self.reload()

    def action_revoke(self) -> None:
        """Ask, then revoke the key under the cursor."""
        key = self.query_one("#list", Grid).item
        if key is None or key.status == "revoked":
            return
        question = ConfirmScreen(
            f"Revoke the key {key.name}?",
            f"{key.prefix}… stops working at once, for good. What it spent stays counted.",
            "Revoke",
        )

        def answered(yes: bool | None) -> None:  # noqa: FBT001 — Textual gives the answer so
            if yes:
                start(self, partial(self._revoke, key.id), f"revoke-{key.id}")

        self.app.push_screen(question, answered)

    async def _revoke(self, key_id: int) -> None:
        async def ask() -> None:
            await self.monitor.source.revoke_key(key_id)

        if await self.attempt(ask):
            self.reload()

    def action_copy(self) -> None:
        """Copy the prefix under the cursor; the secret is not kept anywhere."""
        key = self.query_one("#list", Grid).item
        if key is not None:
            self.monitor.copy_to_clipboard(key.prefix)
            self.notify(key.prefix, title="Copied the prefix", markup=False, timeout=2)
