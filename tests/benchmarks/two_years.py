"""Two years of a busy team, written straight into the tiers: 2,000 series, 5 million buckets, 1 million calls."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from codevector_daemon.ledger.margins import DIMENSIONS, kept_dimensions
from codevector_daemon.ledger.state import BEGINNING, CUTS, KEPT, ZONE, Cut, cuts_json
from codevector_daemon.ledger.tiers import ROLLED, Tier
from codevector_daemon.store.connect import plain
from codevector_daemon.store.prepare import prepare
from codevector_daemon.store.schema import AMOUNTS
from codevector_shared.periods import BUCKET_S, DAY_S, HOUR_S

SERIES = 2_000
USERS = 60
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})"
COLUMNS = ", ".join(AMOUNTS)
VALUES = "3, 0, 400 + s.i % 100, 9000, 20, 5, 700, 90, 1000000 + s.i, 0, 0, 0, 9000, 1"


def write(path: Path, now_s: int, *, days: int = 730) -> int:
    """Write so many days of buckets up to ``now_s``; returns their number."""
    prepare(path, patience_s=1)
    today = now_s - now_s % DAY_S
    five_minutes = (today - min(days, 14) * DAY_S, now_s - now_s % BUCKET_S + 1, BUCKET_S)
    hours = (today - min(days, 400) * DAY_S, now_s - now_s % HOUR_S, HOUR_S)
    with _hasty(path) as connection:
        _people(connection)
        _buckets(connection, Tier.FIVE_MINUTES, *five_minutes, every=11)
        _buckets(connection, Tier.HOUR, *hours, every=7)
        _buckets(connection, Tier.DAY, today - days * DAY_S, today, DAY_S, every=1)
        _months(connection, today)
        for tier in ROLLED:
            _margins(connection, tier)
        _facts(connection, today, now_s)
        return sum(connection.execute(f"SELECT count(*) FROM {tier.table.name}").fetchone()[0] for tier in Tier)


def write_requests(path: Path, now_s: int, count: int) -> None:
    """Write so many request rows, over 90 days up to ``now_s``, in the place of those there are."""
    with _hasty(path) as connection:
        connection.execute("DELETE FROM requests")
        _requests(connection, now_s, count)


@contextmanager
def _hasty(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file that nobody has open, and write to it without a journal: it may be lost if this does not end."""
    with closing(plain(path, patience_s=1)) as connection:
        for pragma in ("synchronous = OFF", "journal_mode = OFF", "cache_size = -200000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")


def _people(connection: sqlite3.Connection) -> None:
    """A fifth of all series is the owner's; every user has a few keys, models and projects."""
    connection.executemany(
        "INSERT INTO users (id, name, role, created_ms) VALUES (?, ?, 'member', 1)",
        [(number, f"user-{number}") for number in range(1, USERS + 1)],
    )
    connection.executemany(
        "INSERT INTO keys (id, name, prefix, digest, user_id, created_ms) VALUES (?, ?, 'cv_', ?, ?, 1)",
        [(number, f"key-{number}", str(number).encode(), 1 + number % USERS) for number in range(1, 4 * USERS)],
    )
    rows = []
    for number in range(SERIES):
        user = 1 if number % 5 == 0 else 2 + number % (USERS - 1)
        model = f"model-{number % 23}"
        rows.append(
            (
                user,
                user * 3 + number % 3,
                f"app-{number % 7}",
                f"project-{number % 101}",
                model,
                f"vendor-{number % 4}",
                f"{model}-{number}",
            )
        )
    connection.executemany(
        "INSERT INTO series (user_id, key_id, client_app, project, model, provider, upstream_model)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def _buckets(connection: sqlite3.Connection, tier: Tier, first: int, until: int, step: int, *, every: int) -> None:
    """Write buckets of every so-manieth series, another set in every slot."""
    slots = (until - first + step - 1) // step
    connection.execute(
        f"INSERT INTO {tier.table.name} (start, series_id, {COLUMNS})"
        f" {NUMBERS.format(count=slots)}, s(i) AS (SELECT id FROM series)"
        f" SELECT {first} + n.i * {step}, s.i, {VALUES} FROM n JOIN s ON (s.i + n.i) % {every} = 0 ORDER BY 1, 2"
    )


def _months(connection: sqlite3.Connection, today: int) -> None:
    month = "unixepoch(start, 'unixepoch', 'start of month')"
    sums = ", ".join(f"sum({name})" for name in AMOUNTS)
    connection.execute(
        f"INSERT INTO buckets_month (start, series_id, {COLUMNS}) SELECT {month}, series_id, {sums} FROM buckets_day"
        f" WHERE start < unixepoch({today}, 'unixepoch', 'start of month') GROUP BY 1, 2"
    )


def _margins(connection: sqlite3.Connection, tier: Tier) -> None:
    sums = ", ".join(f"sum(b.{name})" for name in AMOUNTS)
    for dimension in kept_dimensions(tier):
        name = DIMENSIONS[dimension]
        value = f"CAST(series.{name} AS TEXT)" if name else "''"
        for user in ("0", "series.user_id"):
            if name != "user_id" or user == "0":
                connection.execute(
                    f"INSERT INTO margins (tier, user_id, dimension, start, value, {COLUMNS})"
                    f" SELECT {int(tier)}, {user}, {dimension}, b.start, {value}, {sums}"
                    f" FROM {tier.table.name} b JOIN series ON series.id = b.series_id GROUP BY 4, 2, 5"
                )


def _facts(connection: sqlite3.Connection, today: int, now_s: int) -> None:
    month = int(connection.execute(f"SELECT unixepoch({today}, 'unixepoch', 'start of month')").fetchone()[0])
    facts = {
        ZONE: "UTC",
        CUTS: cuts_json((Cut(BEGINNING, ZoneInfo("UTC")),)),
        KEPT[Tier.FIVE_MINUTES]: str(today - 14 * DAY_S),
        KEPT[Tier.HOUR]: str(today - 400 * DAY_S),
    }
    connection.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", facts.items())
    hour = now_s - now_s % HOUR_S
    marks = [
        *((0, start) for start in range(hour, now_s, BUCKET_S)),
        *((1, start) for start in range(today, hour, HOUR_S)),
        *((2, start) for start in range(month, today, DAY_S)),
    ]
    connection.executemany("INSERT INTO marks (tier, start, version) VALUES (?, ?, 1)", marks)


def _requests(connection: sqlite3.Connection, now_s: int, count: int) -> None:
    """Write request rows, every twentieth failed."""
    step = 90 * DAY_S * 1000 // max(count, 1)
    connection.execute(
        "INSERT INTO requests (id, attempt, series_id, started_ms, finished_ms, state, status, dialect, stream,"
        " uncached_input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output,"
        " server_tool_calls, spend_nano, usage_source, price_basis, own_login, imported, ttft_ms, duration_ms)"
        f" {NUMBERS.format(count=count)}"
        f" SELECT 'cvr_' || i, 1, 1 + (i * 7919) % {SERIES}, t, t + 9000,"
        "  CASE WHEN i % 20 = 0 THEN 'upstream_failed' ELSE 'complete' END, 200, 'chat', 1,"
        "  500, 9000, 20, 5, 700, 90, 0, 0, 0, 1000000, 'reported', 'catalogue', 0, 0, 400, 9000"
        f" FROM (SELECT i, {now_s * 1000 - 90 * DAY_S * 1000} + i * {step} AS t FROM n)"
    )
