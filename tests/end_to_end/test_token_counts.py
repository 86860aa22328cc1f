"""Counting tokens is no call: it costs nothing, leaves no row, and says nothing of a backend's health."""

import json

import pytest

from support import messages
from support.desk import MESSAGES_PATH, Desk

ASKED = {"model": "counted", "max_tokens": 9, "messages": [{"role": "user", "content": "hello world"}]}
BODY = json.dumps(ASKED).encode()
OFTEN = 12
"""Failures after which any backend would rest."""


@pytest.mark.parametrize("status", [429, 500, 529])
def test_a_count_that_fails_again_and_again_leaves_the_backend_as_well_as_it_was(own_desk: Desk, status: int) -> None:
    control, provider = own_desk.daemon.control, own_desk.provider
    control.add_provider("spare", "anthropic", provider.url, credential="x")
    backends = [
        {"provider": "anth", "upstream_model": "first", "priority": 0},
        {"provider": "spare", "upstream_model": "second", "priority": 1},
    ]
    control.call("POST", "models", {"slug": "counted", "backends": backends})
    provider.when("count_tokens", messages.error(status, "overloaded_error"))
    for _ in range(OFTEN):
        own_desk.post(f"{MESSAGES_PATH}/count_tokens", BODY)
    provider.when(b'"first"', messages.plain())
    provider.when(b'"second"', messages.plain())
    assert own_desk.books.requests() == []
    assert own_desk.post(MESSAGES_PATH, BODY).status == 200
    assert b'"first"' in provider.received()[-1].body
    (row,) = own_desk.books.requests()
    assert (row["attempt"], row["provider"]) == (1, "anth")
    own_desk.books.assert_balanced()
