"""What administration may write: a check returns the value as it is kept, or raises a precise DirectoryError."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from urllib.parse import SplitResult, urlsplit

from codevector_daemon.errors import DirectoryError

_PROVIDER: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SLUG: Final = re.compile(r"[a-z0-9._:/-]{1,128}")
_CAPABILITY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PRICE: Final = re.compile(r"(\d{1,7})?(\.\d{1,9})?", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*\.?", re.ASCII)
_LABEL_LIMIT: Final = 128
_CREDENTIAL_LIMIT: Final = 8192
_URL_LIMIT: Final = 2048
_SHOWN: Final = 60
_LISTED: Final = 10


def shown(text: str) -> str:
    """Quote a foreign string for a message: cut, and without anything a terminal would obey."""
    plain = "".join(character if character.isprintable() else "�" for character in text[:_SHOWN])
    return f"'{plain}{'…' if len(text) > _SHOWN else ''}'"


def missing(what: str, name: str, known: Iterable[str], status: int = 404) -> DirectoryError:
    """Make the error for a thing that does not exist, naming those that do."""
    return DirectoryError(f"unknown_{what}", f"there is no {what} {shown(name)}", listing(what, known), status)


def listing(what: str, known: Iterable[str]) -> str:
    """Name what there is, cut to the first ten."""
    names = sorted(known)
    if not names:
        return f"There is no {what} yet."
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"There are: {', '.join(names[:_LISTED])}{more}." if len(names) > 1 else f"There is only {names[0]}."


def label(field: str, text: str) -> str:
    """Check a name that people read: 1 to 128 printable characters, kept in Unicode's composed form."""
    kept = unicodedata.normalize("NFC", text.strip())
    if not kept or len(kept) > _LABEL_LIMIT or not kept.isprintable():
        raise DirectoryError(
            f"invalid_{field}", f"{field}: expected 1 to {_LABEL_LIMIT} printable characters, got {shown(text)}"
        )
    return kept


def optional_label(field: str, text: str | None) -> str | None:
    """Check a name that may be left out."""
    return None if text is None else label(field, text)


def user_name(text: str) -> str:
    """Check a user's name; it must be able to stand in a URL's path as one segment."""
    kept = label("name", text)
    if "/" in kept or kept in {".", ".."}:
        raise DirectoryError("invalid_name", f"name: expected no '/' and neither '.' nor '..', got {shown(text)}")
    return kept


def provider_name(text: str) -> str:
    """Check a provider's name."""
    if not _PROVIDER.fullmatch(text):
        raise DirectoryError(
            "invalid_name",
            f"name: {shown(text)} is no name for a provider",
            "Use 1 to 64 lower-case letters, digits and - . _, beginning with a letter or digit, such as openai-work.",
        )
    return text


def slug(text: str) -> str:
    """Check a model's slug."""
    segments = text.split("/")
    if not _SLUG.fullmatch(text) or any(segment in {"", ".", ".."} for segment in segments):
        raise DirectoryError(
            "invalid_slug",
            f"slug: {shown(text)} is no slug for a model",
            "Use 1 to 128 lower-case letters, digits and - . _ : /, such as claude-sonnet or team/fast:v2;"
            " no part between slashes is empty, '.' or '..'.",
        )
    return text


def slug_or_wildcard(text: str) -> str:
    """Check a model's slug, in which one ``*`` may stand for what differs: ``claude-*``."""
    if text.count("*") != 1 or text == "*":
        return text if text == "*" else slug(text)
    slug(text.replace("*", "x"))
    return text


def alias(text: str) -> str:
    """Check another name of a model: printable, without spaces, as clients may already have it."""
    fits = text.isascii() and text.isprintable() and " " not in text and not set(text) & set("*?#,\\")
    if not fits or any(segment in {"", ".", ".."} for segment in text.split("/")) or len(text) > _LABEL_LIMIT:
        raise DirectoryError(
            "invalid_alias",
            f"aliases: {shown(text)} is no name for a model",
            "Use 1 to 128 letters, digits and signs without spaces, * ? # , and \\, such as Claude-Sonnet-4.5.",
        )
    return text


def capability(text: str) -> str:
    """Check a word for what a model can do."""
    if not _CAPABILITY.fullmatch(text):
        raise DirectoryError(
            "invalid_capabilities",
            f"capabilities: expected words of lower-case letters, digits and _ such as vision, got {shown(text)}",
        )
    return text


def upstream_model(text: str) -> str:
    """Check a model's name at its provider: any printable text without spaces around it."""
    if not text or text != text.strip() or len(text) > 2 * _LABEL_LIMIT or not text.isprintable():
        raise DirectoryError(
            "invalid_backend",
            f"backends: expected the model's name at the provider, 1 to 256 printable characters, got {shown(text)}",
        )
    return text


def price(field: str, text: str) -> str:
    """Check a rate in USD per million tokens: a plain decimal, not negative, at most nine digits after the point."""
    if not text or not _PRICE.fullmatch(text):
        raise DirectoryError(
            "invalid_price",
            f"{field}: {shown(text)} is no price",
            "Prices are USD per million tokens as a plain decimal of 0 or more, such as 2.50.",
        )
    return f"{Decimal(text):f}"


def positive(field: str, number: int | None, limit: int = 100_000_000) -> int | None:
    """Check a number of tokens that may be left out."""
    if number is not None and not 1 <= number <= limit:
        raise DirectoryError(f"invalid_{field}", f"{field}: expected a whole number from 1 to {limit:,}, got {number}")
    return number


def credential(text: str) -> str:
    """Check that a provider's credential can travel in a header; nothing of it is ever repeated."""
    kept = text.strip("\r\n")
    plain = kept.isascii() and kept.isprintable() and kept == kept.strip()
    if not plain or not 1 <= len(kept) <= _CREDENTIAL_LIMIT:
        raise DirectoryError(
            "invalid_credential",
            f"credential: expected one line of 1 to {_CREDENTIAL_LIMIT} printable ASCII characters"
            " without spaces around it",
            "Check the variable, file or pipe that it was read from.",
        )
    return kept


def base_url(text: str) -> str:
    """Check a base URL; it is kept as typed, without the slash at its end."""
    parts = _split(text)
    if parts.username is not None or parts.password is not None:
        raise _bad_url("it carries a user name or password, which belong into the credential")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise _bad_url(f"{shown(text)} carries a query or fragment")
    if not _is_host(parts.hostname or ""):
        raise _bad_url(f"{shown(text)} names no host")
    return text.rstrip("/")


def _split(text: str) -> SplitResult:
    if len(text) > _URL_LIMIT or not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise _bad_url("it has spaces or characters that no URL has, or is too long")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as bad:
        raise _bad_url("its host or port cannot be read") from bad
    if parts.scheme not in {"http", "https"}:
        raise _bad_url("it must begin with https:// or http://")
    if port == 0:
        raise _bad_url("port 0 cannot be called")
    return parts


def _bad_url(why: str) -> DirectoryError:
    return DirectoryError(
        "invalid_base_url",
        f"base_url: {why}",
        "Give it as the vendor's SDK has it, such as https://api.openai.com/v1 or http://127.0.0.1:11434/v1.",
    )


def _is_host(host: str) -> bool:
    if ":" not in host:
        return len(host) <= 253 and _HOST.fullmatch(host) is not None  # noqa: PLR2004 - DNS's own limit
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True
