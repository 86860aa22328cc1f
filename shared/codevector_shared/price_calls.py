"""The control client's calls about prices."""

from typing import Any, TypeVar
from urllib.parse import quote

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

T = TypeVar("T")


class PriceCalls:
    """Mixed into the client, which owns the connection."""

    _connection: Any

    async def request_price(self, request_id: str) -> RequestPrice:
        """Return how the price of a request came about."""
        return await self._call("GET", f"/requests/{quote(request_id, safe='')}/price", RequestPrice)

    async def price_card(self, slug: str) -> PriceCard:
        """Return a model's rates as they are now."""
        return await self._call("GET", f"/prices/{quote(slug, safe='/')}", PriceCard)

    async def price_health(self) -> PriceHealth:
        """Return the models whose price deserves a look."""
        return await self._call("GET", "/doctor/prices", PriceHealth)

    async def daily_models(self, first: str, last: str, *, provider: str | None = None) -> DailyModels:
        """Return usage by UTC day and upstream model."""
        query = {"from": first, "to": last, "provider": provider}
        return await self._call("GET", "/usage/daily-models", DailyModels, query=query)

    async def reprice(self, order: RepriceOrder) -> Repricing:
        """Have the prices of a window worked out again."""
        return await self._call("POST", "/usage/reprice", Repricing, body=order)

    async def catalogue(self) -> CatalogueInfo:
        """Return the price catalogue in use."""
        return await self._call("GET", "/catalogue", CatalogueInfo)

    async def sync_catalogue(self, content: bytes, *, source: str, apply: bool) -> CatalogueChange:
        """Send a catalogue; it is only compared, unless ``apply``."""
        query = {"source": source, "apply": apply}
        return await self._call("POST", "/catalogue", CatalogueChange, query=query, body=content)

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Any = None,  # noqa: ANN401 - as the connection takes it
        body: Any = None,  # noqa: ANN401
    ) -> T:
        found: T = await self._connection.call(method, path, answer, query=query, body=body)
        return found
