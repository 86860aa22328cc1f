"""What every message is, and what the answer says where something went wrong."""

from typing import Annotated

from msgspec import Meta, Struct

Name = Annotated[str, Meta(min_length=1, max_length=128)]


class Message(Struct, frozen=True, forbid_unknown_fields=True):
    """A request body: what it does not know is refused, with the field named."""


class Answer(Struct, frozen=True):
    """An answer: a newer daemon may add fields, an older client ignores them."""


class Problem(Answer, frozen=True):
    """What went wrong, and what to do about it."""

    code: str
    message: str
    hint: str | None = None


class Failure(Answer, frozen=True):
    """The body of every control answer that is not 2xx."""

    error: Problem
