import asyncio
from collections.abc import AsyncIterator, Callable
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


@pytest.fixture
async def directory(store: Store, vault: Vault, clock: Clock) -> Directory:
    return await Directory.open(store, vault, clock)
