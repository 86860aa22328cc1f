"""Finding a backend that answers: one after another, until the first byte of an answer that can be passed on."""

import asyncio
import random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from codevector_daemon.dialects.base import BadBody
from codevector_daemon.directory.values import Backend
from codevector_daemon.errors import UpstreamError
from codevector_daemon.gateway import failed_answer, repeating, routing, settle
from codevector_daemon.gateway.call import Call, Gateway
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.ids import new_request_id
from codevector_daemon.gateway.repeating import Failure
from codevector_daemon.gateway.settle import Outcome
from codevector_daemon.gateway.upstream import UpstreamAnswer

if TYPE_CHECKING:
    from codevector_daemon.dialects.translation import Translation

FALLS_ON = frozenset({401, 403, 404, 408, 429, 529})
"""Answers of a backend after which the next one is tried, beside every 5xx; all other 4xx are the client's own."""
OF_A_LOGIN = frozenset({401, 403, 404, 429})
"""Answers to a client's own login that may be about it alone: the backend is as well as before for everyone else."""
USAGE_OPTION_REFUSED = 400
_CLOUDS = frozenset({"azure", "bedrock", "vertex"})
"""They serve other vendors' models, in those vendors' dialects."""
FOREIGN_MARKS = (b"cv1.", b"Y3YxL")
"""How the translation marks a thought with its vendor; Gemini keeps the mark in base64.

Searched for from the end, which takes a third of the time of ``in``: 2 ms for 4 MB.
"""
SERVER_ERROR = 500
LARGE_BODY_BYTES = 1024 * 1024
"""Each look at a body beyond this takes a millisecond or more, so others have their turn between two of them."""


