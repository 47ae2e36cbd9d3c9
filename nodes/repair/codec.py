"""Lossy-codec damage: fills the holes that MP3, AAC or Vorbis left in the treble.

Two looks: the first measures where the treble ends and how many holes there are, which tells whether
a codec was there at all; the second fills the holes with noise of the level beside them, as decoders
with noise substitution would have. Nothing is added above the frequency at which the sound ends.

Axis letters: C channels, T frames (or STFT frames where said), F bins.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import numpy as np

from nodegraph import Audio, Progress, Range, Samples, no_progress, node
from nodes.dsp.codec.holes import HOLD_FRAMES, Bands, bands_between, lacking
from nodes.dsp.codec.trace import SLOPE_HZ, codec_stft, find_codec, own_and_around
from nodes.dsp.overlap_add import Block, map_blocks
from nodes.dsp.removed import Repaired, blended, untouched
from nodes.dsp.spectrum import cutoff_hz, long_term_spectrum
from nodes.dsp.stft import Stft

__all__ = ["codec"]

# Width of the bands that are filled by themselves (Hz): half a scale-factor band of MP3 around 6 kHz.
_BAND_HZ = 172.0
# A treble that ends this near to half the sample rate (share) was not cut.
_FULL = 0.97
# Length of the noise that fills holes, repeated from there on (samples): six seconds at 44.1 kHz.
_NOISE_FRAMES = 1 << 18


@node(version=1, linked=True, neutral={"strength": 0.0})
def codec(
    audio: Audio,
    *,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    from_hz: Annotated[float, Range(1000, 20000, "log")] = 4000.0,
    progress: Progress = no_progress,
) -> Repaired:
    """Fill the holes that a lossy codec left in the treble.

    The watery flicker of low-rate MP3, AAC and Vorbis files comes from bands that go silent for
    moments. Where such damage is found, the moments are filled with noise of the level around them.
    A sound without it comes out as it is, bit for bit.

    Parameters
    ----------
    audio : Audio
        Any sound.
    strength : float
        How much of the missing treble is filled in: more is smoother, 0 changes nothing.
    from_hz : float, Hz
        Holes are filled from this frequency on: lower fills more, and may add breath to voices.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        The repaired sound: same channels, frames and rate.
    removed : Audio
        Input − audio: the negative of the noise that was filled in.

    References
    ----------
    J. Herre, D. Schulz, Extending the MPEG-4 AAC codec by perceptual noise substitution, AES 104, 1998.
    B. D'Alessandro, Y. Q. Shi, MP3 bit rate quality detection through frequency spectrum analysis,
    ACM MM&Sec 2009 (the cut-off as a trace).
    """
    end_hz = cutoff_hz(*long_term_spectrum(audio, progress=progress.part(0.0, 0.2)))
    stft = codec_stft(audio.sample_rate, 2 * HOLD_FRAMES + 1)
    trace = find_codec(audio, end_hz, progress=progress.part(0.2, 0.5))
    if end_hz is None or not trace.found:
        progress.note("No codec damage found.")
        return untouched(audio)
    cut = f"Treble ends at {end_hz / 1000.0:.1f} kHz; " if end_hz < _FULL * audio.sample_rate / 2 else ""
    progress.note(
        f"{cut}{trace.notches_permille:.0f} of 1000 places in it have a codec's holes, which were filled."
    )
    bands = bands_between(from_hz, end_hz - SLOPE_HZ, _BAND_HZ, audio.sample_rate, stft.n_fft)
    return _filled(audio, stft, bands, strength, progress.part(0.5, 1.0))


def _filled(audio: Audio, stft: Stft, bands: Bands, strength: float, progress: Progress) -> Repaired:
    # Mean power of white noise of unit variance in a bin: the sum of a Hann window's squares.
    noise_power = np.float32(0.375 * stft.n_fft)

    def fill(shown: Samples, block: Block) -> tuple[Samples, Samples]:
        need = lacking(bands.levels(own_and_around(shown, block, stft)))
        source = shown[:, block.inner]
        if not need.any():
            return source, np.zeros_like(source)
        noise, before, after = stft.analyse(_noise(audio.channels, block), block)
        noise = noise[:, before : noise.shape[1] - after]
        gain = bands.spread(np.sqrt(need / noise_power), stft.bins)
        added = stft.synthesise(noise * gain, block)
        return blended(source, source + added, strength)

    parts = map_blocks(
        audio.samples,
        fill,
        outputs=(audio.channels, audio.channels),
        context_frames=stft.context_frames,
        align_frames=stft.hop_length,
        progress=progress,
    )
    return Repaired(*(Audio.trusted(part, audio.sample_rate) for part in parts))


def _noise(channels: int, block: Block) -> Samples:
    """Return white noise for what a block is shown, the same for a frame whatever the block."""
    frames = np.arange(block.outer_begin, block.outer_end)
    # Channels read the same noise from places far apart, so that the filling sounds wide, not centred.
    starts = 7919 * np.arange(channels)[:, None]
    return np.asarray(_noise_table()[(frames + starts) % _NOISE_FRAMES])


@lru_cache(maxsize=1)
def _noise_table() -> Samples:
    table = np.random.default_rng(0).standard_normal(_NOISE_FRAMES).astype(np.float32)
    table.flags.writeable = False
    return table
