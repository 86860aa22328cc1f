"""``codevector users``: the people whose calls are counted."""

from typing import get_args

import click
from msgspec import UNSET

from codevector_shared.formats import clean, whole
from codevector_shared.protocol import Role, User, UserCreate, UserPatch
from codevector_tui.commands import output, talk, times
from codevector_tui.commands.frame import Group, wants_json
from codevector_tui.commands.output import Column

_COLUMNS = (
    Column("Name"),
    Column("Role"),
    Column("Status"),
    Column("Keys", "right"),
    Column("Created", whole=True, spare=1),
)
_ROLES = click.Choice(get_args(Role))


@click.group(cls=Group)
def users() -> None:
    """Administer users."""


@users.command()
@click.argument("name")
@click.option("--role", type=_ROLES, default="member", show_default=True, help="What they may do.")
def add(*, name: str, role: Role) -> None:
    """Add a user."""
    made = talk.administer(lambda control: control.create_user(UserCreate(name=name, role=role)))
    _show(made, f"Added {made.name}. Next: codevector keys create --user {made.name}")


@users.command("list")
def list_users() -> None:
    """Show all users."""
    found = talk.administer(lambda control: control.users())
    if wants_json():
        output.emit(found)
        return
    output.table(_COLUMNS, [row(user) for user in found.users], empty="No user yet.")


@users.command()
@click.argument("name")
def show(*, name: str) -> None:
    """Show one user."""
    found = talk.administer(lambda control: control.user(name))
    if wants_json():
        output.emit(found)
    else:
        titles = (column.title for column in _COLUMNS)
        output.facts(zip(titles, row(found), strict=True))


@users.command("set")
@click.argument("name")
@click.option("--role", type=_ROLES, help="What they may do.")
@click.option(
    "--suspend/--resume", "suspended", default=None, help="Refuse, or take again, calls with the user's keys."
)
@click.option("--rename", metavar="NAME", help="Call them this from now on.")
def set_user(*, name: str, role: Role | None, suspended: bool | None, rename: str | None) -> None:
    """Change a user; what is not given stays."""
    patch = UserPatch(
        name=UNSET if rename is None else rename,
        role=UNSET if role is None else role,
        suspended=UNSET if suspended is None else suspended,
    )
    if patch == UserPatch():
        raise click.UsageError("nothing to change was given")
    found = talk.administer(lambda control: control.patch_user(name, patch))
    _show(found, f"Changed {found.name}: {found.role}, {found.status}.")


def row(user: User) -> tuple[str, ...]:
    """Return a user as cells of the table."""
    return (user.name, user.role, user.status, whole(user.keys), times.short(user.created_at))


def _show(user: User, text: str) -> None:
    if wants_json():
        output.emit(user)
    else:
        output.say(clean(text))
