from typing import Any

import pytest

from codevector_daemon.directory.kinds import (
    DIALECTS,
    KINDS,
    address,
    base_url,
    costs_nothing,
    credential_headers,
    endpoint,
    kind_of,
    list_endpoint,
    probe_endpoint,
    settings_headers,
    url,
)
from codevector_daemon.directory.values import Provider, ProviderSettings, Secret


def provider(kind: str, base: str | None = None, dialects: tuple[str, ...] | None = None, **settings: Any) -> Provider:
    known = KINDS[kind]
    return Provider(
        id=1,
        name="p",
        kind=kind,
        base_url=base or base_url(known, settings.get("region")) or "http://127.0.0.1:1/v1",
        dialects=dialects or tuple(known.endpoints),
        enabled=True,
        credential=Secret("sk-1"),
        created_ms=0,
        settings=ProviderSettings(**settings),
    )


def called(of: Provider, dialect: str, **call: Any) -> str:
    found = endpoint(of, dialect)
    assert found is not None
    return address(of, found, **call)


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_kind_speaks_known_dialects_only(kind: Any) -> None:
    assert kind.endpoints
    assert set(kind.endpoints) <= set(DIALECTS)
    assert set(kind.usual or ()) <= set(kind.endpoints)
    assert set(kind.dated or ()) <= set(kind.endpoints)


@pytest.mark.parametrize(
    ("kind", "dialect", "expected"),
    [
        ("openai", "chat", "https://api.openai.com/v1/chat/completions"),
        ("openai", "responses", "https://api.openai.com/v1/responses"),
        ("openai", "embeddings", "https://api.openai.com/v1/embeddings"),
        ("openai", "completions", "https://api.openai.com/v1/completions"),
        ("anthropic", "messages", "https://api.anthropic.com/v1/messages"),
        ("google", "chat", "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"),
        ("google", "embeddings", "https://generativelanguage.googleapis.com/v1beta/openai/embeddings"),
        ("openrouter", "messages", "https://openrouter.ai/api/v1/messages"),
        ("deepseek", "chat", "https://api.deepseek.com/chat/completions"),
        ("deepseek", "messages", "https://api.deepseek.com/anthropic/v1/messages"),
        ("deepseek", "completions", "https://api.deepseek.com/beta/completions"),
        ("moonshot", "responses", "https://api.moonshot.ai/v1/responses"),
        ("moonshot", "messages", "https://api.moonshot.ai/anthropic/v1/messages"),
        ("xai", "responses", "https://api.x.ai/v1/responses"),
        ("xai", "messages", "https://api.x.ai/v1/messages"),
        ("mistral", "embeddings", "https://api.mistral.ai/v1/embeddings"),
        ("groq", "chat", "https://api.groq.com/openai/v1/chat/completions"),
        ("ollama", "messages", "http://127.0.0.1:11434/v1/messages"),
        ("lmstudio", "responses", "http://127.0.0.1:1234/v1/responses"),
        ("vllm", "completions", "http://127.0.0.1:8000/v1/completions"),
        ("sandbox", "chat", "sandbox://local/v1/chat/completions"),
    ],
)
def test_each_dialect_has_its_place(kind: str, dialect: str, expected: str) -> None:
    assert called(provider(kind), dialect) == expected


@pytest.mark.parametrize(
    ("kind", "base", "dialect", "expected"),
    [
        ("anthropic", "https://api.anthropic.com/v1/", "messages", "https://api.anthropic.com/v1/messages"),
        ("google", "https://g.test/v1beta", "chat", "https://g.test/v1beta/openai/chat/completions"),
        ("google", "https://g.test/v1beta/openai/", "chat", "https://g.test/v1beta/openai/chat/completions"),
        ("custom", "http://h.test/chat", "chat", "http://h.test/chat/completions"),
        ("custom", "http://h.test:1/proxy/v1", "messages", "http://h.test:1/proxy/v1/messages"),
        ("custom", "http://h.test/v1x", "messages", "http://h.test/v1x/v1/messages"),
        ("deepseek", "https://api.deepseek.com/v1", "messages", "https://api.deepseek.com/anthropic/v1/messages"),
        ("moonshot", "https://h.test/kimi/v1/", "messages", "https://h.test/kimi/anthropic/v1/messages"),
        ("azure", "https://r.openai.azure.com", "chat", "https://r.openai.azure.com/openai/v1/chat/completions"),
        (
            "azure",
            "https://r.openai.azure.com/openai/v1/",
            "chat",
            "https://r.openai.azure.com/openai/v1/chat/completions",
        ),
        (
            "azure",
            "https://r.services.ai.azure.com/openai/v1",
            "messages",
            "https://r.services.ai.azure.com/anthropic/v1/messages",
        ),
        (
            "azure",
            "https://r.services.ai.azure.com/anthropic",
            "messages",
            "https://r.services.ai.azure.com/anthropic/v1/messages",
        ),
    ],
)
def test_what_base_url_and_path_both_name_is_named_once(kind: str, base: str, dialect: str, expected: str) -> None:
    assert called(provider(kind, base), dialect) == expected


