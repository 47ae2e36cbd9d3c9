"""Clarity: holds the balance of bass and treble where it drifts, as on a tape whose azimuth wanders.

The slope of the spectrum (dB per octave between 500 Hz and 8 kHz) is measured ten times a second,
averaged over seconds with an equal look to both sides; how far it is from that of the whole recording
is the drift. Music has a drift of its own, which is to stay: small ones are left alone. Larger
ones are turned back by a tilt about 2 kHz, bounded in depth and speed. Where the treble is hardly
above its own noise there is nothing to be learned: there the tilt follows from what is before and after.

Axis letters: C channels, T STFT frames, F bins, B bands, P points of the curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, Samples, no_progress, node
from nodes.dsp.gain_curve import GainCurve, slew_limited, smoothed
from nodes.dsp.overlap_add import Block, cut_blocks, map_audio
from nodes.dsp.stft import Stft, nearest_n_fft

__all__ = ["clarity"]

# Window (ms): resolves the lowest third of an octave from the next.
_WINDOW_MS = 46.0
# The slope is read between these (Hz) in thirds of an octave; the tilt turns about their middle.
_LOW_HZ, _HIGH_HZ = 500.0, 8000.0
_BANDS_PER_OCTAVE = 3
_PIVOT_HZ = 2000.0
# A treble band above this (Hz) has to be heard over its noise.
_TREBLE_HZ = 4000.0
# The slope is seen every so often (s).
_POINT_S = 0.1
# The noise of the treble: its softest moments (percentile), if they lie so far (factor) below the
# middle one; else there are no pauses, and no more than that can be noise.
_PAUSES = 5.0
_PAUSE_DEPTH = 0.01
# Music has to be so far above it (power, 6 dB).
_OVER_NOISE = 4.0
# The tilt at the ends of its range moves no faster (dB/s).
_SLEW_DB = 6.0
# Bands so far (power, 50 dB) below the loudest one are empty: beyond the recording's own end.
_BAND_DEPTH = 1e-5
_TINY = 1e-16
# Of the time that the node takes, the look at the slopes is about this share.
_MEASURING = 0.4

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Bands:
    """The bands in which the slope is read.

    Parameters
    ----------
    stft : Stft
        The transform.
    edges : ndarray, shape (bands + 1,)
        Bins at which they begin and end.
    octaves : ndarray, shape (bands,)
        Of their middles, from the pivot.
    """

    stft: Stft
    edges: npt.NDArray[np.int64]
    octaves: _Values


@dataclass(frozen=True)
class _Following:
    """How the tilt follows the drift: the node's parameters of the same names."""

    strength: float
    tolerance_db: float
    smoothing_s: float
    limit_db: float


@node(version=1, neutral={"strength": 0.0}, linked=True)
def clarity(
    audio: Audio,
    *,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    tolerance_db: Annotated[float, Range(0, 3, unit="dB/oct")] = 0.7,
    smoothing_s: Annotated[float, Range(0.5, 30, "log")] = 5.0,
    limit_db: Annotated[float, Range(1, 12)] = 6.0,
    progress: Progress = no_progress,
) -> Audio:
    """Keep the brightness steady where a tape or a groove makes it drift.

    The recording's average brightness stays; passages that are duller are brightened, and brighter
    ones are dulled. All channels get the same tilt.

    Parameters
    ----------
    audio : Audio
        Any sound.
    strength : float
        How much of the drift is taken back: 0 none, 1 all of it.
    tolerance_db : float, dB/oct
        Drift that is left alone, as music has some; from twice as much on all is taken back. More
        changes less.
    smoothing_s : float, s
        More follows only slow drift, as of a whole side; less also follows quick drift, and at last
        the music itself.
    limit_db : float, dB
        The most that 500 Hz and 8 kHz are turned up or down.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels, frames and rate.
    """
    bands = None if strength == 0.0 else _bands(audio.sample_rate)
    if bands is None:
        return audio
    levels = _levels(audio, bands, progress.part(0.0, _MEASURING))
    following = _Following(strength, tolerance_db, smoothing_s, limit_db)
    tilt = _tilt(levels, bands, audio.sample_rate, following)
    if not tilt.gains_db.any():
        progress.note("The brightness is steady: the sound was left as it is.")
        return audio
    most = 2.0 * float(np.abs(tilt.gains_db).max())
    progress.note(f"Tilted the sound by up to {most:.1f} dB at 500 Hz and 8 kHz.")
    stft, hop_s = bands.stft, bands.stft.hop_length / audio.sample_rate
    hz = np.maximum(1.0, np.arange(stft.bins) * (audio.sample_rate / stft.n_fft))
    octaves = np.log2(np.clip(hz, _LOW_HZ, _HIGH_HZ) / _PIVOT_HZ)

    def tilted(shown: Samples, block: Block) -> Samples:
        first, stop = stft.span(block)
        slopes = tilt.at(np.arange(first, stop, dtype=np.float64) * hop_s)
        if not slopes.any():
            return shown[:, block.inner]
        spectra, _, _ = stft.analyse(shown, block)
        # The change alone is made, so that where there is none every sample stays as it is.
        changes = np.expm1(slopes[:, np.newaxis] * octaves * (np.log(10.0) / 20.0))
        return shown[:, block.inner] + stft.synthesise(spectra * changes.astype(np.float32), block)

    return map_audio(
        audio,
        tilted,
        context_frames=stft.context_frames,
        align_frames=stft.hop_length,
        progress=progress.part(_MEASURING, 1.0),
    )


