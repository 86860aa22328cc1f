"""Checksummed frames in one byte string: what a spool file is made of. No I/O.

A frame is ``CVF1``, the payload's length and CRC-32 (both 32 bits, big endian), and the payload.
"""

import struct
import zlib
from dataclasses import dataclass

MAGIC = b"CVF1"
_HEAD = struct.Struct(">4sII")
OVERHEAD = _HEAD.size


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found: whole frames in order, how many stretches between them are damaged, and what trails."""

    payloads: tuple[bytes, ...]
    damaged: int
    torn: bool
    """The last frame was not finished: the process died before anybody was told that it is safe."""


def frame(payload: bytes) -> bytes:
    """Return a payload as a frame."""
    return _HEAD.pack(MAGIC, len(payload), zlib.crc32(payload)) + payload


def scan(data: bytes) -> Scan:
    """Read every frame that is whole, and step over what is not; the zeros of reserved space end the file."""
    payloads: list[bytes] = []
    damaged = at = 0
    while True:
        payload = _frame_at(data, at)
        if payload is None:
            following = _next_frame(data, at + 1)
            if following < 0:
                return Scan(tuple(payloads), damaged, torn=bool(data[at:].strip(b"\0")))
            damaged += 1
            at = following
            continue
        payloads.append(payload)
        at += OVERHEAD + len(payload)


def _frame_at(data: bytes, at: int) -> bytes | None:
    if len(data) - at < OVERHEAD:
        return None
    magic, length, checksum = _HEAD.unpack_from(data, at)
    payload = data[at + OVERHEAD : at + OVERHEAD + length]
    if magic != MAGIC or len(payload) != length or zlib.crc32(payload) != checksum:
        return None
    return payload


def _next_frame(data: bytes, since: int) -> int:
    """Return where the next whole frame starts, or -1."""
    at = data.find(MAGIC, since)
    while at >= 0 and _frame_at(data, at) is None:
        at = data.find(MAGIC, at + 1)
    return at
