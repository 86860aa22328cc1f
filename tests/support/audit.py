"""After a crash: what the clients saw is in the books exactly once, nothing is left open, and all sums agree."""

from collections import Counter

from support.crowd import Witness
from support.desk import Desk
from support.waiting import until

FINAL = {"complete", "client_left", "upstream_failed", "interrupted"}


def assert_sound(desk: Desk, witness: Witness) -> None:
    """Assert all of it against a running daemon that nobody calls any more."""
    until(lambda: _in_the_store(desk), "everything to be in the database", 30)
    until(lambda: not desk.books.open_requests(), "the journal to be empty", 30)
    until(lambda: not desk.books.rows("SELECT id FROM spool_batches"), "counted batches to be forgotten", 30)
    states = {row["id"]: row["state"] for row in desk.books.rows("SELECT id, state FROM requests")}
    times = Counter(row["id"] for row in desk.books.rows("SELECT id FROM requests"))
    assert set(times.values()) <= {1}
    assert witness.headed <= states.keys(), "the head of an answer came, and there is no row"
    assert {states[request_id] for request_id in witness.ended} <= {"complete"}
    assert set(states.values()) <= FINAL
    health = desk.daemon.control.call("GET", "/doctor/ledger")
    assert health["ok"], [check for check in health["checks"] if not check["ok"]]


def _in_the_store(desk: Desk) -> bool:
    status = desk.daemon.control.status()
    return not status["degraded"] and not status["spooled_events"]


def interrupted(desk: Desk) -> list[dict[str, object]]:
    """Return the rows of calls that a dead daemon left."""
    return desk.books.rows("SELECT * FROM requests WHERE state = 'interrupted'")
