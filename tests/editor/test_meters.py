"""Meters: checked against pyloudnorm and, where it is installed, ffmpeg."""

from __future__ import annotations

import math
import re
import shutil
import subprocess

import numpy as np
import pytest
from sounds import as_sound, noise, tone

from nodegraph.editor.listen.loudness import true_peak
from nodegraph.editor.listen.meters import Meters, live


def music(seconds: float = 12.0, rate: int = 48_000, channels: int = 2, seed: int = 5):
    """Return noise in bursts of different loudness, a tone, and silence: work for both gates."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * rate)
    gains = np.repeat(rng.choice([0.0, 0.001, 0.03, 0.2], size=math.ceil(seconds * 4)), rate // 4)[:frames]
    samples = gains * rng.standard_normal((channels, frames))
    samples += 0.05 * np.sin(2 * np.pi * 440 * np.arange(frames) / rate)
    return as_sound(0.9 * np.clip(samples, -1, 1), rate)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_integrated_loudness_is_that_of_pyloudnorm(rate, channels):
    from pyloudnorm import Meter

    sound = music(6.0, rate, channels)
    reference = Meter(rate, filter_class="DeMan").integrated_loudness(sound.audio.samples.T.astype(float))
    found = Meters().measure(sound)
    assert found is not None
    assert found.integrated_lufs == pytest.approx(reference, abs=0.01)


def test_a_sine_of_0_dbfs_reads_as_the_recommendation_says():
    found = Meters().measure(tone(5.0, hz=997.0, gain=1.0, channels=1))
    assert found is not None
    for value in (found.integrated_lufs, found.short_term_lufs, found.momentary_lufs):
        assert value == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_ffmpeg_reads_the_same(tmp_path, rate):
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    import soundfile

    sound = music(rate=rate)
    path = tmp_path / "music.wav"
    soundfile.write(path, sound.audio.samples.T, rate, "FLOAT")
    told = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    found = Meters().measure(sound)
    assert found is not None
    integrated = float(re.findall(r"I:\s+(-?[\d.]+) LUFS", told)[-1])
    momentary = max(float(each) for each in re.findall(r"M:\s*(-?[\d.]+)", told))
    short_term = max(float(each) for each in re.findall(r"S:\s*(-?[\d.]+)", told)[28:])
    peak = float(re.findall(r"Peak:\s+(-?[\d.]+) dBFS", told)[-1])
    # ffmpeg prints one decimal.
    assert found.integrated_lufs == pytest.approx(integrated, abs=0.11)
    assert found.momentary_lufs == pytest.approx(momentary, abs=0.11)
    assert found.short_term_lufs == pytest.approx(short_term, abs=0.11)
    # It interpolates by another filter: both may be off by some tenths near the band's end.
    assert found.true_peak_dbtp == pytest.approx(peak, abs=0.4)


def test_a_peak_between_two_samples_is_found():
    # A quarter of the rate, sampled at 45°: the samples reach −3 dB, the wave 0 dB.
    wave = np.sin(np.pi / 2 * np.arange(4_800) + np.pi / 4)
    found = Meters().measure(as_sound(wave[None], 48_000))
    assert found is not None
    assert found.true_peak_dbtp == pytest.approx(0.0, abs=0.4)


def test_the_peak_of_blocks_is_that_of_the_whole():
    sound = music(3.0)
    found = Meters().measure(sound)
    assert found is not None
    padded = np.pad(sound.audio.samples, ((0, 0), (0, 11)))
    assert found.true_peak_dbtp == pytest.approx(20 * math.log10(true_peak(padded)), abs=1e-4)


def test_a_passage_is_measured_alone():
    loud, quiet = noise(3.0, gain=0.2), noise(3.0, gain=0.01, seed=1)
    both = as_sound(np.hstack([loud.audio.samples, quiet.audio.samples]), 48_000, begin_s=10.0)
    meters = Meters()
    first, second = meters.measure(both, (10.0, 13.0)), meters.measure(both, (13.05, 16.0))
    assert first is not None
    assert second is not None
    assert first.integrated_lufs - second.integrated_lufs == pytest.approx(20 * math.log10(20), abs=0.1)
    assert (first.begin_s, first.end_s) == (10.0, 13.0)


def test_silence_and_a_moment_have_no_loudness():
    silent = Meters().measure(as_sound(np.zeros((2, 48_000)), 48_000))
    assert silent is not None
    assert silent.integrated_lufs is None
    assert silent.momentary_lufs is None
    assert silent.true_peak_dbtp == -math.inf
    short = Meters().measure(noise(0.3))
    assert short is not None
    assert short.integrated_lufs is None
    assert short.true_peak_dbtp < 0
    empty = Meters().measure(as_sound(np.zeros((2, 0)), 48_000))
    assert empty is not None
    assert empty.integrated_lufs is None


def test_a_low_rate_has_peaks_but_no_loudness():
    found = Meters().measure(noise(2.0, rate=2_000))
    assert found is not None
    assert found.integrated_lufs is None
    assert found.true_peak_dbtp > -20


def test_what_is_stopped_says_nothing_and_what_is_known_needs_no_work():
    meters, sound = Meters(), noise(3.0)
    assert meters.measure(sound, stop=lambda: True) is None
    told: list[float] = []
    first = meters.measure(sound, progress=told.append)
    assert told[-1] == 1.0
    told.clear()
    assert meters.measure(sound, progress=told.append) is first
    assert not told


def test_the_live_meter_shows_what_is_heard_now():
    sound = tone(3.0, hz=997.0, gain=0.5)
    shown = live(sound, 2.0, gain_db=-6.0)
    # Two channels of −6.02 dBFS: −3.01 − 6.02 + 3.01 dB, and the gain.
    assert shown.momentary_lufs == pytest.approx(-12.02, abs=0.05)
    assert shown.peaks_dbfs == pytest.approx([-12.02, -12.02], abs=0.01)


def test_the_live_meter_agrees_with_the_measure_of_the_same_moment():
    sound = music(5.0)
    measured = Meters().measure(sound, (2.6, 3.0))
    assert measured is not None
    # The measured passage begins with a filter at rest, the live one does not.
    assert live(sound, 3.0).momentary_lufs == pytest.approx(measured.momentary_lufs, abs=0.1)


def test_the_live_meter_is_at_rest_outside_of_the_sound():
    for position_s in (-5.0, 0.0, 99.0):
        shown = live(noise(1.0), position_s)
        assert shown.momentary_lufs == -math.inf
        assert shown.peaks_dbfs == (-math.inf, -math.inf)
