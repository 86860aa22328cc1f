"""Figures for Prometheus, counted from the ledger's own events; names follow its conventions."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from codevector_daemon.ledger import Ledger, LedgerChange, Settled
from codevector_shared.money import NANOS_PER_USD


class Metrics:
    """Counts since this process started; the ledger itself holds what lasts."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "codevector_requests", "Attempts settled.", ["state", "dialect"], registry=self._registry
        )
        self._tokens = Counter("codevector_tokens", "Tokens settled.", ["kind"], registry=self._registry)
        self._spend = Counter("codevector_spend_usd", "Spend settled, in USD.", registry=self._registry)
        self._open = Gauge("codevector_open_requests", "Calls under way.", registry=self._registry)
        self._spooled = Gauge("codevector_spooled_events", "Events waiting for the store.", registry=self._registry)
        ledger.subscribe(self._count)

    def text(self) -> bytes:
        """Return the exposition text."""
        self._open.set(self._ledger.open_count)
        self._spooled.set(self._ledger.spooled_events)
        return generate_latest(self._registry)

    def _count(self, change: LedgerChange) -> None:
        if not isinstance(change, Settled):
            return
        event = change.event
        self._requests.labels(event.state, event.dialect).inc()
        self._tokens.labels("input").inc(event.counts.input)
        self._tokens.labels("cached").inc(event.counts.cache_read)
        self._tokens.labels("output").inc(event.counts.output)
        self._spend.inc(event.spend_nano / NANOS_PER_USD)
