"""The monitor's own themes, and the colour of every tone the viewmodel names."""

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from codevector_tui.charts.cells import BEHIND
from codevector_tui.charts.spark import LEVELS

NAMES = (
    "text",
    "bright",
    "muted",
    "faint",
    "accent",
    "good",
    "warn",
    "bad",
    "grid",
    "axis",
    "line",
    "spend",
    "input",
    "cached",
    "writes",
    "output",
)
"""The tones with a colour of their own; each is the theme variable ``cv-NAME``."""

_RAMP = 0.42
"""How far the lowest step of a ramp fades into the background."""


def _theme(name: str, *, dark: bool, ground: tuple[str, str, str], tones: Mapping[str, str], edge: str) -> Theme:
    background, surface, panel = ground
    return Theme(
        name=name,
        dark=dark,
        primary=tones["accent"],
        secondary=tones["cached"],
        accent=tones["accent"],
        warning=tones["warn"],
        error=tones["bad"],
        success=tones["good"],
        foreground=tones["text"],
        background=background,
        surface=surface,
        panel=panel,
        boost=panel,
        variables={
            **{f"cv-{tone}": colour for tone, colour in tones.items()},
            "cv-edge": edge,
            "cv-select": panel,
            "border": edge,
            "border-blurred": edge,
            "footer-background": background,
            "footer-foreground": tones["muted"],
            "footer-description-foreground": tones["muted"],
            "footer-description-background": background,
            "footer-key-foreground": tones["accent"],
            "footer-key-background": background,
            "footer-item-background": background,
            "block-cursor-background": panel,
            "block-cursor-foreground": tones["bright"],
            "block-cursor-text-style": "bold",
            "scrollbar": edge,
            "scrollbar-hover": tones["muted"],
            "scrollbar-active": tones["accent"],
            "scrollbar-background": background,
            "scrollbar-background-hover": background,
            "scrollbar-background-active": background,
            "scrollbar-corner-color": background,
            "input-selection-background": f"{tones['accent']} 30%",
        },
    )


DARK = _theme(
    "codevector-dark",
    dark=True,
    ground=("#0d1117", "#11161e", "#1d2633"),
    edge="#2b3544",
    tones={
        "text": "#c9d4e0",
        "bright": "#f3f7fb",
        "muted": "#8593a6",
        "faint": "#4b5868",
        "accent": "#4fb3ff",
        "good": "#5fd38d",
        "warn": "#f0b354",
        "bad": "#ff7b72",
        "grid": "#232c38",
        "axis": "#8593a6",
        "line": "#ffc66d",
        "spend": "#4fb3ff",
        "input": "#4fb3ff",
        "cached": "#356fb0",
        "writes": "#a48bf2",
        "output": "#4fd6b8",
    },
)

LIGHT = _theme(
    "codevector-light",
    dark=False,
    ground=("#fbfcfd", "#ffffff", "#e3ebf4"),
    edge="#cfd8e3",
    tones={
        "text": "#26313d",
        "bright": "#06101b",
        "muted": "#5b6877",
        "faint": "#98a4b3",
        "accent": "#0b65c2",
        "good": "#147a43",
        "warn": "#935500",
        "bad": "#c2281d",
        "grid": "#e2e8ef",
        "axis": "#5b6877",
        "line": "#c2410c",
        "spend": "#1f7ae0",
        "input": "#1f7ae0",
        "cached": "#8fbdf0",
        "writes": "#7a5cd6",
        "output": "#12947d",
    },
)

CONTRAST = _theme(
    "codevector-contrast",
    dark=True,
    ground=("#000000", "#000000", "#3a3a00"),
    edge="#ffffff",
    tones={
        "text": "#ffffff",
        "bright": "#ffffff",
        "muted": "#e0e0e0",
        "faint": "#b0b0b0",
        "accent": "#ffff00",
        "good": "#00ff66",
        "warn": "#ffc400",
        "bad": "#ff8080",
        "grid": "#505050",
        "axis": "#ffffff",
        "line": "#ff9cff",
        "spend": "#00d7ff",
        "input": "#00d7ff",
        "cached": "#5f87ff",
        "writes": "#ff9cff",
        "output": "#00ff66",
    },
)

