"""Coming back for a response: passed on to the provider that keeps it, and its usage counted if nobody told it yet."""

import asyncio
from urllib.parse import quote

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Head
from codevector_daemon.directory import kinds
from codevector_daemon.directory.kinds import Endpoint
from codevector_daemon.directory.values import Provider
from codevector_daemon.errors import Refused, StoreError, UpstreamError
from codevector_daemon.gateway import headers, refusal
from codevector_daemon.gateway.body import ClientLeft, Incoming
from codevector_daemon.gateway.call import Arrival, Gateway
from codevector_daemon.gateway.client import Client
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.keeping import DIALECT, maker, owned
from codevector_daemon.gateway.running import Ending, Stop
from codevector_daemon.gateway.settle import retrieved_event
from codevector_daemon.gateway.upstream import UpstreamAnswer, UpstreamRequest
from codevector_daemon.ledger import KeptResponse
from codevector_daemon.metering.tap import Tap

INPUT_ITEMS = "/input_items"
OK, REDIRECT, FIRST_ERROR_STATUS = 200, 300, 400
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
        where = _endpoint(provider)
        request = _request(self._gateway, self._arrival, body, provider, where)
        try:
            answer = await self._gateway.dialer.send(request, provider, where, own_login=self._arrival.own_login)
            try:
                await self._pass_on(answer)
            finally:
                await answer.aclose()
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

    async def _pass_on(self, answer: UpstreamAnswer) -> None:
        self._tap = tap = _tap(answer)
        await self._client.head(answer.status, headers.incoming(answer.headers, self._arrival.id.encode()))
        async for chunk in answer.chunks():
            await self._send(tap.feed(chunk))
            if tap.ended:
                await self._count(tap, answer.status)
                await self._send(tap.release())
        await self._count(tap, answer.status)
        await self._send(tap.release())
        await self._client.end()

    async def _send(self, data: bytes) -> None:
        if data:
            await self._client.body(data)

    async def _count(self, tap: Tap, status: int) -> None:
        """Count the usage of a run that is over, unless it was counted before or is not what was asked for."""
        response = self._response
        if self._looked or response.counted or self._arrival.suffix == INPUT_ITEMS or not OK <= status < REDIRECT:
            return
        self._looked = True
        reading = tap.reading()
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


def _endpoint(provider: Provider) -> Endpoint:
    where = kinds.endpoint(provider, DIALECT)
    if where is None:
        raise AssertionError(f"{provider.name} keeps a response without speaking {DIALECT}")
    return where


def _request(gateway: Gateway, arrival: Arrival, body: bytes, provider: Provider, where: Endpoint) -> UpstreamRequest:
    """Make the request for the provider: the client's own, with the provider's address, credential and settings."""
    own_login = arrival.own_login
    credential = () if own_login else kinds.credential_headers(provider, where.auth)
    lines = headers.outgoing(arrival.headers, credential, own_login=own_login, plain=False)
    suffix = f"/{quote(arrival.target, safe='')}{arrival.suffix}"
    return UpstreamRequest(
        method=arrival.method,
        url=kinds.address(provider, where, suffix=suffix, query=arrival.query.decode("latin-1")),
        headers=headers.with_settings(lines, kinds.settings_headers(provider, own_login=own_login)),
        body=body,
        first_byte_s=gateway.settings.first_byte_seconds,
    )


def _tap(answer: UpstreamAnswer) -> Tap:
    lines = HeaderMap(answer.headers)
    reader = by_name[DIALECT].reader(Head(model=""), hide_usage=False, error=answer.status >= FIRST_ERROR_STATUS)
    return Tap(
        reader,
        content_type=lines.text(b"content-type"),
        content_encoding=lines.text(b"content-encoding"),
        hide_usage=False,
    )
