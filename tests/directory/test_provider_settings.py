import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.directory import Directory, provider_settings, providers
from codevector_daemon.directory.provider_credentials import access_key, service_account
from codevector_daemon.directory.values import ProviderSettings
from codevector_daemon.errors import DirectoryError
from codevector_daemon.store import schema
from codevector_daemon.store.engine import Store
from codevector_shared.protocol import ProviderCreate, ProviderPatch
from support.certificates import make_certificate

ACCOUNT = {
    "type": "service_account",
    "project_id": "acme-1",
    "private_key": "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----\n",
    "client_email": "robot@acme-1.iam.gserviceaccount.com",
    "token_uri": "https://oauth2.googleapis.com/token",
}


async def create(directory: Directory, kind: str = "openai", **order: Any) -> Any:
    return await providers.create(directory, ProviderCreate("p", kind, **order), actor="test")


async def patch(directory: Directory, **wish: Any) -> Any:
    return await providers.patch(directory, "p", ProviderPatch(**wish), actor="test")


def headers(settings: ProviderSettings) -> dict[str, str]:
    return {name: value.reveal() for name, value in settings.headers}


async def test_settings_are_kept_and_come_back(directory: Directory, tmp_path: Path) -> None:
    ca_file = str(make_certificate(tmp_path).file)
    made = await create(
        directory,
        organisation="org-1",
        project="proj-1",
        headers={"X-Team": "search"},
        proxy="http://me:hush@proxy.test:3128/",
        ca_file=ca_file,
    )
    await directory.refresh()
    settings = providers.one(directory, "p").settings
    assert made.settings.organisation == settings.organisation == "org-1"
    assert (settings.project, settings.ca_file, headers(settings)) == ("proj-1", ca_file, {"x-team": "search"})
    assert settings.proxy is not None
    assert settings.proxy.reveal() == "http://me:hush@proxy.test:3128"
    assert provider_settings.shown_proxy(settings) == "http://proxy.test:3128"
    assert "hush" not in repr(made)
    assert "search" not in repr(made)


async def test_settings_lie_sealed_in_the_database(directory: Directory, tmp_path: Path) -> None:
    await create(directory, headers={"cf-access-client-secret": "hush-hush"}, proxy="http://u:pass-word@proxy.test")
    await patch(directory, headers={"x-other": "also-hidden"})
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())  # noqa: ASYNC240
    assert b"api.openai.com" in written
    for secret in (b"hush-hush", b"pass-word", b"also-hidden", b"cf-access"):
        assert secret not in written


async def test_what_is_not_named_stays_and_null_takes_away(directory: Directory) -> None:
    await create(directory, organisation="org-1", project="proj-1", headers={"x-a": "1", "x-b": "2"}, credential="sk-1")
    changed = await patch(directory, organisation=None, headers={"X-A": None, "x-c": "3"})
    assert (changed.settings.organisation, changed.settings.project) == (None, "proj-1")
    assert headers(changed.settings) == {"x-b": "2", "x-c": "3"}
    assert changed.credential is not None
    assert (await patch(directory, credential=None)).credential is None
    assert (await patch(directory, project=None, headers={"x-b": None, "x-c": None})).settings == ProviderSettings()


async def test_only_a_custom_provider_can_be_vouched_for_and_the_audit_tells(directory: Directory) -> None:
    assert not (await create(directory, "custom", base_url="http://h.test")).settings.own_login
    assert (await patch(directory, own_login=True)).settings.own_login
    assert (await patch(directory, region="eu")).settings.own_login
    assert not (await patch(directory, own_login=False)).settings.own_login
    notes = await directory.read(lambda connection: connection.scalars(sa.select(schema.audit.c.detail)).all())
    told = [json.loads(note) for note in notes if note and "own_login" in note]
    assert [note["own_login"] for note in told] == [True, False]
    for kind in ("openai", "anthropic", "deepseek"):
        with pytest.raises(DirectoryError, match="own_login: only"):
            await providers.create(directory, ProviderCreate(f"q-{kind}", kind, own_login=True), actor="test")


async def test_a_credential_is_replaced(directory: Directory, opener: Any) -> None:
    await create(directory, credential="sk-1")
    await patch(directory, credential="sk-2\n")
    again = providers.one(await opener(), "p").credential
    assert again is not None
    assert again.reveal() == "sk-2"


async def test_a_new_credential_opens_a_provider_whose_former_one_was_lost(directory: Directory, store: Store) -> None:
    await create(directory, credential="sk-1")
    await store.write(lambda connection: connection.execute(sa.update(schema.providers).values(settings=b"junk")))
    await directory.refresh()
    assert providers.one(directory, "p").credential_lost
    found = await patch(directory, credential="sk-2")
    assert (found.credential_lost, found.enabled) == (False, True)


async def test_base_url_and_dialects_can_change(directory: Directory) -> None:
    await create(directory)
    changed = await patch(directory, base_url="https://eu.api.openai.com/v1/", dialects=["chat"])
    assert (changed.base_url, changed.dialects) == ("https://eu.api.openai.com/v1", ("chat",))
    back = await patch(directory, base_url=None, dialects=None)
    assert back.base_url == "https://api.openai.com/v1"
    assert back.dialects == ("chat", "responses", "embeddings", "completions")
    with pytest.raises(DirectoryError, match="does not speak 'gemini'"):
        await patch(directory, dialects=["gemini"])