@pytest.mark.parametrize(
    ("base", "dialect", "expected"),
    [
        (
            "https://r.test",
            "chat",
            "https://r.test/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21",
        ),
        (
            "https://r.test/openai",
            "embeddings",
            "https://r.test/openai/deployments/my%20gpt/embeddings?api-version=2024-10-21",
        ),
        ("https://r.test", "responses", "https://r.test/openai/responses?api-version=2024-10-21"),
        ("https://r.test/openai/v1", "chat", "https://r.test/openai/v1/chat/completions?api-version=2024-10-21"),
    ],
)
def test_azure_with_a_dated_version_names_the_deployment_in_the_path(base: str, dialect: str, expected: str) -> None:
    found = provider("azure", base, api_version="2024-10-21")
    assert called(found, dialect, model="my gpt") == expected


def test_the_clients_own_query_stands_beside_the_version() -> None:
    found = provider("azure", "https://r.test", api_version="preview")
    assert called(found, "responses", query="a=b%2F").endswith("/openai/responses?a=b%2F&api-version=preview")
    assert called(provider("anthropic"), "messages", query="beta=true").endswith("/v1/messages?beta=true")


def test_bedrock_streams_from_another_place_and_its_region_is_in_the_host() -> None:
    found = provider("bedrock", region="eu-central-1")
    model = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    host = "https://bedrock-runtime.eu-central-1.amazonaws.com"
    assert called(found, "messages", model=model) == f"{host}/model/{model}/invoke"
    assert called(found, "messages", model=model, stream=True) == f"{host}/model/{model}/invoke-with-response-stream"
    arn = "arn:aws:bedrock:eu-central-1:1:inference-profile/x"
    assert called(found, "messages", model=arn).endswith(
        "/model/arn:aws:bedrock:eu-central-1:1:inference-profile%2Fx/invoke"
    )


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east5", "us-east5-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_vertex_names_project_region_and_model_in_the_path(region: str, host: str) -> None:
    found = provider("vertex", region=region, project="acme-1")
    place = f"https://{host}/v1/projects/acme-1/locations/{region}/publishers/anthropic/models"
    model = "claude-sonnet-4@20250514"
    assert called(found, "messages", model=model) == f"{place}/{model}:rawPredict"
    assert called(found, "messages", model=model, stream=True) == f"{place}/{model}:streamRawPredict"
    assert called(found, "messages", model=model, suffix="/count_tokens") == f"{place}/count-tokens:rawPredict"


def test_what_a_models_name_holds_is_never_filled_in() -> None:
    found = provider("vertex", region="eu", project="acme-1")
    assert "/models/%7Bproject%7D:rawPredict" in called(found, "messages", model="{project}")


def test_a_model_name_in_a_path_is_quoted() -> None:
    google = provider("google")
    path = called(google, "gemini", model="tuned/a b", suffix=":generateContent")
    assert path.endswith("/v1beta/models/tuned%2Fa%20b:generateContent")


def test_counting_follows_the_path_of_messages() -> None:
    assert called(provider("anthropic"), "messages", suffix="/count_tokens").endswith("/v1/messages/count_tokens")


def test_a_dialect_the_provider_was_not_given_has_no_endpoint() -> None:
    assert endpoint(provider("custom", dialects=("chat",)), "messages") is None


def test_credentials_go_out_the_way_each_endpoint_asks() -> None:
    anthropic = provider("anthropic")
    assert credential_headers(anthropic, "x-api-key") == ((b"x-api-key", b"sk-1"),)
    assert credential_headers(anthropic, "bearer") == ((b"authorization", b"Bearer sk-1"),)


def test_azure_takes_its_key_in_a_header_of_its_own() -> None:
    assert credential_headers(provider("azure"), "api-key") == ((b"api-key", b"sk-1"),)


def test_what_must_be_signed_is_not_sent_as_it_is() -> None:
    assert credential_headers(provider("bedrock", region="eu"), "aws") == ()
    assert credential_headers(provider("vertex", region="eu"), "google") == ()


def test_settings_put_their_headers_on_every_call() -> None:
    found = provider("openai", organisation="org-1", project="proj-1", headers=(("x-team", Secret("search")),))
    team = (b"x-team", b"search")
    assert settings_headers(found) == ((b"openai-organization", b"org-1"), (b"openai-project", b"proj-1"), team)
    assert settings_headers(found, own_login=True) == (team,)
    assert settings_headers(provider("mistral", organisation="org-1")) == ()


def test_a_custom_messages_service_is_probed_as_anthropic_is() -> None:
    messages = probe_endpoint(provider("custom", "http://h.test", ("messages",)))
    assert messages is not None
    assert (messages.path.split("?")[0], messages.auth) == ("/v1/models", "x-api-key")
    chat = probe_endpoint(provider("custom", "http://h.test/v1", ("chat",)))
    assert chat is not None
    assert url(provider("custom", "http://h.test/v1"), chat.path) == "http://h.test/v1/models"
    gemini = list_endpoint(provider("custom", "http://h.test", ("gemini",)))
    assert gemini is not None
    assert gemini.auth == "x-goog-api-key"


def test_a_kind_without_a_list_has_none() -> None:
    for kind in ("azure", "bedrock", "vertex"):
        assert list_endpoint(provider(kind, region="eu")) is None


@pytest.mark.parametrize(
    ("kind", "base", "free"),
    [
        ("ollama", None, True),
        ("ollama", "http://gpu.lan:11434/v1", True),
        ("ollama", "https://ollama.com/v1", False),
        ("vllm", None, True),
        ("openai", None, False),
        ("custom", "http://127.0.0.1:1/v1", False),
    ],
)
def test_what_runs_on_its_owners_machine_costs_nothing(kind: str, base: str | None, free: bool) -> None:
    assert costs_nothing(provider(kind, base)) is free


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
