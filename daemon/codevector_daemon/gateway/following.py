"""Background runs that nobody comes back for: their usage is asked for, so that what they cost is known."""

import asyncio
import contextlib
import logging

from msgspec.structs import replace

from codevector_daemon.dialects.base import Reading
from codevector_daemon.directory.values import Provider
from codevector_daemon.errors import StoreError, UpstreamError
from codevector_daemon.gateway.asking import Told, ask
from codevector_daemon.gateway.attribution import clean
from codevector_daemon.gateway.call import Gateway
from codevector_daemon.gateway.keeping import can_be_asked, keeper
from codevector_daemon.gateway.settle import retrieved_event
from codevector_daemon.ledger import Awaited, KeptResponse
from codevector_daemon.metering import estimate
from codevector_daemon.metering.counts import TokenCounts

logger = logging.getLogger(__name__)

AT_ONCE = 4
ROUND = 100
"""Runs asked for before the list is read again."""
LONGEST_MS = 48 * 3_600_000
"""How old a run may become before it is given up: providers let none go on for longer than a day."""
IN_VAIN = 3
"""How often a provider of a run as old as that may fail to answer: it may be this machine that was away."""
_LONGEST_PAUSE_MS = 4 * 3_600_000
_SHORTEST_WAIT_S = 0.05
_IDLE_S = 3_600.0
GONE = frozenset({404, 410})
USAGE_UNKNOWN = "usage_unknown"


