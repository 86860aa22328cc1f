"""One sitting of one made-up person: calls that build on each other, most of them good."""

import math
from collections.abc import Iterator
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from codevector_daemon.gateway.ids import PREFIX
from codevector_daemon.ledger.event import FinalState, Series, UsageEvent
from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.sandbox.team import DemoKey, DemoModel

_OPENAI_CACHE_STEP = 128
"""OpenAI caches prompts in steps of this many tokens."""
_FAILURES = {
    "anthropic": ((529, "overloaded_error"), (500, "api_error"), (429, "rate_limit_error")),
    "openai": ((500, "server_error"), (429, "rate_limit_error")),
}
_FAILED, _RETRIED, _LEFT, _REJECTED, _INTERRUPTED = 0.006, 0.018, 0.032, 0.035, 0.036
"""Shares of calls with each ending, added up."""
_COMPACTED_FROM = 150_000
_PAUSE_S = 38.0
_MEDIAN_OUTPUT, _MEDIAN_NEW = 380, 1300
_MEDIAN_TTFT_MS, _MEDIAN_FAILURE_MS, _REJECTION_MS = 850, 700, 12
_HOUR_CACHE = 0.25
"""Share of sittings that begin with a cache kept for an hour."""


class Holder(Struct, frozen=True):
    """Whom a demo key belongs to in the ledger."""

    user_id: int
    key_id: int


class Sitting:
    """Owns the clock and the context of one session."""

    def __init__(self, random: Random, key: DemoKey, holder: Holder, start_ms: int) -> None:
        models, weights = zip(*key.models, strict=True)
        self._random = random
        self._key = key
        self._model: DemoModel = random.choices(models, weights)[0]
        self._at_ms = start_ms
        self._context = 0
        self._session = f"{random.getrandbits(128):032x}"
        self._series = Series(
            user_id=holder.user_id,
            key_id=holder.key_id,
            client_app=key.client_app,
            project=key.project,
            model=self._model.name,
            provider=self._model.provider,
            upstream_model=self._model.name,
        )

    def calls(self, count: int) -> Iterator[UsageEvent]:
        """Yield the events of so many calls, with a pause after each."""
        for _ in range(count):
            yield from self._call()
            self._at_ms += int((3 + self._random.expovariate(1 / _PAUSE_S)) * 1000)

    def _call(self) -> Iterator[UsageEvent]:
        share = self._random.random()
        name = self._name()
        if share < _FAILED:
            yield self._failed(name)
        elif share < _RETRIED:
            yield self._failed(self._name(), parent=name)
            yield self._answered(name, "complete", attempt=2)
        elif share < _LEFT:
            yield self._answered(name, "client_left")
        elif share < _REJECTED:
            yield self._rejected(name)
        elif share < _INTERRUPTED:
            yield self._answered(name, "interrupted")
        else:
            yield self._answered(name, "complete")

    def _failed(self, name: str, *, parent: str | None = None) -> UsageEvent:
        status, error = self._random.choice(_FAILURES[self._model.provider])
        event = self._event(name, "upstream_failed", self._spread(_MEDIAN_FAILURE_MS, 0.5))
        return replace(event, status=status, error=error, parent_id=parent)

    def _rejected(self, name: str) -> UsageEvent:
        return replace(self._event(name, "rejected", _REJECTION_MS), status=404, error="model_not_found")

    def _answered(self, name: str, state: FinalState, *, attempt: int = 1) -> UsageEvent:
        whole = state == "complete"
        counts = self._counts(self._spread(_MEDIAN_OUTPUT, 0.9) // (1 if whole else 3) + 4)
        ttft_ms = self._spread(_MEDIAN_TTFT_MS, 0.4)
        took_ms = ttft_ms + counts.output * 1000 // self._model.output_tokens_per_s
        self._context = 0 if counts.input > _COMPACTED_FROM else counts.input + counts.output
        return replace(
            self._event(name, state, took_ms),
            status=200,
            counts=counts,
            spend_nano=self._model.spend_nano(counts),
            usage_source="reported" if whole else "estimated",
            price_basis="override",
            attempt=attempt,
            ttft_ms=ttft_ms,
            error="shutting_down" if state == "interrupted" else None,
        )

    def _counts(self, output: int) -> TokenCounts:
        new = self._spread(_MEDIAN_NEW, 0.9) + (0 if self._context else self._key.context)
        if self._model.writes_cache:
            hour = not self._context and self._random.random() < _HOUR_CACHE
            tail = self._random.randint(3, 120)
            return TokenCounts(
                uncached_input=tail,
                cache_read=self._context,
                cache_write_5m=0 if hour else new,
                cache_write_1h=new if hour else 0,
                output=output,
            )
        read = int(self._context * self._random.uniform(0.75, 1)) // _OPENAI_CACHE_STEP * _OPENAI_CACHE_STEP
        thinking = int(output * self._random.uniform(0.1, 0.6))
        return TokenCounts(
            uncached_input=self._context - read + new, cache_read=read, output=output, reasoning=thinking
        )

    def _event(self, name: str, state: FinalState, took_ms: int) -> UsageEvent:
        started_ms = self._at_ms
        self._at_ms += took_ms
        return UsageEvent(
            id=name,
            started_ms=started_ms,
            finished_ms=self._at_ms,
            state=state,
            series=self._series,
            dialect=self._key.dialect,
            stream=not self._key.round_the_clock,
            session=self._session,
        )

    def _name(self) -> str:
        return f"{PREFIX}{self._at_ms:012x}{self._random.getrandbits(80):020x}"

    def _spread(self, median: int, sigma: float) -> int:
        return int(self._random.lognormvariate(math.log(median), sigma))
