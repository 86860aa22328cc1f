"""The demo's live calls, against a socket that writes them down."""

import asyncio

import msgspec
import pytest

from codevector_daemon.gateway.http_upstream import HttpUpstream
from codevector_daemon.gateway.upstream import UpstreamRequest
from codevector_daemon.sandbox import SandboxProvider
from codevector_daemon.sandbox.team import DEMO_KEYS
from codevector_daemon.sandbox.traffic import live_traffic
from support.upstreams import whole
from support.wire import Line, Wire, listening

LIMIT_S = 20
ENOUGH = 60
SECRETS = {key.name: f"cv_{key.name}" for key in DEMO_KEYS}


async def no_pause(_: float) -> None:
    await asyncio.sleep(0)


async def calls(answer: bytes) -> list[bytes]:
    """Let the team work until there are enough calls; return them."""

    async def script(line: Line, wire: Wire) -> None:
        while True:
            wire.requests.append(await line.request())
            if len(wire.requests) >= ENOUGH:
                wire.spoken.set()
            await line.answer(answer)

    upstream = HttpUpstream({})
    async with listening(script) as wire:
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(live_traffic(upstream, wire.url + "/", SECRETS, sleep=no_pause))
            await asyncio.wait_for(wire.spoken.wait(), LIMIT_S)
            work.cancel()
        await upstream.close()
    return wire.requests


async def test_everyone_calls_with_a_key_of_their_own_until_cancelled() -> None:
    requests = await calls(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    for key in DEMO_KEYS:
        mine = [each for each in requests if f"\r\nAuthorization: Bearer cv_{key.name}\r\n".encode() in each]
        assert mine
        assert all(f"\r\nUser-Agent: {key.user_agent}\r\n".encode() in each for each in mine)
        assert all(f"\r\nx-project: {key.project}\r\n".encode() in each for each in mine)
        models = {msgspec.json.decode(each.partition(b"\r\n\r\n")[2])["model"] for each in mine}
        assert models <= {model.name for model, _ in key.models}


async def test_a_gateway_in_trouble_does_not_end_the_traffic() -> None:
    assert len(await calls(b"not http\r\n\r\n")) >= ENOUGH


async def test_the_sandbox_can_answer_what_the_team_asks() -> None:
    sandbox = SandboxProvider(lambda: 0, pace=0)
    for request in await calls(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"):
        head, _, body = request.partition(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        status, _, answer = await whole(sandbox, UpstreamRequest("POST", f"sandbox://local{path}", (), body))
        assert status == 200
        assert answer.endswith((b"data: [DONE]\n\n", b'data: {"type":"message_stop"}\n\n'))


@pytest.mark.parametrize("missing", [key.name for key in DEMO_KEYS])
async def test_a_key_that_is_missing_is_noticed_at_once(missing: str) -> None:
    secrets = {name: secret for name, secret in SECRETS.items() if name != missing}
    with pytest.raises(ExceptionGroup) as caught:
        await live_traffic(HttpUpstream({}), "http://127.0.0.1:1", secrets, sleep=no_pause)
    assert caught.group_contains(KeyError)
