"""What to paste where, and whether the first request has come in."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from codevector_shared.protocol import Model, Request
from codevector_tui.keymap import CONNECT_KEYS
from codevector_tui.screens.page import Page
from codevector_tui.viewmodel.connect import setup, setup_rows, titles, waiting
from codevector_tui.viewmodel.link import Link
from codevector_tui.viewmodel.spans import inset
from codevector_tui.widgets.lines import Lines
from codevector_tui.widgets.tabs import Tabs


class ConnectScreen(Page):
    """The set-ups of the clients."""

    BINDINGS: ClassVar[list[BindingType]] = [*CONNECT_KEYS]
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self.client = titles()[0][0]
        self.step = 0
        self.found: list[Model] = []
        self.seen: Request | None = None
        self._known: frozenset[str] | None = None

    def body(self) -> Iterable[Widget]:
        """Return the clients as tabs and the set-up of one."""
        yield Tabs("client", titles())
        yield Lines("Connect", id="setup")

    async def fetch(self) -> None:
        """Ask for the models, to name one that suits."""
        self.found = (await self.monitor.source.models()).models

    def present(self) -> None:
        """Draw the set-up."""
        self.query_one(Tabs).show(self.client)
        me = self.monitor.me
        url = me.gateway_url if me is not None else "http://127.0.0.1:8787"
        shown = setup(self.client, url, self.found, self.monitor.last_key)
        self.step = min(self.step, len(shown.steps) - 1)
        panel = self.query_one("#setup", Lines)
        panel.border_title = shown.title
        panel.border_subtitle = "" if self.monitor.last_key else "cv_YOUR_KEY stands for a key: 5, then n makes one"
        state = waiting(self.seen, self.monitor.now_ms() // 1000)
        panel.show(lambda width, height: inset(((), *setup_rows(shown, self.step, state, width - 2)))[:height])

    def on_screen_resume(self) -> None:
        """Wait for the next request from now on."""
        self.seen, self._known = None, None
        super().on_screen_resume()

    def link_changed(self, link: Link) -> None:
        """Notice the first request that was not there when the screen was opened."""
        if link.live is None:
            return
        there = {request.id: request for request in (*link.live.latest[:50], *link.live.open)}
        if self._known is None:
            self._known = frozenset(there)
        fresh = [request for name, request in there.items() if name not in self._known]
        if fresh and self.seen is None:
            self.seen = fresh[-1]
        if self.loaded:
            self.present()

    def directory_changed(self) -> None:
        """Read the models again."""
        self.reload()

    def action_choose(self, group: str, name: str) -> None:
        """Show another client's set-up."""
        del group
        self.client, self.step = name, 0
        self.present()

    def action_client(self, by: int) -> None:
        """Show the next client's set-up, or the one before."""
        names = [name for name, _ in titles()]
        self.action_choose("client", names[(names.index(self.client) + by) % len(names)])

    def action_step(self, index: int) -> None:
        """Mark a step."""
        self.step = index
        self.present()

    def action_move(self, by: int) -> None:
        """Mark the next step, or the one before."""
        self.action_step(max(0, self.step + by))

    def action_copy(self) -> None:
        """Copy the marked step."""
        me = self.monitor.me
        if me is None:
            return
        shown = setup(self.client, me.gateway_url, self.found, self.monitor.last_key)
        self.monitor.copy_to_clipboard(shown.steps[self.step].text)
        self.notify(shown.steps[self.step].title, title="Copied", markup=False, timeout=2)
