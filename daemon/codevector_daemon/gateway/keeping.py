"""Responses that providers keep: each works only for the user who made it, and only where it was made."""

from codevector_daemon.dialects.base import Head
from codevector_daemon.directory.values import Backend, Provider
from codevector_daemon.errors import Refused, StoreError
from codevector_daemon.gateway import refusal
from codevector_daemon.gateway.attribution import clean
from codevector_daemon.gateway.call import Arrival, Gateway
from codevector_daemon.gateway.routing import takes_own_login
from codevector_daemon.ledger import KeptResponse

DIALECT = "responses"


async def owned(gateway: Gateway, arrival: Arrival, response_id: str) -> KeptResponse:
    """Return a response of the caller's user; raises Refused, in the same words for another user's and for nobody's."""
    try:
        response = await gateway.ledger.response(response_id, arrival.caller.user_id)
    except StoreError as error:
        raise refusal.of_store(error) from error
    if response is None:
        raise Refused(
            404,
            "not_found_error",
            "response_not_found",
            f"No response '{clean(response_id)}' of yours is known here. Responses that were asked for with "
            "store=false, or from a model whose provider does not speak this protocol itself, are kept nowhere.",
        )
    return response


def maker(gateway: Gateway, arrival: Arrival, response: KeptResponse) -> Provider:
    """Return the provider that keeps a response; raises Refused where it cannot be asked, or not with this login."""
    if arrival.own_login and not response.own_login:
        raise Refused(
            400,
            "invalid_request_error",
            "own_login_not_served",
            f"The response '{clean(response.id)}' was not made with a login of your own: send the gateway key alone.",
        )
    provider = keeper(gateway, response)
    if provider is None:
        raise Refused(
            404,
            "not_found_error",
            "response_not_found",
            f"The provider '{response.series.provider}' that kept the response '{clean(response.id)}' was removed.",
        )
    if not can_be_asked(provider):
        wrong = f"The provider '{provider.name}' that keeps this response is disabled here."
        raise Refused(503, "api_error", "no_backend", wrong)
    if arrival.own_login and not takes_own_login(provider, DIALECT):
        raise Refused(
            400,
            "invalid_request_error",
            "own_login_not_served",
            f"The provider '{provider.name}' that keeps this response is not shown a client's own login any more.",
        )
    return provider


def keeper(gateway: Gateway, response: KeptResponse) -> Provider | None:
    """Return the provider that keeps a response; ``None`` where it was removed."""
    for provider in gateway.directory.providers():
        # SQLite may give the id of a provider that was removed to the next one.
        if provider.id == response.provider_id and provider.created_ms <= response.created_ms:
            return provider
    return None


def can_be_asked(provider: Provider) -> bool:
    """Tell whether a provider may be asked for what it keeps."""
    return provider.enabled and DIALECT in provider.dialects


async def narrowed(gateway: Gateway, arrival: Arrival, head: Head, backends: list[Backend]) -> list[Backend]:
    """Return the backends that know what the request goes on from; raises Refused where there are none.

    Where every backend would be reached by translation all stay: that has its own word on what it cannot carry.
    """
    if head.previous is None and not head.conversation:
        return backends
    speaking = [backend for backend in backends if DIALECT in backend.provider.dialects]
    if not speaking:
        return backends
    if head.conversation and not arrival.own_login:
        raise Refused(
            404,
            "not_found_error",
            "conversation_not_found",
            "Conversations cannot be made through this gateway, so there is none of yours: go on from a response with "
            "'previous_response_id', or send the whole conversation as 'input'.",
        )
    if head.previous is None:
        return speaking
    response = await owned(gateway, arrival, head.previous)
    kept = [backend for backend in speaking if backend.provider.id == response.provider_id]
    if not kept:
        raise Refused(
            400,
            "invalid_request_error",
            "previous_response_elsewhere",
            f"The response '{clean(response.id)}' is kept by the provider '{response.series.provider}', which does not "
            f"serve the model '{clean(head.model)}': send the whole conversation as 'input'.",
        )
    return kept
