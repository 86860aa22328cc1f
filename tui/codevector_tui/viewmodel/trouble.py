"""The words for when nothing can be shown: what happened, and which key or command helps."""

from codevector_tui.viewmodel.link import Trouble
from codevector_tui.viewmodel.spans import BLANK, Row, Span, fit


def trouble_rows(trouble: Trouble, width: int, height: int) -> tuple[Row, ...]:
    """Return the trouble in the middle of the screen."""
    lines = [
        (Span(fit("○  No connection to the daemon", width, "center"), "warn"),),
        BLANK,
        (Span(fit(trouble.message, width, "center"), "bright"),),
        (Span(fit(trouble.hint or "Press r to try again.", width, "center"), "muted"),),
        BLANK,
        (Span(fit("r  try again      q  quit", width, "center"), "accent"),),
    ]
    above = max(0, (height - len(lines)) // 2)
    return (*(BLANK,) * above, *lines)
