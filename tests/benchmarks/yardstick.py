"""What a step is held against in a test: the standard library reading and writing the same JSON, at the same moment.

A time limit would measure the machine and what else it does; a ratio does not.
"""

import json
import time
from collections.abc import Callable, Iterable

from codevector_daemon.dialects.sse import data_of


def least_ms(work: Callable[[], object], turns: int = 5) -> float:
    """Return the least processor time of a few runs: other work on the machine only ever adds to it."""
    spent = []
    for _ in range(turns):
        before = time.thread_time()
        work()
        spent.append((time.thread_time() - before) * 1e3)
    return min(spent)


def reread(events: Iterable[bytes]) -> None:
    """Read and write the JSON of every event of a stream."""
    for event in events:
        payload = data_of(event).strip()
        if payload != b"[DONE]":
            json.dumps(json.loads(payload))
