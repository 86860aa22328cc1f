"""``codevectord``: the daemon, in the foreground. Here are its first moments only, so nothing large is imported."""

import os
import signal
from collections.abc import Callable
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    """Run the daemon until it is told to stop; exit 1 with one line where it cannot."""
    leave_when_told()
    from codevector_daemon.start import start  # noqa: PLC0415 - a tenth of a second in which a signal may come

    start(leave_when_told)


def leave_when_told(tidy: Callable[[], None] = lambda: None) -> None:
    """Have a signal end the process at once and orderly, until there is an event loop that serves.

    A start may be called off anywhere, as a crash may come anywhere: every file is written whole or not at all, and the
    next start takes up what is half done. So nothing is waited for, not even a salvage that has an hour to go.
    """

    def leave(_number: int, _frame: FrameType | None) -> None:
        tidy()
        os._exit(0)

    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, leave)
