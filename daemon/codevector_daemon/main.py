"""``codevectord``: the daemon, in the foreground."""

import argparse
import os
import sys

from codevector_shared import __version__
from codevector_daemon.errors import CodeVectorError
from codevector_daemon.settings import load
from codevector_shared.paths import Places


def main() -> None:
    """Run the daemon until it is told to stop; exit 1 with one line where it cannot."""
    options = _parser().parse_args()
    try:
        places = Places.from_environment(os.environ)
        settings, warnings = load(places, os.environ)
        for warning in warnings:
            print(f"codevectord: {warning}", file=sys.stderr)
        if options.check:
            print(f"{places.config_file}: the settings are good")
            return
        _run(places, settings, demo=options.demo)
    except CodeVectorError as error:
        print(f"codevectord: {error}", file=sys.stderr)
        sys.exit(1)


def _run(places: Places, settings: object, *, demo: bool) -> None:
    raise NotImplementedError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="codevectord",
        description="Run the CodeVector gateway in the foreground. Settings come from config.toml and CODEVECTOR_*.",
    )
    parser.add_argument("--check", action="store_true", help="only check the settings, and exit")
    parser.add_argument("--demo", action="store_true", help="fill an empty home with 90 days of made-up history")
    parser.add_argument("--version", action="version", version=f"codevectord {__version__}")
    return parser
