"""Who is calling: the credential of a request, and whether it opens the door."""

from msgspec import Struct

from codevector_daemon.directory import Directory
from codevector_daemon.directory.values import Caller
from codevector_daemon.errors import Refused
from codevector_daemon.gateway.headers import HeaderMap

GATEWAY_KEY = b"x-codevector-key"
_VENDOR_HEADERS = (b"authorization", b"x-api-key", b"x-goog-api-key")


class Identity(Struct, frozen=True):
    """A caller, and whether the call carries the client's own login to the provider beside the gateway key."""

    caller: Caller
    own_login: bool


def identify(headers: HeaderMap, directory: Directory) -> Identity:
    """Turn the credential into a caller; raises Refused with 401.

    A key in ``x-codevector-key`` leaves the vendor's own headers to the client: they go upstream untouched.
    """
    key = headers.text(GATEWAY_KEY)
    if key is not None:
        caller = directory.caller(key)
        own_login = any(headers.get(name) is not None for name in _VENDOR_HEADERS)
        return Identity(caller, own_login)
    return Identity(directory.caller(_vendor_credential(headers)), own_login=False)


def _vendor_credential(headers: HeaderMap) -> str:
    bearer = headers.text(b"authorization")
    if bearer is not None and bearer[:7].lower() == "bearer ":
        return bearer[7:].strip()
    for name in _VENDOR_HEADERS[1:]:
        value = headers.text(name)
        if value is not None:
            return value.strip()
    raise Refused(
        401,
        "authentication_error",
        "invalid_api_key",
        "No API key was sent. Send a gateway key (cv_…) as Authorization: Bearer, x-api-key or x-goog-api-key.",
    )
