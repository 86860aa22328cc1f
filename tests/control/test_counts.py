import pytest

from codevector_shared.protocol import UserCreate

from .conftest import Node


async def two_users(node: Node) -> tuple[str, str]:
    await node.admin.create_user(UserCreate("ann"))
    mine, hers = await node.key(name="mine"), await node.key("ann", name="hers")
    await node.settle("r1", mine, spend=5, model="fast", project="web")
    await node.settle("r2", hers, spend=9, model="fast")
    await node.settle("r3", hers, spend=9, model="slow", project="cli")
    return mine, hers


async def test_without_a_word_the_owners_calls_are_meant(node: Node) -> None:
    await two_users(node)
    assert (await node.admin.usage()).totals.spend_usd == "0.000000005"
    assert (await node.admin.usage(user="ann")).totals.spend_usd == "0.000000018"
    assert (await node.admin.usage(everyone=True)).totals.spend_usd == "0.000000023"


async def test_usage_is_broken_down_and_filtered(node: Node) -> None:
    await two_users(node)
    rows = (await node.admin.usage(by="model", everyone=True, period="7d")).rows
    assert [(row.model, row.requests) for row in rows] == [("fast", 2), ("slow", 1)]
    answer = (await node.raw.get("/usage", params={"everyone": "1", "by": "user", "project": "cli"})).json()
    assert [(row["user"], row["spend_usd"]) for row in answer["rows"]] == [("ann", "0.000000009")]


async def test_days_can_be_named(node: Node) -> None:
    await two_users(node)
    found = await node.admin.usage(first="2026-05-28", last="2026-05-28", everyone=True)
    assert found.totals.requests == 3
    assert (found.period.name, found.period.end) == ("custom", "2026-05-29T00:00:00+02:00")
    assert (await node.admin.usage(first="2026-05-01", last="2026-05-27", everyone=True)).totals.requests == 0


@pytest.mark.parametrize(("period", "bars"), [("today", "hour"), ("7d", "day"), ("90d", "day"), ("all", "month")])
async def test_a_dashboard_chooses_its_bars(node: Node, period: str, bars: str) -> None:
    await two_users(node)
    answer = (await node.raw.get("/dashboard", params={"period": period, "everyone": "true"})).json()
    assert (answer["granularity"], answer["totals"]["requests"]) == (bars, 3)
    assert sum(bucket["requests"] for bucket in answer["buckets"]) == 3


async def test_requests_come_newest_first_and_in_pages(node: Node) -> None:
    await two_users(node)
    first = (await node.admin.requests(everyone=True, last=2)).requests
    assert [row.id for row in first] == ["r3", "r2"]
    rest = (await node.admin.requests(everyone=True, last=2, before=first[-1].id)).requests
    assert [row.id for row in rest] == ["r1"]
    assert [row.id for row in (await node.admin.requests()).requests] == ["r1"]


async def test_open_requests_come_when_asked_for(node: Node) -> None:
    mine, _ = await two_users(node)
    await node.admit("r4", mine, model="fast")
    rows = (await node.admin.requests(state="open")).requests
    assert [(row.id, row.finished_at, row.model) for row in rows] == [("r4", None, "fast")]
    assert "r4" not in [row.id for row in (await node.admin.requests()).requests]


async def test_the_socket_sees_everybody_on_the_leaderboard_by_name(node: Node) -> None:
    await two_users(node)
    board = await node.admin.leaderboard(metric="requests", period="7d")
    owner = (await node.admin.me()).user
    assert [(row.user, row.you, row.requests) for row in board.rows] == [("ann", False, 2), (owner, True, 1)]


async def test_a_window_of_centuries_is_refused_before_it_is_read(node: Node) -> None:
    for path in ("/usage", "/usage?by=model", "/dashboard", "/leaderboard"):
        answer = await node.raw.get(path, params={"from": "1971-01-01", "to": "9000-01-01"})
        assert (answer.status_code, "4000 days before" in answer.text) == (400, True)


async def test_hours_are_shown_of_a_year_and_of_all_time(node: Node) -> None:
    await two_users(node)
    years = await node.raw.get("/usage", params={"from": "2020-01-01", "to": "2026-05-28", "by": "hour"})
    assert (years.status_code, "too many rows" in years.text) == (400, True)
    for window in ({"first": "2026-01-01"}, {"period": "all"}):
        found = await node.admin.usage(**window, by="hour", everyone=True)
        assert [(row.hour, row.requests) for row in found.rows] == [("2026-05-28T22:00:00+02:00", 3)]
