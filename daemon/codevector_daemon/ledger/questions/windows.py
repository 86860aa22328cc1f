"""What can be asked of the ledger. Every answer is read in one consistent moment.

``user_id=None`` means everyone; the other restrictions are those of ``Only``.
"""

from collections.abc import Iterable, Sequence
from typing import Unpack
from zoneinfo import ZoneInfo

from codevector_daemon.ledger.journal import OpenSoFar
from codevector_daemon.ledger.questions.dashboard import read_dashboard
from codevector_daemon.ledger.questions.leaderboard import ShowName, read_leaderboard
from codevector_daemon.ledger.questions.listing import read_open, read_requests
from codevector_daemon.ledger.questions.usage import read_usage
from codevector_daemon.ledger.selection import Only
from codevector_daemon.store.engine import Store
from codevector_shared.periods import Window
from codevector_shared.protocol import By, Dashboard, Granularity, Leaderboard, Metric, Requests, State, Usage


async def usage(
    store: Store, window: Window, by: By | Sequence[By] = (), *, top: int | None = None, **only: Unpack[Only]
) -> Usage:
    """Return totals, the previous period's, and rows by one dimension or two; past ``top`` the rest is one row."""
    dimensions: Sequence[By] = (by,) if isinstance(by, str) else tuple(by)
    return await store.read(lambda connection: read_usage(connection, window, dimensions, only, top))


async def dashboard(
    store: Store, window: Window, *, granularity: Granularity = "day", **only: Unpack[Only]
) -> Dashboard:
    """Return everything that the dashboard draws."""
    return await store.read(lambda connection: read_dashboard(connection, window, granularity, only))


async def leaderboard(
    store: Store,
    window: Window,
    metric: Metric,
    *,
    you: int | None = None,
    show: ShowName = lambda _, name: name,
    **only: Unpack[Only],
) -> Leaderboard:
    """Return users ranked by a metric, ``you`` marked, everyone named by ``show(user_id, name)``."""
    return await store.read(lambda connection: read_leaderboard(connection, window, metric, only, you=you, show=show))


async def requests(
    store: Store,
    *,
    zone: ZoneInfo,
    last: int | None,
    before: str | None = None,
    state: State | None = None,
    here: Iterable[OpenSoFar] = (),
    **only: Unpack[Only],
) -> Requests:
    """Return request rows, newest first; ``before`` is the id of the row that a page ended with.

    Open ones come with ``state="open"`` only, those of this process from ``here``: ``Ledger.open_requests()``.
    """
    if state == "open":
        opened = await store.read(lambda connection: read_open(connection, zone, here=here, last=last, only=only))
        return Requests(opened)
    return Requests(
        await store.read(
            lambda connection: read_requests(connection, zone, last=last, before=before, state=state, only=only)
        )
    )
