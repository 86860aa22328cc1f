"""Takes other vendors' marked thoughts out of a request that otherwise passes as it came.

A client keeps the thoughts of whoever answered. When the next backend of the same model speaks the client's own
protocol, nothing is translated, and yet it must never see another vendor's signature: it would refuse the call. The
same holds without any mark where two vendors serve one model in one protocol, and the first of them fails.
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


def without_foreign_thoughts(
    dialect: str, body: bytes, *, vendor: str | None = None, signer: str | None = None
) -> bytes:
    """Return the body for a provider of the client's own dialect; the very same bytes where no thought is foreign.

    The provider's own signatures, which a detour had marked, get back the form the provider gave them. ``signer`` is
    the vendor whose signatures those without a mark are. Either is by default the one whose dialect it is.
    """
    keep = _KEEPERS.get(dialect)
    if keep is None:
        return body
    owner, native = vendor or VENDOR_OF[dialect], signer or VENDOR_OF[dialect]
    if native == owner and not (_PLAIN in body or (dialect == "gemini" and _CODED in body)):
        return body
    try:
        request, before = msgspec.json.decode(body), msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadBody(f"The request body is not valid JSON: {error}.") from error
    if isinstance(request, dict):
        keep(request, owner, native)
    return body if request == before else msgspec.json.encode(request)


def _messages(request: Fields, vendor: str, native: str) -> None:
    for message in _objects(request.get("messages")):
        if isinstance(message.get("content"), list):
            content = message["content"]
            message["content"] = [block for block in content if _keep(block, ("signature", "data"), vendor, native)]


def _responses(request: Fields, vendor: str, native: str) -> None:
    items = request.get("input")
    if isinstance(items, list):
        request["input"] = [item for item in items if _keep(item, ("encrypted_content",), vendor, native)]


def _chat(request: Fields, vendor: str, native: str) -> None:
    for message in _objects(request.get("messages")):
        details = message.get("reasoning_details")
        if isinstance(details, list):
            kept = [one for one in details if _keep(one, ("signature", "data"), vendor, native)]
            message["reasoning_details"] = kept
            if not message["reasoning_details"]:
                del message["reasoning_details"]


def _gemini(request: Fields, vendor: str, native: str) -> None:
    for content in _objects(request.get("contents")):
        if isinstance(content.get("parts"), list):
            content["parts"] = [part for part in content["parts"] if _keep_part(part, vendor, native)]


_KEEPERS: Final[Mapping[str, Callable[[Fields, str, str], None]]] = {
    "messages": _messages,
    "responses": _responses,
    "chat": _chat,
    "gemini": _gemini,
}


def _keep(entry: Any, names: tuple[str, ...], vendor: str, native: str) -> bool:  # noqa: ANN401 - whatever JSON holds
    """Tell whether an entry may stay, and give a marked signature of the provider's own its form back."""
    if not isinstance(entry, dict):
        return True
    for name in names:
        value = entry.get(name)
        if not isinstance(value, str) or not (value.startswith(PREFIX) or (value and native != vendor)):
            continue
        owner, own = unmarked(value, native)
        if owner != vendor or not own:
            return False
        entry[name] = own
    return True


def _keep_part(part: Any, vendor: str, native: str) -> bool:  # noqa: ANN401 - whatever JSON holds
    signature = part.get("thoughtSignature") if isinstance(part, dict) else None
    if not isinstance(signature, str):
        return True
    owner, own = from_base64(signature, native)
    if owner == vendor:
        part["thoughtSignature"] = own
        return True
    del part["thoughtSignature"]
    return not part.get("thought")


def _objects(value: Any) -> list[Fields]:  # noqa: ANN401 - whatever JSON holds
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
