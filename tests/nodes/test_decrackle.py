"""Decrackle against known crackle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from nodegraph import Audio, blocks_of
from nodes.repair.decrackle import decrackle

RATE = 44100
CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"


def tones(seconds: float = 1.5) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    noise = 0.001 * np.random.default_rng(0).standard_normal(t.size)
    return 0.2 * sum(np.sin(2 * np.pi * f * t + f) / k for k, f in enumerate((220, 331, 442), 1)) + noise


def crackling(clean: np.ndarray, per_s: float = 1000.0) -> np.ndarray:
    """Return the sound with pairs of opposite impulses of random height."""
    rng = np.random.default_rng(5)
    noise = np.zeros(clean.size)
    for begin in rng.integers(0, clean.size - 4, int(per_s * clean.size / RATE)):
        noise[begin : begin + 3] += 0.2 * rng.standard_normal() * np.array([1.0, -0.5, 0.2])
    return clean + noise


def sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(reference**2) / np.sum((reference - estimate) ** 2)))


def test_crackle_falls_by_ten_decibels() -> None:
    clean = tones()
    damaged = crackling(clean)
    out = decrackle(Audio.from_array(damaged, RATE)).audio.samples[0]
    assert sdr_db(clean, out) - sdr_db(clean, damaged) >= 10.0


def test_the_sound_below_one_kilohertz_keeps_its_level() -> None:
    clean = tones()
    out = decrackle(Audio.from_array(crackling(clean), RATE)).audio.samples[0]
    low = np.fft.rfftfreq(clean.size, 1 / RATE) < 1000
    before, after = (np.sum(np.abs(np.fft.rfft(x)[low]) ** 2) for x in (clean, out))
    assert abs(10 * np.log10(after / before)) <= 0.2


def test_a_sound_without_crackle_is_bit_for_bit_the_same() -> None:
    sound = Audio.from_array(tones(), RATE)
    np.testing.assert_array_equal(decrackle(sound).audio.samples, sound.samples)


def test_only_the_crackling_channel_is_touched() -> None:
    damaged = np.stack([crackling(tones()), tones()])
    sound = Audio.from_array(damaged, RATE)
    np.testing.assert_array_equal(decrackle(sound).audio.samples[1], sound.samples[1])


def drawn(shape: str) -> np.ndarray:
    """Return two seconds of a sound that comes in many short strokes, but does not crackle."""
    t = np.arange(2 * RATE) / RATE
    rng = np.random.default_rng(3)
    if shape == "staircase":
        return np.round(20 * tones(2.0)) / 20
    if shape == "pulses":
        return lfilter([1.0], [1.0, -1.8, 0.9], 0.3 * np.diff(np.floor(t * 100.3), prepend=0.0))
    # Beans that strike a gourd of 3.2 kHz (P. Cook, "Physically informed sonic modeling", CMJ 21(3), 1997).
    beans = np.zeros(t.size)
    beans[rng.integers(0, t.size, 600)] = 0.1 * rng.standard_normal(600)
    turn = 2 * 0.96 * np.cos(2 * np.pi * 3200 / RATE)
    return lfilter([1.0, 0.0, -1.0], [1.0, -turn, 0.96**2], beans) + 1e-4 * rng.standard_normal(t.size)


@pytest.mark.parametrize("shape", ["staircase", "pulses", "shaker"])
def test_steps_and_strokes_are_not_crackle(shape: str) -> None:
    sound = Audio.from_array(drawn(shape), RATE)
    np.testing.assert_array_equal(decrackle(sound).audio.samples, sound.samples)


def test_crackle_over_a_shaker_still_falls() -> None:
    clean = drawn("shaker") + tones(2.0)
    damaged = crackling(clean)
    out = decrackle(Audio.from_array(damaged, RATE)).audio.samples[0]
    assert sdr_db(clean, out) - sdr_db(clean, damaged) >= 3.0


def test_audio_and_removed_add_up_to_the_input() -> None:
    damaged = Audio.from_array(crackling(tones()), RATE)
    out = decrackle(damaged, strength=0.7)
    total = out.audio.samples.astype(np.float64) + out.removed.samples
    assert np.abs(total - damaged.samples).max() <= 2.0**-24


def test_blocks_leave_no_trace() -> None:
    damaged = Audio.from_array(crackling(tones()), RATE)
    whole = decrackle(damaged)
    with blocks_of(20011):
        part = decrackle(damaged)
    np.testing.assert_array_equal(part.audio.samples, whole.audio.samples)


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the bench's clips are not here")
@pytest.mark.parametrize("name", ["drumloop", "tabla", "speech_phone"])
def test_undamaged_recordings_keep_forty_decibels(name: str) -> None:
    import soundfile

    samples, rate = soundfile.read(CLIPS / f"{name}.flac", dtype="float32", always_2d=True)
    clean = samples[: 5 * rate].T
    assert sdr_db(clean, decrackle(Audio.from_array(clean, rate)).audio.samples + 1e-12) >= 40.0
