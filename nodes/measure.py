"""Measuring: what a recording is, and how one differs from another, in numbers and curves.

Everything is taken in passes over the sound, block by block; what is kept grows by a few kilobytes
per second of sound at most. Sums are taken over short stretches and then exactly (`math.fsum`), so
that no figure depends on where a block begins.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, AudioError, Curve, Measure, Progress, Range, Report, no_progress, node
from nodes.dsp.clip.clipped import find_clipped
from nodes.dsp.difference import Difference, difference, find_delay, stretch_frames
from nodes.dsp.levels import dbfs, decibels, measure_levels
from nodes.dsp.loudness import integrated_lufs, loudness_range_lu, measure_energies, window_lufs
from nodes.dsp.spectrum import bandwidth_hz, long_term_spectrum
from nodes.dsp.true_peak import true_peaks

__all__ = ["compare", "measure"]

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
    levels = measure_levels(audio, progress=progress.part(0.5, 0.65))
    clipped = sum(found.count for found in find_clipped(audio, progress=progress.part(0.65, 0.75)))
    hz, power = long_term_spectrum(audio, progress=progress.part(0.75, 1.0))
    measures = (
        *loudness_measures,
        Measure("True peak", dbfs(true_peak.max()), "dBTP"),
        Measure("Sample peak", dbfs(levels.peak), "dBFS"),
        Measure("DC offset", levels.offset_percent, "%"),
        Measure("Clipped samples", clipped),
        Measure("Noise floor", levels.noise_floor_dbfs, "dBFS"),
        Measure("Bandwidth", bandwidth_hz(hz, power), "Hz"),
        Measure("Length", audio.seconds, "s"),
        Measure("Channels", audio.channels),
        Measure("Sample rate", audio.sample_rate, "Hz"),
    )
    spectrum = Curve("Long-term spectrum", hz, decibels(power), "Hz", "dBFS")
    peaks = Curve("Peak level", levels.times_s, 2.0 * decibels(levels.peaks), "s", "dBFS")
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
        Measure("Gain difference", None if gain is None else dbfs(abs(gain)), "dB"),
        Measure("Polarity", None if not gain else "same" if gain > 0 else "inverted"),
        Measure("Residual peak", dbfs(plain.peaks.max()), "dBFS"),
        *_residual(plain, slice(None), ""),
        Measure("Residual without delay and gain", moved.unexplained_db() if gain else None, "dB"),
    ]
    if audio.channels > 1:
        for channel in range(audio.channels):
            name, own = f", channel {channel + 1}", slice(channel, channel + 1)
            measures.append(Measure(f"Residual peak{name}", dbfs(plain.peaks[channel]), "dBFS"))
            measures += _residual(plain, own, name)
            if delay is not None:
                measures.append(Measure(f"Gain difference{name}", dbfs(abs(moved.gain(own) or 0.0)), "dB"))
    return Report("Comparison", tuple(measures), (_residual_curve(audio, plain),))


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
        Measure(f"Residual RMS{name}", dbfs(math.sqrt(residual / count)) if count else None, "dBFS"),
        Measure(f"Residual relative{name}", None if ratio_db is None else -ratio_db, "dB"),
        Measure(f"SDR{name}", ratio_db, "dB"),
    ]


def _residual_curve(audio: Audio, found: Difference) -> Curve:
    stretch = stretch_frames(audio)
    starts = stretch * np.arange(found.residuals.size)
    lengths = np.minimum(stretch, found.frames - starts)
    level = decibels(found.residuals / (lengths * audio.channels))
    return Curve("Residual level", starts / audio.sample_rate, level, "s", "dBFS")
