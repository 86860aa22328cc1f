"""Changes to a repository's files that can be taken back byte for byte."""

import base64
import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from codevector_tui.commands import files

PRIVATE, PUBLIC = 0o600, 0o644


class Before(msgspec.Struct, frozen=True):
    """What a file was before a change (``null``: absent), what the change made of it, and which folders it made."""

    content: str | None
    after: str
    folders: list[str]


class Change(msgspec.Struct, frozen=True):
    """One file's new content; ``before`` is absent for a new file, ``after`` for one to remove."""

    path: Path
    before: bytes | None
    after: bytes | None
    mode: int = PUBLIC

    @property
    def action(self) -> str:
        """Name what happens to the file."""
        if self.before is None:
            return "create"
        return "change" if self.after is not None else "remove"


class Known(msgspec.Struct, frozen=True):
    """What a file was before we changed it (None: absent), and the folders made for it, the innermost first."""

    content: bytes | None
    folders: list[Path]


class Memory:
    """Remembers what files were before; one small private file per repository, outside of it.

    An original can hold a person's credentials, so the folder and its files are readable by that person only.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self._file = folder / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"

    def original(self, path: Path, current: bytes) -> Known | None:
        """Return what the file was, or nothing if it was edited since or is not known."""
        before = self._load().get(str(path))
        if before is None or before.after != _digest(current):
            return None
        content = None if before.content is None else base64.b64decode(before.content)
        return Known(content, [Path(folder) for folder in before.folders])

    def keep(self, path: Path, original: Known, after: bytes) -> None:
        """Remember what a file was before a change to ``after``."""
        content = None if original.content is None else base64.b64encode(original.content).decode()
        known = self._load()
        known[str(path)] = Before(content, _digest(after), [str(folder) for folder in original.folders])
        self._save(known)

    def forget(self, path: Path) -> None:
        """Drop what was remembered of a file."""
        known = self._load()
        if known.pop(str(path), None) is not None:
            self._save(known)

    def _load(self) -> dict[str, Before]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Before])
        except (FileNotFoundError, msgspec.DecodeError):
            return {}

    def _save(self, known: dict[str, Before]) -> None:
        if not known:
            self._file.unlink(missing_ok=True)
            return
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(self._file, msgspec.json.encode(known), PRIVATE)


def read(path: Path) -> bytes | None:
    """Return a file's bytes, or nothing where there is no file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def replace(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Write a file as a whole or not at all; an existing one keeps its permissions, a link keeps pointing at it."""
    with files.written(path, None if path.exists() else mode) as file:
        file.write(content)


def make(plan: list[Change], memory: Memory, without_ours: Callable[[Path, bytes | None], bytes | None]) -> None:
    """Write the new contents; what was there first is remembered until it is taken back.

    A file that somebody edited after our last change counts, without our part, as what was there first.
    """
    for change in plan:
        assert change.after is not None, "our part is added, never a file removed"
        known = memory.original(change.path, change.before) if change.before is not None else None
        folders = _make_folders(change.path.parent)
        replace(change.path, change.after, change.mode)
        memory.keep(change.path, known or Known(without_ours(change.path, change.before), folders), change.after)


def take_back(plan: list[Change], memory: Memory) -> None:
    """Restore what was there first, and drop what was remembered of it."""
    for change in plan:
        known = memory.original(change.path, change.before) if change.before is not None else None
        if change.after is None:
            change.path.unlink()
        else:
            replace(change.path, change.after, change.mode)
        _remove_empty(known.folders if known else [])
        memory.forget(change.path)


def _make_folders(folder: Path) -> list[Path]:
    """Make the folder and return those that did not exist, the innermost first."""
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
