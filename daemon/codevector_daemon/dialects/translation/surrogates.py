"""Halves of surrogate pairs in JSON: JavaScript writes them where it cut a text in the middle of a character."""

import re

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""Any escape: a whole pair, a half (the group), or another one, so that an escaped backslash begins none."""


def mended(body: bytes) -> bytes:
    """Return JSON in which each half stands as U+FFFD, because UTF-8 has no form for it; else the very same bytes."""
    if b"\\u" not in body:
        return body
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found[1] else found[0], body)
