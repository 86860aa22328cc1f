"""Content codings, applied to an answer piece by piece so that each piece can be read as soon as it arrives."""

import zlib
from collections.abc import Callable
from dataclasses import replace

import brotli
import zstandard

from support.script import Answer, Send, Step

SDK_CODINGS = ("gzip", "deflate", "br")
"""What the installed SDKs can decode."""
CODINGS = (*SDK_CODINGS, "zstd")


def _encoder(coding: str) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    """Return how a piece is coded and flushed, and how the whole is ended."""
    if coding == "br":
        brotlied = brotli.Compressor()
        return lambda data: brotlied.process(data) + brotlied.flush(), brotlied.finish
    if coding == "zstd":
        zstd = zstandard.ZstdCompressor().compressobj()
        block = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        return lambda data: zstd.compress(data) + zstd.flush(block), zstd.flush
    zipped = zlib.compressobj(wbits=31 if coding == "gzip" else 15)
    return lambda data: zipped.compress(data) + zipped.flush(zlib.Z_SYNC_FLUSH), zipped.flush


def coded(answer: Answer, coding: str) -> Answer:
    """Return the answer under a content coding."""
    encode, finish = _encoder(coding)
    steps: list[Step] = [Send(encode(step.data)) if isinstance(step, Send) else step for step in answer.steps]
    last = max(index for index, step in enumerate(steps) if isinstance(step, Send))
    final = steps[last]
    assert isinstance(final, Send)
    steps[last] = Send(final.data + finish())
    return replace(answer, steps=tuple(steps), headers=(*answer.headers, ("content-encoding", coding)))


def encode(data: bytes, coding: str) -> bytes:
    """Return bytes under a content coding, in one piece."""
    return coded(Answer((Send(data),)), coding).body


def decoder(coding: str) -> Callable[[bytes], bytes]:
    """Return a function that takes a coded answer piece by piece and returns what can be read by then."""
    if coding == "br":
        brotlied = brotli.Decompressor()
        return lambda data: bytes(brotlied.process(data))
    if coding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress
    return zlib.decompressobj(wbits=31 if coding == "gzip" else 15).decompress
