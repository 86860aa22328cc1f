"""The settings of a provider: checked when they are written, sealed where they are kept."""

import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from codevector_daemon.directory import checks
from codevector_daemon.directory.values import ProviderSettings, Secret
from codevector_daemon.errors import DirectoryError
from codevector_shared.protocol import ProviderCreate, ProviderPatch

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}", re.ASCII)
_WORDS: Final = ("organisation", "project", "region", "api_version")
_MOST_HEADERS: Final = 32
_LONGEST_HEADER: Final = 4096
_CREDENTIALS: Final = frozenset({"authorization", "x-api-key", "x-goog-api-key"})
_OURS: Final = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-codevector-key",
    }
)
"""Headers that the connection itself is made of."""


class _Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    """The settings as they are sealed."""

    organisation: str | None = None
    project: str | None = None
    region: str | None = None
    api_version: str | None = None
    headers: dict[str, str] = {}
    proxy: str | None = None
    ca_file: str | None = None
    own_login: bool = False


def settings_context(provider: str) -> str:
    """Return what a provider's sealed settings are bound to."""
    return f"provider-settings/{provider}"


def read_settings(stored: str) -> ProviderSettings:
    """Read settings that were unsealed."""
    found = msgspec.json.decode(stored, type=_Stored)
    return ProviderSettings(
        organisation=found.organisation,
        project=found.project,
        region=found.region,
        api_version=found.api_version,
        headers=tuple((name, Secret(value)) for name, value in found.headers.items()),
        proxy=None if found.proxy is None else Secret(found.proxy),
        ca_file=found.ca_file,
        own_login=found.own_login,
    )


def written(settings: ProviderSettings) -> str | None:
    """Return settings as text to seal; ``None`` where there are none."""
    stored = _Stored(
        organisation=settings.organisation,
        project=settings.project,
        region=settings.region,
        api_version=settings.api_version,
        headers={name: value.reveal() for name, value in settings.headers},
        proxy=None if settings.proxy is None else settings.proxy.reveal(),
        ca_file=settings.ca_file,
        own_login=settings.own_login,
    )
    return None if stored == _Stored() else msgspec.json.encode(stored).decode()


def ordered(order: ProviderCreate) -> ProviderSettings:
    """Return the settings of a new provider; raises DirectoryError."""
    fields = {name: getattr(order, name) for name in (*_WORDS, "proxy", "ca_file", "own_login")}
    return changed(ProviderSettings(), ProviderPatch(**fields, headers=dict(order.headers or {})))


def changed(settings: ProviderSettings, wish: ProviderPatch) -> ProviderSettings:
    """Return the settings after a change; raises DirectoryError."""
    fields: dict[str, object] = {}
    for name in _WORDS:
        if (value := getattr(wish, name)) is not UNSET:
            fields[name] = None if value is None else _word(name, value)
    if wish.proxy is not UNSET:
        fields["proxy"] = None if wish.proxy is None else Secret(_proxy(wish.proxy))
    if wish.ca_file is not UNSET:
        fields["ca_file"] = None if wish.ca_file is None else _ca_file(wish.ca_file)
    if wish.own_login is not UNSET:
        fields["own_login"] = wish.own_login
    if wish.headers is not UNSET:
        fields["headers"] = _headers(settings.headers, wish.headers)
    return msgspec.structs.replace(settings, **fields)


def shown_proxy(settings: ProviderSettings) -> str | None:
    """Return where the proxy is, without the login to it."""
    if settings.proxy is None:
        return None
    scheme, _, rest = settings.proxy.reveal().partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _word(field: str, text: str) -> str:
    if not _WORD.fullmatch(text):
        raise DirectoryError(
            f"invalid_{field}",
            f"{field}: expected 1 to 128 letters, digits and - . _ :, got {checks.shown(text)}",
        )
    return text


def _headers(now: tuple[tuple[str, Secret], ...], wish: Mapping[str, str | None]) -> tuple[tuple[str, Secret], ...]:
    kept = dict(now)
    for name, value in wish.items():
        known = _header_name(name)
        kept.pop(known, None)
        if value is not None:
            kept[known] = Secret(_header_value(known, value))
    if len(kept) > _MOST_HEADERS:
        raise DirectoryError("invalid_headers", f"headers: expected at most {_MOST_HEADERS}, got {len(kept)}")
    return tuple(kept.items())


def _header_name(name: str) -> str:
    lowered = name.lower()
    if lowered in _CREDENTIALS:
        raise DirectoryError(
            "invalid_headers",
            f"headers: {lowered} carries the credential",
            "Give that with --credential-env, --credential-file or --credential-stdin.",
        )
    if not _HEADER.fullmatch(name) or lowered in _OURS:
        raise DirectoryError("invalid_headers", f"headers: {checks.shown(name)} is no header that can be set")
    return lowered


def _header_value(name: str, value: str) -> str:
    plain = value.isascii() and value.isprintable() and value == value.strip()
    if not plain or not 1 <= len(value) <= _LONGEST_HEADER:
        raise DirectoryError(
            "invalid_headers",
            f"headers: the value of {name} must be 1 to {_LONGEST_HEADER} printable ASCII characters"
            " without spaces around them",
        )
    return value


def _proxy(text: str) -> str:
    """Check a proxy's address; it may carry a login, so nothing of it is repeated."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    else:
        fits = fits and parts.path in {"", "/"} and not parts.query and not parts.fragment
    if not fits or not text.isascii() or not text.isprintable() or " " in text:
        raise DirectoryError(
            "invalid_proxy", "proxy: expected an address such as http://proxy.example:3128 or http://user:password@host"
        )
    return text.rstrip("/")


def _ca_file(text: str) -> str:
    """Check that a file of certificates can be used; only its path is kept, so that it can be renewed in place."""
    path = Path(text)
    if not text.isprintable() or not path.is_absolute():
        raise DirectoryError("invalid_ca_file", f"ca_file: expected an absolute path, got {checks.shown(text)}")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (OSError, ValueError) as bad:
        why = bad.strerror if isinstance(bad, OSError) and not isinstance(bad, ssl.SSLError) else "no PEM certificates"
        raise DirectoryError(
            "invalid_ca_file",
            f"ca_file: {checks.shown(text)} cannot be used by the daemon: {why}",
            "It is a file of PEM certificates that the daemon's own user can read.",
        ) from bad
    return text
