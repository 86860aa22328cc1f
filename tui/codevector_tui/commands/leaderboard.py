"""``codevector leaderboard``: users ranked by what they used."""

from typing import get_args

import click

from codevector_shared.formats import column_places, compact, whole
from codevector_shared.protocol import Leaderboard, LeaderboardRow, Metric, PeriodName
from codevector_tui.commands import output, talk, times
from codevector_tui.commands.frame import Command, wants_json
from codevector_tui.commands.output import Column
from codevector_tui.commands.usage import PERIODS, marked

_COLUMNS = (
    Column("#", "right"),
    Column(""),
    Column("User"),
    Column("Tokens", "right"),
    Column("Requests", "right", spare=1),
    Column("Spend", "right"),
)


@click.command(cls=Command)
@click.option(
    "--metric", type=click.Choice(get_args(Metric)), default="spend", show_default=True, help="Ranked by what."
)
@click.option("--period", type=click.Choice(PERIODS), help="Calendar days including today; today if left out.")
def leaderboard(*, metric: Metric, period: PeriodName | None) -> None:
    """Rank users by tokens, spend or requests."""
    found = talk.ask(lambda control: control.leaderboard(metric=metric, period=period))
    if wants_json():
        output.emit(found)
        return
    output.say(f"{times.window(found.period)}, by {found.metric}\n")
    output.table(_COLUMNS, rows(found), empty="Nobody has called the gateway in this period.")


def rows(found: Leaderboard) -> list[tuple[str, ...]]:
    """Return the ranks as cells of a table."""
    places = column_places([row.spend_usd for row in found.rows])
    return [
        (
            str(row.rank),
            moved(row),
            f"{row.user} (you)" if row.you else row.user,
            compact(row.tokens),
            whole(row.requests),
            marked(row, places),
        )
        for row in found.rows
    ]


def moved(row: LeaderboardRow) -> str:
    """Return how a rank changed since the window before: by arrow and number, so that it needs no colour."""
    if row.previous_rank is None:
        return "new"
    steps = row.previous_rank - row.rank
    return "" if not steps else f"{'▲' if steps > 0 else '▼'}{abs(steps)}"
