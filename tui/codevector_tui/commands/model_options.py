"""The options that describe a model facade, for adding one and for changing it."""

from collections.abc import Sequence
from typing import Any, Final

import click
import msgspec
from msgspec import UNSET

from codevector_shared.protocol import Backend, ModelKind, ModelPatch, PriceOverride

PRICES: Final = ("input_price", "output_price", "cached_price", "cache_write_price", "cache_write_1h_price")
UNSETTABLE: Final = ("alias", "capability", "context-window", "max-output")

_FACADE_OPTIONS = (
    click.option(
        "--priority",
        "priorities",
        multiple=True,
        metavar="BACKEND=N",
        help="When a backend is tried: 0 first, equal ones by weight; without it, in the order given.",
    ),
    click.option(
        "--weight", "weights", multiple=True, metavar="BACKEND=N", help="A backend's share among those of one priority."
    ),
    click.option("--alias", "aliases", multiple=True, metavar="NAME", help="Another name of it; repeatable."),
    click.option(
        "--capability",
        "capabilities",
        multiple=True,
        metavar="WORD",
        help="What it can do, such as vision; repeatable.",
    ),
    click.option("--context-window", type=click.IntRange(min=1), metavar="TOKENS", help="How much it can read."),
    click.option("--max-output", type=click.IntRange(min=1), metavar="TOKENS", help="How much it can write."),
)


def price_options(command: Any) -> Any:  # noqa: ANN401 — a decorator of whatever click hands on
    """Give a command an option for each rate."""
    for name in reversed(PRICES):
        flag = f"--{name.replace('_', '-')}"
        command = click.option(flag, metavar="USD", help="USD per million tokens, instead of the catalogue's.")(command)
    return command


def facade_options(command: Any) -> Any:  # noqa: ANN401 — a decorator of whatever click hands on
    """Give a command the options for what else a facade has."""
    for option in reversed(_FACADE_OPTIONS):
        command = option(command)
    return command


def parsed(backends: tuple[str, ...]) -> list[Backend]:
    """Read ``PROVIDER/UPSTREAM_MODEL[,…]``: an upstream model may have slashes of its own, a provider has none."""
    found: list[Backend] = []
    for word in (part.strip() for given in backends for part in given.split(",")):
        provider, slash, upstream = word.partition("/")
        if not (provider and slash and upstream):
            raise click.UsageError(f"--backend {word!r} is not PROVIDER/UPSTREAM_MODEL, such as openai/gpt-5")
        found.append(Backend(provider, upstream, priority=len(found)))
    return found


def arranged(backends: list[Backend], priorities: Sequence[str], weights: Sequence[str]) -> list[Backend]:
    """Give backends their priorities and weights; one is named by PROVIDER/UPSTREAM_MODEL, or PROVIDER alone."""
    for flag, field, words in (("--priority", "priority", priorities), ("--weight", "weight", weights)):
        for word in words:
            name, equals, number = word.rpartition("=")
            if not (name and equals and number.isascii() and number.isdigit()):
                raise click.UsageError(f"{flag} {word!r} is not BACKEND=N, such as openai/gpt-5=2")
            hits = [each for each in backends if name in {each.provider, f"{each.provider}/{each.upstream_model}"}]
            if len(hits) != 1:
                raise click.UsageError(f"{flag} {name!r} names {'several' if hits else 'none'} of the backends")
            changed = msgspec.structs.replace(hits[0], **{field: int(number)})
            backends = [changed if each is hits[0] else each for each in backends]
    return backends


def changes(given: dict[str, Any], unset: Sequence[str]) -> ModelPatch:
    """Return the change that the options describe."""
    price = override({name: given[name] for name in PRICES}, given["kind"])
    if price is not None and given["catalogue_price"]:
        raise click.UsageError("give prices or --catalogue-price, not both")
    fields: dict[str, Any] = {
        name: UNSET if given[name] is None else given[name]
        for name in ("display_name", "kind", "free", "status", "context_window", "max_output")
    }
    for name in ("aliases", "capabilities"):
        fields[name] = list(given[name]) or UNSET
    for name in unset:
        field = {"alias": "aliases", "capability": "capabilities"}.get(name, name.replace("-", "_"))
        if fields[field] is not UNSET:
            raise click.UsageError(f"--{name} is given and taken away at once")
        fields[field] = [] if field == "aliases" else None
    return ModelPatch(
        **fields,
        backends=parsed(given["backends"]) if given["backends"] else UNSET,
        price=None if given["catalogue_price"] else UNSET if price is None else price,
    )


def override(prices: dict[str, str | None], kind: ModelKind | None = None) -> PriceOverride | None:
    """Return the prices given, if any; input and output belong together, but an embedding puts nothing out."""
    if not any(prices.values()):
        return None
    first, second = prices["input_price"], prices["output_price"]
    if second is None and kind == "embedding":
        second = "0"
    if first is None or second is None:
        raise click.UsageError("--input-price and --output-price are both needed where one price is given")
    rest = {name: prices[name] for name in PRICES[2:]}
    return PriceOverride(first, second, **rest)
