"""One request in full: who and where, its counts, its price line by line, its times."""

from dataclasses import dataclass
from decimal import Decimal

from codevector_shared.formats import clean, dollars, duration, rate, whole
from codevector_shared.money import nano
from codevector_shared.protocol import Model, Request
from codevector_tui.viewmodel.calls import Moment, amount, glyph, name, outcome, since
from codevector_tui.viewmodel.spans import BLANK, Row, Span, cut, ends, fit
from codevector_tui.viewmodel.times import clock

_LABEL = 12
_MILLION = 1_000_000
_BASIS = {
    "catalogue": "catalogue price",
    "override": "price set on the model",
    "provider": "the provider's own figure",
    "default": "? default price: this model is not in the catalogue",
    "free": "free",
    "unpriced": "? no price known",
    None: "priced when it ends",
}


@dataclass(frozen=True, slots=True)
class _Line:
    """One factor of the price: so many tokens at one rate."""

    label: str
    tokens: int
    price: str | None


def detail_rows(request: Request, model: Model | None, moment: Moment, width: int) -> tuple[Row, ...]:
    """Return everything known of a request, as rows of at most ``width`` cells."""
    rows: list[Row] = [
        (glyph(request, moment), Span("  "), Span(fit(name(request.model), width - 4), "bright")),
        (Span(f"   {outcome(request)}".rstrip(), "muted"),),
    ]
    if request.error:
        rows.append((Span(fit(f"   {clean(request.error, 200)}", width), "bad"),))
    rows += [BLANK, *_facts(request, width), BLANK, *_arithmetic(request, model, width), BLANK]
    rows += _times(request, moment, width)
    return tuple(cut(row, width) for row in rows)


def _facts(request: Request, width: int) -> list[Row]:
    upstream = f"{name(request.provider)} / {name(request.upstream_model)}"
    facts = [
        ("Upstream", upstream),
        ("User", name(request.user)),
        ("Key", name(request.key)),
        ("Project", name(request.project)),
        ("Client", name(request.client_app)),
        ("Session", name(request.session)),
        ("Agent", name(request.agent)),
        ("Dialect", f"{request.dialect}{', streamed' if request.stream else ''}"),
        ("Attempt", f"{request.attempt}{f' of {request.parent_id}' if request.parent_id else ''}"),
        ("Tier", name(request.service_tier)),
        ("Id", clean(request.id, 60)),
    ]
    absent = name(None)
    return [_fact(label, text, width) for label, text in facts if text != absent]


def _fact(label: str, text: str, width: int) -> Row:
    return (Span(fit(label, _LABEL), "muted"), Span(fit(text, max(1, width - _LABEL)), "text"))


def _arithmetic(request: Request, model: Model | None, width: int) -> list[Row]:
    """Return tokens times rate, line by line, and the sum that was charged."""
    lines = [line for line in _lines(request, model) if line.tokens]
    estimated = "≈ " if request.usage_source == "estimated" else ""
    rows: list[Row] = [
        ends((Span("Tokens", "muted"),), (Span("$ per M", "muted"), Span(fit("$", 11, "right"), "muted")), width)
    ]
    for line in lines:
        cost = _cost(line)
        counted = f"{estimated}{whole(line.tokens)}"
        left = (Span(fit(line.label, _LABEL), "muted"), Span(fit(counted, 12, "right"), "text"))
        right = (Span(rate(line.price), "muted"), Span(fit(cost, 11, "right"), "text"))
        rows.append(ends(left, right, width))
    if request.reasoning_tokens:
        of_it = Span(f"  of it {whole(request.reasoning_tokens)} reasoning", "faint")
        rows.append((of_it,))
    total = amount(request) if request.state != "open" else Span("running ", "accent")
    rows.append(ends((Span(_BASIS[request.price_basis], "muted"),), (Span(total.text.rstrip(), "bright"),), width))
    if _differs(request, lines):
        rows.append((Span("The rates are today's; the request was priced at its own.", "faint"),))
    return rows


def _lines(request: Request, model: Model | None) -> tuple[_Line, ...]:
    def price(kind: str) -> str | None:
        return getattr(model, kind) if model is not None else None

    return (
        _Line("input", request.uncached_input_tokens, price("input_price")),
        _Line("cached", request.cached_tokens, price("cached_price")),
        _Line("write 5 m", request.cache_write_5m_tokens, price("cache_write_price")),
        _Line("write 1 h", request.cache_write_1h_tokens, price("cache_write_1h_price")),
        _Line("output", request.output_tokens, price("output_price")),
    )


def _cost(line: _Line) -> str:
    if line.price is None:
        return "?"
    return dollars(str(Decimal(line.price) * line.tokens / _MILLION), 6)


def _differs(request: Request, lines: list[_Line]) -> bool:
    """Return whether today's rates give another sum than the one charged."""
    if request.state == "open" or any(line.price is None for line in lines):
        return False
    total = sum(Decimal(line.price or 0) * line.tokens * 1000 for line in lines)
    return abs(int(total) - nano(request.spend_usd)) > len(lines) + 1


def _times(request: Request, moment: Moment, width: int) -> list[Row]:
    took = since(moment.elapsed(request)) if request.state == "open" else duration(request.duration_ms)
    rows = [
        _fact("Started", clock(request.started_at, moment.zone), width),
        _fact("First token", duration(request.ttft_ms), width),
        _fact("Took", took, width),
    ]
    if request.duration_ms and request.output_tokens:
        writing = request.duration_ms - (request.ttft_ms or 0)
        if writing > 0:
            rows.append(_fact("Pace", f"{request.output_tokens * 1000 / writing:.0f} tokens/s", width))
    return rows
