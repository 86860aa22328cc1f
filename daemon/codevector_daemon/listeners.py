"""The two listening sockets, and the lock that keeps a home to one daemon. Nobody else's file is ever deleted."""

import errno
import fcntl
import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from codevector_daemon.errors import StartError
from codevector_daemon.notify import activated

BACKLOG = 2048


class HomeLock:
    """Held by the one daemon of a home, as long as its process lives; the file tells its pid."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(f"{self._path.parent} cannot be written: {error.strerror}; make it writable") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = os.read(self._file, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise StartError(
                f"a codevectord already runs on {self._path.parent} (pid {pid}); `codevector down` stops it"
            ) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Bound and listening: the gateway on TCP, the control API on a Unix socket."""

    gateway: socket.socket
    control: socket.socket
    gateway_url: str
    """The root of the gateway as a client on this machine reaches it."""
    control_path: Path
    owns_control: bool
    places: frozenset[int | str]
    """The gateway's port and the control socket's path."""

    def close(self) -> None:
        """Close what no server took over, and take away the control socket's file if it is ours."""
        self.gateway.close()
        self.control.close()
        if self.owns_control:
            self.control_path.unlink(missing_ok=True)


def hang_up(listeners: Listeners) -> None:
    """End every connection accepted on either socket: nothing else ends a write to a client that never reads."""
    for descriptor in Path("/dev/fd").iterdir():
        try:
            with socket.socket(fileno=os.dup(int(descriptor.name))) as connection:
                connection.getpeername()
                if _place(connection) in listeners.places:
                    connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue  # no socket, or one without a peer


def _place(opened: socket.socket) -> int | str:
    """Return the port or the path that a socket is at; every connection shares its listener's."""
    name = opened.getsockname()
    return name[1] if isinstance(name, tuple) else os.fsdecode(name)


def open_listeners(address: tuple[str, int], control: Path, environ: Mapping[str, str]) -> Listeners:
    """Bind both sockets, or take those of the service manager. Raises StartError."""
    given = activated(environ)
    gateway = given.get("gateway") or _bind_gateway(*address)
    try:
        opened = given.get("control") or _bind_control(control)
    except StartError:
        gateway.close()
        raise
    return Listeners(
        gateway=gateway,
        control=opened,
        gateway_url=_url(*gateway.getsockname()[:2]),
        control_path=Path(opened.getsockname()),
        owns_control="control" not in given,
        places=frozenset({_place(gateway), _place(opened)}),
    )


def _url(host: str, port: int) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not bound to
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bind_gateway(host: str, port: int) -> socket.socket:
    host = "127.0.0.1" if host == "localhost" else host
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"{host}:{port} is in use by another program; set CODEVECTOR_LISTEN to another address"
            ) from error
        raise StartError(f"{host}:{port} cannot be listened on: {error.strerror}; set CODEVECTOR_LISTEN") from error
    return listener


def _bind_control(path: Path) -> socket.socket:
    _private_folder(path.parent)
    _clear_the_way(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise StartError(
            f"the control socket {path} cannot be made: {error.strerror}; set CODEVECTOR_SOCKET"
        ) from error
    finally:
        os.umask(mask)
    return listener


def _private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise StartError(f"{folder} cannot be made: {error.strerror}; set CODEVECTOR_SOCKET") from error
    if found.st_uid not in {os.getuid(), 0}:
        raise StartError(f"{folder} belongs to another user (uid {found.st_uid}); set CODEVECTOR_SOCKET elsewhere")


def _clear_the_way(path: Path) -> None:
    """Take away a socket that no process answers on; refuse where anything else is in the way."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise StartError(f"{path} is in the way and is no socket; move it, or set CODEVECTOR_SOCKET elsewhere")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise StartError(f"the control socket {path} cannot be tried: {error.strerror}") from error
    raise StartError(f"another codevectord answers on {path}; `codevector down` stops it")
