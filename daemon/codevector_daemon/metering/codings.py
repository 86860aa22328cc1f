"""Undoing content codings piece by piece, on a copy of what passes through."""

import zlib
from typing import Final, Protocol

import brotli
import zstandard

MOST_PER_FEED: Final = 64 * 1024 * 1024
"""One chunk that unpacks to more than this is no answer but an attack."""

_ZSTD_PIECE = 1024
"""zstandard cannot bound its output, but 1 KiB of input can hold at most 256 blocks of 128 KiB."""


class CodingBroken(ValueError):
    """The bytes are not what the content coding says."""


class Decoder(Protocol):
    """Undoes one coding."""

    def feed(self, data: bytes) -> bytes:
        """Take the next coded bytes and return what they decode to by now; raises CodingBroken."""


class _Inflate:
    """gzip (members one after the other) and deflate, with the zlib wrapper of the standard or without."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._inflate = zlib.decompressobj(wbits)
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        try:
            return self._feed(data)
        except zlib.error as error:
            raise CodingBroken(str(error)) from error

    def _feed(self, data: bytes) -> bytes:
        out = b""
        while data:
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(self._wbits)
            out += self._some(data)
            if self._inflate.unconsumed_tail:
                raise CodingBroken(f"more than {MOST_PER_FEED} bytes in one piece")
            data = self._inflate.unused_data
        return out

    def _some(self, data: bytes) -> bytes:
        try:
            out = self._inflate.decompress(data, MOST_PER_FEED)
        except zlib.error:
            if self._begun or self._wbits != zlib.MAX_WBITS:
                raise
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            out = self._inflate.decompress(data, MOST_PER_FEED)
        self._begun = True
        return out


class _Brotli:
    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()

    def feed(self, data: bytes) -> bytes:
        try:
            out: bytes = self._decoder.process(data, output_buffer_limit=MOST_PER_FEED)
        except brotli.error as error:
            raise CodingBroken(str(error)) from error
        if not self._decoder.can_accept_more_data():
            raise CodingBroken(f"more than {MOST_PER_FEED} bytes in one piece")
        return out


class _Zstd:
    def __init__(self) -> None:
        self._decoder = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)

    def feed(self, data: bytes) -> bytes:
        parts, size = [], 0
        try:
            for start in range(0, len(data), _ZSTD_PIECE):
                parts.append(self._decoder.decompress(data[start : start + _ZSTD_PIECE]))
                size += len(parts[-1])
                if size > MOST_PER_FEED:
                    raise CodingBroken(f"more than {MOST_PER_FEED} bytes in one piece")
        except zstandard.ZstdError as error:
            raise CodingBroken(str(error)) from error
        return b"".join(parts)


class _Chain:
    """Several codings, undone from the last to the first."""

    def __init__(self, decoders: list[Decoder]) -> None:
        self._decoders = decoders

    def feed(self, data: bytes) -> bytes:
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
            return _Inflate(zlib.MAX_WBITS)
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstd()
        case _:
            raise CodingBroken(f"unknown content coding {name[:32]!r}")
