"""Colours that can be read."""

import pytest
from textual.color import Color

from codevector_tui.themes import NAMES, OWN, WITHOUT_PLACE, Palette, derived

READ = ("text", "bright", "muted", "accent", "good", "warn", "bad", "axis")


def contrast(one: Color, other: Color) -> float:
    """Return the contrast of WCAG 2."""

    def light(colour: Color) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", OWN, ids=lambda theme: theme.name)
@pytest.mark.parametrize("tone", READ)
def test_text_stands_out_from_every_surface_it_is_on(theme: object, tone: str) -> None:
    colour = Color.parse(theme.variables[f"cv-{tone}"])  # type: ignore[attr-defined]
    for ground in (theme.background, theme.surface):  # type: ignore[attr-defined]
        assert contrast(colour, Color.parse(ground)) >= 4.5


@pytest.mark.parametrize("theme", OWN, ids=lambda theme: theme.name)
def test_a_palette_knows_every_tone(theme: object) -> None:
    variables = {**theme.variables, "background": theme.background}  # type: ignore[attr-defined]
    palette = Palette(variables, mono=False)
    assert {palette.style(name).color for name in NAMES}
    assert palette.style("line/spend.3").bgcolor == palette.style("spend.3").color
    assert palette.style("spend.0") != palette.style("spend.7")


def test_without_colour_the_kinds_of_tokens_differ_by_brightness() -> None:
    theme = OWN[0]
    palette = Palette({**theme.variables, "background": theme.background or ""}, mono=True)
    shades = {palette.style(name).color for name in ("input", "cached", "writes", "output")}
    assert len(shades) == 4


def test_themes_of_others_get_all_our_variables() -> None:
    from textual.theme import BUILTIN_THEMES  # noqa: PLC0415 — only this test needs it

    for theme in BUILTIN_THEMES.values():
        if theme.name not in WITHOUT_PLACE:
            assert {f"cv-{name}" for name in NAMES} <= set(derived(theme))
