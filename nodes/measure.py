"""Measuring: what a recording is, and how one differs from another, in numbers and curves.

Everything is taken in passes over the sound, block by block; what is kept grows by a few kilobytes
per second of sound at most. Sums are taken over short stretches and then exactly (`math.fsum`), so
that no figure depends on where a block begins.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, AudioError, Curve, Measure, Progress, Range, Report, Samples, no_progress, node
from nodes.dsp.difference import Difference, difference, find_delay, stretch_frames
from nodes.dsp.loudness import integrated_lufs, loudness_range_lu, measure_energies, window_lufs
from nodes.dsp.overlap_add import Block, cut_blocks
from nodes.dsp.spectrum import bandwidth_hz, long_term_spectrum
from nodes.dsp.true_peak import true_peaks

__all__ = ["compare", "measure"]

# The noise floor is the level that this share of the stretches stays below (%): the pauses.
_PAUSES_PERCENT = 5.0
# Stretches below are digital silence, not noise (dBFS): under the rounding of 20 bits.
_DIGITAL_SILENCE_DBFS = -120.0
# So many equal samples in a row at the highest or lowest value are clipped …
_CLIPPED_RUN = 3
# … where the wave comes or goes by a step of at least this (full scale 1.0): 4 steps of 16 bits. The
# rounded top of a soft low note has equal samples too, but leaves them by one step.
_CLIPPED_STEP = 4.0 / 32768.0
# Below this peak nothing is called clipped (full scale 1.0): −60 dBFS.
_CLIPPED_PEAK = 1e-3
# Loudness curves are drawn with so many points per second, every tenth that was measured.
_CURVE_EVERY = 10
_Values = npt.NDArray[np.float64]


@node(version=1, linked=True)
def measure(audio: Audio, *, progress: Progress = no_progress) -> Report:
    """Measure loudness, peaks, faults and the spectrum of a recording.

    Parameters
    ----------
    audio : Audio
        Any sound. It is not changed.
    progress : Progress
        Told after every block.

    Returns
    -------
    report : Report
        Integrated, short-term and momentary loudness, loudness range, true and sample peak, DC offset,
        clipped samples, noise floor, bandwidth, length; loudness, peak level and spectrum as curves.
        What cannot be measured (loudness of silence, or of less than 0.4 s) is shown as a dash.

    References
    ----------
    ITU-R BS.1770-5, 2023. EBU R 128, 2023; EBU Tech 3341 and 3342, 2023.
    """
    loudness_measures, curves = _loudness(audio, progress.part(0.0, 0.25))
    true_peak = true_peaks(audio.samples, progress=progress.part(0.25, 0.5))
    levels = _levels(audio, progress.part(0.5, 0.65))
    clipped = _clipped_samples(audio.samples, levels, progress.part(0.65, 0.75))
    hz, power = long_term_spectrum(audio, progress=progress.part(0.75, 1.0))
    measures = (
        *loudness_measures,
        Measure("True peak", _dbfs(true_peak.max()), "dBTP"),
        Measure("Sample peak", _dbfs(levels.peak), "dBFS"),
        Measure("DC offset", levels.offset_percent, "%"),
        Measure("Clipped samples", clipped),
        Measure("Noise floor", _noise_floor_dbfs(levels), "dBFS"),
        Measure("Bandwidth", bandwidth_hz(hz, power), "Hz"),
        Measure("Length", audio.seconds, "s"),
        Measure("Channels", audio.channels),
        Measure("Sample rate", audio.sample_rate, "Hz"),
    )
    spectrum = Curve("Long-term spectrum", hz, _decibels(power), "Hz", "dBFS")
    peaks = Curve("Peak level", levels.times_s, 2.0 * _decibels(levels.peaks), "s", "dBFS")
    return Report("Measurement", measures, (*curves, peaks, spectrum))


@node(version=1, linked=True)
def compare(
    audio: Audio,
    reference: Audio,
    *,
    max_delay_ms: Annotated[float, Range(0, 5000)] = 500.0,
    progress: Progress = no_progress,
) -> Report:
    """Subtract two recordings and tell what remains: the null test.

    The residual is what you would hear of one with the other turned upside down, without any
    alignment. A constant delay and a difference of gain are found and told beside it, with what
    would remain without them.

    Parameters
    ----------
    audio : Audio
        The sound to judge.
    reference : Audio
        The sound that it should be, of the same rate and channels.
    max_delay_ms : float, ms
        How far apart the two are searched for a delay: more finds longer ones, and takes longer.
    progress : Progress
        Told after every block.

    Returns
    -------
    report : Report
        Whether they are identical bit for bit, both lengths, delay (positive: the audio is late), gain,
        residual and SDR over the common length, for all channels and for each; the residual over time
        as a curve. A residual of nothing is shown as a dash.

    Raises
    ------
    AudioError
        If rates or channels differ.
    """
    _check_alike(audio, reference)
    most = round(max_delay_ms * audio.sample_rate / 1000.0)
    delay = find_delay(audio, reference, most, progress=progress.part(0.0, 0.2))
    plain = difference(audio, reference, 0, progress=progress.part(0.2, 0.6))
    moved = difference(audio, reference, delay, progress=progress.part(0.6, 1.0)) if delay else plain
    identical = audio.frames == reference.frames and plain.unequal == 0
    delay_ms = None if delay is None else 1000.0 * delay / audio.sample_rate
    gain = moved.gain(slice(None)) if delay is not None else None
    measures = [
        Measure("Identical", "yes" if identical else "no"),
        Measure("Length", audio.seconds, "s"),
        Measure("Length of the reference", reference.seconds, "s"),
        Measure("Length difference", audio.frames - reference.frames, "samples"),
        Measure("Delay", delay, "samples"),
        Measure("Delay in time", delay_ms, "ms"),
        Measure("Gain difference", None if gain is None else _dbfs(abs(gain)), "dB"),
        Measure("Polarity", None if not gain else "same" if gain > 0 else "inverted"),
        Measure("Residual peak", _dbfs(plain.peaks.max()), "dBFS"),
        *_residual(plain, slice(None), ""),
        Measure("Residual without delay and gain", moved.unexplained_db() if gain else None, "dB"),
    ]
    if audio.channels > 1:
        for channel in range(audio.channels):
            name, own = f", channel {channel + 1}", slice(channel, channel + 1)
            measures.append(Measure(f"Residual peak{name}", _dbfs(plain.peaks[channel]), "dBFS"))
            measures += _residual(plain, own, name)
            if delay is not None:
                measures.append(Measure(f"Gain difference{name}", _dbfs(abs(moved.gain(own) or 0.0)), "dB"))
    return Report("Comparison", tuple(measures), (_residual_curve(audio, plain),))


def _decibels(power: _Values) -> _Values:
    """Return 10 log10 of each power, NaN where there is none."""
    found: _Values = np.full(power.shape, np.nan)
    np.log10(power, out=found, where=power > 0.0)
    return 10.0 * found


def _dbfs(magnitude: float) -> float | None:
    return 20.0 * math.log10(magnitude) if magnitude > 0.0 else None


# --- measure -------------------------------------------------------------------------------------


def _loudness(audio: Audio, progress: Progress) -> tuple[list[Measure], list[Curve]]:
    energies = measure_energies(audio, progress=progress)
    integrated = None if energies is None else integrated_lufs(energies)
    span = None if energies is None else loudness_range_lu(energies)
    measures = [Measure("Integrated loudness", integrated, "LUFS"), Measure("Loudness range", span, "LU")]
    curves = []
    for name, seconds in (("Short-term", 3.0), ("Momentary", 0.4)):
        times, lufs = (np.zeros(0), np.zeros(0)) if energies is None else window_lufs(energies, seconds)
        highest = float(lufs.max()) if lufs.size and np.isfinite(lufs.max()) else None
        measures.append(Measure(f"{name} maximum", highest, "LUFS"))
        drawn = np.where(np.isfinite(lufs), lufs, np.nan)[::_CURVE_EVERY]
        curves.append(Curve(f"{name} loudness", times[::_CURVE_EVERY], drawn, "s", "LUFS"))
    return measures, curves


@dataclass(frozen=True)
class _Levels:
    """Levels of stretches of 50 ms, and of the whole.

    `peaks` and `squares` (mean squares over all channels) go by stretch, `highest` and `lowest` by
    channel.
    """

    times_s: _Values
    peaks: _Values
    squares: _Values
    highest: _Values
    lowest: _Values
    offset_percent: float | None

    @property
    def peak(self) -> float:
        return float(max(self.highest.max(), -self.lowest.min()))


def _levels(audio: Audio, progress: Progress) -> _Levels:
    stretch = stretch_frames(audio)

    def take(block: Block) -> tuple[int, tuple[_Values, ...]]:
        part = audio.samples[:, block.begin : block.end].astype(np.float64)
        starts = np.arange(0, part.shape[1], stretch)
        highest = np.maximum.reduceat(part, starts, axis=1)
        lowest = np.minimum.reduceat(part, starts, axis=1)
        sums = np.add.reduceat(part, starts, axis=1)
        return block.end, (highest, lowest, sums, np.add.reduceat(part * part, starts, axis=1))

    found: list[tuple[_Values, ...]] = []
    for done, values in progress.map(take, cut_blocks(audio.frames, audio.channels, align_frames=stretch)):
        found.append(values)
        progress(done / audio.frames)
    if not found:
        none = np.zeros(0)
        return _Levels(none, none, none, np.zeros(audio.channels), np.zeros(audio.channels), None)
    highest, lowest, sums, squares = (np.concatenate(rows, axis=1) for rows in zip(*found, strict=True))
    # The largest offset of any channel, with its sign.
    offset = max((100.0 * math.fsum(row) / audio.frames for row in sums), key=abs)
    lengths = np.minimum(stretch, audio.frames - stretch * np.arange(highest.shape[1]))
    return _Levels(
        times_s=np.arange(highest.shape[1]) * stretch / audio.sample_rate,
        peaks=np.maximum(highest, -lowest).max(axis=0),
        squares=squares.sum(axis=0) / (lengths * audio.channels),
        highest=highest.max(axis=1),
        lowest=lowest.min(axis=1),
        offset_percent=offset,
    )


def _noise_floor_dbfs(levels: _Levels) -> float | None:
    level = _decibels(levels.squares)
    level = level[level > _DIGITAL_SILENCE_DBFS]
    return float(np.percentile(level, _PAUSES_PERCENT)) if level.size else None


def _clipped_samples(samples: Samples, levels: _Levels, progress: Progress) -> int:
    """Count the samples that lie in a row at a channel's highest or lowest value."""
    found = np.zeros((samples.shape[0], 2, 4))
    # Per side: clipped so far, equal in a row, the step that led there, the sample before. Before the
    # first sample there is no step.
    found[..., 3] = np.stack([levels.highest, -levels.lowest], axis=1)
    for block in cut_blocks(samples.shape[1], samples.shape[0]):
        for row, sides, high, low in zip(samples, found, levels.highest, levels.lowest, strict=True):
            for sign, top, state in ((1.0, high, sides[0]), (-1.0, -low, sides[1])):
                if top > _CLIPPED_PEAK:
                    _loop()(row[block.begin : block.end], sign, top, state)
        progress(block.end / samples.shape[1])
    open_runs = (found[..., 1] >= _CLIPPED_RUN) & (found[..., 2] >= _CLIPPED_STEP)
    return int(found[..., 0].sum() + found[..., 1][open_runs].sum())


