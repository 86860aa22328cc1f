"""The compiled price catalogue on disk: made once per version of genai-prices, by a process that ends."""

import contextlib
import hashlib
import logging
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from codevector_daemon.metering import catalogue
from codevector_daemon.metering.catalogue import Catalogue

logger = logging.getLogger(__name__)

COMPILE_SECONDS: Final = 60
_DIGEST_BYTES: Final = 32

_unpack = msgspec.msgpack.Decoder(Catalogue)


def load(path: Path | None) -> Catalogue:
    """Return the catalogue of the installed genai-prices, from the cache file where that is current and whole."""
    found = _read(path) if path is not None else None
    if found is not None and (found.format, found.version) == (catalogue.FORMAT, version("genai-prices")):
        return found
    packed = _compile()
    if path is not None:
        _write(path, packed)
    return _unpack.decode(packed)


def _read(path: Path) -> Catalogue | None:
    """Return what the file holds; None for a missing or damaged one, which is simply made anew."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    packed = content[_DIGEST_BYTES:]
    if hashlib.sha256(packed).digest() != content[:_DIGEST_BYTES]:
        return None
    try:
        return _unpack.decode(packed)
    except msgspec.MsgspecError:
        return None


def _compile() -> bytes:
    """Compile in a process of its own, whose memory is gone afterwards; in this one where none can be started."""
    command = [sys.executable, "-m", catalogue.__name__]
    try:
        made = subprocess.run(  # noqa: S603 - our own module
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMPILE_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("compiling prices in this process, because a separate one failed: %s", error)
        return catalogue.compiled()
    return made.stdout


def _write(path: Path, packed: bytes) -> None:
    """Put the file in place at once; a home that cannot be written only means compiling again at the next start."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_bytes(hashlib.sha256(packed).digest() + packed)
        draft.replace(path)
    except OSError as error:
        logger.info("the compiled prices are kept in memory only: %s", error)
        with contextlib.suppress(OSError):
            draft.unlink()
