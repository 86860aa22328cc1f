"""The gateway's own answers to a call: the contract's error table in the shape of the route's dialect."""

from codevector_daemon.dialects.base import Dialect
from codevector_daemon.errors import Refused, StoreError, UpstreamError, UpstreamTimeout
from codevector_daemon.gateway.body import Incoming
from codevector_daemon.gateway.client import Client

Lines = list[tuple[bytes, bytes]]


async def refuse(
    client: Client, dialect: Dialect, refusal: Refused, request_id: str, unread: Incoming | None = None
) -> None:
    """Send the refusal as a whole answer; what is ``unread`` of the request is read after it, and thrown away."""
    headers: Lines = [
        (b"content-type", b"application/json"),
        (b"x-codevector-request-id", request_id.encode()),
        *refusal.headers,
    ]
    body = dialect.error(refusal.status, refusal.kind, refusal.code, refusal.message)
    await client.whole(refusal.status, headers, body, before_end=unread.drain if unread is not None else None)


def of_upstream(error: UpstreamError, provider: str) -> Refused:
    """Return the answer for a provider that could not be used."""
    status = 504 if isinstance(error, UpstreamTimeout) else 502
    return Refused(status, "api_error", error.name, f"The provider '{provider}' could not be used: {error}")


def of_store(error: StoreError) -> Refused:
    """Return the answer for a ledger that cannot be written, spool included."""
    message = f"The gateway cannot write its ledger, so it takes no calls: {error}"
    return Refused(503, "api_error", "ledger_unwritable", message, ((b"retry-after", b"5"),))


SHUTTING_DOWN = Refused(
    503, "api_error", "shutting_down", "The gateway is shutting down; send the call again.", ((b"retry-after", b"2"),)
)

OWN_FAULT = Refused(500, "api_error", "gateway_fault", "The gateway itself failed on this call; its log says why.")
