"""Which backend serves a call, and the request it is sent."""

from codevector_daemon.directory import kinds
from codevector_daemon.directory.values import Backend, Facade
from codevector_daemon.errors import Refused
from codevector_daemon.gateway import headers
from codevector_daemon.gateway.call import Call
from codevector_daemon.gateway.upstream import Headers, UpstreamRequest

_OWN_LOGIN_KIND = {"messages": "anthropic", "chat": "openai"}
"""The one kind of provider that a client's own login may be shown to, by dialect."""


def choose(facade: Facade, dialect: str, *, own_login: bool) -> Backend:
    """Return the backend that serves a call in this dialect; raises Refused when there is none."""
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
    return _first(speaking, facade, dialect, own_login=own_login)


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


def _first(speaking: list[Backend], facade: Facade, dialect: str, *, own_login: bool) -> Backend:
    if own_login:
        kind = _OWN_LOGIN_KIND.get(dialect)
        speaking = [backend for backend in speaking if backend.provider.kind == kind]
    if not speaking:
        raise Refused(
            400,
            "invalid_request_error",
            "own_login_not_served",
            f"Your own login goes only to its own vendor, and the model '{facade.slug}' is not served by it. "
            "Send the gateway key alone, or choose another model.",
        )
    return min(speaking, key=lambda backend: backend.priority)
