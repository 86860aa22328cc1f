from pathlib import Path

import pytest

from codevector_daemon.metering.prices import PriceBook


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> PriceBook:
    path: Path = tmp_path_factory.mktemp("rates") / "rates.cache"
    return PriceBook.open(path)
