"""A daemon that is not there: ninety believable days for the monitor's tests and pictures, always the same."""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from codevector_shared.connection import ControlError, NotRunning
from codevector_shared.money import nano, usd
from codevector_shared.price_protocol import PriceLine, RequestPrice
from codevector_shared.protocol import (
    Bucket,
    By,
    Dashboard,
    Delta,
    Granularity,
    Health,
    Key,
    KeyCreate,
    KeyCreated,
    Keys,
    Leaderboard,
    LeaderboardRow,
    LiveMessage,
    Me,
    Metric,
    Model,
    ModelBackend,
    Models,
    Period,
    PeriodName,
    Progress,
    Request,
    Requests,
    Snapshot,
    State,
    Status,
    Totals,
    Usage,
    UsageRow,
)

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2025, 11, 22, 14, 32, 7, tzinfo=ZONE)
DAYS = {"today": 1, "7d": 7, "30d": 30, "90d": 90, "all": 90}
MODELS = (
    ("claude-sonnet-5", "anthropic", 3.0, 0.3, 15.0, 0.46),
    ("gpt-6-codex", "openai", 1.25, 0.125, 10.0, 0.3),
    ("claude-haiku-5", "anthropic", 1.0, 0.1, 5.0, 0.14),
    ("gemini-3-pro", "google", 2.0, 0.2, 12.0, 0.06),
    ("deepseek-v4", "deepseek", 0.28, 0.028, 0.42, 0.03),
    ("text-embed-4", "openai", 0.02, 0.02, 0.0, 0.01),
)
PROJECTS = ("api-server", "codevector", "website", "infra", None)
CLIENTS = ("claude-code", "codex", "cursor", "aider")
USERS = ("owner", "ana", "bertrand", "chidi", "dorota", "emeka")
WEIGHT = (
    0.02,
    0.01,
    0.0,
    0.0,
    0.0,
    0.01,
    0.05,
    0.3,
    0.8,
    1.2,
    1.4,
    1.1,
    0.6,
    1.0,
    1.5,
    1.6,
    1.3,
    0.9,
    0.5,
    0.4,
    0.5,
    0.6,
    0.3,
    0.1,
)
COUNTED = (
    "requests",
    "errors",
    "input_tokens",
    "uncached_input_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "estimated_requests",
    "unpriced_requests",
    "default_priced_requests",
)


@dataclass(frozen=True)
class Hour:
    """One hour of one model in one project."""

    start: datetime
    model: str
    provider: str
    project: str | None
    client: str
    totals: Totals


