"""``codevector keys``: the keys that clients call the gateway with."""

import click

from codevector_shared.formats import UNKNOWN, clean
from codevector_shared.protocol import Key, KeyCreate
from codevector_tui.commands import output, talk, times
from codevector_tui.commands.frame import Fault, Group, wants_json
from codevector_tui.commands.output import Column

_COLUMNS = (
    Column("Id", "right"),
    Column("Name"),
    Column("Prefix", whole=True),
    Column("User", spare=3),
    Column("Project", spare=4),
    Column("Status", whole=True),
    Column("Last used", whole=True, spare=1),
    Column("Expires", whole=True, spare=2),
)


@click.group(cls=Group)
def keys() -> None:
    """Administer gateway keys."""


@keys.command()
@click.argument("name", required=False)
@click.option("--user", metavar="USER", help="Whose key it is; the owner's if left out.")
@click.option("--project", metavar="NAME", help="The project of calls that name none.")
@click.option("--client-app", metavar="NAME", help="The client app of calls that name none.")
@click.option("--expires", metavar="WHEN", help="A span such as 90d, a day such as 2026-12-31, or a moment.")
@click.option("--allow-model", "allowed", multiple=True, metavar="SLUG", help="A model it may call; repeatable.")
@click.option("--console", is_flag=True, help="It may also make and revoke its user's own keys.")
def create(
    *,
    name: str | None,
    user: str | None,
    project: str | None,
    client_app: str | None,
    expires: str | None,
    allowed: tuple[str, ...],
    console: bool,
) -> None:
    """Make a key and show it, this once."""
    order = KeyCreate(
        name=name,
        user=user,
        project=project,
        client_app=client_app,
        expires_at=expires,
        allowed_models=list(allowed) or None,
        scope="console" if console else "gateway",
    )
    made = talk.administer(lambda control: control.create_key(order))
    if wants_json():
        output.emit(made)
        return
    output.note(f"The key {clean(made.name)} of {clean(made.user)}, shown this once:")
    output.say(made.key)


@keys.command("list")
def list_keys() -> None:
    """Show all keys, never their secrets."""
    found = talk.administer(lambda control: control.keys())
    if wants_json():
        output.emit(found)
        return
    empty = "No key yet: codevector keys create makes one."
    output.table(_COLUMNS, [row(key) for key in found.keys], empty=empty)


@keys.command()
@click.argument("key", metavar="ID|NAME|PREFIX")
def revoke(*, key: str) -> None:
    """Close a key for good."""
    known = talk.administer(lambda control: control.keys()).keys
    chosen = pick(known, key)
    found = talk.administer(lambda control: control.revoke_key(chosen.id))
    if wants_json():
        output.emit(found)
    else:
        output.say(f"Revoked {clean(found.name)} ({clean(found.prefix)}…) of {clean(found.user)}.")


def pick(known: list[Key], word: str) -> Key:
    """Return the key that an id, a name or a prefix means; an open one before closed ones of the same name."""
    by_id = [key for key in known if str(key.id) == word]
    named = [key for key in known if word in {key.name, key.prefix}]
    active = [key for key in named if key.status == "active"]
    for found in (by_id, active, named):
        if len(found) == 1:
            return found[0]
    if named:
        raise Fault(f"several keys are called {clean(word)}", "name it by its id, from codevector keys list")
    raise Fault(f"there is no key {clean(word[:16])}", "codevector keys list shows them")


def row(key: Key) -> tuple[str, ...]:
    """Return a key as cells of the table."""
    return (
        str(key.id),
        key.name,
        f"{key.prefix}…",
        key.user,
        key.project or UNKNOWN,
        key.status,
        times.short(key.last_used_at) if key.last_used_at else "never",
        times.short(key.expires_at) if key.expires_at else "never",
    )
