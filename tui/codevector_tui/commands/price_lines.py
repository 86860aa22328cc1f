"""Bills and rates as lines of text: counts times rate, the sum, and where the rates come from."""

from collections.abc import Sequence

from codevector_shared.formats import clean, dollars, rate, whole
from codevector_shared.price_protocol import PriceCard, PriceLine, RateSet

_NAMES = {
    "input": "input",
    "cached": "cached input",
    "cache_write_5m": "cache write, 5 min",
    "cache_write_1h": "cache write, 1 h",
    "output": "output",
    "reasoning": "reasoning",
    "audio_input": "audio in",
    "audio_output": "audio out",
    "image_input": "pictures in",
    "image_output": "pictures out",
    "video_input": "film in",
    "video_output": "film out",
    "audio_cached": "cached audio",
    "image_cached": "cached pictures",
    "search": "web searches",
    "file_search": "file searches",
    "request": "the call itself",
    "audio_seconds": "seconds of audio",
    "audio_hour": "an hour of audio",
}
_PER = {1_000_000: "M", 1_000: "k", 3_600: "h"}
_CALLS = {"search", "file_search", "request"}


def name_of(what: str) -> str:
    """Return what a line or a rate is for, in words."""
    return _NAMES.get(what, clean(what))


def bill(lines: Sequence[PriceLine]) -> list[tuple[str, ...]]:
    """Return lines as cells: what, how many, at which rate, and the exact amount."""
    return [
        (
            name_of(line.what) + (f" ({clean(line.model)})" if line.model else ""),
            whole(line.quantity),
            rate_of(line),
            f"${clean(line.amount_usd)}",
        )
        for line in lines
    ]


def rate_of(line: PriceLine) -> str:
    """Return a line's rate with what it is for, such as ``$3.00/M``."""
    return f"{rate(line.rate)}/{_PER.get(line.per, str(line.per))}"


def rate_set(found: RateSet) -> list[tuple[str, str]]:
    """Return the rates of one tier as names and values."""
    return [(name_of(name), f"{rate(value)} per {_unit(name)}") for name, value in found.rates.items()]


def origin(card: PriceCard) -> str:
    """Say in a few words where a model's rates come from."""
    source = clean(card.source) if card.source else "no list"
    words = {
        "catalogue": f"the catalogue ({source}, entry {clean(card.entry or '')})",
        "override": "your override",
        "default": f"nobody's list: the stated default rates apply ({source})",
        "unpriced": "nothing: the model is unpriced",
    }
    since = f", since {card.since[:10]}" if card.since else ""
    return words.get(card.price_basis, card.price_basis) + since


def total(usd: str | None) -> str:
    """Return the sum of an example."""
    return dollars(usd) if usd is not None else "unknown"


def _unit(name: str) -> str:
    if name == "audio_hour":
        return "hour"
    return "thousand" if name in _CALLS else "million tokens"
