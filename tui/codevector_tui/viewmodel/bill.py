"""What a request was charged, line by line: counts times rate, the sum, its one rounding. The daemon does the sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rich.cells import cell_len

from codevector_shared.formats import clean, dollars, whole
from codevector_shared.price_protocol import RequestPrice
from codevector_shared.protocol import Request
from codevector_tui.commands.price_lines import name_of, rate_of
from codevector_tui.viewmodel.calls import amount
from codevector_tui.viewmodel.spans import Row, Span, ends, fit

_LEAST_NAME = 6
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
class Bill:
    """What is known of a request's price; ``trouble`` says why it could not be taken apart."""

    price: RequestPrice | None = None
    trouble: str = ""


def bill_rows(request: Request, bill: Bill, width: int) -> list[Row]:
    """Return the arithmetic of a price where there is one, the counts alone where not, and what was charged."""
    price = bill.price
    if price is not None and price.lines:
        rows = [*_arithmetic(request, price, width), (Span(_basis(request), "muted"),)]
    else:
        total = amount(request) if request.state != "open" else Span("running ", "accent")
        charged = ends((Span(_basis(request), "muted"),), (Span(total.text.rstrip(), "bright"),), width)
        rows = [*_counts(request, width), charged]
    if request.own_login:
        rows.append((Span("own login: list price, not billed to the gateway's account", "muted"),))
    if price is not None:
        rows += _remarks(price, width)
    elif bill.trouble:
        rows.append((Span(fit(bill.trouble, width), "warn"),))
    return rows


def _basis(request: Request) -> str:
    if request.price_basis is None and request.state != "open":
        return "nothing was used"
    known = _BASIS[request.price_basis]
    version = f", {clean(request.price_version, 30)}" if request.price_version and request.price_basis else ""
    return f"{known}{version}"


def _counts(request: Request, width: int) -> list[Row]:
    counts = (
        ("input", request.uncached_input_tokens),
        ("cached input", request.cached_tokens),
        ("cache write, 5 min", request.cache_write_5m_tokens),
        ("cache write, 1 h", request.cache_write_1h_tokens),
        ("output", request.output_tokens),
    )
    rows = [
        ends((Span(name, "muted"),), (Span(f"{_counted(request, count)} tokens", "text"),), width)
        for name, count in counts
        if count
    ]
    return rows + _reasoning(request)


def _counted(request: Request, count: int) -> str:
    """Return a count, marked where it is an estimate."""
    return f"{'≈ ' if request.usage_source == 'estimated' else ''}{whole(count)}"


def _reasoning(request: Request) -> list[Row]:
    if not request.reasoning_tokens:
        return []
    return [(Span(f"  {whole(request.reasoning_tokens)} of the output is reasoning", "muted"),)]


def _arithmetic(request: Request, price: RequestPrice, width: int) -> list[Row]:
    places = max(map(_places, (*(line.amount_usd for line in price.lines), price.exact_usd, price.rounding_usd)))
    cells = [
        (
            name_of(line.what) + (f" ({clean(line.model, 40)})" if line.model else ""),
            _counted(request, line.quantity),
            f" × {rate_of(line)}",  # noqa: RUF001 — times
            f" = {_exact(line.amount_usd, places)}",
        )
        for line in price.lines
    ]
    rows = [_aligned(row, cells, width) for row in cells]
    rows += _reasoning(request)
    below = [("sum", _exact(price.exact_usd, places), "text")] if len(cells) > 1 else []
    if Decimal(price.rounding_usd):
        below.append(("rounding", _exact(price.rounding_usd, places), "muted"))
    mark = amount(request).text[-1].strip()
    below.append(("charged", f"{mark} {_exact(price.spend_usd, places)}".lstrip(), "bright"))
    rows += [ends((Span(name, "muted"),), (Span(said, tone),), width) for name, said, tone in below]
    return rows


def _places(usd: str) -> int:
    return len(usd.partition(".")[2])


def _exact(usd: str, places: int) -> str:
    """Return an amount with all its places, and air at the right so that the points of a column are aligned."""
    sign, digits = ("-", usd[1:]) if usd.startswith("-") else ("", usd)
    return clean(f"{sign}${digits}") + " " * (places - _places(usd))


def _aligned(row: tuple[str, str, str, str], cells: Sequence[tuple[str, ...]], width: int) -> Row:
    """Return a line with every part under its like; the name gives way."""
    counts, rates, amounts = (max(cell_len(each[index]) for each in cells) for index in (1, 2, 3))
    name = max(_LEAST_NAME, width - counts - rates - amounts - 1)
    return (
        Span(fit(row[0], name), "muted"),
        Span(f" {fit(row[1], counts, 'right')}", "text"),
        Span(fit(row[2], rates), "muted"),
        Span(fit(row[3], amounts, "right"), "text"),
    )


def _remarks(price: RequestPrice, width: int) -> list[Row]:
    said = []
    if price.above_input_tokens is not None:
        said.append(f"rates above {whole(price.above_input_tokens)} input tokens")
    if price.lines and Decimal(price.worked_usd) != Decimal(price.spend_usd):
        said.append(f"these rates give {dollars(price.worked_usd)}; what was charged stays")
    if price.provider_cost_usd is not None:
        said.append(f"the provider itself says ${clean(price.provider_cost_usd)}")
    return [(Span(fit(words, width), "muted"),) for words in said]