@dataclass
class FakeDaemon:
    """Serves protocol structs; ``say`` pushes a delta, ``silent`` makes it unreachable."""

    now: datetime = NOW
    busy: float = 1.0
    empty: bool = False
    silent: bool = False
    demo: bool = False
    users: Sequence[str] = USERS
    stock: int = 0
    refusal: str = ""
    state: dict[str, Any] = field(default_factory=dict)
    health: dict[str, tuple[Health | None, ...]] = field(default_factory=dict)
    hours: list[Hour] = field(default_factory=list)
    key_list: list[Key] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the history."""
        self._random = random.Random(7)
        self._seq = 0
        self.repricings = 0
        self._queues: set[asyncio.Queue[Delta | None]] = set()
        self.open: list[Request] = []
        self.finished: list[Request] = []
        if not self.empty:
            self.hours = list(_history(self.now, self.busy))
            self.finished = [self.request(minutes=index * 1.7) for index in range(max(60, self.stock))]
            self.open = [
                self.request(minutes=0.05, state="open", model="claude-sonnet-5"),
                self.request(minutes=0.4, state="open", model="gpt-6-codex"),
            ]
        self.key_list = _keys(self.now, self.stock)

    # -- what the monitor asks

    async def live(self) -> AsyncGenerator[LiveMessage, None]:
        """Yield a snapshot, then what ``say`` pushes."""
        if self.silent:
            raise NotRunning("No daemon answers at /run/user/1000/codevector/control.sock.")
        queue: asyncio.Queue[Delta | None] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield Snapshot(
                seq=self._seq,
                at=self.now.isoformat(),
                status=await self.status(),
                open=list(self.open),
                latest=self.finished[:100],
                repricings=self.repricings,
            )
            while (delta := await queue.get()) is not None:
                yield delta
        finally:
            self._queues.discard(queue)

    async def status(self) -> Status:
        """Return the daemon's state."""
        self._refuse_when_silent()
        return Status(
            version="0.1.0",
            pid=4711,
            gateway_url="http://127.0.0.1:8787",
            socket="/run/user/1000/codevector/control.sock",
            database="/home/owner/.local/share/codevector/codevector.db",
            uptime_s=93_000.0,
            providers=4,
            models=len(MODELS),
            open_requests=len(self.open),
            users=len(self.users),
            keys=len(self.key_list),
            timezone="Europe/Berlin",
            demo=self.demo,
            **self.state,
        )

    async def me(self) -> Me:
        """Return the owner."""
        self._refuse_when_silent()
        return Me(user="owner", user_id=1, role="owner", admin=True, gateway_url="http://127.0.0.1:8787")

    async def dashboard(
        self,
        *,
        period: PeriodName | None = None,
        granularity: Granularity | None = None,
        user: str | None = None,
        everyone: bool = False,
    ) -> Dashboard:
        """Return the totals of a period, cut into bars."""
        del everyone, user
        period = period or "7d"
        self._refuse_when_silent()
        self.asked.append(f"dashboard {period} {granularity}")
        cut = granularity or "day"
        start, end = self._window(period)
        inside = [hour for hour in self.hours if start <= hour.start < end]
        before = [hour for hour in self.hours if start - (self.now - start) <= hour.start < start]
        spend = sum(nano(hour.totals.spend_usd) for hour in inside)
        elapsed = max(1.0, (self.now - start) / timedelta(hours=1))
        return Dashboard(
            period=Period(name=period, start=start.isoformat(), end=end.isoformat(), timezone="Europe/Berlin"),
            granularity=cut,
            totals=_sum(inside),
            previous=_sum(before),
            buckets=_buckets(inside, start, end, cut),
            models=self._rows(inside, "model"),
            projects=self._rows(inside, "project"),
            latest=self.finished[:20],
            p50_ms=None if self.empty else 1_912,
            output_tokens_per_s=None if self.empty else 61.4,
            spend_usd_per_hour=usd(round(spend / elapsed)),
            month_end_usd=None if self.empty else usd(round(spend / elapsed * 720)),
        )

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
        """Return the totals of a period by one dimension."""
        del everyone, user
        self._refuse_when_silent()
        start, end = self._window(period or "7d")
        if first and last:
            start = datetime.fromisoformat(first).replace(tzinfo=ZONE)
            end = datetime.fromisoformat(last).replace(tzinfo=ZONE) + timedelta(days=1)
        inside = [hour for hour in self.hours if start <= hour.start < end]
        return Usage(
            period=Period(
                name=period or "custom", start=start.isoformat(), end=end.isoformat(), timezone="Europe/Berlin"
            ),
            totals=_sum(inside),
            previous=None,
            rows=self._rows(inside, by),
        )

    async def requests(
        self,
        *,
        last: int | None = None,
        state: State | None = None,
        user: str | None = None,
        everyone: bool = False,
        before: str | None = None,
    ) -> Requests:
        """Return finished requests."""
        del everyone, state, user
        self._refuse_when_silent()
        start = 1 + [each.id for each in self.finished].index(before) if before else 0
        return Requests(requests=self.finished[start : start + (last or 100)])

    async def leaderboard(self, *, metric: Metric = "spend", period: PeriodName | None = None) -> Leaderboard:
        """Return users ranked."""
        self._refuse_when_silent()
        period = period or "30d"
        start, end = self._window(period)
        inside = [hour for hour in self.hours if start <= hour.start < end]
        rows = []
        for index, user in enumerate(self.users):
            part = inside[index :: index + 2]
            totals = _sum(part)
            rows.append(
                LeaderboardRow(
                    rank=0,
                    previous_rank=None if index == 4 else (index % 3) + index // 2 + 1,
                    user=user,
                    you=index == 0,
                    tokens=totals.input_tokens + totals.output_tokens,
                    **msgspec.structs.asdict(totals),
                )
            )
        figure = {"spend": lambda row: nano(row.spend_usd), "tokens": lambda row: row.tokens}.get(
            metric, lambda row: row.requests
        )
        rows.sort(key=figure, reverse=True)
        ranked = [msgspec.structs.replace(row, rank=rank) for rank, row in enumerate(rows, 1)]
        return Leaderboard(
            metric=metric,
            period=Period(name=period, start=start.isoformat(), end=end.isoformat(), timezone="Europe/Berlin"),
            rows=[] if self.empty else ranked,
        )

    async def models(self) -> Models:
        """Return the facades."""
        self._refuse_when_silent()
        found = [] if self.empty else [_model(each, self.now) for each in MODELS]
        return Models(models=[self._with_health(model) for model in found])

    def _with_health(self, model: Model) -> Model:
        """Give a model one backend for each health that a test set for it."""
        healths = self.health.get(model.slug)
        if healths is None:
            return model
        names = (model.provider or "", "fallback", "third")
        backends = [
            ModelBackend(name, model.slug, rank, health=one)
            for rank, (name, one) in enumerate(zip(names, healths, strict=False))
        ]
        return msgspec.structs.replace(model, backends=backends)

    async def request_price(self, request_id: str) -> RequestPrice:
        """Take a price apart, as the daemon does."""
        self._refuse_when_silent()
        self.asked.append(f"price {request_id}")
        found = next((each for each in self.finished if each.id == request_id), None)
        if found is None:
            raise ControlError("no_such_request", "request: there is none of that id that was settled", None, 404)
        return _price(found)

    async def keys(self, *, user: str | None = None) -> Keys:
        """Return the keys."""
        del user
        self._refuse_when_silent()
        return Keys(keys=list(self.key_list))

    async def create_key(self, order: KeyCreate) -> KeyCreated:
        """Make a key, unless told to refuse."""
        if self.refusal:
            raise ControlError("bad_request", self.refusal, "Add one with: codevector users add", 400)
        made = KeyCreated(
            **msgspec.structs.asdict(_key(len(self.key_list) + 1, order.name or "key", self.now)),
            key="cv_4fK2mPq9_Zr7tYw3nB8cVxL5hJ6gDsA1eQoUiRpTkMzNvWbXyHfEaLdGjSu_c0f3",
        )
        self.key_list.append(_key(made.id, made.name, self.now, project=order.project))
        return made

    async def revoke_key(self, key_id: int) -> Key:
        """Revoke a key."""
        index = next(index for index, key in enumerate(self.key_list) if key.id == key_id)
        self.key_list[index] = msgspec.structs.replace(
            self.key_list[index], status="revoked", revoked_at=self.now.isoformat()
        )
        return self.key_list[index]

    async def close(self) -> None:
        """Nothing is held."""

    # -- what a test does

    def say(
        self,
        *,
        opened: Sequence[Request] = (),
        progress: Sequence[Progress] = (),
        settled: Sequence[Request] = (),
        skip: int = 0,
        healthy: int = 0,
        status: Status | None = None,
    ) -> None:
        """Push a delta; ``skip`` loses some before it."""
        self._seq += 1 + skip
        self.open = [request for request in (*self.open, *opened) if request.id not in {done.id for done in settled}]
        self.finished = [*settled, *self.finished]
        for queue in self._queues:
            queue.put_nowait(
                Delta(
                    seq=self._seq,
                    at=self.now.isoformat(),
                    opened=list(opened),
                    progress=list(progress),
                    settled=list(settled),
                    directory_version=1,
                    degraded=bool(self.state.get("degraded")),
                    spooled_events=int(self.state.get("spooled_events", 0)),
                    health_version=healthy,
                    repricings=self.repricings,
                    status=status,
                )
            )

    def hang_up(self) -> None:
        """Close every stream."""
        for queue in self._queues:
            queue.put_nowait(None)

    def request(
        self, *, minutes: float = 0.0, state: str | None = None, model: str | None = None, user: str = "owner"
    ) -> Request:
        """Make a request that started so many minutes ago."""
        chance = self._random
        index = chance.choices(range(len(MODELS)), [each[5] for each in MODELS])[0]
        if model is not None:
            index = [each[0] for each in MODELS].index(model)
        name, provider, price, cached_price, out_price, _ = MODELS[index]
        outcome = (
            state
            or chance.choices(("complete", "client_left", "upstream_failed", "rejected"), (0.93, 0.03, 0.03, 0.01))[0]
        )
        start = self.now - timedelta(minutes=minutes)
        cached, fresh, output = chance.randint(2_000, 90_000), chance.randint(300, 9_000), chance.randint(40, 3_200)
        took = chance.randint(900, 42_000)
        if outcome in ("upstream_failed", "rejected"):
            cached = fresh = output = 0
        spend = round((cached * cached_price + fresh * price + output * out_price) * 1000)
        opened = outcome == "open"
        return Request(
            id=f"req_{chance.getrandbits(64):016x}",
            started_at=start.isoformat(),
            finished_at=None if opened else (start + timedelta(milliseconds=took)).isoformat(),
            state=outcome,  # type: ignore[arg-type]
            status={"upstream_failed": 529, "rejected": 429, "open": None}.get(outcome, 200),
            user=user,
            user_id=1,
            key="laptop",
            key_id=1,
            client_app=chance.choice(CLIENTS),
            project=chance.choice(PROJECTS),
            session="ses_1",
            agent=None,
            dialect="messages" if provider == "anthropic" else "chat",
            model=name,
            provider=provider,
            upstream_model=f"{name}-20251101",
            stream=True,
            attempt=1,
            parent_id=None,
            input_tokens=cached + fresh,
            uncached_input_tokens=fresh,
            cached_tokens=cached,
            cache_write_5m_tokens=0,
            cache_write_1h_tokens=0,
            output_tokens=output if not opened else output // 3,
            reasoning_tokens=output // 4,
            spend_usd=usd(0 if opened else spend),
            usage_source="estimated" if outcome == "client_left" else "reported",
            price_basis=None if opened else "default" if name == "text-embed-4" else "catalogue",
            price_version="2025-11-20",
            service_tier=None,
            own_login=False,
            imported=False,
            ttft_ms=chance.randint(300, 2_500),
            duration_ms=None if opened else took,
            error="overloaded_error: Overloaded" if outcome == "upstream_failed" else None,
        )

    def settle(self, request: Request) -> Request:
        """Return an open request as finished now."""
        return msgspec.structs.replace(
            request,
            state="complete",
            status=200,
            finished_at=self.now.isoformat(),
            duration_ms=2_140,
            spend_usd="0.021400000",
            price_basis="catalogue",
            output_tokens=max(request.output_tokens, 420),
        )

    # -- inside

    def _refuse_when_silent(self) -> None:
        if self.silent:
            raise NotRunning("No daemon answers at /run/user/1000/codevector/control.sock.")

    def _window(self, period: PeriodName) -> tuple[datetime, datetime]:
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=DAYS[period] - 1), midnight + timedelta(days=1)

    def _rows(self, hours: Sequence[Hour], by: str) -> list[UsageRow]:
        groups: dict[str | None, list[Hour]] = {}
        for hour in hours:
            value = {
                "model": hour.model,
                "provider": hour.provider,
                "project": hour.project,
                "client_app": hour.client,
                "key": {"claude-code": "claude-code", "codex": "ci"}.get(hour.client, "laptop"),
                "user": USERS[CLIENTS.index(hour.client) % 3],
                "day": hour.start.date().isoformat(),
                "hour": hour.start.isoformat(),
            }[by]
            groups.setdefault(value, []).append(hour)
        ids = {"laptop": 1, "claude-code": 2, "ci": 3}
        more = {value: {"key_id": ids.get(str(value))} if by == "key" else {} for value in groups}
        return [
            UsageRow(**{by: value}, **more[value], **msgspec.structs.asdict(_sum(part)))  # type: ignore[arg-type]
            for value, part in groups.items()
        ]


