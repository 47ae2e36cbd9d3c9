"""SwiftF0: a small network that tells the pitch of a voice, run by onnxruntime.

References
----------
L. Nieradzik, SwiftF0: fast and accurate monophonic pitch detection, arXiv:2508.18440, 2025.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import soxr
import swift_f0

from nodes.dsp.speed.partials import CENTS, Wave
from nodes.dsp.speed.voice import Contour

__all__ = ["rough_pitch"]

# The network's own measure of what is voiced.
_VOICED = 0.5
# Below a peak of 1e-3 it takes everything for silence: the sound is brought to this peak.
_PEAK = 0.5
# What is worked on in one go (s), with what the network looks at to either side: 11 frames of 16 ms.
_PIECE_S = 4.0
_CONTEXT_S = 0.256


def rough_pitch(mono: Wave, sample_rate: float, *, check: Callable[[], None]) -> Contour:
    """Return the pitch of a voice; the same whatever else is worked on meanwhile.

    Parameters
    ----------
    mono : ndarray, shape (frames,)
        The sound.
    sample_rate : float
        In Hz.
    check : callable
        Called several times a second; may raise to stop.
    """
    wave = soxr.resample(mono, sample_rate, swift_f0.SAMPLE_RATE)
    wave *= _PEAK / max(float(np.abs(wave).max(initial=0.0)), 1e-9)
    step_s = swift_f0.FRAME_PERIOD
    piece, context = round(_PIECE_S / step_s), round(_CONTEXT_S / step_s)
    hop = round(step_s * swift_f0.SAMPLE_RATE)
    count = max(1, wave.size // hop)
    cents, voiced = np.zeros(count), np.zeros(count, bool)
    for begin in range(0, count, piece):
        check()
        end = min(count, begin + piece)
        first = max(0, begin - context)
        shown = wave[first * hop : (end + context) * hop]
        if not shown.any():
            continue
        found = _network().detect(shown, swift_f0.SAMPLE_RATE)
        own = slice(begin - first, end - first)
        cents[begin:end] = CENTS * np.log(np.maximum(found.pitch_hz[own], 1.0))
        voiced[begin:end] = found.confidence[own] >= _VOICED
    return Contour(cents, voiced, step_s)


@lru_cache(maxsize=1)
def _network() -> Any:
    # One thread that sleeps when it has nothing to do: stretches of a recording run side by side.
    return swift_f0.SwiftF0(threads=1, spin=False)
