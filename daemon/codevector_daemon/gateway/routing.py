"""Which backends can serve a call, and the request that one of them is sent."""

from hashlib import blake2b
from math import inf, log
from urllib.parse import parse_qs

from codevector_daemon.dialects.base import Head
from codevector_daemon.dialects.cursor import CURSOR
from codevector_daemon.dialects.json_array import GEMINI_ARRAY
from codevector_daemon.directory import kinds
from codevector_daemon.directory.kinds import Endpoint
from codevector_daemon.directory.values import Backend, Facade, Provider
from codevector_daemon.errors import Refused
from codevector_daemon.gateway import headers
from codevector_daemon.gateway.call import Arrival, Call
from codevector_daemon.gateway.clouds.bodies import outgoing_body, outgoing_lines
from codevector_daemon.gateway.upstream import Headers, UpstreamRequest

_OWN_LOGIN_KIND = {"messages": "anthropic", "gemini": "google"} | dict.fromkeys(
    ("chat", "responses", "embeddings", "completions"), "openai"
)
"""The one kind of provider that a client's own login may be shown to, by dialect."""

_TRANSLATED_TO = {
    CURSOR: ("responses", "chat", "messages", "gemini"),
    "chat": ("responses", "messages", "gemini"),
    "responses": ("chat", "messages", "gemini"),
    "messages": ("chat", "responses", "gemini"),
    "gemini": ("chat", "messages", "responses"),
}
"""The dialects a call can be translated to, the closest first; a kind's native one goes before them all."""

_GEMINI_ACTIONS = {False: (":generateContent", ""), True: (":streamGenerateContent", "alt=sse")}


def candidates(facade: Facade, arrival: Arrival, head: Head) -> list[Backend]:
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
    if arrival.purpose == "count":  # where no provider can count, the estimate does
        return sorted(enabled, key=lambda backend: (not may_count(backend, arrival), backend.priority))
    speaking = [backend for backend in enabled if spoken_to(backend, arrival, head) is not None]
    if not speaking and arrival.own_login and dialect in _TRANSLATED_TO:  # without the login it would be translated
        raise _login_not_served(facade, speaking)
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


def spoken_to(backend: Backend, arrival: Arrival, head: Head) -> str | None:
    """Return the dialect a backend is spoken to in: the client's own where it can, else one that is translated.

    ``None`` where neither goes. Only what generates is translated, and never a client's own login.
    """
    spoken, asked = backend.provider.dialects, CURSOR if head.hybrid else arrival.dialect.name
    if asked in spoken:
        return asked
    if arrival.purpose != "generate" or arrival.own_login or (arrival.suffix and asked != "gemini"):
        return None
    order = sorted(_TRANSLATED_TO.get(asked, ()), key=lambda dialect: dialect != kinds.kind_of(backend.provider).native)
    return next((dialect for dialect in order if dialect in spoken), None)


def may_count(backend: Backend, arrival: Arrival) -> bool:
    """Tell whether a backend may be asked to count: in the client's own dialect, and never with another's login."""
    dialect = arrival.dialect.name
    return dialect in backend.provider.dialects and (
        not arrival.own_login or takes_own_login(backend.provider, dialect)
    )


def wants_array(arrival: Arrival, head: Head) -> bool:
    """Tell whether a stream is asked for as one JSON array, which is Gemini's way without ``alt=sse``."""
    if arrival.dialect.name != "gemini" or not head.stream:
        return False
    asked = parse_qs(arrival.query.decode("latin-1"))  # of bytes it takes only ASCII
    return "sse" not in {*asked.get("alt", ()), *asked.get("$alt", ())}


def client_form(arrival: Arrival, head: Head) -> str:
    """Return what the translation calls the client."""
    if head.hybrid:
        return CURSOR
    return GEMINI_ARRAY if wants_array(arrival, head) else arrival.dialect.name


def endpoint(call: Call, dialect: str) -> Endpoint:
    """Return where and how the call's backend takes a dialect that it was chosen for."""
    found = kinds.endpoint(call.backend.provider, dialect)
    if found is None:
        raise AssertionError(f"{call.backend.provider.name} was chosen for {dialect}, which it does not speak")
    return found


def upstream_request(
    call: Call, dialect: str, where: Endpoint, body: bytes, *, plain: bool, first_byte_s: float
) -> UpstreamRequest:
    """Make the request for the provider: the client's own, with the provider's address, credential and settings.

    In another dialect than the client's only what that one needs is sent: the client's headers speak another.
    """
    arrival, provider, stream = call.arrival, call.backend.provider, call.head.stream
    credential: Headers = () if arrival.own_login else kinds.credential_headers(provider, where.auth)
    if dialect == arrival.dialect.name and not call.head.hybrid:
        suffix, query = arrival.suffix, arrival.query.decode("latin-1")
        lines = headers.outgoing(arrival.headers, credential, own_login=arrival.own_login, plain=plain)
    else:
        suffix, query = _GEMINI_ACTIONS[stream] if dialect == "gemini" else ("", "")
        lines = (*headers.TRANSLATED, *where.headers, *credential)
    lines = headers.with_settings(lines, kinds.settings_headers(provider, own_login=arrival.own_login))
    return UpstreamRequest(
        method="POST",
        url=kinds.address(
            provider, where, model=call.backend.upstream_model, suffix=suffix, stream=stream, query=query
        ),
        headers=outgoing_lines(where.body, lines),
        body=outgoing_body(where.body, body, lines, counts=suffix == kinds.COUNT),
        first_byte_s=first_byte_s,
    )


def _own_vendor(speaking: list[Backend], facade: Facade, dialect: str) -> list[Backend]:
    kept = [backend for backend in speaking if takes_own_login(backend.provider, dialect)]
    if not kept:
        raise _login_not_served(facade, speaking)
    return kept


def _login_not_served(facade: Facade, speaking: list[Backend]) -> Refused:
    return Refused(
        400,
        "invalid_request_error",
        "own_login_not_served",
        f"Your own login goes only to its own vendor, and the model '{facade.slug}' is not served by it. "
        f"Send the gateway key alone, or choose another model.{_may_be_vouched_for(speaking)}",
    )


def takes_own_login(provider: Provider, dialect: str) -> bool:
    """Tell whether a client's own login may be shown to a provider: its vendor's own, or one that is vouched for."""
    return provider.kind == _OWN_LOGIN_KIND.get(dialect) or (provider.kind == "custom" and provider.settings.own_login)


def _may_be_vouched_for(speaking: list[Backend]) -> str:
    """Say how the gateway's owner lets logins go to a service of their own that leads to the vendor."""
    custom = next((backend.provider.name for backend in speaking if backend.provider.kind == "custom"), None)
    if custom is None:
        return ""
    return (
        f" If the provider '{custom}' may see it, this gateway's owner says so by "
        f"`codevector providers set {custom} --own-login`."
    )


def _draw(backend: Backend, stickiness: str) -> float:
    """Return a draw that is the same for the same session; the lowest wins, a backend of weight 2 twice as often.

    Weighted rendezvous hashing: an exponential draw at the rate of the weight, from a hash in place of chance.
    """
    seed = f"{backend.provider.id}/{backend.upstream_model}/{stickiness}".encode()
    chance = (int.from_bytes(blake2b(seed, digest_size=8).digest()) + 1) / 2**64
    return -log(chance) / backend.weight if backend.weight > 0 else inf
