"""What translation costs on top of passing the same events on: every dialect's stream read, and written in each other.

``python -m benchmarks.translating`` prints the figures: processor time, the least of a few runs.
"""

import sys
from collections.abc import Iterator

from benchmarks.figures import Figure, table
from benchmarks.yardstick import least_ms
from support.translation import wires
from support.translation.calls import made
from support.translation.said import Call, Said, Say, Think

EVENTS = 2_000
DIALECTS = ("chat", "messages", "responses", "gemini")
PAIRS = [(client, provider) for client in DIALECTS for provider in DIALECTS if client != provider]

_PIECES = tuple(f" word{at}" for at in range(EVENTS // 3))
_LONG = Said("long", (Think(_PIECES), Say(_PIECES), Call("call_1", "weather", ('{"a":"', *_PIECES, '"}'))), "tool")


def events_of(provider: str) -> list[bytes]:
    """Return a long streamed answer: thoughts, text and a call, each in many pieces."""
    return wires.STREAM[provider](_LONG)


def translate(client: str, provider: str, events: list[bytes]) -> None:
    """Translate a whole streamed answer."""
    translator = made(client, provider).stream("slug")
    for event in events:
        translator.feed(event)
    translator.finish()


def measured() -> Iterator[Figure]:
    """Measure every pair, streamed and whole."""
    for client, provider in PAIRS:
        events = events_of(provider)
        took = least_ms(lambda: translate(client, provider, events))  # noqa: B023 - called at once
        yield Figure(f"translating 100 events, {provider} to {client}", 100 * took / len(events), "ms", "< 1 ms")
    for client, provider in PAIRS:
        translation, body = made(client, provider), wires.WHOLE[provider](_LONG)
        took = least_ms(lambda: translation.whole(200, body, "slug"))  # noqa: B023 - called at once
        per_100 = 100 * took / len(events_of(provider))
        yield Figure(f"the same answer whole, per 100 of its events, {provider} to {client}", per_100, "ms", "< 1 ms")


if __name__ == "__main__":
    sys.stdout.write(table(list(measured())) + "\n")
