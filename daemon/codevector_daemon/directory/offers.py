"""The names that a caller finds in a list of models: what can be called as it stands."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from codevector_daemon.directory.kinds import kind_of
from codevector_daemon.directory.naming import ASKED, Pattern, concrete
from codevector_daemon.directory.values import Facade
from codevector_daemon.metering.prices import PriceBook


class Offer(Struct, frozen=True):
    """One name that can be called, and the facade that answers to it."""

    name: str
    facade: Facade


def known_names(wildcard: Facade, prices: PriceBook) -> set[str]:
    """Return the names that the catalogue knows of a wildcard's providers."""
    vendors = {kind_of(way.provider).vendor for way in wildcard.backends if way.upstream_model == ASKED}
    return {model.slug for vendor in vendors if vendor for model in prices.models(vendor)}


def offers(facades: Iterable[Facade], known: Callable[[Facade], Iterable[str]]) -> list[Offer]:
    """Return every name of the active facades, sorted: slugs, aliases, and of a wildcard those that are known.

    ``known`` names models that a wildcard's providers are known to have; where another facade has a name, that one
    is offered under it, or none when it is disabled.
    """
    everything = list(facades)
    taken = {name for facade in everything if facade.status != "draft" for name in (facade.slug, *facade.aliases)}
    found: dict[str, Facade] = {}
    for facade in everything:
        if facade.status == "active" and not facade.is_wildcard:
            found |= dict.fromkeys((facade.slug, *facade.aliases), facade)
    wild = [facade for facade in everything if facade.is_wildcard and facade.status != "draft"]
    for facade in sorted(wild, key=lambda each: Pattern.of(each.slug).rank, reverse=True):
        pattern = Pattern.of(facade.slug)
        fresh = [name for name in known(facade) if name not in taken and pattern.fits(name)]
        taken.update(fresh)
        if facade.status == "active":
            found |= {name: concrete(facade, name) for name in fresh}
    return [Offer(name, found[name]) for name in sorted(found)]
