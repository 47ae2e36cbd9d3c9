"""Declipping, against seeded music that was clipped at known levels."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from nodegraph import Audio, Cancelled, Progress
from nodes.dsp.clip.plateaus import agreed_levels, clipped_signs, find_plateaus
from nodes.repair.declip import declip

RATE = 44100


def music(seconds: float = 1.0, seed: int = 1) -> np.ndarray:
    """Plucked chords over a voice-like tone, peak 1.0."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    sound = 0.01 * rng.standard_normal(t.size)
    for pitch in (196.0, 246.9, 293.7, 440.0):
        strike = (t + rng.uniform(0, 0.5)) % 0.5
        for k in range(1, 9):
            phase = 2 * np.pi * pitch * k * t + rng.uniform(0, 2 * np.pi)
            sound += np.exp(-strike * (3 + k)) * np.sin(phase) / k
    return sound / np.abs(sound).max()


def sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(reference**2) / np.sum((reference - estimate) ** 2)))


def restored(wave: np.ndarray, **settings: float) -> np.ndarray:
    return declip(Audio.from_array(wave, RATE), **settings).audio.samples[0]


def clipping_f1(wave: np.ndarray, truth: np.ndarray) -> float:
    samples = np.asarray(wave, np.float32)
    positive = agreed_levels([p for p in [find_plateaus(samples)] if p])
    negative = agreed_levels([p for p in [find_plateaus(-samples)] if p])
    found = clipped_signs(samples, positive, negative, RATE) != 0
    return 2 * np.sum(found & truth) / max(1, np.sum(found) + np.sum(truth))


@pytest.mark.parametrize("level", [0.2, 0.5])
def test_clipping_is_undone_by_more_than_ten_decibels(level: float) -> None:
    clean = music()
    clipped = np.clip(clean, -level, level)
    assert sdr_db(clean, restored(clipped)) - sdr_db(clean, clipped) > 10.0


def test_what_was_not_clipped_stays_bit_for_bit_and_peaks_only_grow() -> None:
    clipped = np.clip(music(), -0.4, 0.4).astype(np.float32)
    result = restored(clipped)
    reliable = np.abs(clipped) < 0.4
    np.testing.assert_array_equal(result[reliable], clipped[reliable])
    assert (np.abs(result) >= np.abs(clipped)).all()
    assert (np.sign(result) == np.sign(clipped)).all()


def test_undamaged_sound_comes_out_bit_for_bit() -> None:
    t = np.arange(2 * RATE) / RATE
    low_sine = np.round(0.02 * np.sin(2 * np.pi * 30 * t) * 32768) / 32768
    square = 0.5 * np.sign(np.sin(2 * np.pi * 110 * t))
    for wave in (music(), np.round(music() * 32767) / 32768, low_sine, square):
        sound = Audio.from_array(wave, RATE)
        result = declip(sound)
        np.testing.assert_array_equal(result.audio.samples, sound.samples)
        assert not result.removed.samples.any()


@pytest.mark.parametrize("level", [0.2, 0.4, 0.6, 0.8, 0.9, 0.98])
def test_the_level_is_found_wherever_it_lies(level: float) -> None:
    clean = music()
    assert clipping_f1(np.clip(clean, -level, level), np.abs(clean) > level) >= 0.95


@pytest.mark.parametrize("gain", [0.1, 0.7, 3.0])
def test_the_level_is_found_after_a_change_of_gain_and_16_bit_rounding(gain: float) -> None:
    clean = music()
    wave = np.round(np.clip(clean, -0.5, 0.5) * gain * 32768) / 32768
    assert clipping_f1(wave, np.abs(clean) > 0.5) >= 0.95


def test_each_side_has_its_own_level() -> None:
    clean = music()
    clipped = np.clip(clean, -0.7, 0.3)
    assert clipping_f1(clipped, clipped != clean) >= 0.95
    one_sided = np.clip(clean, -1.0, 0.3)
    assert clipping_f1(one_sided, one_sided != clean) >= 0.95


