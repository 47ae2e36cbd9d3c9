"""Air: new treble above the frequency at which a recording ends, made from the treble that it has.

Spectral band replication: in the short-time spectrum the upper part of what there is, is moved up, once
or several times, to where there is nothing. It brings its own rhythm and its own noise or tone with it.
How loud it becomes is read from the long-term spectrum, whose slope below the limit is drawn on above
it. As bins are moved and not distorted there is nothing to alias. A recording whose treble is only hiss
in its pauses gets nothing there: hiss is not doubled.

What is above the limit already stays, and counts: only what is missing is added.

Axis letters: C channels, T STFT frames, F bins.

References
----------
M. Dietz, L. Liljeryd, K. Kjörling, O. Kunz, Spectral band replication, a novel approach in audio coding,
AES 112, 2002. E. Larsen, R. Aarts, Audio Bandwidth Extension, 2004.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, Samples, no_progress, node
from nodes.dsp.overlap_add import Block, cut_blocks, map_audio
from nodes.dsp.spectrum import bandwidth_hz, long_term_spectrum
from nodes.dsp.stft import Spectra, Stft, nearest_n_fft

__all__ = ["air"]

# Window (ms): short enough for a stroke to stay one.
_WINDOW_MS = 23.0
# What is moved up lies between these shares of the limit, clear of the slope that made it.
_SOURCE = (0.5, 0.93)
# The slope is read between these shares of it: two octaves.
_SLOPE = (0.25, 0.9)
# Slopes of music's treble lie between these (dB per octave); noise alone would be 0.
_SLOPES_DB = (-18.0, -3.0)
# Spectra are smoothed over this many octaves before they are compared.
_SMOOTH_OCTAVES = 1.0 / 3.0
# The new treble fades out over this many octaves at its own upper end.
_FADE_OCTAVES = 1.0 / 6.0
# A recording that reaches this share of half its rate, or this frequency (Hz), lacks nothing.
_FULL_SHARE, _FULL_HZ = 0.93, 18000.0
# Hiss: the softest of all moments (percentile); where these are not this far (power) below the middle
# one, so much is taken for hiss. What soft moments then lose is given to the others.
_PAUSES = 5.0
_PAUSE_DEPTH = 0.03
# So far above it (factor) the treble counts as music (6 dB).
_OVER_HISS = 4.0
# No bin is moved with more gain (factor): there was nothing to be moved.
_MOST_GAIN = 2.0
# The loudness may grow by no more than this (LU); the K-weighting is taken coarsely.
_MOST_LU = 0.4
# A shift by a multiple of the hops in a window needs no turn of phase from frame to frame.
_SHIFT_STEP = 4
_TINY = 1e-20
# Of the time that the node takes: the long-term spectrum, and the look for pauses.
_SHARES = (0.25, 0.55)

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Plan:
    """Where the new treble lies and how much brighter it is than the slope: the node's parameters."""

    limit_hz: float
    top_hz: float
    tilt_db: float


@dataclass(frozen=True)
class _Patches:
    """Which bins go where, and how loud.

    Parameters
    ----------
    stft : Stft
        The transform.
    first, sources : int, ndarray of shape (new bins,)
        New bin first + i is made of bin sources[i].
    gains : ndarray, shape (new bins,)
        float32.
    source : slice
        All the bins that are moved.
    hiss : float
        Power of a frame's source bins that is hiss.
    make_up : float
        Factor for what the hiss has taken from the music.
    """

    stft: Stft
    first: int
    sources: npt.NDArray[np.int64]
    gains: npt.NDArray[np.float32]
    source: slice
    hiss: float = 0.0
    make_up: float = 1.0


