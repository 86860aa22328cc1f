"""The systemd unit of one person's daemon: the shipped file with this installation's program and folder in it."""

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

UNIT = "codevector.service"

_PLACES = ("CODEVECTOR_HOME", "CODEVECTOR_SOCKET")
"""What the daemon must share with the command line for the two to meet; other settings stand in config.toml."""
_START = re.compile(r"^ExecStart=.*$", re.MULTILINE)


def shipped(name: str) -> str:
    """Return a shipped unit file: from the installed package, or from the source tree of an editable install."""
    package = files("codevector_tui")
    packed = package / "systemd" / name
    if packed.is_file():
        return packed.read_text(encoding="utf-8")
    return (Path(str(package)).parents[1] / "systemd" / name).read_text(encoding="utf-8")


def user_unit(program: Path, environ: Mapping[str, str]) -> str:
    """Return the user unit that starts this installation's daemon on the places the environment names."""
    lines = [f"ExecStart={quoted(str(program)).replace('$', '$$')}"]
    lines += [f"Environment={quoted(f'{name}={_absolute(environ[name])}')}" for name in _PLACES if environ.get(name)]
    return _START.sub(lambda _: "\n".join(lines), shipped(f"user/{UNIT}"), count=1)


def is_ours(text: str) -> bool:
    """Tell whether a unit was written from the shipped one, by its first line."""
    return text.partition("\n")[0] == shipped(f"user/{UNIT}").partition("\n")[0]


def user_folder(environ: Mapping[str, str]) -> Path:
    """Return where the systemd of this user looks for units."""
    config = environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "systemd" / "user"


def quoted(word: str) -> str:
    """Return one word of a unit file so that systemd reads back the same: its quotes, escapes and specifiers."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if re.search(r"[\s\"';]", word) else escaped


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())
