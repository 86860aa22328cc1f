"""Calls that cost nothing (counting tokens): passed on and back, neither metered nor written."""

import asyncio
import logging

import msgspec

from codevector_daemon.directory import kinds
from codevector_daemon.directory.kinds import Endpoint
from codevector_daemon.errors import UpstreamError
from codevector_daemon.gateway import headers, refusal, routing
from codevector_daemon.gateway.call import Call, Gateway
from codevector_daemon.gateway.client import Client
from codevector_daemon.gateway.outlet import leads_away, no_answer
from codevector_daemon.gateway.running import Ending, Stop
from codevector_daemon.metering import estimate

logger = logging.getLogger(__name__)

_COUNT_FIELD = {"messages": "input_tokens", "gemini": "totalTokens"}
"""What the answer to a count calls its figure, by dialect."""


async def count(gateway: Gateway, call: Call, client: Client, ending: Ending) -> None:
    """Count a prompt's tokens: by the provider where it speaks the client's dialect, else by the estimate, marked."""
    try:
        asked = routing.may_count(call.backend, call.arrival)
        where = kinds.endpoint(call.backend.provider, call.dialect.name) if asked else None
        if where is not None and (call.arrival.suffix != kinds.COUNT or where.count_path is not None):
            await _forward(gateway, call, where, client)
        else:
            await _estimate(gateway, call, client)
    except asyncio.CancelledError:
        if ending.reason is None:
            raise
        ending.take_over()
        if ending.reason is Stop.SHUTDOWN and not client.head_sent:
            await refusal.refuse(client, call.dialect, refusal.SHUTTING_DOWN, call.id)
    except Exception:  # the edge of a call: a fault of ours is said and logged
        logger.exception("the count %s failed inside the gateway", call.id)
        if not client.head_sent:
            await refusal.refuse(client, call.dialect, refusal.OWN_FAULT, call.id)


async def _forward(gateway: Gateway, call: Call, where: Endpoint, client: Client) -> None:
    body = call.dialect.outgoing(call.body, call.head, call.backend.upstream_model, ask_usage=False)
    limit = gateway.settings.first_byte_seconds
    request = routing.upstream_request(call, call.dialect.name, where, body, plain=False, first_byte_s=limit)
    try:
        provider, own_login = call.backend.provider, call.arrival.own_login
        answer = await gateway.dialer.send(request, provider, where, own_login=own_login)
        try:
            if leads_away(answer.status):
                await refusal.refuse(client, call.dialect, no_answer(), call.id)
                return
            await client.head(answer.status, headers.incoming(answer.headers, call.id.encode()))
            async for chunk in answer.chunks():
                await client.body(chunk)
            await client.end()
        finally:
            await answer.aclose()
    except UpstreamError as error:
        if not client.head_sent:
            refused = refusal.of_upstream(error, call.backend.provider.name)
            await refusal.refuse(client, call.dialect, refused, call.id)


async def _estimate(gateway: Gateway, call: Call, client: Client) -> None:
    model, max_bytes = call.backend.upstream_model, gateway.settings.estimate_max_bytes
    tokens = await estimate.run(lambda: estimate.input_tokens(call.dialect, call.body, model, max_bytes))
    lines = [
        (b"content-type", b"application/json"),
        (b"x-codevector-request-id", call.id.encode()),
        (b"x-codevector-estimated", b"true"),
    ]
    await client.whole(200, lines, msgspec.json.encode({_COUNT_FIELD[call.dialect.name]: tokens}))
