"""Calls that cost nothing (count_tokens): passed on and back, neither metered nor written."""

import asyncio

from codevector_daemon.errors import UpstreamError
from codevector_daemon.gateway import headers, refusal, routing
from codevector_daemon.gateway.call import Call, Gateway
from codevector_daemon.gateway.client import Client
from codevector_daemon.gateway.running import Ending


async def forward(gateway: Gateway, call: Call, client: Client, ending: Ending) -> None:
    """Serve the call to its end; a client that leaves closes the provider's answer too."""
    body = call.dialect.outgoing(call.body, call.head, call.backend.upstream_model, ask_usage=False)
    request = routing.upstream_request(
        call, call.dialect.name, body, plain=False, first_byte_s=gateway.settings.first_byte_seconds
    )
    try:
        answer = await gateway.upstream.send(request)
        try:
            lines = headers.incoming(answer.headers, call.id.encode())
            await client.head(answer.status, lines)
            async for chunk in answer.chunks():
                await client.body(chunk)
            await client.end()
        finally:
            await answer.aclose()
    except UpstreamError as error:
        if not client.head_sent:
            refused = refusal.of_upstream(error, call.backend.provider.name)
            await refusal.refuse(client, call.dialect, refused, call.id)
    except asyncio.CancelledError:
        if ending.reason is None:
            raise
        ending.take_over()
