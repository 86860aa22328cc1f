"""Money as an integer number of nano-dollars (1e-9 USD); never a float."""

from decimal import Decimal, InvalidOperation

NANOS_PER_USD = 1_000_000_000


def usd(nano: int) -> str:
    """Return nano-dollars as the decimal string the contract fixes, such as ``"0.012345000"``."""
    sign = "-" if nano < 0 else ""
    whole, fraction = divmod(abs(nano), NANOS_PER_USD)
    return f"{sign}{whole}.{fraction:09d}"


def nano(text: str) -> int:
    """Read a USD decimal string into nano-dollars; ValueError when it is no number or finer than a nano-dollar."""
    try:
        scaled = Decimal(text) * NANOS_PER_USD
    except InvalidOperation:
        raise ValueError(f"{text!r} is not an amount in USD") from None
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError(f"{text!r} is not an amount in whole nano-dollars")
    return int(scaled)