class Follower:
    """Asks for each run after a while of quiet, then with growing pauses. All state but ``_vain`` is in the store."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._quiet_s = gateway.settings.follow_background_seconds
        self._vain: dict[str, int] = {}
        """How often in a row a run's provider failed to answer."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow in the background until ``close``."""
        self._task = asyncio.create_task(self._go_on(), name="follower")

    async def close(self) -> None:
        """Stop at once; what is asked for just now is asked for again by the next process."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _go_on(self) -> None:
        while True:
            wait_s = self._quiet_s or _IDLE_S
            try:
                wait_s = await self.look()
            except StoreError as error:
                logger.debug("background runs are looked after later: %s", error)
            except Exception:
                logger.exception("background runs could not be looked after")
            await asyncio.sleep(max(wait_s, _SHORTEST_WAIT_S))

    async def look(self) -> float:
        """Ask for every run that is due; returns the seconds until one may be due again. Raises StoreError."""
        idle_ms = (self._quiet_s or _IDLE_S) * 1000
        if self._gateway.ledger.degraded:  # what is asked now could not be noted
            return idle_ms / 1000
        runs = await self._gateway.ledger.awaited()
        self._forget_all_but({run.response.request_id for run in runs})
        now_ms = self._gateway.now_ms()
        times = sorted(((self._due_ms(run, now_ms), run) for run in runs), key=lambda time: time[0])
        due = [run for due_ms, run in times[:ROUND] if due_ms <= now_ms]
        gate = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for run in due:
                group.create_task(self._follow(run, gate))
        return min([idle_ms, *(due_ms - now_ms for due_ms, _ in times[len(due) :])]) / 1000

    def _due_ms(self, run: Awaited, now_ms: int) -> float:
        """Return when a run is asked for; one that cannot be, when it is given up."""
        response, seen_ms = run.response, max(run.seen_ms, self._gateway.sights.last_ms(run.response))
        if not self._quiet_s or response.own_login:
            return response.created_ms + LONGEST_MS
        if seen_ms > now_ms:  # the clock went back
            return now_ms
        return seen_ms + self._pause_ms(seen_ms - response.created_ms)

    def _pause_ms(self, age_ms: int) -> float:
        quiet_ms = self._quiet_s * 1000
        if age_ms >= LONGEST_MS:
            return quiet_ms
        return max(quiet_ms, min(age_ms / 2, _LONGEST_PAUSE_MS))

    def _forget_all_but(self, request_ids: set[str]) -> None:
        self._gateway.sights.keep(request_ids)
        for gone in self._vain.keys() - request_ids:
            del self._vain[gone]

    # -- one run ------------------------------------------------------------------------------------------------------

    async def _follow(self, run: Awaited, gate: asyncio.Semaphore) -> None:
        async with gate:
            try:
                await self._look_after(run)
            except StoreError as error:
                logger.debug("the background run %s is looked after later: %s", run.response.request_id, error)
            except Exception:  # the edge of a run: no other is kept from being asked for
                logger.exception("the background run %s could not be looked after", run.response.request_id)

    async def _look_after(self, run: Awaited) -> None:
        gateway, response = self._gateway, run.response
        known = await gateway.ledger.response(response.id, response.series.user_id)
        if known is not None and known.counted and known.request_id == response.request_id:
            return  # told by now, and on its way into the store
        provider = keeper(gateway, response)
        if provider is None:
            await self._give_up(response, "its provider was removed")
        elif not self._quiet_s or response.own_login:
            await self._give_up(response, "it was never retrieved")
        elif can_be_asked(provider):
            # Noted first: a process that is killed, or cannot write, does not ask again and again.
            await gateway.ledger.looked_at(run)
            await self._ask(response, provider)
        elif self._is_old(response):
            await self._give_up(response, "its provider is disabled")
        else:
            await gateway.ledger.looked_at(run)

    async def _ask(self, response: KeptResponse, provider: Provider) -> None:
        try:
            told = await ask(self._gateway, response.id, provider)
        except (UpstreamError, TimeoutError) as error:
            await self._fail(response, f"its provider cannot be asked: {error}")
            return
        if told.status in GONE:
            await self._give_up(response, "its provider does not know it any more", told.status)
        elif not told.found:
            await self._fail(response, f"its provider answers {told.status}")
        elif told.reading.later:
            self._vain.pop(response.request_id, None)
            if self._is_old(response):
                await self._give_up(response, "its provider still calls it unfinished")
        elif told.reading.usage_source == "none":
            await self._settle_untold(response, told)
        else:
            event = retrieved_event(self._gateway, response, told.reading, told.status)
            await asyncio.shield(self._gateway.ledger.settle_retrieved(event, response))

    async def _fail(self, response: KeptResponse, why: str) -> None:
        """Leave it for later; not for ever."""
        vain = self._vain[response.request_id] = self._vain.get(response.request_id, 0) + 1
        if self._is_old(response) and vain >= IN_VAIN:
            await self._give_up(response, why)

    async def _settle_untold(self, response: KeptResponse, told: Told) -> None:
        """Count a run that is over without a word of its usage: by estimate, or as nothing where it failed."""
        reading = told.reading
        if reading.error is None:
            model, max_bytes = response.series.upstream_model, self._gateway.settings.estimate_max_bytes
            output = await estimate.run(lambda: estimate.output_tokens(told.kept, model, max_bytes))
            counts = TokenCounts(uncached_input=response.estimated_input, output=output)
            reading = replace(reading, counts=counts, usage_source="estimated")
        event = retrieved_event(self._gateway, response, reading, told.status, stand_in=True)
        await asyncio.shield(self._gateway.ledger.settle(event))

    async def _give_up(self, response: KeptResponse, why: str, status: int | None = None) -> None:
        """Count the prompt by its estimate: that much was used, whatever else was."""
        logger.warning(
            "what the background run %s of the call %s used stays unknown: %s; its prompt counts by an estimate",
            clean(response.id),
            response.request_id,
            why,
        )
        counts = TokenCounts(uncached_input=response.estimated_input)
        reading = Reading(counts=counts, usage_source="estimated", error=USAGE_UNKNOWN)
        event = retrieved_event(self._gateway, response, reading, status, stand_in=True)
        await asyncio.shield(self._gateway.ledger.settle(event))

    def _is_old(self, response: KeptResponse) -> bool:
        return self._gateway.now_ms() - response.created_ms >= LONGEST_MS
