"""Stereo widening that mono undoes: a side signal is added to one ear and taken from the other.

With the middle signal M untouched and a side signal S, left is M + S and right is M − S: whoever adds
the two channels up gets M back, whatever S is. Here S is M with every frequency turned by a quarter of
a period, forwards in one narrow band and backwards in the next, the strength of each swinging between
−1 and 1. Two things follow that a random or delayed side signal cannot give:

- both channels have the same level at every frequency, |M|² + |S|²: the image leans to no side, and
  there is no comb filter, but only a lift that swings gently by 10 log (1 + share²) dB;
- S and M are uncorrelated in the long run, whatever the music.

The bands are a fixed number of auditory bandwidths wide, so that the treble, whose bands are wide,
stays sharp in time: S follows a click within a millisecond.

Axis letters: C channels, T frames, F bins.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, Samples, no_progress, node
from nodes.dsp.fir import Fir, zero_phase
from nodes.dsp.overlap_add import Block, map_blocks

__all__ = ["widen"]

# Side against middle at full width, in the middle of a band (amplitude). The mean of a squared sine
# is a half, so that the channels' correlation is (1 − share²/2) / (1 + share²/2) = 0.3.
_FULL_SHARE = 1.04
# From one swing of the turn to the next, in equivalent rectangular bandwidths of the ear.
_BANDS_PER_SWING = 3.0
# Length of the filter (ms): the swings at 100 Hz, the slowest that can be chosen.
_LENGTH_MS = 90.0

_Values = npt.NDArray[np.float64]


@node(version=1, linked=True, reshapes=True)
def widen(
    audio: Audio,
    *,
    width_percent: Annotated[float, Range(0, 100)] = 50.0,
    above_hz: Annotated[float, Range(100, 4000, "log")] = 200.0,
    side_percent: Annotated[float, Range(0, 200)] = 100.0,
    progress: Progress = no_progress,
) -> Audio:
    """Spread a mono recording over the width between two loudspeakers, so that mono brings it back.

    Left plus right is twice the middle signal as it was: on a mono radio nothing is lost. Both
    channels keep the same tone and level; all that differs is the phase. A stereo recording keeps its
    own side signal beside the new one. Of more than two channels the first two are widened.

    Parameters
    ----------
    audio : Audio
        Any sound; mono comes out as stereo.
    width_percent : float, %
        How much is spread: more sounds wider and more distant, at 50 the channels' correlation is
        about 0.75, at 100 about 0.3. At 0 a mono sound comes out the same on both sides.
    above_hz : float, Hz
        What lies below stays in the middle: more keeps bass and voices firm, and only treble airy.
    side_percent : float, %
        What a stereo recording has at its sides already: more is wider, 0 is mono, 100 leaves it as it
        is. On mono it does nothing.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Two channels from mono, else as many as before. Same frames and rate; may exceed full scale.

    References
    ----------
    F. Zotter, M. Frank, Efficient phantom source widening, Archives of Acoustics 38(1), 2013 (phase
    that swings along frequency). B. R. Glasberg, B. C. J. Moore, Derivation of auditory filter shapes
    from notched-noise data, Hearing Research 47, 1990, eq. 3 (bandwidths).
    """
    share, side = _FULL_SHARE * width_percent / 100.0, side_percent / 100.0
    if audio.channels > 1 and share == 0.0 and side == 1.0:
        return audio
    fir = _turning(audio.sample_rate, share, above_hz)

    def spread(shown: Samples, block: Block) -> tuple[Samples]:
        source = shown[:, block.inner]
        middle, own_side = source[0].astype(np.float64), np.zeros(source.shape[1])
        around = shown[:1].astype(np.float64)
        if len(source) > 1:
            own_side = 0.5 * (middle - source[1])
            middle = 0.5 * (middle + source[1])
            around = 0.5 * (around + shown[1:2])
        new_side = own_side * side
        if share > 0.0:
            new_side = new_side + fir.apply(around, block)[0]
        pair = np.stack([middle + new_side, middle - new_side]).astype(np.float32)
        return (np.concatenate([pair, source[2:]]),)

    (result,) = map_blocks(
        audio.samples,
        spread,
        outputs=(max(2, audio.channels),),
        context_frames=fir.context_frames,
        align_frames=fir.align_frames,
        progress=progress,
    )
    return Audio.trusted(result, audio.sample_rate)


def _turning(sample_rate: int, share: float, above_hz: float) -> Fir:
    """Return the filter that makes the side signal from the middle one."""
    taps = 2 * max(8, round(0.5e-3 * _LENGTH_MS * sample_rate)) + 1
    bins = (1 << (taps - 1).bit_length()) + 1
    hz = np.linspace(0.0, sample_rate / 2, bins)
    # Number of auditory bandwidths below a frequency: the integral of 1 / (24.7 + 0.108 f).
    bands = np.log1p(hz * 0.108 / 24.7) / 0.108
    swing = np.sin(2.0 * math.pi * bands / _BANDS_PER_SWING)
    # The octave above the limit is a soft border.
    octaves = np.log2(np.maximum(hz, 1.0) / above_hz)
    rise = 0.5 - 0.5 * np.cos(math.pi * np.clip(octaves, 0.0, 1.0))
    # A real filter cannot turn half the sample rate by a quarter of a period.
    return zero_phase(1j * share * swing * rise * (hz < sample_rate / 2), taps)
