"""Which facade answers to a name: its slug, an alias, or the most specific wildcard of that form.

A draft stands aside: where another facade answers to its name, that one does. A disabled one does not, so disabling
one model closes it though a wildcard would let it through.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import replace

from codevector_daemon.directory.values import Facade

NAME_LIMIT: Final = 128
"""Characters of a name that a wildcard answers to: it becomes a dimension of the ledger."""
ASKED: Final = "*"
"""A wildcard's upstream model that stands for the very name that was asked for."""
_EMBEDS: Final = re.compile("embed(?!ded)", re.IGNORECASE)


class Pattern(Struct, frozen=True):
    """A slug with one ``*``."""

    begin: str
    end: str

    @classmethod
    def of(cls, slug: str) -> Self:
        """Read a slug with one ``*``; one without matches only itself."""
        begin, _, end = slug.partition("*")
        return cls(begin, end)

    def fits(self, name: str) -> bool:
        """Tell whether a name has this form, with at least one character for the ``*``."""
        longer = len(name) > len(self.begin) + len(self.end)
        return longer and name.startswith(self.begin) and name.endswith(self.end)

    @property
    def rank(self) -> tuple[int, int]:
        """Return how specific it is: by what is fixed of it, then by its beginning."""
        return len(self.begin) + len(self.end), len(self.begin)


class Names(Struct, frozen=True):
    """Every name of every facade; ``wildcards`` are the most specific first."""

    by_slug: Mapping[str, Facade]
    by_alias: Mapping[str, Facade]
    wildcards: tuple[tuple[Pattern, Facade], ...]

    @classmethod
    def of(cls, facades: Iterable[Facade]) -> Self:
        """Sort facades by their names."""
        known = list(facades)
        wild = [(Pattern.of(facade.slug), facade) for facade in known if facade.is_wildcard]
        return cls(
            by_slug={facade.slug: facade for facade in known},
            by_alias={alias: facade for facade in known for alias in facade.aliases},
            wildcards=tuple(sorted(wild, key=lambda pair: pair[0].rank, reverse=True)),
        )

    def answering(self, name: str) -> Facade | None:
        """Return who answers to a name; a wildcard as the facade that it is for this name."""
        named = self.named(name)
        if named is not None and named.status != "draft" and not named.is_wildcard:
            return named
        return self._wild(name) or (None if named is None or named.is_wildcard else named)

    def named(self, name: str) -> Facade | None:
        """Return the facade with this slug or alias; a wildcard by its own slug only."""
        return self.by_slug.get(name) or self.by_alias.get(name)

    def _wild(self, name: str) -> Facade | None:
        if len(name) > NAME_LIMIT or not name.isprintable() or "*" in name or name != name.strip():
            return None
        for pattern, facade in self.wildcards:
            if facade.status != "draft" and pattern.fits(name):
                return concrete(facade, name)
        return None


def concrete(wildcard: Facade, name: str) -> Facade:
    """Return what a wildcard is for one name: that name is what it is counted under, and lists it as one kind."""
    backends = tuple(
        replace(way, upstream_model=name) if way.upstream_model == ASKED else way for way in wildcard.backends
    )
    return replace(
        wildcard,
        slug=name,
        display_name=name,
        kind="embedding" if names_embeddings(name) else wildcard.kind,
        backends=backends,
        aliases=(),
        matched=wildcard.slug,
    )


def names_embeddings(name: str) -> bool:
    """Tell whether a vendor's name for a model is one of an embedding model; ``embedded`` is what others run in."""
    return _EMBEDS.search(name) is not None
