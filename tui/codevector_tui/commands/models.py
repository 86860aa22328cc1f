"""``codevector models``: the names that clients may call, and what stands behind them."""

from typing import Any, get_args

import click
import msgspec
from msgspec.structs import asdict

from codevector_shared.formats import UNKNOWN, clean, compact, rate
from codevector_shared.protocol import (
    Backend,
    Model,
    ModelBackend,
    ModelCreate,
    ModelKind,
    ModelPatch,
    ModelsImported,
    ModelStatus,
)
from codevector_tui.commands import output, price_card, talk, times
from codevector_tui.commands.frame import Group, wants_json
from codevector_tui.commands.model_options import (
    PRICES,
    UNSETTABLE,
    arranged,
    changes,
    facade_options,
    override,
    parsed,
    price_options,
)
from codevector_tui.commands.output import Column
from codevector_tui.viewmodel import health

_COLUMNS = (
    Column("Model"),
    Column("Kind", whole=True, spare=5),
    Column("Provider", spare=2),
    Column("Input $/M", "right"),
    Column("Cached $/M", "right", spare=3),
    Column("Output $/M", "right"),
    Column("Context", "right", spare=4),
    Column("Status"),
)
_NAMED, _LINE = 20, 600
"""Slugs named in a line of the report, and the longest such line."""


class Removed(msgspec.Struct, frozen=True):
    """What ``remove --json`` prints."""

    removed: str


@click.group(cls=Group)
def models() -> None:
    """Administer the models that clients may call."""


@models.command()
@click.argument("slug")
@click.option(
    "--backend",
    "backends",
    multiple=True,
    required=True,
    metavar="PROVIDER/UPSTREAM_MODEL[,…]",
    help="What serves it, the first one first.",
)
@price_options
@click.option("--free", is_flag=True, help="Calls cost nothing.")
@click.option("--kind", type=click.Choice(get_args(ModelKind)), help="What it does; else its backends' names tell.")
@click.option("--display-name", metavar="NAME", help="What people call it.")
@click.option("--draft", is_flag=True, help="Prepare it: callers do not see it until it is active.")
@facade_options
def add(
    *,
    slug: str,
    backends: tuple[str, ...],
    free: bool,
    kind: ModelKind | None,
    display_name: str | None,
    draft: bool,
    priorities: tuple[str, ...],
    weights: tuple[str, ...],
    aliases: tuple[str, ...],
    capabilities: tuple[str, ...],
    context_window: int | None,
    max_output: int | None,
    **prices: str | None,
) -> None:
    """Add a model; of several backends the first is tried first.

    One * in SLUG makes a wildcard, and PROVIDER/* sends on the very name that was asked for: a new model of the
    provider works the day it appears.
    """
    order = ModelCreate(
        slug=slug,
        backends=arranged(parsed(backends), priorities, weights),
        kind=kind,
        display_name=display_name,
        price=override(prices, kind),
        free=free,
        context_window=context_window,
        max_output=max_output,
        status="draft" if draft else "active",
        aliases=list(aliases),
        capabilities=list(capabilities) or None,
    )
    made = talk.administer(lambda control: control.create_model(order))
    _show(made, f"Added {made.slug}.")


@models.command("import")
@click.argument("provider")
@click.argument("only", nargs=-1, metavar="[PATTERN]...")
@click.option("--dry-run", is_flag=True, help="Say what is new, and add nothing.")
def import_models(*, provider: str, only: tuple[str, ...], dry_run: bool) -> None:
    """Ask PROVIDER for its models and add those that are new: all, or those that fit a PATTERN such as 'gpt-5*'."""
    done = talk.administer(lambda control: control.import_models(provider, only=only, dry_run=dry_run))
    if wants_json():
        output.emit(done)
        return
    for line in import_report(done, provider):
        output.say(line)
    if done.note:
        output.note(clean(f"Note: {done.note}"))


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
    """Show one model, its prices, where they come from, and what an ordinary call costs."""
    found, card = talk.administer(lambda control: price_card.ask(control, slug))
    if wants_json():
        output.emit(price_card.ModelWithCard(**asdict(found), price_card=card))
        return
    output.facts(facts(found))
    price_card.show(card)


