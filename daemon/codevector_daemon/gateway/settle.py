"""What an attempt used and cost, made into the one event that the ledger counts."""

import logging

from msgspec import Struct
from msgspec.structs import replace

from codevector_daemon.dialects.base import Kept, Reading
from codevector_daemon.directory import Directory
from codevector_daemon.directory.kinds import kind_of
from codevector_daemon.errors import Refused
from codevector_daemon.gateway.attribution import clean
from codevector_daemon.gateway.call import Arrival, Call, Gateway
from codevector_daemon.ledger import KeptResponse, Orphan
from codevector_daemon.ledger.event import FinalState, Series, UsageEvent
from codevector_daemon.ledger.orphans import unpriced
from codevector_daemon.ledger.responses import late_row
from codevector_daemon.metering import estimate
from codevector_daemon.metering.counts import NO_EXTRAS, NOTHING, Extras, TokenCounts
from codevector_daemon.metering.prices import Price, PriceBook
from codevector_daemon.metering.tap import AnswerTap

logger = logging.getLogger(__name__)

FIRST_STATUS_WITHOUT_ANSWER = 300
NO_CONTENT = 204
DAEMON_DIED = "daemon_died"


class Outcome(Struct, frozen=True):
    """How one attempt ended. ``sent`` says whether the request reached the provider."""

    request_id: str
    attempt: int
    state: FinalState
    sent: bool
    parent_id: str | None = None
    status: int | None = None
    ttft_ms: int | None = None
    error: str | None = None
    keeps: bool = False
    """Whether the client may come back for the answer, by the id that the provider gave it."""
    stated_cost_nano: int | None = None
    """What the provider said in a header that the call cost (LiteLLM does)."""


def needs_estimate(outcome: Outcome, tap: AnswerTap | None) -> bool:
    """Tell whether counts are missing that the provider will charge for."""
    failed = outcome.status is not None and (
        outcome.status >= FIRST_STATUS_WITHOUT_ANSWER or outcome.status == NO_CONTENT
    )
    if tap is None:
        return outcome.sent and outcome.state in {"client_left", "interrupted"} and not failed
    reading = tap.reading()
    if reading.refused is not None and reading.usage_source != "none":
        return True  # a side of it is known, the other cannot be believed
    if failed:
        return False
    if reading.later or (reading.error is not None and tap.progress() == 0):
        return False
    return not (reading.finished and reading.whole)


async def event_of(gateway: Gateway, call: Call, outcome: Outcome, tap: AnswerTap | None) -> UsageEvent:
    """Make the event of an attempt, by an estimate where one is needed."""
    if needs_estimate(outcome, tap):
        return await estimated_event(gateway, call, outcome, tap)
    return reported_event(gateway, call, outcome, tap)


def reported_event(gateway: Gateway, call: Call, outcome: Outcome, tap: AnswerTap | None) -> UsageEvent:
    """Make the event from what the provider reported; no estimate is needed."""
    reading = tap.reading() if tap is not None else Reading()
    return _event(gateway, call, outcome, reading)


async def estimated_event(gateway: Gateway, call: Call, outcome: Outcome, tap: AnswerTap | None) -> UsageEvent:
    """Make the event with the missing counts estimated off the loop; what was reported is kept."""
    reading = tap.reading() if tap is not None else Reading()
    max_bytes, model = gateway.settings.estimate_max_bytes, call.backend.upstream_model
    kept = Kept()
    try:
        kept = tap.kept() if tap is not None else kept
        counts = await estimate.run(
            lambda: estimate.completed(reading, call.dialect, call.body, kept, model, max_bytes=max_bytes)
        )
    except Exception:  # the edge of a thread: whatever it stumbled over, a call that cost money has its row
        logger.exception("the tokens of %s could not be counted; its size stands for them", call.id)
        counts = estimate.completed_by_size(reading, call.body, kept, model)
    return _event(gateway, call, outcome, replace(reading, counts=counts, usage_source="estimated"))


def rejected_event(arrival: Arrival, model: str, refused: Refused, finished_ms: int) -> UsageEvent:
    """Make the event of a call that the gateway itself refused: it costs nothing and counts in no bucket."""
    return UsageEvent(
        id=arrival.id,
        started_ms=arrival.received_ms,
        finished_ms=finished_ms,
        state="rejected",
        series=arrival.series(model),
        dialect=arrival.dialect.name,
        stream=False,
        status=refused.status,
        session=arrival.tags.session,
        agent=arrival.tags.agent,
        own_login=arrival.own_login,
        error=refused.code,
    )


def kept_response(call: Call, reading: Reading) -> KeptResponse | None:
    """Return the response that an answer names, where the provider keeps it; its usage may come later."""
    head, arrival = call.head, call.arrival
    if reading.response_id is None or not (head.store or head.background):
        return None
    return KeptResponse(
        id=reading.response_id,
        provider_id=call.backend.provider.id,
        request_id=call.id,
        series=call.series,
        created_ms=arrival.received_ms,
        session=arrival.tags.session,
        agent=arrival.tags.agent,
        own_login=arrival.own_login,
        service_tier=head.service_tier,
        counted=not reading.later,
        estimated_input=estimate.quick_input(call.body) if reading.later else 0,
    )


