"""Keeps the calls of tools one after the other, whatever order their pieces come in and whatever comes between."""

import msgspec

from codevector_daemon.dialects.answer import UNREADABLE
from codevector_daemon.dialects.translation.events import CallDelta, CallEnd, CallStart, Event


class _Open:
    """A call that is not over: what is known of it, and whether it was passed on from its start."""

    def __init__(self, key: int) -> None:
        self.key = key
        self.id = ""
        self.name = ""
        self.started = False
        self._pieces: list[str] = []

    def take(self, call_id: str | None, name: str | None, arguments: str) -> list[Event]:
        """Keep a piece, and return what it adds to a call that was passed on."""
        self.id = self.id or call_id or ""
        self.name = self.name or name or ""
        if not arguments:
            return []
        self._pieces.append(arguments)
        return [CallDelta(arguments)] if self.started else []

    def start(self) -> list[Event]:
        """Pass on all that is known; nothing yet of a call without a name."""
        if self.started or not self.name:
            return []
        self.started = True
        arguments = "".join(self._pieces)
        begun: list[Event] = [CallStart(self.id, self.name)]
        return begun + ([CallDelta(arguments)] if arguments else [])

    def whole(self) -> bool:
        """Tell whether the arguments so far are whole JSON, so that nothing can follow."""
        if not self._pieces or not self._pieces[-1].rstrip().endswith("}"):
            return False
        try:
            msgspec.json.decode("".join(self._pieces))
        except UNREADABLE:
            return False
        return True


class CallOrder:
    """Lets the first open call stream; pieces of others wait until it is over.

    A vendor may mix the pieces of parallel calls, and some tell them apart by index, some by id only.
    """

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._beside: list[Event] = []
        self._next_key = 0

    @property
    def idle(self) -> bool:
        """Whether no call is open, so that anything may pass."""
        return not self._open

    def piece(self, index: int | None, call_id: str | None, name: str | None, arguments: str) -> list[Event]:
        """Take a piece of a call and return what may pass now."""
        call = self._find(index, call_id, name)
        events: list[Event] = []
        if call is None:
            events += self._end_first_if_whole()
            call = self._begin(index)
        more = call.take(call_id, name, arguments)
        if self._open[0] is call:
            events += more or call.start()
        return events

    def beside(self, events: list[Event]) -> list[Event]:
        """Let pass what is no piece of a call: behind those that are open, unless they are whole and end with it."""
        ended = self._end_first_if_whole()
        if not self._open:
            return ended + events
        self._beside += events
        return ended

    def end(self, index: int | None) -> list[Event]:
        """End one call that its protocol says is over; one behind others waits for them."""
        return self._end_first() if self._open and self._open[0].key == index else []

    def close(self) -> list[Event]:
        """End every open call and return what was held."""
        events: list[Event] = []
        while self._open:
            events += self._end_first()
        return events

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

    def _begin(self, index: int | None) -> _Open:
        key = self._next_key if index is None else index
        self._next_key = max(self._next_key, key) + 1
        self._open.append(_Open(key))
        return self._open[-1]

    def _end_first(self) -> list[Event]:
        first = self._open.pop(0)
        events: list[Event] = [CallEnd()] if first.started else []
        if self._open:
            return events + self._open[0].start()
        beside, self._beside = self._beside, []
        return events + beside

    def _end_first_if_whole(self) -> list[Event]:
        """End the streaming call where its arguments are whole, and let the next ones pass."""
        events: list[Event] = []
        while self._open and self._open[0].whole():
            events += self._end_first()
        return events