@lru_cache(maxsize=4)
def _history(now: datetime, busy: float) -> tuple[Hour, ...]:
    """Make ninety days: quiet nights and week-ends, a slow rise, a model or two per hour."""
    chance = random.Random(20251122)
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=180)
    made = []
    for index in range(180 * 24 + 1):
        when = start + timedelta(hours=index)
        weekend = 0.25 if when.weekday() >= 5 else 1.0
        level = WEIGHT[when.hour] * weekend * (0.6 + 0.4 * index / 4320) * chance.uniform(0.5, 1.4) * busy
        for name, provider, price, cached_price, out_price, share in MODELS:
            requests = round(level * share * 26 * chance.uniform(0.4, 1.5))
            if not requests:
                continue
            cached, fresh = requests * chance.randint(4_000, 9_000), requests * chance.randint(600, 2_000)
            writes, output = requests * chance.randint(300, 900), requests * chance.randint(150, 700)
            money = (cached * cached_price + fresh * price + writes * price * 1.25 + output * out_price) * 1000
            made.append(
                Hour(
                    start=when,
                    model=name,
                    provider=provider,
                    project=chance.choices(PROJECTS, (5, 4, 2, 1, 1))[0],
                    client=chance.choice(CLIENTS),
                    totals=Totals(
                        requests=requests,
                        errors=int(chance.random() < 0.06),
                        input_tokens=cached + fresh + writes,
                        uncached_input_tokens=fresh,
                        cached_tokens=cached,
                        cache_write_tokens=writes,
                        output_tokens=output,
                        reasoning_tokens=output // 4,
                        spend_usd=usd(round(money)),
                        estimated_requests=int(chance.random() < 0.02),
                        unpriced_requests=0,
                    ),
                )
            )
    return tuple(made)


