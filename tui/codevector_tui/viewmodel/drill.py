"""One bar of the dashboard looked at closely: a dashboard of its days, put together from usage answers."""

from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from codevector_shared.money import nano, usd
from codevector_shared.periods import between, edges
from codevector_shared.protocol import Bucket, Dashboard, Granularity, Totals, Usage, UsageRow
from codevector_tui.viewmodel.times import moment, zone_of


def days_of(bucket: Bucket) -> tuple[str, str] | None:
    """Return the first and last day of a bar; None for one shorter than a day."""
    first, last = moment(bucket.start), moment(bucket.end) - timedelta(seconds=1)
    if moment(bucket.end) - moment(bucket.start) < timedelta(hours=23):
        return None
    return first.date().isoformat(), last.date().isoformat()


def dashboard_of(over_time: Usage, models: Usage, projects: Usage) -> Dashboard:
    """Return a dashboard of chosen days; what a usage answer cannot say is left out."""
    cut: Granularity = "hour" if any(isinstance(row.hour, str) for row in over_time.rows) else "day"
    start, end = moment(over_time.period.start or over_time.period.end), moment(over_time.period.end)
    hours = max(1.0, (end - start) / timedelta(hours=1))
    return Dashboard(
        period=over_time.period,
        granularity=cut,
        totals=over_time.totals,
        previous=over_time.previous,
        buckets=_buckets(over_time, cut),
        models=models.rows,
        projects=projects.rows,
        latest=[],
        p50_ms=None,
        output_tokens_per_s=None,
        spend_usd_per_hour=usd(round(nano(over_time.totals.spend_usd) / hours)),
        month_end_usd=None,
    )


def _buckets(usage: Usage, cut: Granularity) -> list[Bucket]:
    """Return a bar for every hour or day of the period, also for those without a row."""
    zone = zone_of(usage.period.timezone)
    first, last = moment(usage.period.start or usage.period.end), moment(usage.period.end)
    days = between(first.date(), (last - timedelta(seconds=1)).date(), last, zone)
    cuts = [each.astimezone(zone) for each in edges(days, cut)]
    rows = {_key(row, cut): row for row in usage.rows}
    return [
        _bucket(rows.get(start.date().isoformat() if cut == "day" else str(start.timestamp())), start, end)
        for start, end in pairwise(cuts)
    ]


def _key(row: UsageRow, cut: Granularity) -> str:
    if cut == "hour" and isinstance(row.hour, str):
        return str(moment(row.hour).timestamp())
    return str(row.day)


def _bucket(row: UsageRow | None, start: datetime, end: datetime) -> Bucket:
    if row is None:
        return Bucket(start=start.isoformat(), end=end.isoformat())
    figures = {field: getattr(row, field) for field in Totals.__struct_fields__}
    return msgspec.convert({"start": start.isoformat(), "end": end.isoformat(), **figures}, Bucket)