async def test_a_change_of_nothing_leaves_no_trace(directory: Directory) -> None:
    await create(directory, organisation="org-1")
    version = directory.version
    await patch(directory, organisation="org-1", enabled=True, base_url="https://api.openai.com/v1", headers={})
    assert directory.version == version


async def test_the_audit_tells_which_settings_changed_and_no_value_of_them(directory: Directory) -> None:
    await create(directory)
    await patch(directory, headers={"x-secret": "hush"}, credential="sk-hush", enabled=False)
    audit = schema.audit.c
    rows = await directory.read(
        lambda connection: connection.execute(sa.select(audit.action, audit.detail).order_by(audit.id)).all()
    )
    told = [tuple(row) for row in rows][-2:]
    assert told == [("provider.disable", ""), ("provider.change", '{"fields":["credential","settings"]}')]


async def test_a_provider_in_a_region_moves_with_it(directory: Directory) -> None:
    made = await create(directory, "bedrock", region="us-east-1", credential="bedrock-key")
    assert made.base_url == "https://bedrock-runtime.us-east-1.amazonaws.com"
    assert (await patch(directory, region="eu-west-1")).base_url == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    await patch(directory, base_url="http://127.0.0.1:1")
    assert (await patch(directory, region="us-west-2")).base_url == "http://127.0.0.1:1"
    with pytest.raises(DirectoryError, match="region: a provider of kind bedrock needs one"):
        await patch(directory, region=None)


async def test_the_project_of_vertex_is_the_service_accounts_own(directory: Directory) -> None:
    made = await create(directory, "vertex", region="us-east5", credential=json.dumps(ACCOUNT, indent=2))
    assert made.settings.project == "acme-1"
    account = service_account(made.credential.reveal())
    assert account is not None
    assert (account.client_email, account.private_key) == (ACCOUNT["client_email"], ACCOUNT["private_key"])
    assert "hush" not in repr(account)
    assert (await patch(directory, project="other-2")).settings.project == "other-2"


@pytest.mark.parametrize(
    ("kind", "order", "says"),
    [
        ("bedrock", {"credential": "k"}, "--region"),
        ("vertex", {"region": "eu", "credential": "ya29.token"}, "--project"),
        ("vertex", {"region": "eu", "credential": '{"type":"authorized_user"}'}, "service account"),
        (
            "vertex",
            {"region": "eu", "credential": '{"client_email":"a","private_key":"b","token_uri":"http://x"}'},
            "https",
        ),
        ("bedrock", {"region": "eu", "credential": "AKIA:"}, "ACCESS_KEY_ID:SECRET_ACCESS_KEY"),
        ("bedrock", {"region": "eu/../x", "credential": "k"}, "region"),
        ("openai", {"organisation": "a b"}, "organisation"),
        ("openai", {"headers": {"Authorization": "x"}}, "carries the credential"),
        ("openai", {"headers": {"Host": "x"}}, "no header that can be set"),
        ("openai", {"headers": {"x y": "x"}}, "no header that can be set"),
        ("openai", {"headers": {"x-y": "a\r\nb"}}, "printable ASCII"),
        ("openai", {"headers": {f"x-{n}": "v" for n in range(33)}}, "at most 32"),
        ("openai", {"proxy": "socks5://h"}, "proxy"),
        ("openai", {"proxy": "http://h/path"}, "proxy"),
        ("openai", {"proxy": "http://h:99999"}, "proxy"),
        ("openai", {"ca_file": "ca.pem"}, "absolute path"),
        ("openai", {"ca_file": "/nowhere/ca.pem"}, "No such file"),
        ("openai", {"ca_file": "/etc/hostname"}, "no PEM certificates"),
        ("azure", {}, "needs one"),
    ],
)
async def test_settings_that_cannot_be_are_refused(
    directory: Directory, kind: str, order: dict[str, Any], says: str
) -> None:
    with pytest.raises(DirectoryError) as refused:
        await create(directory, kind, **order)
    assert says in f"{refused.value.message} {refused.value.hint}"
    assert directory.providers() == ()


async def test_a_refusal_of_a_proxy_never_repeats_its_login(directory: Directory) -> None:
    with pytest.raises(DirectoryError) as refused:
        await create(directory, proxy="ftp://me:hush@h")
    assert "hush" not in f"{refused.value.message} {refused.value.hint}"


def test_an_access_key_is_told_from_an_api_key() -> None:
    key = access_key("AKIA1:se/cr+et:token")
    assert key is not None
    assert (key.id, key.secret, key.session_token) == ("AKIA1", "se/cr+et", "token")
    assert "cr+et" not in repr(key)
    assert access_key("bedrock-api-key-YWJj") is None


NAMES = st.from_regex(r"[xX]-[A-Za-z]{1,4}", fullmatch=True)


@given(st.dictionaries(NAMES, st.text(st.characters(codec="ascii"), max_size=8), max_size=4))
def test_headers_come_back_as_they_were_or_are_refused(extra: dict[str, str]) -> None:
    plain = all(value.isprintable() and value and value == value.strip() for value in extra.values())
    try:
        made = provider_settings.ordered(ProviderCreate("p", "openai", headers=extra, organisation="o"))
    except DirectoryError:
        assert not plain
        return
    assert plain
    stored = provider_settings.written(made)
    assert stored is not None
    assert headers(provider_settings.read_settings(stored)) == {name.lower(): value for name, value in extra.items()}
