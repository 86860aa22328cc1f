"""Writing files that stand under their name only once they are whole and on the disk."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from codevector_tui.commands.frame import Fault


@contextmanager
def written(path: Path, mode: int | None = None) -> Iterator[BinaryIO]:
    """Write a file beside the one it replaces, and put it in place at the end; whatever fails, the old one is kept.

    Without a ``mode`` the old file's permissions stay, or the person's usual ones hold. A link keeps pointing at what
    it points at, and what is no file, such as a pipe, is written to as it is. Raises Fault with the name asked for.
    """
    try:
        target = path.resolve()
        found = _stat(target)
        if found is not None and not stat.S_ISREG(found.st_mode):
            with target.open("wb") as there:
                yield there
            return
        if mode is None and found is not None:
            mode = stat.S_IMODE(found.st_mode)
        with _draft(target, mode) as draft:
            yield draft
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Fault(f"{path}: {error.strerror or error}") from error


@contextmanager
def _draft(target: Path, mode: int | None) -> Iterator[BinaryIO]:
    draft = target.with_name(f".codevector-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 — a file descriptor, with its mode from the start
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _stat(target: Path) -> os.stat_result | None:
    try:
        return target.stat()
    except FileNotFoundError:
        return None
