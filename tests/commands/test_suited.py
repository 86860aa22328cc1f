import msgspec
import pytest

from codevector_shared.protocol import Model
from codevector_tui.commands import snippets
from codevector_tui.commands.suited import suited

CATALOGUE = (
    *("ada", "babbage-002", "claude-2", "claude-v1", "gpt-3.5-0301", "gpt-3.5-turbo-instruct", "text-davinci-003"),
    *("claude-3-5-sonnet-20241022", "claude-opus-4-6", "claude-sonnet-4-0", "claude-sonnet-4-5", "claude-haiku-5-5"),
    *("claude-sonnet-4-5-20250929", "gpt-4o", "gpt-4o-2024-05-13", "gpt-4.1", "gpt-5", "gpt-5-mini", "gpt-5.1"),
    *("gpt-5.1-2025-11-13", "gpt-5.1-codex-mini", "gpt-5.4-image-2", "gpt-audio", "gpt-realtime-2", "o1"),
)


def model(slug: str, kind: str = "chat", status: str = "active", created: str = "2026-01-01T00:00:00Z") -> Model:
    return Model(slug, slug, kind, status, [], None, *([None] * 5), "unpriced", None, None, [], created)  # type: ignore[arg-type] # the literals are parameters here


def among(*slugs: str) -> list[Model]:
    return [model(slug) for slug in slugs]


@pytest.mark.parametrize("client", snippets.CLIENTS)
def test_a_client_is_given_the_newest_ordinary_model_of_the_vendor_whose_dialect_it_speaks(client: str) -> None:
    wanted = "claude-sonnet-4-5" if client in {"claude-code", "anthropic"} else "gpt-5.1"
    assert suited(client, among(*CATALOGUE)) == wanted
    assert suited(client, among(*reversed(CATALOGUE))) == wanted


def test_names_of_other_shops_are_understood() -> None:
    shop = ("anthropic/claude-sonnet-4", "anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.6:batch")
    assert suited("claude-code", among(*shop, "openai/gpt-5-mini:batch", "openai/gpt-5.2")) == shop[1]
    assert suited("codex", among(*shop, "openai/gpt-5-mini:batch", "openai/gpt-5.2", "openai/gpt-4.1")) == (
        "openai/gpt-5.2"
    )
    cloud = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    assert suited("anthropic", among("anthropic.claude-3-haiku-20240307-v1:0", cloud)) == cloud


def test_the_own_vendors_lesser_models_come_before_anothers() -> None:
    assert suited("claude-code", among("gpt-5", "claude-opus-4-6", "claude-haiku-5-5")) == "claude-opus-4-6"
    assert suited("codex", among("claude-sonnet-4-5", "gpt-4.1", "gpt-5-mini")) == "gpt-5-mini"
    assert suited("codex", among("claude-sonnet-4-5", "gpt-4o")) == "gpt-4o"


def test_without_the_own_vendor_the_sandbox_answers() -> None:
    sandbox = among("sandbox/balanced", "sandbox/deep", "sandbox/quick")
    assert suited("codex", sandbox) == suited("claude-code", [*sandbox, model("gpt-5")]) == "sandbox/balanced"


def test_without_both_it_is_the_chat_model_made_last_and_never_the_first_of_the_alphabet() -> None:
    late = model("mistral-large", created="2026-02-01T00:30:00+01:00")
    assert suited("codex", [model("aaa"), late, model("zzz", created="2026-01-31T23:00:00Z")]) == "mistral-large"
    gemini = among("gemini-1.5-flash", "gemini-2.5-pro", "gemini-3-pro-preview", "gemini-2.5-flash-tts")
    assert suited("claude-code", gemini) == "gemini-2.5-pro"
    assert suited("claude-code", among("aaa", "gpt-5", "gpt-4o")) == "gpt-5"


def test_what_cannot_be_called_or_is_long_past_is_never_named() -> None:
    no_chat = [model("text-embed", "embedding"), model("gpt-5", status="disabled")]
    wildcard = msgspec.structs.replace(model("gpt-*"), wildcard=True)
    for client in snippets.CLIENTS:
        assert suited(client, [*no_chat, wildcard, *among("ada", "gpt-3.5-0301", "claude-2")]) is None
        assert suited(client, []) is None
