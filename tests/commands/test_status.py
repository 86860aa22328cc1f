"""What ``codevector status`` says to people."""

import msgspec

from codevector_shared.protocol import Status
from codevector_tui.commands.daemon import lines

WELL = Status(
    version="1",
    pid=7,
    gateway_url="http://127.0.0.1:8787",
    socket="/run/s",
    database="sqlite:////h/codevector.db",
    uptime_s=61.0,
    providers=1,
    models=2,
    open_requests=0,
    users=1,
    keys=1,
    timezone="Europe/Berlin",
)


def said(**what: object) -> dict[str, str]:
    return dict(lines(msgspec.structs.replace(WELL, **what)))


def test_a_daemon_that_is_well_has_nothing_to_warn_of() -> None:
    assert list(said()) == [
        *("State", "Gateway", "Socket", "Database", "Time zone", "Providers", "Models", "Users", "Keys"),
        "Open requests",
    ]


def test_a_database_that_refuses_is_said_first_with_the_reason_and_what_waits() -> None:
    shown = said(degraded=True, trouble="disk is full", spooled_events=1_312)
    assert list(shown)[:2] == ["State", "Degraded"]
    assert shown["Degraded"] == (
        "the database cannot be written (disk is full); 1,312 events wait in the spool, calls go on"
    )
    assert said(degraded=True, spooled_events=2)["Degraded"].startswith("catching up; 2 events")


def test_a_replaced_database_says_when_and_which_file_was_set_aside() -> None:
    told = "a new one was started; the damaged file is kept as codevector.db.damaged-1"
    assert said(recovered=told, recovered_at="2026-01-02T03:04:05.000+01:00")["Recovered"] == (
        f"2026-01-02 03:04:05: {told}"
    )


def test_folded_names_damage_rests_and_older_cuts_are_said() -> None:
    shown = said(
        folded_names=1_204,
        damaged_spool_files=2,
        resting_backends=3,
        recut_since="2026-01-02T00:00:00+01:00",
        older_timezone="Asia/Tokyo",
    )
    assert shown["Folded names"].startswith("1,204 are counted as other")
    assert shown["Spool damage"].startswith("2 files")
    assert shown["Resting"].startswith("3 backends")
    assert shown["Older days"] == "before 2026-01-02 are cut in Asia/Tokyo"
