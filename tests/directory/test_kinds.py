import pytest

from codevector_daemon.directory.kinds import (
    DIALECTS,
    KINDS,
    credential_headers,
    endpoint,
    kind_of,
    probe_endpoint,
    url,
)
from codevector_daemon.directory.values import Provider, Secret


def provider(kind: str, base_url: str | None = None, dialects: tuple[str, ...] | None = None) -> Provider:
    known = KINDS[kind]
    return Provider(
        id=1,
        name="p",
        kind=kind,
        base_url=base_url or known.base_url or "http://127.0.0.1:1/v1",
        dialects=dialects or tuple(known.endpoints),
        enabled=True,
        credential=Secret("sk-1"),
        created_ms=0,
    )


def called(of: Provider, dialect: str) -> str:
    found = endpoint(of, dialect)
    assert found is not None
    return url(of, found.path)


def test_every_kind_speaks_known_dialects_only() -> None:
    for kind in KINDS.values():
        assert set(kind.endpoints) <= set(DIALECTS)


@pytest.mark.parametrize(
    ("kind", "dialect", "expected"),
    [
        ("openai", "chat", "https://api.openai.com/v1/chat/completions"),
        ("anthropic", "messages", "https://api.anthropic.com/v1/messages"),
        ("google", "chat", "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"),
        ("openrouter", "messages", "https://openrouter.ai/api/v1/messages"),
        ("deepseek", "messages", "https://api.deepseek.com/anthropic/v1/messages"),
        ("sandbox", "chat", "sandbox://local/v1/chat/completions"),
    ],
)
def test_each_dialect_has_its_place(kind: str, dialect: str, expected: str) -> None:
    assert called(provider(kind), dialect) == expected


@pytest.mark.parametrize(
    ("kind", "base_url", "dialect", "expected"),
    [
        ("anthropic", "https://api.anthropic.com/v1/", "messages", "https://api.anthropic.com/v1/messages"),
        ("google", "https://g.test/v1beta", "chat", "https://g.test/v1beta/openai/chat/completions"),
        ("google", "https://g.test/v1beta/openai/", "chat", "https://g.test/v1beta/openai/chat/completions"),
        ("custom", "http://h.test/chat", "chat", "http://h.test/chat/completions"),
        ("custom", "http://h.test:1/proxy/v1", "messages", "http://h.test:1/proxy/v1/messages"),
        ("custom", "http://h.test/v1x", "messages", "http://h.test/v1x/v1/messages"),
    ],
)
def test_what_base_url_and_path_both_name_is_named_once(kind: str, base_url: str, dialect: str, expected: str) -> None:
    assert called(provider(kind, base_url), dialect) == expected


def test_a_model_name_in_a_path_is_quoted() -> None:
    found = endpoint(provider("google"), "gemini")
    assert found is not None
    assert url(provider("google"), found.path, model="tuned/a b").endswith("/v1beta/models/tuned%2Fa%20b")


def test_a_dialect_the_provider_was_not_given_has_no_endpoint() -> None:
    assert endpoint(provider("custom", dialects=("chat",)), "messages") is None


def test_credentials_go_out_the_way_each_endpoint_asks() -> None:
    anthropic = provider("anthropic")
    assert credential_headers(anthropic, "x-api-key") == ((b"x-api-key", b"sk-1"),)
    assert credential_headers(anthropic, "bearer") == ((b"authorization", b"Bearer sk-1"),)


def test_a_custom_messages_service_is_probed_as_anthropic_is() -> None:
    found = probe_endpoint(provider("custom", "http://h.test", ("messages",)))
    assert (found.path, found.auth) == ("/v1/models", "x-api-key")
    assert probe_endpoint(provider("custom", "http://h.test/v1", ("chat",))).path == "/models"


def test_a_kind_of_a_newer_version_is_taken_for_custom() -> None:
    newer = Provider(
        id=1,
        name="p",
        kind="novel",
        base_url="http://h",
        dialects=("chat",),
        enabled=True,
        credential=None,
        created_ms=0,
    )
    assert kind_of(newer) is KINDS["custom"]
    assert credential_headers(newer, "bearer") == ()