@models.command("set")
@click.argument("slug")
@click.option("--display-name", metavar="NAME", help="What people call it.")
@click.option("--kind", type=click.Choice(get_args(ModelKind)), help="What it does.")
@click.option(
    "--backend", "backends", multiple=True, metavar="PROVIDER/UPSTREAM_MODEL[,…]", help="What serves it from now on."
)
@price_options
@click.option("--catalogue-price", is_flag=True, help="Go back to the catalogue's prices.")
@click.option("--free/--not-free", default=None, help="Whether calls cost nothing.")
@click.option("--status", type=click.Choice(get_args(ModelStatus)), help="Whether callers see it and may call it.")
@facade_options
@click.option(
    "--unset", "unset", multiple=True, type=click.Choice(UNSETTABLE), help="Take away, or go back to the catalogue's."
)
def set_model(*, slug: str, unset: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401 — what click read
    """Change a model; what is not given stays. Backends, aliases and capabilities are replaced whole."""
    patch = changes(given, unset)
    if given["priorities"] or given["weights"]:
        patch = msgspec.structs.replace(patch, backends=_rearranged(slug, given))
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
    _patch(slug, ModelPatch(status="active"), "{} is active.")


@models.command()
@click.argument("slug")
def remove(*, slug: str) -> None:
    """Remove a model; what was counted under it stays."""
    talk.administer(lambda control: control.remove_model(slug))
    if wants_json():
        output.emit(Removed(slug))
    else:
        output.say(f"Removed {clean(slug)}.")


def import_report(done: ModelsImported, provider: str) -> list[str]:
    """Return the lines that say what an import did."""
    verb = "Would add" if done.dry_run else "Added"
    kept = f"; {len(done.kept)} were there already" if done.kept else ""
    skipped = f"; {done.skipped} neither chat nor embed" if done.skipped else ""
    models = "model" if len(done.added) == 1 else "models"
    lines = [f"{verb} {len(done.added)} {models} of {clean(provider)}{kept}{skipped}."]
    for title, slugs in (
        ("New", done.added),
        ("Without a price in the catalogue", done.unknown),
        ("Not in its list any more", done.gone),
    ):
        if slugs:
            more = f" and {len(slugs) - _NAMED} more" if len(slugs) > _NAMED else ""
            lines.append(f"{title}: {clean(', '.join(slugs[:_NAMED]), _LINE)}{more}")
    return lines


def row(model: Model) -> tuple[str, ...]:
    """Return a model as cells of the table."""
    names = ", ".join((model.slug, *model.aliases))
    return (
        names,
        model.kind,
        model.provider or UNKNOWN,
        *_rates(model, "input_price", "cached_price", "output_price"),
        UNKNOWN if model.context_window is None else compact(model.context_window),
        _health(model),
    )


def facts(model: Model) -> list[tuple[str, str]]:
    """Return a model as names and values."""
    rates = zip(
        ("Input", "Output", "Cached", "Cache write, 5 min", "Cache write, 1 h"), _rates(model, *PRICES), strict=True
    )
    return [
        ("Model", model.slug),
        ("Name", model.display_name),
        ("Kind", model.kind),
        ("Status", model.status),
        ("Aliases", ", ".join(model.aliases) or UNKNOWN),
        *(("Backend", _backend(backend)) for backend in model.backends),
        *(() if model.backends else (("Backends", UNKNOWN),)),
        *((name, price if model.price_basis == "free" else f"{price} per million tokens") for name, price in rates),
        ("Prices from", "nothing: unpriced" if model.price_basis == "unpriced" else model.price_basis),
        ("Context window", UNKNOWN if model.context_window is None else f"{model.context_window:,}"),
        ("Max output", UNKNOWN if model.max_output is None else f"{model.max_output:,}"),
        ("Capabilities", ", ".join(model.capabilities) or UNKNOWN),
    ]


def _rates(model: Model, *names: str) -> tuple[str, ...]:
    if model.price_basis == "free":
        return tuple("free" for _ in names)
    mark = "? " if model.price_basis == "default" else ""
    return tuple(mark + rate(getattr(model, name)) for name in names)


def _rearranged(slug: str, given: dict[str, Any]) -> list[Backend]:
    """Return the backends that were given, or the model's own, in their new order."""
    if given["backends"]:
        backends = parsed(given["backends"])
    else:
        known = talk.administer(lambda control: control.model(slug)).backends
        backends = [Backend(each.provider, each.upstream_model, each.priority, each.weight) for each in known]
    return arranged(backends, given["priorities"], given["weights"])


def _backend(backend: ModelBackend) -> str:
    weight = f", weight {backend.weight}" if backend.weight != 1 else ""
    name = clean(f"{backend.provider}/{backend.upstream_model}", 100)
    state = "" if health.serves(backend) else f": {health.of_backend(backend, times.now_ms())}"
    return f"{name} (priority {backend.priority}{weight}){state}"


def _health(model: Model) -> str:
    """Return a model's status, and where a backend of it fails or rests, that."""
    sick = model.status == "active" and not all(health.serves(backend) for backend in model.backends)
    return f"{model.status}, {health.of_model(model.backends, times.now_ms())}" if sick else model.status


def _patch(slug: str, patch: ModelPatch, text: str) -> None:
    found = talk.administer(lambda control: control.patch_model(slug, patch))
    _show(found, text.format(found.slug))


def _show(model: Model, text: str) -> None:
    if wants_json():
        output.emit(model)
    else:
        output.say(clean(text))
