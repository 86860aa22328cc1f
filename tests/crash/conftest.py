import random
from collections.abc import Iterator

import pytest

from support.crowd import Witness, rehearse
from support.daemon import Daemon, temporary_home
from support.desk import Desk, furnish
from support.provider import ScriptedProvider

SETTINGS = {"CODEVECTOR_SHUTDOWN_SECONDS": "1", "CODEVECTOR_STORE_PATIENCE": "0.2"}


@pytest.fixture(scope="session")
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as scripted:
        yield scripted


@pytest.fixture
def desk(provider: ScriptedProvider) -> Iterator[Desk]:
    provider.reset()
    rehearse(provider)
    with temporary_home() as home, Daemon(home, SETTINGS) as daemon:
        yield furnish(daemon, provider)
        print(daemon.output)  # noqa: T201  # pytest shows it with a failure


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
def chance() -> random.Random:
    """Random moments, other ones in every run; a failure says which."""
    seed = random.randrange(1 << 32)
    print(f"moments from seed {seed}")  # noqa: T201  # pytest shows it with a failure
    return random.Random(seed)
