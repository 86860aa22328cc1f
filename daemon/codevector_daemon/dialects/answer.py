"""What every reader of answers shares: text kept for an estimate, the class of an error, and the figures so far."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from codevector_daemon.dialects.base import Reading
from codevector_daemon.dialects.counting import Usage

KEPT_TEXT_BYTES = 4 * 1024 * 1024
"""Generated text kept of one answer; an estimate of a longer one rests on this much."""

PENDING_BYTES = 64 * 1024
"""Events are kept raw up to this size and then parsed together, so that an event costs an append."""

BYTES_PER_TOKEN = 4

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding foreign bytes may raise."""

_CLASS = re.compile(r"[A-Za-z0-9_.:-]{1,64}")

json_value = msgspec.json.Decoder().decode


class AnswerText:
    """The generated text of one answer, taken out of raw events lazily and in bulk."""

    def __init__(self, extract: Callable[[bytes], str]) -> None:
        self._extract = extract
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._parts: list[str] = []
        self._size = 0

    def add(self, raw: bytes) -> None:
        """Keep one raw event for later."""
        self._pending.append(raw)
        self._pending_bytes += len(raw)
        if self._pending_bytes > PENDING_BYTES:
            self._digest()

    def tokens(self) -> int:
        """Return a quick guess of the tokens generated so far."""
        self._digest()
        return -(-self._size // BYTES_PER_TOKEN)

    def text(self) -> str:
        """Return the text kept."""
        self._digest()
        return "".join(self._parts)

    def _digest(self) -> None:
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        for raw in pending:
            text = self._extract(raw)
            if self._size < KEPT_TEXT_BYTES:
                self._parts.append(text)
            self._size += len(text)


def error_class(error: object) -> str | None:
    """Return the class of an error object, never its message: that may repeat the prompt."""
    if not error:
        return None
    if isinstance(error, Mapping):
        for name in ("type", "code", "status"):
            value = error.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and _CLASS.fullmatch(str(value)):
                return str(value)
    return "error"


def text_or_none(value: object, longest: int = 256) -> str | None:
    """Return a string that is there, cut to a length and without control characters."""
    if not isinstance(value, str) or not value:
        return None
    return "".join(character for character in value[:longest] if character.isprintable())


def reading_of(usage: Usage | None, **known: Any) -> Reading:  # noqa: ANN401 - the other fields of a Reading
    """Make a Reading from a usage block and what else is known."""
    if usage is None:
        return Reading(**known)
    return Reading(
        counts=usage.counts,
        usage_source="reported" if usage.has_input or usage.has_output else "none",
        input_reported=usage.has_input,
        output_reported=usage.has_output,
        refused=usage.refused,
        rounds=usage.rounds,
        **known,
    )
