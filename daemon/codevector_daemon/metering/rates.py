"""Exact rates: decimals compiled into integers once, so that pricing a call is a handful of multiplications."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from msgspec import Struct

from codevector_daemon.metering.catalogue import Rate
from codevector_daemon.metering.counts import NO_EXTRAS, Extras, TokenCounts
from codevector_shared.money import NANOS_PER_USD

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
    "image_input",
    "video_input",
    "audio_cached",
    "image_cached",
    "image_output",
    "video_output",
)
CALL_RATES: Final = ("search", "request", "file_search")

PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "image_input": ("input", "input_image_mtok"),
    "video_input": ("input", "input_video_mtok"),
    "audio_cached": ("cached", "cache_audio_read_mtok"),
    "image_cached": ("cached", "cache_image_read_mtok"),
    "image_output": ("output", "output_image_mtok"),
    "video_output": ("output", "output_video_mtok"),
}
"""Tokens that a few models charge apart: the rate of the whole they belong to, and their own in the catalogue."""

_NINTHS: Final = 9
_NANO_OF_NINE_SECONDS: Final = 2_500_000
"""10^9 / 400. An hour is 400 times 9 seconds, and only the 9 in it divides no power of ten."""


class Rates(NamedTuple):
    """Every rate of one model: tokens in USD per million, calls in USD per thousand, audio in USD per hour."""

    input: Decimal = ZERO
    cached: Decimal = ZERO
    cache_write_5m: Decimal = ZERO
    cache_write_1h: Decimal = ZERO
    output: Decimal = ZERO
    reasoning: Decimal = ZERO
    audio_input: Decimal = ZERO
    audio_output: Decimal = ZERO
    image_input: Decimal = ZERO
    video_input: Decimal = ZERO
    audio_cached: Decimal = ZERO
    image_cached: Decimal = ZERO
    image_output: Decimal = ZERO
    video_output: Decimal = ZERO
    search: Decimal = ZERO
    request: Decimal = ZERO
    file_search: Decimal = ZERO
    audio_hour: Decimal = ZERO

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
        nano.append(rates.audio_hour * _NANO_OF_NINE_SECONDS)
        ninths = _NINTHS if rates.audio_hour else 1
        places = max(0, *(-_exponent(rate) for rate in nano))
        whole = [int(rate.scaleb(places)) * ninths for rate in nano[:-1]]
        return cls(above, rates, 10**places * ninths, (*whole, int(nano[-1].scaleb(places))))

    def nano(self, counts: TokenCounts, extras: Extras = NO_EXTRAS) -> int:
        """Return the price of a call in nano-dollars: one exact sum, rounded half-even once."""
        return half_even(self._sum(counts, extras), self.scale)

    def exact(self, counts: TokenCounts, extras: Extras = NO_EXTRAS) -> Fraction:
        """Return the price of a call in nano-dollars before it is rounded."""
        return Fraction(self._sum(counts, extras), self.scale)

    def _sum(self, counts: TokenCounts, extras: Extras) -> int:
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
            + counts.server_tool_calls * rate[_SEARCH]
            + rate[_REQUEST]
        )
        if extras is not NO_EXTRAS:
            exact += extras.file_searches * rate[_FILE_SEARCH] + extras.audio_seconds * rate[_AUDIO]
            for name, tokens in parts_within(counts, extras).items():
                exact += tokens * (rate[_PLACES[name]] - rate[_PLACES[PARTS[name][0]]])
        return exact


_PLACES: Final = {name: place for place, name in enumerate((*TOKEN_RATES, *CALL_RATES))}
_SEARCH: Final = _PLACES["search"]
_REQUEST: Final = _PLACES["request"]
_FILE_SEARCH: Final = _PLACES["file_search"]
_AUDIO: Final = len(_PLACES)


class Charge(NamedTuple):
    """One line of a bill: so many of something, at a rate in USD for every ``per`` of them."""

    what: str
    quantity: int
    rate: Decimal
    per: int

    @property
    def nano(self) -> Fraction:
        """What the line comes to in nano-dollars, exactly."""
        return self.quantity * Fraction(self.rate) * NANOS_PER_USD / self.per


MILLION: Final = 1_000_000
THOUSAND: Final = 1_000
HOUR_S: Final = 3_600


def charges(rates: Rates, counts: TokenCounts, extras: Extras = NO_EXTRAS) -> list[Charge]:
    """Return the lines that ``Band.nano`` adds up, those of nothing left out."""
    reasoning = min(counts.reasoning, counts.output)
    parts = parts_within(counts, extras)
    audio_output = min(counts.audio_output, counts.output - reasoning)
    audio_input = min(counts.audio_input, counts.uncached_input)
    tokens = {
        "input": counts.uncached_input - audio_input,
        "cached": counts.cache_read,
        "cache_write_5m": counts.cache_write_5m,
        "cache_write_1h": counts.cache_write_1h,
        "output": counts.output - reasoning - audio_output,
        "reasoning": reasoning,
        "audio_input": audio_input,
        "audio_output": audio_output,
        **parts,
    }
    for name, quantity in parts.items():
        tokens[PARTS[name][0]] -= quantity
    calls = {"search": counts.server_tool_calls, "file_search": extras.file_searches, "request": int(rates.request > 0)}
    found = [Charge(name, quantity, getattr(rates, name), MILLION) for name, quantity in tokens.items() if quantity]
    found += [Charge(name, quantity, getattr(rates, name), THOUSAND) for name, quantity in calls.items() if quantity]
    if extras.audio_seconds and rates.audio_hour:
        found.append(Charge("audio_seconds", extras.audio_seconds, rates.audio_hour, HOUR_S))
    return found


def parts_within(counts: TokenCounts, extras: Extras) -> dict[str, int]:
    """Return the parts that the counts have room for: a part is never larger than what is left of its whole."""
    reasoning = min(counts.reasoning, counts.output)
    left = {
        "input": counts.uncached_input - min(counts.audio_input, counts.uncached_input),
        "cached": counts.cache_read,
        "output": counts.output - reasoning - min(counts.audio_output, counts.output - reasoning),
    }
    found: dict[str, int] = {}
    for name, (whole, _) in PARTS.items():
        tokens = min(extras.parts.get(name, 0), left[whole])
        if tokens > 0:
            found[name] = tokens
            left[whole] -= tokens
    return found


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
    heard, seen = rates.get("input_audio_mtok", base), rates.get("input_image_mtok", base)
    cached = rates.get("cache_read_mtok")
    written = rates.get("cache_write_mtok", base * CLAUDE_WRITE_5M if claude else base)
    return Rates(
        input=base,
        cached=base if cached is None else cached,
        cache_write_5m=rates.get("cache_write_5m_mtok", written),
        cache_write_1h=rates.get("cache_write_1h_mtok", base * CLAUDE_WRITE_1H if claude else written),
        output=output,
        reasoning=rates.get("output_reasoning_mtok", output),
        audio_input=heard,
        audio_output=rates.get("output_audio_mtok", output),
        image_input=seen,
        video_input=rates.get("input_video_mtok", base),
        audio_cached=rates.get("cache_audio_read_mtok", heard if cached is None else cached),
        image_cached=rates.get("cache_image_read_mtok", seen if cached is None else cached),
        image_output=rates.get("output_image_mtok", output),
        video_output=rates.get("output_video_mtok", output),
        search=rates.get("web_searches_kcount", ZERO),
        request=rates.get("requests_kcount", ZERO),
        file_search=rates.get("storage_searches_kcount", ZERO),
        audio_hour=rates.get("input_audio_hours", rates.get("audio_hours", ZERO)),
    )


def flat(numbers: Sequence[str]) -> Rates:
    """Make rates of input, output, cached, 5-minute writes and 1-hour writes in USD per million tokens."""
    base, output, cached, short, long = (Decimal(number) for number in numbers)
    return Rates(
        input=base,
        cached=cached,
        cache_write_5m=short,
        cache_write_1h=long,
        output=output,
        reasoning=output,
        audio_input=base,
        audio_output=output,
        image_input=base,
        video_input=base,
        audio_cached=cached,
        image_cached=cached,
        image_output=output,
        video_output=output,
    )


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
