"""Which ``Host`` a request may name: a page in a browser must not reach the gateway under a name of its own."""

import re

from codevector_daemon.errors import Refused
from codevector_daemon.gateway.headers import HeaderMap

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/@\s]+))(?::\d{1,5})?")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class AllowedHosts:
    """Loopback names, the address a connection came in on, the address listened on, and those set by hand."""

    def __init__(self, listen_host: str, allowed: tuple[str, ...]) -> None:
        self._names = (_LOOPBACK | {listen_host.lower()} | {name.strip().lower() for name in allowed}) - {""}

    def check(self, headers: HeaderMap, server: tuple[str, int | None] | None) -> None:
        """Raise Refused with 421 for a name that is not allowed."""
        name = _name(headers.text(b"host") or "").lower()
        if name in self._names or (server is not None and name == server[0]):
            return
        raise Refused(
            421,
            "invalid_request_error",
            "host_not_allowed",
            "This gateway does not answer to that host name; add it to allowed_hosts if it should.",
        )


def _name(host: str) -> str:
    """Return the name or address of a Host line without its port; empty where the line is malformed."""
    found = _HOST.fullmatch(host)
    return (found[1] or found[2]) if found else ""
