"""Find where a recording was clipped, whatever its level is now.

A clipper leaves plateaus: runs of samples at one level, entered and left at a slope that would have
carried the wave far beyond. A wave that turns by itself also has a flat top, and in a quiet 16-bit
recording many equal samples at it, but it enters and leaves slowly: lines drawn through the two
samples before and the two after a plateau meet right above it. That height, compared with the
plateau's own unevenness (rounding, dither, noise from later on), tells the two apart.

The signal is looked at in stretches of fixed length, the positive and the negative side each for
itself, so that asymmetric clipping and later changes of gain are found too. Evidence for one level is
added up over all stretches: a single flat top proves nothing.

Axis letters: N sample frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ClipLevel", "Plateaus", "agreed_levels", "clipped_signs", "find_plateaus"]

# How uneven a plateau may be, as a share of its level: floats as they were cut; 16-bit rounding and
# dither; noise or a resampling filter 50 dB below. Tried from the finest to the coarsest.
_UNEVEN = (2e-6, 2e-4, 3e-3)
# A plateau counts if the lines through its shoulders meet this many times higher above it than its
# unevenness. At the top of a parabola they meet at twice that.
_LEAST_OVERSHOOT = 10.0
# How much evidence (samples in plateaus, less one for each) makes a level a clip level.
_LEAST_EVIDENCE = 4
_LEAST_PLATEAUS = 2
# Where values are as fine as floats are, three equal samples in a row at the top are a proof.
_LEAST_EXACT = 2
_EXACT = 1e-5
# At a clip level this share of the plateaus, at least, must be cut off.
_LEAST_SHARE = 0.5
# At a clip level there are more samples than in the next band of values below, by this factor: a
# sine has 2.4 (arcsine distribution), music less than 1.
_LEAST_CROWD = 4.0
# A top is flat if this many samples in a row are at one level.
_LEAST_FLAT = 3
# Longer plateaus (ms) are no clipping that could be undone, but a stuck converter or a square wave.
_LONGEST_MS = 40.0
# Levels below this are not looked at (full scale = 1).
_FAINTEST = 1e-5

_Wave = npt.NDArray[np.float32]
_Signs = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Plateaus:
    """What one side of a stretch shows at its highest level.

    Parameters
    ----------
    level : float
        The highest sample, as a positive number.
    low : float
        The lowest sample that belongs to the plateau: the level itself where that is exact.
    uneven : float
        How uneven plateaus may be here.
    count, evidence : int
        How many plateaus are cut off, and the samples in them, less one for each.
    """

    level: float
    low: float
    uneven: float
    count: int
    evidence: int


@dataclass(frozen=True)
class ClipLevel:
    """A level at which one side was clipped.

    Parameters
    ----------
    low, high : float
        Samples from `low` on, up to `high`, were cut off; both positive.
    """

    low: float
    high: float


def find_plateaus(wave: _Wave) -> Plateaus | None:
    """Return the cut-off plateaus at the highest level of the positive side, or None.

    Parameters
    ----------
    wave : ndarray, shape (frames,)
        float32; negated to look at the negative side.
    """
    level = float(wave.max(initial=0.0))
    if level < _FAINTEST:
        return None
    # Nearly every stretch of undamaged sound ends here: two equal samples at its top are rare.
    top = np.flatnonzero(wave >= level * (1.0 - _UNEVEN[-1]))
    if top.size < 2 or not np.any(np.diff(top) == 1):
        return None
    step = _least_step(wave)
    finest = max(_UNEVEN[0] * level, 1.5 * step)
    exact = _plateaus_within(wave, level, level, finest)
    if exact is not None:
        return exact
    for share in _UNEVEN:
        uneven = max(share * level, 1.5 * step)
        found = _plateaus_within(wave, level, level - uneven, uneven)
        if found is not None:
            return found
    return None


def _least_step(wave: _Wave) -> float:
    """Return the smallest difference between two neighbours: the quantiser's step, where there is one."""
    steps = np.abs(np.diff(wave))
    steps = steps[steps > 0.0]
    return float(steps.min()) if steps.size else 0.0


