"""How one recording differs from another: a constant delay, a gain, and what remains.

Sums are taken over stretches of 50 ms and then exactly (`math.fsum`), so that no figure depends on
where a block begins.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Samples, no_progress
from nodes.dsp.overlap_add import Block, cut_blocks

__all__ = ["STRETCHES_PER_S", "Difference", "difference", "find_delay", "stretch_frames"]

# The delay is looked for in a stretch of about this length (s), where the reference is loudest.
_DELAY_STRETCH_S = 6.0
# Below this correlation the two sounds have nothing to do with each other, and no delay.
_RELATED = 0.3

STRETCHES_PER_S = 20
"""Levels are taken over stretches of this many per second: 50 ms, which holds a period of 20 Hz."""

_Values = npt.NDArray[np.float64]


def stretch_frames(audio: Audio) -> int:
    """Return the length of a stretch in frames."""
    return max(1, audio.sample_rate // STRETCHES_PER_S)


@dataclass(frozen=True)
class Difference:
    """Sums over the frames that two sounds have in common.

    Parameters
    ----------
    frames : int
        How many they have in common.
    unequal : int
        How many samples differ.
    peaks : ndarray, shape (channels,)
        The largest magnitude of audio − reference.
    squares, reference_squares, products, residual_squares : ndarray, shape (channels,)
        Sums of audio², reference², audio × reference and (audio − reference)².
    residuals : ndarray, shape (stretches,)
        Sums of (audio − reference)² over all channels, by stretch.
    """

    frames: int
    unequal: int
    peaks: _Values
    squares: _Values
    reference_squares: _Values
    products: _Values
    residual_squares: _Values
    residuals: _Values

    def gain(self, channels: slice) -> float | None:
        """Return the factor of the reference that the audio comes nearest to."""
        power = math.fsum(self.reference_squares[channels])
        return math.fsum(self.products[channels]) / power if power > 0.0 else None

    def unexplained_db(self) -> float | None:
        """Return what remains of the audio (dB) after the reference times each channel's gain."""
        whole = math.fsum(self.squares)
        parts = (
            p * p / r if r > 0.0 else 0.0 for p, r in zip(self.products, self.reference_squares, strict=True)
        )
        rest = whole - math.fsum(parts)
        # Below the rounding of the sums there is nothing to be told.
        return 10.0 * math.log10(rest / whole) if rest > 1e-14 * whole else None


def difference(audio: Audio, reference: Audio, delay: int, *, progress: Progress = no_progress) -> Difference:
    """Subtract `reference` from `audio` pulled forward by `delay` frames, over what they have in common."""
    late, early = max(0, delay), max(0, -delay)
    frames = max(0, min(audio.frames - late, reference.frames - early))
    stretch = stretch_frames(audio)

    def take(block: Block) -> tuple[int, int, _Values, tuple[_Values, ...]]:
        x = audio.samples[:, late + block.begin : late + block.end].astype(np.float64)
        y = reference.samples[:, early + block.begin : early + block.end].astype(np.float64)
        starts = np.arange(0, x.shape[1], stretch)
        rest = x - y
        products = (x * x, y * y, x * y, rest * rest)
        sums = tuple(np.add.reduceat(product, starts, axis=1) for product in products)
        return block.end, int(np.count_nonzero(rest)), np.abs(rest).max(axis=1), sums

    unequal, peaks = 0, np.zeros(audio.channels)
    found: list[tuple[_Values, ...]] = [(np.zeros((audio.channels, 0)),) * 4]
    for done, count, highest, sums in progress.map(
        take, cut_blocks(frames, audio.channels, align_frames=stretch)
    ):
        unequal += count
        peaks = np.maximum(peaks, highest)
        found.append(sums)
        progress(done / frames)
    by_stretch = [np.concatenate(rows, axis=1) for rows in zip(*found, strict=True)]
    totals = [np.array([math.fsum(row) for row in rows]) for rows in by_stretch]
    return Difference(
        frames=frames,
        unequal=unequal,
        peaks=peaks,
        squares=totals[0],
        reference_squares=totals[1],
        products=totals[2],
        residual_squares=totals[3],
        residuals=by_stretch[3].sum(axis=0),
    )


def find_delay(audio: Audio, reference: Audio, most: int, *, progress: Progress = no_progress) -> int | None:
    """Return by how many frames the audio is late, or None where the two are not related."""
    span = max(1, round(_DELAY_STRETCH_S * audio.sample_rate))
    begin = _loudest(reference, span, progress.part(0.0, 0.15))
    if begin is None:
        return None
    y = reference.samples[:, begin : begin + span]
    # The stretch of the audio that any delay up to `most` brings over it; silence beyond the ends.
    x = np.zeros((audio.channels, y.shape[1] + 2 * most), np.float32)
    first = max(0, begin - most)
    part = audio.samples[:, first : begin + y.shape[1] + most]
    offset = first - (begin - most)
    x[:, offset : offset + part.shape[1]] = part

    def correlate(rows: Sequence[Samples]) -> _Values:
        size = 1 << (x.shape[1] + y.shape[1]).bit_length()
        total = np.zeros(size)
        for row, other in zip(*rows, strict=True):
            total += np.fft.irfft(np.fft.rfft(row, size) * np.conj(np.fft.rfft(other, size)), size)
        return total[: 2 * most + 1]

    (products,) = progress.map(correlate, [(x, y)])
    squares = np.concatenate([[0.0], np.cumsum((x.astype(np.float64) ** 2).sum(axis=0))])
    powers = squares[y.shape[1] :] - squares[: -y.shape[1]]
    reference_power = float((y.astype(np.float64) ** 2).sum())
    likeness = np.abs(products) / np.sqrt(np.maximum(powers, 1e-6 * powers.max() + 1e-30) * reference_power)
    best = int(np.argmax(likeness))
    return best - most if likeness[best] >= _RELATED else None


def _loudest(audio: Audio, span: int, progress: Progress) -> int | None:
    """Return where the loudest stretch of `span` frames begins, or None in silence."""
    best, power = None, 0.0
    for begin in range(0, audio.frames, span):
        progress(begin / audio.frames)
        part = audio.samples[:, begin : begin + span]
        found = float(np.einsum("ct,ct->", part, part, dtype=np.float64))
        if found > power:
            best, power = begin, found
    return best
