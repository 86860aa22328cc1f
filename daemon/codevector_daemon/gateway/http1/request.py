"""Writing a request: the caller's header lines as they are, the framing ours alone."""

import re

from codevector_daemon.errors import UpstreamUnreachable
from codevector_daemon.gateway.upstream import Headers, UpstreamRequest

_FIELDS = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [^\x00\r\n]*\r\n)*")
_METHOD = re.compile(r"[A-Z]{1,32}")
_WITH_BODY = frozenset(("POST", "PUT", "PATCH"))


def request_head(request: UpstreamRequest, path: bytes, authority: bytes, extra: Headers = ()) -> bytes:
    """Return the request line and header lines.

    ``Host`` is added in front unless the caller gave one. ``Content-Length`` always states the length of the body:
    a line of the caller's keeps its place and spelling, ``Transfer-Encoding`` is left out.
    """
    lines: list[tuple[bytes, bytes]] = []
    has_host = has_length = False
    for name, value in request.headers:
        lower = name.lower()
        if lower == b"content-length":
            if not has_length:
                lines.append((name, b"%d" % len(request.body)))
            has_length = True
        elif lower != b"transfer-encoding":
            has_host = has_host or lower == b"host"
            lines.append((name, value))
    if not has_host:
        lines.insert(0, (b"Host", authority))
    if not has_length and (request.body or request.method in _WITH_BODY):
        lines.append((b"Content-Length", b"%d" % len(request.body)))
    lines.extend(extra)
    return _checked(request.method, path, lines)


def _checked(method: str, path: bytes, lines: list[tuple[bytes, bytes]]) -> bytes:
    fields = b"".join([b"%b: %b\r\n" % line for line in lines])
    if not _METHOD.fullmatch(method) or not _FIELDS.fullmatch(fields) or fields.count(b"\r\n") != len(lines):
        raise UpstreamUnreachable("A header for the provider holds a line break; look at the stored credential")
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (method.encode(), path, fields)
