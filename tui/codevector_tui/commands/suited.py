"""Which of the models a client's set-up names: one that answers well today, of the client's own vendor if there is one.

Every chat model answers in every dialect, so no vendor is wrong; old models and those that do not talk are.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec import Struct

from codevector_shared.protocol import Model

_ANTHROPIC: Final = frozenset({"claude-code", "anthropic"})
_SANDBOX: Final = "sandbox/balanced"
_DATE: Final = re.compile(r"20\d\d-?\d\d-?\d\d|(?<=-)\d{4,}(?!\d)")
_NUMBER: Final = re.compile(r"v?(\d{1,2})o?")
_COMPLETERS: Final = frozenset({"ada", "babbage", "curie", "davinci", "instant"})
_OTHER_MEDIA: Final = frozenset(
    {"audio", "banana", "image", "live", "ocr", "omni", "realtime", "speech", "transcribe", "tts", "video", "whisper"}
)
_OTHER_WORK: Final = frozenset(
    {
        "computer",
        "embed",
        "embedding",
        "embeddings",
        "guard",
        "moderation",
        "rerank",
        "research",
        "robotics",
        "safeguard",
    }
)
_OTHER_TERMS: Final = frozenset({"batch", "ft", "search"})
_PASSED_OVER: Final = _COMPLETERS | _OTHER_MEDIA | _OTHER_WORK | _OTHER_TERMS
_UNFINISHED: Final = frozenset({"beta", "exp", "experimental", "preview"})
_OLDEST: Final = {"claude": (3,), "gpt": (4,)}
_CLAUDES: Final = ("haiku", "opus", "sonnet")
_GPT: Final = (5,)

_Rank = tuple[int, int, tuple[int, ...], bool, int]
_NO_RANK: Final[_Rank] = (0, 0, (), False, 0)


class _Name(Struct, frozen=True):
    """A model's name taken apart: ``anthropic/claude-sonnet-4-5-20250929`` is claude, sonnet, 4.5, with a date."""

    words: frozenset[str]
    version: tuple[int, ...]
    dated: bool
    length: int


def suited(client: str, models: Iterable[Model]) -> str | None:
    """Return the slug that suits a client best; None where no model is fit to be named."""
    usable = {model.slug: (model, _name(model.slug)) for model in models if _talks(model)}
    usable = {slug: found for slug, found in usable.items() if not _old(found[1])}
    own, other = (_claude_rank, _gpt_rank) if client in _ANTHROPIC else (_gpt_rank, _claude_rank)
    family = [(own(name), slug) for slug, (_, name) in usable.items() if own(name) != _NO_RANK]
    if family:
        return max(family)[1]
    if _SANDBOX in usable:
        return _SANDBOX
    newest = [
        (datetime.fromisoformat(model.created_at), other(name), _general_rank(name), slug)
        for slug, (model, name) in usable.items()
    ]
    return max(newest)[-1] if newest else None


def _talks(model: Model) -> bool:
    return model.kind == "chat" and model.status == "active" and not model.wildcard


def _name(slug: str) -> _Name:
    bare = slug.lower().rpartition("/")[2].lstrip("~")
    undated = _DATE.sub("", bare)
    parts = [part for part in re.split(r"[-.:@_]+", undated) if part not in {"", "latest", "anthropic", "us", "eu"}]
    numbers = [found for part in parts if (found := _NUMBER.fullmatch(part))]
    words = frozenset(part for part in parts if not _NUMBER.fullmatch(part))
    return _Name(words, tuple(int(found[1]) for found in numbers), undated != bare, len(slug))


def _old(name: _Name) -> bool:
    """Tell whether a model is of a past generation, or made for something else than a conversation."""
    past = any(word in name.words and () < name.version < oldest for word, oldest in _OLDEST.items())
    return past or not name.words.isdisjoint(_PASSED_OVER)


def _claude_rank(name: _Name) -> _Rank:
    """Rank by line, then version: a Sonnet first; a plain name before one with a date."""
    if "claude" not in name.words:
        return _NO_RANK
    line = next((at for at, word in enumerate(_CLAUDES, 2) if name.words == {"claude", word}), 1)
    return (1, line, name.version, not name.dated, -name.length)


def _gpt_rank(name: _Name) -> _Rank:
    """Rank by generation, then plainness, then version: ``gpt-5.1`` before ``gpt-5.1-mini`` and ``gpt-4.1``."""
    if "gpt" not in name.words or not name.version:
        return _NO_RANK
    plain = 2 if name.words == {"gpt"} else 1
    return (2 if name.version >= _GPT else 1, plain, name.version, not name.dated, -name.length)


def _general_rank(name: _Name) -> tuple[bool, tuple[int, ...], bool, int]:
    return (name.words.isdisjoint(_UNFINISHED), name.version, not name.dated, -name.length)
