from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from codevector_daemon.dialects.base import Dialect
from codevector_daemon.dialects.chat import ChatDialect
from codevector_daemon.dialects.completions import CompletionsDialect
from codevector_daemon.dialects.embeddings import EmbeddingsDialect
from codevector_daemon.dialects.gemini import GeminiDialect
from codevector_daemon.dialects.messages import MessagesDialect
from codevector_daemon.dialects.responses import ResponsesDialect

_SPOKEN: Final[tuple[Dialect, ...]] = (
    ChatDialect(),
    ResponsesDialect(),
    MessagesDialect(),
    GeminiDialect(),
    CompletionsDialect(),
    EmbeddingsDialect(),
)

by_name: Final[Mapping[str, Dialect]] = MappingProxyType({dialect.name: dialect for dialect in _SPOKEN})
"""Every dialect spoken here, by its name in settings, rows and flags."""
