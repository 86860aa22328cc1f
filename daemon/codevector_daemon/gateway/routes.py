"""The data plane: metered calls, read once from the wire and handed down the steps. All else goes on to the app."""

import asyncio
from typing import Any

from msgspec.structs import replace

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import BadBody, Head
from codevector_daemon.errors import Refused, StoreError
from codevector_daemon.gateway import keeping, refusal, routing
from codevector_daemon.gateway.admission import admit
from codevector_daemon.gateway.attempts import Attempts
from codevector_daemon.gateway.attribution import attribute, clean
from codevector_daemon.gateway.body import ClientLeft, Incoming
from codevector_daemon.gateway.call import Arrival, Call, Gateway
from codevector_daemon.gateway.caller import identify
from codevector_daemon.gateway.client import Client, Receive, Send
from codevector_daemon.gateway.counting import count
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.ids import new_request_id
from codevector_daemon.gateway.paths import Route, route_of, tidied
from codevector_daemon.gateway.relay import Relay
from codevector_daemon.gateway.retrieval import retrieve
from codevector_daemon.gateway.running import Ending
from codevector_daemon.gateway.settle import rejected_event


class DataPlane:
    """A lean ASGI callable around the gateway's app: it takes the metered calls, and retrievals, itself."""

    def __init__(self, app: Any, gateway: Gateway) -> None:  # noqa: ANN401 - an ASGI callable
        self._app = app
        self._gateway = gateway

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ANN401 - ASGI's own dict
        """Serve one ASGI connection."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the server answers 403
            return
        route = None
        if scope["type"] == "http":
            scope = {**scope, "path": tidied(scope["path"])}
            route = route_of(scope["path"], scope["method"])
        task = asyncio.current_task()
        if route is None or task is None:
            await self._app(scope, receive, send)
            return
        ending = Ending(task)
        client = Client(receive, send, ending, stall_s=self._gateway.settings.stall_seconds)
        self._gateway.running.enter(ending)
        try:
            await self._serve(route, scope, receive, client, ending)
        finally:
            self._gateway.running.leave(ending)

    async def _serve(self, route: Route, scope: Any, receive: Receive, client: Client, ending: Ending) -> None:  # noqa: ANN401
        received_ms = self._gateway.now_ms()
        request_id = new_request_id(received_ms)
        dialect = by_name[route.dialect]
        headers = HeaderMap(scope["headers"])
        try:
            self._gateway.hosts.check(headers, scope["server"])
            identity = identify(headers, self._gateway.directory)
        except Refused as refused:
            await refusal.refuse(client, dialect, refused, request_id, Incoming(receive, headers))
            return
        arrival = Arrival(
            id=request_id,
            received_ms=received_ms,
            dialect=dialect,
            purpose=route.purpose,
            suffix=route.suffix,
            target=route.target,
            query=scope["query_string"],
            headers=headers,
            caller=identity.caller,
            own_login=identity.own_login,
            tags=attribute(headers, identity.caller),
            method=scope["method"],
        )
        incoming = Incoming(receive, headers)
        if route.purpose == "retrieve":
            await retrieve(self._gateway, arrival, incoming, client, ending)
        else:
            await self._climb(arrival, incoming, client, ending)

    async def _climb(self, arrival: Arrival, incoming: Incoming, client: Client, ending: Ending) -> None:
        """Take the call up the steps: body, head, admission, routing, relay."""
        gateway, model = self._gateway, ""
        try:
            body = await incoming.read(gateway.settings.max_body_bytes)
            head = _head(arrival, body)
            model = clean(head.model)
            facade = admit(arrival.caller, head, arrival.dialect.name, gateway.directory)
            found = await keeping.narrowed(gateway, arrival, head, routing.candidates(facade, arrival, head))
            backends = gateway.health.in_order(found)
        except ClientLeft:
            return
        except BadBody as error:
            refused = Refused(400, "invalid_request_error", "invalid_body", str(error))
            await self._reject(arrival, model, refused, client, incoming)
            return
        except Refused as refused:
            await self._reject(arrival, model, refused, client, incoming)
            return
        call = Call(arrival, body, head, facade, backends[0])
        async with client:
            if arrival.purpose == "generate":
                await Relay(gateway, Attempts(gateway, call, backends), client, ending).run()
            else:
                await count(gateway, call, client, ending)

    async def _reject(self, arrival: Arrival, model: str, refused: Refused, client: Client, incoming: Incoming) -> None:
        """Write the row of a call that is refused past its credential, then say so."""
        if arrival.purpose == "generate":
            event = rejected_event(arrival, model, refused, self._gateway.now_ms())
            try:
                await asyncio.shield(self._gateway.ledger.settle(event))
            except StoreError as error:
                refused = refusal.of_store(error)
        await refusal.refuse(client, arrival.dialect, refused, arrival.id, incoming)


def _head(arrival: Arrival, body: bytes) -> Head:
    """Read the head; raises BadBody. A body with a client's own login is never translated: its vendor judges it."""
    head = arrival.dialect.head(body, arrival.target)
    return replace(head, hybrid=False) if head.hybrid and arrival.own_login else head
