"""What nobody may overlook."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from codevector_shared.protocol import Period, Status
from codevector_tui.viewmodel.alarms import RECOVERED_SHOWN_MS, alarm_rows, alarms
from codevector_tui.viewmodel.spans import width_of
from support.monitor_source import NOW, ZONE, FakeDaemon

NOW_MS = round(NOW.timestamp() * 1000)
TOLD = "the database was damaged and a new one was started: 812 rows were saved; the damaged file is kept as cv.db.1"


async def status(**what: Any) -> Status:
    return msgspec.structs.replace(await FakeDaemon().status(), **what)


def titles(found: Status, *, seen: frozenset[str] = frozenset(), now_ms: int = NOW_MS) -> list[str]:
    return [alarm.title for alarm in alarms(found, None, seen, now_ms, ZONE)]


async def test_all_is_quiet_while_all_is_well() -> None:
    assert alarms(await status(), None, (), NOW_MS, ZONE) == ()
    assert alarm_rows((), 80, 24) == ()


async def test_a_database_that_refuses_is_said_with_its_reason_and_what_waits() -> None:
    found = await status(degraded=True, spooled_events=1_312, trouble="disk is full")
    (alarm,) = alarms(found, None, (), NOW_MS, ZONE)
    assert (alarm.title, alarm.loud, alarm.identity) == ("DATABASE NOT WRITTEN", True, "")
    assert "disk is full" in alarm.text
    assert "1,312 finished calls wait" in alarm.text


async def test_what_is_still_being_counted_after_it_is_said_too() -> None:
    (alarm,) = alarms(await status(degraded=True, spooled_events=1), None, (), NOW_MS, ZONE)
    assert alarm.text == "1 finished call from the spool are still being counted."


async def test_a_replaced_database_is_spoken_of_until_it_was_seen_or_a_week_is_over() -> None:
    found = await status(recovered=TOLD, recovered_at=(NOW - timedelta(hours=2)).isoformat())
    assert titles(found) == ["DATABASE REPLACED 22 Nov 12:32"]
    (alarm,) = alarms(found, None, (), NOW_MS, ZONE)
    assert "cv.db.1" in alarm.text
    assert titles(found, seen=frozenset({alarm.identity})) == []
    assert titles(found, now_ms=NOW_MS + RECOVERED_SHOWN_MS) == []
    again = msgspec.structs.replace(found, recovered_at=NOW.isoformat())
    assert titles(again, seen=frozenset({alarm.identity})) == ["DATABASE REPLACED 22 Nov 14:32"]


async def test_damaged_spool_files_folded_names_and_older_cuts_are_said() -> None:
    found = await status(damaged_spool_files=2, folded_names=1_204)
    period = Period("90d", NOW.isoformat(), NOW.isoformat(), "Europe/Berlin", "2025-11-03T00:00:00+01:00", "Asia/Tokyo")
    said = {alarm.title: alarm.text for alarm in alarms(found, period, (), NOW_MS, ZONE)}
    assert "2 files" in said["SPOOL DAMAGED"]
    assert "1,204 names" in said["Names folded"]
    assert said["Days"] == "those before 3 Nov 2025 keep the midnight of Asia/Tokyo."


@pytest.mark.parametrize(("width", "height", "most"), [(40, 24, 3), (80, 24, 3), (120, 40, 4), (200, 60, 4)])
async def test_every_row_is_as_wide_as_the_screen_and_alarms_leave_room(width: int, height: int, most: int) -> None:
    found = await status(
        degraded=True, trouble="x y " * 200, spooled_events=3, recovered=TOLD, folded_names=5, damaged_spool_files=1
    )
    rows = alarm_rows(alarms(found, None, (), NOW_MS, ZONE), width, height)
    assert {width_of(row) for row in rows} == {width}
    assert len(rows) <= 4 * (most + 1)


async def test_hostile_words_of_a_reason_stay_harmless() -> None:
    found = await status(degraded=True, trouble="\x1b[2J[red]boom[/]\u202e")
    text = "".join(span.text for row in alarm_rows(alarms(found, None, (), NOW_MS, ZONE), 80, 24) for span in row)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[red]boom" in text
