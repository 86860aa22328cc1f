"""The one way out to a provider: by its proxy, with its headers, signed where that is wanted, its stream unwrapped."""

from collections.abc import Callable

from msgspec.structs import replace

from codevector_daemon.directory.kinds import Auth, Endpoint
from codevector_daemon.directory.provider_credentials import access_key, service_account
from codevector_daemon.directory.values import Provider
from codevector_daemon.gateway.clouds.google_tokens import GoogleTokens
from codevector_daemon.gateway.clouds.sigv4 import signature
from codevector_daemon.gateway.clouds.unwrapped import unwrapped
from codevector_daemon.gateway.upstream import Headers, Upstream, UpstreamAnswer, UpstreamRequest, Via


class Dialer:
    """Sends finished requests. All it keeps is Google's tokens."""

    def __init__(self, upstream: Upstream, now_ms: Callable[[], int]) -> None:
        self._upstream = upstream
        self._now_ms = now_ms
        self._tokens = GoogleTokens(upstream, now_ms)

    async def send(
        self, request: UpstreamRequest, provider: Provider, where: Endpoint, *, own_login: bool = False
    ) -> UpstreamAnswer:
        """Send a request to a provider's endpoint; raises UpstreamError. A client's own login is never signed over."""
        request = replace(request, via=via(provider))
        if not own_login:
            request = replace(request, headers=(*request.headers, *await self._made(request, provider, where.auth)))
        answer = await self._upstream.send(request)
        return unwrapped(answer) if where.framing == "aws" else answer

    async def _made(self, request: UpstreamRequest, provider: Provider, auth: Auth) -> Headers:
        """Return the lines of a credential that each call needs its own of."""
        if provider.credential is None or auth not in {"aws", "google"}:
            return ()
        secret = provider.credential.reveal()
        if auth == "aws" and (key := access_key(secret)) is not None:
            return signature(request, key, provider.settings.region or "", self._now_ms())
        if auth == "google" and (account := service_account(secret)) is not None:
            secret = await self._tokens.token(account, request.via)
        return ((b"authorization", b"Bearer " + secret.encode()),)


def via(provider: Provider) -> Via | None:
    """Return the provider's own way out; ``None`` for everyone's."""
    settings = provider.settings
    if settings.proxy is None and settings.ca_file is None:
        return None
    return Via(None if settings.proxy is None else settings.proxy.reveal(), settings.ca_file)
