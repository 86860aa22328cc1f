"""Pictures and documents on their way between data URLs, addresses and base64 fields."""

import base64
import binascii
import re

from codevector_daemon.dialects.base import BadBody
from codevector_daemon.dialects.translation.canonical import Document, Image

_DATA_URL = re.compile(r"data:([^;,]*)(?:;[^;,]*)*?(;base64)?,", re.IGNORECASE)

PDF = "application/pdf"


def image(url: str, detail: str | None = None, cache: str | None = None) -> Image:
    """Return the picture that an address or a data URL stands for."""
    found = _DATA_URL.match(url)
    if found is None:
        return Image(url=url, detail=detail, cache=cache)
    return Image(media_type=found[1] or "image/png", data=url[found.end() :], detail=detail, cache=cache)


def image_url(one: Image) -> str:
    """Return a picture as one address."""
    return one.url if one.url is not None else f"data:{one.media_type or 'image/png'};base64,{one.data or ''}"


def document(data: str, name: str | None = None, cache: str | None = None) -> Document:
    """Return the document that a data URL or bare base64 (a PDF) stands for."""
    found = _DATA_URL.match(data)
    if found is None:
        return Document(media_type=PDF, data=data, name=name, cache=cache)
    return inline(found[1] or PDF, data[found.end() :], name, cache)


def inline(media_type: str, data: str, name: str | None = None, cache: str | None = None) -> Document:
    """Return a document of base64 data; plain text is kept as text."""
    if not media_type.startswith("text/"):
        return Document(media_type=media_type, data=data, name=name, cache=cache)
    try:
        text = base64.b64decode(data, validate=False).decode()
    except (binascii.Error, ValueError) as error:
        raise BadBody(f"A document of type {media_type[:64]!r} is not text in base64.") from error
    return Document(media_type=media_type, text=text, name=name, cache=cache)


def document_url(one: Document) -> str:
    """Return a document as a data URL."""
    data = one.data if one.data is not None else base64.b64encode((one.text or "").encode()).decode()
    return f"data:{one.media_type};base64,{data}"


def text_of(one: Document) -> str:
    """Return a plain text document as text for a protocol that has no documents of that kind."""
    return f"<document name={one.name!r}>\n{one.text}\n</document>" if one.name else one.text or ""
