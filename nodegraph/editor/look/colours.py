"""Colours of the two themes, and the contrast between them (WCAG 2.2, 1.4.3: text needs 4.5 to 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "DARK",
    "LIGHT",
    "THEMES",
    "Colour",
    "Colours",
    "contrast",
    "dimmed",
    "family_colour",
    "marked",
    "mixed",
    "on_top_of",
    "port_colour",
    "port_shape",
]

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""


@dataclass(frozen=True)
class Colours:
    """The colours of a theme, by what they are for."""

    window: Colour
    panel: Colour
    raised: Colour
    """Buttons, fields."""
    hovered: Colour
    border: Colour
    text: Colour
    quiet: Colour
    """Text of lesser weight: units, hints."""
    accent: Colour
    """What is selected or on."""
    on_accent: Colour
    canvas: Colour
    grid: Colour
    node: Colour
    node_border: Colour
    field: Colour
    """A parameter's bar in a node."""
    fill: Colour
    """Its filled part."""
    good: Colour
    warning: Colour
    bad: Colour
    wave_a: Colour
    wave_b: Colour
    families: Mapping[str, Colour]
    """Title bars; white text stands on them."""
    ports: Mapping[str, Colour]
    """By name of the value's type."""


_FAMILIES_DARK = {
    "source": (45, 100, 170),
    "repair": (38, 120, 82),
    "separate": (122, 82, 160),
    "tone": (166, 84, 38),
    "level": (24, 112, 128),
    "stereo": (92, 92, 172),
    "measure": (118, 106, 30),
    "speed": (150, 66, 96),
    "output": (62, 88, 122),
    "other": (96, 96, 100),
}

DARK = Colours(
    window=(24, 25, 29),
    panel=(32, 34, 39),
    raised=(42, 45, 52),
    hovered=(58, 62, 71),
    border=(62, 66, 75),
    text=(232, 234, 238),
    quiet=(163, 169, 180),
    accent=(50, 116, 218),
    on_accent=(255, 255, 255),
    canvas=(27, 29, 33),
    grid=(38, 41, 47),
    node=(42, 45, 52),
    node_border=(70, 75, 85),
    field=(54, 58, 67),
    fill=(52, 88, 142),
    good=(86, 190, 124),
    warning=(226, 172, 66),
    bad=(242, 110, 104),
    wave_a=(96, 164, 248),
    wave_b=(244, 166, 88),
    families=_FAMILIES_DARK,
    ports={
        "Audio": (84, 160, 246),
        "Report": (214, 190, 84),
        "NoiseProfile": (186, 140, 236),
        "SpeedCurve": (240, 126, 166),
        "ClickMap": (242, 150, 84),
    },
)

LIGHT = Colours(
    window=(238, 240, 244),
    panel=(250, 251, 252),
    raised=(231, 234, 239),
    hovered=(219, 224, 232),
    border=(204, 209, 218),
    text=(30, 33, 38),
    quiet=(89, 95, 106),
    accent=(30, 98, 200),
    on_accent=(255, 255, 255),
    canvas=(243, 244, 247),
    grid=(228, 231, 237),
    node=(255, 255, 255),
    node_border=(188, 194, 205),
    field=(235, 238, 243),
    fill=(178, 204, 242),
    good=(24, 122, 66),
    warning=(146, 92, 0),
    bad=(190, 40, 40),
    wave_a=(38, 104, 196),
    wave_b=(196, 104, 20),
    families=_FAMILIES_DARK,
    ports={
        "Audio": (30, 110, 205),
        "Report": (132, 112, 0),
        "NoiseProfile": (124, 70, 190),
        "SpeedCurve": (190, 50, 104),
        "ClickMap": (184, 84, 14),
    },
)

_INK, _PAPER = (16, 18, 22), (255, 255, 255)

THEMES: Mapping[str, Colours] = {"light": LIGHT, "dark": DARK}

_SHAPES: Mapping[str, str] = {
    "Audio": "circle",
    "Report": "square",
    "NoiseProfile": "diamond",
    "SpeedCurve": "triangle",
    "ClickMap": "cross",
}


def family_colour(colours: Colours, family: str) -> Colour:
    """Return the colour of a family's title bars."""
    return colours.families.get(family, colours.families["other"])


def port_colour(colours: Colours, type_name: str) -> Colour:
    """Return the colour of ports and links of a type of value."""
    return colours.ports.get(type_name, colours.quiet)


def dimmed(colours: Colours) -> tuple[Colour, Colour]:
    """Return the ground and the ink of a bypassed node: quieter than the others, and still read."""
    ground = mixed(colours.node, colours.canvas, 0.55)
    return ground, mixed(colours.text, ground, 0.35)


def on_top_of(colour: Colour) -> Colour:
    """Return black or white, whichever is read better on a colour."""
    return max((_INK, _PAPER), key=lambda each: contrast(each, colour))


def marked(colours: Colours) -> Colour:
    """Return the ground of the marked row of a list: quiet text is read on it."""
    return mixed(colours.fill, colours.panel, 0.5)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Return a colour between two: `share` of the other, 0 to 1."""
    r, g, b = (round(a + (z - a) * share) for a, z in zip(one, other, strict=True))
    return r, g, b


def port_shape(type_name: str) -> str:
    """Return "circle", "square", "diamond", "triangle" or "cross": types differ by more than colour."""
    return _SHAPES.get(type_name, "square")


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, 1 to 21.

    References
    ----------
    W3C, Web Content Accessibility Guidelines 2.2 (2023), "contrast ratio", "relative luminance".
    """
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [
        part / 12.92 if (part := value / 255) <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for value in colour
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
