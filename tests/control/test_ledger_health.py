"""What the doctor is told about the ledger beside its sums."""

from typing import Any

import sqlalchemy as sa

from codevector_daemon.ledger.upkeep.believed import CLOCK
from codevector_daemon.store.schema import meta
from codevector_shared.periods import DAY_S

from .conftest import NOW, Node


async def the_clock(node: Node, believed_s: int) -> dict[str, Any]:
    """Say how far time had come by the last upkeep, and return what the doctor makes of it."""

    def write(connection: sa.Connection) -> None:
        connection.execute(sa.delete(meta).where(meta.c.name == CLOCK))
        connection.execute(sa.insert(meta).values(name=CLOCK, value=str(believed_s)))

    await node.services.store.write(write)
    found = (await node.raw.get("/doctor/ledger")).json()
    (check,) = (check for check in found["checks"] if check["name"] == "the clock")
    assert check["ok"] is (not check["problems"])
    return dict(check)


async def test_a_clock_that_jumped_ahead_is_said(node: Node) -> None:
    assert (await the_clock(node, NOW // 1000 - 2 * DAY_S))["ok"]
    told = await the_clock(node, NOW // 1000 - 60 * DAY_S)
    assert "days ahead of what was seen last" in told["problems"][0]
