"""Administration of model facades and what stands behind them."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import UNSET

from codevector_daemon.directory import checks
from codevector_daemon.directory.change import Change
from codevector_daemon.directory.directory import Directory
from codevector_daemon.directory.values import Facade, Provider
from codevector_daemon.errors import DirectoryError
from codevector_daemon.store import schema
from codevector_shared.protocol import Backend, ModelCreate, ModelKind, ModelPatch, PriceOverride

_GENERATING: Final = frozenset({"chat", "responses", "messages", "gemini", "completions"})
_WEIGHTS: Final = range(1, 1001)
_PRIORITIES: Final = range(1001)
_BACKEND_LIMIT: Final = 20

Columns = dict[str, object]


def one(directory: Directory, slug: str) -> Facade:
    """Return the model of that slug; raises DirectoryError 404."""
    found = directory.facade(slug)
    if found is None:
        raise checks.missing("model", slug, [facade.slug for facade in directory.facades()])
    return found


async def create(directory: Directory, order: ModelCreate, *, actor: str) -> Facade:
    """Add a model facade. No provider is called."""
    slug = checks.slug(order.slug)
    columns = _columns(order)
    backends = _backends(directory, order.backends, order.kind)

    def act(change: Change) -> None:
        table = schema.models
        if change.connection.scalar(sa.select(table.c.id).where(table.c.slug == slug)) is not None:
            raise DirectoryError(
                "model_exists",
                f"slug: there is a model {checks.shown(slug)} already",
                f"Choose another slug, or change that one: `codevector models set {slug}`.",
                status=409,
            )
        _insert(change, columns, backends)

    await directory.change(act, actor=actor)
    return one(directory, slug)


async def create_missing(
    directory: Directory, orders: Iterable[ModelCreate], *, actor: str
) -> tuple[list[str], list[str]]:
    """Add those facades whose slug is free, all in one transaction; return the slugs added and those kept."""
    wanted = {order.slug: (_columns(order), _backends(directory, order.backends, order.kind)) for order in orders}

    def act(change: Change) -> tuple[list[str], list[str]]:
        taken = set(change.connection.scalars(sa.select(schema.models.c.slug)))
        for slug in wanted.keys() - taken:
            _insert(change, *wanted[slug])
        return sorted(wanted.keys() - taken), sorted(wanted.keys() & taken)

    return await directory.change(act, actor=actor)


async def patch(directory: Directory, slug: str, wish: ModelPatch, *, actor: str) -> Facade:
    """Change a model facade; a price of ``None`` goes back to the catalogue."""
    found = one(directory, slug)
    columns = _changed_columns(wish)
    backends = None if wish.backends is UNSET else _backends(directory, wish.backends, found.kind)

    def act(change: Change) -> None:
        if not columns and backends is None:
            return
        if columns:
            change.connection.execute(sa.update(schema.models).where(schema.models.c.id == found.id).values(columns))
        if backends is not None:
            change.connection.execute(sa.delete(schema.backends).where(schema.backends.c.model_id == found.id))
            _insert_backends(change, found.id, backends)
        change.note("model.change", slug, **columns, **({} if backends is None else {"backends": _told(backends)}))

    await directory.change(act, actor=actor)
    return one(directory, slug)


async def remove(directory: Directory, slug: str, *, actor: str) -> None:
    """Remove a model facade; what it cost stays in the ledger under its slug."""
    found = one(directory, slug)

    def act(change: Change) -> None:
        change.connection.execute(sa.delete(schema.backends).where(schema.backends.c.model_id == found.id))
        if change.connection.execute(sa.delete(schema.models).where(schema.models.c.id == found.id)).rowcount:
            change.note("model.remove", slug)

    await directory.change(act, actor=actor)


class _Way(msgspec.Struct, frozen=True):
    """A backend whose provider is known to exist."""

    provider: Provider
    wish: Backend


def _columns(order: ModelCreate) -> Columns:
    slug = checks.slug(order.slug)
    if order.free and order.price is not None:
        raise _free_and_priced()
    return {
        "slug": slug,
        "display_name": slug if order.display_name is None else checks.label("display_name", order.display_name),
        "kind": order.kind,
        "status": "active",
        "price": _stored_price(order.price),
        "free": order.free,
        "context_window": checks.positive("context_window", order.context_window),
        "max_output": checks.positive("max_output", order.max_output),
    }


def _changed_columns(wish: ModelPatch) -> Columns:
    columns: Columns = {}
    if wish.display_name is not UNSET:
        columns["display_name"] = checks.label("display_name", wish.display_name)
    if wish.status is not UNSET:
        columns["status"] = wish.status
    if wish.context_window is not UNSET:
        columns["context_window"] = checks.positive("context_window", wish.context_window)
    if wish.max_output is not UNSET:
        columns["max_output"] = checks.positive("max_output", wish.max_output)
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


def _backends(directory: Directory, wishes: Sequence[Backend], kind: ModelKind) -> list[_Way]:
    if not 1 <= len(wishes) <= _BACKEND_LIMIT:
        raise DirectoryError(
            "invalid_backend",
            f"backends: expected 1 to {_BACKEND_LIMIT}, got {len(wishes)}",
            "A backend is PROVIDER/UPSTREAM_MODEL, such as openai/gpt-5-mini.",
        )
    if len({(wish.provider, wish.upstream_model) for wish in wishes}) < len(wishes):
        raise DirectoryError("invalid_backend", "backends: the same backend is named twice")
    return [_Way(_provider(directory, wish, kind), wish) for wish in wishes]


def _provider(directory: Directory, wish: Backend, kind: ModelKind) -> Provider:
    checks.upstream_model(wish.upstream_model)
    if wish.weight not in _WEIGHTS or wish.priority not in _PRIORITIES:
        raise DirectoryError(
            "invalid_backend", "backends: expected a weight from 1 to 1000 and a priority from 0 (tried first) to 1000"
        )
    found = directory.provider(wish.provider)
    if found is None:
        known = [provider.name for provider in directory.providers()]
        raise DirectoryError(
            "unknown_provider",
            f"backends: there is no provider {checks.shown(wish.provider)}",
            checks.listing("provider", known),
        )
    if not _speaks(found, kind):
        raise DirectoryError(
            "invalid_backend",
            f"backends: provider {found.name} speaks {', '.join(found.dialects)}, which serves no {kind} model",
            "Add the provider again with the --dialect it needs.",
        )
    return found


def _speaks(provider: Provider, kind: ModelKind) -> bool:
    return "embeddings" in provider.dialects if kind == "embedding" else bool(_GENERATING & set(provider.dialects))


def _insert(change: Change, columns: Columns, backends: Sequence[_Way]) -> None:
    inserted = change.connection.execute(
        sa.insert(schema.models).values(columns | {"created_ms": change.now_ms}).returning(schema.models.c.id)
    )
    _insert_backends(change, inserted.scalar_one(), backends)
    change.note("model.create", str(columns["slug"]), backends=_told(backends))


def _insert_backends(change: Change, model_id: int, backends: Sequence[_Way]) -> None:
    for way in backends:
        _refuse_gone(change, way.provider)
        change.connection.execute(
            sa.insert(schema.backends).values(
                model_id=model_id,
                provider_id=way.provider.id,
                upstream_model=way.wish.upstream_model,
                priority=way.wish.priority,
                weight=way.wish.weight,
            )
        )


def _refuse_gone(change: Change, provider: Provider) -> None:
    """Refuse a provider that another process removed a moment ago."""
    table = schema.providers
    if change.connection.scalar(sa.select(table.c.id).where(table.c.id == provider.id)) is None:
        raise DirectoryError("unknown_provider", f"backends: there is no provider {checks.shown(provider.name)}")


def _told(backends: Sequence[_Way]) -> list[str]:
    return [f"{way.provider.name}/{way.wish.upstream_model}" for way in backends]
