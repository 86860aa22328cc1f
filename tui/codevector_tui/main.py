"""codevector-tui: reads its few flags, then opens the monitor."""

import argparse
import os
import sys

SCREENS = ("dashboard", "activity", "models", "keys", "leaderboard", "connect", "usage")
THEMES = ("codevector-dark", "codevector-light", "codevector-contrast")


def main(arguments: list[str] | None = None) -> int:
    """Run the monitor until it is closed; the daemon stays."""
    given = _parser().parse_args(arguments)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write("codevector-tui needs a terminal; without one use: codevector usage --json\n")
        return 1
    from codevector_shared.client import ControlClient  # noqa: PLC0415 — --help answers without it
    from codevector_tui.app import MonitorApp  # noqa: PLC0415 — half a second of import

    source = ControlClient.from_environment(os.environ)
    MonitorApp(source, local="CODEVECTOR_URL" not in os.environ, first=given.screen, theme=given.theme).run()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="codevector-tui",
        description="The live monitor: what your AI coding tools use, and what it costs. q closes it; ? explains keys.",
    )
    parser.add_argument("--screen", choices=SCREENS, default=SCREENS[0], help="the screen to open first")
    parser.add_argument("--theme", choices=THEMES, default=THEMES[0], help="colours to start with")
    return parser
