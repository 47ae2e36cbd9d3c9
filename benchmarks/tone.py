"""Tone, width and loudness: what they reach on real recordings, and how fast they are.

What needs known signals (strokes, tilts, steps) is measured in the tests of these nodes; here stands
what recordings say.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
from scipy import signal

from benchmarks.ours import clips
from benchmarks.table import Row
from nodegraph import Audio
from nodes.dsp.curves import CURVES
from nodes.dsp.loudness import integrated_lufs, loudness_range_lu, measure_energies
from nodes.level.loudness import loudness
from nodes.stereo.widen import widen
from nodes.tone.air import air
from nodes.tone.clarity import clarity
from nodes.tone.eq import eq
from nodes.tone.transients import transients

__all__ = ["rows"]

TARGET_LUFS, SWING_DB = -16.0, 12.0
# What runs for the speeds, and how many times real time is asked for.
SPEEDS: tuple[tuple[str, float, Callable[[Audio], Audio]], ...] = (
    ("tone.eq", 200.0, lambda audio: eq(audio, curve="decca_78")),
    ("tone.transients", 200.0, transients),
    ("tone.air", 50.0, lambda audio: air(audio, limit_hz=7000.0)),
    ("tone.clarity", 50.0, lambda audio: clarity(audio, tolerance_db=0.0, smoothing_s=1.0)),
    ("stereo.widen", 200.0, widen),
    ("level.loudness", 500.0, loudness),
)


def rows() -> Iterator[Row]:
    """Yield the rows."""
    yield from _curves()
    sounds = [(name, Audio.from_array(samples.T, rate)) for name, samples, rate in clips(mono=False)]
    yield from _treble([audio for _, audio in sounds if audio.sample_rate > 40000])
    yield from _drift([audio for _, audio in sounds])
    yield from _levels([audio for _, audio in sounds])
    yield from _width([audio for _, audio in sounds])
    yield from _speeds([audio for _, audio in sounds if audio.sample_rate == 44100])


def _curves() -> Iterator[Row]:
    for rate in (44100, 48000, 96000, 192000):
        impulse = np.zeros(2 * rate)
        impulse[0] = 1.0
        hz = np.fft.rfftfreq(impulse.size, 1 / rate)
        heard = (hz >= 20) & (hz <= 20000)
        off = []
        for name, curve in CURVES.items():
            if name != "flat":
                answer = eq(Audio.from_array(impulse, rate), curve=name, subsonic_hz=0.0).samples[0]
                found = 20 * np.log10(np.abs(np.fft.rfft(answer.astype(float)))[heard])
                off.append(float(np.abs(found - curve.gains_db(hz[heard])).max()))
        yield Row("tone.eq", f"curves at {rate} Hz: off their circuits", max(off), 0.1, at_most=True)


def _treble(sounds: list[Audio]) -> Iterator[Row]:
    left, louder = [], []
    for audio in sounds:
        taps = signal.firwin(2047, 7000, fs=audio.sample_rate, window=("kaiser", 10.0))
        rate = audio.sample_rate
        dull = Audio.from_array([signal.oaconvolve(row, taps, "same") for row in audio.samples], rate)
        result = air(dull)
        before, after = (_distance_db(audio, each) for each in (dull, result))
        left.append(after / before)
        loud = [integrated_lufs(measure_energies(each)) for each in (dull, result)]
        if None not in loud:
            louder.append(loud[1] - loud[0])
    mean, worst = statistics.fmean(left), max(left)
    yield Row("tone.air", "cut at 7 kHz: LSD 8–16 kHz left", mean, 0.7, unit="", at_most=True, worst=worst)
    yield Row("tone.air", "cut at 7 kHz: louder by", max(louder), 0.5, unit="LU", at_most=True)


def _distance_db(wanted: Audio, found: Audio) -> float:
    """Return the log-spectral distance from 8 to 16 kHz."""
    (hz, a), (_, b) = (_spectrum_db(each) for each in (wanted, found))
    band = (hz >= 8000) & (hz < 16000)
    return float(np.sqrt(np.mean((a[band] - b[band]) ** 2, axis=0)).mean())


def _spectrum_db(audio: Audio) -> tuple[np.ndarray, np.ndarray]:
    hz, _, found = signal.stft(audio.samples[0].astype(float), audio.sample_rate, nperseg=2048)
    return hz, 10 * np.log10(np.abs(found) ** 2 + 1e-12)


def _drift(sounds: list[Audio]) -> Iterator[Row]:
    changes = []
    for audio in sounds:
        (_, before), (_, after) = (_spectrum_db(each) for each in (audio, clarity(audio)))
        heard = before > before.max() - 80
        changes.append(float(np.sqrt(np.mean((after[heard] - before[heard]) ** 2))))
    yield Row("tone.clarity", "undamaged: change (rms)", max(changes), 0.3, at_most=True)


def _levels(sounds: list[Audio]) -> Iterator[Row]:
    off, wider = [], []
    for audio in sounds:
        result = loudness(audio, target_lufs=TARGET_LUFS, mode="adaptive", swing_db=SWING_DB)
        before, after = (measure_energies(each) for each in (audio, result))
        off.append(abs((integrated_lufs(after) or TARGET_LUFS) - TARGET_LUFS))
        ranges = [loudness_range_lu(each) for each in (before, after)]
        if None not in ranges:
            wider.append(abs(ranges[1] - ranges[0]))
    yield Row("level.loudness", "adaptive: off the target", max(off), 0.1, unit="LU", at_most=True)
    yield Row(
        "level.loudness", "adaptive, swing 12: change of range", max(wider), SWING_DB, unit="LU", at_most=True
    )


def _width(sounds: list[Audio]) -> Iterator[Row]:
    nulls = []
    for audio in sounds:
        mono = audio.samples.astype(float).mean(axis=0)
        result = widen(Audio.from_array(mono, audio.sample_rate), width_percent=100.0)
        error = np.abs(result.samples.astype(float).mean(axis=0) - mono).max()
        nulls.append(20 * np.log10(error / np.abs(mono).max() + 1e-12))
    yield Row("stereo.widen", "from mono: null of the middle", max(nulls), -100.0, at_most=True)


def _speeds(sounds: list[Audio]) -> Iterator[Row]:
    music = np.resize(np.concatenate([audio.samples[0] for audio in sounds]), (2, 60 * 44100))
    audio = Audio.from_array(music, 44100)
    for name, bar, function in SPEEDS:
        # The first call compiles its loops.
        function(Audio.from_array(music[:, :44100], 44100))
        begin = time.process_time()
        function(audio)
        yield Row(name, "speed, one channel", 2 * 60 / (time.process_time() - begin), bar, unit="×")