class Attempts:
    """The attempts of one call. ``call`` names the backend of the current one, ``answer`` is its answer."""

    def __init__(self, gateway: Gateway, call: Call, backends: list[Backend]) -> None:
        self._gateway = gateway
        self._backends = backends
        self.call = call
        self.number = 1
        self.sent = False
        self.asks_usage = False
        self.answer: UpstreamAnswer | None = None
        self.spoken = call.dialect.name
        self.translation: Translation | None = None
        self.dropped: tuple[str, ...] = ()

    async def find(self) -> None:
        """Get an answer to pass on; raises UpstreamError when the last backend could not be used."""
        health = self._gateway.health
        for left, backend in zip(range(len(self._backends) - 1, -1, -1), self._backends, strict=True):
            self.call = replace(self.call, backend=backend)
            try:
                failure = await (self._try_again_and_again() if left == 0 else self._try())
            except BadBody:
                health.abandoned(backend)
                if left:  # what its protocol cannot carry, that of the next one may
                    continue
                raise
            except BaseException:
                health.abandoned(backend)
                raise
            if failure is None:
                health.succeeded(backend)
                return
            if self.call.arrival.own_login and failure.status in OF_A_LOGIN:
                health.abandoned(backend)
            else:
                health.failed(backend, failure.name, failure.retry_after)
            if left:
                await self._settle_and_go_on(failure.name)
            elif failure.error is not None:
                raise failure.error

    async def close(self) -> None:
        """Let go of the answer."""
        if self.answer is not None:
            await self.answer.aclose()

    async def _try_again_and_again(self) -> Failure | None:
        """Try the last backend, once more where that is safe and promises something; no other is kept waiting by it."""
        tries = 1
        while (failure := await self._try()) is not None:
            wait_s = repeating.wait_s(failure, tries, self._gateway.now_ms(), random.random)
            if wait_s is None:
                break
            await self._settle_and_go_on(failure.name)
            await asyncio.sleep(wait_s)
            tries += 1
        return failure

    async def _try(self) -> Failure | None:
        """Try the current backend; returns the failure after which another try may follow."""
        self._choose_dialect()
        self._gateway.health.begun(self.call.backend)
        try:
            answer = await self._send()
        except UpstreamError as error:
            return Failure(error.name, error=error)
        if not _is_backends_fault(answer.status):
            return None
        return Failure(f"http_{answer.status}", answer.status, HeaderMap(answer.headers).text(b"retry-after"))

    async def _send(self) -> UpstreamAnswer:
        """Send the call; once more without the usage option where the provider refuses it."""
        option, provider = self._gateway.usage_option, self.call.backend.provider
        self.asks_usage = self.translation is None and option.wanted(self.call.head, provider)
        answer = await self._send_once()
        if not self.asks_usage or answer.status != USAGE_OPTION_REFUSED:
            return answer
        whole = await option.refused(provider, answer)
        if whole is not None:
            self.answer = whole
            return whole
        await self._settle_and_go_on("usage_option_refused")
        self.asks_usage = False
        return await self._send_once()

    async def _send_once(self) -> UpstreamAnswer:
        call, where = self.call, routing.endpoint(self.call, self.spoken)
        limit = self._gateway.settings.first_byte_seconds
        request = routing.upstream_request(
            call, self.spoken, where, await self._body(), plain=self.asks_usage, first_byte_s=limit
        )
        self.sent = True
        provider, own_login = call.backend.provider, call.arrival.own_login
        self.answer = answer = await self._gateway.dialer.send(request, provider, where, own_login=own_login)
        return answer

    async def _body(self) -> bytes:
        """Return the body for the backend: the client's own bytes, or its translation. Raises BadBody."""
        call, model = self.call, self.call.backend.upstream_model
        await self._give_way()
        if self.translation is None:
            body = call.dialect.outgoing(call.body, call.head, model, ask_usage=self.asks_usage)
            await self._give_way()
            return self._without_foreign_thoughts(body)
        translated = self.translation.request(
            call.body, call.head, model, stream=call.head.stream, max_output=call.facade.max_output
        )
        self.dropped = translated.dropped
        return translated.body

    async def _give_way(self) -> None:
        """Let other calls have their turn, where the body is large."""
        if len(self.call.body) > LARGE_BODY_BYTES:
            await asyncio.sleep(0)

    def _without_foreign_thoughts(self, body: bytes) -> bytes:
        """Take out thoughts of another vendor: those that a translated answer marked, and those of whom we come from.

        A session stays with one backend as long as it serves, so unmarked thoughts are that one's.
        """
        call, vendor, home = self.call, _vendor(self.call.backend), self.call.backend
        if len(call.facade.backends) > 1:
            candidates = routing.candidates(call.facade, call.arrival, call.head)
            home = next(one for one in candidates if routing.spoken_to(one, call.arrival, call.head) == self.spoken)
        if _vendor(home) == vendor and all(body.rfind(mark) < 0 for mark in FOREIGN_MARKS):
            return body
        from codevector_daemon.dialects.translation import without_foreign_thoughts  # noqa: PLC0415 - as below

        return without_foreign_thoughts(self.spoken, body, vendor=vendor, signer=_vendor(home))

    def _choose_dialect(self) -> None:
        """Settle in which dialect the current backend is spoken to, and whether it must be translated."""
        call = self.call
        client = routing.client_form(call.arrival, call.head)
        spoken = routing.spoken_to(call.backend, call.arrival, call.head)
        if spoken is None:
            raise AssertionError(f"{call.backend.provider.name} was chosen for a dialect it cannot be spoken to in")
        self.spoken, self.dropped = spoken, ()
        same = spoken == call.dialect.name and not call.head.hybrid
        self.translation = None if same else _translation(client, spoken, _vendor(call.backend))

    async def _settle_and_go_on(self, error: str) -> None:
        """Write a failed attempt as a row of its own that points to the call; the call goes on.

        It costs what its answer says that it used.
        """
        tap = await failed_answer.read(self.answer, self.spoken, self.call.head) if self.answer is not None else None
        await self.close()
        outcome = Outcome(
            request_id=new_request_id(self._gateway.now_ms()),
            parent_id=self.call.id,
            attempt=self.number,
            state="upstream_failed",
            sent=self.sent,
            status=self.answer.status if self.answer is not None else None,
            error=error,
        )
        self.answer, self.sent = None, False
        self.number += 1
        event = await settle.event_of(self._gateway, self.call, outcome, tap)
        await asyncio.shield(self._gateway.ledger.settle(event))


def _translation(client: str, provider: str, vendor: str | None) -> "Translation | None":
    from codevector_daemon.dialects.translation import between  # noqa: PLC0415 - 6 MB that most daemons never need

    return between(client, provider, vendor=vendor)


def _vendor(backend: Backend) -> str | None:
    """Return whose thinking signatures a backend makes and takes; ``None``: those of its dialect's own vendor."""
    kind = backend.provider.kind
    return None if kind in _CLOUDS or kind == "custom" else kind


def _is_backends_fault(status: int) -> bool:
    return status in FALLS_ON or status >= SERVER_ERROR
