"""The model facades as a table: what each costs, holds and can do."""

from collections.abc import Sequence
from decimal import Decimal

from codevector_shared.formats import clean, compact, rate
from codevector_shared.protocol import Model, ModelBackend
from codevector_tui.viewmodel.health import of_backend, of_model, rests, serves
from codevector_tui.viewmodel.spans import Row, Span, cut, fit, width_of
from codevector_tui.viewmodel.table import Column, Table

_NONE = "–"  # noqa: RUF001 — a typographer's dash
_DOTS = {"active": ("●", "good"), "draft": ("◌", "warn"), "disabled": ("○", "faint")}

_LABEL = 9

COLUMNS = (
    Column("", 1),
    Column("Model", 16, flex=3, most=36),
    Column("Name", 12, flex=2, rank=8, most=28),
    Column("Provider", 10, flex=1, rank=3, most=18),
    Column("Health", 18, rank=1),
    Column("Kind", 9, rank=10),
    Column("Context", 7, "right", rank=4),
    Column("Max out", 7, "right", rank=6),
    Column("Can", 28, rank=9),
    Column("$ input", 8, "right"),
    Column("$ cached", 8, "right", rank=2),
    Column("$ output", 8, "right"),
    Column("Price", 9, rank=5),
)


def models(found: Sequence[Model], now_ms: int) -> Table[Model]:
    """Return the facades as the Models screen's table; prices are USD per million tokens."""
    return Table(
        columns=COLUMNS,
        items=found,
        cells=lambda model: _cells(model, now_ms),
        identity=lambda model: model.slug,
        empty=("No models yet.", "Add those of a provider with: codevector models import PROVIDER"),
        sorts=(
            ("Model", lambda model: model.slug),
            ("Health", lambda model: (not _sick(model), model.slug)),
            ("Provider", lambda model: (model.provider or "", model.slug)),
            ("Context", lambda model: -(model.context_window or 0)),
            ("$ input", lambda model: _price(model.input_price)),
            ("$ output", lambda model: _price(model.output_price)),
        ),
    )


def _price(price: str | None) -> Decimal:
    return Decimal(price) if price is not None else Decimal(-1)


def some_rest(found: Sequence[Model], now_ms: int) -> bool:
    """Tell whether any backend is resting, so that its seconds must be counted down."""
    return any(rests(backend.health, now_ms) for model in found for backend in model.backends)


def _sick(model: Model) -> bool:
    return not all(serves(backend) for backend in model.backends)


def _dot(model: Model) -> Span:
    """Return the state as a sign: half a dot where some backends fail, a cross where all do."""
    if model.status == "active" and _sick(model):
        some = any(serves(backend) for backend in model.backends)
        return Span("◑", "warn") if some else Span("✗", "bad")
    return Span(*_DOTS[model.status])


def _health(model: Model, now_ms: int) -> Span:
    if model.status != "active":
        return Span(model.status, "faint")
    return Span(of_model(model.backends, now_ms), _dot(model).tone if _sick(model) else "muted")


def _cells(model: Model, now_ms: int) -> tuple[Span, ...]:
    off = model.status == "disabled"
    tone = "faint" if off else "text"
    return (
        _dot(model),
        Span(clean(model.slug, 60), "muted" if off else "bright"),
        Span(clean(model.display_name, 60), "muted"),
        Span(clean(model.provider or _NONE, 30), tone),
        _health(model, now_ms),
        Span(model.kind, "muted"),
        Span(_size(model.context_window), tone),
        Span(_size(model.max_output), "muted"),
        Span(_abilities(model.capabilities), "muted"),
        Span(_rate(model, model.input_price), tone),
        Span(_rate(model, model.cached_price), "muted"),
        Span(_rate(model, model.output_price), tone),
        _basis(model),
    )


def model_rows(model: Model, now_ms: int, width: int, height: int) -> tuple[Row, ...]:
    """Return everything known of a model, as the panel below the table; its backends last, one a line."""
    facts = (
        ("Name", f"{clean(model.display_name, 80)}   {model.kind}, {model.status}"),
        ("Can", ", ".join(clean(each, 20) for each in model.capabilities) or "nothing known"),
        ("Window", f"{_size(model.context_window)} in, {_size(model.max_output)} out"),
        (
            "Price",
            "   ".join(
                (
                    f"{rate(model.input_price)} input",
                    f"{rate(model.cached_price)} cached",
                    f"{rate(model.cache_write_price)} write",
                    f"{rate(model.cache_write_1h_price)} write 1 h",
                    f"{rate(model.output_price)} output",
                )
            ),
        ),
        ("Basis", _WORDS[model.price_basis]),
    )
    said = [_fact(label, Span(text, "text")) for label, text in facts]
    serving = _serving(model.backends, now_ms, width)
    if len(said) + len(serving) > height and model.backends:
        kept = max(0, height - len(said) - 1)
        serving = [*serving[:kept], _fact("", Span(f"{len(model.backends)} backends in all", "muted"))]
    return tuple(cut(row, width) for row in (*said, *serving))


def _fact(label: str, *text: Span) -> Row:
    return (Span(fit(label, _LABEL), "muted"), *text)


def _serving(backends: Sequence[ModelBackend], now_ms: int, width: int) -> list[Row]:
    """Return the backends in the order they are tried, each with how it serves, on a line of its own if need be."""
    rows: list[Row] = []
    for number, each in enumerate(backends):
        name = Span(f"{clean(each.provider, 40)} / {clean(each.upstream_model, 60)}", "text")
        how = Span(of_backend(each, now_ms), "muted" if serves(each) else "warn")
        row = _fact("" if number else "Serves", name, Span("   "), how)
        rows += [row] if width_of(row) <= width else [row[:2], _fact("", Span("  "), how)]
    return rows or [_fact("Serves", Span("no backend", "warn"))]


_WORDS = {
    "catalogue": "the catalogue's price on the day of each request",
    "override": "set on the model; it wins over the catalogue",
    "provider": "what the provider itself reports for each request",
    "default": "? not in the catalogue: the default rate is assumed. Set one with: codevector models set",
    "free": "free",
    "unpriced": "? no price known: its requests are counted without one",
}


def _rate(model: Model, price: str | None) -> str:
    """Return a rate; one that is only assumed is marked."""
    return f"{'?' if model.price_basis == 'default' else ''}{rate(price)}"


def _size(tokens: int | None) -> str:
    return compact(tokens) if tokens is not None else _NONE


def _abilities(capabilities: Sequence[str]) -> str:
    return " ".join(clean(each, 20) for each in capabilities) or _NONE


def _basis(model: Model) -> Span:
    """Return where the price comes from; one that is assumed or missing stands out."""
    if model.price_basis == "unpriced":
        return Span("? none", "warn")
    if model.price_basis == "default":
        return Span("? default", "warn")
    return Span(model.price_basis, "muted")