@node(version=1, neutral={"strength": 0.0}, linked=True)
def air(
    audio: Audio,
    *,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    limit_hz: Annotated[float, Range(2000, 20000, "log")] | None = None,
    top_hz: Annotated[float, Range(4000, 40000, "log")] = 20000.0,
    tilt_db: Annotated[float, Range(-12, 6, unit="dB/oct")] = 0.0,
    progress: Progress = no_progress,
) -> Audio:
    """Give a dull recording new treble above the frequency at which its own ends.

    The new treble is a guess that fits: it follows what is heard below it. What is there already is
    not changed. Take hiss and clicks off before this node.

    Parameters
    ----------
    audio : Audio
        Any sound.
    strength : float
        How much of it: 0 adds nothing, 1 as much as the slope of the recording's own treble asks for.
    limit_hz : float, Hz
        Where the recording ends: what lies above is filled. More leaves more as it was. None finds it
        out, if the recording breaks off clearly; where old treble fades into hiss, set it by ear.
    top_hz : float, Hz
        Where the new treble ends: more is airier.
    tilt_db : float, dB/oct
        More makes the new treble brighter than the recording's own slope, less duller.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels, frames and rate; below the limit as it was.

    References
    ----------
    M. Dietz and others, Spectral band replication, a novel approach in audio coding, AES 112, 2002.
    E. Larsen, R. Aarts, Audio Bandwidth Extension, 2004.
    """
    if strength == 0.0:
        return audio
    hz, power = long_term_spectrum(audio, progress=progress.part(0.0, _SHARES[0]))
    limit = limit_hz or bandwidth_hz(hz, power)
    half = audio.sample_rate / 2
    if limit is None or limit >= min(_FULL_HZ, _FULL_SHARE * half):
        progress.note("This sound has all the treble that its sample rate can hold: it was left as it is.")
        return audio
    patches = _patches(audio.sample_rate, hz, power, _Plan(limit, min(top_hz, half), tilt_db))
    if patches is None:
        progress.note("There is no treble below the limit to make more of: the sound was left as it is.")
        return audio
    patches = _without_hiss(audio, patches, progress.part(*_SHARES))
    progress.note(f"Filled the treble above {limit / 1e3:.1f} kHz.")

    def enrich(shown: Samples, block: Block) -> Samples:
        stft = patches.stft
        spectra, _, _ = stft.analyse(shown, block)
        return shown[:, block.inner] + np.float32(strength) * stft.synthesise(_moved(spectra, patches), block)

    return map_audio(
        audio,
        enrich,
        context_frames=patches.stft.context_frames,
        align_frames=patches.stft.hop_length,
        progress=progress.part(_SHARES[1], 1.0),
    )


