import os
import socket
from pathlib import Path

from codevector_daemon.notify import Notifier, activated


def test_readiness_is_told_to_the_managers_socket(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        Notifier({"NOTIFY_SOCKET": address}).tell("READY=1")
        assert manager.recv(64) == b"READY=1"


def test_without_a_manager_nothing_is_said() -> None:
    Notifier({}).tell("READY=1")


def test_a_manager_that_went_away_is_no_failure(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell("READY=1")


def test_the_watchdog_is_fed_twice_in_its_time() -> None:
    assert Notifier({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}).watchdog_s == 15.0
    assert Notifier({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}).watchdog_s is None
    assert Notifier({}).watchdog_s is None


def test_sockets_meant_for_another_process_are_not_taken() -> None:
    assert activated({"LISTEN_PID": "1", "LISTEN_FDS": "1"}) == {}
