"""Serving both apps on their sockets, and the orderly end: stop accepting, let answers finish, settle the rest."""

import asyncio
import logging
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypercorn.config import Config

from codevector_daemon.connections import Server
from codevector_daemon.control.failures import malformed
from codevector_daemon.control.live import LiveHub
from codevector_daemon.gateway.malformed import complain
from codevector_daemon.gateway.running import Running
from codevector_daemon.listeners import BACKLOG, Listeners, hang_up
from codevector_daemon.metering import estimate
from codevector_daemon.notify import Notifier

logger = logging.getLogger(__name__)

SETTLE_S = 1.2
"""How long calls that were ended by the shutdown may take to be settled."""
HANG_UP_S = 0.5
"""How long the server may take to notice that all its connections are ended."""
HEADER_BYTES = 256 * 1024
KEEP_ALIVE_S = 600.0
"""Tools keep connections open between a person's prompts."""


@dataclass(frozen=True, slots=True)
class Apps:
    """The two apps, never reachable through each other's listener."""

    gateway: Any
    control: Any


async def serve(
    apps: Apps, listeners: Listeners, running: Running, live: LiveHub, notifier: Notifier, *, shutdown_s: float
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP; returns when every call is settled."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            loop.add_signal_handler(number, stopping.set)
    gateway = Server(apps.gateway, _config(), lambda opening, status: complain(opening, status, _now_ms()))
    control = Server(apps.control, _config(), lambda _, status: malformed(status))
    watchdog = asyncio.ensure_future(_watchdog(notifier))
    try:
        await gateway.open(listeners.gateway)
        await control.open(listeners.control)
        notifier.tell("READY=1")
        await stopping.wait()
        notifier.tell("STOPPING=1")
        await gateway.close()
        await control.close()
        live.close()
        await _let_finish(running, shutdown_s)
        hang_up(listeners)
        await asyncio.gather(gateway.idle(HANG_UP_S), control.idle(HANG_UP_S))
    finally:
        watchdog.cancel()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _config() -> Config:
    """Return Hypercorn's settings, set for answers that are silent for minutes and last an hour."""
    config = Config()
    config.backlog = BACKLOG
    config.errorlog = logging.getLogger("codevector_daemon.http")
    config.loglevel = "WARNING"
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.keep_alive_max_requests = 2**31
    config.h11_max_incomplete_size = HEADER_BYTES
    config.h11_pass_raw_headers = True
    config.h2_max_header_list_size = HEADER_BYTES
    config.h2_max_concurrent_streams = 1000
    config.include_date_header = False
    config.include_server_header = False
    config.websocket_max_message_size = 1
    return config


async def _let_finish(running: Running, shutdown_s: float) -> None:
    """Give the calls under way their time, then end them and wait until they are settled."""
    with suppress(TimeoutError):
        async with asyncio.timeout(shutdown_s):
            await running.idle()
            return
    logger.warning("%d calls did not finish within %.1f s and are interrupted", len(running), shutdown_s)
    estimate.hurry()
    running.stop_all()
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_S):
            await running.idle()


async def _watchdog(notifier: Notifier) -> None:
    """Tell the service manager that the event loop still turns."""
    while notifier.watchdog_s is not None:
        notifier.tell("WATCHDOG=1")
        await asyncio.sleep(notifier.watchdog_s)
