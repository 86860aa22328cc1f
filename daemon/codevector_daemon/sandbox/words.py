"""What the sandbox says: sentences about code that follow from the prompt alone."""

from collections.abc import Iterator
from random import Random

_OPENINGS = (
    "Here is what I found.",
    "Let me walk through it.",
    "Short answer first.",
    "I looked at the code you sent.",
    "That is a fair question.",
    "Good catch.",
)
_SUBJECTS = (
    "the parser",
    "this function",
    "the retry loop",
    "your test",
    "the cache",
    "the migration",
    "the request handler",
    "this query",
    "the worker",
    "the type of the return value",
    "the config loader",
)
_VERBS = (
    "reads",
    "keeps",
    "drops",
    "copies",
    "hides",
    "checks",
    "repeats",
    "ignores",
    "closes",
    "waits for",
    "returns",
)
_OBJECTS = (
    "the last item",
    "an open file",
    "the wrong default",
    "a value that may be null",
    "the same row twice",
    "every error",
    "the lock",
    "one byte too many",
    "the timeout",
    "the old schema",
)
_TAILS = (
    "when the list is empty",
    "before the transaction commits",
    "on every call",
    "after a restart",
    "if two tasks run at once",
    "in the slow path",
    "so the second test fails",
    "which is what you want here",
)
_ADVICE = (
    "Move the check up by one line and add a test for it.",
    "A small dataclass would make that clearer.",
    "I would return early instead.",
    "Rename it and the comment becomes unnecessary.",
    "Run the tests again; they should pass now.",
    "Nothing else depends on it, so the change is safe.",
)
_ONE_IN = 4


def pieces(random: Random, count: int) -> tuple[str, ...]:
    """Return ``count`` pieces of text, a word with its space each, which is what the sandbox calls a token."""
    words = _words(random)
    return tuple(next(words) if at == 0 else f" {next(words)}" for at in range(count))


def _words(random: Random) -> Iterator[str]:
    yield from random.choice(_OPENINGS).split(" ")
    while True:
        yield from _sentence(random).split(" ")


def _sentence(random: Random) -> str:
    if random.randrange(_ONE_IN) == 0:
        return random.choice(_ADVICE)
    subject, verb, thing, tail = (random.choice(each) for each in (_SUBJECTS, _VERBS, _OBJECTS, _TAILS))
    return f"{subject.capitalize()} {verb} {thing} {tail}."
