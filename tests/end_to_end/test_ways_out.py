"""Proxies, private authorities, extra headers, accounts and regions, set up as a person types them."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import chat, messages, raw
from support.certificates import HOST, make_certificate
from support.daemon import Daemon, environment, run, temporary_home
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk, furnish
from support.detours import Proxy, front, serving
from support.provider import ScriptedProvider

LOGIN = "me:pass-word"
SECRETS = {"WORK_KEY": "sk-work-1", "TEAM_SECRET": "team-hush", "AWS_KEY": "AKIA1:hush-hush"}


@contextmanager
def desk_with(provider: ScriptedProvider, **variables: str) -> Iterator[Desk]:
    """A daemon with these variables in its environment."""
    with temporary_home() as home, Daemon(home, variables) as daemon:
        yield furnish(daemon, provider)
        daemon.stop()
        for secret in (LOGIN, *SECRETS.values()):
            assert secret not in daemon.output


def codevector(desk: Desk, line: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return run("codevector", *line.split(), env=environment(desk.daemon.home, {**SECRETS, **variables}))


def done(desk: Desk, line: str, **variables: str) -> str:
    ended = codevector(desk, line, **variables)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def asked(desk: Desk, model: str, path: str = CHAT_PATH) -> raw.Reply:
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    return desk.post(path, json.dumps(body).encode())


def test_a_provider_behind_a_proxy_with_a_login_and_an_authority_of_its_own(
    provider: ScriptedProvider, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path)
    with serving(front(provider.port), certificate.server()) as secure, desk_with(provider) as desk:
        proxy = Proxy({HOST: secure}, LOGIN)
        with serving(proxy.serve) as port:
            done(
                desk,
                f"providers add work --kind custom --base-url https://{HOST}/v1 --credential-env WORK_KEY"
                f" --proxy-env WAY --ca-file {certificate.file} --header x-team=search --header-env x-hush=TEAM_SECRET",
                WAY=f"http://{LOGIN}@127.0.0.1:{port}",
            )
            done(desk, "models add house-work --backend work/up --free")
            provider.then(chat.models("up"), chat.plain())
            assert "works and lists 1 models" in done(desk, "providers test work")
            reply = asked(desk, "house-work")
        assert reply.status == 200
        assert set(proxy.asked) == {f"CONNECT {HOST}:443 HTTP/1.1"}
        for seen in provider.received():
            assert seen.header("authorization") == ["Bearer sk-work-1"]
            assert (seen.header("x-team"), seen.header("x-hush")) == (["search"], ["team-hush"])
            assert (seen.header("host"), seen.header("proxy-authorization")) == ([HOST], [])
        shown = done(desk, "providers show work") + done(desk, "providers show work --json")
        assert f"http://127.0.0.1:{port}" in shown
        assert not [secret for secret in (LOGIN, *SECRETS.values()) if secret in shown]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("--proxy http://127.0.0.1:{port}", "--proxy http://USER"),
        ("--proxy http://{login}@127.0.0.1:{port}", "--ca-file"),
    ],
    ids=["no login", "no authority"],
)
def test_what_is_missing_on_the_way_is_told_by_the_test_and_costs_the_call_502(
    provider: ScriptedProvider, tmp_path: Path, flags: str, says: str
) -> None:
    with serving(front(provider.port), make_certificate(tmp_path).server()) as secure, desk_with(provider) as desk:
        proxy = Proxy({HOST: secure}, LOGIN)
        with serving(proxy.serve) as port:
            way = flags.format(port=port, login=LOGIN)
            done(desk, f"providers add work --kind custom --base-url https://{HOST}/v1 {way}")
            done(desk, "models add house-work --backend work/up --free")
            tried = codevector(desk, "providers test work")
            reply = asked(desk, "house-work")
    assert tried.returncode == 1
    assert says in tried.stderr
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (502, "upstream_unreachable")
    assert provider.received() == []


def test_the_environments_proxy_is_taken_but_for_loopback_and_what_no_proxy_names(
    provider: ScriptedProvider, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path)
    proxy = Proxy({"one.test": provider.port, HOST: 0, "two.test": provider.port})
    with serving(front(provider.port), certificate.server()) as secure, serving(proxy.serve) as port:
        proxy.ports[HOST] = secure
        way = f"http://127.0.0.1:{port}"
        with desk_with(provider, HTTP_PROXY=way, HTTPS_PROXY=way, NO_PROXY="two.test") as desk:
            for name, base in (("one", "http://one.test:8000/v1"), ("two", "http://two.test/v1")):
                done(desk, f"providers add {name} --kind custom --base-url {base}")
                done(desk, f"models add m-{name} --backend {name}/up --free")
            done(desk, f"providers add three --kind openai --base-url https://{HOST}/v1 --ca-file {certificate.file}")
            done(desk, "models add m-three --backend three/up --free")
            provider.then(chat.plain(), chat.plain(), chat.plain())
            replies = {model: asked(desk, model) for model in ("house", "m-one", "m-two", "m-three")}
    assert {model: reply.status for model, reply in replies.items()} == {
        "house": 200,  # on loopback: past the proxy
        "m-one": 200,
        "m-two": 502,  # past the proxy too, and nobody knows that name
        "m-three": 200,
    }
    assert b"Cannot find the host two.test" in replies["m-two"].body
    assert proxy.asked == [
        "POST http://one.test:8000/v1/chat/completions HTTP/1.1",
        f"CONNECT {HOST}:443 HTTP/1.1",
    ]


def test_organisation_project_and_region_go_where_each_kind_wants_them(own_desk: Desk) -> None:
    url = own_desk.provider.url
    done(
        own_desk,
        f"providers add team --kind openai --base-url {url}/v1 --credential-env WORK_KEY --organisation org-1"
        " --project proj-1",
    )
    done(own_desk, f"providers add rock --kind bedrock --base-url {url} --region eu-west-1 --credential-env WORK_KEY")
    done(own_desk, "models add m-team --backend team/up --free")
    done(own_desk, "models add m-rock --backend rock/eu.anthropic.claude-v1:0 --free")
    own_desk.provider.then(chat.plain(), messages.plain())
    assert asked(own_desk, "m-team").status == 200
    assert asked(own_desk, "m-rock", MESSAGES_PATH).status == 200
    team, rock = own_desk.provider.received()
    assert (team.header("openai-organization"), team.header("openai-project")) == (["org-1"], ["proj-1"])
    assert rock.target == "/model/eu.anthropic.claude-v1:0/invoke"
    missing = codevector(own_desk, "providers add other --kind bedrock --credential-env WORK_KEY")
    assert (missing.returncode, "--region" in missing.stderr) == (1, True)
    done(own_desk, "providers set team --unset organisation --project proj-2")
    own_desk.provider.then(chat.plain())
    asked(own_desk, "m-team")
    last = own_desk.provider.received()[-1]
    assert (last.header("openai-organization"), last.header("openai-project")) == ([], ["proj-2"])


def test_calls_of_one_session_stay_together_and_sessions_are_shared_by_weight(own_desk: Desk) -> None:
    own_desk.daemon.control.add_provider("other", "openai", f"{own_desk.provider.url}/v1", credential="x")
    done(
        own_desk,
        "models add shared --backend open/heavy,other/light --priority other=0 --weight open=3 --free",
    )
    own_desk.provider.when("shared-question", chat.plain())
    body = json.dumps({"model": "shared", "messages": [{"role": "user", "content": "shared-question"}]}).encode()
    met: dict[str, set[str]] = {}
    for session in [f"session-{number}" for number in range(24)] * 2:
        reply = own_desk.post(CHAT_PATH, body, (("x-claude-code-session-id", session),))
        row = own_desk.books.request(reply.header(REQUEST_ID)[0])
        met.setdefault(session, set()).add(row["provider"])
    assert all(len(providers) == 1 for providers in met.values())
    heavy = sum(providers == {"open"} for providers in met.values())
    assert 14 <= heavy <= 22, "three of four, as the weights say"