def test_a_level_that_changes_along_the_recording_is_found() -> None:
    clean = music(3.0)
    ride = np.where(np.arange(clean.size) < clean.size // 2, 1.0, 0.5)
    clipped = np.clip(clean, -0.4, 0.4) * ride
    gain = sdr_db(clean * ride, restored(clipped)) - sdr_db(clean * ride, clipped)
    assert gain > 8.0


def test_one_channel_can_be_clipped_alone() -> None:
    clean = music()
    sound = Audio.from_array(np.stack([np.clip(clean, -0.4, 0.4), clean]), RATE)
    result = declip(sound).audio.samples
    np.testing.assert_array_equal(result[1], sound.samples[1])
    assert (result[0] != sound.samples[0]).any()


def test_input_is_audio_plus_removed() -> None:
    sound = Audio.from_array(np.clip(music(), -0.4, 0.4), RATE)
    result = declip(sound, strength=0.6)
    total = result.audio.samples.astype(np.float64) + result.removed.samples
    assert np.abs(total - sound.samples).max() < 1e-6


def test_half_the_strength_gives_half_of_the_height_back() -> None:
    clipped = np.clip(music(), -0.4, 0.4).astype(np.float32)
    full, half = restored(clipped) - clipped, restored(clipped, strength=0.5) - clipped
    np.testing.assert_allclose(half, 0.5 * full, atol=1e-6)


def test_a_given_level_is_taken_at_its_word() -> None:
    clipped = np.clip(music(), -0.4, 0.4)
    level_dbfs = 20 * np.log10(0.3)
    result = restored(clipped, level_dbfs=level_dbfs)
    assert (np.abs(result)[np.abs(clipped) >= 0.31] >= 0.31).all()
    np.testing.assert_array_equal(
        result[np.abs(clipped) < 0.29], clipped[np.abs(clipped) < 0.29].astype("f4")
    )


def test_a_stuck_converter_is_left_alone() -> None:
    wave = np.clip(music(), -0.4, 0.4)
    wave[20000:30000] = 0.4
    result = restored(wave)
    np.testing.assert_array_equal(result[20100:29900], np.float32(0.4))


def test_the_note_tells_how_far_peaks_exceed_full_scale() -> None:
    notes: list[str] = []
    clipped = np.clip(2.0 * music(), -1.0, 1.0)
    declip(Audio.from_array(clipped, RATE), progress=Progress(note=notes.append))
    assert len(notes) == 1
    assert "above full scale" in notes[0]
    declip(Audio.from_array(music(), RATE), progress=Progress(note=notes.append))
    assert notes[1] == "No clipping found."


def test_a_cancel_stops_the_work_inside_a_stretch() -> None:
    cancel = threading.Event()
    progress = Progress(report=lambda done: cancel.set() if done > 0.05 else None, cancel=cancel)
    with pytest.raises(Cancelled):
        declip(Audio.from_array(np.clip(music(2.0), -0.3, 0.3), RATE), progress=progress)


def test_dither_after_clipping_counts_as_part_of_the_plateau() -> None:
    clean = music()
    rng = np.random.default_rng(2)
    dither = rng.uniform(-0.5, 0.5, clean.size) + rng.uniform(-0.5, 0.5, clean.size)
    wave = np.round(np.clip(clean, -0.5, 0.5) * 32767 + dither) / 32768
    assert clipping_f1(wave, np.abs(clean) > 0.5) >= 0.95


def test_where_the_level_is_exact_samples_just_below_it_are_reliable() -> None:
    clean = np.round(music() * 32768) / 32768
    level = np.float32(0.4000001)
    clipped = np.clip(clean, -level, level).astype(np.float32)
    near = (np.abs(clipped) < level) & (np.abs(clipped) > level - 1.5 / 32768)
    assert near.any()
    np.testing.assert_array_equal(restored(clipped)[near], clipped[near])


@pytest.mark.parametrize("sides", [(-0.7, 0.3), (-0.25, 1.0)])
def test_a_wave_that_was_cut_more_on_one_side_is_restored(sides: tuple[float, float]) -> None:
    clean = music()
    clipped = np.clip(clean, *sides)
    assert sdr_db(clean, restored(clipped)) - sdr_db(clean, clipped) > 10.0


def test_clipping_before_a_gain_and_16_bit_rounding_is_undone() -> None:
    clean = 0.7 * music()
    rounded = np.round(0.7 * np.clip(music(), -0.4, 0.4) * 32768) / 32768
    assert sdr_db(clean, restored(rounded)) - sdr_db(clean, rounded) > 10.0


def test_each_channel_is_restored_as_if_it_were_alone() -> None:
    left, right = np.clip(music(seed=1), -0.4, 0.4), np.clip(music(seed=2), -0.6, 0.6)
    both = declip(Audio.from_array(np.stack([left, right]), RATE)).audio.samples
    np.testing.assert_array_equal(both, np.stack([restored(left), restored(right)]))
