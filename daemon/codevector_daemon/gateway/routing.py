"""Which backends can serve a call, and the request that one of them is sent."""

from hashlib import blake2b
from math import inf, log

from codevector_daemon.directory import kinds
from codevector_daemon.directory.values import Backend, Facade
from codevector_daemon.errors import Refused
from codevector_daemon.gateway import headers
from codevector_daemon.gateway.call import Arrival, Call
from codevector_daemon.gateway.upstream import Headers, UpstreamRequest

_OWN_LOGIN_KIND = {"messages": "anthropic", "chat": "openai"}
"""The one kind of provider that a client's own login may be shown to, by dialect."""


def candidates(facade: Facade, arrival: Arrival) -> list[Backend]:
    """Return the backends that can serve a call, in the order to try them; raises Refused when there is none.

    By priority; among equals by weight, where calls of one session meet the same backend first, so that its prompt
    cache stays warm.
    """
    dialect = arrival.dialect.name
    enabled = [backend for backend in facade.backends if backend.provider.enabled]
    if not enabled:
        raise Refused(
            503,
            "api_error",
            "no_backend",
            f"No provider of the model '{facade.slug}' is enabled. `codevector models show {facade.slug}` lists them.",
        )
    speaking = [backend for backend in enabled if dialect in backend.provider.dialects]
    if not speaking:
        spoken = sorted({spoken for backend in enabled for spoken in backend.provider.dialects})
        raise Refused(
            400,
            "invalid_request_error",
            "dialect_not_served",
            f"The model '{facade.slug}' is not served in the {dialect} dialect; it is in: {', '.join(spoken)}.",
        )
    if arrival.own_login:
        speaking = _own_vendor(speaking, facade, dialect)
    stickiness = arrival.tags.session or arrival.id
    return sorted(speaking, key=lambda backend: (backend.priority, _draw(backend, stickiness)))


def upstream_request(call: Call, body: bytes, *, plain: bool, first_byte_s: float) -> UpstreamRequest:
    """Make the request for the provider: the client's own, with the provider's address and credential."""
    provider = call.backend.provider
    where = kinds.endpoint(provider, call.dialect.name)
    if where is None:
        raise AssertionError(f"{provider.name} was chosen for {call.dialect.name}, which it does not speak")
    path = where.path if call.arrival.purpose == "generate" else f"{where.path}/count_tokens"
    url = kinds.url(provider, path, model=call.backend.upstream_model)
    if call.arrival.query:
        url = f"{url}?{call.arrival.query.decode('latin-1')}"
    credential: Headers = () if call.arrival.own_login else kinds.credential_headers(provider, where.auth)
    lines = headers.outgoing(call.arrival.headers, credential, own_login=call.arrival.own_login, plain=plain)
    return UpstreamRequest(method="POST", url=url, headers=lines, body=body, first_byte_s=first_byte_s)


def _own_vendor(speaking: list[Backend], facade: Facade, dialect: str) -> list[Backend]:
    kind = _OWN_LOGIN_KIND.get(dialect)
    kept = [backend for backend in speaking if backend.provider.kind == kind]
    if not kept:
        raise Refused(
            400,
            "invalid_request_error",
            "own_login_not_served",
            f"Your own login goes only to its own vendor, and the model '{facade.slug}' is not served by it. "
            "Send the gateway key alone, or choose another model.",
        )
    return kept


def _draw(backend: Backend, stickiness: str) -> float:
    """Return a draw that is the same for the same session; the lowest wins, a backend of weight 2 twice as often.

    Weighted rendezvous hashing: an exponential draw at the rate of the weight, from a hash in place of chance.
    """
    seed = f"{backend.provider.id}/{backend.upstream_model}/{stickiness}".encode()
    chance = (int.from_bytes(blake2b(seed, digest_size=8).digest()) + 1) / 2**64
    return -log(chance) / backend.weight if backend.weight > 0 else inf
