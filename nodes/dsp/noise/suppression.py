"""How much of each time-frequency cell is signal: gains that take stationary noise out of spectra.

Textbook denoisers (Ephraim & Malah 1985) follow the signal-to-noise ratio forward in time, for they
hear a telephone call. A recording lies there as a whole, so here the evidence about a cell comes from
all sides, and each cell chooses which of its neighbourhoods to believe:

1. The power of a cell, in units of the noise's, is averaged over neighbourhoods of several shapes:
   lines along time (a held tone), along frequency (a stroke), and squares.
2. Each average gives an attenuation (James-Stein, as in block thresholding: Yu, Mallat & Bacry 2008,
   eq. 10). Stein's unbiased estimate of its risk, averaged around the cell, says how well it does
   there, and the attenuations are mixed by it.
3. What passes is an estimate of the signal, from which a Wiener gain is made (empirical Wiener
   filter: Ghael, Sayeed & Baraniuk 1997). Weak false alarms vanish in it by their square, which is
   why no musical noise is left over.
4. The same is done in short and in long windows. Averages of Stein's risk over wide tiles say which
   of them suits this part of the sound, and both are mixed by it.

Everything is a sum over a fixed neighbourhood, added up in a fixed order: no state runs through the
recording, so that block-wise equals whole-file, bit for bit.

Axis letters: C channels, T STFT frames, F bins.

References
----------
G. Yu, S. Mallat, E. Bacry, "Audio denoising by time-frequency block thresholding", IEEE Trans.
Signal Process. 56(5), 2008. C. Stein, "Estimation of the mean of a multivariate normal distribution",
Ann. Stat. 9(6), 1981. S. Ghael, A. Sayeed, R. Baraniuk, "Improved wavelet denoising via empirical
Wiener filtering", SPIE 3169, 1997. Y. Ephraim, D. Malah, "Speech enhancement using a minimum mean-
square error log-spectral amplitude estimator", IEEE Trans. ASSP 33(2), 1985.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["REACH_BINS", "REACH_FRAMES", "Cells", "attenuations"]

Cells = npt.NDArray[np.float32]
"""float32, shape (stft_frames, bins)."""

# Neighbourhoods in STFT frames × bins: 3 to the power of these. Held tones, strokes, and between.
_SHAPES = ((1, 1), (2, 0), (0, 2), (2, 1), (3, 0), (1, 3))
# How many standard deviations of its average in pure noise an attenuation asks for before anything
# passes. From a plateau: 1 to 3 differ by less than 0.1 dB of SDR.
_CAUTION = 1.5
# Differences of risk (in noise powers) at which a shape counts clearly less. Far smaller values
# trust the estimates too much: choosing the smallest of noisy numbers is a choice by chance.
_SOFTNESS = 0.5
# STFT frames and bins that a gain looks to either side: the longest shape, and the average of the risk.
REACH_FRAMES = 13 + 1
REACH_BINS = 13 + 1
# Bins that are worked on in one go, so that all intermediate arrays stay in a core's own cache.
_STRIP_BINS = 64


@dataclass(frozen=True)
class _Shape:
    """A neighbourhood, and how its average behaves in noise.

    Parameters
    ----------
    threshold : float
        What the average has to exceed, in noise powers.
    own_share : float
        How much the average follows the cell's own noise: Stein's correction.
    scale : float
        From the sum over the neighbourhood to the average.
    """

    threshold: float
    own_share: float
    scale: float


def attenuations(snr: Cells) -> Cells:
    """Return the gain of each cell from its power in units of the noise power.

    Parameters
    ----------
    snr : ndarray, shape (stft_frames + 2 × REACH_FRAMES, bins)
        Power over noise power; 1 on average where there is only noise.

    Returns
    -------
    ndarray, shape (stft_frames, bins)
        0 (noise) to 1 (signal).
    """
    frames, bins = snr.shape
    result = np.empty((frames - 2 * REACH_FRAMES, bins), np.float32)
    # The spectrum of a real signal is its own mirror image about 0 Hz and half the sample rate.
    mirrored = np.pad(snr, ((0, 0), (REACH_BINS, REACH_BINS)), mode="reflect" if bins > 1 else "edge")
    for begin in range(0, bins, _STRIP_BINS):
        end = min(bins, begin + _STRIP_BINS)
        strip = np.ascontiguousarray(mirrored[:, begin : end + 2 * REACH_BINS])
        result[:, begin:end] = _strip_gains(strip)
    return result


def _strip_gains(snr: Cells) -> Cells:
    # Reach 1 in time and in frequency remains for the average of the risk.
    frames, bins = snr.shape[0] - 2 * (REACH_FRAMES - 1), snr.shape[1] - 2 * (REACH_BINS - 1)
    gains = np.empty((len(_SHAPES), frames, bins), np.float32)
    risk = np.empty((len(_SHAPES), frames - 2, bins - 2), np.float32)
    for total, shape, gain, smooth in zip(_sums(snr), _shapes(), gains, risk, strict=True):
        at = (total.shape[0] - frames) // 2, (total.shape[1] - bins) // 2
        behaviour = np.float32(shape.threshold), np.float32(shape.own_share), np.float32(shape.scale)
        _loops().weigh(snr, total, at, behaviour, (gain, smooth))
    result = np.empty((frames - 2, bins - 2), np.float32)
    _loops().mix(snr, gains, risk, np.float32(_SOFTNESS), result)
    return result


def _sums(snr: Cells) -> list[Cells]:
    """Return the sum over each shape, for all cells around which it lies whole inside."""
    along = [snr]
    for times in range(max(long for long, _ in _SHAPES)):
        along.append(_tripled(along[-1], 3**times, 0))
    known = {(long, 0): cells for long, cells in enumerate(along)}
    for long, wide in sorted(_SHAPES):
        for times in range(wide):
            if (long, times + 1) not in known:
                known[long, times + 1] = _tripled(known[long, times], 3**times, 1)
    return [known[shape] for shape in _SHAPES]


def _tripled(cells: Cells, step: int, axis: int) -> Cells:
    """Return the sums of three cells that are `step` apart, in an order that is always the same."""
    frames, bins = cells.shape
    frames, bins = (frames - 2 * step, bins) if axis == 0 else (frames, bins - 2 * step)
    result = np.empty((frames, bins), np.float32)
    _loops().triple(cells, (step, 0) if axis == 0 else (0, step), result)
    return result


@lru_cache(maxsize=1)
def _shapes() -> tuple[_Shape, ...]:
    """Return how the averages of Hann-windowed noise with 75 % overlap behave, shape by shape."""
    correlations = _overlap_correlations()
    found = []
    for long, wide in _SHAPES:
        frames, bins = 3**long, 3**wide
        pairs = 0.0
        shares = 0.0
        for d in range(-min(3, frames - 1), min(3, frames - 1) + 1):
            for b in range(-min(2, bins - 1), min(2, bins - 1) + 1):
                related = correlations[abs(d), abs(b)]
                pairs += related * (frames - abs(d)) * (bins - abs(b))
                if 2 * abs(d) < frames + 1 and 2 * abs(b) < bins + 1:
                    shares += related
        cells = frames * bins
        found.append(_Shape(1.0 + _CAUTION * float(np.sqrt(pairs)) / cells, shares / cells, 1.0 / cells))
    return tuple(found)


def _overlap_correlations() -> npt.NDArray[np.float64]:
    """Return the squared correlation of noise in two cells that are d hops and b bins apart, at [d, b]."""
    length = 64
    n = np.arange(length)
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * n / length)
    table = np.zeros((4, 3))
    for d in range(4):
        product = window[d * length // 4 :] * window[: length - d * length // 4]
        for b in range(3):
            turned = product * np.exp(-2j * np.pi * b * n[: product.size] / length)
            table[d, b] = abs(turned.sum()) ** 2
    return np.asarray(table / table[0, 0], np.float64)


@dataclass(frozen=True)
class _Loops:
    triple: Callable[[Cells, tuple[int, int], Cells], None]
    weigh: Callable[[Cells, Cells, tuple[int, int], tuple[np.float32, ...], tuple[Cells, Cells]], None]
    mix: Callable[[Cells, Cells, Cells, np.float32, Cells], None]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    from numba import njit

    # Without Python's check for division by zero, which would keep the loops from being vectorised.
    compiled: Any = njit(cache=True, nogil=True, error_model="numpy")
    return _Loops(compiled(_triple), compiled(_weigh_shape), compiled(_mix_by_risk))


def _triple(cells: Cells, step: tuple[int, int], result: Cells) -> None:
    down, right = step
    frames, bins = result.shape
    for t in range(frames):
        # Rows cut to length: an index that might be negative would keep the loop from being vectorised.
        first, into = cells[t][:bins], result[t]
        second, third = cells[t + down][right : right + bins], cells[t + 2 * down][2 * right :]
        for f in range(bins):
            into[f] = first[f] + second[f] + third[f]


def _weigh_shape(
    snr: Cells,
    total: Cells,
    at: tuple[int, int],
    shape: tuple[np.float32, ...],
    results: tuple[Cells, Cells],
) -> None:
    """Write a shape's attenuation, and its risk averaged over 3 × 3 cells (one fewer on each side)."""
    gain, smooth = results
    frames, bins = gain.shape
    skip_frames, skip_bins = (snr.shape[0] - frames) // 2, (snr.shape[1] - bins) // 2
    down, right = at
    least, share, scale = shape
    one, two, three = np.float32(1.0), np.float32(2.0), np.float32(3.0)
    ninth, tiny = np.float32(1.0 / 9.0), np.float32(1e-6)
    risk = np.empty((frames, bins), np.float32)
    for t in range(frames):
        sums, own = total[t + down][right : right + bins], snr[t + skip_frames][skip_bins : skip_bins + bins]
        passes, errors = gain[t], risk[t]
        for f in range(bins):
            mean = max(sums[f] * scale, tiny)
            shrink = min(least / mean, one)
            passing = one - shrink
            passes[f] = passing
            slope = two * share * shrink / mean * min(mean, three) if shrink < one else np.float32(0.0)
            errors[f] = shrink * shrink * own[f] + two * passing - one + slope
    rows = np.empty(bins, np.float32)
    for t in range(frames - 2):
        for f in range(bins):
            rows[f] = risk[t, f] + risk[t + 1, f] + risk[t + 2, f]
        for f in range(bins - 2):
            smooth[t, f] = ninth * (rows[f] + rows[f + 1] + rows[f + 2])


