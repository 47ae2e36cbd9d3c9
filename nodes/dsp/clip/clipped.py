"""How much of a recording was clipped, and at which levels; see `nodes.dsp.clip.plateaus` for how it is told.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, no_progress
from nodes.dsp.clip.plateaus import ClipLevel, Plateaus, agreed_levels, clipped_signs, find_plateaus

__all__ = ["Clipped", "find_clipped"]

# Length of the stretches that are looked at (s): short enough that a change of gain falls between
# them, long enough that each has some peaks.
_STRETCH_S = 0.75
# So many stretches are looked at in one go; a cancel is felt between them.
_STRETCHES_PER_GO = 8

_Found = TypeVar("_Found")
_Wave = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Clipped:
    """What was clipped in one channel.

    Parameters
    ----------
    positive, negative : tuple of ClipLevel
        The levels, above and below zero (both as positive numbers), rising.
    count : int
        How many samples lie at them.
    """

    positive: tuple[ClipLevel, ...]
    negative: tuple[ClipLevel, ...]
    count: int


def find_clipped(audio: Audio, *, progress: Progress = no_progress) -> list[Clipped]:
    """Return what was clipped in each channel.

    Parameters
    ----------
    audio : Audio
        Any sound, whatever was done to its level after it was clipped.
    progress : Progress
        Told several times a second.
    """
    found = []
    for channel, row in enumerate(audio.samples):
        part = progress.part(channel / audio.channels, (channel + 1) / audio.channels)
        found.append(_in_channel(row, audio.sample_rate, part))
    return found


def _in_channel(row: _Wave, sample_rate: int, progress: Progress) -> Clipped:
    size = max(64, round(_STRETCH_S * sample_rate))

    def plateaus(waves: list[_Wave]) -> list[tuple[Plateaus | None, Plateaus | None]]:
        return [(find_plateaus(wave), find_plateaus(-wave)) for wave in waves]

    above: list[Plateaus] = []
    below: list[Plateaus] = []
    for pairs in _each(row, size, plateaus, progress.part(0.0, 0.5)):
        above += [positive for positive, _ in pairs if positive]
        below += [negative for _, negative in pairs if negative]
    positive, negative = agreed_levels(above), agreed_levels(below)
    if not positive and not negative:
        progress(1.0)
        return Clipped((), (), 0)

    def count(waves: list[_Wave]) -> int:
        signs = (clipped_signs(wave, positive, negative, sample_rate) for wave in waves)
        return sum(
            _cut_off(wave[sign > 0]) + _cut_off(-wave[sign < 0])
            for wave, sign in zip(waves, signs, strict=True)
        )

    total = sum(_each(row, size, count, progress.part(0.5, 1.0)))
    return Clipped(tuple(positive), tuple(negative), total)


def _cut_off(values: _Wave) -> int:
    """Return how many of the samples near a clip level were cut off at it.

    Where most are equal to the last bit, the others came that near by themselves.
    """
    equal = int(np.count_nonzero(values == values.max())) if values.size else 0
    return equal if 2 * equal >= values.size else int(values.size)


def _each(
    row: _Wave, size: int, look: Callable[[list[_Wave]], _Found], progress: Progress
) -> Iterator[_Found]:
    """Yield what `look` finds in some stretches after the others."""
    step = size * _STRETCHES_PER_GO

    def work(begin: int) -> tuple[int, _Found]:
        part = row[begin : begin + step]
        return begin + part.size, look([part[at : at + size] for at in range(0, part.size, size)])

    for done, result in progress.map(work, range(0, row.size, step)):
        yield result
        progress(done / row.size)
