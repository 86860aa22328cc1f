"""What all screens share: header, rail or row of digits, footer, loading, and what to say when that fails."""

from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer

from codevector_shared.connection import ControlError
from codevector_shared.protocol import Period
from codevector_tui.monitor import Monitor
from codevector_tui.throttle import Throttle
from codevector_tui.viewmodel.link import Link, Trouble
from codevector_tui.viewmodel.trouble import trouble_rows
from codevector_tui.widgets.banner import Banner
from codevector_tui.widgets.header_bar import HeaderBar
from codevector_tui.widgets.lines import Lines
from codevector_tui.widgets.nav_line import NavLine
from codevector_tui.widgets.rail import Rail
from codevector_tui.work import start

RELOAD_S = 0.25
"""Seconds between two reloads while requests settle, so that a settled one shows within half a second."""


class Page(Screen[None]):
    """A screen of the monitor; ``body`` composes it, ``fetch`` asks the daemon, ``present`` draws the answer."""

    BINDINGS: ClassVar[list[BindingType]] = []
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (100, "-narrow"), (110, "-wide"), (160, "-broad")]  # noqa: RUF012 — as in Textual
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-tall")]  # noqa: RUF012 — as in Textual
    AUTO_FOCUS = ".grid"

    def __init__(self) -> None:
        super().__init__()
        self.reload = Throttle(RELOAD_S, self._start_load, self.set_timer)
        self._settled = -1
        self._directory = -1
        self._health = -1
        self.loaded = False

    @property
    def monitor(self) -> Monitor:
        """The app, as far as screens know it."""
        return cast("Monitor", self.app)

    @property
    def shown(self) -> Period | None:
        """The period on screen, for a screen that has one."""
        return None

    @property
    def restless(self) -> bool:
        """Whether clocks run here though no call is open."""
        return False

    @property
    def ready(self) -> bool:
        """Whether the screen is composed, and not yet being taken down."""
        return all(self.query(part) for part in ("HeaderBar", "Banner", "#body", "Footer"))

    def compose(self) -> ComposeResult:
        """Put the screen's body into the common frame."""
        yield HeaderBar()
        yield Banner()
        yield NavLine()
        with Horizontal(id="frame"):
            yield Rail()
            with Vertical(id="body"):
                yield from self.body()
            yield Lines(id="trouble", classes="panel")
        yield Footer(show_command_palette=False, compact=False)

    def body(self) -> Iterable[Widget]:
        """Return the screen's own widgets."""
        raise NotImplementedError

    async def fetch(self) -> None:
        """Ask the daemon for what the screen shows."""

    def present(self) -> None:
        """Draw what was fetched."""

    def link_changed(self, link: Link) -> None:
        """Take in what the live stream says; a screen that shows it does more."""

    def directory_changed(self) -> None:
        """Take in that models, keys, users or providers changed."""

    def backends_changed(self) -> None:
        """Take in that a backend failed, or serves again."""

    def requests_settled(self) -> None:
        """Take in that requests finished."""

    def tick(self) -> None:
        """Move running clocks, once a second."""

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was shown."""
        if not self.ready:
            return
        self.query_one(Rail).redraw()
        self.query_one(NavLine).redraw()
        self.follow(self.monitor.link)
        self.reload()

    def follow(self, link: Link) -> None:
        """Show the state of the connection and pass on what changed."""
        self.query_one(HeaderBar).redraw()
        self.query_one(Rail).redraw()
        self.query_one(Banner).follow(self.shown)
        self.query_one("#body").set_class(link.stale, "-stale")
        self._show_trouble(link.trouble if link.live is None and not self.loaded else None)
        self.link_changed(link)
        if link.live is None:
            return
        if self._settled != link.live.settled:
            self._settled = link.live.settled
            self.requests_settled()
        if self._directory != link.live.directory_version:
            self._directory = link.live.directory_version
            self.directory_changed()
        if self._health != link.live.health_version:
            self._health = link.live.health_version
            self.backends_changed()

    def _show_trouble(self, trouble: Trouble | None) -> None:
        self.query_one("#body").display = trouble is None
        panel = self.query_one("#trouble", Lines)
        panel.display = trouble is not None
        if trouble is not None:
            retry_ms = self.monitor.link.retry_ms
            retry_s = max(0, (retry_ms - self.monitor.now_ms() + 999) // 1000) if retry_ms is not None else None
            panel.show(lambda width, height: trouble_rows(trouble, retry_s, width, height))

    def _start_load(self) -> None:
        if self.is_current and self.ready:
            start(self, self._load, "load")

    async def _load(self) -> None:
        if await self.attempt(self.fetch) and self.ready:
            self.loaded = True
            self._show_trouble(None)
            self.present()
            self.query_one(HeaderBar).redraw()
            self.query_one(Banner).follow(self.shown)

    async def attempt(self, call: Callable[[], Awaitable[object]]) -> bool:
        """Run a call to the daemon; a failure is shown, not raised."""
        try:
            await call()
        except ControlError as error:
            self._failed(Trouble(error.message, error.hint))
            return False
        return True

    def _failed(self, trouble: Trouble) -> None:
        if not self.ready:
            return
        if not self.loaded:
            self._show_trouble(trouble)
        elif self.monitor.link.phase == "live":
            self.notify(trouble.hint or "", title=trouble.message, severity="error", markup=False)

    def action_back(self) -> None:
        """Go up one level; at the top there is none."""
        if self.maximized is not None:
            self.minimize()
