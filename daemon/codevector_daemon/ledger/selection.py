"""Which calls a question is about: nothing said means everybody and everything."""

from typing import TypedDict

import sqlalchemy as sa

from codevector_daemon.ledger.event import Series
from codevector_daemon.store.schema import series


class Only(TypedDict, total=False):
    """Values of dimensions to keep to; None is no restriction, ``""`` means calls where the dimension is unknown."""

    user_id: int | None
    key_id: int | None
    client_app: str | None
    project: str | None
    model: str | None
    provider: str | None
    upstream_model: str | None


def conditions(only: Only) -> list[sa.ColumnElement[bool]]:
    """Return the restriction as conditions on the series table."""
    return [series.c[name] == value for name, value in only.items() if value is not None]


def matches(dimensions: Series, only: Only) -> bool:
    """Tell the same of a series in memory."""
    return all(value is None or getattr(dimensions, name) == value for name, value in only.items())
