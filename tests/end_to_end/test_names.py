"""Who answers to a name: a slug of its own, an alias, or one of the wildcards, as clients meet them."""

import json
from typing import Any

import pytest

from support import chat, raw
from support.desk import CHAT_PATH, REQUEST_ID, Desk
from support.refusals import assert_refused


def behind(*names: str, upstream: str = "*") -> list[dict[str, Any]]:
    """Return backends at these providers, tried in this order."""
    return [{"provider": name, "upstream_model": upstream, "priority": rank} for rank, name in enumerate(names)]


def add(desk: Desk, slug: str, backends: list[dict[str, Any]], **fields: object) -> None:
    desk.daemon.control.call("POST", "/models", {"slug": slug, "backends": backends, "free": True, **fields})


def ask(desk: Desk, model: str) -> raw.Reply:
    return desk.post(CHAT_PATH, json.dumps({"model": model, "messages": [{"role": "user", "content": "x"}]}).encode())


def met(desk: Desk, model: str) -> tuple[str, str, str]:
    """Call a model; return what the provider was asked for, and as what model and upstream model it is counted."""
    desk.provider.reset()
    desk.provider.then(chat.plain())
    reply = ask(desk, model)
    assert reply.status == 200, reply.body
    row = desk.books.request(reply.header(REQUEST_ID)[0])
    return json.loads(desk.provider.only().body)["model"], row["model"], row["upstream_model"]


def test_a_slug_wins_over_an_alias_and_both_over_the_wildcards_of_which_the_most_specific_wins(own_desk: Desk) -> None:
    add(own_desk, "claude-*", behind("open"))
    add(own_desk, "claude-opus-*", behind("open", upstream="any-opus"))
    add(own_desk, "claude-opus-9", behind("open", upstream="opus-nine"))
    add(own_desk, "best", behind("open", upstream="the-best"), aliases=["claude-opus-best", "Best-Of:All/1"])
    assert met(own_desk, "claude-haiku-9") == ("claude-haiku-9", "claude-haiku-9", "claude-haiku-9")
    assert met(own_desk, "claude-opus-8") == ("any-opus", "claude-opus-8", "any-opus")
    assert met(own_desk, "claude-opus-9") == ("opus-nine", "claude-opus-9", "opus-nine")
    for alias in ("claude-opus-best", "Best-Of:All/1"):
        assert met(own_desk, alias) == ("the-best", "best", "the-best")
    control = own_desk.daemon.control
    control.call("PATCH", "/models/claude-opus-9", {"status": "draft"})
    assert met(own_desk, "claude-opus-9") == ("any-opus", "claude-opus-9", "any-opus")
    control.call("PATCH", "/models/claude-opus-9", {"status": "disabled"})
    assert_refused(ask(own_desk, "claude-opus-9"), "chat", 404, "not_found_error", "model_not_found")
    control.call("DELETE", "/models/claude-opus-*")
    assert met(own_desk, "claude-opus-8") == ("claude-opus-8", "claude-opus-8", "claude-opus-8")


def test_an_alias_that_is_named_by_an_alias_is_one_of_the_model_and_never_of_another(own_desk: Desk) -> None:
    add(own_desk, "first", behind("open", upstream="one"), aliases=["second"])
    own_desk.daemon.control.call("PATCH", "/models/second", {"aliases": ["second", "third"]})
    assert {met(own_desk, name) for name in ("first", "second", "third")} == {("one", "first", "one")}
    for name in ("second", "first"):
        with pytest.raises(AssertionError, match="409"):
            add(own_desk, "other", behind("open", upstream="two"), aliases=[name])
    assert "other" not in {model["slug"] for model in own_desk.daemon.control.call("GET", "/models")["models"]}


def test_a_wildcard_before_several_providers_sends_each_the_name_and_falls_on(own_desk: Desk) -> None:
    add(own_desk, "new-*", behind("open", "own"))
    own_desk.provider.then(chat.error(404), chat.plain())
    reply = ask(own_desk, "new-model:7b")
    assert reply.status == 200
    assert [json.loads(seen.body)["model"] for seen in own_desk.provider.received()] == ["new-model:7b"] * 2
    first, second = own_desk.books.requests()
    assert (first["provider"], first["error"], first["parent_id"]) == ("open", "http_404", second["id"])
    assert (second["provider"], second["model"], second["state"]) == ("own", "new-model:7b", "complete")
    own_desk.daemon.control.call("PATCH", "/providers/open", {"enabled": False})
    own_desk.provider.then(chat.plain())
    assert own_desk.books.request(ask(own_desk, "new-model").header(REQUEST_ID)[0])["provider"] == "own"
