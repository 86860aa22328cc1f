"""Starting where something is in the way: one clear line, an exit status, and nothing touched."""

import os
import signal
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from codevector_shared.paths import Places
from support import chat
from support.control import Control
from support.daemon import PROGRAMS, START_S, Daemon, answers, environment, run, taken_port, temporary_home
from support.desk import CHAT_PATH, furnish
from support.provider import ScriptedProvider
from support.waiting import until

PRIVATE_FILE = 0o600
SOCKET_PATH_LIMIT = 104
"""macOS has the shortest ``sun_path``; Linux has 108."""


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as home:
        home.mkdir(mode=0o700)
        yield home


def assert_refuses(home: Path, *words: str, **extra: str) -> str:
    """Assert that the daemon refuses to start in one line that holds these words; return the line."""
    said = Daemon(home, extra).refusal()
    for word in words:
        assert word in said
    return said


def test_an_empty_home_is_enough(home: Path) -> None:
    home.rmdir()
    with Daemon(home) as daemon:
        status = daemon.control.status()
        assert (status["providers"], status["users"], status["open_requests"]) == (0, 1, 0)
        assert status["pid"] == daemon.pid
        assert status["database"].endswith(str(home / "codevector.db"))
        assert status["socket"] == str(home / "control.sock")
        assert daemon.stop() == 0


def test_a_fresh_home_is_private_and_small(home: Path) -> None:
    home.rmdir()
    with Daemon(home) as daemon:
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "control.sock").stat().st_mode) == PRIVATE_FILE
        assert stat.S_IMODE((home / "master.key").stat().st_mode) == PRIVATE_FILE
        assert [path.name for path in home.rglob("*.db")] == ["codevector.db"]
        assert sum(path.lstat().st_size for path in home.rglob("*")) < 8 << 20
        assert daemon.stop() == 0


def test_a_second_daemon_refuses_and_names_the_first(home: Path) -> None:
    with Daemon(home) as daemon:
        assert_refuses(home, str(daemon.pid))
        assert daemon.control.status()["pid"] == daemon.pid
        assert daemon.stop() == 0


def test_a_stale_socket_is_taken_over(home: Path) -> None:
    with Daemon(home) as daemon:
        daemon.kill()
        assert (home / "control.sock").is_socket()
        assert daemon.start()["pid"] == daemon.pid


def test_a_socket_that_nobody_listens_on_is_taken_over(home: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(home / "control.sock"))
    with Daemon(home) as daemon:
        assert daemon.stop() == 0


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_never_deleted(home: Path, kind: str) -> None:
    path = home / "control.sock"
    target = home / "precious.txt"
    target.write_text("precious")
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(target)
    before = path.lstat()
    assert_refuses(home, str(path))
    after = path.lstat()
    assert (before.st_ino, before.st_mtime_ns, before.st_size) == (after.st_ino, after.st_mtime_ns, after.st_size)
    assert target.read_text() == "precious"


def test_another_programs_living_socket_is_left_alone(home: Path) -> None:
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(str(home / "control.sock"))
        living.listen()
        assert_refuses(home, str(home / "control.sock"))
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(home / "control.sock"))


def test_a_port_in_use_is_named(home: Path) -> None:
    with taken_port(listening=True) as port:
        assert_refuses(home, str(port), CODEVECTOR_LISTEN=f"127.0.0.1:{port}")


def test_a_home_that_cannot_be_made_is_named(home: Path) -> None:
    (home / "file").write_text("")
    assert_refuses(home / "file" / "home", str(home / "file"))
    assert_refuses(Path("/proc/nowhere"), "/proc/nowhere")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can write everywhere")
def test_a_home_that_cannot_be_written_is_named(home: Path) -> None:
    home.chmod(0o500)
    assert_refuses(home, str(home))


def test_a_corrupt_database_is_named_and_not_touched(home: Path) -> None:
    database = home / "codevector.db"
    garbage = b"This is no database at all. " * 400
    database.write_bytes(garbage)
    assert_refuses(home, str(database))
    assert database.read_bytes() == garbage


def test_a_damaged_database_is_named(home: Path) -> None:
    with Daemon(home) as daemon:
        assert daemon.stop() == 0
    database = home / "codevector.db"
    data = bytearray(database.read_bytes())
    data[100:] = b"\xa5" * (len(data) - 100)
    database.write_bytes(data)
    assert_refuses(home, str(database))
    assert database.read_bytes() == data


def test_a_database_of_a_newer_version_is_refused_and_not_touched(home: Path) -> None:
    with Daemon(home) as daemon:
        assert daemon.stop() == 0
    database = home / "codevector.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_from_the_future'")
    before = database.read_bytes()
    assert "newer" in assert_refuses(home, str(database))
    assert database.read_bytes() == before


WRONG_SETTINGS = {
    "unknown key": ('shutdown_seconds = 3\nlissten = "127.0.0.1:1"\n', 2, "lissten"),
    "wrong type": ("\n\nlisten = 5\n", 3, "listen"),
    "impossible value": ("# limits\nmax_body_bytes = -1\n", 2, "max_body_bytes"),
    "bad address": ('listen = "127.0.0.1:99999"\n', 1, "listen"),
    "bad zone": ('shutdown_seconds = 3\ntimezone = "Mars/Olympus"\n', 2, "timezone"),
    "not TOML": ('listen = "127.0.0.1:1"\nlisten = = 5\n', 2, ""),
}


