import asyncio
from datetime import UTC
from pathlib import Path

import pytest
import sqlalchemy as sa

from codevector_daemon.directory import Directory, keys, providers, users
from codevector_daemon.directory.credentials import mint
from codevector_daemon.directory.keys import NewKey
from codevector_daemon.directory.values import Caller
from codevector_daemon.directory.vault import Vault
from codevector_daemon.errors import Refused, StartError
from codevector_daemon.store import schema
from codevector_daemon.store.engine import Store
from codevector_shared.protocol import KeyCreate, ProviderCreate, UserCreate, UserPatch

from .conftest import Clock, Opener, eventually


async def new_key(directory: Directory, user: str | None = None, **order: object) -> NewKey:
    holder = directory.users()[0] if user is None else directory.user_named(user)
    return await keys.create(directory, KeyCreate(**order), user=holder, zone=UTC, actor="test")  # type: ignore[arg-type]


def refusal(directory: Directory, credential: str) -> str:
    with pytest.raises(Refused) as refused:
        directory.caller(credential)
    assert (refused.value.status, refused.value.code) == (401, "invalid_api_key")
    assert len(credential) <= 11 or credential not in refused.value.message
    return refused.value.message


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def _mistyped(key: str) -> str:
    return key[:20] + ("a" if key[20] != "a" else "b") + key[21:]


async def test_an_empty_store_gets_its_owner_once(opener: Opener) -> None:
    first, second = await opener(), await opener()
    assert first.owner == second.owner
    assert first.owner.role == "owner"
    assert first.owner.key_id == 0
    assert len(second.users()) == 1


async def test_two_first_openings_at_once_make_one_owner(opener: Opener) -> None:
    await asyncio.gather(*(opener() for _ in range(4)))
    assert len((await opener()).users()) == 1


@pytest.mark.usefixtures("directory")
async def test_a_foreign_master_key_is_refused(store: Store, clock: Clock) -> None:
    with pytest.raises(StartError, match="does not belong to this database"):
        await Directory.open(store, Vault(bytes(32)), clock)


async def test_a_new_key_opens_the_gateway_at_once(directory: Directory) -> None:
    made = await new_key(directory, name="laptop", project="web", client_app="aider")
    caller = directory.caller(made.secret.reveal())
    assert caller == Caller(
        key_id=made.record.id,
        key_name="laptop",
        user_id=directory.owner.user_id,
        user_name=directory.owner.user_name,
        role="owner",
        project="web",
        client_app="aider",
    )


async def test_a_key_survives_a_restart(directory: Directory, opener: Opener) -> None:
    made = await new_key(directory)
    again = await opener()
    assert again.caller(made.secret.reveal()).key_id == made.record.id


async def test_each_closed_door_has_its_own_words(directory: Directory, clock: Clock) -> None:
    revoked = await new_key(directory)
    await keys.revoke(directory, revoked.record.id, actor="test")
    expiring = await new_key(directory, expires_at="1d")
    await users.create(directory, UserCreate("mallory"), actor="test")
    suspended = await new_key(directory, user="mallory")
    await users.patch(directory, "mallory", UserPatch(suspended=True), actor="test")
    clock.at += 86_400_000

    assert "was revoked on 2026-05-28" in refusal(directory, revoked.secret.reveal())
    assert "expired on 2026-05-29" in refusal(directory, expiring.secret.reveal())
    assert "suspended" in refusal(directory, suspended.secret.reveal())
    assert "not known here" in refusal(directory, mint().key)
    assert "mistyped" in refusal(directory, _mistyped(mint().key))
    assert "start with cv_" in refusal(directory, "sk-something-else")
    assert "No API key" in refusal(directory, "")


async def test_a_key_works_until_its_very_last_moment(directory: Directory, clock: Clock) -> None:
    made = await new_key(directory, expires_at="1h")
    clock.at += 3_600_000 - 1
    assert directory.caller(made.secret.reveal()).key_id == made.record.id
    clock.at += 1
    refusal(directory, made.secret.reveal())


async def test_what_another_process_changes_is_noticed(opener: Opener) -> None:
    here, there = await opener(), await opener()
    made = await new_key(there)
    await eventually(lambda: here.version == there.version)
    assert here.caller(made.secret.reveal()).key_id == made.record.id


async def test_the_watch_outlives_a_store_that_refuses(
    directory: Directory, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await store.close()
    await eventually(lambda: bool(caplog.records))
    assert "not seen for now" in caplog.text
    assert directory.owner.role == "owner"


async def test_a_credential_that_cannot_be_opened_disables_its_provider(
    directory: Directory, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    order = ProviderCreate(name="openai", kind="openai", credential="sk-secret")
    await providers.create(directory, order, actor="test")
    await store.write(lambda connection: connection.execute(sa.update(schema.providers).values(credential=b"junk")))
    await directory.refresh()
    found = providers.one(directory, "openai")
    assert (found.enabled, found.credential, found.credential_lost) == (False, None, True)
    assert "openai" in caplog.text


async def test_no_secret_reaches_the_database_in_the_clear(directory: Directory, tmp_path: Path) -> None:
    made = await new_key(directory)
    order = ProviderCreate(name="openai", kind="openai", credential="sk-very-secret")
    await providers.create(directory, order, actor="test")
    written = everything_in(tmp_path)
    assert b"openai" in written
    assert b"sk-very-secret" not in written
    assert made.secret.reveal()[12:].encode() not in written


async def test_every_act_leaves_an_audit_row_and_moves_the_version(directory: Directory) -> None:
    before = directory.version
    made = await new_key(directory, name="laptop")
    await keys.revoke(directory, made.record.id, actor="admin")
    rows = await directory.read(
        lambda connection: connection.execute(
            sa.select(schema.audit.c.actor, schema.audit.c.action, schema.audit.c.target).order_by(schema.audit.c.id)
        ).all()
    )
    assert [tuple(row) for row in rows][1:] == [
        ("test", "key.create", made.record.prefix),
        ("admin", "key.revoke", made.record.prefix),
    ]
    assert directory.version == before + 2


async def test_an_act_that_changes_nothing_leaves_no_trace(directory: Directory) -> None:
    made = await new_key(directory)
    first = await keys.revoke(directory, made.record.id, actor="test")
    version = directory.version
    assert await keys.revoke(directory, made.record.id, actor="test") == first
    assert directory.version == version
