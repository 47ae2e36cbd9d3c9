"""Loudness: against the standards' own signals, against pyloudnorm and against ffmpeg."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nodegraph import Audio, Progress, blocks_of
from nodes.dsp.loudness import integrated_lufs, loudness_range_lu, measure_energies, window_lufs
from nodes.level.loudness import loudness
from nodes.level.normalize import normalize

CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"
RATE = 48000


def tones(*parts, channels=2, hz=1000.0, rate=RATE):
    """Sines at (dBFS, seconds), one after the other, in phase, the same in every channel."""
    level = np.concatenate([np.full(round(s * rate), 10.0 ** (db / 20.0)) for db, s in parts])
    wave = level * np.sin(2 * np.pi * hz / rate * np.arange(level.size))
    return Audio.from_array(np.tile(wave, (channels, 1)), rate)


def noise(seconds, channels=2, rate=RATE, seed=0):
    rng = np.random.default_rng(seed)
    steps = np.repeat(rng.uniform(0.001, 0.3, round(seconds * 4) + 1), rate // 4)[: round(seconds * rate)]
    return Audio.from_array(rng.standard_normal((channels, steps.size)) * steps, rate)


def integrated(audio):
    return integrated_lufs(measure_energies(audio))


def maximum(audio, seconds):
    return window_lufs(measure_energies(audio), seconds)[1].max()


def clips():
    return sorted(CLIPS.glob("*.flac")) or [None]


def load(path):
    if path is None:
        pytest.skip("the bench's clips are not here")
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return Audio(np.ascontiguousarray(samples.T), rate)


# EBU Tech 3341 (2023), table 1, with the tolerance of ±0.1 LU that it asks for.
CASES = {
    "1": (((-23, 20),), -23),
    "2": (((-33, 20),), -33),
    "3": (((-36, 10), (-23, 60), (-36, 10)), -23),
    "4": (((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), -23),
    "5": (((-26, 20), (-20, 20.1), (-26, 20)), -23),
}


@pytest.mark.parametrize("case", CASES)
def test_integrated_loudness_meets_tech_3341(case):
    parts, expected = CASES[case]
    assert integrated(tones(*parts)) == pytest.approx(expected, abs=0.1)


def test_integrated_loudness_of_five_channels_meets_tech_3341_case_6():
    wave = np.sin(2 * np.pi * 1000 / RATE * np.arange(20 * RATE))
    levels = 10.0 ** (np.array([-28, -28, -24, -30, -30]) / 20.0)
    assert integrated(Audio.from_array(levels[:, None] * wave, RATE)) == pytest.approx(-23, abs=0.1)


def test_the_lfe_channel_does_not_count():
    five = np.random.default_rng(1).standard_normal((5, 2 * RATE)) * 0.1
    six = np.insert(five, 3, 0.5, axis=0) + np.insert(np.zeros_like(five), 3, 0.3, axis=0)
    assert integrated(Audio.from_array(six, RATE)) == integrated(Audio.from_array(five, RATE))


def test_short_term_loudness_of_a_toggling_tone_is_constant_as_in_tech_3341_case_9():
    audio = tones(*((-20, 1.34), (-30, 1.66)) * 5)
    _, lufs = window_lufs(measure_energies(audio), 3.0)
    assert lufs == pytest.approx(np.full(lufs.size, -23.0), abs=0.1)


@pytest.mark.parametrize("number", range(0, 20, 3))
def test_short_term_maximum_does_not_depend_on_when_a_tone_begins(number):
    audio = tones((-200, number * 0.15), (-23, 3), (-200, 1))
    assert maximum(audio, 3.0) == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize("number", range(0, 20, 3))
def test_momentary_maximum_does_not_depend_on_when_a_burst_begins(number):
    audio = tones((-200, number * 0.02), (-23, 0.4), (-200, 1))
    assert maximum(audio, 0.4) == pytest.approx(-23, abs=0.1)


# EBU Tech 3342 (2023), table 1, tolerance ±1 LU there; a meter of whole steps does better.
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (((-20, 20), (-30, 20)), 10),
        (((-20, 20), (-15, 20)), 5),
        (((-40, 20), (-20, 20)), 20),
        (((-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)), 15),
    ],
)
def test_loudness_range_meets_tech_3342(parts, expected):
    assert loudness_range_lu(measure_energies(tones(*parts))) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_integrated_loudness_equals_pyloudnorm_on_the_whole_sound(rate, channels):
    import pyloudnorm

    audio = noise(5.0, channels, rate)
    whole = pyloudnorm.Meter(rate, filter_class="DeMan")
    # Its blocks are cut on whole samples of 100 ms here, as ours are: what is left is rounding.
    assert integrated(audio) == pytest.approx(
        whole.integrated_loudness(audio.samples.T.astype(float)), abs=1e-6
    )


@pytest.mark.parametrize("path", clips(), ids=lambda path: path.stem if path else "none")
def test_loudness_agrees_with_ffmpeg_on_real_recordings(path):
    audio = load(path)
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    command = ["ffmpeg", "-nostats", "-hide_banner", "-i", str(path), "-af", "ebur128", "-f", "null", "-"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    printed = printed[printed.rfind("Summary:") :]
    theirs, their_range = (
        float(re.search(rf"{name}:\s+(-?[\d.]+)", printed).group(1)) for name in ("I", "LRA")
    )
    energies = measure_energies(audio)
    # ffmpeg prints one decimal.
    assert integrated_lufs(energies) == pytest.approx(theirs, abs=0.06)
    # The chord dies away by 1 LU per 100 ms where its percentile lies: there one window more or
    # less is what separates any two meters.
    assert loudness_range_lu(energies) == pytest.approx(their_range, abs=0.6 if "chord" in path.stem else 0.2)


def test_loudness_does_not_depend_on_the_blocks():
    audio = noise(3.0, 2, 44100)
    whole = measure_energies(audio)
    for frames in (1, 441, 1000, 7777):
        short = Audio.from_array(audio.samples[:, :3000], 44100) if frames == 1 else audio
        with blocks_of(frames):
            cut = measure_energies(short)
        assert np.array_equal(cut.sums, whole.sums[: cut.sums.size])


@pytest.mark.parametrize("target", [-30.0, -16.0, -3.0])
def test_the_node_meets_its_target(target):
    assert integrated(loudness(noise(6.0), target_lufs=target)) == pytest.approx(target, abs=1e-3)


def test_the_node_changes_nothing_but_the_gain():
    audio = noise(2.0)
    result = loudness(audio, target_lufs=-3.0).samples
    factor = result[0, 100] / audio.samples[0, 100]
    assert np.abs(result).max() > 1.0
    # One rounding of float32 in the product, one in the factor taken from it.
    assert result == pytest.approx(audio.samples * factor, rel=3e-7)


@pytest.mark.parametrize(
    "samples",
    [np.zeros((2, 0)), np.ones((1, 1)), np.ones((2, 4800)), np.zeros((2, 96000)), np.full((1, 96000), 1e-6)],
)
def test_what_has_no_loudness_is_left_alone_and_told(samples):
    notes = []
    audio = Audio.from_array(samples, RATE)
    result = loudness(audio, progress=Progress(note=notes.append))
    assert np.array_equal(result.samples, audio.samples)
    assert "left as it is" in notes[0]


@pytest.mark.parametrize(("measured", "hz"), [("true_peak", 12000.0), ("sample_peak", 1000.0)])
def test_normalize_brings_the_peak_to_the_level(measured, hz):
    from nodes.dsp.true_peak import true_peaks

    wave = 0.3 * np.sin(2 * np.pi * hz / RATE * np.arange(RATE) + np.pi / 4) * np.hanning(RATE)
    result = normalize(Audio.from_array([wave, 0.5 * wave], RATE), peak_dbfs=-6.0, measured=measured)
    peak = true_peaks(result.samples).max() if measured == "true_peak" else np.abs(result.samples).max()
    assert 20 * np.log10(peak) == pytest.approx(-6.0, abs=1e-4)
    assert result.samples[1] == pytest.approx(0.5 * result.samples[0], rel=1e-6)


def test_normalize_leaves_silence_alone():
    notes = []
    audio = Audio.from_array(np.full((2, 100), 1e-9), RATE)
    assert np.array_equal(normalize(audio, progress=Progress(note=notes.append)).samples, audio.samples)
    assert notes
