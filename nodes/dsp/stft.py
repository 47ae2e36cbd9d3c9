"""The short-time Fourier transform over one block of a long signal, such that blocks leave no trace.

STFT frames stand on a grid that is fixed to the signal (frame t is centred on sample t · hop), so a
block sees the very frames that the whole signal would have. Each transform is computed by the same
instructions wherever the frame lies in its block, hence block-wise equals whole-file, bit for bit.

Axis letters: C channels, T STFT frames, F bins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nodegraph import Samples
from nodes.dsp.overlap_add import Block

__all__ = ["Spectra", "Stft", "nearest_n_fft"]

Spectra = npt.NDArray[np.complex64]
"""complex64, shape (channels, stft_frames, bins)."""

# Hops in one window: 75 % overlap, the least with which analysis and synthesis can both use a Hann
# window and still add up to a constant (1.5).
_HOPS_PER_WINDOW = 4
_OVERLAPPED_HANN_SQUARED = 1.5
# scipy's FFT takes rows in groups of its vector width (16 float32 at most), the rest one by one. A
# multiple of it sends every row down the same path, whatever the block.
_ROW_GROUP = 16


def nearest_n_fft(window_ms: float, sample_rate: int) -> int:
    """Return the power of two, at least 16, whose window is nearest to `window_ms` on a log scale."""
    return int(max(16, 2 ** round(math.log2(window_ms * 1e-3 * sample_rate))))


@dataclass(frozen=True)
class Stft:
    """A Hann-windowed STFT with 75 % overlap that resynthesises exactly.

    Parameters
    ----------
    n_fft : int
        Window and transform length in samples, a multiple of 4.
    look_frames : int
        How many STFT frames to either side a decision about one frame needs to see.
    """

    n_fft: int
    look_frames: int = 0

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next; blocks are aligned to it."""
        return self.n_fft // _HOPS_PER_WINDOW

    @property
    def bins(self) -> int:
        """Number of frequencies from 0 to half the sample rate."""
        return self.n_fft // 2 + 1

    @property
    def context_frames(self) -> int:
        """Samples that `analyse` must be shown on both sides of a block."""
        return (3 + self.look_frames) * self.hop_length

    def span(self, block: Block) -> tuple[int, int]:
        """Return the first STFT frame that sounds in `block`, and one past the last."""
        hop = self.hop_length
        return block.begin // hop - 1, -(-block.end // hop) + 2

    def analyse(self, shown: Samples, block: Block) -> tuple[Spectra, int, int]:
        """Return the spectra that sound in `block` with up to `look_frames` more on either side.

        Frames exist as long as they touch the signal, which is taken to be silent beyond its ends.

        Parameters
        ----------
        shown : ndarray, shape (channels, outer frames)
            What the block is shown.
        block : Block
            Its begin is a multiple of `hop_length`.

        Returns
        -------
        spectra : ndarray, shape (channels, stft_frames, bins)
            complex64.
        before, after : int
            How many STFT frames of it lie before and after those of `span`: `look_frames`, or
            fewer at an end of the signal.
        """
        hop, half = self.hop_length, self.n_fft // 2
        first, stop = self.span(block)
        before = min(self.look_frames, first + 1)
        after = min(self.look_frames, -(-block.total // hop) + 2 - stop)
        begin, end = (first - before) * hop - half, (stop + after - 1) * hop + half
        lead = max(0, block.outer_begin - begin)
        tail = max(0, end - block.outer_end)
        cut = shown[:, max(0, begin - block.outer_begin) : end - block.outer_begin]
        padded = np.pad(cut, ((0, 0), (lead, tail)))
        return self._transform(padded), before, after

    def _transform(self, padded: Samples) -> Spectra:
        from scipy.fft import rfft

        windows = np.lib.stride_tricks.sliding_window_view(padded, self.n_fft, axis=1)[:, :: self.hop_length]
        channels, count, _ = windows.shape
        rows = np.zeros((channels, -(-count // _ROW_GROUP) * _ROW_GROUP, self.n_fft), np.float32)
        np.multiply(windows, _hann(self.n_fft), out=rows[:, :count])
        spectra = np.asarray(rfft(rows, axis=2, overwrite_x=True), np.complex64)
        return spectra[:, :count]

    def synthesise(self, spectra: Spectra, block: Block) -> Samples:
        """Return the sound of `spectra`, which are those of `span`, for the block's own samples.

        Parameters
        ----------
        spectra : ndarray, shape (channels, stft_frames, bins)
            complex64.
        block : Block
            As in `analyse`.

        Returns
        -------
        ndarray, shape (channels, end − begin)
            float32. Unchanged spectra give the block's samples back, to rounding.
        """
        from scipy.fft import irfft

        channels, count, _ = spectra.shape
        rows = np.zeros((channels, -(-count // _ROW_GROUP) * _ROW_GROUP, self.bins), np.complex64)
        rows[:, :count] = spectra
        waves = irfft(rows, self.n_fft, axis=2, overwrite_x=True)[:, :count]
        waves *= _hann(self.n_fft) / np.float32(_OVERLAPPED_HANN_SQUARED)
        # Quarter q of frame t lies in hop t + q: four shifted sums, always in the same order.
        quarters = waves.reshape(channels, count, _HOPS_PER_WINDOW, self.hop_length)
        hops = count - _HOPS_PER_WINDOW + 1
        total = quarters[:, _HOPS_PER_WINDOW - 1 :, 0].copy()
        for quarter in range(1, _HOPS_PER_WINDOW):
            begin = _HOPS_PER_WINDOW - 1 - quarter
            total += quarters[:, begin : begin + hops, quarter]
        return np.asarray(total.reshape(channels, -1)[:, : block.end - block.begin])


@lru_cache(maxsize=16)
def _hann(length: int) -> npt.NDArray[np.float32]:
    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)).astype(np.float32)
    window.flags.writeable = False
    return window
