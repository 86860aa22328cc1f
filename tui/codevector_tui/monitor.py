"""What screens and widgets know of the app that holds them."""

from collections.abc import Callable
from typing import Protocol
from zoneinfo import ZoneInfo

from codevector_shared.protocol import Me, Totals
from codevector_tui.source import Source
from codevector_tui.themes import Palette
from codevector_tui.viewmodel.header import Header
from codevector_tui.viewmodel.link import Link


class Monitor(Protocol):
    """The app, from below: the daemon behind it, what it last said, and what all screens share."""

    source: Source
    now_ms: Callable[[], int]
    place: str
    link: Link
    me: Me | None
    totals: Totals | None
    last_key: str | None
    seen: set[str]
    """The alarms that were acknowledged."""

    @property
    def palette(self) -> Palette:
        """The colours of the current theme."""

    @property
    def zone(self) -> ZoneInfo:
        """The ledger's time zone."""

    @property
    def open_calls(self) -> int:
        """How many calls are open."""

    def header(self) -> Header:
        """Return what the header says now."""

    def action_go(self, name: str) -> None:
        """Open a screen by its name."""

    def copy_to_clipboard(self, text: str) -> None:
        """Put text into the terminal's clipboard."""
