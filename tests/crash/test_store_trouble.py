"""The store refuses under load: calls go on, and when it is back everything is in it once."""

import random
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import raw
from support.audit import assert_sound
from support.crowd import Witness, crowd
from support.desk import CHAT_PATH, Desk
from support.waiting import until

LOCKED_S = 20.0
PARTS = ("codevector.db", "codevector.db-wal", "codevector.db-shm")


def degraded(desk: Desk) -> dict[str, object]:
    """Wait until the daemon says that the store is in trouble, and return its status."""

    def probe() -> dict[str, object] | None:
        status: dict[str, object] = desk.daemon.control.status()
        return status if status["degraded"] and status["spooled_events"] else None

    return until(probe, "the daemon to be degraded")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the database's write lock, as another process would."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


@contextmanager
def full_disk(desk: Desk) -> Iterator[None]:
    """Let no file of the daemon grow beyond the database's size; the spool's reserve is there already."""
    size = max(part.stat().st_size for part in map(desk.daemon.home.joinpath, PARTS) if part.exists())
    before = resource.prlimit(desk.daemon.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(desk.daemon.pid, resource.RLIMIT_FSIZE, (max(size, 256 * 1024), before[1]))
    try:
        yield
    finally:
        resource.prlimit(desk.daemon.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(desk: Desk) -> Iterator[None]:
    """Make the database immutable, which binds even the superuser.

    Not its shared memory: Linux answers a write to an immutable page with SIGBUS, which no read-only file does.
    """
    files = [str(part) for part in map(desk.daemon.home.joinpath, PARTS[:2]) if part.exists()]
    chattr = shutil.which("chattr")
    if chattr is None or subprocess.run([chattr, "+i", *files], check=False, capture_output=True).returncode:
        pytest.skip("files cannot be made immutable here (needs chattr and the rights to use it)")
    try:
        yield
    finally:
        subprocess.run([chattr, "-i", *files], check=True)


def through(desk: Desk, witness: Witness, trouble: Callable[[], None]) -> None:
    with crowd(desk, witness):
        time.sleep(0.3)
        trouble()
        time.sleep(0.5)
    assert_sound(desk, witness)
    assert not desk.daemon.control.status()["spooled_events"]


def test_a_store_that_another_process_locks_for_20_seconds(desk: Desk, witness: Witness) -> None:
    def trouble() -> None:
        with locked(desk.daemon.home / "codevector.db"):
            began = time.monotonic()
            degraded(desk)
            seen = len(witness.ended)
            time.sleep(LOCKED_S - (time.monotonic() - began))
            assert len(witness.ended) > seen + 20, "calls go on meanwhile"

    through(desk, witness, trouble)


def test_everybody_is_told_while_the_store_refuses(desk: Desk) -> None:
    with locked(desk.daemon.home / "codevector.db"):
        body = b'{"model": "gpt", "messages": [{"role": "user", "content": "quick-plain"}]}'
        for _ in range(3):
            assert desk.post(CHAT_PATH, body).status == 200
        status = degraded(desk)
        assert status["spooled_events"] == 3
        assert "another process keeps it locked" in str(status["trouble"])
        assert asked(desk, "/readyz") == (200, b'{"status":"degraded","spooled_events":3}')
        code, figures = asked(desk, "/metrics")
        assert code == 200
        assert {b"codevector_degraded 1.0", b"codevector_spooled_events 3.0"} <= set(figures.splitlines())
        health = desk.daemon.control.call("GET", "/doctor/ledger")
        (spool,) = (check for check in health["checks"] if check["name"] == "the spool")
        assert "3 events wait outside of the database" in spool["problems"][0]
    until(lambda: not desk.daemon.control.status()["degraded"], "everything to be in the database")
    assert asked(desk, "/readyz") == (200, b'{"status":"ready","spooled_events":0}')
    assert b"codevector_degraded 0.0" in asked(desk, "/metrics")[1].splitlines()


def asked(desk: Desk, path: str) -> tuple[int, bytes]:
    reply = raw.exchange(desk.daemon.port, raw.request("GET", path, ()))
    return reply.status, reply.body


def test_a_full_disk(desk: Desk, witness: Witness) -> None:
    def trouble() -> None:
        with full_disk(desk):
            status = degraded(desk)
            time.sleep(1)
        assert status["trouble"]

    through(desk, witness, trouble)


def test_a_database_that_becomes_read_only(desk: Desk, witness: Witness) -> None:
    def trouble() -> None:
        with read_only(desk):
            degraded(desk)
            time.sleep(1)

    through(desk, witness, trouble)


def test_kills_while_replaying(desk: Desk, witness: Witness, chance: random.Random) -> None:
    for _ in range(5):
        with crowd(desk, witness), locked(desk.daemon.home / "codevector.db"):
            degraded(desk)
            time.sleep(0.4)
        time.sleep(chance.uniform(0, 0.08))
        desk.daemon.kill()
        desk.daemon.start()
    assert_sound(desk, witness)
