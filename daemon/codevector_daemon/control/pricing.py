"""The routes about prices, on the control socket only."""

from quart import Blueprint

from codevector_daemon.control import price_cards, price_health, repricing
from codevector_daemon.control.price_health import DailyQuery
from codevector_daemon.control.services import Services
from codevector_daemon.control.typed import typed
from codevector_shared.price_protocol import (
    DailyModels,
    PriceCard,
    PriceHealth,
    RepriceOrder,
    Repricing,
    RequestPrice,
)


def add_pricing(routes: Blueprint, services: Services) -> None:
    """Add the routes that show prices, look after them and put them right."""

    @routes.get("/requests/<request_id>/price")
    @typed(RequestPrice)
    async def request_price(request_id: str) -> RequestPrice:
        """Show how the price of one request came about, line by line."""
        return await price_cards.request_price(services, request_id)

    @routes.get("/prices/<path:slug>")
    @typed(PriceCard)
    async def price_card(slug: str) -> PriceCard:
        """Show a model's rates as they are now, their source, and a worked example."""
        return price_cards.price_card(services, slug)

    @routes.get("/doctor/prices")
    @typed(PriceHealth)
    async def doctor_prices() -> PriceHealth:
        """Name the models whose price deserves a look."""
        return await price_health.price_health(services)

    @routes.get("/usage/daily-models")
    @typed(DailyModels, query=DailyQuery)
    async def daily_models(query: DailyQuery) -> DailyModels:
        """Add up usage by UTC day and upstream model, to hold against a provider's own export."""
        return await price_health.daily_models(services, query)

    @routes.post("/usage/reprice")
    @typed(Repricing, body=RepriceOrder)
    async def reprice(body: RepriceOrder) -> Repricing:
        """Work out the prices of a window again, and rewrite rows and buckets in one step unless it is a dry run."""
        return await repricing.reprice(services, body)
