"""At which hours of the day the money goes."""

from codevector_shared.formats import dollars
from codevector_shared.money import NANOS_PER_USD, nano, usd
from codevector_shared.protocol import Usage
from codevector_tui.viewmodel.chartspec import ChartSpec, Series
from codevector_tui.viewmodel.times import moment

_HOURS = 24


def by_hour(usage: Usage) -> ChartSpec:
    """Return the spend of a period by hour of day, from its rows by hour."""
    spend, requests = [0] * _HOURS, [0] * _HOURS
    for row in usage.rows:
        if isinstance(row.hour, str):
            hour = moment(row.hour).hour
            spend[hour] += nano(row.spend_usd)
            requests[hour] += row.requests
    return ChartSpec(
        bars=(Series("spend", "spend", tuple(amount / NANOS_PER_USD for amount in spend)),),
        labels=tuple(f"{hour:02d}" if hour % 6 == 0 else "" for hour in range(_HOURS)),
        exact=tuple(
            f"{hour:02d}:00–{hour + 1:02d}:00   {dollars(usd(spend[hour]))}   {requests[hour]:,} requests"  # noqa: RUF001 — from … to
            for hour in range(_HOURS)
        ),
    )
