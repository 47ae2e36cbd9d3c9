"""Wow and flutter: what is left where the disc's rate is told, and what is invented on clean recordings."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np

from benchmarks.ours import clips
from benchmarks.table import Row
from nodegraph import Audio, SpeedCurve
from nodes.measure_speed import measure_speed
from nodes.repair.wow import wow

__all__ = ["rows"]

# Name, what the user may tell of it, and its parts (Hz, depth).
DISCS = (
    ("33⅓ rpm 0.3 %", "33", ((0.556, 0.003),)),
    ("45 rpm 0.1 %", "45", ((0.75, 0.001),)),
    ("78.26 rpm 1 %", "78.26", ((1.304, 0.01),)),
)
NOT_TONAL = ("tabla", "drumloop", "speech")
SECONDS = 20.0
POINTS_PER_S = 400.0
VIBRATO_HZ, VIBRATO_CENTS = 5.7, 30.0


def rows() -> Iterator[Row]:
    """Yield the rows of wow and flutter."""
    sounds = [
        (name, Audio.from_array(samples.T, rate))
        for name, samples, rate in clips(seconds=SECONDS, mono=False)
    ]
    tonal = [audio for name, audio in sounds if not name.startswith(NOT_TONAL)]
    for number, (name, rotation, parts) in enumerate(DISCS):
        left = [_left(audio, rotation, parts, number) for audio in tonal]
        yield Row(
            "repair.wow",
            f"{name}, told: left",
            statistics.fmean(left),
            0.25,
            unit="",
            at_most=True,
            worst=max(left),
        )
    invented = [100.0 * float(np.std(measure_speed(audio).speed.speed)) for _, audio in sounds]
    yield Row("repair.wow", "clean: invented wow (rms)", max(invented), 0.03, unit="%", at_most=True)
    kept = [_vibrato_kept(audio) for audio in tonal]
    yield Row("repair.wow", "vibrato of one part: depth kept", min(kept), 90.0, unit="%")


def _left(audio: Audio, rotation: str, parts: tuple[tuple[float, float], ...], seed: int) -> float:
    """Return the share of a speed fault that is left."""
    played, truth = warped(audio, parts, seed)
    times = np.arange(0.0, audio.seconds, 0.01)
    wanted = _cents(truth, times)
    return float(
        np.std(_cents(measure_speed(played, rotation=rotation).speed, times) - wanted) / np.std(wanted)
    )


def warped(audio: Audio, parts: tuple[tuple[float, float], ...], seed: int) -> tuple[Audio, SpeedCurve]:
    """Return the recording as a machine with that fault would play it, and its true speed over time."""
    rng = np.random.default_rng(seed)
    times = np.arange(0.0, audio.seconds + 0.01, 1.0 / POINTS_PER_S)
    turns = [(depth, 2 * np.pi * hz, rng.uniform(0, 6.28)) for hz, depth in parts]
    speed = 1.0 + sum(d * np.sin(w * times + p) for d, w, p in turns)
    # At true time τ(t) the fault plays what it recorded at t: undoing the inverse speed makes it.
    true = np.append(0.0, np.cumsum(0.5 * (speed[1:] + speed[:-1]) / POINTS_PER_S))
    inverse = SpeedCurve(true, 1.0 / speed, np.ones(times.size))
    return wow(audio, inverse).audio, SpeedCurve(times, speed, np.ones(times.size))


def _cents(curve: SpeedCurve, times: np.ndarray) -> np.ndarray:
    return np.asarray(1200.0 * np.log2(np.interp(times, curve.times_s, curve.speed)))


def _vibrato_kept(audio: Audio) -> float:
    """Add a part with a vibrato; return the share of its depth that stays (%)."""
    music = audio.samples.astype(float).mean(axis=0)[: 8 * audio.sample_rate]
    time_s = np.arange(music.size) / audio.sample_rate
    turn = 2 * np.pi * VIBRATO_HZ
    bend = VIBRATO_CENTS / 1200.0 * np.log(2.0) / turn
    phase = 2 * np.pi * 523.25 * (time_s + bend * np.sin(turn * time_s))
    part = sum(np.sin(k * phase) / k for k in range(1, 6))
    mixed = music + 0.7 * np.std(music) / np.std(part) * part
    found = measure_speed(Audio.from_array(mixed, audio.sample_rate)).speed
    at = time_s[::100]
    taken = 2.0 * abs(np.mean(np.exp(1j * turn * at) * _cents(found, at)))
    return float(100.0 * (1.0 - taken / VIBRATO_CENTS))
