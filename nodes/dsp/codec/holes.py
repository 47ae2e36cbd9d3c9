"""Holes that a lossy codec leaves in a spectrogram: told from natural silence, and how much sound they lack.

At low rates MP3, AAC and Vorbis leave out whole bands for some hundredths of a second and more. Such a
hole has sound before and after it, as natural pauses do; but it is a hole in its own band alone, while
in a pause, between two strokes or two clicks, all bands fall together. What all bands fall by is hence
taken off first.

Axis letters: C channels, T STFT frames, F bins, B bands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodes.dsp.stft import Spectra

__all__ = ["HOLD_FRAMES", "SIDE_FRAMES", "Bands", "bands_between", "lacking", "notches"]

HOLD_FRAMES = 32
"""A hole is narrower than twice this many hops (0.37 s); the level beside it is held over it."""

SIDE_FRAMES = 12
"""How many hops to either side (70 ms) a notch is measured by: longer than a click and its window."""

# Bands fall together by what this quantile of them falls by. At a quarter the decay of cymbals over held
# chords is filled, which costs up to 0.8 dB of SDR; above a half what encoders leave out is not.
_TOGETHER = 0.45
# How far a band falls below what is beside it (dB), more than all bands do: to be a codec's notch, and
# to be filled.
_NOTCH_DB, _HOLE_DB = 25.0, 20.0
# Holes are filled to this far below the level beside them (dB): what was kept is the stronger part, and
# noise at the full level would add more error than sound.
_BELOW_DB = 5.0
# Bands whose sides are fainter than this count for nothing (power of a bin of a full-scale sine: 1).
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


def bands_between(low_hz: float, high_hz: float, band_hz: float, sample_rate: int, n_fft: int) -> Bands:
    """Return the bands of a width that fit between two frequencies; perhaps none."""
    bin_hz = sample_rate / n_fft
    width = max(1, round(band_hz / bin_hz))
    first = int(np.ceil(low_hz / bin_hz))
    return Bands(first, width, max(0, int(high_hz / bin_hz) - first) // width)


def notches(levels: _Array, full_scale: float) -> tuple[int, int]:
    """Count the cells that are notches, and those in which one could be seen.

    Parameters
    ----------
    levels : ndarray, shape (channels, stft_frames, bands)
        With `SIDE_FRAMES` more at either end that are not counted.
    full_scale : float
        The power of a full-scale sine in a bin.
    """
    # Medians: a click that lies beside is no level.
    windows = np.lib.stride_tricks.sliding_window_view(levels, SIDE_FRAMES, axis=1)
    middle = np.partition(windows, SIDE_FRAMES // 2, axis=-1)[..., SIDE_FRAMES // 2]
    side = np.minimum(middle[:, : -SIDE_FRAMES - 1], middle[:, SIDE_FRAMES + 1 :])
    heard = side > _FAINT * full_scale
    own = levels[:, SIDE_FRAMES : levels.shape[1] - SIDE_FRAMES]
    notched = heard & (_alone(side, own) > 10.0 ** (_NOTCH_DB / 10.0))
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
    closed = -_highest(-_highest(smooth, 2 * HOLD_FRAMES + 1), 2 * HOLD_FRAMES + 1)
    own = levels[:, 2 * HOLD_FRAMES + 1 : levels.shape[1] - 2 * HOLD_FRAMES - 1]
    alone = _alone(closed, own)
    # What all bands fall by, this one would have fallen by too.
    wanted = own * alone * np.float32(10.0 ** (-_BELOW_DB / 10.0))
    hole = (alone > 10.0 ** (_HOLE_DB / 10.0)) & (closed > _TINY)
    return np.asarray(np.where(hole, wanted - own, 0.0), np.float32)


def _alone(beside: _Array, own: _Array) -> _Array:
    """Return the factor by which each band falls more than all bands do."""
    fall = (beside + np.float32(_TINY)) / (own + np.float32(_TINY))
    rank = int(_TOGETHER * (fall.shape[-1] - 1))
    together = np.partition(fall, rank, axis=-1)[..., rank : rank + 1]
    return np.asarray(fall / np.maximum(together, np.float32(1.0)))


def _highest(levels: _Array, length: int) -> _Array:
    """Return the highest of each `length` frames in a row; as many frames fewer, less one."""
    seen = 1
    while 2 * seen <= length:
        levels = np.maximum(levels[:, :-seen], levels[:, seen:])
        seen *= 2
    rest = length - seen
    return np.asarray(np.maximum(levels[:, : levels.shape[1] - rest], levels[:, rest:]))
