"""What ``codevector init`` writes into a repository so that its calls are counted under the project's name.

Claude Code sends the headers of ``ANTHROPIC_CUSTOM_HEADERS`` (one ``Name: value`` per line) from the ``env`` of
``.claude/settings.local.json`` or ``.claude/settings.json``. Codex takes no headers from a project's own
``.codex/config.toml`` (its ``PROJECT_LOCAL_CONFIG_DENYLIST`` names ``model_providers``), so its header comes from
``env_http_headers`` in the person's configuration, and the repository gives that variable through direnv's ``.envrc``.
"""

import re
import shlex

from codevector_tui.commands import jsonedit

HEADER = "x-project"
VARIABLE = "CODEVECTOR_PROJECT"
LIMIT = 128
"""Characters of a project's name that the gateway keeps."""

_HEADERS_PATH = ("env", "ANTHROPIC_CUSTOM_HEADERS")
_ENVRC_LINE = re.compile(rf"^export {VARIABLE}=.*# codevector init$\n?", re.MULTILINE)


def header_name(line: str) -> str:
    """Return the name in one ``Name: value`` line, in lower case."""
    return line.partition(":")[0].strip().lower()


def custom_headers(settings: str) -> list[str]:
    """Return the header lines that a Claude Code settings file sets; BadDocument where it cannot be read."""
    text = jsonedit.get(settings, _HEADERS_PATH) if settings.strip() else None
    return [line for line in (text or "").splitlines() if line.strip()]


def with_claude_project(settings: str, project: str, inherited: list[str]) -> str:
    """Return a Claude Code settings file that names the project.

    A value here hides one in a file further away, so the header lines ``inherited`` from there are repeated.
    """
    own = custom_headers(settings) or inherited
    lines = [line for line in own if header_name(line) != HEADER]
    return jsonedit.put(
        settings if settings.strip() else "{}\n", _HEADERS_PATH, "\n".join([*lines, f"{HEADER}: {project}"])
    )


def without_claude_project(settings: str) -> str:
    """Return the settings file without the project's header, and without a member that this leaves empty."""
    lines = custom_headers(settings)
    kept = [line for line in lines if header_name(line) != HEADER]
    if kept == lines:
        return settings
    return jsonedit.put(settings, _HEADERS_PATH, "\n".join(kept)) if kept else jsonedit.take(settings, _HEADERS_PATH)


def with_envrc_project(envrc: str, project: str) -> str:
    """Return an ``.envrc`` that exports the project's name, in one marked line."""
    line = f"export {VARIABLE}={shlex.quote(project)} # codevector init\n"
    if _ENVRC_LINE.search(envrc):
        return _ENVRC_LINE.sub(lambda _: line, envrc, count=1)
    return f"{envrc}{'' if envrc.endswith(chr(10)) or not envrc else chr(10)}{line}"


def without_envrc_project(envrc: str) -> str:
    """Return the ``.envrc`` without the marked line."""
    return _ENVRC_LINE.sub("", envrc)


def usable_name(project: str) -> bool:
    """Tell whether a name can travel in a header: printable ASCII without spaces at its ends, and not too long."""
    return project == project.strip() and 0 < len(project) <= LIMIT and project.isascii() and project.isprintable()
