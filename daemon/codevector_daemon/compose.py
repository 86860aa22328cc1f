"""The one place that builds the object graph: what needs what, opened in order and closed in reverse."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from codevector_daemon.control import Services, control_app, member_blueprint
from codevector_daemon.directory import Directory, first
from codevector_daemon.directory.vault import Vault, load_master
from codevector_daemon.errors import StartError
from codevector_daemon.gateway.call import Gateway
from codevector_daemon.gateway.clouds.dialer import Dialer
from codevector_daemon.gateway.following import Follower
from codevector_daemon.gateway.health import Health
from codevector_daemon.gateway.hosts import AllowedHosts
from codevector_daemon.gateway.http_upstream import HttpUpstream
from codevector_daemon.gateway.metrics import Metrics
from codevector_daemon.gateway.pages import gateway_app
from codevector_daemon.gateway.refining import Refiner, counted
from codevector_daemon.gateway.running import Running
from codevector_daemon.gateway.settle import orphan_event
from codevector_daemon.gateway.sights import Sights
from codevector_daemon.gateway.upstream import Upstream, Upstreams
from codevector_daemon.gateway.usage_option import UsageOption
from codevector_daemon.ledger import Keep, Ledger
from codevector_daemon.listeners import Listeners
from codevector_daemon.metering.prices import PriceBook
from codevector_daemon.sandbox import SandboxProvider
from codevector_daemon.sandbox.demo import furnish
from codevector_daemon.sandbox.traffic import live_traffic
from codevector_daemon.serve import Apps
from codevector_daemon.settings import Settings
from codevector_daemon.store.address import shown_address
from codevector_daemon.store.engine import Store
from codevector_shared import __version__
from codevector_shared.paths import Places
from codevector_shared.periods import iso
from codevector_shared.protocol import Status


def now_ms() -> int:
    """Return the wall clock in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Daemon:
    """A complete node, ready to be served."""

    apps: Apps
    gateway: Gateway
    services: Services


@asynccontextmanager
async def compose(
    places: Places, settings: Settings, environ: Mapping[str, str], at: Listeners, *, demo: bool
) -> AsyncIterator[Daemon]:
    """Open everything the daemon needs; on the way out the ledger is written and the store closed last."""
    async with AsyncExitStack() as closing:
        store = await Store.open(settings.database_url, patience_s=settings.store_patience)
        closing.push_async_callback(store.close)
        master = load_master(places.master_key, environ, bound=await store.read(first.is_bound))
        directory = await Directory.open(store, Vault(master), now_ms)
        closing.push_async_callback(directory.close)
        prices = _prices(places, settings)
        ledger = await _ledger(store, directory, prices, places, settings)
        closing.push_async_callback(ledger.close)
        http = HttpUpstream(environ)
        upstream = Upstreams({"http": http, "https": http, "sandbox": SandboxProvider(now_ms)})
        closing.push_async_callback(upstream.close)
        gateway = _gateway(settings, directory, ledger, prices, upstream)
        closing.push_async_callback(gateway.refiner.close)
        follower = Follower(gateway)
        follower.start()
        closing.push_async_callback(follower.close)
        services = Services(
            store=store,
            ledger=ledger,
            directory=directory,
            prices=prices,
            upstream=upstream,
            health=gateway.health,
            status=_status(settings, gateway, at, demo=demo),
            now_ms=now_ms,
        )
        app = gateway_app(gateway, Metrics(ledger))
        app.register_blueprint(member_blueprint(services))
        if demo:
            await closing.enter_async_context(_demo(directory, ledger, http, at.gateway_url))
        yield Daemon(Apps(gateway=app, control=control_app(services)), gateway, services)


async def _ledger(store: Store, directory: Directory, prices: PriceBook, places: Places, settings: Settings) -> Ledger:
    """Open the ledger, which settles what a dead process left open."""
    return await Ledger.open(
        store,
        node=f"{os.getpid()}",
        spool=places.spool,
        timezone=settings.timezone,
        durability=settings.durability,
        settle_orphan=lambda orphan: orphan_event(orphan, directory, prices, now_ms()),
        now_ms=now_ms,
        keep=Keep(settings.keep_request_days, settings.keep_5m_days, settings.keep_hour_days),
    )


def _gateway(
    settings: Settings, directory: Directory, ledger: Ledger, prices: PriceBook, upstream: Upstream
) -> Gateway:
    """Build the data plane: what every call of it has at hand."""
    return Gateway(
        settings=settings,
        directory=directory,
        ledger=ledger,
        prices=prices,
        dialer=Dialer(upstream, now_ms),
        running=Running(),
        refiner=Refiner(ledger.refine_input, count=partial(counted, max_bytes=settings.estimate_max_bytes)),
        usage_option=UsageOption(),
        health=Health(now_ms),
        sights=Sights(),
        hosts=AllowedHosts(settings.listen_address[0], settings.allowed_hosts),
        now_ms=now_ms,
    )


@asynccontextmanager
async def _demo(directory: Directory, ledger: Ledger, upstream: Upstream, gateway_url: str) -> AsyncIterator[None]:
    """Furnish an empty home with a made-up past, and send sandbox traffic through the gateway while it is served."""
    if directory.providers():
        raise StartError("--demo fills an empty home, and this one has providers; set CODEVECTOR_HOME to a new folder")
    secrets = await furnish(directory, ledger, now_ms())
    async with asyncio.TaskGroup() as background:
        traffic = background.create_task(live_traffic(upstream, gateway_url, secrets))
        try:
            yield
        finally:
            traffic.cancel()


def _prices(places: Places, settings: Settings) -> PriceBook:
    defaults = (settings.default_input_price, settings.default_output_price) if settings.default_prices else None
    return PriceBook.open(places.rates_cache, defaults=defaults, synced=places.database.with_name("catalogue.synced"))


def _status(settings: Settings, gateway: Gateway, at: Listeners, *, demo: bool) -> Callable[[], Status]:
    started = time.monotonic()

    def status() -> Status:
        directory, ledger = gateway.directory, gateway.ledger
        standing, older_cut = ledger.standing, ledger.older_cut
        return Status(
            version=__version__,
            pid=os.getpid(),
            gateway_url=at.gateway_url,
            socket=str(at.control_path),
            database=shown_address(settings.database_url),
            uptime_s=round(time.monotonic() - started, 3),
            providers=len(directory.providers()),
            models=len(directory.facades()),
            open_requests=ledger.open_count,
            users=len(directory.users()),
            keys=directory.open_keys().total(),
            timezone=str(ledger.zone),
            demo=demo,
            degraded=standing.degraded,
            spooled_events=standing.spooled_events,
            trouble=standing.trouble,
            folded_names=standing.folded_names,
            recovered=ledger.recovered,
            recovered_at=ledger.recovered_at,
            damaged_spool_files=standing.damaged_spool_files,
            recut_since=older_cut and iso(older_cut[0] * 1000, ledger.zone),
            older_timezone=older_cut and older_cut[1],
            resting_backends=gateway.health.resting,
        )

    return status