def _plateaus_within(wave: _Wave, level: float, low: float, uneven: float) -> Plateaus | None:
    """Return the plateaus whose samples lie between `low` and `level`, or None if these are no clipping."""
    high = wave >= low
    edges = np.flatnonzero(np.diff(np.concatenate([[False], high, [False]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    inside = (begins >= 2) & (ends <= wave.size - 2) & (ends - begins >= 2)
    begins, ends = begins[inside], ends[inside]
    if not begins.size:
        return None
    rise = wave[begins - 1].astype(np.float64) - wave[begins - 2]
    fall = wave[ends].astype(np.float64) - wave[ends + 1]
    overshoot = np.minimum(rise, fall) * (ends - begins) / 2.0
    cut_off = overshoot >= _LEAST_OVERSHOOT * uneven
    below = int(np.count_nonzero((wave < low) & (wave >= low - uneven)))
    lengths = (ends - begins)[cut_off]
    crowded = int(lengths.sum()) >= _LEAST_CROWD * below
    if not cut_off.any() or cut_off.mean() < _LEAST_SHARE or not crowded:
        return None
    return Plateaus(level, low, uneven, int(cut_off.sum()), int((lengths - 1).sum()))


def agreed_levels(found: list[Plateaus]) -> list[ClipLevel]:
    """Return the levels for which the stretches of one side together have evidence enough, rising."""
    levels: list[ClipLevel] = []
    group: list[Plateaus] = []
    for plateaus in [*sorted(found, key=lambda one: one.level), None]:
        if plateaus is not None and (not group or plateaus.level - plateaus.uneven <= group[-1].level):
            group.append(plateaus)
            continue
        count, evidence = sum(one.count for one in group), sum(one.evidence for one in group)
        exact = any(one.evidence >= _LEAST_EXACT and one.uneven < _EXACT * one.level for one in group)
        if exact or (count >= _LEAST_PLATEAUS and evidence >= _LEAST_EVIDENCE):
            levels.append(ClipLevel(min(one.low for one in group), group[-1].level))
        group = [] if plateaus is None else [plateaus]
    return levels


def clipped_signs(
    wave: _Wave, positive: list[ClipLevel], negative: list[ClipLevel], sample_rate: int
) -> _Signs:
    """Return 1 where a stretch was cut off above, −1 where it was below, 0 elsewhere.

    A stretch is clipped at the level that its own highest sample reaches. A level that it exceeds tells
    of another gain before or after: there only tops that lie flat at it were cut off. One that it does
    not reach has no meaning in it.
    """
    longest = max(1, round(_LONGEST_MS * 1e-3 * sample_rate))
    signs = np.zeros(wave.size, np.int8)
    for sign, levels, side in ((1, positive, wave), (-1, negative, -wave)):
        top = float(side.max(initial=0.0))
        for level in levels:
            if top < level.low:
                continue
            chosen = side >= level.low
            if top > level.high:
                chosen = _flat_tops(side, level)
            signs[_without_long_runs(chosen, longest)] = sign
    return signs


def _flat_tops(side: _Wave, level: ClipLevel) -> npt.NDArray[np.bool_]:
    """Return the runs at a level that the wave does not leave upwards."""
    high = side >= level.low
    edges = np.flatnonzero(np.diff(np.concatenate([[False], high, [False]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    chosen = np.zeros_like(high)
    for begin, end in zip(begins, ends, strict=True):
        flat = end - begin >= _LEAST_FLAT and side[begin:end].max() <= level.high
        chosen[begin:end] = flat
    return chosen


def _without_long_runs(chosen: npt.NDArray[np.bool_], longest: int) -> npt.NDArray[np.bool_]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    kept = chosen.copy()
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end - begin > longest:
            kept[begin:end] = False
    return kept
