"""A provider's URL taken apart without changing a byte of it."""

import re
from functools import lru_cache

from msgspec import Struct

from codevector_daemon.errors import UpstreamUnreachable

_URL = re.compile(r"(https?)://([^/?#]+)([^#]*)(?:#.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]@]+)(?::([0-9]{1,5}))?")
_OUTSIDE = re.compile(r"[^\x21-\x7e]")
_HIGHEST_PORT = 65535
_PORTS = {"http": 80, "https": 443}


class Origin(Struct, frozen=True):
    """Where a connection leads."""

    secure: bool
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Target(Struct, frozen=True):
    """A URL as a request needs it: where to connect, what to say in ``Host`` and in the request line."""

    origin: Origin
    authority: bytes
    path: bytes


@lru_cache(maxsize=1024)
def target_of(url: str) -> Target:
    """Take a URL apart; raises UpstreamUnreachable when nothing can be sent to it."""
    match = _URL.fullmatch(url)
    if match is None or "@" in match[2]:
        raise UpstreamUnreachable("The provider's address is no http:// or https:// URL without a login in it")
    scheme, authority, path = match[1].lower(), _ascii_host(match[2]), match[3]
    if _OUTSIDE.search(path):
        raise UpstreamUnreachable("The provider's address holds a space or another character that must be %-encoded")
    parts = _AUTHORITY.fullmatch(authority)
    port = int(parts[2] or _PORTS[scheme]) if parts else 0
    if parts is None or not 0 < port <= _HIGHEST_PORT:
        raise UpstreamUnreachable("The provider's address has no proper host and port")
    origin = Origin(scheme == "https", parts[1].strip("[]").lower(), port)
    slash = "" if path.startswith("/") else "/"
    return Target(origin, authority.encode(), f"{slash}{path}".encode())


def _ascii_host(authority: str) -> str:
    if authority.isascii():
        if _OUTSIDE.search(authority):
            raise UpstreamUnreachable("The provider's address holds a space in its host name")
        return authority
    try:
        return authority.encode("idna").decode()
    except UnicodeError as error:
        raise UpstreamUnreachable("The provider's host name is not one that DNS knows") from error
