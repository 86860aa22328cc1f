"""Numbers three rows high: heavy strokes, a dollar sign that matches them, units and points at their feet."""

from collections.abc import Mapping

_GLYPHS: Mapping[str, tuple[str, str, str]] = {
    "0": ("┏━┓", "┃ ┃", "┗━┛"),
    "1": ("╺┓ ", " ┃ ", "╺┻╸"),
    "2": ("╺━┓", "┏━┛", "┗━╸"),
    "3": ("╺━┓", " ━┫", "╺━┛"),
    "4": ("╻ ╻", "┗━┫", "  ╹"),
    "5": ("┏━╸", "┗━┓", "╺━┛"),
    "6": ("┏━╸", "┣━┓", "┗━┛"),
    "7": ("╺━┓", "  ┃", "  ╹"),
    "8": ("┏━┓", "┣━┫", "┗━┛"),
    "9": ("┏━┓", "┗━┫", "╺━┛"),
    "$": ("┏╋╸", "┗╋┓", "╺╋┛"),
    "-": ("   ", "╺━╸", "   "),
    "<": (" ┏╸", "╺┫ ", " ┗╸"),
}
HEIGHT = 3


def digits(text: str) -> tuple[str, str, str]:
    """Return a number as three rows of text; what has no glyph stands small on the last row."""
    rows = ["", "", ""]
    for character in text:
        glyph = _GLYPHS.get(character, (" ", " ", character))
        for index, part in enumerate(glyph):
            rows[index] += part
    return rows[0], rows[1], rows[2]
