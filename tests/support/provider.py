"""A provider of our own in a process of its own, driven by a script."""

import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.counts import NOTHING, Counts
from support.provider_server import FRAME
from support.script import Answer, Received
from support.waiting import until

TESTS = Path(__file__).parent.parent


class ScriptedProvider:
    """The test's handle on the scripted provider. Threads may share it."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            os.set_inheritable(theirs.fileno(), True)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "support.provider_server", str(theirs.fileno())],
                cwd=TESTS,
                env={**os.environ, "PYTHONPATH": str(TESTS)},
                pass_fds=[theirs.fileno()],
            )
        self._lock = threading.Lock()
        self.port: int = self._answer()
        self.url = f"http://127.0.0.1:{self.port}"

    def when(self, needle: bytes | str, answer: Answer) -> None:
        """Answer so whenever a request's head or body holds these bytes."""
        self._order("when", needle.encode() if isinstance(needle, str) else needle, answer)

    def then(self, *answers: Answer) -> None:
        """Answer the next requests so, one after the other."""
        self._order("then", *answers)

    def open(self, gate: str) -> None:
        """Open a gate that answers wait at."""
        self._order("open", gate)

    def reset(self) -> None:
        """Forget all scripts and requests."""
        self._order("reset")

    def received(self) -> list[Received]:
        """Return every request since the last reset."""
        requests: list[Received] = self._order("received")
        return requests

    def only(self) -> Received:
        """Return the one request that came."""
        requests = self.received()
        assert len(requests) == 1, [request.head for request in requests]
        return requests[0]

    def wait_for(self, test: Callable[[list[Received]], bool], what: str, limit_s: float = 10.0) -> list[Received]:
        """Wait until what was received passes the test."""

        def probe() -> tuple[list[Received]] | None:
            requests = self.received()
            return (requests,) if test(requests) else None

        return until(probe, f"the provider to see {what}", limit_s)[0]

    def said(self) -> Counts:
        """Return the sum of what all finished answers reported as their usage, once no answer is under way."""
        ended = self.wait_for(lambda seen: all(one.ending != "running" for one in seen), "the end of its answers")
        return sum((one.said for one in ended if one.ending == "finished"), NOTHING)

    def close(self) -> None:
        """End the process and wait for it."""
        self._control.close()
        self._process.terminate()
        self._process.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _order(self, name: str, *arguments: object) -> Any:
        frame = pickle.dumps((name, *arguments))
        with self._lock:
            self._control.sendall(FRAME.pack(len(frame)) + frame)
            return self._answer()

    def _answer(self) -> Any:
        (size,) = FRAME.unpack(self._read(FRAME.size))
        return pickle.loads(self._read(size))

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._control.recv(size - len(data))
            assert piece, "the scripted provider ended"
            data += piece
        return data
