import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from codevector_daemon.directory import Directory
from codevector_daemon.directory.vault import Vault
from codevector_daemon.store.engine import Store

NOW = 1_780_000_000_000
"""2026-05-28 20:26:40 UTC."""


async def eventually(probe: Callable[[], bool]) -> None:
    """Wait until the probe holds; what it looks at has no event to wait for."""
    async with asyncio.timeout(5):
        while not probe():  # noqa: ASYNC110
            await asyncio.sleep(0)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault() -> Vault:
    return Vault(bytes(range(32)))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/codevector.db", patience_s=5)
    yield opened
    await opened.close()


Opener = Callable[[], Awaitable[Directory]]


@pytest.fixture
async def opener(store: Store, vault: Vault, clock: Clock) -> AsyncIterator[Opener]:
    """Open the directory as another process would, as often as wanted."""
    opened: list[Directory] = []

    async def another() -> Directory:
        opened.append(await Directory.open(store, vault, clock, watch_s=0.01))
        return opened[-1]

    yield another
    for directory in opened:
        await directory.close()


@pytest.fixture
async def directory(opener: Opener) -> Directory:
    return await opener()
