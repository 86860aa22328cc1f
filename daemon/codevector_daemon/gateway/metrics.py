"""Figures for Prometheus, counted from the ledger's own events; names follow its conventions."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codevector_daemon.ledger import Ledger, LedgerChange, Settled
from codevector_shared.money import NANOS_PER_USD

if TYPE_CHECKING:
    from prometheus_client import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts since this process started; the ledger itself holds what lasts. Owned by the event loop's thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._requests: Counter[tuple[str, str]] = Counter()
        self._tokens: Counter[str] = Counter({"input": 0, "cached": 0, "output": 0})
        self._spend_nano = 0
        ledger.subscribe(self._count)

    def text(self) -> bytes:
        """Return the exposition text."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - 2 MB for whoever scrapes

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> "Iterator[Metric]":
        """Yield every figure as it is now; called by the registry."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415

        requests = CounterMetricFamily("codevector_requests", "Attempts settled.", labels=["state", "dialect"])
        for labels, number in self._requests.items():
            requests.add_metric(list(labels), number)
        tokens = CounterMetricFamily("codevector_tokens", "Tokens settled.", labels=["kind"])
        for kind, number in self._tokens.items():
            tokens.add_metric([kind], number)
        yield requests
        yield tokens
        yield CounterMetricFamily(
            "codevector_spend_usd", "Spend settled, in USD.", value=self._spend_nano / NANOS_PER_USD
        )
        yield GaugeMetricFamily("codevector_open_requests", "Calls under way.", value=self._ledger.open_count)
        yield from _of_the_ledger(self._ledger)

    def _count(self, change: LedgerChange) -> None:
        if not isinstance(change, Settled):
            return
        event = change.event
        self._requests[event.state, event.dialect] += 1
        self._tokens["input"] += event.counts.input
        self._tokens["cached"] += event.counts.cache_read
        self._tokens["output"] += event.counts.output
        self._spend_nano += event.spend_nano


def _of_the_ledger(ledger: Ledger) -> "Iterator[Metric]":
    """Yield how the writing goes, all from one moment."""
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    found = ledger.standing
    figures = (
        ("degraded", "1 while the store refuses, or what it refused still waits.", int(found.degraded)),
        ("spooled_events", "Events waiting for the store.", found.spooled_events),
        ("damaged_spool_files", "Spool files set aside as they could not be read in full.", found.damaged_spool_files),
        ("folded_names", "Names counted as other, as their day had too many.", found.folded_names),
        ("recovered", "1 where a new database took a damaged one's place.", int(ledger.recovered is not None)),
    )
    for name, meaning, value in figures:
        yield GaugeMetricFamily(f"codevector_{name}", meaning, value=value)
