"""``codevector models``: the names that clients may call, and what stands behind them."""

from typing import Any, get_args

import click
import msgspec
from msgspec import UNSET

from codevector_shared.formats import UNKNOWN, clean, compact, rate
from codevector_shared.protocol import (
    Backend,
    Model,
    ModelCreate,
    ModelKind,
    ModelPatch,
    ModelStatus,
    PriceOverride,
)
from codevector_tui.commands import output, talk
from codevector_tui.commands.frame import Group, wants_json
from codevector_tui.commands.output import Column

_COLUMNS = (
    Column("Model"),
    Column("Kind"),
    Column("Provider"),
    Column("Input $/M", "right"),
    Column("Cached $/M", "right"),
    Column("Output $/M", "right"),
    Column("Context", "right"),
    Column("State"),
)
_PRICES = ("input_price", "output_price", "cached_price", "cache_write_price", "cache_write_1h_price")


class Removed(msgspec.Struct, frozen=True):
    """What ``remove --json`` prints."""

    removed: str


def _price_options(command: Any) -> Any:  # noqa: ANN401 — a decorator of whatever click hands on
    for name in reversed(_PRICES):
        flag = f"--{name.replace('_', '-')}"
        command = click.option(flag, metavar="USD", help="USD per million tokens, instead of the catalogue's.")(command)
    return command


@click.group(cls=Group)
def models() -> None:
    """Administer the models that clients may call."""


@models.command()
@click.argument("slug")
@click.option("--backend", "backends", multiple=True, required=True, metavar="PROVIDER/UPSTREAM_MODEL[,…]")
@_price_options
@click.option("--free", is_flag=True, help="Calls cost nothing.")
@click.option("--kind", type=click.Choice(get_args(ModelKind)), default="chat", show_default=True)
def add(*, slug: str, backends: tuple[str, ...], free: bool, kind: ModelKind, **prices: str | None) -> None:
    """Add a model; of several backends the first is tried first."""
    order = ModelCreate(slug=slug, backends=parsed(backends), kind=kind, price=override(prices), free=free)
    made = talk.administer(lambda control: control.create_model(order))
    _show(made, f"Added {made.slug}.")


@models.command("import")
@click.argument("provider")
def import_models(*, provider: str) -> None:
    """Add every model that PROVIDER has in the price catalogue."""
    done = talk.administer(lambda control: control.import_models(provider))
    if wants_json():
        output.emit(done)
        return
    kept = f"; {len(done.kept)} were there already" if done.kept else ""
    output.say(f"Added {len(done.added)} models of {clean(provider)}{kept}.")


@models.command("list")
def list_models() -> None:
    """Show all models, or those your key may call."""
    found = talk.ask(lambda control: control.models())
    if wants_json():
        output.emit(found)
        return
    empty = "No model yet: codevector models import PROVIDER adds those of the catalogue."
    output.table(_COLUMNS, [row(model) for model in found.models], empty=empty)


@models.command()
@click.argument("slug")
def show(*, slug: str) -> None:
    """Show one model."""
    found = talk.administer(lambda control: control.model(slug))
    if wants_json():
        output.emit(found)
    else:
        output.facts(facts(found))


@models.command("set")
@click.argument("slug")
@click.option("--display-name", metavar="NAME")
@click.option("--backend", "backends", multiple=True, metavar="PROVIDER/UPSTREAM_MODEL[,…]")
@_price_options
@click.option("--catalogue-price", is_flag=True, help="Go back to the catalogue's prices.")
@click.option("--free/--not-free", default=None, help="Whether calls cost nothing.")
@click.option("--context-window", type=click.IntRange(min=1), metavar="TOKENS")
@click.option("--max-output", type=click.IntRange(min=1), metavar="TOKENS")
def set_model(
    *,
    slug: str,
    display_name: str | None,
    backends: tuple[str, ...],
    catalogue_price: bool,
    free: bool | None,
    context_window: int | None,
    max_output: int | None,
    **prices: str | None,
) -> None:
    """Change a model; what is not given stays."""
    price = override(prices)
    if price is not None and catalogue_price:
        raise click.UsageError("give prices or --catalogue-price, not both")
    patch = ModelPatch(
        display_name=UNSET if display_name is None else display_name,
        backends=parsed(backends) if backends else UNSET,
        price=None if catalogue_price else UNSET if price is None else price,
        free=UNSET if free is None else free,
        context_window=UNSET if context_window is None else context_window,
        max_output=UNSET if max_output is None else max_output,
    )
    if patch == ModelPatch():
        raise click.UsageError("nothing to change was given")
    _patch(slug, patch, "Changed {}.")


