"""Following calls across whatever the daemon does meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from typing import cast

import pytest

from codevector_shared.client import ControlClient
from codevector_shared.protocol import LiveMessage, Request
from codevector_tui.commands.follow import Follower, Wanted
from support.monitor_source import FakeDaemon


class _Stopping(FakeDaemon):
    """Takes the first stream while it stops, so that it ends without a word; the next one is served."""

    streams = 0

    async def live(self) -> AsyncGenerator[LiveMessage, None]:
        self.streams += 1
        if self.streams > 1:
            async for message in super().live():
                yield message


class _ShownError(Exception):
    pass


def _show(request: Request) -> None:
    raise _ShownError(request.id)


def test_a_stream_that_ends_without_a_word_is_opened_again() -> None:
    daemon = _Stopping()
    follower = Follower(cast("ControlClient", daemon), Wanted(1, None, None, everyone=True), _show)
    with pytest.raises(_ShownError):
        asyncio.run(follower.run())
    assert daemon.streams == 2
