"""The daemon is killed at random moments under load, and started again."""

import random
import time

from support.audit import assert_sound, interrupted
from support.crowd import Witness, crowd
from support.desk import Desk

KILLS = 30


def test_no_count_is_lost_or_doubled_by_kills_under_load(desk: Desk, witness: Witness, chance: random.Random) -> None:
    with crowd(desk, witness):
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 0.7))
            desk.daemon.kill()
            desk.daemon.start()
        time.sleep(0.3)
    assert_sound(desk, witness)
    assert len(witness.ended) > KILLS
    left = interrupted(desk)
    assert left, "no call was under way at any of the kills"
    assert all(int(str(row["uncached_input"])) > 0 for row in left), "what was sent is owed"


def test_a_stop_under_load_settles_every_call(desk: Desk, witness: Witness) -> None:
    with crowd(desk, witness):
        for _ in range(2):
            time.sleep(0.5)
            began = time.monotonic()
            assert desk.daemon.stop() == 0, desk.daemon.output
            assert time.monotonic() - began < 10
            assert desk.books.open_requests() == []
            desk.daemon.start()
    assert_sound(desk, witness)
    assert "Traceback" not in desk.daemon.output
