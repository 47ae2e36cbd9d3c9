"""Tell whether a lossy codec has been at a sound: by the holes that it left in the treble.

Axis letters: C channels, T STFT frames, F bins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nodegraph import Audio, Progress, Samples, no_progress
from nodes.dsp.codec.holes import SIDE_FRAMES, bands_between, notches
from nodes.dsp.overlap_add import Block, cut_blocks
from nodes.dsp.stft import Spectra, Stft, nearest_n_fft

__all__ = ["SLOPE_HZ", "CodecTrace", "codec_stft", "find_codec", "own_and_around"]

# Window (ms): shorter than a granule pair of MP3 (26 ms), so that one hole is seen by itself.
_WINDOW_MS = 23.0
# From this rate of notches on (of a thousand places) a sound has damage that filling makes better.
# Measured on 13 recordings: never coded, up to 0.6, but for one voice at 2; MP3 of 48 kbit/s in mono, 7 to
# 29 for 11 of them; of 64, 6 to 20 for 9; of 96, up to 2.6; of 128 and 192, as the original.
_LEAST_NOTCHES = 2.5
# Notches are counted in bands of this width (Hz), a scale-factor band of MP3 around 6 kHz, between these
# frequencies (Hz): lower down encoders leave hardly any, and higher up many sounds have nothing.
_BAND_HZ = 344.0
_COUNT_HZ = (4000.0, 16000.0)

SLOPE_HZ = 300.0
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


def codec_stft(sample_rate: int, look_frames: int) -> Stft:
    """Return the spectra in which holes are looked for, that many frames around each."""
    return Stft(nearest_n_fft(_WINDOW_MS, sample_rate), look_frames=look_frames)


def find_codec(audio: Audio, end_hz: float | None, *, progress: Progress = no_progress) -> CodecTrace:
    """Count a codec's notches below the end of the treble.

    Parameters
    ----------
    audio : Audio
        Any sound.
    end_hz : float | None
        Where its treble ends (`nodes.dsp.spectrum.cutoff_hz`).
    progress : Progress
        Told after every block.
    """
    stft = codec_stft(audio.sample_rate, SIDE_FRAMES)
    low_hz, high_hz = _COUNT_HZ[0], min(_COUNT_HZ[1], (end_hz or 0.0) - SLOPE_HZ)
    bands = bands_between(low_hz, high_hz, _BAND_HZ, audio.sample_rate, stft.n_fft)
    if not bands.count:
        return CodecTrace(0.0)
    full_scale = (stft.n_fft / 4.0) ** 2

    def count(block: Block) -> tuple[int, int, int]:
        shown = audio.samples[:, block.outer_begin : block.outer_end]
        spectra = own_and_around(shown, block, stft)
        # Frames that belong to this block alone: one for each hop, and the same number around them.
        hops = -(-(block.end - block.begin) // stft.hop_length)
        levels = bands.levels(spectra[:, 1 : 1 + hops + 2 * SIDE_FRAMES])
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
