"""Makes what comes in fit to be counted: foreign names are cut and cleaned, absurd numbers and times are bounded.

Nothing is refused: a call happened, whatever it is called.
"""

import re

from msgspec.structs import astuple, replace

from codevector_daemon.ledger.event import OpenRequest, Series, UsageEvent
from codevector_daemon.metering.counts import TokenCounts

LONGEST = 200
"""Characters kept of a name."""

MOST_TOKENS = 1 << 40
"""A greater count in one answer is absurd; eight million such answers fit into a sum."""

MOST_NANO = 1 << 50
"""About a million dollars for one call."""

EARLIEST_MS = 86_400_000
"""Times before the second day of 1970 are no times; days can still be cut around this one in every zone."""

AHEAD_MS = 3_600_000
"""How far clocks may differ: what began later than that from now began now."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")


def cleaned_event(event: UsageEvent, now_ms: int) -> UsageEvent:
    """Return the event as it is counted; itself where nothing is wrong with it."""
    started = _time(event.started_ms, now_ms)
    finished = max(_time(event.finished_ms, now_ms), started)
    counts, spend = _counts(event.counts), _bounded(event.spend_nano, MOST_NANO)
    texts = (event.session, event.agent, event.error, event.service_tier, event.price_version)
    fine = (
        (started, finished, spend) == (event.started_ms, event.finished_ms, event.spend_nano)
        and counts is event.counts
        and all(text is None or _is_clean(text) for text in texts)
        and _is_clean_series(event.series)
        and (event.ttft_ms is None or 0 <= event.ttft_ms <= MOST_TOKENS)
    )
    if fine:
        return event
    return replace(
        event,
        started_ms=started,
        finished_ms=finished,
        series=_series(event.series),
        counts=counts,
        spend_nano=spend,
        ttft_ms=None if event.ttft_ms is None else _bounded(event.ttft_ms, MOST_TOKENS),
        session=_optional(event.session),
        agent=_optional(event.agent),
        error=_optional(event.error),
        service_tier=_optional(event.service_tier),
        price_version=_optional(event.price_version),
    )


def cleaned_note(note: OpenRequest, now_ms: int) -> OpenRequest:
    """Return the note as the journal keeps it; itself where nothing is wrong with it."""
    started, estimated = _time(note.started_ms, now_ms), _bounded(note.estimated_input, MOST_TOKENS)
    fine = all(text is None or _is_clean(text) for text in (note.session, note.agent))
    if fine and _is_clean_series(note.series) and (started, estimated) == (note.started_ms, note.estimated_input):
        return note
    return replace(
        note,
        started_ms=started,
        series=_series(note.series),
        session=_optional(note.session),
        agent=_optional(note.agent),
        estimated_input=estimated,
    )


def clean(text: str) -> str:
    """Return a name without control and direction characters, cut to a length that fits a screen."""
    if _is_clean(text):
        return text
    # Cut before, so that megabytes are not looked through, and after, as a run of characters became one.
    return _UNPRINTABLE.sub(" ", text[: LONGEST * 4]).strip()[:LONGEST]


def _is_clean(text: str) -> bool:
    return len(text) <= LONGEST and text.isprintable()


def _is_clean_series(series: Series) -> bool:
    return (
        _is_clean(series.client_app)
        and _is_clean(series.project)
        and _is_clean(series.model)
        and _is_clean(series.provider)
        and _is_clean(series.upstream_model)
    )


def _series(series: Series) -> Series:
    return replace(
        series,
        client_app=clean(series.client_app),
        project=clean(series.project),
        model=clean(series.model),
        provider=clean(series.provider),
        upstream_model=clean(series.upstream_model),
    )


def _optional(text: str | None) -> str | None:
    return None if text is None else clean(text)


def _counts(counts: TokenCounts) -> TokenCounts:
    numbers = astuple(counts)
    if min(numbers) >= 0 and max(numbers) <= MOST_TOKENS:
        return counts
    return TokenCounts(*(_bounded(number, MOST_TOKENS) for number in numbers))


def _bounded(number: int, most: int) -> int:
    return min(max(number, 0), most)


def _time(at_ms: int, now_ms: int) -> int:
    return now_ms if at_ms > now_ms + AHEAD_MS else max(at_ms, EARLIEST_MS)
