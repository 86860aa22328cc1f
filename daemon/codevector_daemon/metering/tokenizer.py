"""Counting tokens in a process of its own, which starts when it is first needed and ends when it has been idle.

The vocabulary takes 70 MB, and building it holds Python's lock for a quarter of a second: in the daemon, every stream
would stop for that long. ``python -m codevector_daemon.metering.tokenizer`` reads texts from standard input, each as
its length in four bytes and its UTF-8, and answers each with the count in four bytes.
"""

import contextlib
import logging
import select
import struct
import subprocess
import sys
import threading
import weakref
from typing import IO, Final

from codevector_daemon.metering.vocabulary import Vocabulary

logger = logging.getLogger(__name__)

IDLE_SECONDS: Final = 60.0
ANSWER_SECONDS: Final = 30.0
"""A megabyte takes 0.2 s; who takes this long is stuck."""

_NUMBER: Final = struct.Struct(">I")


class CountFailed(RuntimeError):
    """The process gave no count."""


class Tokenizer:
    """Counts tokens, one text at a time. ``_process`` belongs to whoever holds the lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._here = Vocabulary()
        self._given_up = False

    def count(self, text: str) -> int:
        """Return how many tokens of o200k_base a text has; blocks, so call it in a thread.

        Raises CountFailed once ``give_up`` was called.
        """
        data = text.encode("utf-8", "replace")
        with self._lock:
            for _ in range(2):  # a process that has just ended for idleness is no failure
                if self._given_up:
                    raise CountFailed("the daemon is ending")
                try:
                    return self._ask(data)
                except (OSError, CountFailed) as error:
                    problem = error
                    self._stop()
        if self._given_up:
            raise CountFailed("the daemon is ending")
        logger.warning("counting tokens in this process, because a separate one failed: %s", problem)
        return self._here.count(text)

    def give_up(self) -> None:
        """Let every count that is under way or asked for from now on fail at once: there is no time left to wait."""
        self._given_up = True
        process = self._process  # whoever holds the lock waits for it, and sees it end
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()

    def _ask(self, data: bytes) -> int:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(_NUMBER.pack(len(data)) + data)
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], ANSWER_SECONDS)
        answer = process.stdout.read(_NUMBER.size) if ready else b""
        if len(answer) != _NUMBER.size:
            raise CountFailed("no answer")
        return int(_NUMBER.unpack(answer)[0])

    def _start(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", "codevector_daemon.metering.tokenizer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        weakref.finalize(self, _end, process)
        self._process = process
        return process

    def _stop(self) -> None:
        if self._process is not None:
            _end(self._process)
            self._process = None


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def serve(texts: IO[bytes], counts: IO[bytes], idle_s: float = IDLE_SECONDS) -> None:
    """Answer until the input ends or nothing came for ``idle_s``."""
    vocabulary = Vocabulary()
    while select.select([texts], [], [], idle_s)[0]:
        head = _exactly(texts, _NUMBER.size)
        if len(head) != _NUMBER.size:
            return
        text = _exactly(texts, _NUMBER.unpack(head)[0]).decode("utf-8", "replace")
        counts.write(_NUMBER.pack(vocabulary.count(text)))
        counts.flush()


def _exactly(source: IO[bytes], size: int) -> bytes:
    """Read so many bytes, fewer only at the end of the input."""
    parts = []
    while size > 0 and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


if __name__ == "__main__":
    serve(open(0, "rb", buffering=0), sys.stdout.buffer)  # noqa: SIM115 - standard input, without read-ahead