def retrieved_event(
    gateway: Gateway, response: KeptResponse, reading: Reading, status: int | None, *, stand_in: bool = False
) -> UsageEvent:
    """Make the event of what a kept response used, as its retrieval told: a row beside the one of its call."""
    series, tier = response.series, reading.service_tier or response.service_tier
    price = _price_of(
        gateway.directory,
        gateway.prices,
        series,
        counts=reading.counts,
        extras=reading.extras,
        at_ms=response.created_ms,
        service_tier=tier,
    )
    return UsageEvent(
        id=late_row(response.request_id),
        parent_id=response.request_id,
        started_ms=response.created_ms,
        finished_ms=gateway.now_ms(),
        state="upstream_failed" if reading.error else "complete",
        series=series,
        dialect="responses",
        stream=False,
        counts=reading.counts,
        spend_nano=price.spend_nano,
        usage_source=reading.usage_source if reading.refused is None else "estimated",
        price_basis=price.basis if reading.usage_source != "none" else None,
        price_version=price.version if reading.usage_source != "none" else None,
        service_tier=tier,
        status=status,
        session=response.session,
        agent=response.agent,
        own_login=response.own_login,
        error=clean(reading.error) if reading.error else None,
        extras=reading.extras if reading.extras != NO_EXTRAS else None,
        usage_of=response.id,
        stand_in=stand_in,
    )


def orphan_event(orphan: Orphan, directory: Directory, prices: PriceBook, finished_ms: int) -> UsageEvent:
    """Make the event of a call that a dead process left open: interrupted, with what was noted of it."""
    if orphan.is_told_later:
        return replace(unpriced(orphan), error=DAEMON_DIED)
    note, counts = orphan.note, orphan.counts
    if counts.input == 0:
        counts = replace(counts, uncached_input=note.estimated_input)
    price = _price_of(
        directory,
        prices,
        note.series,
        counts=counts,
        extras=orphan.extras,
        at_ms=note.started_ms,
        service_tier=orphan.service_tier,
    )
    return UsageEvent(
        id=note.id,
        parent_id=note.parent_id,
        attempt=note.attempt,
        started_ms=note.started_ms,
        finished_ms=max(note.started_ms, min(orphan.seen_ms, finished_ms)),
        state="interrupted",
        series=note.series,
        dialect=note.dialect,
        stream=note.stream,
        counts=counts,
        spend_nano=price.spend_nano,
        usage_source="estimated",
        price_basis=price.basis,
        price_version=price.version,
        service_tier=orphan.service_tier,
        extras=orphan.extras if orphan.extras != NO_EXTRAS else None,
        session=note.session,
        agent=note.agent,
        own_login=note.own_login,
        ttft_ms=orphan.ttft_ms,
        error=DAEMON_DIED,
    )


def _price_of(
    directory: Directory,
    prices: PriceBook,
    series: Series,
    *,
    counts: TokenCounts,
    extras: Extras,
    at_ms: int,
    service_tier: str | None,
) -> Price:
    """Price what only became known after its call: by what the model and the provider are set to now."""
    facade, provider = directory.facade(series.model), directory.provider(series.provider)
    vendor = kind_of(provider).vendor if provider else ""
    card = prices.card(
        vendor,
        series.upstream_model,
        at_ms,
        override=facade.override if facade else None,
        free=facade.free if facade else False,
    )
    return prices.bill(card, counts, extras, vendor=vendor, at_ms=at_ms, service_tier=service_tier)


def _event(gateway: Gateway, call: Call, outcome: Outcome, reading: Reading) -> UsageEvent:
    spend_nano, basis, version = 0, None, None
    extras = _extras(reading, outcome)
    service_tier = reading.service_tier or call.head.service_tier
    if reading.usage_source != "none":
        vendor = kind_of(call.backend.provider).vendor
        at_ms = call.arrival.received_ms
        card = gateway.prices.card(
            vendor, call.backend.upstream_model, at_ms, override=call.facade.override, free=call.facade.free
        )
        price = gateway.prices.bill(
            card,
            reading.counts,
            extras,
            vendor=vendor,
            at_ms=at_ms,
            service_tier=service_tier,
        )
        spend_nano, basis, version = price.spend_nano, price.basis, price.version
    return UsageEvent(
        id=outcome.request_id,
        parent_id=outcome.parent_id,
        attempt=outcome.attempt,
        started_ms=call.arrival.received_ms,
        finished_ms=gateway.now_ms(),
        state=outcome.state,
        series=call.series,
        dialect=call.dialect.name,
        stream=call.head.stream,
        counts=reading.counts if reading.usage_source != "none" else NOTHING,
        spend_nano=spend_nano,
        usage_source=reading.usage_source,
        price_basis=basis,
        price_version=version,
        service_tier=service_tier,
        status=outcome.status,
        session=call.arrival.tags.session,
        agent=call.arrival.tags.agent,
        own_login=call.arrival.own_login,
        ttft_ms=outcome.ttft_ms,
        error=clean(outcome.error) if outcome.error else None,
        extras=extras if reading.usage_source != "none" and extras != NO_EXTRAS else None,
        response=kept_response(call, reading) if outcome.keeps else None,
    )


def _extras(reading: Reading, outcome: Outcome) -> Extras:
    """Return what the price rests on besides the counts; a cost in the answer itself wins over one in its head."""
    extras, stated = reading.extras, outcome.stated_cost_nano
    if extras.provider_cost_nano is not None or stated is None:
        return extras
    return replace(extras, provider_cost_nano=stated, cost_from="header")
