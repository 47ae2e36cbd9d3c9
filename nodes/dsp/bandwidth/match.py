"""What of a model's sound is new: its level made the input's again, and only what lies above kept.

AudioSR takes the mean off and brings the peak to a half, whatever the input's level; the level comes back by
comparison with the input below the frequency at which that ends, where both are the same sound.

Axis letters: C channels, T frames, F bins.

References
----------
H. Liu, K. Chen, Q. Tian, W. Wang, M. D. Plumbley, AudioSR: versatile audio super-resolution at scale,
ICASSP 2024 (the input's own band is put back into the output).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from nodegraph import Samples

__all__ = ["Crossover", "Mode", "new_parts"]

Mode = Literal["highs", "full"]

# The crossover rises over this many octaves above the limit, and is this deep (dB).
_SLOPE_OCTAVES, _DEEP_DB = 1.0 / 6.0, 110.0
# Levels are compared from here (Hz), clear of the mean, up to this share of the limit, clear of its slope.
_LOWEST_HZ, _CLEAR = 20.0, 0.9
# Whatever is compared, no model's sound is made louder than this (factor) against the input's peak.
_MOST_PEAK = 4.0
# The octave below the limit may be brought up or down by no more than this (factor, 6 dB).
_MOST_OCTAVE = 2.0
# Power against the whole band's that counts as nothing.
_NOTHING = 1e-10

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Crossover:
    """Divides a sound into what lies below a frequency and the rest, without delay; both add up to it.

    Parameters
    ----------
    limit_hz : float
        All below is low; high rises over a sixth of an octave above.
    sample_rate : int
        In Hz.
    """

    limit_hz: float
    sample_rate: int
    _taps: _Values = field(init=False, repr=False)

    def __post_init__(self) -> None:
        from scipy.signal import firwin, kaiserord

        half = self.sample_rate / 2
        top_hz = min(self.limit_hz * 2.0**_SLOPE_OCTAVES, half)
        count, beta = kaiserord(_DEEP_DB, (top_hz - self.limit_hz) / half)
        taps = firwin(count | 1, 0.5 * (self.limit_hz + top_hz), window=("kaiser", beta), fs=self.sample_rate)
        object.__setattr__(self, "_taps", taps)

    def low(self, samples: Samples | _Values) -> _Values:
        """Return what lies below, float64; silence lies beyond the ends."""
        from scipy.signal import oaconvolve

        around = oaconvolve(samples.astype(np.float64), self._taps[np.newaxis], mode="full", axes=-1)
        half = self._taps.size // 2
        return np.asarray(around[:, half : half + samples.shape[1]], np.float64)

    def high(self, samples: Samples | _Values) -> _Values:
        """Return the rest, float64."""
        return np.asarray(samples - self.low(samples), np.float64)


def new_parts(dry: Samples, wet: Samples, crossover: Crossover, mode: Mode) -> tuple[_Values, ...]:
    """Return what is to be added to a block so that it becomes what the model made of it.

    Parameters
    ----------
    dry, wet : ndarray, shape (channels, frames)
        The input, and what the model made of it at a level of its own.
    crossover : Crossover
        At the frequency at which the input ends.
    mode : {"highs", "full"}
        "highs" adds only what lies above; "full" also has what the model changed below.

    Returns
    -------
    tuple of ndarray, each of shape (channels, frames)
        float64; to be added up: "full" keeps what lies below and above apart.
    """
    spectra = _Spectra(dry, wet, crossover.sample_rate)
    gain = spectra.gains(_LOWEST_HZ, _CLEAR * crossover.limit_hz)
    peaks = np.max(np.abs(dry), axis=1) / np.maximum(np.max(np.abs(wet), axis=1), 1e-30)
    gain = np.clip(gain, 0.0, _MOST_PEAK * peaks)
    if mode == "highs":
        low_hz, high_hz = 0.5 * crossover.limit_hz, _CLEAR * crossover.limit_hz
        gain = gain * spectra.octave(gain, low_hz, high_hz)
        return (crossover.high(gain[:, np.newaxis] * wet),)
    levelled = gain[:, np.newaxis] * wet.astype(np.float64)
    # The mean that the model takes off, weighted so that the block's ends do not count.
    window = np.hanning(dry.shape[1])
    levelled += ((dry - levelled) @ window / window.sum())[:, np.newaxis]
    change = levelled - dry
    low = crossover.low(change)
    return low, change - low


class _Spectra:
    """Both blocks' spectra, to compare what lies between two frequencies."""

    def __init__(self, dry: Samples, wet: Samples, sample_rate: int) -> None:
        from scipy.fft import rfft

        window = np.hanning(dry.shape[1])
        self._dry, self._wet = rfft(dry * window, axis=1), rfft(wet * window, axis=1)
        self._per_bin_hz = sample_rate / dry.shape[1]

    def _band(self, low_hz: float, high_hz: float) -> tuple[npt.NDArray[np.complex128], ...]:
        band = slice(int(np.ceil(low_hz / self._per_bin_hz)), int(high_hz / self._per_bin_hz))
        return self._dry[:, band], self._wet[:, band]

    def gains(self, low_hz: float, high_hz: float) -> _Values:
        """Return for each channel the gain that brings wet nearest to dry (least squares)."""
        dry, wet = self._band(low_hz, high_hz)
        common, power = np.sum((dry * wet.conj()).real, axis=1), np.sum(np.abs(wet) ** 2, axis=1)
        return np.asarray(np.where(power > 0.0, common / np.maximum(power, 1e-300), 0.0), np.float64)

    def octave(self, gain: _Values, low_hz: float, high_hz: float) -> _Values:
        """Return what dry has more than wet, at that gain, in a band: its power alone counts."""
        dry, wet = self._band(low_hz, high_hz)
        least = _NOTHING * np.sum(np.abs(self._dry) ** 2, axis=1) + 1e-300
        have = gain**2 * np.sum(np.abs(wet) ** 2, axis=1)
        ratio = np.sqrt((np.sum(np.abs(dry) ** 2, axis=1) + least) / (have + least))
        return np.asarray(np.clip(ratio, 1.0 / _MOST_OCTAVE, _MOST_OCTAVE), np.float64)
