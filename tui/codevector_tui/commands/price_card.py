"""The part of ``codevector models show`` that is about money: rates now, their source, tiers, and an example."""

from codevector_shared.client import ControlClient
from codevector_shared.price_protocol import PriceCard
from codevector_shared.protocol import Model
from codevector_tui.commands import output
from codevector_tui.commands.output import Column
from codevector_tui.commands.price_lines import bill, origin, rate_set, total

_BILL = (Column("Example call"), Column("Count", "right"), Column("Rate", "right"), Column("Amount", "right"))


class ModelWithCard(Model, kw_only=True, frozen=True):
    """What ``models show --json`` prints."""

    price_card: PriceCard


async def ask(control: ControlClient, slug: str) -> tuple[Model, PriceCard]:
    """Ask for a model and its price card."""
    return await control.model(slug), await control.price_card(slug)


def show(card: PriceCard) -> None:
    """Print a card for people."""
    if card.price_basis == "free":
        output.say("\nThis model is free: calls cost nothing.")
        return
    output.say(f"\nPrices from {origin(card)}.")
    for tier in card.tiers:
        output.say(f"\n{tier.when.capitalize()}")
        output.facts((f"  {name}", value) for name, value in rate_set(tier))
    if card.example:
        output.say()
        output.table(_BILL, [*bill(card.example), ("Sum", "", "", total(card.example_usd))], empty="")
