import pytest

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Head
from codevector_daemon.directory.values import Backend, Facade
from codevector_daemon.errors import Refused
from codevector_daemon.gateway.attribution import Tags
from codevector_daemon.gateway.call import Arrival, Call, Purpose
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.routing import (
    candidates,
    client_form,
    endpoint,
    may_count,
    spoken_to,
    upstream_request,
    wants_array,
)
from codevector_daemon.gateway.upstream import UpstreamRequest
from support.values import CREDENTIAL, caller, facade, provider

HEAD = Head("m")
CHAT = Backend(provider("one", "openai", "chat"), "gpt")
MESSAGES = Backend(provider("two", "anthropic", "messages", base_url="https://api.anthropic.com"), "claude")
DISABLED = Backend(provider("off", "openai", "chat", enabled=False), "gpt")


def arrival(dialect: str, purpose: Purpose = "generate", **changes: object) -> Arrival:
    fields: dict[str, object] = {
        "id": "req_1",
        "received_ms": 0,
        "dialect": by_name[dialect],
        "purpose": purpose,
        "suffix": "/count_tokens" if purpose == "count" else "",
        "target": "",
        "query": b"beta=true",
        "headers": HeaderMap([(b"X-Api-Key", b"cv_x"), (b"X-Odd", b"1")]),
        "caller": caller(),
        "own_login": False,
        "tags": Tags(),
        **changes,
    }
    return Arrival(**fields)  # type: ignore[arg-type]


def choose(model: Facade, dialect: str, *, own_login: bool) -> Backend:
    return candidates(model, arrival(dialect, own_login=own_login), HEAD)[0]


def sent(backend: Backend, dialect: str, purpose: Purpose = "generate", **changes: object) -> UpstreamRequest:
    call = Call(arrival(dialect, purpose, **changes), b"{}", HEAD, facade("m", backend), backend)
    return upstream_request(call, dialect, endpoint(call, dialect), b"{}", plain=False, first_byte_s=1)


def test_a_backend_that_speaks_the_dialect_is_chosen() -> None:
    assert choose(facade("m", CHAT, MESSAGES), "messages", own_login=False) is MESSAGES


def test_the_lowest_priority_number_comes_first() -> None:
    second = Backend(provider("b"), "m", priority=2)
    first = Backend(provider("a"), "m", priority=1)
    assert choose(facade("m", second, first), "chat", own_login=False) is first


@pytest.mark.parametrize(
    ("backends", "dialect", "own_login", "status", "code"),
    [
        ((DISABLED,), "chat", False, 503, "no_backend"),
        ((), "chat", False, 503, "no_backend"),
        ((CHAT, DISABLED), "embeddings", False, 400, "dialect_not_served"),
        ((Backend(provider("c", "custom", "chat"), "m"),), "chat", True, 400, "own_login_not_served"),
        ((Backend(provider("c", "custom", "chat"), "m"),), "messages", True, 400, "own_login_not_served"),
        ((CHAT,), "messages", True, 400, "own_login_not_served"),
        ((CHAT,), "embeddings", True, 400, "dialect_not_served"),
    ],
)
def test_where_no_backend_can_serve_the_reason_is_said(
    backends: tuple[Backend, ...],
    dialect: str,
    own_login: bool,
    status: int,
    code: str,
) -> None:
    with pytest.raises(Refused) as refused:
        choose(facade("m", *backends), dialect, own_login=own_login)
    assert (refused.value.status, refused.value.code) == (status, code)


def test_a_clients_own_login_goes_to_its_own_vendor() -> None:
    assert choose(facade("m", CHAT), "chat", own_login=True) is CHAT


def test_the_providers_address_and_credential_replace_the_gateways() -> None:
    request = sent(MESSAGES, "messages")
    assert request.url == "https://api.anthropic.com/v1/messages?beta=true"
    assert request.headers == ((b"X-Odd", b"1"), (b"x-api-key", CREDENTIAL.encode()))


def test_counting_tokens_has_an_address_of_its_own() -> None:
    assert sent(MESSAGES, "messages", "count").url == "https://api.anthropic.com/v1/messages/count_tokens?beta=true"


def test_with_an_own_login_no_credential_of_ours_is_sent() -> None:
    headers = HeaderMap([(b"Authorization", b"Bearer oauth"), (b"x-codevector-key", b"cv_x")])
    request = sent(CHAT, "chat", headers=headers, own_login=True, query=b"")
    assert request.headers == ((b"Authorization", b"Bearer oauth"),)
    assert CREDENTIAL not in repr(request)


