import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

from support.command import SCRIPTS, CommandLine

PROVIDER_KEYS = {"OPENAI_API_KEY": "sk-openai-secret-1", "GEMINI_API_KEY": "google-secret-2"}


def lines_until(process: "subprocess.Popen[str]", beginning: str) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(beginning):
            return lines
    raise AssertionError(f"no line {beginning!r} in {lines}")


def test_a_first_run_without_keys_adds_the_sandbox_and_a_second_one_changes_nothing(codevector: CommandLine) -> None:
    first = codevector.document("up", "--json")
    try:
        assert first["started"] is True
        assert [provider["name"] for provider in first["first_run"]["providers"]] == ["sandbox"]
        assert first["first_run"]["providers"][0]["models"] == first["status"]["models"] > 0
        assert first["first_run"]["key"]["key"].startswith("cv_")
        assert first["status"]["gateway_url"].startswith("http://127.0.0.1:")
        second = codevector.document("up", "--json")
        assert second["started"] is False
        assert second["status"]["pid"] == first["status"]["pid"]
        assert second["first_run"] == {"providers": [], "warnings": [], "key": None, "model": None}
        assert codevector("up").stdout == (
            f"CodeVector listens on {first['status']['gateway_url']} (pid {first['status']['pid']})\n"
        )
    finally:
        stopped = codevector.document("down", "--json")
    assert stopped == {"stopped": True, "pid": first["status"]["pid"]}
    assert codevector("status").returncode == 1


def test_a_first_run_adds_the_vendors_whose_keys_are_in_the_environment(codevector: CommandLine) -> None:
    elsewhere = {"ANTHROPIC_API_KEY": "sk-ant-secret-3", "ANTHROPIC_BASE_URL": "http://proxy.test"}
    done = codevector("up", "--json", env={**PROVIDER_KEYS, **elsewhere})
    try:
        assert done.returncode == 0, done.stderr
        first = json.loads(done.stdout)["first_run"]
        assert [(added["kind"], added["variable"]) for added in first["providers"]] == [
            ("openai", "OPENAI_API_KEY"),
            ("google", "GEMINI_API_KEY"),
        ]
        assert all(added["models"] > 3 for added in first["providers"])
        assert "ANTHROPIC_API_KEY was left alone" in first["warnings"][0]
        for secret in (*PROVIDER_KEYS.values(), "sk-ant-secret-3"):
            assert secret not in done.stdout + done.stderr
    finally:
        codevector("down")


def test_without_a_terminal_the_daemon_stays_in_the_foreground_and_says_where_it_listens(
    codevector: CommandLine,
) -> None:
    process = codevector.start("up")
    try:
        lines = lines_until(process, "CodeVector listens on http://127.0.0.1:")
        text = "\n".join(lines)
        key = next(line.strip() for line in lines if line.strip().startswith("cv_"))
        assert f"ANTHROPIC_AUTH_TOKEN={key}" in text
        assert f"OPENAI_API_KEY={key}" in text
        assert codevector.document("status", "--json")["pid"] == process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(12) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_daemon_that_cannot_start_says_why_in_one_line(codevector: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        failed = codevector("up", "--json", env={"CODEVECTOR_LISTEN": listen})
    assert (failed.returncode, failed.stdout) == (1, "")
    assert len(failed.stderr.splitlines()) == 1
    assert f"{listen} is in use" in failed.stderr


@pytest.mark.parametrize("content", ["listen = 3\n", "nonsense = true\n", "=\n"])
def test_a_wrong_setting_is_told_with_its_file(codevector: CommandLine, home: Path, content: str) -> None:
    (home / "cv").mkdir()
    (home / "cv" / "config.toml").write_text(content)
    failed = codevector("up", "--json")
    assert (failed.returncode, len(failed.stderr.splitlines())) == (1, 1)
    assert "config.toml" in failed.stderr


def test_a_demo_removes_its_home_when_it_is_told_to_end(codevector: CommandLine, home: Path) -> None:
    codevector.environment["TMPDIR"] = str(home)
    process = codevector.start("up", "--demo")
    try:
        lines = lines_until(process, "CodeVector (demo) listens on ")
        assert any(line.startswith("DEMO: made-up history") for line in lines)
        (demo,) = home.glob("codevector-demo-*")
        assert codevector.document("status", "--json", env={"CODEVECTOR_HOME": str(demo)})["demo"] is True
        assert codevector("status").returncode == 1
        process.send_signal(signal.SIGTERM)
        process.wait(15)
        assert list(home.glob("codevector-demo-*")) == []
    finally:
        process.terminate()
        process.communicate(timeout=15)


def test_a_daemon_started_in_the_background_has_a_session_of_its_own(codevector: CommandLine) -> None:
    pid = codevector.document("up", "--json")["status"]["pid"]
    try:
        assert os.getsid(pid) == pid
    finally:
        codevector("down")


def test_in_a_terminal_the_monitor_opens_and_the_daemon_stays_when_it_is_closed(codevector: CommandLine) -> None:
    terminal, far_end = pty.openpty()
    fcntl.ioctl(far_end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        [SCRIPTS / "codevector", "up"],
        env={**codevector.environment, "TERM": "xterm-256color"},
        stdin=far_end,
        stdout=far_end,
        stderr=far_end,
        start_new_session=True,
    )
    os.close(far_end)
    try:
        assert "cv_" in read_until(terminal, "The monitor opens in")
        os.write(terminal, b"\n")
        read_until(terminal, "Dashboard")
        os.write(terminal, b"q")
        read_until(terminal, "\x1b[?1049l")
        assert process.wait(15) == 0
        assert codevector("status").returncode == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
        codevector("down")


def read_until(terminal: int, text: str, limit_s: float = 30.0) -> str:
    seen = b""
    deadline = time.monotonic() + limit_s
    while text.encode() not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"waited {limit_s:g} s for {text!r}; saw {seen[-2000:]!r}"
        seen += os.read(terminal, 65536)
    return seen.decode(errors="replace")
