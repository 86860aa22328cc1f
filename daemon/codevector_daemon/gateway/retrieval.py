"""Coming back for a response: passed on to the provider that keeps it, and its usage counted if nobody told it yet."""

import asyncio
import logging

from codevector_daemon.dialects.base import Reading
from codevector_daemon.directory import kinds
from codevector_daemon.directory.kinds import Endpoint
from codevector_daemon.directory.values import Provider
from codevector_daemon.errors import Refused, StoreError, UpstreamError
from codevector_daemon.gateway import headers, refusal
from codevector_daemon.gateway.asking import ask, endpoint_of, kept_tap, url_of
from codevector_daemon.gateway.body import ClientLeft, Incoming
from codevector_daemon.gateway.call import Arrival, Gateway
from codevector_daemon.gateway.client import Client
from codevector_daemon.gateway.keeping import maker, owned
from codevector_daemon.gateway.running import Ending, Stop
from codevector_daemon.gateway.settle import retrieved_event
from codevector_daemon.gateway.upstream import OK, REDIRECT, Headers, UpstreamAnswer, UpstreamRequest
from codevector_daemon.ledger import KeptResponse
from codevector_daemon.metering.tap import Tap

logger = logging.getLogger(__name__)

INPUT_ITEMS = "/input_items"
LAST_WORD_S = 1.0


async def retrieve(gateway: Gateway, arrival: Arrival, incoming: Incoming, client: Client, ending: Ending) -> None:
    """Serve a retrieval, a cancellation, a deletion or a list of input items."""
    try:
        response = await owned(gateway, arrival, arrival.target)
        provider = maker(gateway, arrival, response)
        body = await incoming.read(gateway.settings.max_body_bytes)
    except ClientLeft:
        return
    except Refused as refused:
        await refusal.refuse(client, arrival.dialect, refused, arrival.id, incoming)
        return
    async with client:
        await Retrieval(gateway, arrival, response, client, ending).run(body, provider)


class Retrieval:
    """Carries one answer back. ``_tap`` reads it, as it may tell the usage of a background run."""

    def __init__(
        self, gateway: Gateway, arrival: Arrival, response: KeptResponse, client: Client, ending: Ending
    ) -> None:
        self._gateway = gateway
        self._arrival = arrival
        self._response = response
        self._client = client
        self._ending = ending
        self._tap: Tap | None = None
        self._looked = False

    async def run(self, body: bytes, provider: Provider) -> None:
        """Ask the provider and pass its answer on; what it tells of usage is durable before its end is sent."""
        self._note_sight()
        try:
            await self._ask_before_deletion(provider)
            await self._forward(body, provider)
        except UpstreamError as error:
            await self._say(refusal.of_upstream(error, provider.name))
        except StoreError as error:
            await self._say(refusal.of_store(error))
        except asyncio.CancelledError:
            if self._ending.reason is None:
                raise
            self._ending.take_over()
            if self._ending.reason is Stop.SHUTDOWN:
                await self._say(refusal.SHUTTING_DOWN)
        except Exception:  # the edge of a call: a fault of ours is said and logged
            logger.exception("the retrieval %s failed inside the gateway", self._arrival.id)
            await self._say(refusal.OWN_FAULT)
        finally:
            self._note_sight()

    def _note_sight(self) -> None:
        if not self._response.counted:
            self._gateway.sights.note(self._response, self._gateway.now_ms())

    async def _ask_before_deletion(self, provider: Provider) -> None:
        """See what a run used while its provider still knows it; what is deleted can never be asked for again."""
        arrival = self._arrival
        if arrival.method != "DELETE" or self._response.counted:
            return
        lines = _lines(arrival, provider, endpoint_of(provider))
        try:
            told = await ask(self._gateway, arrival.target, provider, lines, own_login=arrival.own_login)
        except (UpstreamError, TimeoutError) as error:  # the deletion may fare no better, and says so itself
            logger.debug("the response that %s deletes could not be asked for: %s", arrival.id, error)
        else:
            await self._count(told.reading, told.status)

    async def _forward(self, body: bytes, provider: Provider) -> None:
        arrival, where = self._arrival, endpoint_of(provider)
        request = UpstreamRequest(
            method=arrival.method,
            url=url_of(provider, where, arrival.target, arrival.suffix, arrival.query.decode("latin-1")),
            headers=_lines(arrival, provider, where),
            body=body,
            first_byte_s=self._gateway.settings.first_byte_seconds,
        )
        answer = await self._gateway.dialer.send(request, provider, where, own_login=arrival.own_login)
        try:
            await self._pass_on(answer)
        finally:
            await answer.aclose()

    async def _pass_on(self, answer: UpstreamAnswer) -> None:
        self._tap = tap = kept_tap(answer)
        await self._client.head(answer.status, headers.incoming(answer.headers, self._arrival.id.encode()))
        async for chunk in answer.chunks():
            await self._send(tap.feed(chunk))
            if tap.ended:
                await self._count(tap.reading(), answer.status)
                await self._send(tap.release())
        await self._count(tap.reading(), answer.status)
        await self._send(tap.release())
        await self._client.end()

    async def _send(self, data: bytes) -> None:
        if data:
            await self._client.body(data)

    async def _count(self, reading: Reading, status: int) -> None:
        """Count the usage of a run that is over, unless it was counted before or is not what was asked for."""
        response = self._response
        if self._looked or response.counted or self._arrival.suffix == INPUT_ITEMS or not OK <= status < REDIRECT:
            return
        self._looked = True
        if not reading.finished or reading.later or reading.usage_source == "none":
            return
        # Another retrieval may have been quicker while this one was on its way.
        response = await self._gateway.ledger.response(response.id, response.series.user_id) or response
        if not response.counted:
            event = retrieved_event(self._gateway, response, reading, status)
            await asyncio.shield(self._gateway.ledger.settle_retrieved(event, response))

    async def _say(self, refused: Refused) -> None:
        """Tell the client why there is no answer, or no more of it; a stream that broke gets no clean end."""
        if not self._client.head_sent:
            await refusal.refuse(self._client, self._arrival.dialect, refused, self._arrival.id)
        elif self._tap is not None and self._tap.streamed and not self._tap.ended:
            event = self._arrival.dialect.error_event("api_error", refused.code, refused.message)
            try:
                async with asyncio.timeout(LAST_WORD_S):
                    await self._client.body(event)
            except TimeoutError:
                return


def _lines(arrival: Arrival, provider: Provider, where: Endpoint) -> Headers:
    """Return the client's own header lines, with the provider's credential and settings."""
    own_login = arrival.own_login
    credential = () if own_login else kinds.credential_headers(provider, where.auth)
    lines = headers.outgoing(arrival.headers, credential, own_login=own_login, plain=False)
    return headers.with_settings(lines, kinds.settings_headers(provider, own_login=own_login))
