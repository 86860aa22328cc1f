"""Finding a model in the compiled catalogue, by the same conditions that genai-prices uses."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

import msgspec
from msgspec import Struct

from codevector_daemon.metering.catalogue import Catalogue, Clause, Entry, Vendor

_COMPACT_DATE: Final = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")
_unpack: Final = msgspec.msgpack.Decoder(tuple[Entry, ...])


class Match(Struct, frozen=True):
    """An entry of the catalogue. ``own`` is false where it is another vendor's, whose model this one resells."""

    vendor: str
    entry: Entry
    own: bool


class Finder:
    """Looks models up. Entries of a vendor are unpacked when it is first asked for, then kept."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._vendors: Mapping[str, Vendor] = catalogue.vendors
        self._entries: dict[str, tuple[Entry, ...]] = {}

    def entries(self, vendor: str) -> tuple[Entry, ...]:
        """Return a vendor's models; none for an unknown vendor."""
        if vendor not in self._vendors:
            return ()
        if vendor not in self._entries:
            self._entries[vendor] = _unpack.decode(self._vendors[vendor].entries)
        return self._entries[vendor]

    def find(self, vendor: str, model: str) -> Match | None:
        """Find a model of a vendor; without a vendor, only by a name that leaves no doubt whose model it is."""
        reference = model.lower().removeprefix("models/")
        if not vendor:
            return self._by_name(reference)
        known = self.vendor_id(vendor)
        if known is None:
            return self._by_name(reference)
        return self._in_vendor(known, reference) or self._in_vendor(known, _with_dashes(reference))

    def vendor_id(self, name: str) -> str | None:
        """Return the catalogue's id of a vendor."""
        lowered = name.strip().lower()
        if lowered in self._vendors:
            return lowered
        candidates = ((key, vendor.vendor_match) for key, vendor in self._vendors.items())
        return next((key for key, clause in candidates if clause is not None and matches(clause, lowered)), None)

    def _in_vendor(self, vendor: str, reference: str) -> Match | None:
        for owner in (vendor, *self._vendors[vendor].fallbacks):
            for entry in self.entries(owner):
                if matches(entry.match, reference):
                    return Match(owner, entry, own=owner == vendor)
        return None

    def _by_name(self, reference: str) -> Match | None:
        """Find a model served by an unknown provider: a proxy's ``gpt-4o`` is OpenAI's, a local ``llama3`` is nobody's.

        The catalogue must name exactly one maker for such a name, and that maker's list must hold the very name: a name
        that merely begins like a known one (``deepseek-r1:8b`` on somebody's own machine) proves nothing.
        """
        makers = [
            key
            for key, vendor in self._vendors.items()
            if vendor.model_match and matches(vendor.model_match, reference)
        ]
        if len(makers) != 1:
            return None
        for entry in self.entries(makers[0]):
            if matches(entry.match, reference) and is_named(entry, reference):
                return Match(makers[0], entry, own=True)
        return None


def is_named(entry: Entry, reference: str) -> bool:
    """Tell whether a name is the entry's id or one of its full names, with or without a date at its end."""
    bare = re.sub(r"[-@](?:20\d{6}|20\d{2}-\d{2}-\d{2}|latest)$", "", reference)
    return entry.id.lower() in {reference, bare} or any(_equals(entry.match, name) for name in (reference, bare))


def matches(clause: Clause, name: str) -> bool:
    """Evaluate a condition on a lower-case name."""
    kind, value = clause
    match kind:
        case "or":
            return any(matches(one, name) for one in value)
        case "and":
            return all(matches(one, name) for one in value)
        case "eq":
            return bool(name == value)
        case "starts":
            return name.startswith(value)
        case "ends":
            return name.endswith(value)
        case "has":
            return value in name
        case _:
            return re.search(value, name) is not None


def _equals(clause: Clause, name: str) -> bool:
    kind, value = clause
    if kind == "or":
        return any(_equals(one, name) for one in value)
    return bool(kind == "eq" and name == value)


def _with_dashes(reference: str) -> str:
    """Write compact dates (``-20251211``) the way the catalogue does (``-2025-12-11``)."""

    def dashed(found: re.Match[str]) -> str:
        year, month, day = (int(part) for part in found.groups())
        try:
            return f"-{date(year, month, day).isoformat()}"
        except ValueError:
            return found[0]

    return _COMPACT_DATE.sub(dashed, reference)
