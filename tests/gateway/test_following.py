"""Background runs that nobody comes back for: asked for after a while of quiet, until their usage is known."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from codevector_daemon.directory.kinds import Endpoint
from codevector_daemon.directory.values import Provider
from codevector_daemon.errors import UpstreamBroken, UpstreamUnreachable
from codevector_daemon.gateway.call import Gateway
from codevector_daemon.gateway.following import AT_ONCE, IN_VAIN, LONGEST_MS, ROUND, USAGE_UNKNOWN, Follower
from codevector_daemon.gateway.sights import Sights
from codevector_daemon.gateway.upstream import UpstreamAnswer, UpstreamRequest
from codevector_daemon.ledger import KeptResponse, Series, UsageEvent
from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.metering.prices import PriceBook
from codevector_daemon.sandbox.answer import whole
from support.counts import Counts
from support.ledgers import Home, an_event, home
from support.responses import Status, response
from support.values import provider

START_MS = 1_767_960_000_000
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
WHOSE = Series(user_id=1, key_id=1, model="m", provider="open", upstream_model="gpt-5")
USED = Counts(uncached_input=100, output=20)
PROMPT = 33


@dataclass
class Desk:
    """A follower whose clock and provider belong to the test."""

    here: Home
    clock: list[int]
    quiet_s: float = 600.0
    provider: Provider | None = field(default_factory=lambda: provider("open", "openai", "responses"))
    answers: list[UpstreamAnswer | Exception] = field(default_factory=list)
    asked: list[UpstreamRequest] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self.sights = Sights()
        self.gateway = cast(
            "Gateway",
            SimpleNamespace(
                settings=SimpleNamespace(follow_background_seconds=self.quiet_s, estimate_max_bytes=4096),
                directory=SimpleNamespace(
                    providers=lambda: [self.provider] if self.provider else [],
                    provider=lambda _: self.provider,
                    facade=lambda _: None,
                ),
                ledger=self.here.ledger,
                prices=PriceBook.open(None),
                dialer=self,
                sights=self.sights,
                now_ms=lambda: self.clock[0],
            ),
        )
        self.follower = Follower(self.gateway)

    async def send(
        self, request: UpstreamRequest, _provider: Provider, _where: Endpoint, *, own_login: bool
    ) -> UpstreamAnswer:
        assert not own_login
        self.asked.append(request)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        answer = self.answers.pop(0) if self.answers else said("in_progress")
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def begin(self, request_id: str = "a", **changes: Any) -> None:
        """Settle a call whose run goes on in the background."""
        own_login = changes.pop("own_login", False)
        run = KeptResponse(
            f"resp_{request_id}",
            1,
            request_id,
            WHOSE,
            START_MS,
            own_login=own_login,
            counted=False,
            estimated_input=PROMPT,
        )
        known = {"response": run, "series": WHOSE, "started_ms": START_MS, "finished_ms": START_MS}
        nothing = {"counts": TokenCounts(), "spend_nano": 0, "usage_source": "none", "price_basis": None}
        await self.here.ledger.settle(an_event(request_id, own_login=own_login, **known, **nothing, **changes))

    async def after(self, ms: int) -> int:
        """Let so much time pass since the run began and have the follower look; returns how often it asked so far."""
        self.clock[0] = START_MS + ms
        await self.follower.look()
        return len(self.asked)

    async def late(self, request_id: str = "a") -> dict[str, Any] | None:
        """Return the row of what the run used."""
        names = "state, status, uncached_input, output, spend_nano, usage_source, price_basis, error"
        found = await self.here.all(f"SELECT {names} FROM requests WHERE id = '{request_id}.late'")
        return dict(zip(names.split(", "), found[0], strict=True)) if found else None


def said(status: Status, used: Counts | None = None, *, code: int = 200, **more: object) -> UpstreamAnswer:
    return whole(code, json.dumps(response("resp_a", status, used, **more)).encode(), 1)


@asynccontextmanager
async def opened(folder: Path, **known: Any) -> AsyncIterator[Desk]:
    clock = [START_MS]
    async with home(folder, now_ms=lambda: clock[0]) as here:
        yield Desk(here, clock, **known)


async def test_a_run_that_nobody_comes_back_for_is_asked_for_and_counted(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        assert await desk.after(10 * MINUTE_MS - 1) == 0
        desk.answers = [said("completed", USED)]
        assert await desk.after(10 * MINUTE_MS) == 1
        (asked,) = desk.asked
        assert (asked.method, asked.url, asked.body) == ("GET", "http://127.0.0.1:9/v1/responses/resp_a", b"")
        assert dict(asked.headers)[b"authorization"] == b"Bearer sk-provider-secret"
        late = await desk.late()
        assert late is not None
        assert (late["uncached_input"], late["output"], late["usage_source"]) == (100, 20, "reported")
        assert (late["state"], late["price_basis"]) == ("complete", "catalogue")
        assert await desk.after(1000 * HOUR_MS) == 1


async def test_the_pauses_grow_with_the_age_of_a_run(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        asked: list[int] = []
        while (age_ms := desk.clock[0] - START_MS) < 46 * HOUR_MS:
            before, wait_s = len(desk.asked), await desk.follower.look()
            if len(desk.asked) > before:
                asked.append(age_ms // MINUTE_MS)
            desk.clock[0] += math.ceil(wait_s * 1000)
        pauses = [late - early for early, late in zip([0, *asked], asked, strict=False)]
        assert pauses[:6] == [10, 10, 10, 15, 22, 34]
        assert pauses == sorted(pauses)
        assert pauses[-1] == 240
        assert len(asked) < 25
        assert await desk.late() is None


async def test_it_says_when_to_look_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        assert await desk.follower.look() == 600
        await desk.begin()
        desk.clock[0] += 9 * MINUTE_MS
        assert await desk.follower.look() == 60
    async with opened(tmp_path, quiet_s=0) as desk:
        assert await desk.follower.look() == 3600


async def test_a_run_that_its_client_polls_is_left_to_the_client(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        (run,) = await desk.here.ledger.awaited()
        for minute in range(0, 60, 5):
            desk.sights.note(run.response, START_MS + minute * MINUTE_MS)
            assert await desk.after(minute * MINUTE_MS) == 0
        assert await desk.after(55 * MINUTE_MS + 27 * MINUTE_MS) == 0
        assert await desk.after(55 * MINUTE_MS + 28 * MINUTE_MS) == 1


async def test_a_failing_provider_is_asked_again_and_the_run_given_up_only_when_it_is_old(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        trouble = [
            UpstreamUnreachable("no way"),
            UpstreamBroken("cut"),
            said("failed", code=500),
            said("failed", code=401),
        ]
        for hour in range(1, 5):
            desk.answers = [trouble[hour - 1]]
            assert await desk.after(4 * hour * HOUR_MS) == hour
        assert await desk.late() is None
        desk.answers = [said("completed", USED)]
        await desk.after(24 * HOUR_MS)
        late = await desk.late()
        assert late is not None
        assert late["usage_source"] == "reported"
    assert caplog.text == ""


async def test_a_machine_that_was_away_for_days_asks_more_than_once_before_it_gives_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        week = 7 * 24 * HOUR_MS
        for number in range(IN_VAIN):
            assert await desk.late() is None
            desk.answers = [UpstreamUnreachable("no way yet")]
            assert await desk.after(week + number * 10 * MINUTE_MS) == number + 1
        late = await desk.late()
        assert late is not None
        assert (late["uncached_input"], late["output"], late["usage_source"]) == (PROMPT, 0, "estimated")
        assert late["spend_nano"] > 0
        assert (late["state"], late["error"]) == ("upstream_failed", USAGE_UNKNOWN)
        assert await desk.after(2 * week) == IN_VAIN
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "the background run resp_a of the call a used stays unknown" in warning.getMessage()


async def test_a_run_that_its_provider_does_not_know_any_more_is_given_up_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        desk.answers = [whole(404, b'{"error": {"message": "no such response"}}', 1)]
        await desk.after(10 * MINUTE_MS)
        late = await desk.late()
        assert late is not None
        assert (late["status"], late["uncached_input"], late["usage_source"]) == (404, PROMPT, "estimated")


async def test_a_run_that_never_ends_is_given_up(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        await desk.after(LONGEST_MS - HOUR_MS)
        assert await desk.late() is None
        await desk.after(LONGEST_MS + 4 * HOUR_MS)
        late = await desk.late()
        assert late is not None
        assert late["error"] == USAGE_UNKNOWN


@pytest.mark.parametrize("known", [{"quiet_s": 0.0}, {}])
async def test_a_clients_own_login_and_a_follower_switched_off_ask_nobody(
    tmp_path: Path, known: dict[str, Any]
) -> None:
    async with opened(tmp_path, **known) as desk:
        await desk.begin(own_login=not known)
        for hour in range(48):
            assert await desk.after(hour * HOUR_MS) == 0
        assert await desk.late() is None
        assert await desk.after(LONGEST_MS) == 0
        late = await desk.late()
        assert late is not None
        assert (late["uncached_input"], late["usage_source"]) == (PROMPT, "estimated")


async def test_a_disabled_provider_is_not_asked_until_it_is_enabled_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        desk.provider = provider("open", "openai", "responses", enabled=False)
        assert await desk.after(HOUR_MS) == 0
        desk.provider = provider("open", "openai", "responses")
        desk.answers = [said("completed", USED)]
        assert await desk.after(20 * HOUR_MS) == 1
        await desk.begin("b")
        desk.provider = provider("open", "openai", "chat")
        assert await desk.after(LONGEST_MS) == 1
        late = await desk.late("b")
        assert late is not None
        assert late["usage_source"] == "estimated"


@pytest.mark.parametrize("changes", [None, {"id": 2}, {"created_ms": START_MS + 1}])
async def test_a_removed_provider_is_not_asked_nor_another_in_its_place(
    tmp_path: Path, changes: dict[str, int] | None
) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        desk.provider = None if changes is None else provider("open", "openai", "responses", **changes)
        assert await desk.after(HOUR_MS) == 0
        late = await desk.late()
        assert late is not None
        assert late["usage_source"] == "estimated"


async def test_a_run_that_is_over_without_a_word_of_its_usage_is_estimated(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        for request_id in ("a", "b", "c"):
            await desk.begin(request_id)
        desk.answers = [said("completed"), said("cancelled"), said("failed")]
        await desk.after(HOUR_MS)
        rows = [await desk.late(request_id) for request_id in ("a", "b", "c")]
        done, cancelled, failed = [row for row in rows if row is not None]
        assert (done["uncached_input"], done["usage_source"], done["state"]) == (PROMPT, "estimated", "complete")
        assert 1 < done["output"] < 20
        assert (cancelled["uncached_input"], cancelled["output"], cancelled["usage_source"]) == (PROMPT, 0, "estimated")
        assert (failed["uncached_input"], failed["spend_nano"], failed["usage_source"]) == (0, 0, "none")
        assert (failed["state"], failed["error"], failed["price_basis"]) == ("upstream_failed", "server_error", None)
        assert await desk.here.ledger.awaited() == []


async def test_what_was_told_meanwhile_is_not_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        (run,) = await desk.here.ledger.awaited()
        told = UsageEvent(
            "a.late", START_MS, START_MS, "complete", WHOSE, "responses", stream=False,
            usage_source="reported", parent_id="a", usage_of="resp_a", spend_nano=5,
        )  # fmt: skip
        await asyncio.gather(desk.here.ledger.settle_retrieved(told, run.response), desk.follower._look_after(run))
        assert desk.asked == []


async def test_a_client_and_the_daemon_asking_at_once_count_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        desk.answers = [said("completed", USED) for _ in range(5)]
        (run,) = await desk.here.ledger.awaited()
        await asyncio.gather(*(desk.follower._look_after(run) for _ in range(5)))
        assert len(desk.asked) == 5
        assert await desk.here.all("SELECT count(*), sum(output) FROM requests") == [(2, USED.output)]
        assert await desk.here.all("SELECT sum(requests), sum(output) FROM buckets_5m") == [(1, USED.output)]


async def test_few_are_asked_for_at_once_and_one_fault_keeps_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as desk:
        await asyncio.gather(*(desk.begin(f"r{number:03}") for number in range(ROUND + 1)))
        desk.answers = [RuntimeError("a fault of ours"), *(said("completed", USED) for _ in range(ROUND))]
        assert await desk.after(HOUR_MS) == ROUND
        assert desk.most == AT_ONCE
        assert await desk.after(HOUR_MS) == ROUND + 1
        assert len(await desk.here.ledger.awaited()) == 1
    assert "the background run r000 could not be looked after" in caplog.text


async def test_closing_ends_what_is_asked_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        desk.clock[0] += HOUR_MS
        asked, never = asyncio.Event(), asyncio.Event()

        async def send(*_: object, own_login: bool) -> UpstreamAnswer:
            asked.set()
            await never.wait()
            raise AssertionError(own_login)

        desk.send = send  # type: ignore[method-assign]
        desk.follower.start()
        async with asyncio.timeout(10):
            await asked.wait()
            await desk.follower.close()
        (run,) = await desk.here.ledger.awaited()
        assert run.seen_ms > START_MS, "the next process does not ask at once again"


async def test_a_clock_that_went_back_does_not_put_a_run_off_for_ever(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.begin()
        assert await desk.after(-HOUR_MS) == 1


async def test_sights_of_runs_that_are_over_are_forgotten() -> None:
    sights = Sights()
    runs = [KeptResponse(f"resp_{n}", 1, f"r{n}", WHOSE, START_MS) for n in range(3)]
    for run in runs:
        sights.note(run, 7)
    sights.keep({"r1"})
    assert [sights.last_ms(run) for run in runs] == [0, 7, 0]
