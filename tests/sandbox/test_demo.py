"""A demo's home, in a real store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codevector_daemon.directory import Directory
from codevector_daemon.directory.vault import Vault
from codevector_daemon.ledger import Ledger
from codevector_daemon.ledger.event import UsageEvent
from codevector_daemon.sandbox.demo import furnish
from codevector_daemon.sandbox.team import DEMO_KEYS, DEMO_MODELS, DEMO_USERS
from codevector_daemon.store.engine import Store
from support.books import Books

NOW_MS = 1_795_346_400_000


def no_orphans(_: object) -> UsageEvent:
    raise AssertionError("a new home has no orphans")


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[tuple[Directory, Ledger, Books]]:
    file = tmp_path / "codevector.db"
    store = await Store.open(f"sqlite:///{file}", patience_s=5)
    directory = await Directory.open(store, Vault(bytes(32)), lambda: NOW_MS)
    ledger = await Ledger.open(
        store,
        node="demo",
        spool=tmp_path / "spool",
        timezone="Europe/Berlin",
        durability="process",
        settle_orphan=no_orphans,
        now_ms=lambda: NOW_MS,
    )
    yield directory, ledger, Books(file)
    await ledger.close()
    await directory.close()
    await store.close()


async def test_a_demo_home_has_a_team_with_working_keys_and_a_balanced_past(
    home: tuple[Directory, Ledger, Books],
) -> None:
    directory, ledger, books = home
    secrets = await furnish(directory, ledger, NOW_MS)
    for key in DEMO_KEYS:
        caller = directory.caller(secrets[key.name])
        assert (caller.key_name, caller.project, caller.client_app) == (key.name, key.project, key.client_app)
        assert caller.user_name == (key.user or directory.owner.user_name)
    assert {user.name for user in directory.users()} == {*DEMO_USERS, directory.owner.user_name}
    for model in DEMO_MODELS:
        facade = directory.facade(model.name)
        assert facade is not None
        assert facade.override == model.rates
        assert facade.backends[0].provider.base_url == "sandbox://local"
    rows = books.rows("SELECT COUNT(*) AS n, SUM(spend_nano) AS spend, MAX(finished_ms) AS last FROM requests")[0]
    assert rows["n"] > 10_000
    assert 200 * 10**9 < rows["spend"] < 2_000 * 10**9
    assert rows["last"] <= NOW_MS
    books.assert_balanced()
