"""Colour maps: colours for levels, evenly rising in lightness so that no step is seen that is not there.

Made in OKLab, where equal steps look equal.

References
----------
B. Ottosson, A perceptual color space for image processing, bottosson.github.io/posts/oklab, 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["MAPS", "MapName", "colour_map"]

MapName = Literal["ember", "ice", "grey"]

MAPS: Mapping[MapName, tuple[float, float, float]] = {
    "ember": (285.0, 465.0, 0.19),
    "ice": (290.0, 195.0, 0.13),
    "grey": (0.0, 0.0, 0.0),
}
"""Hue of the darkest and of the lightest colour (°), and the strongest chroma."""

_DARKEST, _LIGHTEST = 0.10, 0.97
_LMS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


@lru_cache(maxsize=8)
def colour_map(name: MapName, paper: Literal["dark", "light"] = "dark") -> npt.NDArray[np.float32]:
    """Return 256 colours for levels from low to high.

    Parameters
    ----------
    name : {"ember", "ice", "grey"}
        One of MAPS.
    paper : {"dark", "light"}
        Whether low levels are dark or light.

    Returns
    -------
    ndarray, shape (256, 3)
        sRGB, 0 to 1; not to be written to.
    """
    first, last, chroma = MAPS[name]
    place = np.linspace(0.0, 1.0, 256)
    lightness = _DARKEST + (_LIGHTEST - _DARKEST) * place
    hue = np.radians(first + (last - first) * place)
    # No colour is strong at both ends: there is none that dark or that light.
    strength = chroma * np.sin(np.pi * np.clip(0.06 + 0.88 * place, 0, 1)) ** 0.8
    lab = np.stack([lightness, strength * np.cos(hue), strength * np.sin(hue)], axis=1)
    linear = np.clip((lab @ _LMS.T) ** 3 @ _RGB.T, 0.0, 1.0)
    colours = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    if paper == "light":
        colours = colours[::-1]
    found: npt.NDArray[np.float32] = np.ascontiguousarray(colours, np.float32)
    found.flags.writeable = False
    return found
