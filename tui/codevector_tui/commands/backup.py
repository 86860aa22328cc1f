"""``codevector backup``: a copy of the database while everything goes on."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import click

from codevector_shared.client import ControlClient
from codevector_shared.formats import storage
from codevector_tui.commands import output, talk
from codevector_tui.commands.frame import Command, Fault, wants_json


@click.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file where it exists.")
def backup(*, file: Path, force: bool) -> None:
    """Write a copy of the database, as it is at this moment, to FILE.

    Put the copy in the database's place, with the daemon stopped, to go back to it. Providers' credentials in it can
    be opened with the same master key only: keep that as well.
    """
    if file.exists() and not force:
        raise Fault(f"{file} exists already", "choose another name, or give --force")
    _refuse_in_use(file, talk.administer(lambda control: control.status()).database)
    aside = _beside(file)
    try:
        size = talk.administer(lambda control: _fetch(control, aside))
        aside.replace(file)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
    if wants_json():
        output.emit({"file": str(file.absolute()), "bytes": size})
    else:
        output.say(f"{file}: {storage(size)}")


def _refuse_in_use(file: Path, address: str) -> None:
    """Refuse the database itself and the files beside it: replaced under a running daemon, they damage each other."""
    database = Path(address.partition("sqlite:///")[2]).resolve()
    if file.resolve() in {database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))}:
        raise Fault(f"{file} is in use by the daemon", "choose another name")


def _beside(file: Path) -> Path:
    """Return a private file in the same folder: a copy that broke off never stands under the name asked for."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.absolute().parent)
    except OSError as error:
        raise Fault(f"{file}: {error.strerror}") from error
    os.close(descriptor)
    return Path(name)


async def _fetch(control: ControlClient, aside: Path) -> int:
    size = 0
    with aside.open("wb") as copy:
        async for piece in control.backup():
            copy.write(piece)
            size += len(piece)
        copy.flush()
        os.fsync(copy.fileno())
    return size
