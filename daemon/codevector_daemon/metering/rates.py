"""Exact rates: decimals compiled into integers once, so that pricing a call is a handful of multiplications."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec import Struct

from codevector_daemon.metering.catalogue import Rate
from codevector_daemon.metering.counts import TokenCounts

ZERO: Final = Decimal(0)

CLAUDE_WRITE_5M: Final = Decimal("1.25")
CLAUDE_WRITE_1H: Final = Decimal(2)
"""Anthropic's published factors on the input rate, for entries that state no rate of their own for cache writes."""

TOKEN_RATES: Final = (
    "input",
    "cached",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
    "audio_input",
    "audio_output",
)
CALL_RATES: Final = ("search", "request")


class Rates(NamedTuple):
    """Every rate of one model: tokens in USD per million, searches and the call itself in USD per thousand."""

    input: Decimal = ZERO
    cached: Decimal = ZERO
    cache_write_5m: Decimal = ZERO
    cache_write_1h: Decimal = ZERO
    output: Decimal = ZERO
    reasoning: Decimal = ZERO
    audio_input: Decimal = ZERO
    audio_output: Decimal = ZERO
    search: Decimal = ZERO
    request: Decimal = ZERO

    def times(self, factor: Decimal) -> "Rates":
        """Return the rates with those of tokens multiplied; fees for calls stay."""
        if factor == 1:
            return self
        return self._replace(**{name: getattr(self, name) * factor for name in TOKEN_RATES})


class Band(Struct, frozen=True):
    """Rates of calls with more than ``above`` input tokens, as integers of 1/``scale`` nano-dollars."""

    above: int
    rates: Rates
    scale: int
    integers: tuple[int, ...]

    @classmethod
    def of(cls, rates: Rates, above: int = -1) -> "Band":
        """Compile rates."""
        nano = [getattr(rates, name) * 1_000 for name in TOKEN_RATES]
        nano += [getattr(rates, name) * 1_000_000 for name in CALL_RATES]
        places = max(0, *(-_exponent(rate) for rate in nano))
        return cls(above, rates, 10**places, tuple(int(rate.scaleb(places)) for rate in nano))

    def nano(self, counts: TokenCounts) -> int:
        """Return the price of a call in nano-dollars: one exact sum, rounded half-even once."""
        reasoning = min(counts.reasoning, counts.output)
        audio_output = min(counts.audio_output, counts.output - reasoning)
        audio_input = min(counts.audio_input, counts.uncached_input)
        rate = self.integers
        exact = (
            (counts.uncached_input - audio_input) * rate[0]
            + counts.cache_read * rate[1]
            + counts.cache_write_5m * rate[2]
            + counts.cache_write_1h * rate[3]
            + (counts.output - reasoning - audio_output) * rate[4]
            + reasoning * rate[5]
            + audio_input * rate[6]
            + audio_output * rate[7]
            + counts.server_tool_calls * rate[8]
            + rate[9]
        )
        return half_even(exact, self.scale)


Bands = tuple[Band, ...]
"""From the base upwards. A call belongs, as a whole, to the last band whose threshold its input exceeds."""


def band_for(bands: Bands, input_tokens: int) -> Band:
    """Return the band that a call with so many input tokens belongs to."""
    found = bands[0]
    for band in bands[1:]:
        if input_tokens <= band.above:
            break
        found = band
    return found


def half_even(amount: int, scale: int) -> int:
    """Divide a non-negative amount, rounding half to even."""
    whole, rest = divmod(amount, scale)
    return whole + (rest * 2 > scale or (rest * 2 == scale and whole % 2 == 1))


def bands_of(rates: Mapping[str, Rate], *, claude: bool, factor: Decimal = Decimal(1)) -> Bands:
    """Compile a catalogue entry's rates, with one band for every long-context threshold they name."""
    starts = sorted({start for rate in rates.values() if not isinstance(rate, str) for start, _ in rate[1]})
    return tuple(
        Band.of(resolved({name: _at(rate, above) for name, rate in rates.items()}, claude=claude).times(factor), above)
        for above in (-1, *starts)
    )


def resolved(rates: Mapping[str, Decimal], *, claude: bool) -> Rates:
    """Fill in what an entry does not state: a part is charged like the whole it belongs to.

    Only an Anthropic model's cache writes are derived by a factor, where the entry states no rate for them.
    """
    base = rates.get("input_mtok", ZERO)
    output = rates.get("output_mtok", ZERO)
    written = rates.get("cache_write_mtok", base * CLAUDE_WRITE_5M if claude else base)
    return Rates(
        input=base,
        cached=rates.get("cache_read_mtok", base),
        cache_write_5m=rates.get("cache_write_5m_mtok", written),
        cache_write_1h=rates.get("cache_write_1h_mtok", base * CLAUDE_WRITE_1H if claude else written),
        output=output,
        reasoning=rates.get("output_reasoning_mtok", output),
        audio_input=rates.get("input_audio_mtok", base),
        audio_output=rates.get("output_audio_mtok", output),
        search=rates.get("web_searches_kcount", ZERO),
        request=rates.get("requests_kcount", ZERO),
    )


def flat(numbers: Sequence[str]) -> Rates:
    """Make rates of input, output, cached, 5-minute writes and 1-hour writes in USD per million tokens."""
    base, output, cached, short, long = (Decimal(number) for number in numbers)
    return Rates(base, cached, short, long, output, output, base, output)


def text(rate: Decimal) -> str:
    """Return a rate as a plain decimal string without needless zeros."""
    return f"{rate.normalize():f}"


def _at(rate: Rate, above: int) -> Decimal:
    """Return what a rate is once the input exceeds ``above``."""
    if isinstance(rate, str):
        return Decimal(rate)
    base, tiers = rate
    reached = [price for start, price in tiers if start <= above]
    return Decimal(reached[-1] if reached else base)


def _exponent(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
