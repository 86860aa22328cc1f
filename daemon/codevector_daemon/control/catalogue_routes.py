"""The price catalogue: what is in use, and putting another in its place. Overrides are never touched."""

import asyncio
from typing import Annotated, Final

from msgspec import Meta
from quart import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge

from codevector_daemon.control.asked import Asked
from codevector_daemon.control.services import Services
from codevector_daemon.control.typed import typed
from codevector_daemon.directory.change import Change
from codevector_daemon.errors import DirectoryError
from codevector_daemon.metering import sync
from codevector_daemon.metering.sync import CatalogueRefused, Difference, Synced
from codevector_shared.periods import iso
from codevector_shared.price_protocol import CatalogueChange, CatalogueEntry, CatalogueInfo

LARGEST_BYTES: Final = 32 * 1024 * 1024
_DAY_MS: Final = 86_400_000


class SyncQuery(Asked, frozen=True, kw_only=True):
    """Where the catalogue in the body comes from, and whether it is to be used."""

    source: Annotated[str, Meta(min_length=1, max_length=500)]
    apply: bool = False


def add_catalogue(routes: Blueprint, services: Services) -> None:
    """Add ``/catalogue``."""

    @routes.get("/catalogue")
    @typed(CatalogueInfo)
    async def show_catalogue() -> CatalogueInfo:
        """Show the price catalogue in use: version, source and age."""
        return await asyncio.to_thread(_info, services)

    @routes.post("/catalogue")
    @typed(CatalogueChange, query=SyncQuery)
    async def sync_catalogue(query: SyncQuery) -> CatalogueChange:
        """Compare a catalogue (the body, as genai-prices publishes it) with the one in use, and apply it if asked."""
        return await _sync(services, query, await _content())


def _info(services: Services) -> CatalogueInfo:
    book = services.prices
    vendors, models = sync.size(book.catalogue)
    applied = book.applied_ms
    return CatalogueInfo(
        version=book.version,
        source=book.source,
        applied_at=iso(applied, services.ledger.zone) if applied is not None else None,
        age_days=(services.now_ms() - applied) // _DAY_MS if applied is not None else None,
        vendors=vendors,
        models=models,
        synced=applied is not None,
    )


async def _content() -> bytes:
    request.max_content_length = LARGEST_BYTES
    try:
        content = await request.get_data(as_text=False)
    except RequestEntityTooLarge as large:
        raise DirectoryError("too_large", f"body: at most {LARGEST_BYTES:,} bytes are taken", status=413) from large
    return content if isinstance(content, bytes) else content.encode()


async def _sync(services: Services, query: SyncQuery, content: bytes) -> CatalogueChange:
    book = services.prices
    try:
        new = await asyncio.to_thread(sync.compile_content, content)
        await asyncio.to_thread(sync.check, book.catalogue, new)
    except CatalogueRefused as refused:
        raise DirectoryError(
            "catalogue_refused", f"catalogue: {refused}", "The one in use stays; nothing was changed."
        ) from refused
    difference = await asyncio.to_thread(sync.compare, book.catalogue, new)
    if query.apply:
        await _apply(services, Synced(query.source, services.now_ms(), new))
    return CatalogueChange(
        version=f"genai-prices {new.version}",
        source=query.source,
        applied=query.apply,
        **{name: [_entry(one) for one in getattr(difference, name)] for name in Difference.__struct_fields__},
    )


async def _apply(services: Services, kept: Synced) -> None:
    """Write the audit row, then use the catalogue."""
    before = services.prices.version

    def act(change: Change) -> None:
        change.note("catalogue.apply", kept.catalogue.version, source=kept.source, before=before)

    await services.directory.change(act, actor=services.directory.owner.user_name)
    try:
        services.prices.adopt(kept)
    except OSError as error:
        raise DirectoryError(
            "catalogue_not_kept",
            f"catalogue: it cannot be written: {error.strerror}",
            "Check the permissions of the daemon's folder; the old one stays.",
            status=503,
        ) from error


def _entry(change: sync.Change) -> CatalogueEntry:
    return CatalogueEntry(change.vendor, change.model, change.before, change.after)
