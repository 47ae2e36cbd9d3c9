"""Transients: more or less attack, where a sound begins and nowhere else.

In each of three bands two envelopes follow the level of all channels together: one at once, the other
slowly. Where a stroke begins the first runs ahead of the second; once it is well ahead the band gets
the full gain, and none as soon as the second has caught up. Steady sounds, however loud, have no such
lead: there the gain is exactly 1 and the samples pass untouched.

The first envelope is the highest level of the last few milliseconds (at least half a period of the
band's lowest tone), so that a bass note does not wobble it. Nothing looks ahead: what comes before a
stroke stays as it was, to the bit. All runs in one loop over the frames that carries its state from
block to block: the result does not depend on where a block begins.

Axis letters: C channels, T frames, B bands.

References
----------
R. Tilgner and others, Signal processing device for dynamics (the SPL Transient Designer), SPL, 1998:
two envelopes of different attack, gain from their difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, Samples, new_samples, no_progress, node
from nodes.dsp.overlap_add import cut_blocks

__all__ = ["transients"]

# Borders between the bands (Hz): drums' bodies, voices and instruments, sticks and cymbals.
_SPLITS_HZ = (200.0, 2000.0)
# How long each band's first envelope holds a peak (ms): half a period of 40, 200 and 500 Hz. Above,
# longer than the band needs for tones: noise then has a steadier peak.
_HOLDS_MS = (12.5, 2.5, 2.5)
_BANDS = 3
# After the hold the first envelope falls with this time constant (ms), as a room dies away.
_FALL_MS = 60.0
# The gain goes up and down within these time constants (ms): below a click's length, above a gap's.
_GAIN_UP_MS = 0.3
_GAIN_DOWN_MS = 2.5
# From the threshold on, this many more decibels of lead bring the full gain.
_KNEE_DB = 3.0
# Lead at which a stroke ends, seen from the slow envelope, 10 log (1 / (1 − exp(−length / slow))):
# with a slow time constant of `_SLOW` lengths it is 4.8 dB after the length and 1.6 after three.
_SLOW = 2.5
# Levels below −120 dBFS are silence, not beginnings (power).
_SILENCE = 1e-12
_PER_DB = math.log(10.0) / 20.0
# Gains closer to 1 than this are 1 (dB).
_LEAST_DB = 0.002
# Frames in one go: the bands of a stretch stay in the processor's cache.
_STRIDE = 1 << 15

_Values = npt.NDArray[np.float64]


@node(version=1, neutral={"attack_db": 0.0}, linked=True)
def transients(
    audio: Audio,
    *,
    attack_db: Annotated[float, Range(-12, 12)] = 4.0,
    length_ms: Annotated[float, Range(3, 40, "log")] = 10.0,
    threshold_db: Annotated[float, Range(1, 12)] = 3.0,
    progress: Progress = no_progress,
) -> Audio:
    """Sharpen or soften the beginnings of notes and strokes; what is held stays as it is.

    Repair clicks before this node: it would sharpen them too. It raises peaks; put a limiter behind.
    All channels get the same gain, so that the stereo image holds.

    Parameters
    ----------
    audio : Audio
        Any sound.
    attack_db : float, dB
        How much louder beginnings become: more brings strokes and consonants forward, below 0 they
        move back and the sound gets softer.
    length_ms : float, ms
        How long a beginning lasts: more lifts the body of a drum too, less only the stick.
    threshold_db : float, dB
        How far a beginning must stick out of what sounds already: more leaves all but the clearest
        strokes alone, less also sharpens soft notes, and at last hiss.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels, frames and rate; may exceed full scale.
    """
    if attack_db == 0.0:
        return audio
    rate, channels = audio.sample_rate, audio.channels
    result = new_samples(channels, audio.frames)
    sections, state = _sections(rate), _State(channels, _holds(rate))
    settings = _settings(rate, attack_db, length_ms, threshold_db)
    progress(0.0)
    for block in cut_blocks(audio.frames, channels):
        for begin in range(block.begin, block.end, _STRIDE):
            end = min(block.end, begin + _STRIDE)
            result[:, begin:end] = _shaped(audio.samples[:, begin:end], sections, settings, state)
            progress(end / audio.frames)
    return Audio.trusted(result, rate)


class _State:
    """What the loop carries from one stretch to the next.

    Parameters
    ----------
    filters : ndarray, shape (channels, 2, 2)
        The memories of the two filters.
    bands : ndarray, shape (bands, 5)
        Highest power of this hold and of the one before, first envelope, second envelope (powers),
        gain (dB).
    counts : ndarray, shape (bands,)
        int64, frames left of each hold.
    holds : list of int
        Frames of a whole hold.
    """

    def __init__(self, channels: int, holds: npt.NDArray[np.int64]) -> None:
        self.filters = np.zeros((channels, 2, 2))
        self.bands = np.zeros((_BANDS, 5))
        self.bands[:, 3] = _SILENCE
        self.counts = holds.copy()
        self.holds = [int(hold) for hold in holds]


def _holds(sample_rate: int) -> npt.NDArray[np.int64]:
    return np.array([max(1, round(1e-3 * hold * sample_rate)) for hold in _HOLDS_MS], np.int64)


def _settings(sample_rate: int, attack_db: float, length_ms: float, threshold_db: float) -> _Values:
    def step(time_ms: float) -> float:
        return 1.0 - math.exp(-1e3 / (time_ms * sample_rate))

    times = (_FALL_MS, _SLOW * length_ms, _GAIN_UP_MS, _GAIN_DOWN_MS)
    return np.array([attack_db, threshold_db, *(step(time) for time in times)])


def _sections(sample_rate: int) -> _Values:
    """Return Butterworth's low-pass and high-pass, each as b0 b1 b2 a1 a2 (bilinear transform)."""
    rows = []
    for split_hz, high in zip(_SPLITS_HZ, (False, True), strict=True):
        # At low rates the upper border has to stay below half the rate.
        k = math.tan(math.pi * min(split_hz, 0.4 * sample_rate) / sample_rate)
        scale = 1.0 / (1.0 + math.sqrt(2.0) * k + k * k)
        edge, middle = (scale, -2.0 * scale) if high else (k * k * scale, 2.0 * k * k * scale)
        rows.append(
            [edge, middle, edge, 2.0 * (k * k - 1.0) * scale, (1.0 - math.sqrt(2.0) * k + k * k) * scale]
        )
    return np.array(rows)


