"""The sandbox as the gateway sees it: pace, patience, trouble, bad requests."""

from contextlib import aclosing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.errors import UpstreamBroken, UpstreamTimeout
from codevector_daemon.gateway.upstream import UpstreamRequest
from codevector_daemon.sandbox import SandboxProvider
from codevector_daemon.sandbox.models import BALANCED, DEEP, QUICK, SANDBOX_MODELS, SandboxModel, model_named
from codevector_daemon.sandbox.reply import _example
from support.upstreams import post, read, whole

CHAT = "sandbox://local/v1/chat/completions"
MESSAGES = "sandbox://local/v1/messages?beta=true"


def ask(model: str = "quick", *, stream: bool = False, **more: object) -> bytes:
    messages = [{"role": "user", "content": "Why does my test fail?"}]
    return msgspec.json.encode({"model": model, "messages": messages, "stream": stream, "max_tokens": 64, **more})


class Clock:
    """Takes the sandbox's sleeps down instead of sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.mark.parametrize("model", SANDBOX_MODELS, ids=lambda model: model.name)
async def test_a_stream_takes_the_time_of_its_tokens(model: SandboxModel) -> None:
    clock = Clock()
    provider = SandboxProvider(lambda: 0, pace=0.5, sleep=clock.sleep)
    answer = await provider.send(post(CHAT, ask(model.name, stream=True)))
    assert clock.slept == [model.first_token_s / 2]
    await read(answer)
    assert sum(clock.slept) == pytest.approx((model.first_token_s + 64 * model.per_token_s) / 2, rel=0.5)
    assert sum(1 for each in clock.slept if each) > 20


async def test_a_plain_answer_takes_as_long_as_its_stream() -> None:
    plain, streamed = Clock(), Clock()
    await whole(SandboxProvider(lambda: 0, sleep=plain.sleep), post(MESSAGES, ask("deep")))
    await whole(SandboxProvider(lambda: 0, sleep=streamed.sleep), post(MESSAGES, ask("deep", stream=True)))
    assert sum(plain.slept) == pytest.approx(sum(streamed.slept))


async def test_a_caller_that_is_less_patient_than_the_pace_gets_a_timeout() -> None:
    clock = Clock()
    provider = SandboxProvider(lambda: 0, sleep=clock.sleep)
    with pytest.raises(UpstreamTimeout, match=r"within 0\.2 s"):
        await provider.send(post(CHAT, ask("deep", stream=True), first_byte_s=0.2))
    assert clock.slept == [0.2]


@pytest.mark.parametrize("url", [CHAT, MESSAGES])
@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_was_asked_to_break_off_does(provider: SandboxProvider, url: str, *, stream: bool) -> None:
    answer = await provider.send(post(url, ask("sandbox-error-cut", stream=stream)))
    chunks = aiter(answer.chunks())
    assert await anext(chunks)
    with pytest.raises(UpstreamBroken, match="asked to fail"):
        await read(answer)


async def test_a_200_can_hold_an_error(provider: SandboxProvider) -> None:
    status, _, body = await whole(provider, post(CHAT, ask("sandbox-error-stream")))
    assert status == 200
    assert msgspec.json.decode(body)["error"]["type"] == "server_error"


async def test_overload_says_when_to_come_back(provider: SandboxProvider) -> None:
    status, headers, _ = await whole(provider, post(MESSAGES, ask("error-429")))
    assert status == 429
    assert (b"retry-after", b"1") in headers


async def test_leaving_a_stream_stops_it(provider: SandboxProvider) -> None:
    answer = await provider.send(post(CHAT, ask(stream=True)))
    async with aclosing(answer):
        assert await anext(aiter(answer.chunks()))
    assert await read(answer) == b""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "truncated"),
        (b"[]", "object"),
        (b'{"messages": []}', "model"),
        (b'{"model": "quick", "max_tokens": 1, "messages": []}', "at least one message"),
        (b'{"model": "quick", "max_tokens": 0, "messages": [{}]}', "max_tokens"),
        (b'{"model": "quick", "messages": [{"role": "user", "content": "x"}]}', "max_tokens"),
        (b'{"model": "quick", "max_tokens": 1, "messages": [1]}', "object"),
    ],
)
async def test_a_bad_request_is_refused_as_the_vendor_would(
    provider: SandboxProvider, body: bytes, message: str
) -> None:
    status, _, answer = await whole(provider, post(MESSAGES, body))
    error = msgspec.json.decode(answer)["error"]
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert message in error["message"]


@given(st.binary(max_size=200) | st.from_type(dict).map(repr).map(str.encode))
async def test_any_body_is_answered(body: bytes) -> None:
    provider = SandboxProvider(lambda: 0, pace=0)
    for url in (CHAT, MESSAGES):
        assert (await whole(provider, post(url, body)))[0] in {200, 400}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_path_is_not_found(provider: SandboxProvider, method: str) -> None:
    answer = await provider.send(UpstreamRequest(method, "sandbox://local/v1/nothing", (), b""))
    assert answer.status == 404


@pytest.mark.parametrize(("name", "model"), [("quick", QUICK), ("sandbox/deep", DEEP), ("gpt-x", BALANCED)])
def test_any_name_is_served(name: str, model: object) -> None:
    assert model_named(name) is model


def test_the_models_differ_in_price_and_pace() -> None:
    for field in ("input", "output", "cached", "cache_write", "cache_write_1h"):
        assert len({getattr(model.rates, field) for model in SANDBOX_MODELS}) == 3
    assert len({model.per_token_s for model in SANDBOX_MODELS}) == 3


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({}, {}),
        ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}, {"a": 1}),
        ({"type": "object", "required": ["a"]}, {}),
        ({"type": "string", "enum": ["x", "y"]}, "x"),
        ({"type": ["string", "null"]}, None),
        ({"type": "array", "items": {"type": "string"}}, []),
        ("nonsense", None),
    ],
)
def test_a_tools_input_fits_its_schema(schema: object, example: object) -> None:
    assert _example(schema) == example
