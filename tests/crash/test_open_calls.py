"""A call that was under way when its daemon was killed owes what it had sent, and what had come of its answer."""

import json
from typing import Any

from support import chat, messages, raw
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk
from support.waiting import until

PROMPT = "the same words again " * 500
BY_SIZE = 2_500
"""Tokens: by its size alone the prompt has more, and counted fewer."""


def noted(desk: Desk) -> dict[str, Any]:
    """Return what the journal says of the only open call."""
    (row,) = desk.books.open_requests()
    found: dict[str, Any] = json.loads(row["noted"])
    return found


def opened(desk: Desk, path: str, asked: dict[str, object]) -> raw.RawCall:
    body = {"stream": True, "messages": [{"role": "user", "content": PROMPT}], **asked}
    return raw.RawCall(desk.daemon.port, desk.request(path, json.dumps(body).encode()))


def killed(desk: Desk, request_id: str) -> dict[str, Any]:
    """Kill the daemon, and return what the next one made of the call."""
    desk.daemon.kill()
    desk.daemon.start()
    row = desk.books.request(request_id)
    assert (row["state"], row["usage_source"], row["error"]) == ("interrupted", "estimated", "daemon_died")
    return row


def id_of(call: raw.RawCall) -> str:
    _, headers = call.head()
    (request_id,) = (value for name, value in headers if name.lower() == REQUEST_ID)
    return request_id


def test_a_prompt_is_counted_while_its_call_is_open_and_the_output_noted(desk: Desk) -> None:
    desk.provider.then(chat.streamed().gated_after(4, "held"))
    with opened(desk, CHAT_PATH, {"model": "gpt"}) as call:
        request_id = id_of(call)
        assert noted(desk)["estimated_input"] > BY_SIZE
        until(lambda: noted(desk)["estimated_input"] < BY_SIZE, "the prompt to be counted", 20)
        counted = noted(desk)["estimated_input"]
        until(lambda: noted(desk).get("counts", {}).get("output"), "the output to be noted", 20)
        row = killed(desk, request_id)
    assert row["uncached_input"] == counted
    assert row["output"] > 0
    assert row["spend_nano"] > 0


def test_what_the_provider_said_it_read_is_not_estimated(desk: Desk) -> None:
    desk.provider.then(messages.streamed().gated_after(3, "held"))
    with opened(desk, MESSAGES_PATH, {"model": "sonnet", "max_tokens": 9}) as call:
        request_id = id_of(call)
        counts = until(lambda: noted(desk).get("counts"), "the counts to be noted", 20)
        assert noted(desk)["estimated_input"] > BY_SIZE, "nobody counts what is known"
        row = killed(desk, request_id)
    said = messages.USED
    assert (row["uncached_input"], row["cache_read"]) == (said.uncached_input, said.cache_read)
    assert counts["uncached_input"] == said.uncached_input
