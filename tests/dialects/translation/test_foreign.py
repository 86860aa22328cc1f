"""Thoughts of other vendors in a request that passes untranslated."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.base import BadBody
from codevector_daemon.dialects.translation import without_foreign_thoughts
from codevector_daemon.dialects.translation.marks import in_base64, marked
from support.translation import wires
from support.translation.calls import made, quick
from support.translation.said import SAME, Said, Think

SIGNED = Said("signed", (Think(("Hm.",), "U0lHTkVE"), SAME), "tool")


def history(client: str, provider: str) -> dict[str, Any]:
    """Return a request whose history holds a translated answer."""
    answer = json.loads(made(client, provider).whole(200, wires.WHOLE[provider](SIGNED), "slug"))
    if client == "messages":
        return {"model": "m", "messages": [{"role": "assistant", "content": answer["content"]}]}
    if client == "responses":
        return {"model": "m", "input": answer["output"]}
    if client == "gemini":
        return {"contents": [answer["candidates"][0]["content"]]}
    return {"model": "m", "messages": [answer["choices"][0]["message"]]}


@pytest.mark.parametrize("client", ["chat", "messages", "responses", "gemini"])
@pytest.mark.parametrize("source", ["messages", "responses", "gemini"])
def test_no_foreign_signature_reaches_a_provider_of_the_clients_own_dialect(client: str, source: str) -> None:
    if client == source:
        return
    body = json.dumps(history(client, source)).encode()
    sent = without_foreign_thoughts(client, body)
    assert b"U0lHTkVE" not in sent
    assert b"cv1." not in sent
    assert in_base64(marked("anthropic", "U0lHTkVE")).encode() not in sent
    assert b"weather" in sent


@quick
@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5)), st.sampled_from(["chat", "messages", "gemini", "x"]))
def test_a_body_without_marks_stays_the_same_bytes(value: dict[str, str], dialect: str) -> None:
    body = json.dumps(value, indent=2).encode()
    assert without_foreign_thoughts(dialect, body) is body


def test_the_providers_own_signature_gets_its_form_back() -> None:
    block = {"type": "thinking", "thinking": "Hm.", "signature": "cv1.moonshot.abc"}
    body = json.dumps({"messages": [{"role": "assistant", "content": [block]}]}).encode()
    own = json.loads(without_foreign_thoughts("messages", body, vendor="moonshot"))
    assert own["messages"][0]["content"] == [{**block, "signature": "abc"}]
    assert json.loads(without_foreign_thoughts("messages", body))["messages"][0]["content"] == []


def test_text_that_only_speaks_of_marks_stays() -> None:
    body = json.dumps(
        {"messages": [{"role": "user", "content": "what is cv1.x?"}, "odd", {"content": ["odd"]}]}
    ).encode()
    assert without_foreign_thoughts("messages", body) is body


def test_a_marked_body_that_is_no_json_is_refused() -> None:
    with pytest.raises(BadBody):
        without_foreign_thoughts("messages", b"cv1. {")


def test_signatures_of_whom_a_call_comes_from_stay_with_that_vendor_and_all_else_passes() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "U0lHTkVE"}
    own = {"type": "thinking", "thinking": "So.", "signature": "cv1.moonshot.b3du"}
    hidden = {"type": "redacted_thinking", "data": "U0VDUkVU"}
    text = {"type": "text", "text": "Hi"}
    body = json.dumps({"messages": [{"role": "assistant", "content": [thought, own, hidden, text]}]}).encode()
    sent = json.loads(without_foreign_thoughts("messages", body, vendor="moonshot", signer="anthropic"))
    assert sent["messages"][0]["content"] == [{**own, "signature": "b3du"}, text]
    back = json.loads(without_foreign_thoughts("messages", body, vendor="anthropic", signer="anthropic"))
    assert back["messages"][0]["content"] == [thought, hidden, text]


@pytest.mark.parametrize("provider", ["messages", "responses", "gemini"])
def test_a_native_signature_of_another_vendor_is_taken_out_in_every_dialect(provider: str) -> None:
    answer = json.loads(wires.WHOLE[provider](SIGNED))
    told = {
        "messages": lambda: {"messages": [{"role": "assistant", "content": answer["content"]}]},
        "responses": lambda: {"input": answer["output"]},
        "gemini": lambda: {"contents": [answer["candidates"][0]["content"]]},
    }
    body = json.dumps(told[provider]()).encode()
    assert b"U0lHTkVE" in body
    sent = without_foreign_thoughts(provider, body, vendor="another")
    assert b"U0lHTkVE" not in sent
    assert b"weather" in sent
