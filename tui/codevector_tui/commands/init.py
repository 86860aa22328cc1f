"""``codevector init``: count a repository's calls under the project's name, and take that back."""

import os
import shutil
import sys
from pathlib import Path

import click
import msgspec

from codevector_shared.formats import clean
from codevector_shared.paths import Places
from codevector_tui.commands import attribution, changes, output, repository
from codevector_tui.commands.changes import Change, Memory
from codevector_tui.commands.frame import Command, Fault, wants_json


class Done(msgspec.Struct, frozen=True):
    """What ``init --json`` prints."""

    project: str | None
    root: str
    changes: list[dict[str, str]]
    codex: str


@click.command(cls=Command)
@click.option("--project", metavar="NAME", help="The project's name; the repository's folder name if left out.")
@click.option(
    "--shared", is_flag=True, help="Write .claude/settings.json, which the team shares, not the personal file."
)
@click.option("--envrc", is_flag=True, help="Write .envrc for Codex even where direnv is not installed.")
@click.option("--undo", is_flag=True, help="Take the changes back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def init(*, project: str | None, shared: bool, envrc: bool, undo: bool, yes: bool) -> None:
    """Count this repository's calls under its project's name."""
    root = repository.repository_root(Path.cwd())
    memory = Memory(Places.from_environment(os.environ).database.parent / "init", root)
    if undo:
        plan = repository.plan_undo(root, memory)
        if _agreed(plan, yes=yes, question="Take this back?", nothing="There is nothing to take back."):
            changes.take_back(plan, memory)
        _report(Done(None, str(root), _listed(plan), "The project's header is no longer set here."))
        return
    name = root.name if project is None else project
    if not attribution.usable_name(name):
        hint = f"give --project NAME, up to {attribution.LIMIT} printable ASCII characters"
        raise click.UsageError(f"{clean(name)!r} cannot travel in a header: {hint}")
    for_codex = envrc or (root / repository.ENVRC).exists() or shutil.which("direnv") is not None
    plan = repository.plan_init(root, name, shared=shared, for_codex=for_codex)
    nothing = f"Nothing to change: calls from here are already counted under {name}."
    if _agreed(plan, yes=yes, question="Write this?", nothing=nothing):
        changes.make(plan, memory, repository.without_project)
    _report(Done(name, str(root), _listed(plan), codex_advice(name, written=for_codex)))


def codex_advice(project: str, *, written: bool) -> str:
    """Say what Codex needs beside the repository: it takes no headers from a project's own configuration."""
    mapping = f'env_http_headers = {{ "{attribution.HEADER}" = "{attribution.VARIABLE}" }}'
    where = f"Codex sends it where ~/.codex/config.toml has {mapping} (see codevector connect codex)"
    if written:
        return f"{where}; run direnv allow once in this folder."
    return (
        f"{where} and its environment has {attribution.VARIABLE}={project}: start it so, use direnv with --envrc here, "
        "or give the repository its own key with codevector keys create --project."
    )


def _agreed(plan: list[Change], *, yes: bool, question: str, nothing: str) -> bool:
    if not plan:
        output.note(nothing)
        return False
    for change in plan:
        output.note(f"{change.action} {clean(str(change.path))}")
        for line in described(change):
            output.note(f"  {line}")
    if not yes and _nobody_to_ask():
        raise click.UsageError("nothing was changed, since nobody is there to be asked: --yes does it without asking")
    if not yes and not click.confirm(question, err=True):
        raise Fault("nothing was changed")
    return True


def _nobody_to_ask() -> bool:
    """Tell whether there is neither a terminal to ask at nor an answer in a pipe."""
    if sys.stdin is None:
        return True
    return not sys.stdin.isatty() and not sys.stdin.buffer.peek(1)  # type: ignore[union-attr] # a BufferedReader


def described(change: Change) -> list[str]:
    """Return what changes in words; header values that are not ours may be secrets and are not shown."""
    before, after = (_attributes(change.path.name, content) for content in (change.before, change.after))
    gone = [f"- {line}" for line in before if line not in after]
    return gone + [f"+ {line}" for line in after if line not in before]


def _attributes(name: str, content: bytes | None) -> list[str]:
    text = (content or b"").decode(errors="replace")
    if name == repository.ENVRC.name:
        return [clean(line) for line in text.splitlines() if line.startswith(f"export {attribution.VARIABLE}=")]
    lines = attribution.custom_headers(text)
    return ["ANTHROPIC_CUSTOM_HEADERS " + _masked(line) for line in lines]


def _masked(line: str) -> str:
    name = attribution.header_name(line)
    return clean(line) if name in (attribution.HEADER, "x-client-app") else f"{clean(name)}: (your value)"


def _listed(plan: list[Change]) -> list[dict[str, str]]:
    return [{"path": str(change.path), "action": change.action} for change in plan]


def _report(done: Done) -> None:
    if wants_json():
        output.emit(done)
    else:
        output.say(done.codex)
