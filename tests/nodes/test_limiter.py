"""The limiter: the ceiling holds on any meter, and what need not change does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from nodegraph import Audio, blocks_of
from nodes.level.limiter import limiter

CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"
RATE = 44100
# What a true-peak meter may read above the ceiling (dB).
TOLERANCE_DB = 0.05


def meter_dbtp(audio, times=16, beta=14.0):
    up = signal.resample_poly(audio.samples.astype(float), times, 1, axis=1, window=("kaiser", beta))
    return 20 * np.log10(np.abs(up).max())


def hostile():
    rng = np.random.default_rng(3)
    n = np.arange(RATE)
    return {
        "quarter-rate sine of +3 dBTP": np.sqrt(2) * np.sin(np.pi / 2 * n + np.pi / 4)[None],
        "clipped square": np.clip(4 * np.sin(2 * np.pi * 997 * n / RATE), -1, 1)[None],
        "noise": 0.5 * rng.standard_normal((2, n.size)),
        "full-scale random signs +6 dB": 2 * np.sign(rng.standard_normal((2, n.size))),
        "single impulse": 8.0 * (n == 20000)[None],
        "loud from the first frame to the last": np.full((1, n.size), 3.0),
    }


@pytest.mark.parametrize("name", hostile())
@pytest.mark.parametrize("look_ahead_ms", [1.0, 3.0])
def test_hostile_signals_stay_below_the_ceiling(name, look_ahead_ms):
    limited = limiter(Audio.from_array(hostile()[name], RATE), look_ahead_ms=look_ahead_ms)
    assert meter_dbtp(limited) <= -1.0 + TOLERANCE_DB
    assert meter_dbtp(limited, times=8, beta=5.0) <= -1.0 + TOLERANCE_DB


@pytest.mark.parametrize("rate", [8000, 22050, 96000])
def test_the_ceiling_holds_at_any_rate(rate):
    sound = 0.5 * np.random.default_rng(4).standard_normal((1, rate))
    assert meter_dbtp(limiter(Audio.from_array(sound, rate), ceiling_dbtp=-3.0)) <= -3.0 + TOLERANCE_DB


@pytest.mark.parametrize(
    "path", sorted(CLIPS.glob("*.flac")) or [None], ids=lambda p: p.stem if p else "none"
)
def test_real_recordings_driven_by_12_db_stay_below_the_ceiling(path):
    if path is None:
        pytest.skip("the bench's clips are not here")
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True, stop=5 * 44100)
    assert meter_dbtp(limiter(Audio.from_array(4 * samples.T, rate))) <= -1.0 + TOLERANCE_DB


def test_a_sound_below_the_ceiling_comes_out_bit_for_bit():
    audio = Audio.from_array(0.05 * np.random.default_rng(5).standard_normal((2, RATE)), RATE)
    assert np.array_equal(limiter(audio).samples, audio.samples)


def test_samples_before_the_attack_and_after_the_release_are_untouched():
    sound = 0.05 * np.random.default_rng(6).standard_normal((1, 4 * RATE))
    sound[0, RATE] = 1.5
    audio = Audio.from_array(sound, RATE)
    changed = np.flatnonzero(limiter(audio, release_ms=100.0).samples[0] != audio.samples[0])
    # The look-ahead twice (held and smoothed), and the ramp of 2 dB/ms.
    assert RATE - changed[0] <= 0.012 * RATE
    assert changed[-1] - RATE <= 1.0 * RATE


def test_the_gain_moves_by_no_more_than_20_db_in_10_ms():
    # A constant shows the gain itself.
    sound = np.full((1, RATE), 0.5)
    sound[0, RATE // 2 : RATE // 2 + 20] = 30.0
    sound[0, RATE // 2 + 3000] = 100.0
    limited = limiter(Audio.from_array(sound, RATE)).samples[0].astype(np.float64)
    # In float64: at −46 dB a float32 is 4e-6 dB from the next.
    gain_db = 20 * np.log10(limited / sound[0])
    # Rounding of float32 samples: 1e-6 dB per step.
    assert np.abs(np.diff(gain_db)).max() <= 2.0 / (RATE / 1000) + 2e-6


def test_a_bass_note_stays_clean():
    n = np.arange(2 * RATE)
    sine = 10 ** (2 / 20) * np.sin(2 * np.pi * 100 * n / RATE)
    limited = limiter(Audio.from_array(sine[None], RATE)).samples[0].astype(float)
    power = np.abs(np.fft.rfft(limited * signal.windows.blackmanharris(limited.size))) ** 2
    fundamental = power[190:211].sum()
    power[190:211] = 0.0
    assert 10 * np.log10(power[10:].sum() / fundamental) <= -60.0
    assert 20 * np.log10(np.abs(limited).max()) == pytest.approx(-1.0, abs=0.01)


def test_channels_share_one_gain():
    rng = np.random.default_rng(7)
    sound = rng.uniform(0.1, 1.0, (2, RATE)) * np.array([[2.0], [0.2]])
    audio = Audio.from_array(sound, RATE)
    left, right = limiter(audio).samples / audio.samples
    assert left == pytest.approx(right, rel=1e-6)


@pytest.mark.parametrize("frames", [997, 5000, 40000])
def test_the_result_does_not_depend_on_the_blocks(frames):
    audio = Audio.from_array(0.4 * np.random.default_rng(8).standard_normal((2, 60000)), RATE)
    whole = limiter(audio).samples
    with blocks_of(frames):
        assert np.array_equal(limiter(audio).samples, whole)


@pytest.mark.parametrize("frames", [0, 1, 5])
def test_the_shortest_sounds_are_limited_too(frames):
    limited = limiter(Audio.from_array(np.full((2, frames), 2.0), RATE))
    assert limited.samples.shape == (2, frames)
    assert np.abs(limited.samples).max(initial=0.0) <= 10 ** (-1 / 20) * (1 + 1e-6)


def test_an_absurd_peak_is_limited_too():
    sound = np.zeros((1, RATE))
    sound[0, 500] = 1e30
    limited = limiter(Audio.from_array(sound, RATE))
    assert np.abs(limited.samples).max() <= 10 ** (-1 / 20) * (1 + 1e-6)
