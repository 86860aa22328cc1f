"""The contract's error table: every refusal of the gateway itself, in the shape of the route's dialect."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support import chat, codings, raw
from support.daemon import Daemon, taken_port, temporary_home
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk, furnish
from support.provider import ScriptedProvider
from support.refusals import assert_refused, error_of
from support.script import CUT, NEVER, Headers
from support.waiting import until

ROUTES = pytest.mark.parametrize(
    ("path", "dialect", "model"), [(CHAT_PATH, "chat", "gpt"), (MESSAGES_PATH, "messages", "sonnet")], ids=["c", "m"]
)
DIALECTS = pytest.mark.parametrize(
    ("path", "dialect"), [(CHAT_PATH, "chat"), (MESSAGES_PATH, "messages")], ids=["c", "m"]
)
MAX_BODY = 200_000


def body(model: str, **more: object) -> bytes:
    return json.dumps({"model": model, "max_tokens": 9, "messages": [], **more}).encode()


def post(desk: Desk, path: str, data: bytes, *headers: tuple[str, str]) -> raw.Reply:
    """Send with these headers only, so without a key unless one is among them."""
    return raw.exchange(desk.daemon.port, raw.request("POST", path, headers, data))


def assert_no_row(desk: Desk, reply: raw.Reply) -> None:
    """An answer that names a request leaves no row of it; nothing reached the provider either."""
    assert all(desk.books.find(request_id) is None for request_id in reply.header(REQUEST_ID))
    assert desk.provider.received() == []


def assert_rejected_row(desk: Desk, reply: raw.Reply) -> None:
    """The refusal of a known caller is one free row, in no bucket."""
    (request_id,) = reply.header(REQUEST_ID)
    row = desk.books.request(request_id)
    assert (row["state"], row["spend_nano"], row["uncached_input"]) == ("rejected", 0, 0)
    assert row["error"]
    assert desk.provider.received() == []


def typo(secret: str) -> str:
    """Return the key with one letter mistyped."""
    letter = "x" if secret[-8] != "x" else "y"
    return f"{secret[:-8]}{letter}{secret[-7:]}"


@ROUTES
@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Authorization", "Bearer "),),
        (("Authorization", "Basic eDp5"),),
        (("Authorization", "Bearer sk-proj-abc"),),
        (("x-api-key", "cv_"),),
        (("x-api-key", "cv_" + "a" * 3000),),
        (("Authorization", "Bearer cv_\x01\xff"),),
    ],
    ids=["none", "empty", "basic", "foreign", "short", "long", "control"],
)
def test_a_call_without_a_key_of_ours_is_401(desk: Desk, path: str, dialect: str, model: str, headers: Headers) -> None:
    reply = post(desk, path, body(model), *headers)
    assert_refused(reply, dialect, 401, "authentication_error", "invalid_api_key")
    assert_no_row(desk, reply)


@ROUTES
def test_a_mistyped_key_is_401_and_told_as_such(desk: Desk, path: str, dialect: str, model: str) -> None:
    wrong = typo(desk.key.secret)
    reply = post(desk, path, body(model), ("x-api-key", wrong))
    message = assert_refused(reply, dialect, 401, "authentication_error", "invalid_api_key")
    assert "typ" in message.lower() or "checksum" in message.lower()
    assert wrong not in message
    assert_no_row(desk, reply)


@ROUTES
def test_a_key_of_another_installation_is_401(desk: Desk, own_desk: Desk, path: str, dialect: str, model: str) -> None:
    stranger = own_desk.key.bearer
    reply = post(desk, path, body(model), stranger)
    assert_refused(reply, dialect, 401, "authentication_error", "invalid_api_key")
    assert_no_row(desk, reply)


@ROUTES
def test_a_revoked_key_is_401(desk: Desk, path: str, dialect: str, model: str) -> None:
    key = desk.daemon.control.create_key(f"revoked-{dialect}")
    assert post(desk, path, body("nothing"), key.bearer).status == 404
    desk.daemon.control.call("DELETE", f"/keys/{key.id}")
    reply = post(desk, path, body(model), key.bearer)
    message = assert_refused(reply, dialect, 401, "authentication_error", "invalid_api_key")
    assert "revoked" in message
    assert_no_row(desk, reply)


def test_an_expired_key_is_401(desk: Desk) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    key = desk.daemon.control.create_key("expiring", expires_at=soon.isoformat())
    assert post(desk, CHAT_PATH, body("nothing"), key.bearer).status == 404
    reply = until(lambda: refused(desk, key.bearer), "the key to expire")
    message = assert_refused(reply, "chat", 401, "authentication_error", "invalid_api_key")
    assert "expired" in message
    assert time.time() >= soon.timestamp()


def refused(desk: Desk, bearer: tuple[str, str]) -> raw.Reply | None:
    reply = post(desk, CHAT_PATH, body("nothing"), bearer)
    return reply if reply.status == 401 else None


@ROUTES
def test_a_suspended_user_is_401(desk: Desk, path: str, dialect: str, model: str) -> None:
    name = f"sus-{dialect}"
    desk.daemon.control.call("POST", "/users", {"name": name})
    key = desk.daemon.control.create_key("theirs", user=name)
    assert post(desk, path, body("nothing"), key.bearer).status == 404
    desk.daemon.control.call("PATCH", f"/users/{name}", {"suspended": True})
    reply = post(desk, path, body(model), key.bearer)
    assert "suspended" in assert_refused(reply, dialect, 401, "authentication_error", "invalid_api_key")
    assert_no_row(desk, reply)


@ROUTES
def test_a_bad_key_is_told_before_a_bad_body(desk: Desk, path: str, dialect: str, model: str) -> None:
    assert_refused(post(desk, path, model.encode()), dialect, 401, "authentication_error")


def test_model_lists_need_a_key_too(desk: Desk) -> None:
    for path, dialect in (("/gateway/openai/v1/models", "chat"), ("/gateway/anthropic/v1/models", "messages")):
        reply = raw.exchange(desk.daemon.port, raw.request("GET", path, ()))
        assert_refused(reply, dialect, 401, "authentication_error", "invalid_api_key")


@ROUTES
def test_a_model_that_the_key_was_not_granted_is_403(desk: Desk, path: str, dialect: str, model: str) -> None:
    key = desk.daemon.control.create_key(f"narrow-{dialect}", allowed_models=["house"])
    reply = post(desk, path, body(model), key.bearer)
    assert model in assert_refused(reply, dialect, 403, "permission_error", "model_not_granted")
    assert_rejected_row(desk, reply)


@DIALECTS
@pytest.mark.parametrize("slug", ["nothing", "GPT", "a\x1b[31mred\u0007", "ünï"])
def test_an_unknown_model_is_404(desk: Desk, path: str, dialect: str, slug: str) -> None:
    reply = desk.post(path, body(slug))
    message = assert_refused(reply, dialect, 404, "not_found_error", "model_not_found")
    assert len(message) < 500
    assert_rejected_row(desk, reply)


@DIALECTS
def test_an_endless_model_name_is_a_short_refusal(desk: Desk, path: str, dialect: str) -> None:
    reply = desk.post(path, body("x" * 50_000))
    assert reply.status in {400, 404}
    assert len(error_of(reply, dialect)["message"]) < 500
    assert_rejected_row(desk, reply)


@pytest.mark.parametrize("name", ["User-Agent", "x-odd"])
def test_a_control_character_in_a_header_is_the_client_s_fault_or_passes(desk: Desk, name: str) -> None:
    desk.provider.then(chat.plain())
    reply = desk.post(CHAT_PATH, body("gpt"), ((name, "\x1b]0;title\x07"),))
    assert reply.status in {200, 400}


@ROUTES
def test_a_disabled_model_is_404_until_it_is_enabled_again(desk: Desk, path: str, dialect: str, model: str) -> None:
    slug = f"switched-{dialect}"
    desk.daemon.control.add_model(slug, "open" if dialect == "chat" else "anth", model)
    desk.daemon.control.call("PATCH", f"/models/{slug}", {"status": "disabled"})
    reply = desk.post(path, body(slug))
    assert_refused(reply, dialect, 404, "not_found_error", "model_not_found")
    assert_rejected_row(desk, reply)
    desk.daemon.control.call("PATCH", f"/models/{slug}", {"status": "active"})
    desk.provider.then(chat.plain())
    assert desk.post(path, body(slug)).status == 200


BAD_BODIES = {
    "empty": b"",
    "garbage": b"\x00\xff{]",
    "truncated": b'{"model": "gpt", "messages": [',
    "list": b'[{"model": "gpt"}]',
    "text": b'"gpt"',
    "no model": b'{"messages": []}',
    "null model": b'{"model": null}',
    "number model": b'{"model": 5}',
    "empty model": b'{"model": ""}',
    "two models": b'{"model": "gpt", "model": "sonnet"}',
    "bad stream": b'{"model": "gpt", "stream": "yes"}',
    "trailing": b'{"model": "gpt"} {"model": "gpt"}',
    "not utf-8": b'{"model": "g\xff\xfet"}',
    "deep": b'{"model": "gpt", "messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@ROUTES
@pytest.mark.parametrize("bad", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_body_that_is_not_valid_is_400(desk: Desk, path: str, dialect: str, model: str, bad: bytes) -> None:
    reply = desk.post(path, bad.replace(b'"gpt"', f'"{model}"'.encode()))
    assert_refused(reply, dialect, 400, "invalid_request_error")
    assert_rejected_row(desk, reply)


@ROUTES
@pytest.mark.parametrize("coding", ["compress", "x-unknown", "gzip, x-unknown"])
def test_an_unknown_content_coding_is_415(desk: Desk, path: str, dialect: str, model: str, coding: str) -> None:
    reply = desk.post(path, body(model), (("Content-Encoding", coding),))
    assert_refused(reply, dialect, 415, "invalid_request_error")
    assert_rejected_row(desk, reply)


@pytest.mark.parametrize("coding", codings.CODINGS)
def test_a_body_that_is_not_in_the_coding_it_claims_is_400(desk: Desk, coding: str) -> None:
    reply = desk.post(CHAT_PATH, body("gpt"), (("Content-Encoding", coding),))
    assert_refused(reply, "chat", 400, "invalid_request_error")
    assert_rejected_row(desk, reply)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", CHAT_PATH), ("GET", "/metrics"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/v1/models")],
)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example:1", "[::1"])
def test_a_foreign_host_is_421_whatever_the_key(desk: Desk, method: str, path: str, host: str) -> None:
    reply = raw.exchange(
        desk.daemon.port,
        raw.request(method, path, (desk.key.bearer,), body("gpt") if method == "POST" else b"", host=host),
    )
    assert_refused(reply, "chat", 421, "invalid_request_error", "host_not_allowed")
    assert desk.provider.received() == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8787", "127.0.0.1:1", "[::1]:5"])
def test_loopback_names_are_allowed_hosts(desk: Desk, host: str) -> None:
    assert raw.exchange(desk.daemon.port, raw.request("GET", "/healthz", (), host=host)).status == 200


@pytest.mark.parametrize(("method", "path"), [("HEAD", "/"), ("GET", "/"), ("GET", "/healthz"), ("GET", "/readyz")])
def test_probes_need_no_key_and_are_small(desk: Desk, method: str, path: str) -> None:
    reply = raw.exchange(desk.daemon.port, raw.request(method, path, ()), bodiless=method == "HEAD")
    assert reply.status == 200
    assert len(reply.body) < 1000


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("POST", "/v1/nowhere"),
        ("GET", CHAT_PATH),
        ("DELETE", MESSAGES_PATH),
        ("GET", "/api/v1/status"),
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/v1/../api/v1/status"),
        ("GET", "/gateway/openai/v1/models/%2e%2e/%2e%2e"),
    ],
)
def test_what_does_not_exist_on_the_gateway_is_a_clean_4xx(desk: Desk, method: str, path: str) -> None:
    reply = raw.exchange(desk.daemon.port, raw.request(method, path, (desk.key.bearer,)))
    assert reply.status in {404, 405}
    assert b"Traceback" not in reply.body
    assert reply.header("content-length") == [str(len(reply.body))]


def test_a_key_that_calls_models_makes_no_keys(desk: Desk) -> None:
    before = desk.daemon.control.call("GET", "/keys")["keys"]
    ours = (desk.key.bearer, ("content-type", "application/json"))
    reply = raw.exchange(desk.daemon.port, raw.request("POST", "/api/v1/keys", ours, b'{"name": "mine"}'))
    assert reply.status in {403, 404}
    assert len(desk.daemon.control.call("GET", "/keys")["keys"]) == len(before)


def test_administration_does_not_exist_on_the_gateway_even_with_a_key(desk: Desk) -> None:
    for path in ("/api/v1/providers", "/api/v1/users", "/api/v1/status", "/api/v1/openapi.json"):
        assert raw.exchange(desk.daemon.port, raw.request("GET", path, (desk.key.bearer,))).status == 404


@DIALECTS
def test_a_provider_that_is_down_is_502(desk: Desk, path: str, dialect: str) -> None:
    slug = f"down-{dialect}"
    with taken_port(listening=False) as port:
        desk.daemon.control.add_provider(slug, "custom", f"http://127.0.0.1:{port}/v1", dialects=[dialect])
        desk.daemon.control.add_model(slug, slug, "x")
        reply = desk.post(path, body(slug))
    assert slug in assert_refused(reply, dialect, 502, "api_error")
    row = desk.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["spend_nano"], row["provider"]) == ("upstream_failed", 0, slug)


@ROUTES
def test_a_provider_that_hangs_up_without_an_answer_is_502(desk: Desk, path: str, dialect: str, model: str) -> None:
    desk.provider.then(chat.plain().after(CUT))
    reply = desk.post(path, body(model))
    assert_refused(reply, dialect, 502, "api_error")
    assert desk.books.request(reply.header(REQUEST_ID)[0])["state"] == "upstream_failed"
    assert len(desk.provider.received()) == 1, "a call that may have been billed was sent twice"


def test_a_disabled_provider_is_503(desk: Desk) -> None:
    desk.daemon.control.add_provider("off", "custom", desk.provider.url, dialects=["chat"])
    desk.daemon.control.add_model("off", "off", "x")
    desk.daemon.control.call("PATCH", "/providers/off", {"enabled": False})
    reply = desk.post(CHAT_PATH, body("off"))
    assert_refused(reply, "chat", 503, "api_error")
    assert desk.provider.received() == []


# A small limit and little patience, so that both can be met.


@pytest.fixture(scope="module")
def strict_daemon() -> Iterator[Daemon]:
    with temporary_home() as home:
        home.mkdir(mode=0o700)
        (home / "config.toml").write_text(f"max_body_bytes = {MAX_BODY}\nfirst_byte_seconds = 0.3\n")
        with Daemon(home) as daemon:
            yield daemon


@pytest.fixture(scope="module")
def shared_strict_desk(strict_daemon: Daemon, provider_process: ScriptedProvider) -> Desk:
    return furnish(strict_daemon, provider_process)


@pytest.fixture
def strict_desk(shared_strict_desk: Desk, provider: ScriptedProvider) -> Desk:
    assert provider is shared_strict_desk.provider
    return shared_strict_desk


def sized(model: str, size: int) -> bytes:
    data = body(model, padding="")
    return body(model, padding="x" * (size - len(data)))


@ROUTES
def test_a_body_over_the_limit_is_413(strict_desk: Desk, path: str, dialect: str, model: str) -> None:
    reply = strict_desk.post(path, sized(model, MAX_BODY + 1))
    assert_refused(reply, dialect, 413, "request_too_large")
    assert strict_desk.provider.received() == []


def test_a_body_of_just_the_limit_passes(strict_desk: Desk) -> None:
    strict_desk.provider.then(chat.plain())
    assert strict_desk.post(CHAT_PATH, sized("gpt", MAX_BODY)).status == 200


def test_a_body_far_over_the_limit_is_413_and_not_a_reset(strict_desk: Desk) -> None:
    reply = strict_desk.post(CHAT_PATH, sized("gpt", 60 * MAX_BODY))
    assert_refused(reply, "chat", 413, "request_too_large")


def test_a_chunked_body_over_the_limit_is_413(strict_desk: Desk) -> None:
    data = sized("gpt", MAX_BODY + 1)
    ours = (strict_desk.key.bearer, ("Transfer-Encoding", "chunked"))
    head = raw.request("GET", CHAT_PATH, ours).replace(b"GET", b"POST", 1)
    reply = raw.exchange(strict_desk.daemon.port, head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
    assert_refused(reply, "chat", 413, "request_too_large")


@pytest.mark.parametrize("coding", codings.CODINGS)
def test_a_small_body_that_decodes_to_more_than_the_limit_is_413(strict_desk: Desk, coding: str) -> None:
    packed = codings.encode(sized("gpt", 50 * MAX_BODY), coding)
    assert len(packed) < MAX_BODY
    reply = strict_desk.post(CHAT_PATH, packed, (("Content-Encoding", coding),))
    assert_refused(reply, "chat", 413, "request_too_large")


@ROUTES
def test_a_first_byte_that_comes_too_late_is_504(strict_desk: Desk, path: str, dialect: str, model: str) -> None:
    strict_desk.provider.then(chat.plain().after(NEVER))
    reply = strict_desk.post(path, body(model))
    assert_refused(reply, dialect, 504, "api_error")
    row = strict_desk.books.request(reply.header(REQUEST_ID)[0])
    assert row["state"] == "upstream_failed"
    strict_desk.provider.wait_for(lambda seen: seen[0].ending == "left", "the gateway hang up")


@contextmanager
def nothing_can_be_written(home: Path) -> Iterator[None]:
    """Lock the database, as another process would, and leave no folder for the spool."""
    spool, away = home / "spool", home / "away"
    with closing(sqlite3.connect(home / "codevector.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        spool.rename(away)
        try:
            yield
        finally:
            away.rename(spool)


def test_a_ledger_that_cannot_be_written_is_503_however_the_call_goes(provider: ScriptedProvider) -> None:
    with temporary_home() as home, Daemon(home, {"CODEVECTOR_STORE_PATIENCE": "0.1"}) as daemon:
        desk = furnish(daemon, provider)
        provider.when("upstream-gpt", chat.plain())
        provider.when("house/large", chat.plain().after(CUT))
        with nothing_can_be_written(home):
            for model in ("gpt", "house", "unknown"):
                assert_refused(desk.post(CHAT_PATH, body(model)), "chat", 503, "api_error", "ledger_unwritable")
