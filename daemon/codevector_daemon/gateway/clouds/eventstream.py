"""AWS's binary event stream, read into the server-sent events of the Messages protocol. Pure.

A message is 12 bytes of prelude (its length, the length of its headers, CRC-32 of both), headers, a payload and the
CRC-32 of all before it (smithy.io/2.0/aws/amazon-eventstream.html). Bedrock's ``chunk`` events hold
``{"bytes": "<base64 of one Messages event>"}``; an exception is told as the protocol's own ``error`` event.
"""

import base64
import binascii
import struct
import zlib
from typing import Final

import msgspec
from msgspec import Struct

_PRELUDE: Final = struct.Struct(">III")
_CRC: Final = struct.Struct(">I")
_LENGTH: Final = struct.Struct(">H")
_OVERHEAD: Final = _PRELUDE.size + _CRC.size
_LARGEST: Final = 24 * 1024 * 1024
"""AWS allows 16 MiB of payload and 128 KiB of headers."""
_TEXT: Final = 7
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type; 6 (bytes) and 7 (text) say their own."""
_SAID: Final = {
    "throttlingException": "rate_limit_error",
    "validationException": "invalid_request_error",
    "serviceUnavailableException": "overloaded_error",
    "modelTimeoutException": "timeout_error",
}


class BadFrame(ValueError):
    """The bytes are no event stream: a length or a checksum does not fit."""


class Message(Struct, frozen=True):
    """One message: its headers that are text, and its payload."""

    headers: dict[str, str]
    payload: bytes


class _Chunk(Struct, frozen=True):
    """The payload of a ``chunk`` event."""

    bytes: str


class _Typed(Struct, frozen=True):
    """What names an event of the Messages protocol."""

    type: str


class _Exception(Struct, frozen=True):
    """The payload of an exception."""

    message: str = ""


class FrameReader:
    """Takes bytes as they come and gives out whole messages. Owned by the one answer that it reads."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def pending(self) -> bool:
        """Tell whether a message was begun and is not whole: the stream was cut there."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that are whole now; raises BadFrame."""
        self._held += data
        found: list[Message] = []
        while (size := self._size()) is not None and len(self._held) >= size:
            found.append(_message(bytes(self._held[:size])))
            del self._held[:size]
        return found

    def _size(self) -> int | None:
        if len(self._held) < _PRELUDE.size:
            return None
        total, headers, checksum = _PRELUDE.unpack_from(self._held)
        if zlib.crc32(self._held[: _PRELUDE.size - _CRC.size]) != checksum:
            raise BadFrame("the prelude's checksum does not fit")
        if not _OVERHEAD + headers <= total <= _LARGEST:
            raise BadFrame("the lengths do not fit")
        return int(total)


def as_events(message: Message) -> bytes:
    """Return what a message is as server-sent events; nothing for one that holds no event."""
    kind = message.headers.get(":message-type", "event")
    if kind != "event":
        return _error(message)
    if message.headers.get(":event-type") != "chunk":
        return b""
    try:
        data = base64.b64decode(msgspec.json.decode(message.payload, type=_Chunk).bytes, validate=True)
        name = msgspec.json.decode(data, type=_Typed).type
    except (msgspec.MsgspecError, UnicodeDecodeError, binascii.Error) as bad:
        raise BadFrame("a chunk holds no event") from bad
    one_line = b" ".join(data.splitlines())
    return b"event: %b\ndata: %b\n\n" % (_word(name), one_line)


def _message(frame: bytes) -> Message:
    (checksum,) = _CRC.unpack_from(frame, len(frame) - _CRC.size)
    if zlib.crc32(frame[: -_CRC.size]) != checksum:
        raise BadFrame("a message's checksum does not fit")
    _, headers, _ = _PRELUDE.unpack_from(frame)
    begin = _PRELUDE.size + headers
    return Message(_headers(frame[_PRELUDE.size : begin]), frame[begin : -_CRC.size])


def _headers(block: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(block):
            name = block[at + 1 : at + 1 + block[at]].decode()
            at += 1 + block[at]
            kind = block[at]
            at += 1
            size = _SIZES.get(kind)
            if size is None:
                (size,) = _LENGTH.unpack_from(block, at)
                at += _LENGTH.size
            if kind == _TEXT:
                found[name] = block[at : at + size].decode()
            at += size
    except (IndexError, struct.error, UnicodeDecodeError) as bad:
        raise BadFrame("the headers cannot be read") from bad
    if at != len(block):
        raise BadFrame("the headers are cut")
    return found


def _error(message: Message) -> bytes:
    """Return an exception as the protocol's error event."""
    name = message.headers.get(":exception-type") or message.headers.get(":error-code") or "error"
    said = message.headers.get(":error-message", "")
    try:
        said = msgspec.json.decode(message.payload, type=_Exception).message or said
    except (msgspec.MsgspecError, UnicodeDecodeError):
        said = said or "the stream broke off"
    error = {"type": "error", "error": {"type": _SAID.get(name, "api_error"), "message": f"{name}: {said}"}}
    return b"event: error\ndata: %b\n\n" % msgspec.json.encode(error)


def _word(name: str) -> bytes:
    if not name.replace("_", "").isalnum():
        raise BadFrame("an event's name is no word")
    return name.encode()