@dataclass(frozen=True)
class _Loops:
    split: Callable[[Samples, _Values, _Values, _Values], None]
    follow: Callable[[_Values, _Values, int, _Values, npt.NDArray[np.int64]], bool]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    from numba import njit

    compiled: Any = njit(cache=True, nogil=True)
    return _Loops(compiled(_split), compiled(_follow))


def _shaped(shown: Samples, sections: _Values, settings: _Values, state: _State) -> Samples:
    """Return the shaped frames of a stretch and carry the state on."""
    bands = np.empty((shown.shape[0], _BANDS, shown.shape[1]))
    for row, filters, parts in zip(shown, state.filters, bands, strict=True):
        _loops().split(row, sections, filters, parts)
    # Channel by channel: numpy's own sum may take another order for another length.
    powers = np.zeros(bands.shape[1:])
    for parts in bands:
        powers += parts * parts
    total = None
    for band, change in enumerate(powers):
        if _loops().follow(change, settings, state.holds[band], state.bands[band], state.counts[band:]):
            part = change * bands[:, band]
            total = part if total is None else total + part
    return shown if total is None else np.asarray(shown + total, np.float32)


def _split(row: Samples, sections: _Values, filters: _Values, parts: _Values) -> None:
    """Write the three bands of a row to `parts`; the middle one is what the others leave."""
    b0, b1, b2, a1, a2 = sections[0]
    c0, c1, c2, d1, d2 = sections[1]
    p, q, r, s = filters[0, 0], filters[0, 1], filters[1, 0], filters[1, 1]
    for n in range(row.size):
        # Transposed direct form II, side by side.
        x = np.float64(row[n])
        y = b0 * x + p
        p = b1 * x - a1 * y + q
        q = b2 * x - a2 * y
        z = c0 * x + r
        r = c1 * x - d1 * z + s
        s = c2 * x - d2 * z
        parts[0, n] = y
        parts[1, n] = x - y - z
        parts[2, n] = z
    filters[0, 0], filters[0, 1], filters[1, 0], filters[1, 1] = p, q, r, s


def _follow(
    power: _Values,
    settings: _Values,
    hold: int,
    state: _Values,
    count: npt.NDArray[np.int64],
) -> bool:
    """Turn a band's power into its change of gain (0 is none), in place; tell whether there is any."""
    attack_db, threshold_db, fall, slow, up, down = settings
    full_ratio = 10.0 ** (threshold_db / 10.0)
    highest, before, first, second, gain_db = state
    left, changed = count[0], False
    for n in range(power.size):
        if left == 0:
            left, before, highest = hold, highest, 0.0
        left -= 1
        highest = max(highest, power[n])
        first = max(highest, before, first - fall * first, _SILENCE)
        second = min(first, second + slow * (first - second))
        wanted = 0.0
        if first > second * full_ratio:
            lead_db = 10.0 * math.log10(first / second)
            wanted = attack_db * min(1.0, (lead_db - threshold_db) / _KNEE_DB)
        power[n] = 0.0
        if wanted != 0.0 or gain_db != 0.0:
            gain_db += (up if abs(wanted) > abs(gain_db) else down) * (wanted - gain_db)
            if wanted == 0.0 and abs(gain_db) < _LEAST_DB:
                gain_db = 0.0
            else:
                power[n] = math.exp(gain_db * _PER_DB) - 1.0
                changed = True
    state[0], state[1], state[2], state[3], state[4] = highest, before, first, second, gain_db
    count[0] = left
    return changed