@lru_cache(maxsize=1)
def _loop() -> Callable[[Samples, float, float, _Values], None]:
    from numba import njit

    compiled: Any = njit(cache=True, nogil=True)(_count_clipped)
    return compiled  # type: ignore[no-any-return]


def _count_clipped(row: Samples, sign: float, top: float, state: _Values) -> None:
    clipped, run, step, before = state[0], state[1], state[2], state[3]
    for i in range(row.size):
        value = sign * row[i]
        if value == top:
            if run == 0:
                step = top - before
            run += 1
        else:
            if run >= _CLIPPED_RUN and max(step, top - value) >= _CLIPPED_STEP:
                clipped += run
            run = 0
        before = value
    state[0], state[1], state[2], state[3] = clipped, run, step, before


# --- compare -------------------------------------------------------------------------------------


def _check_alike(audio: Audio, reference: Audio) -> None:
    if audio.sample_rate != reference.sample_rate:
        raise AudioError(
            f"compare: the audio is {audio.sample_rate} Hz but the reference is {reference.sample_rate} Hz. "
            "Put a Resample node before one of them."
        )
    if audio.channels != reference.channels:
        raise AudioError(
            f"compare: the audio has {audio.channels} channels but the reference has {reference.channels}. "
            "Put a Channels node before one of them."
        )


def _residual(found: Difference, channels: slice, name: str) -> list[Measure]:
    residual = math.fsum(found.residual_squares[channels])
    power = math.fsum(found.reference_squares[channels])
    count = found.frames * found.residual_squares[channels].size
    ratio_db = 10.0 * math.log10(power / residual) if residual > 0.0 and power > 0.0 else None
    return [
        Measure(f"Residual RMS{name}", _dbfs(math.sqrt(residual / count)) if count else None, "dBFS"),
        Measure(f"Residual relative{name}", None if ratio_db is None else -ratio_db, "dB"),
        Measure(f"SDR{name}", ratio_db, "dB"),
    ]


def _residual_curve(audio: Audio, found: Difference) -> Curve:
    stretch = stretch_frames(audio)
    starts = stretch * np.arange(found.residuals.size)
    lengths = np.minimum(stretch, found.frames - starts)
    level = _decibels(found.residuals / (lengths * audio.channels))
    return Curve("Residual level", starts / audio.sample_rate, level, "s", "dBFS")
