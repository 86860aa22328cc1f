"""The glyphs below one cell: eighths of a height, sixths of a cell, shades where there is no colour."""

EIGHTHS = " ▁▂▃▄▅▆▇█"
_LEFT_HALF, _RIGHT_HALF = 21, 42
_LEFT, _RIGHT = (16, 4, 1), (32, 8, 2)


def eighth(level: int) -> str:
    """Return the block that fills ``level`` eighths of a cell from its bottom."""
    return EIGHTHS[max(0, min(8, level))]


def sixth(left: int, right: int) -> str:
    """Return the sextant with so many thirds filled from the bottom of its left and of its right half (0 to 3)."""
    pattern = sum(_LEFT[:left]) + sum(_RIGHT[:right])
    if pattern in (0, 63):
        return " █"[pattern // 63]
    if pattern == _LEFT_HALF:
        return "▌"
    if pattern == _RIGHT_HALF:
        return "▐"
    return chr(0x1FB00 + pattern - 1 - (pattern > _LEFT_HALF) - (pattern > _RIGHT_HALF))
