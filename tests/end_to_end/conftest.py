from collections.abc import Iterator

import pytest

from support.daemon import Daemon, temporary_home
from support.desk import Desk, furnish
from support.provider import ScriptedProvider


@pytest.fixture(scope="session")
def provider_process() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as provider:
        yield provider


@pytest.fixture
def provider(provider_process: ScriptedProvider) -> ScriptedProvider:
    """The scripted provider, with nothing scripted and nothing received."""
    provider_process.reset()
    return provider_process


@pytest.fixture(scope="session")
def shared_desk(provider_process: ScriptedProvider) -> Iterator[Desk]:
    alone = {"CODEVECTOR_FOLLOW_BACKGROUND_SECONDS": "0"}  # what one test left running is not asked for in another
    with temporary_home() as home, Daemon(home, alone) as daemon:
        yield furnish(daemon, provider_process)
        assert daemon.stop() == 0, daemon.output
        assert "Traceback" not in daemon.output


@pytest.fixture
def desk(shared_desk: Desk, provider: ScriptedProvider) -> Iterator[Desk]:
    """A daemon set up for work, shared by all tests that leave it running; its books balance after each of them."""
    assert shared_desk.provider is provider
    yield shared_desk
    shared_desk.books.assert_balanced()


@pytest.fixture
def own_desk(provider: ScriptedProvider) -> Iterator[Desk]:
    """A daemon for one test alone, to be stopped and killed at will."""
    with temporary_home() as home, Daemon(home, {"CODEVECTOR_SHUTDOWN_SECONDS": "1"}) as daemon:
        yield furnish(daemon, provider)


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    """A project of this test's own, so that its buckets can be told from all others."""
    file = request.node.path.stem.removeprefix("test_")
    return f"{file}: {request.node.name.removeprefix('test_')}"[:150]