OWN = (DARK, LIGHT, CONTRAST)
WITHOUT_PLACE = ("textual-ansi", "ansi-dark", "ansi-light")
"""Textual's themes in the terminal's own colours: with NO_COLOR they are black on black, and they have no ramps."""


def derived(theme: Theme) -> dict[str, str]:
    """Return our variables for a theme that is not ours, from the colours it has."""
    text = theme.foreground or ("#e0e0e0" if theme.dark else "#1f1f1f")
    ground = theme.background or ("#121212" if theme.dark else "#efefef")
    mixed = Color.parse(ground).blend(Color.parse(text), 0.62).hex
    edge = Color.parse(ground).blend(Color.parse(text), 0.22).hex
    accent = theme.accent or theme.primary
    secondary = theme.secondary or theme.primary
    tones = {
        "text": text,
        "bright": text,
        "muted": mixed,
        "faint": Color.parse(ground).blend(Color.parse(text), 0.38).hex,
        "accent": theme.primary,
        "good": theme.success or theme.primary,
        "warn": theme.warning or accent,
        "bad": theme.error or accent,
        "grid": Color.parse(ground).blend(Color.parse(text), 0.14).hex,
        "axis": mixed,
        "line": theme.warning or accent,
        "spend": theme.primary,
        "input": theme.primary,
        "cached": Color.parse(theme.primary).blend(Color.parse(ground), 0.45).hex,
        "writes": secondary,
        "output": theme.success or accent,
    }
    return {f"cv-{name}": colour for name, colour in tones.items()} | {"cv-edge": edge, "cv-select": edge}


_ON_COLOUR = {"badge": "warn", "alarm": "bad"}
"""Tones of words that stand on a colour instead of in it."""

_GREYS = {"input": 0.75, "cached": 0.35, "writes": 0.6, "output": 1.0}
"""Without colour the kinds of tokens differ by brightness; numbers are parts of the way from the grid to the text."""


class Palette:
    """The style of every tone under one theme."""

    def __init__(self, variables: Mapping[str, str], *, mono: bool) -> None:
        self._colours = {name: Color.parse(variables[f"cv-{name}"]) for name in NAMES}
        if mono:
            self._colours |= {name: self._grey(part) for name, part in _GREYS.items()}
        self._ground = Color.parse(variables["background"])
        self._edge = Color.parse(variables["cv-select"])
        self.mono = mono
        self._known: dict[str, Style] = {}

    def _grey(self, part: float) -> Color:
        return self._colours["text"].blend(self._colours["grid"], 1 - part)

    def style(self, tone: str) -> Style:
        """Return the style of a tone; an unknown one is plain text."""
        style = self._known.get(tone)
        if style is None:
            style = self._known[tone] = self._make(tone)
        return style

    def _make(self, tone: str) -> Style:
        if BEHIND in tone:
            front, back = tone.split(BEHIND)
            return Style(color=self._colour(front).rich_color, bgcolor=self._colour(back).rich_color)
        if tone == "brand":
            return Style(color=self._colours["accent"].rich_color, bold=True)
        if tone in _ON_COLOUR:
            ground = self._colours[_ON_COLOUR[tone]]
            return Style(color=self._ground.rich_color, bgcolor=ground.rich_color, bold=True)
        if tone == "chosen":
            return Style(color=self._colours["bright"].rich_color, bold=True, reverse=self.mono)
        return Style(color=self._colour(tone).rich_color, bold=True if tone == "bright" else None)

    def _colour(self, tone: str) -> Color:
        name, _, step = tone.partition(".")
        base = self._colours.get(name, self._colours["text"])
        if not step:
            return base
        if step == "chosen":
            return base.blend(self._colours["bright"], 0.65)
        return _ramp(base, self._ground, int(step))


@lru_cache(maxsize=512)
def _ramp(base: Color, ground: Color, step: int) -> Color:
    """Return one step of a colour's ramp, from faded at the bottom to full at the top."""
    return base.blend(ground, _RAMP * (1 - step / (LEVELS - 1)))
