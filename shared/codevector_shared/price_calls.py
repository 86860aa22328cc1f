"""The control client's calls about prices."""

from typing import cast
from urllib.parse import quote

import msgspec

from codevector_shared.connection import Connection
from codevector_shared.price_protocol import (
    CatalogueChange,
    CatalogueInfo,
    DailyModels,
    PriceCard,
    PriceHealth,
    RepriceOrder,
    Repricing,
    RequestPrice,
)


class PriceCalls:
    """Mixed into the client, which owns the connection."""

    _connection: Connection

    async def request_price(self, request_id: str) -> RequestPrice:
        """Return how the price of a request came about."""
        return await self._connection.call("GET", f"/requests/{quote(request_id, safe='')}/price", RequestPrice)

    async def price_card(self, slug: str) -> PriceCard:
        """Return a model's rates as they are now."""
        return await self._connection.call("GET", f"/prices/{quote(slug, safe='/')}", PriceCard)

    async def price_health(self) -> PriceHealth:
        """Return the models whose price deserves a look."""
        return await self._connection.call("GET", "/doctor/prices", PriceHealth)

    async def daily_models(self, first: str, last: str, *, provider: str | None = None) -> DailyModels:
        """Return usage by UTC day and upstream model."""
        query = {"from": first, "to": last, "provider": provider}
        return await self._connection.call("GET", "/usage/daily-models", DailyModels, query=query)

    async def reprice(self, order: RepriceOrder) -> Repricing:
        """Have the prices of a window worked out again."""
        return await self._connection.call("POST", "/usage/reprice", Repricing, body=order, patient=True)

    async def catalogue(self) -> CatalogueInfo:
        """Return the price catalogue in use."""
        return await self._connection.call("GET", "/catalogue", CatalogueInfo)

    async def sync_catalogue(self, content: bytes, *, source: str, apply: bool) -> CatalogueChange:
        """Send a catalogue; it is only compared, unless ``apply``."""
        query: dict[str, str | int | bool | None] = {"source": source, "apply": apply}
        body = cast("msgspec.Struct", msgspec.Raw(content))  # is sent as it is
        return await self._connection.call("POST", "/catalogue", CatalogueChange, query=query, body=body)
