import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from codevector_daemon.errors import StartError
from codevector_daemon.listeners import HomeLock, Listeners, open_listeners

ANY_PORT = ("127.0.0.1", 0)


@pytest.fixture
def listeners(tmp_path: Path) -> Iterator[Listeners]:
    opened = open_listeners(ANY_PORT, tmp_path / "run" / "control.sock", {})
    yield opened
    opened.close()


def test_a_free_port_is_found_and_told(listeners: Listeners) -> None:
    port = listeners.gateway.getsockname()[1]
    assert listeners.gateway_url == f"http://127.0.0.1:{port}"
    with socket.create_connection(("127.0.0.1", port)):
        pass


def test_the_control_socket_is_for_its_owner_alone(listeners: Listeners) -> None:
    assert stat.S_IMODE(listeners.control_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(listeners.control_path.parent.stat().st_mode) == 0o700


def test_closing_takes_the_control_socket_away(tmp_path: Path) -> None:
    opened = open_listeners(ANY_PORT, tmp_path / "control.sock", {})
    opened.close()
    assert not opened.control_path.exists()


def test_a_stale_socket_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    open_listeners(ANY_PORT, path, {}).close()


def test_a_living_socket_is_left_alone(listeners: Listeners) -> None:
    with pytest.raises(StartError, match="another codevectord answers"):
        open_listeners(ANY_PORT, listeners.control_path, {})
    assert listeners.control_path.exists()


def test_a_file_that_is_no_socket_is_never_deleted(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    path.write_text("precious")
    with pytest.raises(StartError, match="is in the way and is no socket"):
        open_listeners(ANY_PORT, path, {})
    assert path.read_text() == "precious"


def test_a_port_in_use_is_named(listeners: Listeners, tmp_path: Path) -> None:
    port = listeners.gateway.getsockname()[1]
    with pytest.raises(StartError, match=f"127.0.0.1:{port} is in use"):
        open_listeners(("127.0.0.1", port), tmp_path / "other.sock", {})


def test_sockets_of_the_service_manager_are_taken_only_by_the_process_they_are_for(tmp_path: Path) -> None:
    environ = {"LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDS": "2"}
    opened = open_listeners(ANY_PORT, tmp_path / "control.sock", environ)
    assert opened.owns_control
    opened.close()


def test_a_home_is_locked_to_one_daemon_and_the_second_names_the_first(tmp_path: Path) -> None:
    with HomeLock(tmp_path / "daemon.lock"), pytest.raises(StartError, match=rf"\(pid {os.getpid()}\)"):
        HomeLock(tmp_path / "daemon.lock").__enter__()
    with HomeLock(tmp_path / "daemon.lock"):
        pass


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="cannot be written"):
        HomeLock(tmp_path / "file" / "daemon.lock").__enter__()
