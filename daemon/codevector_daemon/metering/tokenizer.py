"""Counting tokens in a process of its own, which starts when it is first needed and ends when it has been idle.

The vocabulary takes 70 MB, and building it holds Python's lock for a quarter of a second: in the daemon, every stream
would stop for that long. Taking the text out of a request or an answer of 4 MB holds it for 10 to 70 ms, so that is
done there too. ``python -m codevector_daemon.metering.tokenizer VERSION`` ends at once where it is not of that version:
a daemon that is older than what is installed beside it counts by itself. It reads questions from standard input: a
length, the most bytes of text to count out, a word with its length (the name of a dialect for a request, ``answer`` for
a ``Kept``, none for a text in UTF-8), and the bytes. It answers each with a length and a ``Counted`` in JSON.
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

import msgspec
from msgspec import Struct

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Head, Image, Kept, Prompt
from codevector_daemon.metering.vocabulary import Vocabulary
from codevector_shared import __version__

logger = logging.getLogger(__name__)

IDLE_SECONDS: Final = 60.0
ANSWER_SECONDS: Final = 30.0
"""A megabyte takes 0.2 s; who takes this long is stuck."""

ESTIMATE_MAX_BYTES: Final = 4 * 1024 * 1024
"""Text beyond it is counted by its length alone, unless the setting of that name says otherwise."""

OTHER_VERSION: Final = 3
"""The exit status of a process that would not understand the questions."""

ANSWER: Final = "answer"

_QUESTION: Final = struct.Struct(">IIB")
_ANSWER: Final = struct.Struct(">I")


class CountFailed(RuntimeError):
    """The process gave no count."""


class Counted(Struct, frozen=True):
    """A text, or a request, taken apart for an estimate."""

    tokens: int
    """Of o200k_base, of the text up to the limit."""
    given: int = 0
    """Tokens that the client had counted out itself."""
    beyond_bytes: int = 0
    """UTF-8 of the text beyond the limit."""
    messages: int = 0
    tools: int = 0
    images: tuple[Image, ...] = ()


_counted = msgspec.json.Decoder(Counted)
_kept = msgspec.msgpack.Decoder(Kept)


class Tokenizer:
    """Counts tokens, one text at a time. ``_process`` belongs to whoever holds the lock."""

    def __init__(self, version: str = __version__) -> None:
        self._version = version
        self._outdated = False
        """Whether a process of this version can no longer be started."""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._here = Vocabulary()
        self._given_up = False

    def count(self, text: str) -> int:
        """Return how many tokens of o200k_base a text has, up to the limit; blocks, so call it in a thread.

        Raises CountFailed once ``give_up`` was called.
        """
        return self.measure("", text.encode("utf-8", "replace")).tokens

    def measure(self, what: str, data: bytes, max_bytes: int = ESTIMATE_MAX_BYTES) -> Counted:
        """Take a request of a dialect, an answer or a text apart; blocks. Raises CountFailed like ``count``."""
        with self._lock:
            answer = self._asked(what.encode(), data, max_bytes)
        if answer is not None:
            return answer
        if self._given_up:
            raise CountFailed("the daemon is ending")
        return counted(self._here, what, data, max_bytes)

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

    def _asked(self, what: bytes, data: bytes, max_bytes: int) -> Counted | None:
        """Ask the process; None, with a line in the log the first time, where there is none to ask."""
        problem: Exception | None = None
        for _ in range(2):  # a process that has just ended for idleness is no failure
            if self._given_up or self._outdated:
                break
            try:
                return self._ask(what, data, max_bytes)
            except (OSError, CountFailed, msgspec.MsgspecError) as error:
                problem = error
                self._outdated = self._stop() == OTHER_VERSION
        if problem is not None and not self._given_up:
            why = "another version is installed now; start the daemon again" if self._outdated else problem
            logger.warning("counting tokens in this process, because a separate one failed: %s", why)
        return None

    def _ask(self, what: bytes, data: bytes, max_bytes: int) -> Counted:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(_QUESTION.pack(len(data), max_bytes, len(what)) + what)
        process.stdin.write(data)
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], ANSWER_SECONDS)
        head = process.stdout.read(_ANSWER.size) if ready else b""
        if len(head) != _ANSWER.size:
            raise CountFailed("no answer")
        return _counted.decode(process.stdout.read(_ANSWER.unpack(head)[0]))

    def _start(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "codevector_daemon.metering.tokenizer", self._version],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        weakref.finalize(self, _end, process)
        self._process = process
        return process

    def _stop(self) -> int | None:
        """End the process; returns the status that it had ended with by itself, if it had."""
        if self._process is None:
            return None
        process, self._process = self._process, None
        _end(process)
        return process.returncode


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
        head = _exactly(texts, _QUESTION.size)
        if len(head) != _QUESTION.size:
            return
        size, max_bytes, what_size = _QUESTION.unpack(head)
        what = _exactly(texts, what_size).decode()
        answer = msgspec.json.encode(counted(vocabulary, what, _exactly(texts, size), max_bytes))
        counts.write(_ANSWER.pack(len(answer)) + answer)
        counts.flush()


def counted(vocabulary: Vocabulary, what: str, data: bytes, max_bytes: int) -> Counted:
    """Take a request of a dialect, an answer or a text apart."""
    prompt = _prompt(what, data)
    whole = "\n".join(prompt.texts).encode("utf-8", "replace")
    text = whole[:max_bytes].decode("utf-8", "ignore")
    return Counted(
        tokens=vocabulary.count(text),
        given=prompt.tokens,
        beyond_bytes=max(0, len(whole) - max_bytes),
        messages=prompt.messages,
        tools=prompt.tools,
        images=prompt.images,
    )


def _prompt(what: str, data: bytes) -> Prompt:
    if not what:
        return Prompt(texts=(data.decode("utf-8", "replace"),))
    if what != ANSWER:
        return by_name[what].prompt(data)
    kept = _kept.decode(data)
    reader = by_name[kept.dialect].reader(Head(""), hide_usage=False, error=False) if kept.dialect else None
    return Prompt(texts=(reader.text_of(kept),) if reader else ())


def _exactly(source: IO[bytes], size: int) -> bytes:
    """Read so many bytes, fewer only at the end of the input."""
    parts = []
    while size > 0 and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] != [__version__]:
        sys.exit(OTHER_VERSION)
    serve(open(0, "rb", buffering=0), sys.stdout.buffer)  # noqa: SIM115 - standard input, without read-ahead
