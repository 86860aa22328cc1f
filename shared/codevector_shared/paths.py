"""Where CodeVector's files live: one folder under CODEVECTOR_HOME, else the platform's own places."""

import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from platformdirs import PlatformDirs

SOCKET_PATH_LIMIT = 100
"""Bytes. The kernel's limit is 104 on macOS and 108 on Linux, its closing zero byte included."""


@dataclass(frozen=True, slots=True)
class Places:
    """Every path the daemon, the command line and the monitor share."""

    home: Path | None
    config_file: Path
    database: Path
    spool: Path
    socket: Path
    log: Path
    master_key: Path
    rates_cache: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Places":
        """Read CODEVECTOR_HOME and CODEVECTOR_SOCKET; an empty variable counts as unset."""
        home = environ.get("CODEVECTOR_HOME") or None
        runtime = runtime_folder(environ)
        places = cls._in_one_folder(Path(home).expanduser().absolute()) if home else cls._on_this_platform(runtime)
        socket = environ.get("CODEVECTOR_SOCKET") or _socket_setting(places.config_file)
        wanted = Path(socket).expanduser().absolute() if socket else places.socket
        return replace(places, socket=_short_enough(wanted, runtime))

    @classmethod
    def _in_one_folder(cls, home: Path) -> "Places":
        return cls(
            home=home,
            config_file=home / "config.toml",
            database=home / "codevector.db",
            spool=home / "spool",
            socket=home / "control.sock",
            log=home / "daemon.log",
            master_key=home / "master.key",
            rates_cache=home / "rates.cache",
        )

    @classmethod
    def _on_this_platform(cls, runtime: Path) -> "Places":
        dirs = PlatformDirs("codevector", appauthor=False)
        data = dirs.user_data_path
        return cls(
            home=None,
            config_file=dirs.user_config_path / "config.toml",
            database=data / "codevector.db",
            spool=data / "spool",
            socket=runtime / "control.sock",
            log=dirs.user_log_path / "daemon.log",
            master_key=data / "master.key",
            rates_cache=dirs.user_cache_path / "rates.cache",
        )


def runtime_folder(environ: Mapping[str, str]) -> Path:
    """Return this user's folder for sockets: under XDG_RUNTIME_DIR where there is one, else a private one in /tmp."""
    runtime = environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "codevector"
    return Path("/tmp") / f"codevector-{os.getuid()}"  # noqa: S108 - private to the user; TMPDIR may differ by program


def _socket_setting(config_file: Path) -> str | None:
    """Return ``socket`` from config.toml; a file that cannot be read is for the daemon to complain about."""
    try:
        settings = tomllib.loads(config_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    socket = settings.get("socket")
    return socket if isinstance(socket, str) else None


def _short_enough(socket: Path, runtime: Path) -> Path:
    """Return the path, or a short one in the runtime folder where the platform could not bind it."""
    if len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT:
        return socket
    return runtime / f"{hashlib.sha256(os.fsencode(socket)).hexdigest()[:16]}.sock"
