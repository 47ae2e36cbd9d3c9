"""Stereo widening: what mono listeners get back, and what stereo listeners gain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nodegraph import Audio
from nodes.stereo.widen import widen

RATE = 44100
CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"


def pink(seconds=4.0, channels=1, seed=0):
    """Noise of equal power per octave: the spectrum of music, coarsely."""
    rng = np.random.default_rng(seed)
    spectra = np.fft.rfft(rng.standard_normal((channels, round(seconds * RATE))))
    spectra /= np.sqrt(np.maximum(1, np.arange(spectra.shape[1])))
    samples = np.fft.irfft(spectra)
    return Audio.from_array(0.2 * samples / samples.std(), RATE)


def clicks():
    samples = np.zeros((1, 20000))
    samples[0, 10000] = 1.0
    return Audio.from_array(samples, RATE)


def correlation(samples, low_hz=0.0, high_hz=RATE):
    spectra = np.fft.rfft(samples.astype(float))
    hz = np.fft.rfftfreq(samples.shape[1], 1 / RATE)
    left, right = spectra[:, (hz >= low_hz) & (hz < high_hz)]
    return np.vdot(left, right).real / np.linalg.norm(left) / np.linalg.norm(right)


def middle_error_db(sound, result):
    wanted = sound.samples.astype(float)[:2].mean(axis=0)
    error = result.samples[:2].astype(float).mean(axis=0) - wanted
    return 20 * np.log10(np.abs(error).max() / np.abs(wanted).max() + 1e-30)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("width", [10.0, 50.0, 100.0])
def test_mono_gets_the_middle_back(width, channels):
    sound = pink(1.0, channels)
    assert middle_error_db(sound, widen(sound, width_percent=width, side_percent=130.0)) < -120


def test_mono_gets_a_real_recording_back():
    path = CLIPS / "folk_tavern.flac"
    if not path.exists():
        pytest.skip("the bench's clips are not here")
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True, frames=5 * RATE)
    sound = Audio(np.ascontiguousarray(samples.T), rate)
    assert middle_error_db(sound, widen(sound, width_percent=100.0)) < -120


def test_no_width_is_the_same_on_both_sides():
    sound = pink(0.5)
    result = widen(sound, width_percent=0.0)
    np.testing.assert_array_equal(result.samples, np.tile(sound.samples, (2, 1)))


def test_neutral_settings_leave_stereo_as_it_is():
    sound = pink(0.5, 2)
    assert widen(sound, width_percent=0.0, side_percent=100.0) is sound


def test_width_sets_the_correlation_of_the_channels():
    found = [
        correlation(widen(pink(), width_percent=width).samples, 400.0, 20000.0) for width in (30, 60, 100)
    ]
    assert found == pytest.approx([0.9, 0.68, 0.31], abs=0.05)


def test_broadband_correlation_stays_between_the_bars():
    # At the default and at full width, over all frequencies of a sound that is even over them.
    samples = np.random.default_rng(2).standard_normal((1, 4 * RATE))
    for width in (50.0, 100.0):
        assert 0.3 <= correlation(widen(Audio.from_array(samples, RATE), width_percent=width).samples) <= 0.9


def test_the_bass_stays_in_the_middle():
    assert correlation(widen(pink(), width_percent=100.0).samples, 0.0, 150.0) > 0.98


def test_both_channels_keep_the_same_level_in_every_third_of_an_octave():
    power = np.abs(np.fft.rfft(widen(pink(8.0), width_percent=100.0).samples.astype(float))) ** 2
    hz = np.fft.rfftfreq(8 * RATE, 1 / RATE)
    for low in 200.0 * 2 ** (np.arange(18) / 3):
        band = (hz >= low) & (hz < low * 2 ** (1 / 3))
        left, right = power[:, band].sum(axis=1)
        assert 10 * np.log10(left / right) == pytest.approx(0.0, abs=0.05)


def test_the_tone_changes_by_no_more_than_the_added_side_signal():
    result = widen(clicks(), width_percent=100.0).samples.astype(float)
    gains_db = 20 * np.log10(np.abs(np.fft.rfft(result)))
    # 10 log (1 + 1.04²) at most, and nothing is ever taken away.
    assert gains_db.max() < 3.3
    assert gains_db.min() > -0.05


def test_a_click_stays_a_click():
    left, right = widen(clicks(), width_percent=100.0).samples.astype(float)
    side = (0.5 * (left - right)) ** 2
    # 95 % within 15 ms is the bar; the treble's share of it follows within 2 ms.
    around = {ms: side[10000 - int(ms * 44.1 / 2) : 10001 + int(ms * 44.1 / 2)].sum() for ms in (5, 15)}
    assert around[15] > 0.995 * side.sum()
    assert around[5] > 0.95 * side.sum()


def test_what_stereo_has_at_its_sides_follows_side_percent():
    sound = pink(1.0, 2)
    result = widen(sound, width_percent=0.0, side_percent=50.0).samples.astype(float)
    wanted = 0.5 * (sound.samples[0].astype(float) - sound.samples[1])
    assert result[0] - result[1] == pytest.approx(wanted, abs=1e-6)


def test_of_six_channels_the_front_two_are_widened():
    sound = pink(0.5, 6)
    result = widen(sound)
    np.testing.assert_array_equal(result.samples[2:], sound.samples[2:])
    assert not np.array_equal(result.samples[:2], sound.samples[:2])