def _sum(hours: Sequence[Hour]) -> Totals:
    figures = {name: sum(getattr(hour.totals, name) for hour in hours) for name in COUNTED}
    return Totals(**figures, spend_usd=usd(sum(nano(hour.totals.spend_usd) for hour in hours)))


def _buckets(hours: Sequence[Hour], start: datetime, end: datetime, cut: Granularity) -> list[Bucket]:
    step = {"5m": timedelta(minutes=5), "hour": timedelta(hours=1), "day": timedelta(days=1)}.get(
        cut, timedelta(days=7 if cut == "week" else 30)
    )
    made, first = [], start
    while first < end:
        last = min(end, first + step)
        inside = [hour for hour in hours if first <= hour.start < last]
        made.append(Bucket(start=first.isoformat(), end=last.isoformat(), **msgspec.structs.asdict(_sum(inside))))
        first = last
    return made


def _price(request: Request) -> RequestPrice:
    _, _, price, cached, out, _ = next(each for each in MODELS if each[0] == request.model)
    charged = (
        ("input", request.uncached_input_tokens, price),
        ("cached", request.cached_tokens, cached),
        ("output", request.output_tokens, out),
    )
    exact = [(what, count, rate, Decimal(str(rate)) * count / 1_000_000) for what, count, rate in charged if count]
    total = sum((amount for *_, amount in exact), Decimal(0))
    return RequestPrice(
        id=request.id,
        model=request.model,
        upstream_model=request.upstream_model,
        provider=request.provider,
        usage_source=request.usage_source,
        price_basis=request.price_basis,
        price_version=request.price_version,
        service_tier=None,
        above_input_tokens=None,
        lines=[
            PriceLine(what, count, "token", str(rate), 1_000_000, f"{amount:.9f}")
            for what, count, rate, amount in exact
        ],
        exact_usd=f"{total:.9f}",
        rounding_usd=f"{Decimal(request.spend_usd) - total:.9f}",
        spend_usd=request.spend_usd,
        worked_usd=request.spend_usd,
    )


