"""Administration of model facades and what stands behind them."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import UNSET

from codevector_daemon.directory import checks, kinds
from codevector_daemon.directory.change import Change
from codevector_daemon.directory.directory import Directory
from codevector_daemon.directory.model_columns import Columns, changed_columns, checked_aliases, columns_of
from codevector_daemon.directory.naming import ASKED, names_embeddings
from codevector_daemon.directory.values import Facade, Provider
from codevector_daemon.errors import DirectoryError
from codevector_daemon.store import schema
from codevector_shared.protocol import Backend, ModelCreate, ModelKind, ModelPatch

_GENERATING: Final = frozenset({"chat", "responses", "messages", "gemini", "completions"})
_WEIGHTS: Final = range(1, 1001)
_PRIORITIES: Final = range(1001)
_BACKEND_LIMIT: Final = 20


def one(directory: Directory, slug: str) -> Facade:
    """Return the model that was set up under that slug or alias; raises DirectoryError 404."""
    found = directory.stored_facade(slug)
    if found is None:
        raise checks.missing("model", slug, [facade.slug for facade in directory.facades()])
    return found


async def create(directory: Directory, order: ModelCreate, *, actor: str) -> Facade:
    """Add a model facade. No provider is called."""
    new = _new(directory, order)

    def act(change: Change) -> None:
        if (holder := _names(change).get(new.slug)) is not None:
            raise DirectoryError(
                "model_exists",
                f"slug: there is a model {checks.shown(new.slug)} already{_as_alias(new.slug, holder)}",
                f"Choose another slug, or change that one: `codevector models set {new.slug}`.",
                status=409,
            )
        _insert(change, new)

    await directory.change(act, actor=actor)
    return one(directory, new.slug)


async def create_missing(
    directory: Directory, orders: Iterable[ModelCreate], *, actor: str
) -> tuple[list[str], list[str]]:
    """Add those facades whose slug is free, all in one transaction; return the slugs added and those kept."""
    wanted = {order.slug: _new(directory, order) for order in orders}

    def act(change: Change) -> tuple[list[str], list[str]]:
        taken = _names(change).keys()
        for slug in sorted(wanted.keys() - taken):
            _insert(change, wanted[slug])
        return sorted(wanted.keys() - taken), sorted(wanted.keys() & taken)

    return await directory.change(act, actor=actor)


def missing(directory: Directory, orders: Iterable[ModelCreate]) -> tuple[list[str], list[str]]:
    """Return the slugs that ``create_missing`` would add, and those it would keep."""
    wanted = {_new(directory, order).slug for order in orders}
    free = {slug for slug in wanted if directory.stored_facade(slug) is None}
    return sorted(free), sorted(wanted - free)


async def patch(directory: Directory, slug: str, wish: ModelPatch, *, actor: str) -> Facade:
    """Change a model facade; a price of ``None`` goes back to the catalogue."""
    found = one(directory, slug)
    columns = changed_columns(wish)
    backends = _changed_backends(directory, wish, found)
    aliases = None if wish.aliases is UNSET else checked_aliases(wish.aliases, found.slug)

    def act(change: Change) -> None:
        if not columns and backends is None and aliases is None:
            return
        if columns:
            _keep_rates(change, found.id, columns)
            change.connection.execute(sa.update(schema.models).where(schema.models.c.id == found.id).values(columns))
        if backends is not None:
            change.connection.execute(sa.delete(schema.backends).where(schema.backends.c.model_id == found.id))
            _insert_backends(change, found.id, backends)
        if aliases is not None:
            change.connection.execute(sa.delete(schema.aliases).where(schema.aliases.c.model_id == found.id))
            _insert_aliases(change, found.id, aliases)
        change.note("model.change", found.slug, **columns, **_told(backends, aliases))

    await directory.change(act, actor=actor)
    return one(directory, found.slug)


def _keep_rates(change: Change, model_id: int, columns: Columns) -> None:
    """Let a new price keep those rates of the one before that it does not name."""
    given = columns.get("price")
    before = change.connection.scalar(sa.select(schema.models.c.price).where(schema.models.c.id == model_id))
    if isinstance(given, str) and before is not None:
        named = {field: rate for field, rate in msgspec.json.decode(given).items() if rate is not None}
        columns["price"] = msgspec.json.encode(msgspec.json.decode(before) | named).decode()


async def remove(directory: Directory, slug: str, *, actor: str) -> None:
    """Remove a model facade by its own slug; what it cost stays in the ledger under it."""
    found = one(directory, slug)
    if slug in found.aliases:
        raise DirectoryError(
            "model_alias",
            f"{checks.shown(slug)} is another name of the model {checks.shown(found.slug)}",
            f"`codevector models remove {found.slug}` removes the model, with all its names.",
            status=409,
        )

    def act(change: Change) -> None:
        for table in (schema.backends, schema.aliases):
            change.connection.execute(sa.delete(table).where(table.c.model_id == found.id))
        if change.connection.execute(sa.delete(schema.models).where(schema.models.c.id == found.id)).rowcount:
            change.note("model.remove", found.slug)

    await directory.change(act, actor=actor)


class _Way(msgspec.Struct, frozen=True):
    """A backend whose provider is known to exist."""

    provider: Provider
    wish: Backend


class _New(msgspec.Struct, frozen=True):
    """A facade to write, checked."""

    slug: str
    columns: Columns
    ways: list[_Way]
    aliases: list[str]


def _new(directory: Directory, order: ModelCreate) -> _New:
    slug = checks.slug_or_wildcard(order.slug)
    kind = order.kind or _usual_kind(directory, order.backends, slug)
    ways = _backends(directory, order.backends, kind, slug)
    columns = columns_of(order, slug) | {"kind": kind}
    if order.price is None and all(kinds.costs_nothing(way.provider) for way in ways):
        columns["free"] = True
    return _New(slug, columns, ways, checked_aliases(order.aliases, slug))


def _usual_kind(directory: Directory, wishes: Sequence[Backend], slug: str) -> ModelKind:
    """Return the kind of a model that was not given one: what its backends are named for, or all that they can do."""
    for wish in wishes:
        name = slug if wish.upstream_model == ASKED else wish.upstream_model
        provider = directory.provider(wish.provider)
        if provider is None or not _speaks(provider, "embedding"):
            return "chat"
        if not names_embeddings(name) and _speaks(provider, "chat"):
            return "chat"
    return "embedding"


def _changed_backends(directory: Directory, wish: ModelPatch, found: Facade) -> list[_Way] | None:
    """Return the backends to write, if any; those that stay are held against another kind as well."""
    kind = found.kind if wish.kind is UNSET else wish.kind
    if wish.backends is not UNSET:
        return _backends(directory, wish.backends, kind, found.slug)
    if kind != found.kind:
        for way in found.backends:
            _refuse_speechless(way.provider, kind)
    return None


def _backends(directory: Directory, wishes: Sequence[Backend], kind: ModelKind, slug: str) -> list[_Way]:
    if not 1 <= len(wishes) <= _BACKEND_LIMIT:
        raise DirectoryError(
            "invalid_backend",
            f"backends: expected 1 to {_BACKEND_LIMIT}, got {len(wishes)}",
            "A backend is PROVIDER/UPSTREAM_MODEL, such as openai/gpt-5-mini.",
        )
    if len({(wish.provider, wish.upstream_model) for wish in wishes}) < len(wishes):
        raise DirectoryError("invalid_backend", "backends: the same backend is named twice")
    return [_Way(_provider(directory, wish, kind, slug), wish) for wish in wishes]


def _provider(directory: Directory, wish: Backend, kind: ModelKind, slug: str) -> Provider:
    checks.upstream_model(wish.upstream_model)
    if "*" in wish.upstream_model and ("*" not in slug or wish.upstream_model != ASKED):
        raise DirectoryError(
            "invalid_backend",
            f"backends: {checks.shown(wish.upstream_model)} is no model; a * alone stands for the name asked for,"
            " behind a slug with a * only",
        )
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
    _refuse_speechless(found, kind)
    return found


def _refuse_speechless(provider: Provider, kind: ModelKind) -> None:
    if not _speaks(provider, kind):
        raise DirectoryError(
            "invalid_backend",
            f"backends: provider {provider.name} speaks {', '.join(provider.dialects)}, which serves no {kind} model",
            f"Give it the --dialect it needs: `codevector providers set {provider.name}`.",
        )


def _speaks(provider: Provider, kind: ModelKind) -> bool:
    return "embeddings" in provider.dialects if kind == "embedding" else bool(_GENERATING & set(provider.dialects))


def _names(change: Change) -> dict[str, str]:
    """Return every name in use and the slug of the model that has it."""
    slugs = {slug: slug for slug in change.connection.scalars(sa.select(schema.models.c.slug))}
    joined = schema.aliases.join(schema.models, schema.models.c.id == schema.aliases.c.model_id)
    rows = change.connection.execute(sa.select(schema.aliases.c.alias, schema.models.c.slug).select_from(joined))
    return {row.alias: row.slug for row in rows} | slugs


def _as_alias(name: str, holder: str) -> str:
    return "" if name == holder else f", an alias of {holder}"


def _insert(change: Change, new: _New) -> None:
    inserted = change.connection.execute(
        sa.insert(schema.models).values(new.columns | {"created_ms": change.now_ms}).returning(schema.models.c.id)
    )
    model_id = inserted.scalar_one()
    _insert_backends(change, model_id, new.ways)
    _insert_aliases(change, model_id, new.aliases)
    change.note("model.create", new.slug, **_told(new.ways, new.aliases or None))


def _insert_aliases(change: Change, model_id: int, aliases: Sequence[str]) -> None:
    taken = _names(change) if aliases else {}
    for alias in aliases:
        if alias in taken:
            raise DirectoryError(
                "model_exists",
                f"aliases: {checks.shown(alias)} is the model {checks.shown(taken[alias])} already",
                status=409,
            )
        change.connection.execute(sa.insert(schema.aliases).values(alias=alias, model_id=model_id))


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


def _told(backends: Sequence[_Way] | None, aliases: Sequence[str] | None) -> dict[str, object]:
    """Return what an audit row says of backends and aliases, where they are written."""
    told: dict[str, object] = {}
    if backends is not None:
        told["backends"] = [f"{way.provider.name}/{way.wish.upstream_model}" for way in backends]
    if aliases is not None:
        told["aliases"] = list(aliases)
    return told
