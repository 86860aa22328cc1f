"""Which files of a repository name its project, and how they change."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from codevector_tui.commands import attribution, changes, jsonedit
from codevector_tui.commands.changes import Change, Memory
from codevector_tui.commands.frame import Fault

LOCAL, SHARED, ENVRC = Path(".claude/settings.local.json"), Path(".claude/settings.json"), Path(".envrc")

_REMOVERS: dict[Path, Callable[[str], str]] = {
    LOCAL: attribution.without_claude_project,
    SHARED: attribution.without_claude_project,
    ENVRC: attribution.without_envrc_project,
}


def repository_root(here: Path) -> Path:
    """Return the folder of the Git repository around ``here``, or ``here`` itself."""
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here).resolve()


def plan_init(root: Path, project: str, *, shared: bool, for_codex: bool) -> list[Change]:
    """Return the changes that give the repository's calls the project's name; none where they have it."""
    plan = [_claude_change(root, project, shared=shared)]
    if for_codex:
        before = changes.read(root / ENVRC)
        after = attribution.with_envrc_project(_text(ENVRC, before), project)
        plan.append(Change(root / ENVRC, before, after.encode()))
    return [change for change in plan if change.before != change.after]


def plan_undo(root: Path, memory: Memory) -> list[Change]:
    """Return the changes that restore what was there; in a file edited since, only our own part goes."""
    plan = []
    for name in _REMOVERS:
        current = changes.read(root / name)
        if current is None:
            continue
        known = memory.original(root / name, current)
        after = known.content if known else without_project(root / name, current)
        if after != current:
            plan.append(Change(root / name, current, after))
    return plan


def without_project(path: Path, content: bytes | None) -> bytes | None:
    """Return a file of ours without our part; a file that cannot be read as what it should be stays as it is."""
    if content is None:
        return None
    remove = next(remove for name, remove in _REMOVERS.items() if path.name == name.name)
    try:
        return remove(_text(path, content)).encode()
    except jsonedit.BadDocument:
        return content


def _claude_change(root: Path, project: str, *, shared: bool) -> Change:
    name = SHARED if shared else LOCAL
    before = changes.read(root / name)
    text = _text(name, before)
    try:
        own = attribution.custom_headers(text)
        near = [] if shared else _headers(root / SHARED)
        inherited = near or _personal_headers()
        private = bool(inherited) and not near and not own
        _refuse_leaks(root, shared=shared, private=private)
        after = attribution.with_claude_project(text, project, inherited)
    except jsonedit.BadDocument as error:
        raise Fault(f"{root / name} cannot be edited: {error}", "mend the file and run this again") from error
    return Change(root / name, before, after.encode(), changes.PRIVATE if private else changes.PUBLIC)


def _headers(path: Path) -> list[str]:
    """Return the header lines that a settings file which is only read sets."""
    try:
        return attribution.custom_headers(_text(path, changes.read(path)))
    except jsonedit.BadDocument as error:
        raise Fault(f"{path} cannot be read: {error}", "mend the file and run this again") from error


def _personal_headers() -> list[str]:
    """Return the header lines a person sets for all repositories, which one set in a repository would hide."""
    from_environment = os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines()
    return _headers(Path.home() / SHARED) or [line for line in from_environment if line.strip()]


def _refuse_leaks(root: Path, *, shared: bool, private: bool) -> None:
    """Keep a person's own headers, which may hold a key, out of files that others get to read."""
    if shared and private:
        raise Fault(
            "your own ANTHROPIC_CUSTOM_HEADERS would be hidden by the shared file or copied into it",
            "run this without --shared",
        )
    if shared and _headers(root / LOCAL):
        raise Fault(f"{LOCAL} sets headers of its own, which win over the shared file", "run this without --shared")
    if private and (root / ".git").exists() and not _ignored(root):
        raise Fault(
            f"your own ANTHROPIC_CUSTOM_HEADERS must be repeated in {LOCAL}, and Git does not ignore that file",
            f"add {LOCAL} to .gitignore first",
        )


def _ignored(root: Path) -> bool:
    git = shutil.which("git")
    if git is None:
        return False
    return subprocess.run([git, "-C", str(root), "check-ignore", "-q", str(LOCAL)], check=False).returncode == 0  # noqa: S603 — a fixed command


def _text(name: Path, content: bytes | None) -> str:
    try:
        return (content or b"").decode()
    except UnicodeDecodeError as error:
        raise Fault(f"{name} is not UTF-8 text", "mend the file and run this again") from error