@models.command()
@click.argument("slug")
def disable(*, slug: str) -> None:
    """Refuse calls to a model."""
    _patch(slug, ModelPatch(status="disabled"), "{} is disabled.")


@models.command()
@click.argument("slug")
def enable(*, slug: str) -> None:
    """Take calls to a model again."""
    _patch(slug, ModelPatch(status="active"), "{} is enabled.")


@models.command()
@click.argument("slug")
def remove(*, slug: str) -> None:
    """Remove a model; what was counted under it stays."""
    talk.administer(lambda control: control.remove_model(slug))
    if wants_json():
        output.emit(Removed(slug))
    else:
        output.say(f"Removed {clean(slug)}.")


def parsed(backends: tuple[str, ...]) -> list[Backend]:
    """Read ``PROVIDER/UPSTREAM_MODEL[,…]``: an upstream model may have slashes of its own, a provider has none."""
    found: list[Backend] = []
    for word in (part.strip() for given in backends for part in given.split(",")):
        provider, slash, upstream = word.partition("/")
        if not (provider and slash and upstream):
            raise click.UsageError(f"--backend {word!r} is not PROVIDER/UPSTREAM_MODEL, such as openai/gpt-5")
        found.append(Backend(provider, upstream, priority=len(found)))
    return found


def override(prices: dict[str, str | None]) -> PriceOverride | None:
    """Return the prices given, if any; input and output belong together."""
    if not any(prices.values()):
        return None
    first, second = prices["input_price"], prices["output_price"]
    if first is None or second is None:
        raise click.UsageError("--input-price and --output-price are both needed where one price is given")
    rest = {name: prices[name] for name in _PRICES[2:]}
    return PriceOverride(first, second, **rest)


def row(model: Model) -> tuple[str, ...]:
    """Return a model as cells of the table."""
    return (
        model.slug,
        model.kind,
        model.provider or UNKNOWN,
        *_rates(model, "input_price", "cached_price", "output_price"),
        UNKNOWN if model.context_window is None else compact(model.context_window),
        _state(model.status),
    )


def facts(model: Model) -> list[tuple[str, str]]:
    """Return a model as names and values."""
    rates = zip(
        ("Input", "Output", "Cached", "Cache write, 5 min", "Cache write, 1 h"), _rates(model, *_PRICES), strict=True
    )
    return [
        ("Model", model.slug),
        ("Name", model.display_name),
        ("Kind", model.kind),
        ("State", _state(model.status)),
        ("Backends", ", ".join(f"{backend.provider}/{backend.upstream_model}" for backend in model.backends)),
        *((name, f"{price} per million tokens") for name, price in rates),
        ("Prices from", "nothing: unpriced" if model.price_basis == "unpriced" else model.price_basis),
        ("Context window", UNKNOWN if model.context_window is None else f"{model.context_window:,}"),
        ("Max output", UNKNOWN if model.max_output is None else f"{model.max_output:,}"),
        ("Capabilities", ", ".join(model.capabilities) or UNKNOWN),
    ]


def _rates(model: Model, *names: str) -> tuple[str, ...]:
    if model.price_basis == "free":
        return tuple("free" for _ in names)
    return tuple(rate(getattr(model, name)) for name in names)


def _state(status: ModelStatus) -> str:
    return {"active": "enabled", "disabled": "disabled", "draft": "draft"}[status]


def _patch(slug: str, patch: ModelPatch, text: str) -> None:
    found = talk.administer(lambda control: control.patch_model(slug, patch))
    _show(found, text.format(found.slug))


def _show(model: Model, text: str) -> None:
    if wants_json():
        output.emit(model)
    else:
        output.say(clean(text))
