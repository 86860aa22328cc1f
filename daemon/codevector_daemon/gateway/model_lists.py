"""Lists of models in the shapes of OpenAI, Anthropic and Google, with their pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from codevector_daemon.directory.values import Facade
from codevector_shared.protocol import ModelKind

MOST_MODELS: Final = 1000
"""The largest page of Anthropic's and of Google's list; OpenAI's has no pages."""

_DIGITS: Final = 9
"""Digits read of a number that a client sends: more than any page has, and fewer than Python refuses."""

Fields = dict[str, Any]
Asked = Mapping[str, str]
"""The query of a request for a list."""


class Shape(Struct, frozen=True):
    """One vendor's way to tell of models, and the kinds that can be called by the vendor's protocol here."""

    page: Callable[[Sequence[Facade], Asked], Fields]
    model: Callable[[Facade], Fields]
    kinds: frozenset[ModelKind] = frozenset({"chat"})

    def shows(self, facade: Facade) -> bool:
        """Tell whether a model can be called now by a client that reads this list."""
        return facade.is_callable and facade.kind in self.kinds


def _openai_list(facades: Sequence[Facade], asked: Asked) -> Fields:  # noqa: ARG001 - it has no pages
    return {"object": "list", "data": [_openai_model(facade) for facade in facades]}


def _openai_model(facade: Facade) -> Fields:
    owner = facade.backends[0].provider.name if facade.backends else "codevector"
    return {"id": facade.slug, "object": "model", "created": facade.created_ms // 1000, "owned_by": owner}


def _anthropic_page(facades: Sequence[Facade], asked: Asked) -> Fields:
    """Return one page: ``limit``, ``after_id`` and ``before_id`` as in Anthropic's API reference."""
    limit = _size(asked.get("limit"), 20)
    slugs = [facade.slug for facade in facades]
    after, before = asked.get("after_id"), asked.get("before_id")
    first = slugs.index(after) + 1 if after in slugs else 0
    last = slugs.index(before) if before in slugs else len(slugs)
    part = facades[first:last]
    page = part[-limit:] if before in slugs else part[:limit]
    return {
        "data": [_anthropic_model(facade) for facade in page],
        "has_more": len(page) < len(part),
        "first_id": page[0].slug if page else None,
        "last_id": page[-1].slug if page else None,
    }


def _anthropic_model(facade: Facade) -> Fields:
    created = datetime.fromtimestamp(facade.created_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "model", "id": facade.slug, "display_name": facade.display_name, "created_at": created}


def _google_page(facades: Sequence[Facade], asked: Asked) -> Fields:
    """Return one page: ``pageSize`` and ``pageToken``, here the last name of the page before (ai.google.dev)."""
    size, token = _size(asked.get("pageSize"), 50), asked.get("pageToken")
    slugs = [facade.slug for facade in facades]
    first = slugs.index(token) + 1 if token in slugs else 0
    page = facades[first : first + size]
    more = {"nextPageToken": page[-1].slug} if first + size < len(facades) else {}
    return {"models": [_google_model(facade) for facade in page], **more}


def _google_model(facade: Facade) -> Fields:
    limits = {"inputTokenLimit": facade.context_window, "outputTokenLimit": facade.max_output}
    return {
        "name": f"models/{facade.slug}",
        "displayName": facade.display_name,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        **{name: limit for name, limit in limits.items() if limit is not None},
    }


def _size(asked: str | None, usual: int) -> int:
    return min(max(int(asked[:_DIGITS]), 1), MOST_MODELS) if asked is not None and asked.isdecimal() else usual


OPENAI: Final = Shape(_openai_list, _openai_model, frozenset({"chat", "embedding"}))
ANTHROPIC: Final = Shape(_anthropic_page, _anthropic_model)
GOOGLE: Final = Shape(_google_page, _google_model)
