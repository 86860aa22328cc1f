"""Secrets and prompts stay where they belong: not on disk in clear, not in logs, not in any answer."""

import json
from pathlib import Path

import pytest

from support import chat, messages
from support.desk import ANTHROPIC_SECRET, CHAT_PATH, CUSTOM_SECRET, MESSAGES_PATH, OPENAI_SECRET, Desk
from support.raw import exchange, request

PROMPT = "a-prompt-that-nobody-may-store"
ANSWER = "an-answer-that-nobody-may-store"


def everything_on_disk(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.parent.rglob("*") if path.is_file())


@pytest.fixture
def used_desk(own_desk: Desk) -> Desk:
    """A desk after good calls, failing calls and refused calls, whose every file was written."""
    ask = {"max_tokens": 9, "messages": [{"role": "user", "content": PROMPT}]}
    own_desk.provider.then(
        chat.plain(ANSWER),
        chat.streamed([ANSWER]),
        chat.streamed([ANSWER]).cut_after(2),
        messages.streamed([ANSWER]),
        chat.error(401, f"bad key {OPENAI_SECRET}"),
    )
    for path, model, stream in [
        (CHAT_PATH, "gpt", False),
        (CHAT_PATH, "gpt", True),
        (CHAT_PATH, "gpt", True),
        (MESSAGES_PATH, "sonnet", True),
        (CHAT_PATH, "gpt", False),
        (CHAT_PATH, "none", False),
    ]:
        own_desk.post(path, json.dumps({**ask, "model": model, "stream": stream}).encode())
    exchange(own_desk.daemon.port, request("POST", CHAT_PATH, (("x-api-key", own_desk.key.secret[:-1] + "!"),), b"{}"))
    return own_desk


def test_no_secret_prompt_or_answer_is_on_disk_or_in_the_output(used_desk: Desk) -> None:
    secrets = [used_desk.key.secret, OPENAI_SECRET, ANTHROPIC_SECRET, CUSTOM_SECRET, PROMPT, ANSWER]
    assert [one for one in secrets if one.encode() in everything_on_disk(used_desk.daemon.home)] == []
    assert used_desk.daemon.stop() == 0
    assert [one for one in secrets if one.encode() in everything_on_disk(used_desk.daemon.home)] == []


def test_no_secret_is_in_any_answer_of_the_control_api(used_desk: Desk) -> None:
    paths = ("/keys", "/providers", "/models", "/users", "/requests", "/status", "/usage", "/dashboard", "/me")
    shown = {path: json.dumps(used_desk.daemon.control.call("GET", path)) for path in paths}
    for secret in (used_desk.key.secret, OPENAI_SECRET, ANTHROPIC_SECRET, CUSTOM_SECRET, PROMPT, ANSWER):
        assert [path for path, text in shown.items() if secret in text] == []


def test_a_missing_master_key_is_told_and_no_new_one_takes_its_place(own_desk: Desk) -> None:
    own_desk.daemon.stop()
    kept = own_desk.daemon.home / "master.key"
    former = kept.read_bytes()
    kept.unlink()
    assert "is missing" in own_desk.daemon.refusal()
    assert not kept.exists()
    kept.write_bytes(former)
    kept.chmod(0o600)
    own_desk.daemon.start()


def test_a_broken_master_key_is_told_in_one_line(own_desk: Desk) -> None:
    own_desk.daemon.stop()
    (own_desk.daemon.home / "master.key").write_bytes(b"\x00" * 32)
    said = own_desk.daemon.refusal()
    assert "master" in said
    assert OPENAI_SECRET not in said


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="the limits of a process can be read on Linux only")
def test_a_crash_of_the_daemon_leaves_no_memory_with_keys_behind(desk: Desk) -> None:
    limits = Path(f"/proc/{desk.daemon.pid}/limits").read_text().splitlines()
    (core,) = (line for line in limits if line.startswith("Max core file size"))
    assert core.split()[4] == "0"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="arguments can be read on Linux only")
def test_no_secret_is_an_argument_of_any_process(used_desk: Desk) -> None:
    arguments = b"".join(read(path / "cmdline") for path in Path("/proc").iterdir() if path.name.isdigit())
    for secret in (used_desk.key.secret, OPENAI_SECRET, ANTHROPIC_SECRET, CUSTOM_SECRET):
        assert secret.encode() not in arguments


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process ended meanwhile
        return b""
