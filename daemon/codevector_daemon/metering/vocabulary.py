"""OpenAI's ``o200k_base`` vocabulary, shipped inside the package: nothing is ever downloaded."""

import base64
import hashlib
import lzma
import threading
from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tiktoken import Encoding

SHA256: Final = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
"""Of the unpacked vocabulary, as OpenAI publishes it."""

PIECE: Final = 64 * 1024
"""Characters encoded at a time: a million spaces in one piece overflow the stack of tiktoken's regular expressions."""

_FILE: Final = "o200k_base.tiktoken.xz"

_PATTERN: Final = "|".join(  # noqa: FLY002 - one alternative per line
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
"""How o200k_base cuts text before merging (tiktoken_ext.openai_public)."""


class VocabularyDamaged(RuntimeError):
    """The vocabulary in the package is not the published one."""


class Vocabulary:
    """Loads the encoding once, when it is first used, whichever thread comes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._encoding: Encoding | None = None

    def count(self, text: str) -> int:
        """Return how many tokens a text has. Special tokens are taken as the plain text they are."""
        encoding = self._loaded()
        return sum(len(encoding.encode_ordinary(piece)) for piece in pieces(text))

    def _loaded(self) -> "Encoding":
        with self._lock:
            if self._encoding is None:
                self._encoding = _load()
            return self._encoding


def pieces(text: str, size: int = PIECE) -> Iterator[str]:
    """Cut a text before a space near every ``size`` characters, so that hardly a token is cut in two."""
    start = 0
    while start < len(text):
        stop = start + size
        space = text.rfind(" ", start + size // 2, stop) if stop < len(text) else -1
        stop = space if space > start else stop
        yield text[start:stop]
        start = stop


def _load() -> "Encoding":
    from tiktoken import Encoding  # noqa: PLC0415 - 20 MB that only an estimate needs

    packed = (files("codevector_daemon.metering") / "data" / _FILE).read_bytes()
    unpacked = lzma.decompress(packed)
    if hashlib.sha256(unpacked).hexdigest() != SHA256:
        raise VocabularyDamaged(f"{_FILE} in the installed package is damaged; install CodeVector again")
    ranks = {}
    for line in unpacked.splitlines():
        token, _, rank = line.partition(b" ")
        ranks[base64.b64decode(token)] = int(rank)
    return Encoding("o200k_base", pat_str=_PATTERN, mergeable_ranks=ranks, special_tokens={})
