"""Keeps the calls of tools one after the other, whatever order their pieces come in."""

from typing import Final

import msgspec

from codevector_daemon.dialects.answer import UNREADABLE
from codevector_daemon.dialects.translation.events import CallDelta, CallEnd, CallStart, Event

_NO_ID: Final = ""


class _Open:
    """A call that is not over: what came of it, and how much of that was passed on."""

    def __init__(self, key: int, call_id: str, name: str) -> None:
        self.key = key
        self.id = call_id
        self.name = name
        self.pieces: list[str] = []

    def whole(self) -> bool:
        """Tell whether the arguments so far are whole JSON, so that nothing can follow."""
        try:
            msgspec.json.decode("".join(self.pieces))
        except UNREADABLE:
            return False
        return True


class CallOrder:
    """Lets the first open call stream; pieces of others wait until it is over.

    A vendor may mix the pieces of parallel calls, and some tell them apart by index, some by id only.
    """

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._next_key = 0

    def piece(self, index: int | None, call_id: str | None, name: str | None, arguments: str) -> list[Event]:
        """Take a piece of a call and return what may pass now."""
        call = self._find(index, call_id, name)
        events: list[Event] = []
        if call is None:
            events += self._end_first_if_whole()
            call = self._begin(index, call_id, name)
            if self._open[0] is call:
                events.append(CallStart(call.id, call.name))
        if arguments:
            call.pieces.append(arguments)
            if self._open[0] is call:
                events.append(CallDelta(arguments))
        return events

    def close(self) -> list[Event]:
        """End every open call and return what was held."""
        events: list[Event] = []
        for at, call in enumerate(self._open):
            if at > 0:
                events += _all_of(call)
            events.append(CallEnd())
        self._open = []
        return events

    def end(self, index: int | None) -> list[Event]:
        """End one call that its protocol says is over; one behind others waits for them."""
        if not self._open or self._open[0].key != index:
            return []
        del self._open[0]
        return [CallEnd(), *(_all_of(self._open[0]) if self._open else [])]

    def _find(self, index: int | None, call_id: str | None, name: str | None) -> _Open | None:
        """Return the open call that a piece belongs to; one with a new id and a name begins another."""
        for call in self._open:
            if call_id and call.id == call_id:
                return call
        if call_id and name:
            return None
        for call in self._open:
            if index is not None and call.key == index:
                return call
        if index is None and self._open and not name:
            return self._open[-1]
        return None

    def _begin(self, index: int | None, call_id: str | None, name: str | None) -> _Open:
        key = self._next_key if index is None else index
        self._next_key = max(self._next_key, key) + 1
        call = _Open(key, call_id or _NO_ID, name or "")
        self._open.append(call)
        return call

    def _end_first_if_whole(self) -> list[Event]:
        """End the streaming call where its arguments are whole, and let the next ones pass."""
        events: list[Event] = []
        while self._open and self._open[0].whole():
            events.append(CallEnd())
            del self._open[0]
            if self._open:
                events += _all_of(self._open[0])
        return events


def _all_of(call: _Open) -> list[Event]:
    arguments = "".join(call.pieces)
    start: list[Event] = [CallStart(call.id, call.name)]
    return start + ([CallDelta(arguments)] if arguments else [])
