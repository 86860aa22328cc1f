"""Another price catalogue than the bundled one: compiled, compared, judged, and kept in a file."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from codevector_daemon.metering import catalogue
from codevector_daemon.metering.catalogue import Catalogue, Entry, Rate

FILE: Final = "rates.synced"
COMPILE_SECONDS: Final = 60
_DIGEST_BYTES: Final = 32
_LEAST_KEPT: Final = Decimal("0.5")
"""A catalogue with fewer than this share of today's models is taken for a broken one."""

_LARGEST_STEP: Final = 100
"""No price rises or falls a hundredfold; a slip of the unit (per thousand, per million) does."""

_NAMED: Final = ("input_mtok", "output_mtok")
_REASONS: Final = 5
"""Reasons named in a refusal; the rest are counted."""

_entries = msgspec.msgpack.Decoder(tuple[Entry, ...])


class CatalogueRefused(ValueError):
    """A catalogue that cannot be read, or cannot be true; the message says why."""


class Synced(Struct, frozen=True, array_like=True):
    """A catalogue that an administrator put in place of the bundled one."""

    source: str
    applied_ms: int
    catalogue: Catalogue


class Change(Struct, frozen=True):
    """An entry that differs between two catalogues; prices as ``input/output``, None where there is no entry."""

    vendor: str
    model: str
    before: str | None = None
    after: str | None = None


class Difference(Struct, frozen=True):
    """How a catalogue differs from the one in use."""

    added: tuple[Change, ...]
    changed: tuple[Change, ...]
    deprecated: tuple[Change, ...]
    gone: tuple[Change, ...]


_kept = msgspec.msgpack.Decoder(Synced)


def read(path: Path) -> Synced | None:
    """Return the catalogue that was applied; None where none was, or its file is damaged or of another format."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, packed = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(packed).digest() != digest:
        return None
    try:
        found = _kept.decode(packed)
    except msgspec.MsgspecError:
        return None
    return found if found.catalogue.format == catalogue.FORMAT else None


def write(path: Path, kept: Synced) -> None:
    """Put the file in place at once; raises OSError."""
    packed = msgspec.msgpack.encode(kept)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(hashlib.sha256(packed).digest() + packed)
    draft.replace(path)


def compile_content(content: bytes) -> Catalogue:
    """Compile published prices in a process of its own; raises CatalogueRefused. Blocks for about a second."""
    try:
        made = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", catalogue.__name__, "-"],
            input=content,
            capture_output=True,
            timeout=COMPILE_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode("utf-8", "replace").strip().splitlines() or ["it could not be read"]
        raise CatalogueRefused(f"the catalogue is malformed: {lines[-1][:300]}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise CatalogueRefused(f"the catalogue could not be compiled: {error}") from error
    return msgspec.msgpack.decode(made.stdout, type=Catalogue)


def compare(now: Catalogue, new: Catalogue) -> Difference:
    """List what a catalogue would change."""
    mine, theirs = _by_id(now), _by_id(new)
    added = [Change(*key, after=_named(theirs[key])) for key in sorted(theirs.keys() - mine.keys())]
    gone = [Change(*key, before=_named(mine[key])) for key in sorted(mine.keys() - theirs.keys())]
    both = sorted(mine.keys() & theirs.keys())
    changed = [
        Change(*key, before=_named(mine[key]), after=_named(theirs[key]))
        for key in both
        if _priced(mine[key]) != _priced(theirs[key])
    ]
    deprecated = [
        Change(*key, before=_named(mine[key]), after=_named(theirs[key]))
        for key in both
        if theirs[key].deprecated and not mine[key].deprecated
    ]
    return Difference(tuple(added), tuple(changed), tuple(deprecated), tuple(gone))


def check(now: Catalogue, new: Catalogue) -> None:
    """Refuse a catalogue that cannot be true; raises CatalogueRefused."""
    mine, theirs = _by_id(now), _by_id(new)
    kept = len(mine.keys() & theirs.keys())
    if kept < len(mine) * _LEAST_KEPT:
        raise CatalogueRefused(f"it has only {kept:,} of the {len(mine):,} models in use")
    reasons = [reason for key in mine.keys() & theirs.keys() for reason in _absurd(key, mine[key], theirs[key])]
    reasons += [reason for key, entry in theirs.items() for reason in _negative(key, entry)]
    if reasons:
        more = f" and {len(reasons) - _REASONS} more" if len(reasons) > _REASONS else ""
        raise CatalogueRefused(f"prices that cannot be true: {'; '.join(sorted(reasons)[:_REASONS])}{more}")


def size(found: Catalogue) -> tuple[int, int]:
    """Return how many vendors and models a catalogue has."""
    return len(found.vendors), len(_by_id(found))


def _absurd(key: tuple[str, str], mine: Entry, theirs: Entry) -> Iterator[str]:
    """Yield what about an entry's newest prices is impossible: one that fell to zero, or leapt."""
    old, new = mine.prices[-1].rates, theirs.prices[-1].rates
    for name in sorted(old.keys() & {*new, *_NAMED}):
        before, after = _base(old[name]), _amounts(new.get(name))
        if before > 0 and min(after) <= 0:
            yield f"{key[0]}/{key[1]} {name} falls from {before} to nothing"
        elif before > 0 and not before / _LARGEST_STEP <= after[0] <= before * _LARGEST_STEP:
            yield f"{key[0]}/{key[1]} {name} goes from {before} to {after[0]}"


def _negative(key: tuple[str, str], entry: Entry) -> Iterator[str]:
    """Yield the prices of an entry, of whatever time or tier, by which a call would earn money."""
    for dated in (*entry.prices, *(variant.prices for variant in entry.variants)):
        for name, rate in dated.rates.items():
            if min(_amounts(rate)) < 0:
                yield f"{key[0]}/{key[1]} {name} is negative"


def _by_id(found: Catalogue) -> dict[tuple[str, str], Entry]:
    return {
        (name, entry.id): entry for name, vendor in found.vendors.items() for entry in _entries.decode(vendor.entries)
    }


def _priced(entry: Entry) -> tuple[object, ...]:
    return entry.match, entry.prices, entry.variants


def _named(entry: Entry) -> str:
    rates: Mapping[str, Rate] = entry.prices[-1].rates
    return "/".join(f"{_base(rates.get(name)).normalize():f}" for name in _NAMED)


def _base(rate: Rate | None) -> Decimal:
    return _amounts(rate)[0]


def _amounts(rate: Rate | None) -> tuple[Decimal, ...]:
    """Return the price of an ordinary call, and those of long contexts."""
    if rate is None:
        return (Decimal(0),)
    if isinstance(rate, str):
        return (Decimal(rate),)
    return Decimal(rate[0]), *(Decimal(price) for _, price in rate[1])
