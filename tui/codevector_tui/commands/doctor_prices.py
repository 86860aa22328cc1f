"""The doctor's section on prices."""

from codevector_shared.formats import UNKNOWN, dollars, whole
from codevector_shared.price_protocol import PriceHealth
from codevector_tui.commands import output
from codevector_tui.commands.output import Column


def say_prices(found: PriceHealth) -> None:
    """Print the models whose price deserves a look."""
    output.say(f"Prices, the last 30 days ({found.catalogue})")
    estimated = f"{whole(found.estimated_requests)} of {whole(found.requests)} requests with usage"
    output.say(f"  Estimated: {estimated}, {dollars(found.estimated_spend_usd)} of {dollars(found.spend_usd)}")
    if found.unsure:
        columns = [
            Column("Model"),
            Column("Provider"),
            Column("Price"),
            Column("Requests", "right"),
            Column("Share", "right"),
        ]
        rows = [
            (
                model.model or UNKNOWN,
                model.provider or UNKNOWN,
                model.price_basis,
                whole(model.requests),
                f"{model.spend_share:.0%}",
            )
            for model in found.unsure
        ]
        output.table(columns, rows, empty="")
    for gap in found.overrides:
        output.say(
            f"  {gap.model}: {gap.rate} is set to ${gap.override}, the catalogue says ${gap.catalogue}"
            " (USD per million tokens)"
        )
