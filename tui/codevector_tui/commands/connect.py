"""``codevector connect``: print how a coding tool is pointed at the gateway."""

import os

import click

from codevector_shared.formats import clean
from codevector_shared.protocol import Model
from codevector_tui.commands import output, snippets, talk
from codevector_tui.commands.frame import Command, wants_json


@click.command(cls=Command)
@click.argument("client", type=click.Choice(snippets.CLIENTS))
@click.option("--url", metavar="URL", help="The gateway's address, if clients reach it by another than its own.")
@click.option("--model", metavar="SLUG", help="The model in the examples; one that suits the client if left out.")
def connect(*, client: str, url: str | None, model: str | None) -> None:
    """Print the set-up of CLIENT for this gateway."""
    root = url or os.environ.get("CODEVECTOR_URL") or talk.ask(lambda control: control.status()).gateway_url
    slug = model or suggested(client, talk.models_or_none())
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


def suggested(client: str, models: list[Model]) -> str | None:
    """Return the slug that suits a client best: its own vendor's before any other chat model."""
    chat = [model.slug for model in models if model.kind == "chat" and model.status == "active"]
    family = {"claude-code": "claude", "anthropic": "claude", "codex": "gpt", "openai": "gpt"}.get(client, "")
    return next((slug for slug in chat if slug.startswith(family)), chat[0] if chat else None)
