"""Undoing content codings piece by piece, on a copy of what passes through."""

import zlib
from typing import Final, Protocol

import brotli
import zstandard

MOST_PER_FEED: Final = 64 * 1024 * 1024
"""One chunk that unpacks to more than this is no answer but an attack."""

TOO_MUCH: Final = f"one piece unpacks to more than {MOST_PER_FEED} bytes"

_ZLIB_HEADER_BYTES: Final = 2
_ZSTD_PIECE: Final = 1024
"""zstandard cannot bound its output, but 1 KiB of input can hold at most 256 blocks of 128 KiB."""


class CodingBroken(ValueError):
    """The bytes are not what the content coding says."""


class Decoder(Protocol):
    """Undoes one coding."""

    def feed(self, data: bytes) -> bytes:
        """Take the next coded bytes and return what they decode to by now; raises CodingBroken."""


class _Inflate:
    """gzip and zlib data, one member after the other."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._inflate = zlib.decompressobj(wbits)

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes."""
        out = b""
        try:
            while data:
                if self._inflate.eof:
                    self._inflate = zlib.decompressobj(self._wbits)
                out += self._inflate.decompress(data, MOST_PER_FEED)
                if self._inflate.unconsumed_tail or len(out) > MOST_PER_FEED:
                    raise CodingBroken(TOO_MUCH)
                data = self._inflate.unused_data
        except zlib.error as error:
            raise CodingBroken(str(error)) from error
        return out


class _Deflate:
    """What "deflate" means in the standard (zlib data) and what some servers send for it (without zlib's header)."""

    def __init__(self) -> None:
        self._begin = b""
        self._inflate: _Inflate | None = None

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes; the first two show which of the two it is."""
        if self._inflate is None:
            self._begin += data
            if len(self._begin) < _ZLIB_HEADER_BYTES:
                return b""
            data = self._begin
            has_header = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0
            self._inflate = _Inflate(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        return self._inflate.feed(data)


class _Brotli:
    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes."""
        try:
            out: bytes = self._decoder.process(data, output_buffer_limit=MOST_PER_FEED)
        except brotli.error as error:
            raise CodingBroken(str(error)) from error
        if not self._decoder.can_accept_more_data():
            raise CodingBroken(TOO_MUCH)
        return out


class _Zstd:
    def __init__(self) -> None:
        self._decoder = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes."""
        parts, size = [], 0
        try:
            for start in range(0, len(data), _ZSTD_PIECE):
                parts.append(self._decoder.decompress(data[start : start + _ZSTD_PIECE]))
                size += len(parts[-1])
                if size > MOST_PER_FEED:
                    raise CodingBroken(TOO_MUCH)
        except zstandard.ZstdError as error:
            raise CodingBroken(str(error)) from error
        return b"".join(parts)


class _Chain:
    """Several codings, undone from the last to the first."""

    def __init__(self, decoders: list[Decoder]) -> None:
        self._decoders = decoders

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes."""
        for decoder in self._decoders:
            data = decoder.feed(data)
        return data


def decoder_for(content_encoding: str | None) -> Decoder | None:
    """Return what undoes a Content-Encoding, None for none at all; raises CodingBroken for an unknown one."""
    names = [name.strip().lower() for name in (content_encoding or "").split(",")]
    decoders = [_one(name) for name in reversed(names) if name not in {"", "identity"}]
    if not decoders:
        return None
    return decoders[0] if len(decoders) == 1 else _Chain(decoders)


def _one(name: str) -> Decoder:
    match name:
        case "gzip" | "x-gzip":
            return _Inflate(zlib.MAX_WBITS | 16)
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstd()
        case _:
            raise CodingBroken(f"unknown content coding {name[:32]!r}")
