"""Talking to the service manager: readiness, watchdog and the sockets it opened (sd_notify(3), sd_listen_fds(3))."""

import os
import socket
from collections.abc import Mapping

FIRST_FD = 3


class Notifier:
    """Sends state to the socket in NOTIFY_SOCKET; without one it says nothing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        self.watchdog_s = _watchdog(environ)
        """Half the time after which the manager takes a silent service for dead; ``None`` without a watchdog."""

    def tell(self, state: str) -> None:
        """Send one state, such as ``READY=1``; a manager that went away is no reason to fail."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.sendto(state.encode(), self._address)
        except OSError:
            self._address = ""


def activated(environ: Mapping[str, str]) -> dict[str, socket.socket]:
    """Return the sockets the service manager opened, by name; unnamed ones are told apart by their family."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    sockets = {}
    for index in range(int(environ.get("LISTEN_FDS", "0"))):
        opened = socket.socket(fileno=FIRST_FD + index)
        name = names[index] if index < len(names) else ""
        if name not in {"gateway", "control"}:
            name = "control" if opened.family == socket.AF_UNIX else "gateway"
        sockets[name] = opened
    return sockets


def _watchdog(environ: Mapping[str, str]) -> float | None:
    microseconds = environ.get("WATCHDOG_USEC", "")
    meant_for = environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or meant_for != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000
