"""``codevector backup``: a copy of the database while everything goes on."""

from pathlib import Path
from typing import BinaryIO

import click

from codevector_shared.client import ControlClient
from codevector_shared.formats import storage
from codevector_tui.commands import files, output, talk
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
    _refuse_in_use(file, talk.administer(lambda control: control.status()).database or "")
    with files.written(file, 0o600) as copy:
        size = talk.administer(lambda control: _fetch(control, copy))
    if wants_json():
        output.emit({"file": str(file.absolute()), "bytes": size})
    else:
        output.say(f"{file}: {storage(size)}")


def _refuse_in_use(file: Path, address: str) -> None:
    """Refuse the database itself and the files beside it: replaced under a running daemon, they damage each other."""
    database = Path(address.partition("sqlite:///")[2]).resolve()
    if file.resolve() in {database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))}:
        raise Fault(f"{file} is in use by the daemon", "choose another name")


async def _fetch(control: ControlClient, copy: BinaryIO) -> int:
    size = 0
    async for piece in control.backup():
        copy.write(piece)
        size += len(piece)
    return size