def test_a_session_keeps_its_backend_and_weights_share_the_rest() -> None:
    light, heavy = Backend(provider("a", id=1), "m", weight=1), Backend(provider("b", id=2), "m", weight=3)
    model = facade("m", light, heavy)
    first = candidates(model, arrival("chat", tags=Tags(session="s")), HEAD)
    assert all(candidates(model, arrival("chat", id=f"r{n}", tags=Tags(session="s")), HEAD) == first for n in range(20))
    drawn = [candidates(model, arrival("chat", id=f"r{n}"), HEAD)[0] for n in range(2000)]
    assert 0.70 < drawn.count(heavy) / len(drawn) < 0.80


def test_a_backend_of_another_dialect_is_spoken_to_in_its_own_and_comes_with_what_that_one_needs() -> None:
    assert spoken_to(MESSAGES, arrival("chat"), HEAD) == "messages"
    assert spoken_to(MESSAGES, arrival("messages"), HEAD) == "messages"
    assert spoken_to(MESSAGES, arrival("messages", own_login=True), HEAD) == "messages"
    call = Call(arrival("chat", query=b"x=1"), b"{}", HEAD, facade("m", MESSAGES), MESSAGES)
    request = upstream_request(call, "messages", endpoint(call, "messages"), b"{}", plain=False, first_byte_s=1)
    assert request.url == "https://api.anthropic.com/v1/messages"
    names = [name for name, _ in request.headers]
    assert (names.count(b"anthropic-version"), b"X-Odd" in names) == (1, False)


@pytest.mark.parametrize(
    ("kind", "dialects", "client", "spoken"),
    [
        ("google", ("gemini", "chat", "embeddings"), "messages", "gemini"),
        ("google", ("gemini", "chat", "embeddings"), "responses", "gemini"),
        ("google", ("gemini", "chat", "embeddings"), "chat", "chat"),
        ("google", ("chat",), "messages", "chat"),
        ("openai", ("chat", "responses"), "messages", "chat"),
        ("openai", ("chat", "responses"), "gemini", "chat"),
        ("openrouter", ("chat", "responses", "messages"), "messages", "messages"),
        ("custom", ("gemini", "chat"), "messages", "chat"),
        ("anthropic", ("messages",), "gemini", "messages"),
    ],
)
def test_a_call_is_translated_to_the_native_dialect_of_a_kind_then_to_the_closest(
    kind: str, dialects: tuple[str, ...], client: str, spoken: str
) -> None:
    assert spoken_to(Backend(provider("p", kind, *dialects), "m"), arrival(client), HEAD) == spoken


@pytest.mark.parametrize(
    ("query", "array"),
    [
        (b"", True),
        (b"key=1", True),
        (b"alt=json", True),
        (b"alt=sse", False),
        (b"%24alt=sse&x", False),
        (b"alt=%C3%A9\xff", True),
    ],
)
def test_a_stream_of_gemini_is_an_array_unless_events_are_asked_for(query: bytes, array: bool) -> None:
    streaming = Head("m", stream=True)
    assert wants_array(arrival("gemini", query=query), streaming) is array
    assert wants_array(arrival("gemini", query=query), HEAD) is False
    assert wants_array(arrival("chat", query=query), streaming) is False
    assert client_form(arrival("gemini", query=query), streaming) == ("gemini-array" if array else "gemini")


def test_neither_a_clients_own_login_nor_a_count_is_translated() -> None:
    assert spoken_to(MESSAGES, arrival("chat", own_login=True), HEAD) is None
    assert spoken_to(CHAT, arrival("messages", "count"), HEAD) is None


def test_a_count_with_an_own_login_is_asked_of_its_own_vendor_alone() -> None:
    other = Backend(provider("other", "custom", "messages"), "m", priority=0)
    with_login, without = (arrival("messages", "count", own_login=own) for own in (True, False))
    assert candidates(facade("m", other, MESSAGES), with_login, HEAD) == [MESSAGES, other]
    assert candidates(facade("m", other, MESSAGES), without, HEAD) == [other, MESSAGES]
    assert [may_count(one, with_login) for one in (MESSAGES, other, CHAT)] == [True, False, False]
    assert may_count(other, without)
