"""The words for when nothing can be shown: what happened, and which key or command helps."""

from codevector_tui.viewmodel.link import Trouble
from codevector_tui.viewmodel.spans import BLANK, Row, Span, fit


def trouble_rows(trouble: Trouble, retry_s: int | None, width: int, height: int) -> tuple[Row, ...]:
    """Return the trouble in the middle of the screen; ``retry_s`` is when the next attempt follows by itself."""
    again = f"r  try again{f' (by itself in {retry_s} s)' if retry_s is not None else ''}"
    lines = [
        (Span(fit("○  No connection to the daemon", width, "center"), "warn"),),
        BLANK,
        (Span(fit(trouble.message, width, "center"), "bright"),),
        (Span(fit(trouble.hint or "Press r to try again.", width, "center"), "muted"),),
        BLANK,
        (Span(fit(f"{again}      q  quit", width, "center"), "accent"),),
    ]
    above = max(0, (height - len(lines)) // 2)
    return (*(BLANK,) * above, *lines)