def _mix_by_risk(snr: Cells, gains: Cells, risk: Cells, softness: np.float32, result: Cells) -> None:
    """Mix the shapes' gains, and make the Wiener gain of what passes: the end of step 2, and step 3."""
    shapes, frames, bins = risk.shape
    skip_frames, skip_bins = (snr.shape[0] - frames) // 2, (snr.shape[1] - bins) // 2
    one = np.float32(1.0)
    scale = one / (np.float32(3.0) * softness)
    lowest, weights, sums = (
        np.empty(bins, np.float32),
        np.empty(bins, np.float32),
        np.empty(bins, np.float32),
    )
    for t in range(frames):
        for f in range(bins):
            lowest[f] = risk[0, t, f]
            weights[f] = 0
            sums[f] = 0
        for s in range(1, shapes):
            for f in range(bins):
                lowest[f] = min(lowest[f], risk[s, t, f])
        for s in range(shapes):
            for f in range(bins):
                # An inverse fourth power falls much like an exponential, at a fraction of its cost.
                base = one / (one + (risk[s, t, f] - lowest[f]) * scale)
                weight = base * base * base * base
                weights[f] += weight
                sums[f] += weight * gains[s, t + 1, f + 1]
        for f in range(bins):
            gain = sums[f] / weights[f]
            passed = gain * gain * snr[t + skip_frames, f + skip_bins]
            result[t, f] = passed / (passed + one)
