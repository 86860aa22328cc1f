"""Marks on thinking signatures: whose they are, so that a client can keep them and no other vendor ever gets them.

A signature that a client of another protocol has to keep travels as ``cv1.<vendor>.<signature>``; one without a mark
came from the vendor whose protocol the client speaks.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

VENDOR_OF: Final[Mapping[str, str]] = MappingProxyType(
    {"messages": "anthropic", "responses": "openai", "gemini": "google", "chat": "chat"}
)
"""Whose signatures a protocol carries where nothing else is known."""

PREFIX: Final = "cv1."

_MARKED = re.compile(r"cv1\.([A-Za-z0-9_-]+)\.(.*)", re.DOTALL)


def marked(vendor: str, signature: str) -> str:
    """Return a signature that names its vendor; it may be empty, and then only says who thought."""
    return f"{PREFIX}{vendor}.{signature}"


def unmarked(value: str, native: str) -> tuple[str, str]:
    """Return the vendor and its own signature; one without a mark is the ``native`` vendor's."""
    found = _MARKED.fullmatch(value)
    return (found[1], found[2]) if found else (native, value)


def in_base64(value: str) -> str:
    """Return a mark as Gemini's ``thoughtSignature``, which must be base64."""
    return base64.b64encode(value.encode()).decode()


def from_base64(value: str, native: str) -> tuple[str, str]:
    """Return vendor and signature of a ``thoughtSignature``; Google's own stays the base64 text that it is."""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return native, value
    found = _MARKED.fullmatch(text)
    return (found[1], found[2]) if found else (native, value)
