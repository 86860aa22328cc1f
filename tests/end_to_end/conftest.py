from collections.abc import Iterator

import pytest

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
