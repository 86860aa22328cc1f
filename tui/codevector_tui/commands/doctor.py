"""``codevector doctor``: looks at the parts that can go wrong. Exit code 1 where something is."""

import click

from codevector_shared.client import ControlClient
from codevector_shared.ledger_protocol import LedgerHealth
from codevector_shared.price_protocol import PriceHealth
from codevector_tui.commands import output, talk
from codevector_tui.commands.doctor_ledger import say_ledger
from codevector_tui.commands.doctor_prices import say_prices
from codevector_tui.commands.frame import FAILED, Command, wants_json


@click.command(cls=Command)
@click.option("--ledger", is_flag=True, help="The ledger only: its file, the sums of all tiers, the spool.")
@click.option("--prices", is_flag=True, help="Prices only: models whose price deserves a look.")
def doctor(*, ledger: bool, prices: bool) -> None:
    """Look for what is wrong or unsure; without an option, everywhere. Exit code 1 where something is."""
    both = ledger == prices
    found: tuple[LedgerHealth | None, PriceHealth | None] = talk.administer(
        lambda control: _ask(control, ledger=ledger or both, prices=prices or both)
    )
    _show(*found)
    if not _is_well(*found, strict=both):
        click.get_current_context().exit(FAILED)


async def _ask(control: ControlClient, *, ledger: bool, prices: bool) -> tuple[LedgerHealth | None, PriceHealth | None]:
    return (
        await control.ledger_health() if ledger else None,
        await control.price_health() if prices else None,
    )


def _show(ledger: LedgerHealth | None, prices: PriceHealth | None) -> None:
    if wants_json():
        both = ledger is not None and prices is not None
        output.emit({"ledger": ledger, "prices": prices} if both else ledger or prices)
        return
    if ledger is not None:
        say_ledger(ledger)
    if prices is not None:
        say_prices(prices)


def _is_well(ledger: LedgerHealth | None, prices: PriceHealth | None, *, strict: bool) -> bool:
    """Tell whether nothing is wrong; a price that is merely unsure counts where everything was looked at."""
    unsure = strict and prices is not None and bool(prices.unsure or prices.estimated_requests)
    return (ledger is None or ledger.ok) and not unsure
