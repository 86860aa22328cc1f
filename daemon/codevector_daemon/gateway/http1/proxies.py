"""Which proxy the environment names for an address (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY)."""

import base64
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Protocol
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from codevector_daemon.errors import UpstreamUnreachable
from codevector_daemon.gateway.http1.target import Origin


class Proxy(Struct, frozen=True):
    """An HTTP proxy, with the header line that logs in to it. Not shown in full anywhere: it holds a secret."""

    origin: Origin
    authorization: tuple[tuple[bytes, bytes], ...] = ()

    def __repr__(self) -> str:
        return f"Proxy({self.origin})"


class ProxyChoice(Protocol):
    """Says which proxy calls go through."""

    def proxy_for(self, origin: Origin) -> Proxy | None:
        """Return the proxy to go through; raises UpstreamUnreachable for one we cannot use."""


class OneProxy:
    """A provider's own proxy: every call to it goes through, to loopback too."""

    def __init__(self, url: str) -> None:
        self._url = url

    def proxy_for(self, origin: Origin) -> Proxy | None:
        """Return the proxy, whatever the origin."""
        del origin
        return _proxy(self._url)


class Proxies:
    """The proxies of one environment; lower-case names win, as everywhere else."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._plain = _setting(environ, "http_proxy") or _setting(environ, "all_proxy")
        self._secure = _setting(environ, "https_proxy") or _setting(environ, "all_proxy")
        self._except = [each.strip().lower() for each in _setting(environ, "no_proxy").split(",") if each.strip()]

    def proxy_for(self, origin: Origin) -> Proxy | None:
        """Return the proxy to go through; never one for loopback. Raises UpstreamUnreachable for one we cannot use."""
        url = self._secure if origin.secure else self._plain
        if not url or is_loopback(origin.host) or any(_covers(rule, origin) for rule in self._except):
            return None
        return _proxy(url)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _setting(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()


def _covers(rule: str, origin: Origin) -> bool:
    if rule == "*":
        return True
    try:
        return ip_address(origin.host) in ip_network(rule.strip("[]"), strict=False)
    except ValueError:
        pass
    name, _, port = rule.partition(":")
    if port and port != str(origin.port):
        return False
    name = name.removeprefix("*").removeprefix(".")
    return bool(name) and (origin.host == name or origin.host.endswith(f".{name}"))


def _proxy(url: str) -> Proxy:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise UpstreamUnreachable("The proxy in the environment is no http:// or https:// address; correct or unset it")
    secure = parts.scheme == "https"
    origin = Origin(secure, parts.hostname, port or (443 if secure else 80))
    if parts.username is None:
        return Proxy(origin)
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(origin, ((b"Proxy-Authorization", b"Basic " + base64.b64encode(login.encode())),))
