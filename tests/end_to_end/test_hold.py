"""A store that is held on purpose, as while prices are put right: nobody outside sees more of it than what waits."""

import json
import sqlite3
from contextlib import closing

from codevector_daemon.store.hold import held
from support import chat, raw
from support.cases.case import ASK
from support.cases.requests import PATHS
from support.desk import REQUEST_ID, Desk
from support.waiting import until


def ready(desk: Desk) -> tuple[int, dict[str, object]]:
    reply = raw.exchange(desk.daemon.port, raw.request("GET", "/readyz", ()))
    return reply.status, json.loads(reply.body)


def test_readiness_is_not_degraded_while_the_store_is_held_and_calls_go_on(own_desk: Desk, project: str) -> None:
    desk, database = own_desk, own_desk.daemon.home / "codevector.db"
    body = json.dumps({"model": "gpt", "messages": [{"role": "user", "content": ASK}]}).encode()
    until(lambda: ready(desk) == (200, {"status": "ready", "spooled_events": 0}), "the start to be over")
    with closing(sqlite3.connect(database, isolation_level=None)) as other, held(database):
        other.execute("BEGIN IMMEDIATE")
        assert ready(desk) == (200, {"status": "ready", "spooled_events": 0})
        desk.provider.then(chat.plain())
        reply = desk.post(PATHS["chat"], body, project=project)
        assert reply.status == 200
        assert ready(desk) == (200, {"status": "ready", "spooled_events": 1})
        assert not desk.daemon.control.status()["degraded"]
        other.execute("ROLLBACK")
    until(lambda: ready(desk)[1]["spooled_events"] == 0, "the call to be in the store")
    assert ready(desk) == (200, {"status": "ready", "spooled_events": 0})
    assert desk.books.request(reply.header(REQUEST_ID)[0])["state"] == "complete"
    desk.books.assert_balanced()
