"""Users ranked by what they used."""

from collections.abc import Callable

import sqlalchemy as sa

from codevector_daemon.ledger.questions.names import user_names
from codevector_daemon.ledger.questions.reading import Books
from codevector_daemon.ledger.questions.tally import Tally
from codevector_daemon.ledger.questions.usage import breakdown
from codevector_daemon.ledger.selection import Only
from codevector_shared.periods import Window
from codevector_shared.protocol import Leaderboard, LeaderboardRow, Metric

_METRICS: dict[Metric, Callable[[Tally], int]] = {
    "tokens": lambda tally: tally.tokens,
    "spend": lambda tally: tally.spend_nano,
    "requests": lambda tally: tally.requests,
}

ShowName = Callable[[int, str], str]
"""How a user is called on the board: by name, or by a pseudonym."""


def read_leaderboard(
    connection: sa.Connection, window: Window, metric: Metric, only: Only, *, you: int | None, show: ShowName
) -> Leaderboard:
    """Return everybody who used something in the window; equals are ranked by who came first."""
    books = Books(connection)
    counted = books.beginning(window)
    ranked = _ranked(books, counted, metric, only)
    previous = window.previous()
    before = {} if previous is None else _ranked(books, previous, metric, only)
    ranks_before = {user_id: rank for rank, user_id in enumerate(before, start=1)}
    names = user_names(connection, ranked)
    return Leaderboard(
        metric=metric,
        period=books.period(counted),
        rows=[
            LeaderboardRow(
                rank=rank,
                previous_rank=ranks_before.get(user_id),
                user=show(user_id, names.get(user_id, "lost")),
                you=user_id == you,
                tokens=tally.tokens,
                **tally.shown(),
            )
            for rank, (user_id, tally) in enumerate(ranked.items(), start=1)
        ],
    )


def _ranked(books: Books, window: Window, metric: Metric, only: Only) -> dict[int, Tally]:
    amount = _METRICS[metric]
    tallies = {int(user_id): tally for (user_id,), tally in breakdown(books, window, ("user",), only).items()}
    return dict(sorted(tallies.items(), key=lambda item: (-amount(item[1]), item[0])))
