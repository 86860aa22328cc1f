"""What counts cost: rates per model and date, compiled once, and exact integer arithmetic."""

from msgspec import Struct

from codevector_shared.protocol import PriceBasis


class Price(Struct, frozen=True):
    """What one attempt cost in nano-dollars, and what that figure rests on."""

    spend_nano: int
    basis: PriceBasis
    version: str | None = None


class RateOverride(Struct, frozen=True):
    """Rates that replace the catalogue's, as USD-per-million-tokens decimal strings (exact, as they were typed)."""

    input: str
    output: str
    cached: str
    cache_write: str
    cache_write_1h: str
