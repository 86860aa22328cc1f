"""``codevector reconcile``: a provider's own usage export against the ledger, by day and model."""

from decimal import Decimal
from pathlib import Path

import click
from msgspec import Struct

from codevector_shared.formats import UNKNOWN, clean, dollars, whole
from codevector_shared.price_protocol import DailyModels
from codevector_tui.commands import exports, output, talk
from codevector_tui.commands.exports import BadExportError, Export, Used, plain_name
from codevector_tui.commands.frame import Command, Fault, wants_json
from codevector_tui.commands.output import Column

LARGEST_BYTES = 64 * 1024 * 1024

_ROUNDED = Decimal("0.0000000005")
"""By how much rounding to nano-dollars changes the price of a call at most."""

_COLUMNS = (
    Column("Day (UTC)"),
    Column("Model"),
    Column("What"),
    Column("Theirs", "right"),
    Column("Ours", "right"),
    Column("Difference", "right"),
)


class Difference(Struct, frozen=True):
    """One figure that differs; what a side does not know is null."""

    day: str
    model: str
    what: str
    theirs: str | None
    ours: str | None


class Reconciliation(Struct, frozen=True):
    """What ``reconcile --json`` prints. ``complete_from``: before it the ledger's rows are no longer all kept."""

    days: int
    compared: int
    differences: list[Difference]
    complete_from: str | None


@click.command(cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--provider", metavar="NAME", help="Only what this provider of yours served.")
@click.option("--column", "columns", multiple=True, metavar="MEANING=NAME", help="What a column of the file means.")
def reconcile(*, file: Path, provider: str | None, columns: tuple[str, ...]) -> None:
    """Compare a provider's usage export (CSV) with what was counted here.

    Knows the exports of the OpenAI platform and the Anthropic console. For others name the columns: --column day=Date
    --column model=Model --column input=Prompt … (day, model, requests, input, uncached, cached, write_5m, write_1h,
    output, cost); docs/reconciling.md says what each means. Days are cut in UTC, as providers do.
    """
    theirs = _read(file, _named(columns))
    if not theirs:
        raise Fault(f"{file} has no rows to compare")
    first, last = min(day for day, _ in theirs), max(day for day, _ in theirs)
    ours = talk.administer(lambda control: control.daily_models(first, last, provider=provider))
    found = compared(theirs, ours)
    if wants_json():
        output.emit(found)
    else:
        _show(found)


def compared(theirs: Export, ours: DailyModels) -> Reconciliation:
    """Hold both against each other; figures that the export does not have are left out."""
    shown = {(one.day, plain_name(one.model)): one.model for one in ours.days}
    shown |= {(day, plain_name(model)): model for day, model in theirs}
    their, our = _merged_export(theirs), _merged(ours)
    places = sorted(shown)
    differences = [
        one for place in places for one in _differences((place[0], shown[place]), their.get(place), our.get(place))
    ]
    days = len({day for day, _ in places})
    return Reconciliation(days, len(places), differences, ours.complete_from)


def _merged_export(theirs: Export) -> Export:
    """Add up the versions of a model, which each side may name with or without its date."""
    found: Export = {}
    for (day, model), used in theirs.items():
        found.setdefault((day, plain_name(model)), Used()).add(used)
    return found


def _merged(ours: DailyModels) -> Export:
    found: Export = {}
    for one in ours.days:
        read = one.uncached_input_tokens + one.cached_tokens + one.cache_write_5m_tokens + one.cache_write_1h_tokens
        used = Used(
            requests=one.requests,
            input=read,
            cached=one.cached_tokens,
            output=one.output_tokens,
            cost=Decimal(one.spend_usd),
            slack=one.requests * _ROUNDED,
        )
        found.setdefault((one.day, plain_name(one.model)), Used()).add(used)
    return found


def _differences(place: tuple[str, str], theirs: Used | None, ours: Used | None) -> list[Difference]:
    day, model = place
    if theirs is None or ours is None:
        present = "theirs" if ours is None else "ours"
        known = {"theirs": None, "ours": None, present: "counted"}
        return [Difference(day, model, "the model", known["theirs"], known["ours"])]
    pairs = (
        ("requests", theirs.requests, ours.requests),
        ("input tokens", theirs.input, ours.input),
        ("cached tokens", theirs.cached, ours.cached),
        ("output tokens", theirs.output, ours.output),
    )
    found = [
        Difference(day, model, what, str(one), str(two)) for what, one, two in pairs if one is not None and one != two
    ]
    cost, spent = theirs.cost, ours.cost or Decimal(0)
    if cost is not None and abs(cost - spent) > theirs.slack + ours.slack:
        found.append(Difference(day, model, "spend (USD)", f"{cost:f}", f"{spent:f}"))
    return found


def _read(file: Path, named: dict[str, str]) -> Export:
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise Fault(f"{file} is larger than {LARGEST_BYTES:,} bytes: export fewer days")
        return exports.read_export(exports.decoded(file.read_bytes()), named)
    except OSError as error:
        raise Fault(f"{file}: {error.strerror}") from error
    except BadExportError as error:
        raise Fault(f"{file}: {clean(str(error))}") from error


def _named(columns: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for given in columns:
        meaning, equals, name = given.partition("=")
        if not equals or meaning not in exports.FIELDS:
            raise click.UsageError(f"--column {given!r} is not MEANING=NAME with one of: {', '.join(exports.FIELDS)}")
        found[meaning] = name
    return found


def _show(found: Reconciliation) -> None:
    rows = [
        (one.day, clean(one.model), one.what, _shown(one.theirs, one.what), _shown(one.ours, one.what), _gap(one))
        for one in found.differences
    ]
    output.table(_COLUMNS, rows, empty="Everything agrees.")
    output.say(f"{whole(found.compared)} pairs of day and model on {whole(found.days)} days were compared.")
    if found.complete_from is not None:
        output.say(f"Rows from before {found.complete_from} are no longer all kept: what is missing there is no fault.")


def _shown(amount: str | None, what: str) -> str:
    if amount is None:
        return UNKNOWN
    if amount == "counted":
        return "yes"
    return dollars(amount) if what.startswith("spend") else whole(int(amount))


def _gap(one: Difference) -> str:
    if one.theirs is None or one.ours is None:
        return ""
    gap = Decimal(one.ours) - Decimal(one.theirs)
    return f"{'+' if gap > 0 else ''}{gap.normalize():f}"
