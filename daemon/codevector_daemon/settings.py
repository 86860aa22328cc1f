"""Frozen settings: config.toml, overruled by the environment, refused with the exact place of what is wrong."""

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from codevector_daemon.errors import SettingsError
from codevector_shared.paths import Places

PREFIX = "CODEVECTOR_"
ELSEWHERE = frozenset({"home", "master_key", "url", "key", "project"})
"""Variables that are no settings: read by paths, the vault, the command line, the monitor and connected tools."""

Seconds = Annotated[float, Meta(ge=0, le=86_400, description="a number of seconds from 0 to 86400")]
Days = Annotated[int, Meta(ge=2, le=36_500, description="a number of days from 2 to 36500")]
Price = Annotated[str, Meta(pattern=r"^\d+(\.\d+)?$", description='a price in USD per million tokens, such as "2.50"')]


class Settings(Struct, frozen=True):
    """Everything that can be set. The field's name is the key in config.toml and, in capitals, the variable."""

    listen: Annotated[str, Meta(description='an address and port, such as "127.0.0.1:8787"')] = "127.0.0.1:8787"
    socket: Annotated[str, Meta(description="a file path")] = ""
    database_url: Annotated[str, Meta(description='"sqlite:///" and a file path')] = ""
    workers: Annotated[int, Meta(ge=1, le=1, description="1 (this version serves from one process)")] = 1
    timezone: Annotated[str, Meta(description='an IANA time zone, such as "Europe/Berlin"')] | None = None
    shutdown_seconds: Seconds = 8.0
    drain_seconds: Seconds = 0.0
    store_patience: Seconds = 2.0
    first_byte_seconds: Seconds = 600.0
    stall_seconds: Seconds = 300.0
    follow_background_seconds: Seconds = 600.0
    max_body_bytes: Annotated[int, Meta(ge=1024, le=2**31, description="a number of bytes from 1024 to 2147483648")] = (
        64 * 2**20
    )
    estimate_max_bytes: Annotated[int, Meta(ge=0, le=2**31, description="a number of bytes from 0 to 2147483648")] = (
        4 * 2**20
    )
    allowed_hosts: Annotated[tuple[str, ...], Meta(description='a list of host names, such as ["gateway.team"]')] = ()
    metrics_from_anywhere: Annotated[bool, Meta(description="true or false")] = False
    durability: Annotated[Literal["process", "power"], Meta(description='"process" or "power"')] = "process"
    keep_request_days: Days = 90
    keep_5m_days: Days = 14
    keep_hour_days: Days = 400
    default_prices: Annotated[bool, Meta(description="true or false")] = True
    default_input_price: Price = "5"
    default_output_price: Price = "25"

    @property
    def listen_address(self) -> tuple[str, int]:
        """Host and port of the gateway's listener; port 0 asks for a free one."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


def load(places: Places, environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """Read the settings; returns them with warnings. Raises SettingsError for the first thing that is wrong."""
    values = _from_file(places.config_file)
    from_environment, warnings = _from_environment(environ)
    values.update(from_environment)
    values["socket"] = str(places.socket)
    values["database_url"] = values.get("database_url") or f"sqlite:///{places.database}"
    return Settings(**values), warnings


def _from_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    return {
        name: _convert(name, value, strict=True, where=f"{path}, line {_line_of(name, text)}")
        for name, value in table.items()
    }


def _from_environment(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    values, warnings = {}, []
    for variable, text in environ.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or not text or name in ELSEWHERE:
            continue
        if name not in Settings.__struct_fields__:
            warnings.append(f"{variable} is not a setting of CodeVector and was ignored")
            continue
        value: Any = text.split(",") if name == "allowed_hosts" else text
        values[name] = _convert(name, value, strict=False, where=f"environment variable {variable}")
    return values, warnings


def _convert(name: str, value: object, *, strict: bool, where: str) -> object:
    if name not in Settings.__struct_fields__:
        known = ", ".join(Settings.__struct_fields__)
        raise SettingsError(f"{where}: {name!r} is not a setting; expected one of {known}")
    kind = get_type_hints(Settings, include_extras=True)[name]
    try:
        converted = msgspec.convert(value, kind, strict=strict)
        check = _CHECKS.get(name)
        if check is not None and converted is not None:
            check(converted)
    except (msgspec.ValidationError, ValueError):
        shown = "…" if name == "database_url" else repr(value)  # an address may hold a password
        raise SettingsError(f"{where}: {name} = {shown} cannot be used; expected {_expected(kind)}") from None
    return converted


def _expected(kind: object) -> str:
    for part in (kind, *get_args(kind)):
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, Meta) and meta.description:
                return meta.description
    return str(kind)


def _line_of(name: str, text: str) -> int:
    pattern = re.compile(rf"""^\s*["']?{re.escape(name)}["']?\s*[=.]|^\s*\[+\s*["']?{re.escape(name)}\b""")
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.match(line):
            return number
    return 1


def _check_listen(value: str) -> None:
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:  # noqa: PLR2004 - the last TCP port
        raise ValueError(value)
    if host != "localhost":
        ipaddress.ip_address(host.strip("[]"))


def _check_timezone(value: str) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(value) from error


def _check_database(value: str) -> None:
    scheme, _, path = value.partition("sqlite:///")
    if scheme or path in {"", ":memory:"}:
        raise ValueError(value)


def _check_path(value: str) -> None:
    if not value or "\0" in value:
        raise ValueError(value)
    os.fspath(value)


_CHECKS: dict[str, Callable[[Any], None]] = {
    "listen": _check_listen,
    "timezone": _check_timezone,
    "database_url": _check_database,
    "socket": _check_path,
}
