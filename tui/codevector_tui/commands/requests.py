"""``codevector requests``: single calls, finished, open, or as they finish."""

from typing import get_args

import click

from codevector_shared.formats import UNKNOWN, compact, dollars, duration
from codevector_shared.protocol import Request, State
from codevector_tui.commands import output, talk, times
from codevector_tui.commands.follow import Follower, Wanted
from codevector_tui.commands.frame import Command, wants_json
from codevector_tui.commands.output import Column
from codevector_tui.commands.usage import check_whose

_COLUMNS = (
    Column("Started", whole=True),
    Column("State", whole=True, spare=1),
    Column("User", spare=5),
    Column("Project", spare=3),
    Column("Client app", spare=4),
    Column("Model"),
    Column("Input", "right"),
    Column("Output", "right"),
    Column("Spend", "right"),
    Column("Took", "right", spare=2),
)
_WIDTHS = (19, 15, 12, 16, 14, 28, 6, 6, 9, 9)


@click.command(cls=Command)
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="How many; 20 if left out.")
@click.option("--follow", is_flag=True, help="Go on with each call as it finishes, until Ctrl-C; oldest first.")
@click.option("--state", type=click.Choice(get_args(State)), help="Only calls of this state; open ones show only so.")
@click.option("--user", metavar="USER", help="Another user's.")
@click.option("--everyone", is_flag=True, help="All users'.")
def requests(*, last: int | None, follow: bool, state: State | None, user: str | None, everyone: bool) -> None:
    """Show calls, newest first."""
    check_whose(user, everyone=everyone)
    if follow and state == "open":
        raise click.UsageError("--follow shows calls as they finish; leave out --state open")
    if follow:
        wanted = Wanted(last, state, user, everyone)
        talk.ask(lambda control: Follower(control, wanted, _print).run())
        return
    found = talk.ask(lambda control: control.requests(last=last or 20, state=state, user=user, everyone=everyone))
    if wants_json():
        output.emit(found)
    else:
        output.table(_COLUMNS, [row(request) for request in found.requests], empty="No calls yet.")


def _print(request: Request) -> None:
    if wants_json():
        output.emit(request, one_line=True)
    else:
        cells = zip(row(request), _WIDTHS, _COLUMNS, strict=True)
        output.say("  ".join(output.fitted(cell, width, column.align) for cell, width, column in cells).rstrip())


def row(request: Request) -> tuple[str, ...]:
    """Return a call as cells: what was estimated is marked ≈, a missing or merely assumed price ?."""
    estimated = "≈" if request.usage_source == "estimated" else ""
    return (
        times.short(request.started_at),
        _state(request),
        request.user or UNKNOWN,
        request.project or UNKNOWN,
        request.client_app or UNKNOWN,
        request.model or UNKNOWN,
        estimated + compact(request.input_tokens),
        estimated + compact(request.output_tokens),
        _spend(request, estimated),
        duration(request.duration_ms),
    )


def _spend(request: Request, estimated: str) -> str:
    if request.price_basis == "unpriced":
        return "?"
    if request.price_basis is None and request.usage_source == "none":
        return UNKNOWN
    assumed = "?" if request.price_basis == "default" else ""
    return f"{assumed}{estimated}{dollars(request.spend_usd)}"


def _state(request: Request) -> str:
    shown = request.state.replace("_", " ")
    return shown if request.state == "complete" or request.status is None else f"{shown} {request.status}"
