"""Makes a lost first page anew: it leads to the leaves of SQLite's list of tables, which still lie in the file.

A first page of another database does not do. Which leaves there are, and what each of them lists, depends on the
versions of the schema that a file went through. Formats: https://sqlite.org/fileformat2.html, 1.3 and 1.6.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

PAGE = 4096
_HEADER = 100
_COUNTER, _SIZE_AND_FREE, _SIZE_VALID_FOR = slice(24, 28), slice(28, 40), slice(92, 96)
_INTERIOR, _LEAF = b"\5", b"\r"
_INTERIOR_START, _LEAF_START = 12, 8
_KINDS = (b"table", b"index")
_COLUMNS = 5
_FIRST_TEXT = 13
_LONGEST_VARINT = 9
_MORE, _BITS = 0x80, 0x7F


class _Leaf(Struct, frozen=True):
    page: int
    first: int
    last: int
    """The row ids of its first and last entry."""


def first_page(damaged: Path, fresh: bytes) -> bytes:
    """Return a first page for a damaged file, with the header of a ``fresh`` one.

    It is the fresh one where the file does not tell which leaves are its own.
    """
    leaves = sorted(_leaves(damaged), key=lambda leaf: leaf.first)
    whole = bool(leaves) and all(earlier.last < later.first for earlier, later in pairwise(leaves))
    return _with_own_size(_leading_to(leaves, fresh[:_HEADER]) if whole else fresh[:PAGE])


def _with_own_size(page: bytes) -> bytes:
    """Have the counters disagree, so that SQLite takes the file's own size; the list of free pages is forgotten."""
    made = bytearray(page)
    made[_COUNTER] = b"\0\0\0\1"
    made[_SIZE_AND_FREE] = bytes(12)
    made[_SIZE_VALID_FOR] = b"\0\0\0\0"
    return bytes(made)


def _leading_to(leaves: list[_Leaf], header: bytes) -> bytes:
    """Write an interior page: every leaf but the last in a cell, with the last row id in it, the cells from the end."""
    cells = [leaf.page.to_bytes(4) + _varint(leaf.last) for leaf in leaves[:-1]]
    starts = [PAGE - sum(map(len, cells[: place + 1])) for place in range(len(cells))]
    content = min(starts, default=PAGE)
    top = _INTERIOR + bytes(2) + len(cells).to_bytes(2) + content.to_bytes(2) + bytes(1) + leaves[-1].page.to_bytes(4)
    top += b"".join(start.to_bytes(2) for start in starts)
    return (header + top).ljust(content, b"\0") + b"".join(reversed(cells))


def _leaves(path: Path) -> Iterator[_Leaf]:
    with path.open("rb") as file:
        number = 1
        while len(page := file.read(PAGE)) == PAGE:
            ids = _ids(page) if number > 1 and page.startswith(_LEAF) else []
            if ids:
                yield _Leaf(number, min(ids), max(ids))
            number += 1


def _ids(page: bytes) -> list[int]:
    """Return the row ids of a leaf; none where it lists anything but tables and indexes."""
    count = int.from_bytes(page[3:5])
    starts = [int.from_bytes(page[_LEAF_START + 2 * n : _LEAF_START + 2 * n + 2]) for n in range(count)]
    ids = []
    for start in starts:
        found = _id(page, start)
        if found is None:
            return []
        ids.append(found)
    return ids


def _id(page: bytes, start: int) -> int | None:
    """Return the row id of a cell, None where it is not one of the list of tables."""
    _, at = _number(page, start)
    row_id, record = _number(page, at)
    size, at = _number(page, record)
    types: list[int] = []
    while at < min(record + size, PAGE) and len(types) <= _COLUMNS:
        found, at = _number(page, at)
        types.append(found)
    if len(types) != _COLUMNS or types[0] < _FIRST_TEXT:
        return None
    kind = page[record + size : record + size + (types[0] - _FIRST_TEXT) // 2]
    return row_id if kind in _KINDS else None


def _number(page: bytes, at: int) -> tuple[int, int]:
    """Return a varint and where it ends."""
    value = 0
    for byte in page[at : at + _LONGEST_VARINT - 1]:
        at += 1
        value = value << 7 | byte & _BITS
        if byte < _MORE:
            return value, at
    return value << 8 | (page[at] if at < PAGE else 0), at + 1


def _varint(value: int) -> bytes:
    parts = [value & _BITS]
    while value := value >> 7:
        parts.append(value & _BITS | _MORE)
    return bytes(reversed(parts))
