"""Finite filters of any length over long signals, by FFT, such that blocks leave no trace.

The signal is cut on a grid that is fixed to it (overlap-save). Every stretch of the grid is transformed
by itself, one row at a time, hence by the same instructions whatever the block: block-wise equals
whole-file, bit for bit. All of it is done in double precision.

Axis letters: C channels, T frames, F bins.

References
----------
A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal Processing, 3rd ed., 2010: chapters 8
(overlap-save) and 13 (minimum phase from the real cepstrum).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nodegraph import Samples
from nodes.dsp.overlap_add import Block

__all__ = ["Fir", "minimum_phase", "zero_phase"]

# No filter is deeper than this below its loudest frequency (dB): the logarithm of 0 has no cepstrum.
_DEEPEST_DB = 160.0
# Share of a filter's length over which its end is faded out.
_FADED = 0.125

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fir:
    """A finite filter.

    Parameters
    ----------
    taps : ndarray, shape (taps,)
        float64, two or more.
    centre : int
        The tap that falls on the present frame: 0 for a causal filter.
    """

    taps: _Values
    centre: int = 0
    _spectrum: npt.NDArray[np.complex128] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        from scipy.fft import rfft

        object.__setattr__(self, "_spectrum", rfft(self.taps, 2 * self.align_frames))

    @property
    def align_frames(self) -> int:
        """Blocks begin at multiples of this."""
        return 1 << (self.taps.size - 1).bit_length()

    @property
    def context_frames(self) -> int:
        """How far the filter looks to either side."""
        return max(self.centre, self.taps.size - 1 - self.centre)

    def apply(self, shown: Samples | _Values, block: Block) -> _Values:
        """Return the filtered signal, float64, for a block's own frames.

        Parameters
        ----------
        shown : ndarray, shape (channels, outer frames)
            What the block is shown, with `context_frames` on both sides; silence lies beyond the ends.
        block : Block
            Its begin is a multiple of `align_frames`.
        """
        from scipy.fft import irfft, rfft

        step, keep = self.align_frames, self.taps.size - 1
        result = np.zeros((shown.shape[0], block.end - block.begin))
        for begin in range(block.begin, block.end, step):
            first = begin - keep + self.centre - block.outer_begin
            count = min(step, block.end - begin)
            for row, out in zip(shown, result, strict=True):
                stretch = np.zeros(2 * step)
                part = row[max(0, first) : max(0, first + keep + step)]
                stretch[max(0, -first) : max(0, -first) + part.size] = part
                if not stretch.any():
                    continue
                # A stretch begins `keep` frames early: those come out wrong and are dropped.
                found = irfft(rfft(stretch, overwrite_x=True) * self._spectrum, overwrite_x=True)
                at = begin - block.begin
                out[at : at + count] = found[keep : keep + count]
        return result


def minimum_phase(gains_db: _Values, taps: int) -> Fir:
    """Return the filter with given gains that answers as early as any such filter can.

    Parameters
    ----------
    gains_db : ndarray, shape (bins,)
        At frequencies evenly spaced from 0 to half the sample rate. The gains are met exactly at
        these as long as the response has died away after `taps`.
    taps : int
        Length of the filter, at most `bins`.
    """
    from scipy.fft import irfft, rfft

    size = 2 * (gains_db.size - 1)
    floor = np.maximum(gains_db, gains_db.max() - _DEEPEST_DB)
    cepstrum = irfft(floor * (np.log(10.0) / 20.0), size)
    # Fold what lies before time 0 onto what lies after it: the magnitude stays as it is.
    cepstrum[1 : size // 2] *= 2.0
    cepstrum[size // 2 + 1 :] = 0.0
    response = irfft(np.exp(rfft(cepstrum)), size)[:taps].copy()
    fade = max(1, int(_FADED * taps))
    response[taps - fade :] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    return Fir(response)


def zero_phase(response: npt.NDArray[np.complex128] | _Values, taps: int) -> Fir:
    """Return the filter with a given frequency response about the present frame: it looks both ways.

    Parameters
    ----------
    response : ndarray, shape (bins,)
        At frequencies evenly spaced from 0 to half the sample rate. Real values shift no phase;
        imaginary ones turn it by a quarter of a period.
    taps : int
        Length of the filter, odd, at most twice the bins.
    """
    from scipy.fft import irfft

    size = 2 * (response.size - 1)
    half = taps // 2
    around = np.roll(irfft(np.asarray(response, np.complex128), size), half)[:taps]
    # A Hann window without its zeros at both ends.
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(1, taps + 1) / (taps + 1))
    return Fir(around * window, centre=half)
