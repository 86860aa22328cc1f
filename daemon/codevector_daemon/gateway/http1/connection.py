"""One connection to a provider: one exchange at a time, bounded in both directions."""

import asyncio
import select
from collections.abc import Callable
from typing import cast

from codevector_daemon.errors import UpstreamBroken, UpstreamError, UpstreamTimeout
from codevector_daemon.gateway.http1.answer import AnswerReader
from codevector_daemon.gateway.http1.errors import BadAnswer
from codevector_daemon.gateway.http1.target import Origin

UNREAD_LIMIT = 256 * 1024
"""Body bytes kept for a slow reader before the provider is made to wait."""
_SLICE = 64 * 1024
_FIRST_ERROR = 400


class Connection(asyncio.Protocol):
    """Owns its transport. Sends one request, reads its answer, and can then serve the next."""

    def __init__(self, origin: Origin, on_lost: Callable[["Connection"], None]) -> None:
        self.origin = origin
        self.expires = 0.0
        """When an idle connection is too old, in the loop's time; the pool's to set."""
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._failure: UpstreamError | None = None
        self._pieces: list[bytes] = []
        self._unread = 0
        self._reading_paused = False
        self._unsent = memoryview(b"")
        self._writing_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self.lost: asyncio.Future[None] = self._loop.create_future()
        """Done when the transport is gone."""

    # -- what the transport says ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport (again after TLS was put on top of it)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read on; a provider that speaks unasked (a 408 before it closes) loses the connection."""
        reader = self._reader
        if reader is None or reader.ended:
            self.cut()
            return
        before = reader.status
        try:
            piece = reader.feed(data)
        except BadAnswer as error:
            self._fail(UpstreamBroken(f"{self.origin} sent a broken answer: {error}"))
            return
        if not before and reader.status >= _FIRST_ERROR:
            self._unsent = memoryview(b"")  # refused before the request was whole: the rest would be wasted
        if piece:
            self._pieces.append(piece)
            self._unread += len(piece)
            if self._unread > UNREAD_LIMIT:
                self._pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Take the provider's close as the end of an answer that has no other, else as a break."""
        reader = self._reader
        if reader is not None and not reader.ended and self._failure is None:
            try:
                reader.eof()
            except BadAnswer as error:
                self._fail(self._broken(error))
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the exchange that was going on."""
        reader = self._reader
        if reader is not None and not reader.ended and self._failure is None:
            if exc is None:
                self.eof_received()
            else:
                self._failure = self._broken(exc)
        if not self.lost.done():
            self.lost.set_result(None)
        self._wake()
        self._on_lost(self)

    def pause_writing(self) -> None:
        """Stop handing out the request's body."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """Go on with the request's body."""
        self._writing_paused = False
        self._pump()

    # -- an exchange ---------------------------------------------------------------------------------------------------

    async def exchange(self, method: str, head: bytes, body: bytes, first_byte_s: float) -> AnswerReader:
        """Send a request and wait for the head of its answer; raises UpstreamTimeout, UpstreamBroken."""
        self._reader = reader = AnswerReader(method)
        late = self._loop.call_later(first_byte_s, self._give_up, first_byte_s)
        try:
            self._write(head, body)
            while not reader.status:
                if self._failure is not None:
                    raise self._failure
                await self._wait()
        finally:
            late.cancel()
        return reader

    async def chunk(self) -> bytes:
        """Wait for more of the body; ``b""`` at its end. Raises UpstreamBroken, after all that did arrive was given."""
        while not self._pieces:
            if self._reader is None or self._reader.ended:
                return b""
            if self._failure is not None:
                raise self._failure
            await self._wait()
        pieces, self._pieces, self._unread = self._pieces, [], 0
        if self._reading_paused:
            self._resume_reading()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def finish(self) -> bool:
        """End the exchange; tells whether another may follow."""
        reader, self._reader = self._reader, None
        self._pieces, self._unread = [], 0
        fit = (
            reader is not None
            and reader.reusable
            and self._failure is None
            and not self._unsent
            and not self.transport.is_closing()
            and not self.transport.get_write_buffer_size()
        )
        if fit and self._reading_paused:
            self._resume_reading()
        return fit

    @property
    def keep_s(self) -> float | None:
        """For how long the provider keeps an idle connection, where it said so."""
        return None if self._reader is None else self._reader.keep_s

    # -- its life ------------------------------------------------------------------------------------------------------

    @property
    def transport(self) -> asyncio.Transport:
        """The transport; there is one from the first moment of use."""
        assert self._transport is not None
        return self._transport

    def is_stale(self) -> bool:
        """Whether the provider has closed an idle connection, or spoken on it, perhaps not yet noticed by the loop."""
        if self._transport is None or self._transport.is_closing():
            return True
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    @property
    def is_open(self) -> bool:
        """Whether there is a transport that is not yet gone."""
        return self._transport is not None and not self.lost.done()

    def cut(self) -> None:
        """Close at once, without waiting for anything unsent."""
        if self._failure is None:
            self._failure = UpstreamBroken(f"The call to {self.origin} was cut off")
        if self._transport is not None:
            self._transport.abort()

    # -- inside --------------------------------------------------------------------------------------------------------

    def _write(self, head: bytes, body: bytes) -> None:
        if len(body) <= _SLICE:
            self.transport.write(head + body)
            return
        self.transport.write(head)
        self._unsent = memoryview(body)
        self._pump()

    def _pump(self) -> None:
        while self._unsent and not self._writing_paused and not self.transport.is_closing():
            part, self._unsent = self._unsent[:_SLICE], self._unsent[_SLICE:]
            self.transport.write(part)

    def _give_up(self, first_byte_s: float) -> None:
        self._fail(UpstreamTimeout(f"{self.origin} sent no answer within {first_byte_s:g} s"))

    def _broken(self, cause: Exception) -> UpstreamBroken:
        reader = self._reader
        begun = reader is not None and reader.status
        what = "broke off in the middle of an answer" if begun else "closed the connection without an answer"
        error = UpstreamBroken(f"{self.origin} {what} ({cause})")
        error.__cause__ = cause
        return error

    def _fail(self, error: UpstreamError) -> None:
        self._failure = error
        self.cut()
        self._wake()

    def _pause_reading(self) -> None:
        if not self._reading_paused and not self.transport.is_closing():
            self._reading_paused = True
            self.transport.pause_reading()

    def _resume_reading(self) -> None:
        self._reading_paused = False
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
