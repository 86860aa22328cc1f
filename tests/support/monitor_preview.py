"""Runs the monitor on the invented daemon: ``python -m support.monitor_preview [--screen S] [--theme T] …``."""

import argparse
import asyncio
import sys

import msgspec

from codevector_shared.protocol import Progress
from codevector_tui.app import MonitorApp
from support.monitor_source import NOW, FakeDaemon

LOSE = "--lose" in sys.argv


class Preview(MonitorApp):
    """The monitor with calls that come and go."""

    def on_mount(self) -> None:
        """Start the traffic."""
        super().on_mount()
        if LOSE:
            self.set_timer(1.0, self._lose)
        if not self.source.empty:  # type: ignore[attr-defined]
            self.run_worker(self._traffic)

    def _lose(self) -> None:
        daemon: FakeDaemon = self.source  # type: ignore[assignment]
        daemon.silent = True
        daemon.hang_up()

    async def _traffic(self) -> None:
        daemon: FakeDaemon = self.source  # type: ignore[assignment]
        for _ in range(100_000):
            await asyncio.sleep(0.4)
            if daemon.open:
                grown = [
                    Progress(id=each.id, output_tokens=each.output_tokens + 37, ttft_ms=800) for each in daemon.open
                ]
                daemon.open = [
                    msgspec.structs.replace(each, output_tokens=each.output_tokens + 37) for each in daemon.open
                ]
                daemon.say(progress=grown)


def main() -> None:
    """Read the flags and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--screen", default="dashboard")
    parser.add_argument("--theme", default="codevector-dark")
    parser.add_argument("--empty", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--busy", type=float, default=1.0)
    parser.add_argument("--stock", type=int, default=0)
    parser.add_argument("--still", action="store_true")
    parser.add_argument("--lose", action="store_true")
    given = parser.parse_args()
    daemon = FakeDaemon(empty=given.empty, silent=given.silent, demo=given.demo, busy=given.busy, stock=given.stock)
    now_ms = round(NOW.timestamp() * 1000)
    kind = MonitorApp if given.still else Preview
    kind(daemon, now_ms=lambda: now_ms, first=given.screen, theme=given.theme).run()


if __name__ == "__main__":
    main()
