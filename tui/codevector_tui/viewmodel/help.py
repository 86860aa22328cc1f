"""What the help says: keys first, then signs."""

from collections.abc import Iterable, Sequence

from codevector_tui.viewmodel.spans import BLANK, Row, Span, fit

_SIGNS = (
    ("≈", "estimated: no usage block came, the tokens were counted here"),
    ("?", "no price of its own: the default rate, or none at all"),
    ("▲ ▼", "against the same span of time just before"),
    ("◐", "open: the clock runs and the tokens grow"),
    ("●", "complete"),
    ("◌", "the client left before the end"),
    ("✗", "failed, or interrupted by a stop of the daemon"),
    ("⊘", "refused before it reached a provider"),
)
_KEY = 12


def help_rows(keys: Sequence[tuple[str, str]]) -> tuple[Row, ...]:
    """Return the help's lines: each key once, then the signs on screen."""
    return (
        (Span("Keys here", "bright"),),
        BLANK,
        *_lines([*_merged(keys), ("1 … 9", "The screens, by their digits")]),
        BLANK,
        (Span("Signs", "bright"),),
        BLANK,
        *_lines(_SIGNS),
    )


def _merged(keys: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return one line per meaning, with all its keys."""
    merged: dict[str, list[str]] = {}
    for key, meaning in keys:
        known = merged.setdefault(meaning, [])
        if key not in "".join(known):
            known.append(key)
    return [(" ".join(known), meaning) for meaning, known in merged.items()]


def _lines(pairs: Iterable[tuple[str, str]]) -> list[Row]:
    return [(Span(fit(sign, _KEY), "accent"), Span(meaning, "text")) for sign, meaning in pairs]
