"""Every request as it happens: open ones on top with a running clock, finished ones below, any of them in full."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from codevector_shared.connection import ControlError
from codevector_shared.formats import clean
from codevector_shared.protocol import Request
from codevector_tui.keymap import ACTIVITY_KEYS
from codevector_tui.screens.page import Page
from codevector_tui.viewmodel.bill import Bill
from codevector_tui.viewmodel.calls import Moment, feed, matches
from codevector_tui.viewmodel.detail import detail_rows
from codevector_tui.viewmodel.link import Link
from codevector_tui.viewmodel.spans import Row, Span, inset
from codevector_tui.widgets.grid import Grid
from codevector_tui.widgets.lines import Lines
from codevector_tui.widgets.tabs import Tabs
from codevector_tui.work import start

PAGE = 200
"""Rows fetched at a time."""
MOST = 20_000
"""Rows remembered."""
_DWELL_S = 0.06
"""How long the cursor stays on a request before its price is asked for."""


class ActivityScreen(Page):
    """The request feed."""

    BINDINGS: ClassVar[list[BindingType]] = [*ACTIVITY_KEYS]

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Request] = []
        self.bills: dict[str, Bill] = {}
        self.whose = "everyone"
        self.paused = False
        self.detailed = False
        self._complete = False
        self._asking = ""

    def body(self) -> Iterable[Widget]:
        """Return the filter, the table and the detail panel."""
        yield Tabs("whose", [("everyone", "Everyone"), ("me", "Me")])
        yield Input(placeholder="model, user, project, client app, provider, state …", id="filter", compact=True)
        yield Horizontal(Grid("Requests", id="feed"), Lines("Request", id="detail"), id="split")

    def on_mount(self) -> None:
        """Hide what is not asked for yet."""
        self.query_one("#filter").display = False
        self._show_detail()
        self._say_state()

    async def fetch(self) -> None:
        """Ask for the newest page."""
        answer = await self.monitor.source.requests(last=PAGE, everyone=self.whose == "everyone")
        self.bills.clear()
        self.history = answer.requests
        self._complete = len(answer.requests) < PAGE

    def present(self) -> None:
        """Draw the table and the detail."""
        moment = Moment(self.monitor.now_ms(), self.monitor.zone)
        words = self.query_one("#filter", Input).value
        shown = [*self._open(), *self.history]
        if words:
            shown = [request for request in shown if matches(request, words)]
        self.query_one("#feed", Grid).show(feed(shown, moment))
        self._detail()

    def _open(self) -> list[Request]:
        live = self.monitor.link.live
        return [request for request in live.open if self._wanted(request)] if live is not None else []

    def _wanted(self, request: Request) -> bool:
        me = self.monitor.me
        return self.whose == "everyone" or me is None or request.user_id == me.user_id

    def link_changed(self, link: Link) -> None:
        """Take in growing counts."""
        del link
        self.tick()

    def requests_settled(self) -> None:
        """Put what finished on top of the history, and show what is known of it anew."""
        live = self.monitor.link.live
        if live is None or not self.loaded:
            return
        known = {request.id for request in self.history[: 2 * len(live.latest)]}
        fresh = [request for request in live.latest if request.id not in known and self._wanted(request)]
        newest = {request.id: request for request in live.latest}
        self.history = [*fresh, *(newest.get(request.id, request) for request in self.history)][:MOST]
        self.tick()

    def tick(self) -> None:
        """Move clocks and counts, unless the feed is paused."""
        if self.loaded and not self.paused:
            self.present()

    def on_grid_moved(self) -> None:
        """Show the request under the cursor."""
        self._detail()

    def action_open(self) -> None:
        """Open the detail panel."""
        self.on_grid_opened()

    def on_grid_opened(self) -> None:
        """Open the detail panel."""
        self.detailed = True
        self._show_detail()

    def on_grid_near_end(self) -> None:
        """Fetch the next page."""
        if not self._complete and self.history and not self.query_one("#filter", Input).value:
            start(self, self._older, "older")

    async def _older(self) -> None:
        last = self.history[-1].id

        async def ask() -> None:
            everyone = self.whose == "everyone"
            answer = await self.monitor.source.requests(last=PAGE, before=last, everyone=everyone)
            self._complete = len(answer.requests) < PAGE
            if self.history and self.history[-1].id == last:
                self.history = [*self.history, *answer.requests][:MOST]

        if await self.attempt(ask) and self.ready:
            self.present()

    def _detail(self) -> None:
        request = self.query_one("#feed", Grid).item
        panel = self.query_one("#detail", Lines)
        if not panel.display:
            return
        if request is None:
            panel.show(None, ("No request chosen.",))
            return
        moment = Moment(self.monitor.now_ms(), self.monitor.zone)
        bill = self.bills.get(request.id)
        if bill is None and request.state != "open" and self._asking != request.id:
            self._asking = request.id
            start(self, partial(self._ask_price, request.id), "price")
        panel.show(lambda width, height: inset(detail_rows(request, bill or Bill(), moment, width - 2))[:height])

    async def _ask_price(self, request_id: str) -> None:
        """Ask how a price came about, unless the cursor goes on at once."""
        await asyncio.sleep(_DWELL_S)
        try:
            bill = Bill(await self.monitor.source.request_price(request_id))
        except ControlError as error:
            bill = Bill(trouble=f"not taken apart: {clean(error.message)}")
        if len(self.bills) >= PAGE:
            self.bills.clear()
        self.bills[request_id] = bill
        self._asking = ""
        if self.ready:
            self._detail()

    def _show_detail(self) -> None:
        self.query_one("#split").set_class(self.detailed, "-detail")
        self.call_after_refresh(self._detail)

    def action_choose(self, group: str, name: str) -> None:
        """Show everyone's requests or one's own."""
        del group
        self.whose = name
        self._say_state()
        self.reload()

    def action_whose(self) -> None:
        """Change between everyone and me."""
        self.action_choose("whose", "me" if self.whose == "everyone" else "everyone")

    def action_pause(self) -> None:
        """Hold the feed still, or let it run."""
        self.paused = not self.paused
        self._say_state()
        self.tick()

    def _say_state(self) -> None:
        note: Row = (Span("paused: space goes on ", "warn"),) if self.paused else ()
        self.query_one(Tabs).show(self.whose, note)

    def action_filter(self) -> None:
        """Type what to look for."""
        box = self.query_one("#filter", Input)
        box.display = True
        box.focus()

    def on_input_changed(self) -> None:
        """Filter while typing."""
        self.present()

    def on_input_submitted(self) -> None:
        """Go back to the table, keeping the filter."""
        self.query_one("#feed").focus()

    def action_back(self) -> None:
        """Close the filter, then the detail panel."""
        box = self.query_one("#filter", Input)
        if box.display:
            box.value = ""
            box.display = False
            self.query_one("#feed").focus()
        elif self.detailed:
            self.detailed = False
            self._show_detail()
        else:
            super().action_back()

    def action_copy(self) -> None:
        """Copy the id of the request under the cursor."""
        request = self.query_one("#feed", Grid).item
        if request is not None:
            self.monitor.copy_to_clipboard(request.id)
            self.notify(request.id, title="Copied the request's id", markup=False, timeout=2)
