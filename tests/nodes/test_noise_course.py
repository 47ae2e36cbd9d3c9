"""Following noise along a recording, where it is nowhere alone."""

from __future__ import annotations

import numpy as np
import pytest

from nodegraph import Audio, AudioError, NoiseProfile, Progress, blocks_of
from nodes.dsp.noise.course import course_of
from nodes.repair.denoise import denoise

RATE = 44100


def white(seconds: float, level: float, seed: int = 0, channels: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return level * generator.standard_normal((channels, round(seconds * RATE)))


def organ(seconds: float) -> np.ndarray:
    """Return a chord that is held from beginning to end."""
    t = np.arange(round(seconds * RATE)) / RATE
    pitches = (130.8, 164.8, 196.0, 261.6)
    return (
        0.1 * sum(np.sin(2 * np.pi * p * pitch * t + p) / p for pitch in pitches for p in range(1, 9))[None]
    )


def sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(reference**2) / np.sum((reference - estimate.astype(np.float64)) ** 2)))


def level_db(audio: Audio) -> np.ndarray:
    """Return the level that the course has at each knot above 200 Hz, in dB of density."""
    course = course_of(audio)
    assert course is not None
    return 10 * np.log10(course.density[:, course.centres_hz > 200.0].mean(axis=1))


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_the_course_of_white_noise_has_its_level(rate):
    noise = 0.1 * np.random.default_rng(1).standard_normal((1, 8 * rate))
    course = course_of(Audio.from_array(noise, rate))
    # Variance 0.01 over half the sample rate; 1.5 dB is what a profile is held to as well.
    off_db = 10 * np.log10(course.density.mean(axis=0) / (0.01 / (rate / 2)))
    assert np.abs(off_db).max() < 1.5


def test_noise_that_rises_by_6_db_is_followed():
    ramp = 10 ** (np.linspace(0.0, 6.0, 12 * RATE) / 20)
    found = level_db(Audio.from_array(white(12.0, 0.01) * ramp, RATE))
    true = 10 * np.log10(1e-4 / 22050) + (np.arange(len(found)) + 0.5) / len(found) * 6.0
    # Within its window (3 s) of the end the course waits: the noise could still be a note that begins.
    inside = slice(0, -16)
    assert np.abs(found - true)[inside].max() < 1.0
    assert np.all(found - true > -2.5)


def test_rising_noise_loses_as_much_at_the_end_as_at_the_beginning():
    clean = organ(12.0)
    noise = white(12.0, 0.01) * 10 ** (np.linspace(0.0, 6.0, 12 * RATE) / 20)
    result = denoise(Audio.from_array(clean + noise, RATE), noise="adaptive").audio.samples
    third = 4 * RATE
    gains = [
        sdr_db(clean[:, part], result[:, part]) - sdr_db(clean[:, part], (clean + noise)[:, part])
        for part in (slice(0, third), slice(third, 2 * third), slice(2 * third, 3 * third))
    ]
    # Measured 14.4, 15.0 and 14.0 dB.
    assert min(gains) > 13.0
    assert max(gains) - min(gains) < 3.0


def test_held_tones_are_not_taken_for_noise():
    clean = organ(8.0)
    result = denoise(Audio.from_array(clean, RATE), noise="adaptive").audio.samples
    # Measured 55.8 dB; no sound without noise may fall below 40 dB.
    assert sdr_db(clean, result) > 50.0


def test_noise_that_is_the_same_in_both_channels_has_the_level_of_one():
    mono = white(8.0, 0.01, 3)
    alone, twice = (
        level_db(Audio.from_array(mono, RATE)),
        level_db(Audio.from_array(np.repeat(mono, 2, 0), RATE)),
    )
    np.testing.assert_allclose(alone, twice, atol=1e-6)


@pytest.mark.parametrize("frames", [3000, 70_001])
def test_blocks_leave_no_trace(frames):
    ramp = 10 ** (np.linspace(0.0, 6.0, 5 * RATE) / 20)
    audio = Audio.from_array(organ(5.0) + white(5.0, 0.01, channels=2) * ramp, RATE)
    with blocks_of(10_000_000):
        whole = denoise(audio, noise="adaptive")
    with blocks_of(frames):
        blockwise = denoise(audio, noise="adaptive")
    assert whole.removed.samples.any()
    np.testing.assert_array_equal(whole.audio.samples, blockwise.audio.samples)
    np.testing.assert_array_equal(whole.removed.samples, blockwise.removed.samples)


def test_strength_0_leaves_every_sample():
    audio = Audio.from_array(organ(3.0) + white(3.0, 0.01), RATE)
    np.testing.assert_array_equal(denoise(audio, noise="adaptive", strength=0.0).audio.samples, audio.samples)


@pytest.mark.parametrize("samples", [np.zeros((1, 3 * RATE)), white(0.1, 0.1)])
def test_silence_and_what_is_too_short_stay_and_a_note_says_so(samples):
    notes = []
    audio = Audio.from_array(samples, RATE)
    result = denoise(audio, noise="adaptive", progress=Progress(note=notes.append))
    np.testing.assert_array_equal(result.audio.samples, audio.samples)
    assert "nothing was removed" in notes[0]


def test_a_profile_is_refused_where_it_would_not_be_used():
    audio = Audio.from_array(white(2.0, 0.1), RATE)
    with pytest.raises(AudioError, match="would not be used"):
        denoise(audio, NoiseProfile(RATE, np.ones((1, 9))), noise="adaptive")