def _bands(sample_rate: int) -> _Bands | None:
    """Return the bands that lie below half the rate, or None where the treble does not."""
    stft = Stft(nearest_n_fft(_WINDOW_MS, sample_rate))
    top_hz = min(_HIGH_HZ, 0.45 * sample_rate)
    if top_hz <= _TREBLE_HZ:
        return None
    count = int(np.log2(top_hz / _LOW_HZ) * _BANDS_PER_OCTAVE)
    hz = _LOW_HZ * 2.0 ** (np.arange(count + 1) / _BANDS_PER_OCTAVE)
    edges = np.round(hz * stft.n_fft / sample_rate).astype(np.int64)
    return _Bands(stft, edges, np.log2(np.sqrt(hz[1:] * hz[:-1]) / _PIVOT_HZ))


def _levels(audio: Audio, bands: _Bands, progress: Progress) -> _Values:
    """Return the power of each band in each short time, shape (points, bands)."""
    stft = bands.stft
    per_point = _hops_per_point(stft, audio.sample_rate)

    def powers(block: Block) -> tuple[int, _Values]:
        spectra, _, _ = stft.analyse(audio.samples[:, block.outer_begin : block.outer_end], block)
        # The frames about a border are in both blocks; each belongs to the block that it stands in.
        own = spectra[:, 1:-2]
        cells = (own.real.astype(np.float64) ** 2 + own.imag**2).sum(axis=0)
        summed = np.add.reduceat(cells, bands.edges, axis=1)[:, :-1]
        whole = np.pad(summed, ((0, -len(summed) % per_point), (0, 0)))
        return block.end, whole.reshape(-1, per_point, bands.octaves.size).sum(axis=1)

    parts = [np.zeros((0, bands.octaves.size))]
    blocks = cut_blocks(
        audio.frames,
        audio.channels,
        context_frames=stft.context_frames,
        align_frames=per_point * stft.hop_length,
    )
    for done, found in progress.map(powers, blocks):
        parts.append(found)
        progress(done / audio.frames)
    return np.concatenate(parts)


def _tilt(levels: _Values, bands: _Bands, sample_rate: int, following: _Following) -> GainCurve:
    """Return the slope (dB per octave) that is to be laid on the sound, over time."""
    point_s = _hops_per_point(bands.stft, sample_rate) * bands.stft.hop_length / sample_rate
    drift = _drift(levels, bands, following.smoothing_s / point_s)
    # From one to two tolerances the tilt fades in; beyond, the drift is taken back wholly.
    share = np.clip(np.abs(drift) / max(following.tolerance_db, 1e-9) - 1.0, 0.0, 1.0)
    # The gain at 500 Hz and at 8 kHz, two octaves from the middle, is twice the slope.
    limit = 0.5 * following.limit_db
    slopes = np.clip(-following.strength * share * drift, -limit, limit)
    slopes = slew_limited(slopes, 0.5 * _SLEW_DB * point_s, side="between")
    return GainCurve(slopes, begin_s=0.5 * point_s, step_s=point_s)


def _drift(levels: _Values, bands: _Bands, sigma: float) -> _Values:
    """Return how far the slope at each point is from that of the whole (dB per octave).

    Parameters
    ----------
    levels : ndarray, shape (points, bands)
        Powers.
    bands : _Bands
        Where they are.
    sigma : float
        Standard deviation of the average over time, in points.
    """
    nothing = np.zeros(max(1, len(levels)))
    mean = levels.mean(axis=0) if len(levels) else np.zeros(0)
    if not mean.size or mean.max() <= _TINY:
        return nothing
    # Only bands from the lowest up to where the recording ends.
    count = int(np.argmin(np.append(mean > _BAND_DEPTH * mean.max(), False)))
    treble = bands.octaves[:count] >= np.log2(_TREBLE_HZ / _PIVOT_HZ)
    if not treble.any():
        return nothing
    heard = _heard(levels[:, :count][:, treble].sum(axis=1)) & _heard(levels.sum(axis=1))
    weights = heard.astype(np.float64)
    if not heard.any():
        return nothing
    level_db = [10.0 * np.log10(np.maximum(smoothed(row, sigma, weights), _TINY)) for row in levels.T[:count]]
    octaves = bands.octaves[:count] - bands.octaves[:count].mean()
    slopes = octaves @ np.array(level_db) / (octaves @ octaves)
    return np.asarray(slopes - np.average(slopes, weights=weights), np.float64)


def _heard(power: _Values) -> npt.NDArray[np.bool_]:
    """Tell at which points a power is well above its noise."""
    sounding = power[power > _TINY]
    if not sounding.size:
        return np.zeros(power.size, np.bool_)
    pause, middle = np.percentile(sounding, [_PAUSES, 50.0])
    return np.asarray(power > max(_TINY, _OVER_NOISE * min(pause, _PAUSE_DEPTH * middle)), np.bool_)


def _hops_per_point(stft: Stft, sample_rate: int) -> int:
    return max(1, round(_POINT_S * sample_rate / stft.hop_length))
