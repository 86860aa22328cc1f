"""The two charts of the dashboard: spend with requests, and tokens by kind."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from codevector_shared.formats import compact, dollars
from codevector_shared.money import NANOS_PER_USD, nano, usd
from codevector_shared.protocol import Bucket, Dashboard, Granularity
from codevector_tui.viewmodel.chartspec import ChartSpec, Series
from codevector_tui.viewmodel.times import exact, moment, tick

Measure = Literal["spend", "tokens"]
TOKEN_KINDS = ("input", "cached", "writes", "output")


def activity(dashboard: Dashboard, capacity: int, now: datetime, measure: Measure = "spend") -> ChartSpec:
    """Return spend (or tokens) as bars and the request count as a line, which ends now."""
    buckets = fold(dashboard.buckets, capacity)
    passed = [bucket for bucket in buckets if moment(bucket.start) <= now]
    return ChartSpec(
        bars=(_measure(buckets, measure),),
        labels=_labels(buckets, dashboard.granularity),
        exact=tuple(
            f"{_when(bucket, dashboard.granularity)}   {_amount(bucket, measure)}   {bucket.requests:,} requests"
            for bucket in buckets
        ),
        unit="usd" if measure == "spend" else "count",
        line=Series("requests", "line", tuple(float(bucket.requests) for bucket in passed)),
    )


def consumption(dashboard: Dashboard, capacity: int) -> ChartSpec:
    """Return tokens per bucket, stacked: uncached input, cached, cache writes, output."""
    buckets = fold(dashboard.buckets, capacity)
    return ChartSpec(
        bars=(
            Series("input", "input", tuple(float(bucket.uncached_input_tokens) for bucket in buckets)),
            Series("cached", "cached", tuple(float(bucket.cached_tokens) for bucket in buckets)),
            Series("writes", "writes", tuple(float(bucket.cache_write_tokens) for bucket in buckets)),
            Series("output", "output", tuple(float(bucket.output_tokens) for bucket in buckets)),
        ),
        labels=_labels(buckets, dashboard.granularity),
        exact=tuple(f"{_when(bucket, dashboard.granularity)}   {_tokens(bucket)}" for bucket in buckets),
        unit="count",
    )


def fold(buckets: Sequence[Bucket], capacity: int) -> list[Bucket]:
    """Return at most ``capacity`` buckets, each the sum of equally many neighbours."""
    each = -(-len(buckets) // max(1, capacity))
    if each <= 1:
        return list(buckets)
    return [_sum(buckets[start : start + each]) for start in range(0, len(buckets), each)]


def _sum(buckets: Sequence[Bucket]) -> Bucket:
    def total(name: str) -> int:
        return sum(getattr(bucket, name) for bucket in buckets)

    return Bucket(
        start=buckets[0].start,
        end=buckets[-1].end,
        requests=total("requests"),
        errors=total("errors"),
        input_tokens=total("input_tokens"),
        uncached_input_tokens=total("uncached_input_tokens"),
        cached_tokens=total("cached_tokens"),
        cache_write_tokens=total("cache_write_tokens"),
        output_tokens=total("output_tokens"),
        reasoning_tokens=total("reasoning_tokens"),
        spend_usd=usd(sum(nano(bucket.spend_usd) for bucket in buckets)),
        own_login_usd=usd(sum(nano(bucket.own_login_usd) for bucket in buckets)),
        estimated_requests=total("estimated_requests"),
        unpriced_requests=total("unpriced_requests"),
        default_priced_requests=total("default_priced_requests"),
    )


def _measure(buckets: Sequence[Bucket], measure: Measure) -> Series:
    if measure == "spend":
        return Series("spend", "spend", tuple(nano(bucket.spend_usd) / NANOS_PER_USD for bucket in buckets))
    return Series("tokens", "spend", tuple(float(bucket.input_tokens + bucket.output_tokens) for bucket in buckets))


def _labels(buckets: Sequence[Bucket], granularity: Granularity) -> tuple[str, ...]:
    return tuple(tick(bucket.start, granularity, len(buckets)) for bucket in buckets)


def _when(bucket: Bucket, granularity: Granularity) -> str:
    return exact(bucket.start, bucket.end, granularity)


def _amount(bucket: Bucket, measure: Measure) -> str:
    if measure == "spend":
        return dollars(bucket.spend_usd)
    return f"{compact(bucket.input_tokens + bucket.output_tokens)} tokens"


def _tokens(bucket: Bucket) -> str:
    kinds = (
        ("input", bucket.uncached_input_tokens),
        ("cached", bucket.cached_tokens),
        ("writes", bucket.cache_write_tokens),
        ("output", bucket.output_tokens),
    )
    return " · ".join(f"{name} {compact(count)}" for name, count in kinds)
