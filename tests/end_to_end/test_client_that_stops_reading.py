"""A client that keeps its connection but reads no more is cut off, and what was used is counted."""

import json

from support import chat, raw
from support.daemon import Daemon, temporary_home
from support.desk import CHAT_PATH, REQUEST_ID, furnish
from support.provider import ScriptedProvider
from support.waiting import until


def test_a_client_that_reads_no_more_is_cut_off_and_settled(provider: ScriptedProvider) -> None:
    with temporary_home() as home, Daemon(home, {"CODEVECTOR_STALL_SECONDS": "0.5"}) as daemon:
        desk = furnish(daemon, provider)
        provider.when("upstream-gpt", chat.streamed(["x" * 500_000] * 60))
        body = json.dumps({"model": "gpt", "stream": True, "messages": []}).encode()
        with raw.RawCall(daemon.port, desk.request(CHAT_PATH, body)) as call:
            _, headers = call.head()
            request_id = next(value for name, value in headers if name.lower() == REQUEST_ID)
            row = until(lambda: desk.books.find(request_id), "the stalled call to be settled")
        assert (row["state"], row["error"], row["usage_source"]) == ("client_left", "client_stalled", "estimated")
        assert row["output"] > 0
        desk.books.assert_balanced()
