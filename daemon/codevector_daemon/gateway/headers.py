"""Header lines on their way through: what is read, what goes on, and what stays behind."""

from collections.abc import Iterable

from codevector_daemon.gateway.upstream import Headers

Lines = list[tuple[bytes, bytes]]

READABLE_CODINGS = frozenset({b"gzip", b"deflate", b"br", b"zstd", b"identity"})
"""The content codings whose answers can be metered."""

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key"})
_STAYS_HERE = _HOP_BY_HOP | {
    b"host",
    b"content-encoding",
    b"expect",
    b"x-client-app",
    b"x-project",
    b"x-codevector-key",
}


TRANSLATED: Headers = ((b"content-type", b"application/json"), (b"accept-encoding", b"identity"))
"""What a request in another dialect than the client's carries, beside what that dialect asks for."""


class HeaderMap:
    """The request's header lines, looked up by lower-case name; the first of several wins."""

    __slots__ = ("_first", "lines")

    def __init__(self, lines: Iterable[tuple[bytes, bytes]]) -> None:
        self.lines: Headers = tuple(lines)
        self._first: dict[bytes, bytes] = {}
        for name, value in self.lines:
            self._first.setdefault(name.lower(), value)

    def get(self, name: bytes) -> bytes | None:
        """Return the value's bytes."""
        return self._first.get(name)

    def text(self, name: bytes) -> str | None:
        """Return the value as text, UTF-8 where it is, else Latin-1."""
        value = self._first.get(name)
        if value is None:
            return None
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")


def outgoing(headers: HeaderMap, credential: Headers, *, own_login: bool, plain: bool) -> Headers:
    """Return the lines for upstream, in the client's order and spelling.

    ``plain`` asks for an answer without content coding, because events of it may have to be taken out.
    """
    left_out = _STAYS_HERE | _named_by_connection(headers)
    if not own_login:
        left_out |= CREDENTIALS
    lines = [_line(line, plain=plain) for line in headers.lines if line[0].lower() not in left_out]
    if plain and headers.get(b"accept-encoding") is None:
        lines.append((b"Accept-Encoding", b"identity"))
    return (*lines, *credential)


def with_settings(lines: Headers, settings: Headers) -> Headers:
    """Return the lines with those that the provider's settings put in place of the client's."""
    if not settings:
        return lines
    names = {name.lower() for name, _ in settings}
    return (*(line for line in lines if line[0].lower() not in names), *settings)


def incoming_translated(lines: Headers, request_id: bytes, content_type: bytes, dropped: tuple[str, ...]) -> Lines:
    """Return the lines for an answer that was translated, with what of the request could not be carried."""
    kept = [
        line
        for line in incoming(lines, request_id, drop_coding=True)
        if line[0].lower() not in {b"content-type", b"x-codevector-dropped"}
    ]
    if dropped:
        kept.append((b"x-codevector-dropped", ", ".join(dropped).encode()))
    return [*kept, (b"content-type", content_type)]


def incoming(lines: Headers, request_id: bytes, *, drop_length: bool = False, drop_coding: bool = False) -> Lines:
    """Return the lines of the provider's answer for the client, with what the gateway changed of it left out."""
    left_out = _HOP_BY_HOP | _named_by_connection(HeaderMap(lines)) | {b"x-codevector-request-id"}
    if drop_length or drop_coding:
        left_out |= {b"content-length"}
    if drop_coding:
        left_out |= {b"content-encoding"}
    kept = [line for line in lines if line[0].lower() not in left_out]
    kept.append((b"x-codevector-request-id", request_id))
    return kept


def _line(line: tuple[bytes, bytes], *, plain: bool) -> tuple[bytes, bytes]:
    """Keep of Accept-Encoding what can be metered; every other line goes on as it is."""
    name, value = line
    if name.lower() != b"accept-encoding":
        return line
    if plain:
        return name, b"identity"
    known = [part.strip() for part in value.split(b",") if part.split(b";")[0].strip().lower() in READABLE_CODINGS]
    return name, b", ".join(known) or b"identity"


def _named_by_connection(headers: HeaderMap) -> frozenset[bytes]:
    value = headers.get(b"connection")
    if value is None:
        return frozenset()
    return frozenset(token.strip().lower() for token in value.split(b","))
