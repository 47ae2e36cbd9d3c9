"""What a model for separation looks like to `nodes.dsp.separation.separate`.

A backend is a class of an underscore file (`nodes/separate/_demucs.py`) with the five attributes and two
methods of `Backend`; it sees arrays and knows nothing of sample rates, channels, files, or blocks:

    class Spleeter:
        sample_rate = 44100
        channels = 2
        sources = ("vocals", "accompaniment")
        standardised = False
        window_frames = 30 * 44100 + 2 * 44100

        def segments(self, frames):
            return blocks(frames, length=30 * 44100, context=44100, fade=4410)

        def separate(self, shown, model):        # (2, n) float32 → (sources, 2, n) float32
            return numpy_of(self.net(tensor_of(shown)))

    stems = separate(audio, Spleeter(), rest={"residual": ("vocals", "accompaniment")}, progress=progress)

Where a model is shown the sound is decided by `segments` alone, on a grid that begins with the recording,
so that neither memory nor the order of reading enters the result.

Axis letters: S sources, C channels, T frames at the model's own sample rate.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nodegraph import Samples

__all__ = ["Backend", "Segment", "blocks", "merged", "triangles"]

_Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Segment:
    """One call of a model: what it is shown, and what of its answer counts.

    Parameters
    ----------
    begin, end : int
        The frames to which it contributes, within the recording.
    shown_begin, shown_end : int
        The frames that the model is shown; silence where they lie outside of the recording.
    weight : ndarray, shape (end − begin,)
        float32, how much its answer counts. The weights of all segments add up to 1 at every frame, for
        every source by itself once `gains` are taken in.
    gains : tuple of float
        A factor for each source; empty where all are 1.
    model : int
        For which of several models it is.
    """

    begin: int
    end: int
    shown_begin: int
    shown_end: int
    weight: _Array
    gains: tuple[float, ...] = ()
    model: int = 0


class Backend(Protocol):
    """A model that takes sound apart, at its own sample rate and number of channels.

    Attributes
    ----------
    sample_rate : int
        In Hz; the driver converts.
    channels : int
        1, or 2: pairs of channels are shown together, one channel alone on both sides.
    sources : tuple of str
        What comes out, in this order.
    standardised : bool
        Wants the whole recording with mean 0 and standard deviation 1.
    window_frames : int
        No segment is shown more than this.
    """

    @property
    def sample_rate(self) -> int: ...  # noqa: D102
    @property
    def channels(self) -> int: ...  # noqa: D102
    @property
    def sources(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def standardised(self) -> bool: ...  # noqa: D102
    @property
    def window_frames(self) -> int: ...  # noqa: D102

    def segments(self, frames: int) -> Iterator[Segment]:
        """Yield the segments of a recording of 1 frame or more, by rising `begin`; covers all frames."""
        ...

    def separate(self, shown: Samples, model: int) -> _Array:
        """Take one segment apart. Must neither keep state nor modify its input.

        Parameters
        ----------
        shown : ndarray, shape (channels, frames)
            float32, what the segment says is shown.
        model : int
            `Segment.model`.

        Returns
        -------
        ndarray, shape (sources, channels, frames)
            float32, as long as what is shown.
        """
        ...


def triangles(
    frames: int,
    *,
    length: int,
    stride: int,
    window: Callable[[int], int] = int,
    begin: int = 0,
    gains: tuple[float, ...] = (),
    model: int = 0,
) -> Iterator[Segment]:
    """Yield overlapping segments with triangular weights, as Demucs lays them.

    Parameters
    ----------
    frames : int
        Length of the recording.
    length, stride : int
        Of a segment, and from one to the next.
    window : callable
        How many frames the model wants to be shown for a segment of so many, which lies in their
        middle. By default no more.
    begin : int
        Where the first segment begins: 0, or before the recording where it is shifted.
    gains, model
        See `Segment`.

    References
    ----------
    A. Défossez, Demucs, `demucs.apply.apply_model` (version 4.1, 2026).
    """
    rising = np.arange(1, length // 2 + 1)
    falling = np.arange(length - length // 2, 0, -1)
    triangle = np.concatenate([rising, falling]) / max(1, length - length // 2)
    starts = range(begin, frames, stride)
    reach = (length - 1) // stride
    for number, start in enumerate(starts):
        end = min(frames, start + length)
        if end <= 0:
            continue
        total = np.zeros(end - start)
        for other in starts[max(0, number - reach) : number + reach + 1]:
            first, last = max(start, other), min(end, other + length)
            total[first - start : last - start] += triangle[first - other : last - other]
        weight = (triangle[: end - start] / total).astype(np.float32)
        shown = window(end - start)
        shown_begin = start - (shown - (end - start)) // 2
        inside = max(0, start)
        yield Segment(inside, end, shown_begin, shown_begin + shown, weight[inside - start :], gains, model)


def blocks(frames: int, *, length: int, context: int, fade: int) -> Iterator[Segment]:
    """Yield blocks that follow each other with context on both sides and a cross-fade between them.

    For models without segments of their own. What is shown ends with the recording.

    Parameters
    ----------
    frames : int
        Length of the recording.
    length : int
        From one block to the next. A short last block is part of the one before it.
    context : int
        How much the model is shown beyond a block.
    fade : int
        Length of the cross-fade, half of it on either side of a border; at most twice the context.
    """
    borders = [*range(0, max(1, frames - length // 2), length), frames]
    half = fade // 2
    ramp = ((np.arange(2 * half) + 0.5) / max(1, 2 * half)).astype(np.float32)
    for start, stop in itertools.pairwise(borders):
        begin = start - half if start else 0
        end = min(frames, stop + half)
        weight = np.ones(end - begin, np.float32)
        if start:
            weight[: 2 * half] = ramp
        if stop < frames:
            weight[end - begin - 2 * half :] *= np.float32(1.0) - ramp
        yield Segment(begin, end, max(0, start - context), min(frames, stop + context), weight)


def merged(*several: Iterator[Segment]) -> Iterator[Segment]:
    """Yield the segments of several grids by rising `begin`."""
    return heapq.merge(*several, key=lambda segment: segment.begin)
