"""One raw answer of a provider, and what must come of it.

Expected counts and money are worked out by hand from the vendor's own rule. Money is written as tokens times
nano-dollars per token: a rate of $2.50 per million tokens is 2,500 nano-dollars a token.
"""

from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
SSE = "text/event-stream"

ASK = "hello world"
"""What every request says: two tokens of o200k_base, as everybody can check with OpenAI's tokenizer page."""


@dataclass(frozen=True)
class Case:
    """One answer. ``kind`` and ``vendor`` say who serves it: the kind of provider here, and the catalogue's name."""

    name: str
    rule: str
    dialect: str
    vendor: str
    model: str
    answer: bytes
    counts: dict[str, int]
    nano: int
    kind: str = ""
    stream: bool = False
    basis: str | None = "catalogue"
    source: str = "reported"
    state: str = "complete"
    error: str | None = None
    status: int = 200
    tier: str | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    asks_usage: bool = True
    """Whether a streaming client of Chat asks for usage itself; where not, the gateway does so for it."""
    hidden: bytes = b""
    """What of the answer the client must not get."""
    prices: tuple[str, ...] = ()
    """Input, output, cached, write and 1-hour-write rates that an administrator set; fewer are left out."""
    free: bool = False
    live: bool = True
    """False where the price depends on the hour or date, so that only a fixed moment can be asked."""
    action: str = "generateContent"

    @property
    def media_type(self) -> str:
        """What the provider calls its answer."""
        return self.content_type or (SSE if self.stream else JSON)


def sse(*data: str, end: str = "\n\n") -> bytes:
    """Frame raw payloads as events without names."""
    return "".join(f"data: {one}{end}" for one in data).encode()


def named(*events: tuple[str, str]) -> bytes:
    """Frame raw payloads as events with names."""
    return "".join(f"event: {name}\ndata: {data}\n\n" for name, data in events).encode()
