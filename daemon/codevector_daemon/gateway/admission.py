"""May this call be made? Everything needed to say so is in memory."""

from codevector_daemon.dialects.base import Head
from codevector_daemon.directory import Directory
from codevector_daemon.directory.values import Caller, Facade
from codevector_daemon.errors import Refused
from codevector_daemon.gateway.attribution import clean

_EMBEDS = "embeddings"
"""The one dialect that an embedding model can be called in."""


def admit(caller: Caller, head: Head, dialect: str, directory: Directory) -> Facade:
    """Return the model facade the caller may use; raises Refused."""
    facade = directory.facade(head.model)
    if facade is None or facade.status != "active":
        what = "does not exist here" if facade is None else f"is {facade.status}"
        raise Refused(
            404,
            "not_found_error",
            "model_not_found",
            f"The model '{clean(head.model)}' {what}. GET /v1/models lists the models this key may call.",
        )
    if not caller.may_use(facade):
        raise Refused(
            403,
            "permission_error",
            "model_not_granted",
            f"The key '{caller.key_name}' was not granted the model '{facade.slug}'. "
            "GET /v1/models lists the models this key may call.",
        )
    if facade.kind == "embedding" and facade.matched is None and dialect != _EMBEDS:
        raise Refused(
            400,
            "invalid_request_error",
            "wrong_model_kind",
            f"The model '{facade.slug}' makes embeddings, it generates nothing: call it by POST /v1/embeddings. "
            f"If it does generate, this gateway's owner says so by `codevector models set {facade.slug} --kind chat`.",
        )
    # What generates may embed as well, and of a name that a wildcard answers to nobody said what it is.
    return facade
