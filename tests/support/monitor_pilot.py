"""Drives the monitor without a terminal: frozen clock, invented daemon, screens as text."""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from codevector_tui.app import MonitorApp
from support.monitor_source import NOW, FakeDaemon

NOW_MS = round(NOW.timestamp() * 1000)
SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}
PATIENCE_S = 60.0


@asynccontextmanager
async def monitor(
    daemon: FakeDaemon | None = None,
    *,
    size: tuple[int, int] = (120, 40),
    first: str = "dashboard",
    now_ms: Callable[[], int] = lambda: NOW_MS,
    wait: bool = True,
) -> AsyncIterator[tuple[MonitorApp, Pilot[None]]]:
    """Run the monitor on an invented daemon; with ``wait`` until the first screen is filled."""
    app = MonitorApp(daemon or FakeDaemon(), first=first, now_ms=now_ms)
    async with app.run_test(size=size, notifications=True) as pilot:
        if wait:
            await until(pilot, lambda: loaded(app))
        yield app, pilot


def loaded(app: MonitorApp) -> bool:
    """Return whether the open screen has what it shows."""
    page = app._page()
    return page is not None and page.loaded and app.link.phase == "live" and app.me is not None


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Let the monitor work until something is true."""
    limit = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < limit, f"never came true; the screen shows\n{text(pilot.app)}"
        await pilot.pause(0.01)
    await pilot.pause()


async def shows(pilot: Pilot[None], words: str) -> None:
    """Wait until words are on the screen."""
    await until(pilot, lambda: words in text(pilot.app))


def text(app: object) -> str:
    """Return what the screen shows, line by line."""
    assert isinstance(app, MonitorApp)
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"


SNAPSHOTS = Path(__file__).parent.parent / "tui" / "snapshots"


def same(name: str, shown: str) -> None:
    """Compare with the kept text; with CODEVECTOR_SNAPSHOTS=write keep this one instead."""
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("CODEVECTOR_SNAPSHOTS") == "write":
        path.write_text(shown, encoding="utf-8")
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    assert shown == kept, f"{path} differs; look at it and run with CODEVECTOR_SNAPSHOTS=write if it is right"