@pytest.mark.parametrize(("text", "line", "name"), WRONG_SETTINGS.values(), ids=WRONG_SETTINGS)
@pytest.mark.parametrize("check", [False, True], ids=["start", "check"])
def test_a_wrong_setting_is_told_with_file_and_line(
    home: Path, text: str, line: int, name: str, *, check: bool
) -> None:
    config = home / "config.toml"
    config.write_text(text)
    ended = run("codevectord", *(["--check"] if check else []), env=environment(home))
    said = ended.stderr.strip()
    assert ended.returncode == 1, said
    assert len(said.splitlines()) == 1, said
    assert str(config) in said
    assert f":{line}" in said or f"line {line}" in said
    assert name in said
    assert not (home / "codevector.db").exists()


def test_a_wrong_environment_variable_is_named(home: Path) -> None:
    assert_refuses(home, "CODEVECTOR_SHUTDOWN_SECONDS", CODEVECTOR_SHUTDOWN_SECONDS="soon")


def test_an_unknown_environment_variable_is_only_a_warning(home: Path) -> None:
    ended = run("codevectord", "--check", env=environment(home, {"CODEVECTOR_LISSTEN": "x"}))
    assert ended.returncode == 0
    assert "CODEVECTOR_LISSTEN" in ended.stderr


def test_a_check_of_good_settings_says_so_and_makes_nothing(home: Path) -> None:
    (home / "config.toml").write_text('listen = "127.0.0.1:0"\nshutdown_seconds = 3\n')
    before = sorted(home.iterdir())
    assert run("codevectord", "--check", env=environment(home)).returncode == 0
    assert sorted(home.iterdir()) == before


def test_a_wrong_flag_is_wrong_usage(home: Path) -> None:
    ended = run("codevectord", "--no-such-flag", env=environment(home))
    assert ended.returncode == 2
    assert "--no-such-flag" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_home_whose_socket_path_is_too_long_gets_a_short_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = home / ("d" * 60) / ("e" * 60)
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    short = Places.from_environment(environment(deep)).socket
    assert len(str(short)) < SOCKET_PATH_LIMIT
    with Daemon(deep, socket=short) as daemon:
        assert daemon.control.status()["socket"] == str(short)
        assert daemon.stop() == 0


def test_a_proxy_in_the_environment_is_not_used_for_loopback(home: Path, provider: ScriptedProvider) -> None:
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    with Daemon(home, proxies) as daemon:
        desk = furnish(daemon, provider)
        provider.then(chat.plain())
        assert desk.post(CHAT_PATH, b'{"model": "gpt", "messages": []}').status == 200
        assert daemon.stop() == 0


def test_the_daemon_in_the_foreground_says_where_it_listens(home: Path) -> None:
    with Daemon(home) as daemon:
        assert daemon.url in daemon.output
        assert daemon.stop() == 0


def test_daemons_started_at_the_same_moment_leave_exactly_one(home: Path) -> None:
    command = [str(PROGRAMS / "codevectord")]
    quiet = subprocess.DEVNULL
    daemons = [
        subprocess.Popen(command, env=environment(home), stdin=quiet, stdout=quiet, stderr=quiet) for _ in range(3)
    ]
    try:
        ended = until(lambda: [one for one in daemons if one.poll() is not None][1:], "all but one to refuse", START_S)
        assert len(ended) == 1
        assert sorted(one.poll() or 0 for one in daemons) == [0, 1, 1]
        (left,) = [one for one in daemons if one.poll() is None]
        until(lambda: answers(home / "control.sock"), "the last one to be ready", START_S)
        control = Control(home / "control.sock")
        assert control.status()["pid"] == left.pid
        control.close()
    finally:
        for one in daemons:
            one.kill()
            one.wait(10)


@pytest.mark.parametrize("output", ["a pipe that nobody reads", "/dev/full"])
def test_output_that_cannot_be_written_stops_nothing(home: Path, output: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    target = writing if output != "/dev/full" else os.open(output, os.O_WRONLY)
    command = [str(PROGRAMS / "codevectord")]
    quiet = subprocess.DEVNULL
    daemon = subprocess.Popen(command, env=environment(home), stdin=quiet, stdout=target, stderr=target)
    for descriptor in {writing, target}:
        os.close(descriptor)
    try:
        until(lambda: answers(home / "control.sock"), "the daemon to be ready", START_S)
        control = Control(home / "control.sock")
        until(lambda: control.status()["pid"] == daemon.pid, "the daemon to answer", START_S)
        control.close()
        daemon.terminate()
        assert daemon.wait(15) == 0
    finally:
        daemon.kill()
        daemon.wait(10)


def test_a_terminal_that_is_closed_is_an_orderly_end(home: Path) -> None:
    with Daemon(home) as daemon:
        os.kill(daemon.pid, signal.SIGHUP)
        assert daemon.wait() == 0
