"""Holes that a lossy codec leaves in a spectrogram: found, counted, and how much sound they lack.

At low rates MP3, AAC and Vorbis leave out whole bands for some hundredths of a second. Such a hole has
sound on both sides in time, and its own level falls by 15 dB and more into it and out of it. Natural
sound decays, but seldom comes back as suddenly.

Axis letters: C channels, T STFT frames, F bins, B bands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodes.dsp.stft import Spectra

__all__ = ["Bands", "bands_between", "lacking", "notches"]

# Width of a band (Hz): about a scale-factor band of MP3 around 6 kHz.
_BAND_HZ = 344.0
# A hole is narrower than this many hops in time; the level beside it is held over it.
HOLD_FRAMES = 8
# How far a band falls below what is beside it (dB): to be counted as a codec's notch, within four
# hops; and to be filled.
_NOTCH_DB, _NOTCH_FRAMES = 15.0, 4
_HOLE_DB = 20.0
# Holes are filled to this far below the level beside them (dB): noise at the full level would add
# as much error as it adds sound.
_BELOW_DB = 6.0
# Bands whose sides are fainter than this count for nothing (power of a full-scale sine: 1).
_FAINT = 3e-10
_TINY = 1e-16

_Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Bands:
    """Neighbouring bands of an STFT.

    Parameters
    ----------
    first_bin : int
        Where the lowest begins.
    width : int
        Of each, in bins.
    count : int
        How many.
    """

    first_bin: int
    width: int
    count: int

    def levels(self, spectra: Spectra) -> _Array:
        """Return the mean power in each band, shape (channels, stft_frames, bands)."""
        part = spectra[..., self.first_bin : self.first_bin + self.width * self.count]
        power = part.real**2 + part.imag**2
        return np.asarray(power.reshape(*power.shape[:-1], self.count, self.width).mean(axis=-1))

    def spread(self, values: _Array, bins: int) -> _Array:
        """Return one value per bin, zero outside the bands."""
        result = np.zeros((*values.shape[:-1], bins), np.float32)
        end = self.first_bin + self.width * self.count
        result[..., self.first_bin : end] = np.repeat(values, self.width, axis=-1)
        return result


def bands_between(low_hz: float, high_hz: float, sample_rate: int, n_fft: int) -> Bands:
    """Return the bands that fit between two frequencies; perhaps none."""
    bin_hz = sample_rate / n_fft
    width = max(1, round(_BAND_HZ / bin_hz))
    first = int(np.ceil(low_hz / bin_hz))
    return Bands(first, width, max(0, int(high_hz / bin_hz) - first) // width)


def notches(levels: _Array, full_scale: float) -> tuple[int, int]:
    """Count the cells that are notches, and those in which one could be seen.

    Parameters
    ----------
    levels : ndarray, shape (channels, stft_frames, bands)
        With `HOLD_FRAMES` more at either end that are not counted.
    full_scale : float
        The power of a full-scale sine in such a band.
    """
    inside = slice(HOLD_FRAMES, levels.shape[1] - HOLD_FRAMES)
    side = np.minimum(
        _highest(levels, -_NOTCH_FRAMES, -1)[:, inside], _highest(levels, 1, _NOTCH_FRAMES)[:, inside]
    )
    heard = side > _FAINT * full_scale
    notched = heard & (levels[:, inside] < side * 10.0 ** (-_NOTCH_DB / 10.0))
    return int(notched.sum()), int(heard.sum())


def lacking(levels: _Array) -> _Array:
    """Return the power that holes lack, 0 where there is none.

    The level beside a hole is a closing: what is lower than both sides of it within the hold is
    raised to the lower one. Before an attack and after a decay nothing is raised.

    Parameters
    ----------
    levels : ndarray, shape (channels, stft_frames, bands)
        With 2 · `HOLD_FRAMES` + 1 more at either end, which the result does not have.
    """
    smooth = (levels[:, :-2] + levels[:, 1:-1] + levels[:, 2:]) / np.float32(3.0)
    hold = HOLD_FRAMES
    dilated = _highest(smooth, -hold, hold)[:, hold : smooth.shape[1] - hold]
    closed = -_highest(-dilated, -hold, hold)[:, hold : dilated.shape[1] - hold]
    own = levels[:, 2 * hold + 1 : levels.shape[1] - 2 * hold - 1]
    wanted = closed * np.float32(10.0 ** (-_BELOW_DB / 10.0))
    hole = own < closed * np.float32(10.0 ** (-_HOLE_DB / 10.0)) - np.float32(_TINY)
    return np.asarray(np.where(hole, wanted - own, 0.0), np.float32)


def _highest(levels: _Array, first: int, last: int) -> _Array:
    """Return the highest level between `first` and `last` frames from each; the ends wrap."""
    result = np.roll(levels, -first, axis=1)
    for shift in range(first + 1, last + 1):
        result = np.maximum(result, np.roll(levels, -shift, axis=1))
    return np.asarray(result)
