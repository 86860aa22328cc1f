"""What administration writes of a model facade: each value checked, as the column keeps it."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from codevector_daemon.directory import checks
from codevector_daemon.errors import DirectoryError
from codevector_shared.protocol import ModelCreate, ModelPatch, PriceOverride

_ALIAS_LIMIT: Final = 50

Columns = dict[str, object]


def columns_of(order: ModelCreate, slug: str) -> Columns:
    """Return the row of a new facade, all but its kind; raises DirectoryError."""
    if order.free and order.price is not None:
        raise _free_and_priced()
    return {
        "slug": slug,
        "display_name": slug if order.display_name is None else checks.label("display_name", order.display_name),
        "status": order.status,
        "price": _stored_price(order.price),
        "free": order.free,
        "context_window": checks.positive("context_window", order.context_window),
        "max_output": checks.positive("max_output", order.max_output),
        "capabilities": _capabilities(order.capabilities),
    }


def changed_columns(wish: ModelPatch) -> Columns:
    """Return the columns that a change writes; raises DirectoryError."""
    columns: Columns = {}
    if wish.kind is not UNSET:
        columns["kind"] = wish.kind
    if wish.display_name is not UNSET:
        columns["display_name"] = checks.label("display_name", wish.display_name)
    if wish.status is not UNSET:
        columns["status"] = wish.status
    if wish.context_window is not UNSET:
        columns["context_window"] = checks.positive("context_window", wish.context_window)
    if wish.max_output is not UNSET:
        columns["max_output"] = checks.positive("max_output", wish.max_output)
    if wish.capabilities is not UNSET:
        columns["capabilities"] = _capabilities(wish.capabilities)
    return columns | _changed_price(wish)


def _changed_price(wish: ModelPatch) -> Columns:
    """Return what to write: a price ends being free, and being free ends a price."""
    price = None if wish.price is UNSET else wish.price
    if wish.free is True and price is not None:
        raise _free_and_priced()
    columns: Columns = {}
    if wish.price is not UNSET:
        columns |= {"price": _stored_price(price), "free": False}
    if wish.free is not UNSET:
        columns["free"] = wish.free
        if wish.free:
            columns["price"] = None
    return columns


def _free_and_priced() -> DirectoryError:
    return DirectoryError("invalid_price", "free: a model is either free or has a price", "Give one of the two.")


def _stored_price(price: PriceOverride | None) -> str | None:
    if price is None:
        return None
    given = {
        field: checks.price(field, rate) for field, rate in msgspec.structs.asdict(price).items() if rate is not None
    }
    return msgspec.json.encode(PriceOverride(**given)).decode()


def _capabilities(words: list[str] | None) -> str | None:
    if words is None:
        return None
    return msgspec.json.encode(sorted({checks.capability(word) for word in words})).decode()


def checked_aliases(names: Sequence[str], slug: str) -> list[str]:
    """Return the other names of a model; raises DirectoryError."""
    if names and "*" in slug:
        raise DirectoryError("invalid_alias", f"aliases: the wildcard {slug} has no other names")
    if len(names) > _ALIAS_LIMIT:
        raise DirectoryError("invalid_alias", f"aliases: expected at most {_ALIAS_LIMIT}, got {len(names)}")
    return sorted({checks.alias(name) for name in names} - {slug})
