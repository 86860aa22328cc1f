"""Writing AWS's binary event stream."""

import base64
import json
import struct
import zlib
from collections.abc import Mapping


def frame(headers: Mapping[str, str], payload: bytes, *, more: bytes = b"") -> bytes:
    """Return one message; ``more`` are header bytes as they stand."""
    block = more + b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + block + payload
    return body + struct.pack(">I", zlib.crc32(body))


def chunk(event: object) -> bytes:
    """Return one event of the Messages protocol as Bedrock sends it."""
    payload = json.dumps({"bytes": base64.b64encode(json.dumps(event).encode()).decode(), "p": "abcdefgh"})
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, payload.encode())