def _model(known: tuple[str, str, float, float, float, float], created: datetime) -> Model:
    name, provider, price, cached, output, share = known
    embedding = name.startswith("text-embed")
    return Model(
        slug=name,
        display_name=name.replace("-", " ").title(),
        kind="embedding" if embedding else "chat",
        status="disabled" if share == 0.03 else "active",
        backends=[ModelBackend(provider=provider, upstream_model=name)],
        provider=provider,
        input_price=f"{price}",
        output_price=f"{output}",
        cached_price=f"{cached}",
        cache_write_price=f"{price * 1.25}" if provider == "anthropic" else None,
        cache_write_1h_price=None,
        price_basis="default" if embedding else "catalogue",
        context_window=8_192 if embedding else 200_000 if provider == "anthropic" else 400_000,
        max_output=None if embedding else 64_000,
        capabilities=[] if embedding else ["reasoning", "attachments", "tools"],
        created_at=created.isoformat(),
    )


def _keys(now: datetime, stock: int) -> list[Key]:
    named = [
        _key(1, "laptop", now, project="codevector", used=now - timedelta(seconds=40)),
        _key(2, "claude-code", now, project="api-server", used=now - timedelta(minutes=3)),
        _key(3, "ci", now, used=now - timedelta(days=2), expires=now + timedelta(days=20)),
        _key(4, "old laptop", now - timedelta(days=80), status="revoked", used=now - timedelta(days=41)),
    ]
    return named + [_key(index, f"robot-{index}", now) for index in range(5, stock // 2)]


def _key(
    number: int,
    name: str,
    created: datetime,
    *,
    project: str | None = None,
    status: str = "active",
    used: datetime | None = None,
    expires: datetime | None = None,
) -> Key:
    return Key(
        id=number,
        name=name,
        prefix=f"cv_{number * 7919 % 0xFFFF:04x}Kq",
        status=status,  # type: ignore[arg-type]
        user="owner",
        user_id=1,
        project=project,
        client_app=None,
        scope="gateway",
        allowed_models=None,
        created_at=(created - timedelta(days=12)).isoformat(),
        expires_at=expires.isoformat() if expires else None,
        revoked_at=None if status == "active" else created.isoformat(),
        last_used_at=used.isoformat() if used else None,
    )
