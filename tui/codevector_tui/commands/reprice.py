"""``codevector usage reprice``: prices worked out again from the counts that were kept."""

import click

from codevector_shared.formats import UNKNOWN, clean, dollars, whole
from codevector_shared.price_protocol import RepriceOrder, Repricing
from codevector_tui.commands import output, talk
from codevector_tui.commands.days import Day
from codevector_tui.commands.frame import Command, wants_json
from codevector_tui.commands.output import Column

_COLUMNS = (
    Column("Model"),
    Column("Requests", "right"),
    Column("Changed", "right"),
    Column("Before", "right"),
    Column("After", "right"),
    Column("Difference", "right"),
)


@click.command(cls=Command)
@click.option("--from", "first", type=Day(), required=True, metavar="DAY", help="The first day.")
@click.option("--to", "last", type=Day(), metavar="DAY", help="The last day, included; today if left out.")
@click.option("--model", metavar="SLUG", help="Only this model.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def reprice(*, first: str, last: str | None, model: str | None, dry_run: bool) -> None:
    """Work out prices again after an override or the catalogue was put right.

    Counts stay as they are. Every call gets the price of its own time; what a provider stated itself stays. Rows and
    totals change together, in one step that is written to the audit trail.
    """
    if last and last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    order = RepriceOrder(first=first, last=last, model=model, dry_run=dry_run)
    done = talk.administer(lambda control: control.reprice(order))
    if wants_json():
        output.emit(done)
    else:
        _show(done)


def _show(done: Repricing) -> None:
    rows = [
        (
            clean(one.model) if one.model else UNKNOWN,
            whole(one.requests),
            whole(one.changed),
            dollars(one.before_usd),
            dollars(one.after_usd),
            dollars(one.difference_usd),
        )
        for one in done.models
    ]
    if rows:
        output.table(_COLUMNS, rows, empty="")
    would = "would change" if done.dry_run else "changed"
    output.say(
        f"{whole(done.changed)} of {whole(done.requests)} requests from {done.first} to {done.last} {would}: "
        f"{dollars(done.before_usd)} before, {dollars(done.after_usd)} after."
    )
