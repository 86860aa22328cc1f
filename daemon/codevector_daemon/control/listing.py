"""The models that a provider itself lists, whichever vendor's form the list has."""

import asyncio
import re
from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from codevector_daemon.control import reply
from codevector_daemon.control.reply import Reply
from codevector_daemon.directory.kinds import Endpoint
from codevector_daemon.directory.naming import names_embeddings
from codevector_daemon.directory.values import Provider
from codevector_daemon.gateway.clouds.dialer import Dialer
from codevector_shared.protocol import ModelKind

LIMIT_S: Final = 20.0
_MOST_PAGES: Final = 20
_MOST_MODELS: Final = 5000
_NEITHER: Final = re.compile(
    r"whisper|tts|dall-?e|image|moderation|transcri|sora|realtime|rerank|\bveo|imagen|lyria|speech|video"
    r"|^(davinci|babbage)-"
)
"""Names of models that neither chat nor embed, for lists that do not say."""
_WINDOWS: Final = (
    "context_length",
    "context_window",
    "max_context_length",
    "max_model_len",
    "inputTokenLimit",
    "max_input_tokens",
)
_OUTPUTS: Final = ("max_completion_tokens", "outputTokenLimit", "max_output_tokens", "max_tokens")

Fields = dict[str, Any]


class Listed(Struct, frozen=True):
    """One model of a provider's list; its kind is ``None`` when it neither chats nor embeds."""

    id: str
    kind: ModelKind | None
    title: str | None = None
    context_window: int | None = None
    max_output: int | None = None


class Unlisted(ValueError):
    """The provider gave no list; the reply says why."""

    def __init__(self, answer: Reply) -> None:
        super().__init__(f"no list of models ({answer.status})")
        self.answer = answer


async def models(dialer: Dialer, provider: Provider, where: Endpoint) -> list[Listed]:
    """Return all pages of a provider's list; raises UpstreamError, TimeoutError and Unlisted."""
    found: list[Listed] = []
    cursor: str | None = ""
    async with asyncio.timeout(LIMIT_S):
        for _ in range(_MOST_PAGES):
            answer = await reply.get(dialer, provider, where, query=cursor or "")
            page = entries(answer.body) if answer.status == 200 else None  # noqa: PLR2004 - HTTP's own number
            if page is None:
                raise Unlisted(answer)
            found += page
            cursor = _next_page(answer.body)
            if cursor is None or len(found) > _MOST_MODELS:
                break
    return found[:_MOST_MODELS]


def entries(body: bytes) -> list[Listed] | None:
    """Read one page of a list; ``None`` when the body is none."""
    document = _document(body)
    rows = document.get("data", document.get("models")) if document is not None else None
    if not isinstance(rows, list):
        return None
    return [listed for row in rows if isinstance(row, dict) and (listed := _listed(row)) is not None]


def _document(body: bytes) -> Fields | None:
    try:
        return msgspec.json.decode(body, type=Fields)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _next_page(body: bytes) -> str | None:
    """Return the query that asks for the next page, in Google's form or Anthropic's."""
    document = _document(body) or {}
    if isinstance(token := document.get("nextPageToken"), str) and token:
        return f"pageToken={quote(token, safe='')}"
    if document.get("has_more") is True and isinstance(last := document.get("last_id"), str):
        return f"after_id={quote(last, safe='')}"
    return None


def _listed(row: Fields) -> Listed | None:
    name = _text(row, "id") or (_text(row, "name") or "").removeprefix("models/")
    if not name:
        return None
    upstream = row.get("top_provider")
    return Listed(
        id=name,
        kind=_kind(row, name),
        title=_text(row, "display_name", "displayName") or (_text(row, "name") if "id" in row else None),
        context_window=_number(row, *_WINDOWS),
        max_output=_number(row, *_OUTPUTS) or (_number(upstream, *_OUTPUTS) if isinstance(upstream, dict) else None),
    )


def _kind(row: Fields, name: str) -> ModelKind | None:
    """Tell what a model does: as the list says, else by its name."""
    methods, makes, can = row.get("supportedGenerationMethods"), row.get("architecture"), row.get("capabilities")
    if isinstance(methods, list):
        return "chat" if "generateContent" in methods else "embedding" if "embedContent" in methods else None
    if isinstance(makes, dict) and isinstance(outputs := makes.get("output_modalities"), list):
        return "chat" if "text" in outputs else "embedding" if "embeddings" in outputs else None
    if names_embeddings(name) or _text(row, "type") in {"embedding", "embeddings"}:
        return "embedding"
    if isinstance(can, dict) and isinstance(chats := can.get("completion_chat"), bool):
        return "chat" if chats else None
    return None if _NEITHER.search(name.lower()) else "chat"


def _text(row: Fields, *names: str) -> str | None:
    return next((value for name in names if isinstance(value := row.get(name), str) and value), None)


def _number(row: Fields, *names: str) -> int | None:
    found = (row.get(name) for name in names)
    return next((value for value in found if type(value) is int and 0 < value <= 100_000_000), None)  # noqa: PLR2004 - what a facade may say
