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

from nodegraph import Audio, Progress, Range, Samples, new_samples, no_progress, node
from nodes.dsp.holes import HOLD_FRAMES, Bands, bands_between, lacking, notches
from nodes.dsp.overlap_add import Block, cut_blocks, map_blocks
from nodes.dsp.removed import Repaired, blended
from nodes.dsp.spectrum import bandwidth_hz, long_term_spectrum
from nodes.dsp.stft import Spectra, Stft, nearest_n_fft

__all__ = ["codec"]

# Window (ms): shorter than a granule pair of MP3 (26 ms), so that one hole is seen by itself.
_WINDOW_MS = 23.0
# From this rate of notches on (of a thousand places) a sound has damage that filling makes better.
# Measured on a dozen recordings: never coded, up to 3, and 15 for telephone speech; MP3 of 64 kbit/s,
# 13 to 79; of 96, 6 to 57; of 128, up to 23; of 192, as the original.
_LEAST_NOTCHES = 18.0
# Notches are counted from here (Hz); encoders leave hardly any lower down.
_COUNT_FROM_HZ = 6000.0
# Room below the end of the treble (Hz), where its slope is.
_SLOPE_HZ = 200.0
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
    end_hz = bandwidth_hz(*long_term_spectrum(audio, progress=progress.part(0.0, 0.2)))
    stft = Stft(nearest_n_fft(_WINDOW_MS, audio.sample_rate), look_frames=2 * HOLD_FRAMES + 1)
    rate = _notch_rate(audio, end_hz, stft, progress.part(0.2, 0.5))
    if end_hz is None or rate < _LEAST_NOTCHES:
        progress.note("No codec damage found.")
        return _as_it_is(audio, progress.part(0.5, 1.0))
    cut = f"Treble ends at {end_hz / 1000.0:.1f} kHz; " if end_hz < _FULL * audio.sample_rate / 2 else ""
    progress.note(f"{cut}{rate:.0f} of 1000 places in it have a codec's holes, which were filled with noise.")
    bands = bands_between(from_hz, end_hz - _SLOPE_HZ, audio.sample_rate, stft.n_fft)
    return _filled(audio, stft, bands, strength, progress.part(0.5, 1.0))


def _notch_rate(audio: Audio, end_hz: float | None, stft: Stft, progress: Progress) -> float:
    """Return how many of a thousand places in the treble are a codec's notches."""
    bands = bands_between(_COUNT_FROM_HZ, (end_hz or 0.0) - _SLOPE_HZ, audio.sample_rate, stft.n_fft)
    if not bands.count:
        return 0.0
    full_scale = (stft.n_fft / 4.0) ** 2 / bands.width

    def count(block: Block) -> tuple[int, int, int]:
        shown = audio.samples[:, block.outer_begin : block.outer_end]
        spectra = _own_and_around(shown, block, stft)
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
    return 1000.0 * found / max(1, seen)


def _own_and_around(shown: Samples, block: Block, stft: Stft) -> Spectra:
    """Return the spectra of a block and all of its neighbourhood, with silence beyond the ends."""
    spectra, before, after = stft.analyse(shown, block)
    missing = (stft.look_frames - before, stft.look_frames - after)
    return np.asarray(np.pad(spectra, ((0, 0), missing, (0, 0))), np.complex64)


def _filled(audio: Audio, stft: Stft, bands: Bands, strength: float, progress: Progress) -> Repaired:
    # Mean power of white noise of unit variance in a bin: the sum of a Hann window's squares.
    noise_power = np.float32(0.375 * stft.n_fft)

    def fill(shown: Samples, block: Block) -> tuple[Samples, Samples]:
        need = lacking(bands.levels(_own_and_around(shown, block, stft)))
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


def _as_it_is(audio: Audio, progress: Progress) -> Repaired:
    silence = new_samples(audio.channels, audio.frames)
    for block in cut_blocks(audio.frames, audio.channels):
        silence[:, block.begin : block.end] = 0.0
        progress(block.end / audio.frames)
    return Repaired(audio, Audio.trusted(silence, audio.sample_rate))
