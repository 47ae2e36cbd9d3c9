"""Tell whether a lossy codec has been at a sound: by the holes that it left in the treble.

Axis letters: C channels, T STFT frames, F bins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nodegraph import Audio, Progress, Samples, no_progress
from nodes.dsp.holes import HOLD_FRAMES, bands_between, notches
from nodes.dsp.overlap_add import Block, cut_blocks
from nodes.dsp.stft import Spectra, Stft, nearest_n_fft

__all__ = ["SLOPE_HZ", "CodecTrace", "codec_stft", "find_codec", "own_and_around"]

# Window (ms): shorter than a granule pair of MP3 (26 ms), so that one hole is seen by itself.
_WINDOW_MS = 23.0
# From this rate of notches on (of a thousand places) a sound has damage that filling makes better.
# Measured on a dozen recordings: never coded, up to 3, and 15 for telephone speech; MP3 of 64 kbit/s,
# 13 to 79; of 96, 6 to 57; of 128, up to 23; of 192, as the original.
_LEAST_NOTCHES = 18.0
# Notches are counted from here (Hz); encoders leave hardly any lower down.
_COUNT_FROM_HZ = 6000.0

SLOPE_HZ = 200.0
"""Room below the end of the treble (Hz), where its slope is."""


@dataclass(frozen=True)
class CodecTrace:
    """What a codec left.

    Parameters
    ----------
    notches_permille : float
        How many of a thousand places in the treble are a codec's notches.
    """

    notches_permille: float

    @property
    def found(self) -> bool:
        """Whether they are too many for a sound that was never coded."""
        return self.notches_permille >= _LEAST_NOTCHES


def codec_stft(sample_rate: int) -> Stft:
    """Return the spectra in which holes are looked for."""
    return Stft(nearest_n_fft(_WINDOW_MS, sample_rate), look_frames=2 * HOLD_FRAMES + 1)


def find_codec(audio: Audio, end_hz: float | None, *, progress: Progress = no_progress) -> CodecTrace:
    """Count a codec's notches below the end of the treble.

    Parameters
    ----------
    audio : Audio
        Any sound.
    end_hz : float | None
        Where its treble ends (`nodes.dsp.spectrum.bandwidth_hz`).
    progress : Progress
        Told after every block.
    """
    stft = codec_stft(audio.sample_rate)
    bands = bands_between(_COUNT_FROM_HZ, (end_hz or 0.0) - SLOPE_HZ, audio.sample_rate, stft.n_fft)
    if not bands.count:
        return CodecTrace(0.0)
    full_scale = (stft.n_fft / 4.0) ** 2 / bands.width

    def count(block: Block) -> tuple[int, int, int]:
        shown = audio.samples[:, block.outer_begin : block.outer_end]
        spectra = own_and_around(shown, block, stft)
        # Frames that belong to this block alone: one for each hop, and the same number around them.
        hops = -(-(block.end - block.begin) // stft.hop_length)
        first = 1 + stft.look_frames - HOLD_FRAMES
        levels = bands.levels(spectra[:, first : first + hops + 2 * HOLD_FRAMES])
        return block.end, *notches(levels, full_scale)

    found = seen = 0
    blocks = cut_blocks(
        audio.frames, audio.channels, context_frames=stft.context_frames, align_frames=stft.hop_length
    )
    for done, notched, heard in progress.map(count, blocks):
        found, seen = found + notched, seen + heard
        progress(done / audio.frames)
    return CodecTrace(1000.0 * found / max(1, seen))


def own_and_around(shown: Samples, block: Block, stft: Stft) -> Spectra:
    """Return the spectra of a block and all of its neighbourhood, with silence beyond the ends."""
    spectra, before, after = stft.analyse(shown, block)
    missing = (stft.look_frames - before, stft.look_frames - after)
    return np.asarray(np.pad(spectra, ((0, 0), missing, (0, 0))), np.complex64)
