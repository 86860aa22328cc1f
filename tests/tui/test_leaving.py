"""The monitor may be closed at any moment, also while it waits for an answer."""

import asyncio

import pytest

from codevector_shared.protocol import Models
from support.monitor_pilot import monitor, until
from support.monitor_source import FakeDaemon


class SlowDaemon(FakeDaemon):
    """Answers about models when it is let."""

    async def models(self) -> Models:
        """Wait, then answer, even to somebody who has left."""
        self.asked.append("models")
        await asyncio.shield(self.gate.wait())
        return await super().models()

    def hold(self) -> None:
        """Let nobody through from now on."""
        self.gate = asyncio.Event()


@pytest.mark.parametrize("key", ["q", "1"])
async def test_an_answer_that_comes_after_its_screen_was_left_changes_nothing(key: str) -> None:
    daemon = SlowDaemon()
    daemon.hold()
    async with monitor(daemon, first="models", wait=False) as (_, pilot):
        await until(pilot, lambda: "models" in daemon.asked)
        await pilot.press(key)
        daemon.gate.set()
