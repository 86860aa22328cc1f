"""The connection to a daemon's control API, and what can go wrong with it."""

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from codevector_shared.protocol import API, Failure

T = TypeVar("T")

_LIMITS: Final = httpx.Timeout(60, connect=5)
_PATIENCE: Final = httpx.Timeout(3600, connect=5)
"""For what has to read or write the whole database first."""
_SILENCE: Final = httpx.Timeout(10, connect=5)
"""The live stream says something every 2 s; five missed beats are an end."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class ControlError(Exception):
    """The daemon refused, or what answered is none; ``code`` is stable, ``hint`` says what to do."""

    def __init__(self, code: str, message: str, hint: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.status = status


class NotRunning(ControlError):
    """No daemon answers there."""

    def __init__(self, message: str, hint: str | None = "Start it with: codevector up") -> None:
        super().__init__("not_running", message, hint)


Query = Mapping[str, str | int | bool | None]
"""What to ask for; ``None`` and ``False`` are left out."""


class Connection:
    """One daemon, over its Unix socket or over its gateway's address with a key."""

    def __init__(self, http: httpx.AsyncClient, place: str) -> None:
        self._http = http
        self._place = place

    @classmethod
    def over_socket(cls, socket: Path) -> "Connection":
        """Talk over a Unix socket."""
        transport = httpx.AsyncHTTPTransport(uds=str(socket), verify=False)  # there is no TLS on a socket
        return cls(httpx.AsyncClient(transport=transport, base_url="http://codevector", timeout=_LIMITS), str(socket))

    @classmethod
    def over_tcp(cls, url: str, key: str | None) -> "Connection":
        """Talk to a gateway's address with a key; raises ControlError when either cannot be used."""
        return cls(_over_tcp(url, key), url)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        body: msgspec.Struct | None = None,
        query: Query | None = None,
        patient: bool = False,
    ) -> T:
        """Make one call and decode its answer; raises ControlError and NotRunning."""
        content = await self.send(method, path, body=body, query=query, patient=patient)
        try:
            return msgspec.json.decode(content, type=answer)
        except msgspec.DecodeError as bad:
            raise _no_daemon(self._place) from bad

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: msgspec.Struct | None = None,
        query: Query | None = None,
        patient: bool = False,
    ) -> bytes:
        """Make one call, ``patient`` for what takes minutes; raises ControlError and NotRunning."""
        try:
            answer = await self._http.request(
                method,
                API + path,
                params=_asked(query),
                timeout=_PATIENCE if patient else _LIMITS,
                content=None if body is None else msgspec.json.encode(body),
                headers={} if body is None else {"content-type": "application/json"},
            )
        except httpx.TransportError as lost:
            raise _lost(lost, self._place) from lost
        if not answer.is_success:
            raise _refusal(answer.status_code, answer.content, self._place)
        return answer.content

    async def chunks(self, path: str, query: Query | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the body of a long answer as it comes; raises ControlError and NotRunning, also where it breaks off."""
        try:
            async with self._http.stream("GET", API + path, params=_asked(query), timeout=_PATIENCE) as answer:
                if not answer.is_success:
                    raise _refusal(answer.status_code, await answer.aread(), self._place)
                async for chunk in answer.aiter_bytes():
                    yield chunk
        except httpx.TransportError as lost:
            raise _lost(lost, self._place) from lost

    async def lines(self, path: str, decoder: msgspec.json.Decoder[T]) -> AsyncGenerator[T, None]:
        """Yield the documents of a stream, one a line; raises ControlError and NotRunning."""
        try:
            async with self._http.stream("GET", API + path, timeout=_SILENCE) as answer:
                if not answer.is_success:
                    raise _refusal(answer.status_code, await answer.aread(), self._place)
                rest = b""
                async for chunk in answer.aiter_bytes():
                    *whole, rest = (rest + chunk).split(b"\n")
                    for line in whole:
                        yield decoder.decode(line)
        except httpx.TransportError as lost:
            raise _lost(lost, self._place) from lost
        except msgspec.DecodeError as bad:
            raise _no_daemon(self._place) from bad


def _over_tcp(url: str, key: str | None) -> httpx.AsyncClient:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ControlError(
            "invalid_url", "CODEVECTOR_URL is no address of a gateway", "It looks like https://gateway.example.com."
        )
    if not key or not key.isascii() or not key.isprintable():
        raise ControlError(
            "invalid_key",
            "CODEVECTOR_URL is set, but CODEVECTOR_KEY holds no gateway key",
            "Set it to a key (cv_…) of that gateway.",
        )
    return httpx.AsyncClient(
        base_url=url.rstrip("/"),
        headers={"authorization": f"Bearer {key}"},
        timeout=_LIMITS,
        trust_env=parts.hostname not in _LOOPBACK,
    )


def _asked(query: Query | None) -> dict[str, str]:
    return {name: _text(value) for name, value in (query or {}).items() if value is not None and value is not False}


def _text(value: str | int) -> str:
    return "true" if value is True else str(value)


def _refusal(status: int, content: bytes, place: str) -> ControlError:
    try:
        problem = msgspec.json.decode(content, type=Failure).error
    except msgspec.DecodeError:
        return _no_daemon(place, status)
    return ControlError(problem.code, problem.message, problem.hint, status)


def _no_daemon(place: str, status: int | None = None) -> ControlError:
    said = "what answers there is no CodeVector daemon of this version"
    return ControlError("bad_answer", f"{place}: {said}", "Check the address, or update both sides.", status)


def _lost(error: httpx.TransportError, place: str) -> ControlError:
    """Say what became of the connection, in the words of its cause."""
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return NotRunning(
            f"the daemon at {place} does not answer", "Look at its log, or start it anew: codevector down"
        )
    if any(isinstance(cause, PermissionError) for cause in _causes(error)):
        return NotRunning(
            f"the control socket {place} may not be opened by this user",
            "Run as the user of the daemon, or join the group that owns the socket.",
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return NotRunning(f"no daemon is running at {place}")
    return NotRunning(f"the daemon at {place} closed the connection")


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
