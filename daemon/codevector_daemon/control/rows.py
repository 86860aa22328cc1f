"""Request rows of the live stream, made from what the ledger holds in memory."""

from typing import Any
from zoneinfo import ZoneInfo

from codevector_daemon.directory import Directory
from codevector_daemon.ledger import OpenSoFar, Series, UsageEvent
from codevector_daemon.metering.counts import TokenCounts
from codevector_shared.money import usd
from codevector_shared.periods import iso
from codevector_shared.protocol import Request


class RequestRows:
    """Puts names to ids, and times into the ledger's zone."""

    def __init__(self, directory: Directory, zone: ZoneInfo) -> None:
        self._directory = directory
        self._zone = zone

    def open(self, so_far: OpenSoFar) -> Request:
        """Show a call under way with its counts so far."""
        note = so_far.note
        counts = so_far.counts
        estimated = TokenCounts(uncached_input=so_far.estimated_input, output=counts.output)
        return Request(
            id=note.id,
            started_at=iso(note.started_ms, self._zone),
            finished_at=None,
            state="open",
            status=None,
            session=note.session,
            agent=note.agent,
            dialect=note.dialect,
            stream=note.stream,
            attempt=note.attempt,
            parent_id=note.parent_id,
            spend_usd=usd(0),
            usage_source="reported" if counts.input else "estimated",
            price_basis=None,
            price_version=None,
            service_tier=None,
            own_login=note.own_login,
            imported=False,
            ttft_ms=so_far.ttft_ms,
            duration_ms=None,
            error=None,
            **self._names(note.series),
            **_tokens(counts if counts.input else estimated),
        )

    def settled(self, event: UsageEvent) -> Request:
        """Show an attempt that is over."""
        return Request(
            id=event.id,
            started_at=iso(event.started_ms, self._zone),
            finished_at=iso(event.finished_ms, self._zone),
            state=event.state,
            status=event.status,
            session=event.session,
            agent=event.agent,
            dialect=event.dialect,
            stream=event.stream,
            attempt=event.attempt,
            parent_id=event.parent_id,
            spend_usd=usd(event.spend_nano),
            usage_source=event.usage_source,
            price_basis=event.price_basis,
            price_version=event.price_version,
            service_tier=event.service_tier,
            own_login=event.own_login,
            imported=event.imported,
            ttft_ms=event.ttft_ms,
            duration_ms=event.duration_ms,
            error=event.error,
            **self._names(event.series),
            **_tokens(event.counts),
        )

    def _names(self, series: Series) -> dict[str, Any]:  # fields of the message
        user = self._directory.user(series.user_id)
        return {
            "user": user.name if user is not None else "",
            "user_id": series.user_id,
            "key": self._directory.key_name(series.key_id),
            "key_id": series.key_id or None,
            "client_app": series.client_app or None,
            "project": series.project or None,
            "model": series.model or None,
            "provider": series.provider or None,
            "upstream_model": series.upstream_model or None,
        }


def _tokens(counts: TokenCounts) -> dict[str, Any]:  # fields of the message
    return {
        "input_tokens": counts.input,
        "uncached_input_tokens": counts.uncached_input,
        "cached_tokens": counts.cache_read,
        "cache_write_5m_tokens": counts.cache_write_5m,
        "cache_write_1h_tokens": counts.cache_write_1h,
        "output_tokens": counts.output,
        "reasoning_tokens": counts.reasoning,
    }
