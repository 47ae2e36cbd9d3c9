"""Frequencies: where a frequency stands in a picture whose height is linear, logarithmic or mel."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["LOWEST_HZ", "Scale", "hz_at", "place_of", "ticks"]

Scale = Literal["linear", "log", "mel"]
"""How frequencies stand above each other."""

LOWEST_HZ = 30.0
"""A logarithmic scale begins here."""

# O'Shaughnessy's mel (Speech communication, 1987).
_MEL_HZ = 700.0


def hz_at(place: npt.ArrayLike, scale: Scale, sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the frequency at a height: 0 is the bottom, 1 half the sample rate."""
    height, top = np.asarray(place, np.float64), sample_rate / 2
    if scale == "linear":
        return height * top
    if scale == "log":
        return LOWEST_HZ * (top / LOWEST_HZ) ** height
    return _MEL_HZ * ((1.0 + top / _MEL_HZ) ** height - 1.0)


def place_of(hz: float, scale: Scale, sample_rate: int) -> float:
    """Return the height of a frequency; outside of 0 to 1 where it is not in the picture."""
    top = sample_rate / 2
    if scale == "linear":
        return hz / top
    if scale == "log":
        return math.log(max(hz, 1e-9) / LOWEST_HZ) / math.log(top / LOWEST_HZ)
    return math.log1p(hz / _MEL_HZ) / math.log1p(top / _MEL_HZ)


def ticks(scale: Scale, sample_rate: int) -> list[tuple[float, float]]:
    """Return (frequency, height) of round frequencies to write beside the picture, lowest first."""
    if scale == "linear":
        step = 5_000.0 if sample_rate > 30_000 else 1_000.0
        round_hz = [step * count for count in range(1, int(sample_rate / 2 / step) + 1)]
    else:
        round_hz = [100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0, 20_000.0, 50_000.0]
    placed = [(hz, place_of(hz, scale, sample_rate)) for hz in round_hz]
    return [each for each in placed if 0.0 < each[1] < 1.0]
