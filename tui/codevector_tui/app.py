"""The monitor: composes the screens, holds the link, and owns nothing else."""

import time
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path, PurePath
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.theme import Theme

from codevector_shared.connection import ControlError
from codevector_shared.protocol import Me, Totals
from codevector_tui import themes
from codevector_tui.feed import Feed
from codevector_tui.keymap import APP_KEYS, PLACES
from codevector_tui.messages import LinkChanged
from codevector_tui.screens.help import HelpScreen
from codevector_tui.screens.page import Page
from codevector_tui.source import Source
from codevector_tui.throttle import Throttle
from codevector_tui.viewmodel.alarms import alarms
from codevector_tui.viewmodel.header import Header
from codevector_tui.viewmodel.link import Link
from codevector_tui.viewmodel.times import zone_of
from codevector_tui.work import start

STYLES = Path(__file__).parent / "styles"
PUBLISH_S = 0.25
"""Screens take in the live stream at most four times a second."""

_SCREENS = {
    "dashboard": ("dashboard", "DashboardScreen"),
    "activity": ("activity", "ActivityScreen"),
    "models": ("models", "ModelsScreen"),
    "keys": ("keys", "KeysScreen"),
    "leaderboard": ("leaderboard", "LeaderboardScreen"),
    "connect": ("connect", "ConnectScreen"),
    "usage": ("usage", "UsageScreen"),
}


def wall_clock_ms() -> int:
    """Return the time in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class MonitorApp(App[None]):
    """codevector-tui."""

    TITLE = "CodeVector"
    CSS_PATH: ClassVar[list[str | PurePath]] = [
        STYLES / f"{name}.tcss" for name in ("app", "dashboard", "tables", "modals")
    ]
    BINDINGS: ClassVar[list[BindingType]] = [*APP_KEYS]
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        source: Source,
        *,
        now_ms: Callable[[], int] = wall_clock_ms,
        local: bool = True,
        first: str = "dashboard",
        theme: str = "codevector-dark",
    ) -> None:
        super().__init__()
        self.source = source
        self.now_ms = now_ms
        self.local = local
        self.place = first
        self.link = Link()
        self.me: Me | None = None
        self.totals: Totals | None = None
        self.last_key: str | None = None
        self.seen: set[str] = set()
        for own in themes.OWN:
            self.register_theme(own)
        if self.no_color:
            for name in themes.WITHOUT_PLACE:
                self._registered_themes.pop(name, None)
        self.theme = theme
        self._publish = Throttle(PUBLISH_S, lambda: self.post_message(LinkChanged(self.link)), self.set_timer)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give every theme the variables that our own themes have."""
        return themes.derived(self.current_theme)

    @cached_property
    def _palettes(self) -> dict[str, themes.Palette]:
        return {}

    @property
    def palette(self) -> themes.Palette:
        """The colours of the current theme."""
        if self.theme not in self._palettes:
            self._palettes[self.theme] = themes.Palette(self.theme_variables, mono=self.no_color)
        return self._palettes[self.theme]

    @property
    def zone(self) -> ZoneInfo:
        """The ledger's time zone."""
        return zone_of(self.link.live.status.timezone if self.link.live is not None else "UTC")

    @property
    def open_calls(self) -> int:
        """How many calls are open."""
        return len(self.link.live.open) if self.link.live is not None else 0

    def header(self) -> Header:
        """Return what the header says now."""
        where = "local"
        if not self.local and self.me is not None:
            where = self.me.gateway_url.partition("://")[2].split("/")[0]
        return Header(link=self.link, me=self.me, place=where, totals=self.totals, now_ms=self.now_ms(), zone=self.zone)

    def on_mount(self) -> None:
        """Open the first screen, then connect."""
        self.go_to(self.place)
        feed = Feed(self.source, self._heard, self.now_ms)
        start(self, feed.run, "feed")
        self.run_worker(partial(import_module, "plotext"), thread=True, group="warm")
        self.set_interval(1.0, self._tick)
        self.theme_changed_signal.subscribe(self, self._recolour)

    def _heard(self, link: Link) -> None:
        lost_or_found = link.phase != self.link.phase
        self.link = link
        if lost_or_found and link.phase == "live":
            start(self, self._meet, "meet")
        self._publish()

    async def _meet(self) -> None:
        try:
            self.me = await self.source.me()
        except ControlError:
            return
        self.post_message(LinkChanged(self.link))

    def on_link_changed(self, message: LinkChanged) -> None:
        """Show the news on the screen that is open; the others catch up when they are shown."""
        page = self._page()
        if page is not None and page.ready:
            page.follow(message.link)

    def _page(self) -> Page | None:
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Page)), None)

    def _tick(self) -> None:
        page = self._page()
        if page is not None and page.ready:
            page.query_one("HeaderBar").redraw()  # type: ignore[attr-defined]  # queried by name
            if self.link.phase == "lost":
                page.follow(self.link)
            elif self.open_calls or page.restless:
                page.tick()

    def _recolour(self, theme: Theme) -> None:
        self._palettes.pop(theme.name, None)
        for screen in self.screen_stack:
            screen.refresh(layout=True)

    def go_to(self, name: str) -> None:
        """Open a screen, importing it when it is first used."""
        self.place = name
        if not self.is_screen_installed(name):
            module, kind = _SCREENS[name]
            screen: Page = getattr(import_module(f"codevector_tui.screens.{module}"), kind)()
            self.install_screen(screen, name)
        if self._page() is None:
            self.push_screen(name)
        else:
            self.switch_screen(name)

    def action_go(self, name: str) -> None:
        """Open a screen by its name."""
        if name != self.place:
            self.go_to(name)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every screen in the palette, before Textual's own commands."""
        for place in PLACES:
            yield SystemCommand(place.title, f"Open {place.title} ({place.digit})", partial(self.action_go, place.name))
        yield SystemCommand("Help", "Explain the keys and signs (?)", self.action_help)
        yield SystemCommand("Refresh", "Read everything again, connect again (r)", self.action_reconnect)
        yield from (command for command in super().get_system_commands(screen) if command.title != "Keys")

    def action_help(self) -> None:
        """Explain the keys of the screen and the signs on it."""
        page = self._page()
        if page is not None and page.is_current:
            self.push_screen(HelpScreen(page))

    def action_acknowledge(self) -> None:
        """Hide the alarms that may be hidden, until something new happens."""
        page = self._page()
        if self.link.live is not None and page is not None:
            found = alarms(self.link.live.status, page.shown, (), self.now_ms(), self.zone)
            self.seen |= {alarm.identity for alarm in found if alarm.identity}
            page.follow(self.link)

    def action_reconnect(self) -> None:
        """Read everything again, and connect at once when the connection is lost."""
        if self.link.phase != "live":
            start(self, Feed(self.source, self._heard, self.now_ms, start=self.link).run, "feed")
        page = self._page()
        if page is not None:
            page.reload()
