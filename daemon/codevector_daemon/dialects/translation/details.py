"""``reasoning_details``: how clients of Chat Completions carry thoughts with signatures, in OpenRouter's shape."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from codevector_daemon.dialects.translation.canonical import Thinking
from codevector_daemon.dialects.translation.marks import marked, unmarked


def read_details(details: Iterable[Mapping[str, Any]]) -> Iterator[Thinking]:
    """Return the thoughts in a message's details; entries of other kinds are skipped."""
    for entry in details:
        text, signature, data = (entry.get(name) for name in ("text", "signature", "data"))
        match entry.get("type"):
            case "reasoning.text":
                vendor, own = unmarked(signature if isinstance(signature, str) else "", "chat")
                yield Thinking(text if isinstance(text, str) else "", own, vendor)
            case "reasoning.encrypted" if isinstance(data, str):
                vendor, own = unmarked(data, "chat")
                yield Thinking("", own, vendor, redacted=True)
            case "reasoning.summary":
                summary = entry.get("summary")
                yield Thinking(summary if isinstance(summary, str) else "", "", "chat")
            case _:
                continue


def detail(thought: Thinking, index: int) -> dict[str, Any]:
    """Return a thought as one entry; its signature is marked with its vendor."""
    mark = marked(thought.vendor, thought.signature)
    if thought.redacted:
        return {"type": "reasoning.encrypted", "data": mark, "format": "unknown", "index": index}
    return {"type": "reasoning.text", "text": thought.text, "signature": mark, "format": "unknown", "index": index}
