"""What the first bytes of an answer say that it can be, whatever its head calls it."""

import json
from enum import Enum, auto
from typing import Final

UNREADABLE: Final = "unreadable_answer"
"""The class of an answer that is none: neither events nor a JSON document."""

MOST_BYTES: Final = 1024 * 1024
"""Up to this size every form of JSON that some client understands is looked for; beyond it the ends must do."""

LONGEST: Final = len(b"\xef\xbb\xbfevent:")
"""Bytes that are enough to tell."""

EVENT_STARTS: Final = (b"data:", b"event:", b"id:", b"retry:", b":")

_BLANKS: Final = b" \t\r\n"
_NEAR: Final = 256
"""Bytes in which the end of a long body is looked for."""

_MARK: Final = b"\xef\xbb\xbf"
"""The byte order mark that some servers begin UTF-8 with."""


class Opening(Enum):
    """How an answer begins."""

    UNKNOWN = auto()
    """Nothing but blanks came by now."""
    PASSES = auto()
    """Events, of which each is worth something; or what cannot be judged."""
    DOCUMENT = auto()
    """One JSON document, which is worth nothing before its end."""
    NONSENSE = auto()


def opening_of(data: bytes, *, streamed: bool, array: bool = False) -> Opening:
    """Tell how an answer begins; ``array`` says that its events may come as one JSON array."""
    first = data.lstrip(_BLANKS).removeprefix(_MARK).lstrip(_BLANKS)
    if first.startswith(b"{"):
        return Opening.PASSES if streamed else Opening.DOCUMENT
    if first.startswith(b"["):
        return Opening.PASSES if streamed or array else Opening.NONSENSE
    if first.startswith(EVENT_STARTS):
        return Opening.PASSES
    if any(start.startswith(first) for start in (*EVENT_STARTS, _MARK)):
        return Opening.UNKNOWN
    return Opening.NONSENSE


def is_document(body: bytes) -> bool:
    """Tell whether a body that begins as a JSON object is one, to the most lenient of clients.

    Some providers write NaN, half surrogate pairs or text that is not quite UTF-8, and most clients take it.
    """
    if len(body) > MOST_BYTES:
        return body[-_NEAR:].rstrip(_BLANKS).endswith(b"}")
    try:
        json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except ValueError:
        return False
    except RecursionError:
        return True
    return True
