"""The control client: the command line and the monitor talk to a daemon through it, and through nothing else."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self, TypeVar
from urllib.parse import quote

import msgspec

from codevector_shared.connection import Connection, ControlError, NotRunning
from codevector_shared.ledger_calls import LedgerCalls
from codevector_shared.paths import Places
from codevector_shared.price_calls import PriceCalls
from codevector_shared.protocol import (
    By,
    Dashboard,
    Granularity,
    Key,
    KeyCreate,
    KeyCreated,
    Keys,
    Leaderboard,
    LiveMessage,
    Me,
    Metric,
    Model,
    ModelCreate,
    ModelImport,
    ModelPatch,
    Models,
    ModelsImported,
    PeriodName,
    Provider,
    ProviderCreate,
    ProviderPatch,
    ProviderRemoved,
    Providers,
    ProviderTest,
    Requests,
    State,
    Status,
    Usage,
    User,
    UserCreate,
    UserPatch,
    Users,
)

__all__ = ["ControlClient", "ControlError", "NotRunning", "ask"]

T = TypeVar("T")

_LIVE: Final[msgspec.json.Decoder[LiveMessage]] = msgspec.json.Decoder(LiveMessage)


class ControlClient(PriceCalls, LedgerCalls):
    """One daemon, over its Unix socket as administrator, or over its gateway's address as the user of a key."""

    def __init__(self, socket: Path | None = None, url: str | None = None, key: str | None = None) -> None:
        if url is not None:
            self._connection = Connection.over_tcp(url, key)
        elif socket is not None:
            self._connection = Connection.over_socket(socket)
        else:
            raise ValueError("a control client needs a socket or a URL")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "ControlClient":
        """Talk to CODEVECTOR_URL with CODEVECTOR_KEY where that is set, else to this machine's own socket."""
        if url := environ.get("CODEVECTOR_URL"):
            return cls(url=url, key=environ.get("CODEVECTOR_KEY"))
        return cls(socket=Places.from_environment(environ).socket)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connection."""
        await self._connection.close()

    async def status(self) -> Status:
        """Return the daemon's state."""
        return await self._connection.call("GET", "/status", Status)

    async def me(self) -> Me:
        """Return who is asking."""
        return await self._connection.call("GET", "/me", Me)

    async def providers(self) -> Providers:
        """Return all providers."""
        return await self._connection.call("GET", "/providers", Providers)

    async def provider(self, name: str) -> Provider:
        """Return one provider."""
        return await self._connection.call("GET", f"/providers/{_segment(name)}", Provider)

    async def create_provider(self, order: ProviderCreate) -> Provider:
        """Add a provider."""
        return await self._connection.call("POST", "/providers", Provider, body=order)

    async def patch_provider(self, name: str, wish: ProviderPatch) -> Provider:
        """Change a provider."""
        return await self._connection.call("PATCH", f"/providers/{_segment(name)}", Provider, body=wish)

    async def remove_provider(self, name: str, *, force: bool = False) -> ProviderRemoved:
        """Remove a provider; only by force where a model would lose its last backend."""
        return await self._connection.call(
            "DELETE", f"/providers/{_segment(name)}", ProviderRemoved, query={"force": force}
        )

    async def test_provider(self, name: str) -> ProviderTest:
        """Have the daemon make a real cheap call to a provider."""
        return await self._connection.call("POST", f"/providers/{_segment(name)}/test", ProviderTest)

    async def models(self) -> Models:
        """Return the model facades: all of them, or over TCP those the key may call."""
        return await self._connection.call("GET", "/models", Models)

    async def model(self, slug: str) -> Model:
        """Return one model facade."""
        return await self._connection.call("GET", f"/models/{_path(slug)}", Model)

    async def create_model(self, order: ModelCreate) -> Model:
        """Add a model facade."""
        return await self._connection.call("POST", "/models", Model, body=order)

    async def patch_model(self, slug: str, wish: ModelPatch) -> Model:
        """Change a model facade."""
        return await self._connection.call("PATCH", f"/models/{_path(slug)}", Model, body=wish)

    async def remove_model(self, slug: str) -> None:
        """Remove a model facade."""
        await self._connection.send("DELETE", f"/models/{_path(slug)}")

    async def import_models(self, provider: str, *, only: Sequence[str] = (), dry_run: bool = False) -> ModelsImported:
        """Add facades of the models that a provider lists."""
        wish = ModelImport(provider, only=list(only), dry_run=dry_run)
        return await self._connection.call("POST", "/models/import", ModelsImported, body=wish)

    async def keys(self, *, user: str | None = None) -> Keys:
        """Return all keys, or one user's; over TCP those of the key's own user."""
        return await self._connection.call("GET", "/keys", Keys, query={"user": user})

    async def key(self, key_id: int) -> Key:
        """Return one key."""
        return await self._connection.call("GET", f"/keys/{key_id}", Key)

    async def create_key(self, order: KeyCreate) -> KeyCreated:
        """Make a key and return it with its secret."""
        return await self._connection.call("POST", "/keys", KeyCreated, body=order)

    async def revoke_key(self, key_id: int) -> Key:
        """Close a key for good."""
        return await self._connection.call("DELETE", f"/keys/{key_id}", Key)

    async def users(self) -> Users:
        """Return all users."""
        return await self._connection.call("GET", "/users", Users)

    async def user(self, name: str) -> User:
        """Return one user."""
        return await self._connection.call("GET", f"/users/{_segment(name)}", User)

    async def create_user(self, order: UserCreate) -> User:
        """Add a user."""
        return await self._connection.call("POST", "/users", User, body=order)

    async def patch_user(self, name: str, wish: UserPatch) -> User:
        """Rename a user, or change their role or suspension."""
        return await self._connection.call("PATCH", f"/users/{_segment(name)}", User, body=wish)

    async def usage(
        self,
        *,
        period: PeriodName | None = None,
        first: str | None = None,
        last: str | None = None,
        by: By = "day",
        user: str | None = None,
        everyone: bool = False,
    ) -> Usage:
        """Return totals and rows of a period, or of the days from ``first`` to ``last`` inclusive."""
        query = {"period": period, "from": first, "to": last, "by": by, "user": user, "everyone": everyone}
        return await self._connection.call("GET", "/usage", Usage, query=query)

    async def dashboard(
        self,
        *,
        period: PeriodName | None = None,
        granularity: Granularity | None = None,
        user: str | None = None,
        everyone: bool = False,
    ) -> Dashboard:
        """Return all that the dashboard draws."""
        query = {"period": period, "granularity": granularity, "user": user, "everyone": everyone}
        return await self._connection.call("GET", "/dashboard", Dashboard, query=query)

    async def requests(
        self,
        *,
        last: int | None = None,
        state: State | None = None,
        user: str | None = None,
        everyone: bool = False,
        before: str | None = None,
    ) -> Requests:
        """Return request rows, newest first; ``before`` is the id of the last row of the page before."""
        query = {"last": last, "state": state, "user": user, "everyone": everyone, "before": before}
        return await self._connection.call("GET", "/requests", Requests, query=query)

    async def leaderboard(self, *, metric: Metric = "spend", period: PeriodName | None = None) -> Leaderboard:
        """Return users ranked by a metric; over TCP all others go by pseudonyms."""
        return await self._connection.call(
            "GET", "/leaderboard", Leaderboard, query={"metric": metric, "period": period}
        )

    def live(self) -> AsyncGenerator[LiveMessage, None]:
        """Yield a snapshot, then deltas numbered on from it; where a number is missing, ask anew for a snapshot.

        Ends when the daemon closes the stream; raises NotRunning when the connection is lost or goes silent.
        """
        return self._connection.lines("/live", _LIVE)


def ask(environ: Mapping[str, str], question: Callable[[ControlClient], Awaitable[T]]) -> T:
    """Open a client, await one question and close it again: the face for code that is not asynchronous."""

    async def asked() -> T:
        async with ControlClient.from_environment(environ) as client:
            return await question(client)

    return asyncio.run(asked())


def _segment(name: str) -> str:
    return quote(name, safe="")


def _path(slug: str) -> str:
    return quote(slug, safe="/")
