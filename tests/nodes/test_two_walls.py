"""Putting the two walls of a mono groove together, with known noise, clicks and misalignment."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from nodegraph import Audio, Progress
from nodes.stereo.two_walls import two_walls

RATE = 44100
FRAMES = 5 * RATE


@cache
def music() -> np.ndarray:
    """Return decaying notes of three voices."""
    t = np.arange(FRAMES) / RATE
    total = np.zeros(FRAMES)
    for note_s, pitch in ((0.4, 220.0), (0.7, 329.6), (1.1, 123.5)):
        since, number = t % note_s, np.floor(t / note_s)
        level = np.exp(-4.0 * since / note_s) * np.minimum(1.0, since / 0.004)
        f = pitch * 2.0 ** ((number * 5 % 12) / 12.0)
        total += level * sum(np.sin(2 * np.pi * f * k * since + k) / k for k in range(1, 9))
    return 0.1 * total


def noise(level_db: float, seed: int) -> np.ndarray:
    """Return white noise so many dB below the music's level."""
    level = np.sqrt(np.mean(music() ** 2)) * 10.0 ** (-level_db / 20.0)
    return level * np.random.default_rng(seed).standard_normal(FRAMES)


def late(sound: np.ndarray, seconds: float) -> np.ndarray:
    turns = np.fft.rfftfreq(sound.size, 1.0 / RATE)
    return np.fft.irfft(np.fft.rfft(sound) * np.exp(-2j * np.pi * turns * seconds), sound.size)


def combined(left: np.ndarray, right: np.ndarray, **settings: float) -> np.ndarray:
    return two_walls(Audio.from_array(np.stack([left, right]), RATE), **settings).audio.samples.astype(
        np.float64
    )


def level_db(sound: np.ndarray) -> float:
    return float(10.0 * np.log10(np.mean(sound**2) + 1e-30))


def error_db(found: np.ndarray, wanted: np.ndarray) -> float:
    """Return what is not the wanted sound, at any gain."""
    gain = (found @ wanted) / (wanted @ wanted)
    return level_db(found - gain * wanted)


@pytest.mark.parametrize("snr_db", [40.0, 20.0, 10.0])
def test_equal_noise_on_both_walls_falls_by_three_decibels(snr_db: float) -> None:
    left, right = noise(snr_db, 1), noise(snr_db, 2)
    found = combined(music() + left, music() + right)
    assert level_db(left) - error_db(found[0], music()) > 2.9


@pytest.mark.parametrize("difference_db", [6.0, 12.0])
def test_the_quieter_wall_counts_for_more_as_is_best(difference_db: float) -> None:
    left, right = noise(20.0, 1), noise(20.0 + difference_db, 2)
    best = -10.0 * np.log10(10.0 ** (-level_db(left) / 10.0) + 10.0 ** (-level_db(right) / 10.0))
    assert error_db(combined(music() + left, music() + right)[0], music()) < best + 0.5


@pytest.mark.parametrize(("gain_db", "delay_us"), [(1.0, 20.0), (-1.0, -20.0)])
def test_gain_and_delay_between_the_walls_are_undone(gain_db: float, delay_us: float) -> None:
    left, right = noise(30.0, 1), noise(30.0, 2)
    other = late(music(), 1e-6 * delay_us) * 10.0 ** (gain_db / 20.0)
    found = combined(music() + left, other + right)[0]
    # Both walls are moved half of the way.
    assert level_db(left) - error_db(found, late(music(), 0.5e-6 * delay_us)) > 2.9


def test_a_wall_that_is_upside_down_is_turned_and_told() -> None:
    notes: list[str] = []
    sound = Audio.from_array(np.stack([music(), -music()]), RATE)
    found = two_walls(sound, progress=Progress(note=notes.append)).audio.samples
    np.testing.assert_allclose(found[0], music(), atol=1e-5)
    assert "upside down" in notes[0]


def test_clicks_of_one_wall_are_filled_from_the_other() -> None:
    rng = np.random.default_rng(5)
    clicks = np.zeros((2, FRAMES))
    for at in rng.integers(2000, FRAMES - 2000, 120):
        length = rng.integers(3, 90)
        shape = np.exp(-4.0 * np.arange(length) / length) * rng.choice([-1, 1]) * rng.uniform(0.2, 0.8)
        clicks[rng.integers(2), at : at + length] += shape
    noises = np.stack([noise(35.0, 1), noise(35.0, 2)])
    found = combined(*(music() + clicks + noises))
    hit = clicks.any(axis=0)
    # On the mean of both walls a click would fall by 6 dB.
    assert level_db(clicks.sum(axis=0)[hit]) - level_db((found[0] - music())[hit]) > 15.0


def test_a_clean_mono_pair_stays() -> None:
    found = combined(music(), music())
    assert level_db(found - music()) - level_db(music()) < -100.0


def test_both_channels_of_the_result_are_the_same_and_the_rest_is_in_removed() -> None:
    sound = Audio.from_array(np.stack([music() + noise(20.0, 1), music() + noise(20.0, 2)]), RATE)
    result = two_walls(sound)
    null = result.audio.samples.astype(np.float64) + result.removed.samples - sound.samples
    assert np.abs(null).max() < 1e-6
    assert np.abs(result.audio.samples[0] - result.audio.samples[1]).max() < 1e-6


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_not_two_walls_is_left_as_it_is_and_told(channels: int) -> None:
    notes: list[str] = []
    sound = Audio.from_array(np.tile(music()[:RATE], (channels, 1)), RATE)
    result = two_walls(sound, progress=Progress(note=notes.append))
    np.testing.assert_array_equal(result.audio.samples, sound.samples)
    assert "left as it is" in notes[0]


def test_stereo_music_is_named_as_such() -> None:
    notes: list[str] = []
    other = noise(0.0, 9)
    two_walls(Audio.from_array(np.stack([music(), other]), RATE), progress=Progress(note=notes.append))
    assert "stereo recording" in notes[1]
