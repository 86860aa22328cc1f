"""The size in pixels of a picture that a prompt carries inline, read from the first bytes of its file."""

import base64
import binascii
import struct

from codevector_daemon.dialects.base import Image

_HEAD_BASE64 = 128 * 1024
"""Base64 characters looked at: a JPEG's size may stand behind its embedded preview and profile."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_in_data_url(url: str, detail: str) -> Image:
    """Read a ``data:`` URL; any other address gives a picture of unknown size."""
    head, comma, data = url[: _HEAD_BASE64 + 256].partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return Image(detail=detail)
    return image_in_base64(data, detail)


def image_in_base64(data: str, detail: str) -> Image:
    """Read the beginning of a picture's file."""
    try:
        head = base64.b64decode(data[: min(_HEAD_BASE64, len(data)) // 4 * 4])
        width, height = _size(head)
    except (binascii.Error, ValueError, struct.error, IndexError):
        return Image(detail=detail)
    return Image(width=width, height=height, detail=detail)


def _size(head: bytes) -> tuple[int, int]:
    if head.startswith(_PNG):
        return _two(">II", head, 16)
    if head[:3] == b"GIF":
        return _two("<HH", head, 6)
    if head[:2] == b"\xff\xd8":
        return _jpeg(head)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp(head)
    return 0, 0


def _two(form: str, data: bytes, at: int) -> tuple[int, int]:
    first, second = struct.unpack_from(form, data, at)
    return int(first), int(second)


def _jpeg(head: bytes) -> tuple[int, int]:
    """Walk the segments to the frame header."""
    at = 2
    while head[at] == 0xFF:  # noqa: PLR2004 - every marker starts with it
        marker = head[at + 1]
        if marker in _JPEG_FRAMES:
            height, width = _two(">HH", head, at + 5)
            return width, height
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return 0, 0


def _webp(head: bytes) -> tuple[int, int]:
    form = head[12:16]
    if form == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if form == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = _two("<HH", head, 26)
    return width & 0x3FFF, height & 0x3FFF
