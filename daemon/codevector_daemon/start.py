"""Starting: the flags, the settings, the home's lock, the sockets, and then everything else."""

import argparse
import asyncio
import gc
import os
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from codevector_daemon.errors import CodeVectorError
from codevector_daemon.settings import Settings, load
from codevector_shared import __version__
from codevector_shared.paths import Places

if TYPE_CHECKING:
    from codevector_daemon.listeners import Listeners


def start(on_early_end: Callable[[Callable[[], None]], None]) -> None:
    """Run the daemon until it is told to stop; ``on_early_end`` takes what to tidy where that is before it serves."""
    options = _parser().parse_args()
    try:
        places = Places.from_environment(os.environ)
        settings, warnings = load(places, os.environ)
        for warning in warnings:
            _say(warning)
        if options.check:
            print(f"{places.config_file}: the settings are good")  # noqa: T201 - the answer to --check
            return
        _run(places, settings, on_early_end, demo=options.demo)
    except CodeVectorError as error:
        _say(str(error))
        sys.exit(1)
    finally:
        _let_go_of_output()


def _run(places: Places, settings: Settings, on_early_end: Callable[[Callable[[], None]], None], *, demo: bool) -> None:
    """Take the home's lock and its sockets, and serve until the end."""
    import uvloop  # noqa: PLC0415 - neither --check nor --help need any of these

    from codevector_daemon import logs  # noqa: PLC0415
    from codevector_daemon.listeners import HomeLock, open_listeners  # noqa: PLC0415

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # it would hold keys
    with HomeLock(places.database.with_name("daemon.lock")):
        logs.configure(places.log)
        listeners = open_listeners(settings.listen_address, places.socket, os.environ)
        on_early_end(listeners.close)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_serve(places, settings, listeners, demo=demo))
        finally:
            listeners.close()


async def _serve(places: Places, settings: Settings, listeners: "Listeners", *, demo: bool) -> None:
    from codevector_daemon.compose import compose  # noqa: PLC0415 - after the sockets, so that callers already queue
    from codevector_daemon.notify import Notifier  # noqa: PLC0415
    from codevector_daemon.serve import serve  # noqa: PLC0415

    async with compose(places, settings, os.environ, listeners, demo=demo) as daemon:
        gc.collect()
        gc.freeze()  # what was built at the start lives until the end; no later collection walks it again
        _say(f"listening on {listeners.gateway_url}, control socket {listeners.control_path}")
        await serve(
            daemon.apps,
            listeners,
            daemon.gateway.running,
            daemon.services.live,
            Notifier(os.environ),
            shutdown_s=settings.shutdown_seconds,
        )


def _say(line: str) -> None:
    with suppress(OSError):  # the terminal may be gone, or the disk full: no reason to stop
        print(f"codevectord: {line}", file=sys.stderr, flush=True)  # noqa: T201 - for the person who started it


def _let_go_of_output() -> None:
    """Forget what could not be printed: else Python tries once more at its end, and makes a failure of it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage that --help shows."""

    def error(self, message: str) -> NoReturn:
        """Leave with 2, as for wrong usage."""
        _say(f"{message}; see {self.prog} --help")
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="codevectord",
        description="Run the CodeVector gateway in the foreground. Settings come from config.toml and CODEVECTOR_*.",
    )
    parser.add_argument("--check", action="store_true", help="only check the settings, and exit")
    parser.add_argument("--demo", action="store_true", help="fill an empty home with 90 days of made-up history")
    parser.add_argument("--version", action="version", version=f"codevectord {__version__}")
    return parser
