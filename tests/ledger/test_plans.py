"""What an answer costs does not depend on how many calls there were: seen in how SQLite goes about it, not in time."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks.questions import PAGES, Question, page, questions
from benchmarks.two_years import write, write_requests
from codevector_daemon.store.engine import Store

NOW_S = 1_767_961_234
ROWS = 400
EVERYTHING = tuple(questions(NOW_S, ROWS))

_BOUND = re.compile(
    r"SEARCH requests USING (INTEGER PRIMARY KEY \(rowid[=<]\?\)"
    r"|(COVERING )?INDEX requests_by_state \(state=\? AND seq<\?\)"
    r"|(COVERING )?INDEX requests_by_series \(series_id=\? AND state=\? AND seq<\?\)"
    r"|(COVERING )?INDEX sqlite_autoindex_requests_1 \(id=\?\))"
)
"""Ways to request rows that go straight to the newest of some, or to one by name."""

_COUNTED = ("requests", "buckets_5m", "buckets_hour", "buckets_day", "buckets_month", "margins")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "codevector.db"
    write(path, NOW_S, days=2)
    write_requests(path, NOW_S, ROWS)
    return path


@contextmanager
def overheard() -> Iterator[list[tuple[str, Any]]]:
    """Collect every statement that goes through SQLAlchemy."""
    said: list[tuple[str, Any]] = []

    def listen(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            said.append((statement, values))

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", listen)


async def plans(path: Path, question: Question) -> list[tuple[str, list[str]]]:
    """Return every statement of a question with what SQLite does for it."""
    store = await Store.open(f"sqlite:///{path}", patience_s=1)
    with overheard() as said:
        await question.ask(store)
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        return [
            (statement, [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)])
            for statement, values in said
        ]


@pytest.mark.parametrize("question", EVERYTHING, ids=lambda question: question.name)
async def test_no_question_walks_over_calls_or_counts(database: Path, question: Question) -> None:
    found = await plans(database, question)
    assert found
    for statement, plan in found:
        for step in plan:
            assert not re.match(rf"SCAN ({'|'.join(_COUNTED)})\b", step), (statement, plan)
            if re.search(r"\brequests\b", step):
                assert _BOUND.match(step), (statement, plan)


@pytest.mark.parametrize("back", [False, True], ids=["newest", "far back"])
@pytest.mark.parametrize("name", PAGES)
async def test_rows_of_a_page_are_found_in_their_order(database: Path, name: str, *, back: bool) -> None:
    asked = {**PAGES[name], "before": f"cvr_{ROWS // 2}"} if back else PAGES[name]
    found = await plans(database, Question(name, "", page(asked)))
    assert any(_BOUND.match(step) for _, plan in found for step in plan)
    for statement, plan in found:
        sorts = any("TEMP B-TREE" in step for step in plan)
        # One head for each series is put in order, however many rows a series has; rows never are.
        assert not sorts or "max(requests.seq)" in statement, (statement, plan)
