"""What a call belongs to: client app, project, session and agent, read from the headers that tools send."""

import re

from msgspec import Struct

from codevector_daemon.directory.values import Caller
from codevector_daemon.gateway.headers import HeaderMap

MAX_NAME = 200
"""Characters kept of any name that a client sends."""

LOOKED_AT = 4096
"""Characters looked at of one: some lie in a body, and to clean 60 MB would hold up every call for seconds."""

_GOOSE = b"agent-session-id"
"""The session header of goose, which sends no User-Agent."""

_SESSION_HEADERS = (b"x-claude-code-session-id", b"session_id", b"session-id", b"x-session-id", _GOOSE)
_AGENT_HEADERS = (b"x-claude-code-agent-id", b"x-openai-subagent")

_KNOWN_AGENTS: tuple[tuple[str, str], ...] = (
    ("claude-cli", "claude-code"),
    ("claude-code", "claude-code"),
    ("codex", "codex"),
    ("geminicli", "gemini-cli"),
    ("qwencode", "qwen-code"),
    ("roocode", "roo-code"),
    ("charm-crush", "crush"),
    ("githubcopilot", "github-copilot"),
    ("ai-sdk", "vercel-ai-sdk"),
    ("ai/", "vercel-ai-sdk"),
    ("langchain", "langchain"),
    ("google-genai-sdk", "google-genai"),
)
"""How the best-known tools begin their User-Agent, in lower case, and the name they are counted under."""

_VENDOR_SDK = re.compile(r"(?:async)?(?:azure)?(openai|anthropic)/([a-z]+) ")
"""The vendors' own libraries: ``AsyncOpenAI/Python 3.54.0`` is openai-python."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_PRODUCT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


class Tags(Struct, frozen=True):
    """The attribution of a call; an empty string or None where nothing was said."""

    client_app: str = ""
    project: str = ""
    session: str | None = None
    agent: str | None = None


def attribute(headers: HeaderMap, caller: Caller) -> Tags:
    """Read the tags: the call's own headers first, then the key's defaults, then what the User-Agent gives away."""
    return Tags(
        client_app=_name(headers, b"x-client-app") or caller.client_app or _from_user_agent(headers),
        project=_name(headers, b"x-project") or caller.project or "",
        session=_first(headers, _SESSION_HEADERS),
        agent=_first(headers, _AGENT_HEADERS),
    )


def clean(text: str) -> str:
    """Take control and direction characters out of a foreign name and cut it to MAX_NAME characters."""
    return _UNPRINTABLE.sub(" ", text[:LOOKED_AT]).strip()[:MAX_NAME]


def _name(headers: HeaderMap, header: bytes) -> str:
    return clean(headers.text(header) or "")


def _first(headers: HeaderMap, names: tuple[bytes, ...]) -> str | None:
    return next((value for value in (_name(headers, name) for name in names) if value), None)


def _from_user_agent(headers: HeaderMap) -> str:
    agent = _name(headers, b"user-agent").lower()
    if not agent and headers.get(_GOOSE) is not None:
        return "goose"
    for beginning, app in _KNOWN_AGENTS:
        if agent.startswith(beginning):
            return app
    sdk = _VENDOR_SDK.match(agent)
    if sdk:
        return "-".join(sdk.groups())
    product = _PRODUCT.match(agent)
    return product.group() if product else ""
