"""``codevector connect``: print how a coding tool is pointed at the gateway."""

import os

import click
import msgspec

from codevector_shared.formats import clean
from codevector_tui.commands import output, snippets, talk
from codevector_tui.commands.frame import Command, wants_json
from codevector_tui.commands.output import Column
from codevector_tui.commands.suited import suited


class Clients(msgspec.Struct, frozen=True):
    """What ``connect --json`` prints without a client."""

    clients: list[str]


@click.command(cls=Command)
@click.argument("client", type=click.Choice(snippets.CLIENTS), required=False)
@click.option("--url", metavar="URL", help="The gateway's address, if clients reach it by another than its own.")
@click.option("--model", metavar="SLUG", help="The model in the examples; one that suits the client if left out.")
def connect(*, client: str | None, url: str | None, model: str | None) -> None:
    """Print the set-up of CLIENT for this gateway; without one, the clients there is a set-up for."""
    if client is None:
        _list()
        return
    root = url or os.environ.get("CODEVECTOR_URL") or talk.ask(lambda control: control.status()).gateway_url
    slug = model or suited(client, talk.models_or_none())
    target = snippets.Target(clean(root.rstrip("/")), model=clean(slug or snippets.MODEL_PLACEHOLDER))
    found = snippets.setup(client, target)
    if wants_json():
        output.emit(found)
        return
    for step in found.steps:
        output.say(f"# {step.title}{f', {step.where}' if step.where else ''}")
        output.say(f"{step.text}\n")
    for remark in found.notes:
        output.note(remark)
    output.note(f"{snippets.KEY_PLACEHOLDER} stands for a key: codevector keys create makes one and shows it once.")


def _list() -> None:
    """Print the clients."""
    if wants_json():
        output.emit(Clients(list(snippets.CLIENTS)))
        return
    titles = [(client, snippets.setup(client, snippets.Target("")).title) for client in snippets.CLIENTS]
    output.table((Column("Client"), Column("Name")), titles, empty="")
    output.note("codevector connect CLIENT prints what to paste where.")
