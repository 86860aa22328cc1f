import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

from support.certificates import Certificate, make_certificate

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, LoopFactory]:  # noqa: ARG001 - the hook's signature
    """Run the transport on both loops: uvloop is what the daemon uses, asyncio what it falls back to."""
    if item.path.name.startswith("test_upstream"):
        return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))
