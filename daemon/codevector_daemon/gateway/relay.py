"""One admitted call on its way through: out to the provider, back to the client, and settled, whatever happens."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from codevector_daemon.dialects.base import BadBody
from codevector_daemon.dialects.counting import stated_cost_nano
from codevector_daemon.dialects.opening import UNREADABLE
from codevector_daemon.errors import Refused, StoreError, UpstreamError
from codevector_daemon.gateway import headers, refusal, routing, settle
from codevector_daemon.gateway.attempts import Attempts
from codevector_daemon.gateway.call import Call, Gateway
from codevector_daemon.gateway.client import Client
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.outlet import NO_ANSWER, Outlet, leads_away, may_be_answer, no_answer
from codevector_daemon.gateway.running import Ending, Stop
from codevector_daemon.gateway.settle import Outcome
from codevector_daemon.gateway.taps import tap_of
from codevector_daemon.gateway.upstream import FIRST_ERROR_STATUS, UpstreamAnswer
from codevector_daemon.ledger.event import FinalState, OpenRequest
from codevector_daemon.metering import estimate
from codevector_daemon.metering.tap import AnswerTap, LastWord

if TYPE_CHECKING:
    from codevector_daemon.dialects.translation import Translation

logger = logging.getLogger(__name__)

PROGRESS_S = 0.2
"""How soon new counts of an open call are told to whoever watches."""
LAST_WORD_S = 0.5
"""How long a client that is being cut off may take to read why."""
COST_HEADER = b"x-litellm-response-cost"


class Relay:
    """Carries one call. Its fields are what is known of the current attempt; it is settled exactly once."""

    def __init__(self, gateway: Gateway, attempts: Attempts, client: Client, ending: Ending) -> None:
        self._gateway = gateway
        self._attempts = attempts
        self._client = client
        self._ending = ending
        self._tap: AnswerTap | None = None
        self._outlet: Outlet | None = None
        self._ttft_ms: int | None = None
        self._settled: Awaitable[None] | None = None
        self._progress: asyncio.TimerHandle | None = None
        self._named = False

    async def run(self) -> None:
        """Serve the call to its end: when this returns, the row is durable and the client has all it will get."""
        opened = self._gateway.ledger.admit(self._note())
        self._gateway.refiner.watch(self._call.id, self._uncounted)
        try:
            await self._serve(opened)
        except StoreError as error:
            await self._unwritable(error)
        finally:
            self._gateway.refiner.leave(self._call.id)
            if self._progress is not None:
                self._progress.cancel()
            await self._attempts.close()
            if self._outlet is not None:
                await self._outlet.close()

    async def _serve(self, opened: Awaitable[None]) -> None:
        """Find an answer and pass it on; what goes wrong is settled and said. Raises StoreError where it cannot be."""
        try:
            await self._attempts.find()
            await asyncio.shield(opened)
            await self._pass_on()
        except StoreError:
            raise
        except UpstreamError as error:
            await self._fail(error)
        except Refused as refused:
            await self._refuse(refused)
        except BadBody as error:
            await self._reject(Refused(400, "invalid_request_error", "not_translatable", str(error)))
        except asyncio.CancelledError:
            await self._stop()
        except Exception:  # the edge of a call: a fault of ours is settled, said and logged like any other
            logger.exception("call %s failed inside the gateway", self._call.id)
            await self._settle_fault()
            await self._say(refusal.OWN_FAULT)

    @property
    def _call(self) -> Call:
        """The call, with the backend of its current attempt."""
        return self._attempts.call

    @property
    def _keeps(self) -> bool:
        """Whether the client is told an id by which it may come back for the answer."""
        call, attempts = self._call, self._attempts
        return call.dialect.name == "responses" and not call.arrival.suffix and attempts.translation is None

    # -- back to the client -------------------------------------------------------------------------------------------

    async def _pass_on(self) -> None:
        answer = self._attempts.answer
        if answer is None:
            raise AssertionError("there is no answer to pass on")
        self._tap = tap = self._make_tap(answer)
        if leads_away(answer.status):
            raise no_answer()
        if self._attempts.translation is not None and not tap.streamed:
            await self._pass_on_whole(answer, tap, self._attempts.translation)
            return
        if _is_empty(answer):  # its head is its last byte, so that is what waits for the row
            await self._settle(*_judge(answer.status, tap))
        self._outlet = outlet = Outlet(self._client, tap, answer, lambda: self._head(answer, tap))
        await outlet.open()
        async for chunk in answer.chunks():
            self._note_first_bytes()
            ready = tap.feed(chunk)
            if not self._named and tap.streamed:
                await self._note_response(tap)
            await outlet.take(ready)
            if tap.ended and self._settled is None:
                await self._settle(*_judge(answer.status, tap))
                await outlet.take(tap.release())
            self._note_progress(tap)
        await self._finish(answer, tap, outlet)

    async def _pass_on_whole(self, answer: UpstreamAnswer, tap: AnswerTap, translation: "Translation") -> None:
        """Translate an answer that was not streamed; its status may be another's, so nothing is sent before its end."""
        from codevector_daemon.gateway.translated import whole_answer  # noqa: PLC0415 - loaded with the translation

        body = bytearray()
        async for chunk in answer.chunks():
            self._note_first_bytes()
            tap.feed(chunk)
            body += chunk
        state, error = _judge(answer.status, tap)
        if error == UNREADABLE:
            raise no_answer()
        try:
            slug, stream = self._call.facade.slug, self._call.head.stream
            status, translated = whole_answer(translation, answer, bytes(body), slug, stream=stream, said=error)
        except Refused as refused:
            await self._settle("upstream_failed", refused.code)
            await self._say(refused)
            return
        await self._settle(state, error)
        kind = translation.stream_type if stream and status < FIRST_ERROR_STATUS else b"application/json"
        lines = headers.incoming_translated(answer.headers, self._call.id.encode(), kind, self._attempts.dropped)
        await self._client.whole(status, lines, translated)

    def _note_first_bytes(self) -> None:
        if self._ttft_ms is None:
            self._ttft_ms = self._gateway.now_ms() - self._call.arrival.received_ms

    def _make_tap(self, answer: UpstreamAnswer) -> AnswerTap:
        attempts, head = self._attempts, self._call.head
        if attempts.translation is None:
            array = routing.wants_array(self._call.arrival, head)
            return tap_of(answer, attempts.spoken, head, hide_usage=attempts.asks_usage, array=array)
        from codevector_daemon.gateway.translated import TranslatedTap  # noqa: PLC0415 - loaded with the translation

        tap = tap_of(answer, attempts.spoken, head, plain=True)
        return TranslatedTap(tap, attempts.translation, self._call.facade.slug)

    def _head(self, answer: UpstreamAnswer, tap: AnswerTap) -> headers.Lines:
        """Return the lines of the head. A stream states no length: where it breaks off, a last word follows."""
        request_id = self._call.id.encode()
        if self._attempts.translation is not None:
            kind = self._attempts.translation.stream_type
            return headers.incoming_translated(answer.headers, request_id, kind, self._attempts.dropped)
        return headers.incoming(
            answer.headers,
            request_id,
            drop_length=tap.streamed is True or (self._attempts.asks_usage and tap.streamed is None),
            drop_coding=tap.drops_encoding,
        )

    async def _finish(self, answer: UpstreamAnswer, tap: AnswerTap, outlet: Outlet) -> None:
        """Settle by what the whole answer was; only a whole one gets a clean end."""
        if self._settled is None:
            state, error = _judge(answer.status, tap)
            await outlet.close()
            if error == UNREADABLE and not self._client.head_sent:
                raise no_answer()
            await self._settle(state, error)
            if error in _NO_END:
                await self._last_word(error, _NO_END[error])
                return
            await outlet.take(tap.release())
        await outlet.flush()
        await self._client.end()

    async def _note_response(self, tap: AnswerTap) -> None:
        """Know the response that a stream has begun before the client does: it may ask for it on another connection."""
        response = settle.kept_response(self._call, tap.so_far()) if self._keeps else None
        self._named = response is not None or not self._keeps or not self._call.head.store
        if response is not None and self._settled is None:
            await self._gateway.ledger.named(response)

    def _note_progress(self, tap: AnswerTap) -> None:
        """Tell how far the answer has come, soon: one timer serves all the chunks that come meanwhile."""
        if self._progress is None and self._settled is None and tap.streamed:
            self._progress = asyncio.get_running_loop().call_later(PROGRESS_S, self._tell_progress, tap)

    def _tell_progress(self, tap: AnswerTap) -> None:
        self._progress = None
        if self._settled is None:
            reading = tap.so_far()
            counts = replace(reading.counts, output=tap.progress())
            tier, extras = reading.service_tier, reading.extras
            self._gateway.ledger.progress(self._call.id, counts, self._ttft_ms, tier, extras)

    def _uncounted(self) -> Call | None:
        """Return the call, unless its provider has told by now what it read."""
        told = self._settled is not None or (self._tap is not None and self._tap.so_far().input_reported)
        return None if told else self._call

    # -- when it goes wrong -------------------------------------------------------------------------------------------

    async def _fail(self, error: UpstreamError) -> None:
        if self._settled is not None:  # what broke came after the answer's own end
            await self._client.end()
            return
        await self._settle("upstream_failed", error.name)
        provider = self._call.backend.provider.name
        await self._say(refusal.of_upstream(error, provider))

    async def _refuse(self, refused: Refused) -> None:
        """Say that the provider's answer is none: nothing of it was passed on, and nothing of it is counted."""
        self._tap = None
        await self._settle("upstream_failed", refused.code)
        await self._say(refused)

    async def _reject(self, refused: Refused) -> None:
        """Refuse an admitted call that turned out to be impossible; nothing of it was sent."""
        arrival, model = self._call.arrival, self._call.facade.slug
        event = settle.rejected_event(arrival, model, refused, self._gateway.now_ms())
        await asyncio.shield(self._gateway.ledger.settle(event))
        await self._say(refused)

    async def _unwritable(self, error: StoreError) -> None:
        logger.error("a call could not be written to the ledger: %s", error)
        await self._say(refusal.of_store(error))

    async def _stop(self) -> None:
        """Settle a call that was ended from outside: the client left, or the daemon is stopping."""
        reason = self._ending.reason
        if reason is None:  # the server is tearing its tasks down; the settlement outlives this one
            self._begin_settling("interrupted", "cancelled")
            raise asyncio.CancelledError
        self._ending.take_over()
        if reason is Stop.SHUTDOWN:
            await self._settle("interrupted", refusal.SHUTTING_DOWN.code)
            await self._say(refusal.SHUTTING_DOWN)
            return
        await self._drain()
        await self._settle("client_left", "client_stalled" if reason is Stop.CLIENT_STALLED else None)

    async def _drain(self) -> None:
        """Read on for a while after the client has left, where a setting asks to learn the true usage."""
        seconds, answer = self._gateway.settings.drain_seconds, self._attempts.answer
        if seconds == 0 or self._settled is not None or answer is None or self._tap is None:
            return
        try:
            async with asyncio.timeout(seconds):
                async for chunk in answer.chunks():
                    self._tap.feed(chunk)
                    if self._tap.ended:
                        return
        except (TimeoutError, UpstreamError) as error:
            logger.debug("draining ended early: %s", error)

    async def _say(self, refused: Refused) -> None:
        """Tell the client why there is no answer, or no more of it."""
        if self._outlet is not None:
            await self._outlet.close()
        if self._client.head_sent:
            await self._last_word(refused.code, refused.message)
        else:
            await refusal.refuse(self._client, self._call.dialect, refused, self._call.id)

    async def _last_word(self, code: str, message: str) -> None:
        """End a stream with the dialect's error event; without a clean end, so that nobody takes it for whole."""
        if self._tap is None or not self._tap.streamed or self._tap.ended:
            return
        try:
            event = self._tap.last_word(
                LastWord(code, message, self._call.dialect.error_event("api_error", code, message))
            )
            async with asyncio.timeout(LAST_WORD_S):
                await self._client.body(event)
        except TimeoutError:
            logger.debug("a client did not read its last event in time")

    # -- settling -----------------------------------------------------------------------------------------------------

    async def _settle_fault(self) -> None:
        """Settle without looking at the answer: what was at fault may be the reading of it."""
        if self._settled is None:
            outcome = self._outcome("upstream_failed", refusal.OWN_FAULT.code)
            self._settled = self._gateway.ledger.settle(settle.reported_event(self._gateway, self._call, outcome, None))
        await asyncio.shield(self._settled)

    async def _settle(self, state: FinalState, error: str | None = None) -> None:
        """Make the attempt's event durable. A second call waits for the first one's event: there is only one."""
        await asyncio.shield(self._begin_settling(state, error))

    def _begin_settling(self, state: FinalState, error: str | None) -> Awaitable[None]:
        if self._settled is None:
            outcome = self._outcome(state, error)
            if settle.needs_estimate(outcome, self._tap):
                self._settled = self._gateway.running.settle(self._estimate_and_settle(outcome))
            else:
                event = settle.reported_event(self._gateway, self._call, outcome, self._tap)
                self._settled = self._gateway.ledger.settle(event)
        return self._settled

    async def _estimate_and_settle(self, outcome: Outcome) -> None:
        event = await settle.estimated_event(self._gateway, self._call, outcome, self._tap)
        await self._gateway.ledger.settle(event)

    def _outcome(self, state: FinalState, error: str | None) -> Outcome:
        answer = self._attempts.answer
        return Outcome(
            request_id=self._call.id,
            attempt=self._attempts.number,
            state=state,
            sent=self._attempts.sent,
            status=answer.status if answer is not None else None,
            ttft_ms=self._ttft_ms,
            error=error,
            keeps=self._keeps,
            stated_cost_nano=_stated_cost_nano(answer),
        )

    def _note(self) -> OpenRequest:
        call = self._call
        return OpenRequest(
            id=call.id,
            started_ms=call.arrival.received_ms,
            series=call.series,
            dialect=call.dialect.name,
            stream=call.head.stream,
            session=call.arrival.tags.session,
            agent=call.arrival.tags.agent,
            own_login=call.arrival.own_login,
            estimated_input=estimate.quick_input(call.body),
            service_tier=call.head.service_tier,
        )


BROKE_OFF = "stream_ended_early"
_NO_END = {
    BROKE_OFF: "The provider ended the stream before the answer was complete.",
    UNREADABLE: NO_ANSWER,
}
"""What an answer gets no clean end for."""


def _is_empty(answer: UpstreamAnswer) -> bool:
    """Tell whether an answer is its head alone, and may be that."""
    return HeaderMap(answer.headers).text(b"content-length") == "0" and not may_be_answer(answer.status)


def _stated_cost_nano(answer: UpstreamAnswer | None) -> int | None:
    stated = HeaderMap(answer.headers).text(COST_HEADER) if answer is not None else None
    return stated_cost_nano(stated) if stated is not None else None


def _judge(status: int, tap: AnswerTap) -> tuple[FinalState, str | None]:
    """Return the state of an answer that was received to its end, and the class of its error."""
    reading = tap.reading()
    if not may_be_answer(status):
        return "upstream_failed", reading.error or f"http_{status}"
    if reading.error is not None or tap.broken is not None:
        return "upstream_failed", reading.error or tap.broken
    if tap.streamed and not reading.finished:
        return "upstream_failed", BROKE_OFF
    return "complete", None
