"""Adaptive loudness: where the gain goes, how fast, and what it never does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nodegraph import Audio, blocks_of
from nodes.dsp.gain_curve import GainCurve, slew_limited, smoothed
from nodes.dsp.loudness import integrated_lufs, loudness_range_lu, measure_energies
from nodes.level.loudness import loudness

RATE = 22050
CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"


def scene(*parts, seed=0, channels=1):
    """Noise at (dBFS, seconds), one after the other."""
    rng = np.random.default_rng(seed)
    level = np.concatenate([np.full(round(s * RATE), 10.0 ** (db / 20.0)) for db, s in parts])
    return Audio.from_array(level * rng.standard_normal((channels, level.size)), RATE)


SIDE = scene((-60, 6), (-20, 20), (-32, 20), (-24, 15), (-60, 4), (-36, 15), (-60, 6))
"""A record's side: surface noise at −60 dBFS between passages of music."""
NOISE_S = ((0, 6), (61, 65), (80, 86))


def gain_db(before, after):
    """Return the gain of every frame that is loud enough to tell."""
    x, y = before.samples[0].astype(float), after.samples[0].astype(float)
    loud = np.abs(x) > 1e-5
    return np.flatnonzero(loud), 20 * np.log10(np.abs(y[loud] / x[loud]))


def lufs(audio):
    return integrated_lufs(measure_energies(audio))


def lra(audio):
    return loudness_range_lu(measure_energies(audio))


def adaptive(audio, **settings):
    return loudness(audio, mode="adaptive", **settings)


@pytest.mark.parametrize("target", [-30.0, -16.0, -9.0])
@pytest.mark.parametrize("swing", [0.0, 6.0, 20.0])
def test_the_whole_meets_the_target(target, swing):
    result = adaptive(SIDE, target_lufs=target, swing_db=swing)
    assert lufs(result) == pytest.approx(target, abs=0.1)


def test_real_recordings_meet_the_target():
    paths = sorted(CLIPS.glob("*.flac"))
    if not paths:
        pytest.skip("the bench's clips are not here")
    import soundfile

    for path in paths:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        sound = Audio(np.ascontiguousarray(samples.T), rate)
        result = adaptive(sound, swing_db=12.0)
        assert lufs(result) == pytest.approx(-16.0, abs=0.1), path.stem
        before, after = lra(sound), lra(result)
        if before is not None:
            assert after <= before + 0.1, path.stem


@pytest.mark.parametrize("swing", [3.0, 6.0, 12.0])
def test_the_gain_swings_and_the_range_changes_by_no_more_than_told(swing):
    result = adaptive(SIDE, swing_db=swing)
    _, gains = gain_db(SIDE, result)
    assert np.ptp(gains) <= swing + 0.01
    # Two rounded percentiles: a tenth of an LU is their noise.
    assert abs(lra(result) - lra(SIDE)) <= swing + 0.1


def test_soft_and_loud_passages_come_closer():
    assert lra(adaptive(SIDE, swing_db=20.0, slew_db=3.0, smoothing_s=2.0)) < lra(SIDE) - 5.0


@pytest.mark.parametrize("slew", [0.3, 1.0, 4.0])
def test_the_gain_moves_no_faster_than_told(slew):
    at, gains = gain_db(SIDE, adaptive(SIDE, swing_db=20.0, slew_db=slew, smoothing_s=1.0))
    apart = np.searchsorted(at, at + RATE // 5)
    inside = apart < at.size
    seconds = (at[apart[inside]] - at[inside]) / RATE
    slope = (gains[apart[inside]] - gains[inside]) / seconds
    # Rounding of float32 samples over a fifth of a second.
    assert np.abs(slope).max() <= slew * 1.001 + 1e-3


@pytest.mark.parametrize("target", [-23.0, -12.0])
@pytest.mark.parametrize("slew", [0.3, 3.0])
def test_surface_noise_is_never_lifted_above_the_static_gain(target, slew):
    static = target - lufs(SIDE)
    at, gains = gain_db(SIDE, adaptive(SIDE, target_lufs=target, swing_db=20.0, slew_db=slew))
    for begin, end in NOISE_S:
        inside = (at >= begin * RATE) & (at < end * RATE)
        assert gains[inside].max() <= static + 1e-3


def test_the_gain_looks_to_both_sides_alike():
    forwards = scene((-20, 15), (-30, 10), (-20, 15), channels=1)
    backwards = Audio.from_array(forwards.samples[:, ::-1], RATE)
    first = adaptive(forwards, swing_db=12.0).samples
    second = adaptive(backwards, swing_db=12.0).samples[:, ::-1]
    apart = np.abs(20 * np.log10(np.abs(first[np.abs(first) > 1e-4] / second[np.abs(first) > 1e-4])))
    # The points of the curve lie within a tenth of a second of each other's mirror images.
    assert apart.max() < 0.15


def test_no_swing_is_the_static_gain():
    static, even = loudness(SIDE), adaptive(SIDE, swing_db=0.0)
    assert 20 * np.log10(np.abs(static.samples - even.samples).max()) < -70


def test_channels_keep_their_balance():
    pair = scene((-20, 5), (-32, 5), (-20, 5), channels=2)
    result = adaptive(pair, swing_db=12.0)
    ratio = result.samples[:, 1000:] / pair.samples[:, 1000:]
    assert ratio[0] == pytest.approx(ratio[1], rel=1e-6)


@pytest.mark.parametrize(
    "samples", [np.zeros((2, 0)), np.ones((1, 1)), np.zeros((2, 96000)), np.full((1, 2205), 0.1)]
)
def test_what_has_no_loudness_is_left_alone(samples):
    audio = Audio.from_array(samples, RATE)
    assert np.array_equal(adaptive(audio).samples, audio.samples)


def test_a_short_sound_meets_the_target_too():
    assert lufs(adaptive(scene((-20, 0.5)))) == pytest.approx(-16.0, abs=0.1)


# --- the curve itself ------------------------------------------------------------------------------------


def test_slew_limited_curves_keep_to_their_side_and_their_step():
    values = np.random.default_rng(0).standard_normal(500) * 5
    for side, sign in (("below", 1), ("above", -1)):
        curve = slew_limited(values, 0.3, side=side)
        assert (sign * (values - curve)).min() >= 0
        assert np.abs(np.diff(curve)).max() <= 0.3 + 1e-9
        # No better one exists: each point is given, or held by a neighbour as steep as allowed.
        around = np.pad(np.abs(np.diff(curve)), 1)
        steep = np.maximum(around[1:], around[:-1]) > 0.3 - 1e-9
        assert (steep | np.isclose(curve, values)).all()


def test_smoothing_keeps_a_constant_and_fills_what_does_not_count():
    assert smoothed(np.full(50, 3.0), 7.0) == pytest.approx(3.0)
    weights = np.zeros(50)
    weights[10:20] = 1.0
    values = np.where(weights > 0, 2.0, 99.0)
    assert smoothed(values, 3.0, weights) == pytest.approx(2.0)


def test_a_gain_curve_is_a_line_between_its_points_and_constant_beyond():
    curve = GainCurve(np.array([0.0, 6.0]), begin_s=1.0, step_s=1.0)
    assert curve.at(np.array([0.0, 1.5, 9.0])) == pytest.approx([0.0, 3.0, 6.0])


def test_blocks_leave_no_trace():
    whole = adaptive(SIDE, swing_db=12.0)
    with blocks_of(5000):
        np.testing.assert_array_equal(adaptive(SIDE, swing_db=12.0).samples, whole.samples)
