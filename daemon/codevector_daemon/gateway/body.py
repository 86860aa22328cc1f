"""Reading a request's body: whole, bounded, and decoded from its content coding."""

import asyncio
import zlib
from typing import Protocol

import brotli
import zstandard

from codevector_daemon.errors import Refused
from codevector_daemon.gateway.client import Receive
from codevector_daemon.gateway.headers import HeaderMap

IN_A_THREAD_FROM = 128 * 1024
"""Coded bytes above which decoding leaves the event loop (measured: gzip unpacks about 250 MB/s here)."""
ZSTD_STEP = 1024
INFLATE_STEP = 4096
"""What follows a member is copied at its end, and there may be very many members in one body."""
DRAIN_S = 5.0
"""How long a refused body is read on, so that the client sees the answer and not a reset."""


class ClientLeft(Exception):
    """The client closed the connection before its request was complete."""


class Incoming:
    """A request's body on its way in; owned by the task that serves the request."""

    def __init__(self, receive: Receive, headers: HeaderMap) -> None:
        self._receive = receive
        self._headers = headers
        self._over = False

    async def read(self, limit: int) -> bytes:
        """Return the decoded body; raises Refused with 413, 415 or 400, or ClientLeft."""
        declared = self._headers.text(b"content-length")
        if declared is not None and declared.isdigit() and int(declared) > limit:
            raise _too_large(limit)
        coded = await self._whole(limit)
        coding = (self._headers.text(b"content-encoding") or "identity").strip().lower()
        if coding in {"", "identity"}:
            return coded
        if len(coded) < IN_A_THREAD_FROM:
            return _decode(coded, coding, limit)
        return await asyncio.to_thread(_decode, coded, coding, limit)

    async def drain(self) -> None:
        """Read what the client still sends, for a while, and throw it away: else it sees a reset, not the answer."""
        try:
            async with asyncio.timeout(DRAIN_S):
                while not self._over:
                    await self._piece()
        except (TimeoutError, ClientLeft, Refused):
            return

    async def _whole(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while not self._over:
            piece = await self._piece()
            size += len(piece)
            pieces.append(piece)
            if size > limit:
                raise _too_large(limit)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _piece(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._over = True
            raise ClientLeft
        self._over = not message.get("more_body", False)
        if message.get("malformed"):
            raise Refused(
                400,
                "invalid_request_error",
                "malformed_request",
                "The request's body is not framed as its head says.",
            )
        piece: bytes = message.get("body", b"")
        return piece


def _decode(coded: bytes, coding: str, limit: int) -> bytes:
    """Undo the codings of Content-Encoding, the last one first."""
    for name in reversed(coding.split(",")):
        decoder = _DECODERS.get(name.strip())
        if decoder is None:
            raise Refused(
                415,
                "invalid_request_error",
                "unknown_content_encoding",
                "The request's Content-Encoding is not known; send it plain or as gzip, deflate, br or zstd.",
            )
        try:
            coded = decoder(coded, limit + 1)
        except (zlib.error, brotli.error, zstandard.ZstdError, EOFError) as error:
            raise Refused(
                400,
                "invalid_request_error",
                "broken_content_encoding",
                f"The request's body is not valid {name.strip()}.",
            ) from error
        if len(coded) > limit:
            raise _too_large(limit)
    return coded


class _Decoder(Protocol):
    def __call__(self, coded: bytes, most: int) -> bytes: ...


def _gzip(coded: bytes, most: int) -> bytes:
    return _inflate(coded, most, zlib.MAX_WBITS | 16)


def _deflate(coded: bytes, most: int) -> bytes:
    try:
        return _inflate(coded, most, zlib.MAX_WBITS)
    except zlib.error:
        return _inflate(coded, most, -zlib.MAX_WBITS)  # many send raw deflate under this name


def _inflate(coded: bytes, most: int, window: int) -> bytes:
    """Inflate every member of a stream (RFC 1952 lets gzip have several), up to ``most`` bytes."""
    pieces: list[bytes] = []
    at = size = 0
    decoder = zlib.decompressobj(window)
    while at < len(coded) and size < most:
        if decoder.eof:
            decoder = zlib.decompressobj(window)
        step = memoryview(coded)[at : at + INFLATE_STEP]
        piece = decoder.decompress(step, most - size)
        at += len(step) - len(decoder.unused_data) - len(decoder.unconsumed_tail)
        size += len(piece)
        pieces.append(piece)
    if coded and size < most and not decoder.eof:
        raise EOFError
    return b"".join(pieces)


def _br(coded: bytes, most: int) -> bytes:
    decoder = brotli.Decompressor()
    decoded: bytes = decoder.process(coded, output_buffer_limit=most)
    if len(decoded) < most and not decoder.is_finished():
        raise EOFError
    return decoded


def _zstd(coded: bytes, most: int) -> bytes:
    """Decode in small steps: four coded bytes may stand for 128 KiB, and the decoder itself knows no limit."""
    decoder = zstandard.ZstdDecompressor().decompressobj(read_across_frames=False)
    pieces: list[bytes] = []
    size = 0
    for start in range(0, len(coded), ZSTD_STEP):
        piece = decoder.decompress(coded[start : start + ZSTD_STEP])
        size += len(piece)
        pieces.append(piece)
        if size >= most:
            return b"".join(pieces)
        if decoder.eof:
            break
    if not decoder.eof:
        raise EOFError
    return b"".join(pieces)


_DECODERS: dict[str, _Decoder] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _br,
    "zstd": _zstd,
    "identity": lambda coded, most: coded[:most],
}


def _too_large(limit: int) -> Refused:
    return Refused(
        413,
        "request_too_large",
        "request_too_large",
        f"The request's body is larger than {limit} bytes, decoded; max_body_bytes sets the limit.",
    )