def _patches(sample_rate: int, hz: _Values, power: _Values, plan: _Plan) -> _Patches | None:
    """Plan the new treble from the long-term spectrum, or return None if there is nothing to move."""
    stft = Stft(nearest_n_fft(_WINDOW_MS, sample_rate))
    bin_hz = sample_rate / stft.n_fft
    low, high = (round(share * plan.limit_hz / bin_hz) for share in _SOURCE)
    width = (high - low) // _SHIFT_STEP * _SHIFT_STEP
    first = low + -(-round(plan.limit_hz / bin_hz - low) // _SHIFT_STEP) * _SHIFT_STEP
    new = np.arange(first, min(stft.bins - 1, int(plan.top_hz / bin_hz)))
    if width < _SHIFT_STEP or not new.size:
        return None
    sources = low + (new - first) % width
    bins_hz = np.asarray(bin_hz * np.arange(stft.bins), np.float64)
    have, at = _smooth(hz, power, bins_hz), bins_hz[new]
    if have[low:high].max() <= _TINY:
        return None
    wanted = _extrapolated(bins_hz, have, at, plan)
    missing = np.maximum(0.0, wanted - have[new])
    missing *= np.clip(np.log2(plan.top_hz / at) / _FADE_OCTAVES, 0.0, 1.0)
    missing *= _allowed(bins_hz, have, missing, at)
    gains = np.minimum(np.sqrt(missing / np.maximum(have[sources], _TINY)), _MOST_GAIN)
    return _Patches(stft, first, sources, gains.astype(np.float32), slice(low, low + width))


def _smooth(hz: _Values, power: _Values, at: _Values) -> _Values:
    """Return the mean power about each frequency, over a part of an octave and three bins at least."""
    ratio = 2.0 ** (0.5 * _SMOOTH_OCTAVES)
    sums = np.concatenate([[0.0], np.cumsum(power)])
    low = np.minimum(np.searchsorted(hz, at / ratio), hz.size - 3)
    high = np.clip(np.searchsorted(hz, at * ratio), low + 3, hz.size)
    return np.asarray((sums[high] - sums[low]) / (high - low), np.float64)


def _extrapolated(hz: _Values, have: _Values, at: _Values, plan: _Plan) -> _Values:
    """Draw the slope of the spectrum below the limit on above it."""
    low, high = (max(1, int(np.searchsorted(hz, share * plan.limit_hz))) for share in _SLOPE)
    octaves = np.log2(hz[low:high] / plan.limit_hz)
    level_db = 10.0 * np.log10(np.maximum(have[low:high], _TINY))
    # Every octave counts alike, though the upper one has more bins.
    weights = np.exp2(-0.5 * octaves)
    slope, _ = np.polyfit(octaves, level_db, 1, w=weights)
    slope = float(np.clip(slope, *_SLOPES_DB))
    upper = octaves >= np.log2(_SOURCE[0])
    anchor_db = float(np.mean(level_db[upper] - slope * octaves[upper]))
    return np.asarray(
        10.0 ** (0.1 * (anchor_db + (slope + plan.tilt_db) * np.log2(at / plan.limit_hz))), np.float64
    )


def _allowed(hz: _Values, have: _Values, added: _Values, at: _Values) -> float:
    """Return the share of the added power with which the loudness grows by no more than it may."""
    total, new = float(np.sum(have * _loudness_weight(hz))), float(np.sum(added * _loudness_weight(at)))
    most = (10.0 ** (_MOST_LU / 10.0) - 1.0) * total
    return 1.0 if new <= most else most / new


def _loudness_weight(hz: _Values) -> _Values:
    # BS.1770's two filters as power, coarsely: a high-pass at 60 Hz, a shelf of 4 dB at 1.6 kHz.
    shelf = 1.0 + 1.51 / (1.0 + (1650.0 / np.maximum(hz, 1.0)) ** 4)
    return np.asarray(shelf / (1.0 + (60.0 / np.maximum(hz, 1.0)) ** 2) ** 2, np.float64)


def _without_hiss(audio: Audio, patches: _Patches, progress: Progress) -> _Patches:
    """Learn from the pauses how much hiss there is in the bins that are moved."""
    stft = patches.stft

    def powers(block: Block) -> tuple[int, _Values]:
        shown = audio.samples[:, block.outer_begin : block.outer_end]
        spectra, _, _ = stft.analyse(shown, block)
        # The frames about a border are in both blocks; each belongs to the block where it begins.
        own = slice(1, 1 + -(-(block.end - block.begin) // stft.hop_length))
        return block.end, _powers(spectra[:, own], patches)

    blocks = cut_blocks(
        audio.frames, audio.channels, context_frames=stft.context_frames, align_frames=stft.hop_length
    )
    parts = []
    for done, found in progress.map(powers, blocks):
        parts.append(found)
        progress(done / audio.frames)
    levels = np.concatenate(parts)
    levels = levels[levels > _TINY]
    if not levels.size:
        return patches
    pause, middle = np.percentile(levels, [_PAUSES, 50.0])
    hiss = float(min(pause, _PAUSE_DEPTH * middle))
    left = float(np.sum(levels * _music(levels, hiss) ** 2))
    return replace(patches, hiss=hiss, make_up=float(np.sqrt(levels.sum() / max(left, _TINY))))


def _music(power: _Values, hiss: float) -> _Values:
    """Return the share of each moment that is moved: none of what is only hiss."""
    return np.asarray(np.clip(1.0 - _OVER_HISS * hiss / np.maximum(power, _TINY), 0.0, 1.0), np.float64)


def _powers(spectra: Spectra, patches: _Patches) -> _Values:
    """Return the power of each frame's source bins, all channels together."""
    cells = spectra[:, :, patches.source]
    return np.asarray((cells.real.astype(np.float64) ** 2 + cells.imag**2).sum(axis=2).sum(axis=0))


def _moved(spectra: Spectra, patches: _Patches) -> Spectra:
    """Return the spectra of the new treble alone."""
    music = patches.make_up * _music(_powers(spectra, patches), patches.hiss)
    moved = np.zeros_like(spectra)
    stop = patches.first + patches.sources.size
    moved[:, :, patches.first : stop] = spectra[:, :, patches.sources] * patches.gains
    moved *= music.astype(np.float32)[:, np.newaxis]
    return moved
