"""``codevector usage``: totals and rows of a window."""

from typing import get_args

import click
from msgspec import UNSET

from codevector_shared.formats import UNKNOWN, column_places, compact, dollars, percent, whole
from codevector_shared.protocol import By, PeriodName, Totals, Usage, UsageRow
from codevector_tui.commands import output, talk, times
from codevector_tui.commands.days import Day
from codevector_tui.commands.frame import CommandGroup, wants_json
from codevector_tui.commands.output import Column
from codevector_tui.commands.reprice import reprice

_TIMES = ("day", "hour")
PERIODS = tuple(name for name in get_args(PeriodName) if name != "custom")
_NUMBERS = (
    Column("Requests", "right"),
    Column("Errors", "right", spare=2),
    Column("Input", "right"),
    Column("Cached", "right", spare=1),
    Column("Output", "right"),
    Column("Spend", "right"),
)


@click.group(cls=CommandGroup, invoke_without_command=True)
@click.option("--period", type=click.Choice(PERIODS), help="Calendar days including today; today if left out.")
@click.option("--from", "first", type=Day(), metavar="DAY", help="The first day, instead of a period.")
@click.option("--to", "last", type=Day(), metavar="DAY", help="The last day, included; today if left out.")
@click.option("--by", type=click.Choice(get_args(By)), default="day", show_default=True, help="What each row is of.")
@click.option("--user", metavar="USER", help="Another user's.")
@click.option("--everyone", is_flag=True, help="All users together.")
@click.pass_context
def usage(
    ctx: click.Context,
    *,
    period: PeriodName | None,
    first: str | None,
    last: str | None,
    by: By,
    user: str | None,
    everyone: bool,
) -> None:
    """Show what was used and what it cost."""
    if ctx.invoked_subcommand is not None:
        return
    check_window(period, first, last)
    check_whose(user, everyone=everyone)
    found = talk.ask(
        lambda control: control.usage(period=period, first=first, last=last, by=by, user=user, everyone=everyone)
    )
    if wants_json():
        output.emit(found)
        return
    output.say(times.window(found.period))
    output.say(f"{summary(found)}\n")
    if found.rows:
        title = by.replace("_", " ").capitalize()
        columns = [Column(title, whole=by in _TIMES), *_NUMBERS]
        output.table(columns, rows(found, by), empty="")


usage.add_command(reprice)


def check_window(period: str | None, first: str | None, last: str | None) -> None:
    """Refuse a window that says two things, or half of one."""
    if period and (first or last):
        raise click.UsageError("give --period or --from and --to, not both")
    if last and not first:
        raise click.UsageError("--to needs --from")
    if first and last and last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")


def check_whose(user: str | None, *, everyone: bool) -> None:
    """Refuse two answers to whose counts are meant."""
    if user and everyone:
        raise click.UsageError("give --user or --everyone, not both")


def rows(found: Usage, by: By) -> list[tuple[str, ...]]:
    """Return the rows and their total as cells of a table."""
    places = column_places([found.totals.spend_usd, *(row.spend_usd for row in found.rows)])
    body = [(label(row, by), *numbers(row, places)) for row in found.rows]
    return [*body, ("Total", *numbers(found.totals, places))]


def label(row: UsageRow, by: By) -> str:
    """Return what a row counts, of the dimension asked for."""
    value = getattr(row, by)
    return UNKNOWN if value is UNSET or value is None else str(value)


def numbers(totals: Totals, places: int) -> tuple[str, ...]:
    """Return totals as cells."""
    return (
        whole(totals.requests),
        whole(totals.errors),
        compact(totals.input_tokens),
        percent(totals.cached_tokens, totals.input_tokens),
        compact(totals.output_tokens),
        marked(totals, places),
    )


def marked(totals: Totals, places: int | None = None) -> str:
    """Return an amount with what it rests on: ≈ where a part was estimated, ? where one has no price of its own."""
    marks = ("≈" if totals.estimated_requests else "") + ("?" if totals.unsure_requests else "")
    return marks + dollars(totals.spend_usd, places)


def summary(found: Usage) -> str:
    """Return the totals as one line, with what they were in the same span before."""
    totals, before = found.totals, found.previous
    line = (
        f"Spend {marked(totals)}, {_requests(totals)}, "
        f"{compact(totals.input_tokens)} input tokens, {compact(totals.output_tokens)} output tokens"
    )
    if before is not None:
        line += f"; the same span before: {dollars(before.spend_usd)}, {_requests(before)}"
    if totals.estimated_requests:
        line += f"; ≈ {whole(totals.estimated_requests)} estimated"
    if totals.default_priced_requests:
        line += f"; ? {whole(totals.default_priced_requests)} at the default rates"
    if totals.unpriced_requests:
        line += f"; ? {whole(totals.unpriced_requests)} without a price"
    return line


def _requests(totals: Totals) -> str:
    return f"{whole(totals.requests)} request{'s' * (totals.requests != 1)}"
