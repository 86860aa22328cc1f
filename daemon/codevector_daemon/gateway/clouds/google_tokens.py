"""Access tokens of Google service accounts: a signed assertion goes to Google, a token for an hour comes back.

RFC 7523 as developers.google.com/identity/protocols/oauth2/service-account has it; google-auth, which the extra
``vertex`` installs, signs the assertion. The call itself goes out like any other, by the provider's own proxy.
"""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from codevector_daemon.directory.provider_credentials import ServiceAccount
from codevector_daemon.errors import UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from codevector_daemon.gateway.upstream import Upstream, UpstreamRequest, Via, body_of

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE_S: Final = 3600
_EARLY_MS: Final = 5 * 60 * 1000
"""A token is renewed this long before it ends, so that none ends on its way."""
_LIMIT_S: Final = 20.0
_BODY_LIMIT: Final = 64 * 1024
_OK: Final = 200


class _Given(Struct, frozen=True):
    """What the token's place answers."""

    access_token: str
    expires_in: int = _LIFE_S


class _Held(Struct, frozen=True):
    token: str
    until_ms: int

    def __repr__(self) -> str:
        return "_Held(…)"


class GoogleTokens:
    """Keeps one token per service account and way; of calls that need a new one at once, one fetches it."""

    def __init__(self, upstream: Upstream, now_ms: Callable[[], int]) -> None:
        self._upstream = upstream
        self._now_ms = now_ms
        self._held: dict[tuple[ServiceAccount, Via | None], _Held] = {}
        self._fetching = asyncio.Lock()

    async def token(self, account: ServiceAccount, via: Via | None) -> str:
        """Return a token that is good for minutes yet; raises UpstreamError."""
        key = (account, via)
        if (held := self._good(key)) is not None:
            return held
        async with self._fetching:
            if (held := self._good(key)) is not None:
                return held
            now = self._now_ms()
            self._held = {each: kept for each, kept in self._held.items() if kept.until_ms > now}
            given = await self._fetch(account, via, now // 1000)
            self._held[key] = _Held(given.access_token, now + given.expires_in * 1000 - _EARLY_MS)
            return given.access_token

    def _good(self, key: tuple[ServiceAccount, Via | None]) -> str | None:
        held = self._held.get(key)
        return held.token if held is not None and held.until_ms > self._now_ms() else None

    async def _fetch(self, account: ServiceAccount, via: Via | None, now_s: int) -> _Given:
        signed = await asyncio.to_thread(assertion, account, now_s)
        request = UpstreamRequest(
            method="POST",
            url=account.token_uri,
            headers=((b"content-type", b"application/x-www-form-urlencoded"), (b"accept", b"application/json")),
            body=urlencode({"grant_type": _GRANT, "assertion": signed}).encode(),
            first_byte_s=_LIMIT_S,
            via=via,
        )
        try:
            async with asyncio.timeout(_LIMIT_S):
                status, body = await _whole(self._upstream, request)
        except TimeoutError as late:
            raise UpstreamTimeout(f"Google gave no access token within {_LIMIT_S:.0f} s") from late
        if status != _OK:
            raise UpstreamUnreachable(
                f"Google gave no access token for {account.client_email} ({status}): is the service account's key"
                " still valid?"
            )
        try:
            return msgspec.json.decode(body, type=_Given)
        except (msgspec.MsgspecError, UnicodeDecodeError) as bad:
            raise UpstreamBroken(f"{account.token_uri} answered, but with no access token") from bad


def assertion(account: ServiceAccount, now_s: int) -> str:
    """Return the signed claim to be the account (some milliseconds of arithmetic); raises UpstreamUnreachable."""
    crypt, jwt = _google("crypt"), _google("jwt")
    claims = {
        "iss": account.client_email,
        "sub": account.client_email,
        "scope": SCOPE,
        "aud": account.token_uri,
        "iat": now_s,
        "exp": now_s + _LIFE_S,
    }
    try:
        signer = crypt.RSASigner.from_string(account.private_key)
    except ValueError as bad:
        raise UpstreamUnreachable(
            f"The private key of {account.client_email} cannot be read: give the provider its key file again"
        ) from bad
    return str(jwt.encode(signer, claims).decode())


def _google(name: str) -> Any:  # noqa: ANN401 - a module without types
    """Import a part of google-auth, an extra, when it is first needed."""
    try:
        return import_module(f"google.auth.{name}")
    except ImportError as missing:
        raise UpstreamUnreachable(
            "Service accounts of Google need google-auth, which is not installed: install codevector[vertex]"
        ) from missing


async def _whole(upstream: Upstream, request: UpstreamRequest) -> tuple[int, bytes]:
    answer = await upstream.send(request)
    return answer.status, await body_of(answer, _BODY_LIMIT)
