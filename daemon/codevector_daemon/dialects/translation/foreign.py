"""Takes other vendors' marked thoughts out of a request that otherwise passes as it came.

A client keeps the thoughts of whoever answered. When the next backend of the same model speaks the client's own
protocol, nothing is translated, and yet it must never see another vendor's signature: it would refuse the call.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from codevector_daemon.dialects.base import BadBody
from codevector_daemon.dialects.translation.marks import PREFIX, VENDOR_OF, from_base64, unmarked

_PLAIN: Final = PREFIX.encode()
_CODED: Final = base64.b64encode(_PLAIN)[:5]
"""What base64 of a mark begins with: its last characters depend on what follows."""

Fields = dict[str, Any]


def without_foreign_thoughts(dialect: str, body: bytes, *, vendor: str | None = None) -> bytes:
    """Return the body for a provider of the client's own dialect; the very same bytes where no thought is marked.

    The provider's own signatures, which a detour had marked, get back the form the provider gave them.
    """
    keep = _KEEPERS.get(dialect)
    if keep is None or not (_PLAIN in body or (dialect == "gemini" and _CODED in body)):
        return body
    try:
        request, before = msgspec.json.decode(body), msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadBody(f"The request body is not valid JSON: {error}.") from error
    if isinstance(request, dict):
        keep(request, vendor or VENDOR_OF[dialect])
    return body if request == before else msgspec.json.encode(request)


def _messages(request: Fields, vendor: str) -> None:
    for message in _objects(request.get("messages")):
        if isinstance(message.get("content"), list):
            message["content"] = [block for block in message["content"] if _keep(block, ("signature", "data"), vendor)]


def _responses(request: Fields, vendor: str) -> None:
    items = request.get("input")
    if isinstance(items, list):
        request["input"] = [item for item in items if _keep(item, ("encrypted_content",), vendor)]


def _chat(request: Fields, vendor: str) -> None:
    for message in _objects(request.get("messages")):
        details = message.get("reasoning_details")
        if isinstance(details, list):
            message["reasoning_details"] = [one for one in details if _keep(one, ("signature", "data"), vendor)]
            if not message["reasoning_details"]:
                del message["reasoning_details"]


def _gemini(request: Fields, vendor: str) -> None:
    for content in _objects(request.get("contents")):
        if isinstance(content.get("parts"), list):
            content["parts"] = [part for part in content["parts"] if _keep_part(part, vendor)]


_KEEPERS: Final[Mapping[str, Callable[[Fields, str], None]]] = {
    "messages": _messages,
    "responses": _responses,
    "chat": _chat,
    "gemini": _gemini,
}


def _keep(entry: Any, names: tuple[str, ...], vendor: str) -> bool:  # noqa: ANN401 - whatever JSON holds
    """Tell whether an entry may stay, and give a marked signature of the provider's own its form back."""
    if not isinstance(entry, dict):
        return True
    for name in names:
        value = entry.get(name)
        if not isinstance(value, str) or not value.startswith(PREFIX):
            continue
        owner, own = unmarked(value, vendor)
        if owner != vendor or not own:
            return False
        entry[name] = own
    return True


def _keep_part(part: Any, vendor: str) -> bool:  # noqa: ANN401 - whatever JSON holds
    signature = part.get("thoughtSignature") if isinstance(part, dict) else None
    if not isinstance(signature, str):
        return True
    owner, own = from_base64(signature, vendor)
    if owner == vendor:
        part["thoughtSignature"] = own
        return True
    del part["thoughtSignature"]
    return not part.get("thought")


def _objects(value: Any) -> list[Fields]:  # noqa: ANN401 - whatever JSON holds
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
