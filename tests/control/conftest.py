import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from codevector_daemon.control import Services, control_app, member_blueprint
from codevector_daemon.directory import Directory
from codevector_daemon.directory.vault import Vault
from codevector_daemon.gateway.health import Health
from codevector_daemon.gateway.http_upstream import HttpUpstream
from codevector_daemon.gateway.upstream import Upstream, UpstreamAnswer, UpstreamRequest
from codevector_daemon.ledger import Ledger, OpenRequest, Orphan, Series, UsageEvent
from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.metering.prices import PriceBook
from codevector_daemon.sandbox import SandboxProvider
from codevector_daemon.store.engine import Store
from codevector_shared.client import ControlClient
from codevector_shared.protocol import API, Key, KeyCreate, Status

NOW = 1_780_000_000_000
"""2026-05-28 20:26:40 UTC."""


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at: int = NOW

    def __call__(self) -> int:
        return self.at


@dataclass
class ByScheme:
    """Calls the sandbox or the network by the URL's scheme."""

    sandbox: Upstream
    http: Upstream

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        chosen = self.sandbox if request.url.startswith("sandbox:") else self.http
        return await chosen.send(request)


@dataclass
class Node:
    """A daemon's control side, served on real sockets."""

    services: Services
    clock: Clock
    control_socket: Path
    gateway_url: str
    admin: ControlClient
    raw: httpx.AsyncClient
    opened: list[Any] = field(default_factory=list)

    def member(self, key: str) -> ControlClient:
        """Return a client with a key on the gateway's listener."""
        self.opened.append(ControlClient(url=self.gateway_url, key=key))
        client: ControlClient = self.opened[-1]
        return client

    async def key(self, user: str | None = None, **order: Any) -> str:
        """Make a key and return its secret."""
        return (await self.admin.create_key(KeyCreate(user=user, **order))).key

    async def key_of(self, secret: str) -> Key:
        """Return the key with that secret."""
        return next(key for key in (await self.admin.keys()).keys if secret.startswith(key.prefix))

    def series(self, secret: str, **dimensions: str) -> Series:
        """Return the dimensions of calls made with a key."""
        caller = self.services.directory.caller(secret)
        return Series(user_id=caller.user_id, key_id=caller.key_id, **dimensions)

    async def admit(self, request_id: str, secret: str, **dimensions: str) -> None:
        """Open a call."""
        note = OpenRequest(request_id, self.clock(), self.series(secret, **dimensions), "chat", stream=True)
        await self.services.ledger.admit(note)

    async def settle(self, request_id: str, secret: str, *, output: int = 7, spend: int = 5, **dimensions: str) -> None:
        """Settle a call."""
        await self.services.ledger.settle(
            UsageEvent(
                id=request_id,
                started_ms=self.clock(),
                finished_ms=self.clock() + 1200,
                state="complete",
                series=self.series(secret, **dimensions),
                dialect="chat",
                stream=True,
                counts=TokenCounts(uncached_input=11, output=output),
                spend_nano=spend,
                usage_source="reported",
                price_basis="override",
                status=200,
            )
        )


@pytest.fixture(scope="session")
def prices(tmp_path_factory: pytest.TempPathFactory) -> PriceBook:
    return PriceBook.open(tmp_path_factory.mktemp("rates") / "rates.cache")


@pytest.fixture
async def node(tmp_path: Path, prices: PriceBook) -> AsyncIterator[Node]:
    clock = Clock()
    store = await Store.open(f"sqlite:///{tmp_path}/codevector.db", patience_s=5)
    directory = await Directory.open(store, Vault(bytes(range(32))), clock)
    ledger = await Ledger.open(
        store,
        node="test",
        spool=tmp_path / "spool",
        timezone="Europe/Berlin",
        durability="process",
        settle_orphan=_no_orphans,
        now_ms=clock,
    )
    http = HttpUpstream({}, connect_s=2)
    upstream = ByScheme(SandboxProvider(clock, pace=0), http)
    services = Services(store, ledger, directory, prices, upstream, Health(clock), _status, clock)
    gateway = Quart("gateway", static_folder=None)
    gateway.register_blueprint(member_blueprint(services))
    listener = socket.create_server(("127.0.0.1", 0))
    path = Path(f"/tmp/cv-{listener.getsockname()[1]}.sock")
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    transport = httpx.AsyncHTTPTransport(uds=str(path))
    raw = httpx.AsyncClient(transport=transport, base_url=f"http://codevector{API}")
    async with _served(control_app(services), f"unix:{path}"), _served(gateway, f"fd://{listener.detach()}"):
        running = Node(services, clock, path, url, ControlClient(socket=path), raw)
        yield running
        for client in (running.admin, *running.opened):
            await client.close()
        await raw.aclose()
    await http.close()
    await directory.close()
    await ledger.close()
    await store.close()
    await asyncio.to_thread(path.unlink, missing_ok=True)


@asynccontextmanager
async def _served(app: Quart, bind: str) -> AsyncIterator[None]:
    config = Config()
    config.bind = [bind]
    config.graceful_timeout = 0
    config.errorlog = None
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait, mode="asgi"))
    try:
        async with asyncio.timeout(5):
            while bind.startswith("unix:") and not Path(bind.removeprefix("unix:")).exists():  # noqa: ASYNC110, ASYNC240
                await asyncio.sleep(0)
        yield
    finally:
        stop.set()
        await serving


def _no_orphans(orphan: Orphan) -> UsageEvent:
    raise AssertionError(orphan)


def _status() -> Status:
    return Status(
        version="0",
        pid=4711,
        gateway_url="http://127.0.0.1:8787",
        socket="/run/secret/control.sock",
        database="sqlite:////secret/codevector.db",
        uptime_s=1.5,
        providers=0,
        models=0,
        open_requests=0,
        users=1,
        keys=0,
        timezone="Europe/Berlin",
        trouble="secret",
        folded_names=2,
        recovered="secret",
        recovered_at="2026-01-09T12:00:00+00:00",
        damaged_spool_files=1,
    )
