"""``codevector settings``: what can be set while the daemon runs."""

import click

from codevector_tui.commands.catalogue import catalogue
from codevector_tui.commands.frame import Group


@click.group(cls=Group)
def settings() -> None:
    """Look at and change what the daemon works with."""


settings.add_command(catalogue)
