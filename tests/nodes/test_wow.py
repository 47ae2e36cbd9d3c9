"""Measuring and undoing speed errors, on seeded sounds with a known fault."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import nodes
from nodegraph import Audio, AudioError, Progress, SpeedCurve, blocks_of
from nodegraph.library import Library
from nodes.measure_speed import measure_speed
from nodes.repair.wow import wow

RATE = 22050
SECONDS = 16.0
CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"
SCALE = 220.0 * 2.0 ** (np.array([0, 4, 7, 12, 5, 9, 2, 7]) / 12.0)


def axis(seconds: float = SECONDS, rate: int = RATE) -> np.ndarray:
    return np.arange(round(seconds * rate)) / rate


def curve_of(*parts: tuple[float, float], seconds: float = SECONDS) -> SpeedCurve:
    times = np.arange(0.0, seconds, 0.0025)
    speed = np.ones(times.size)
    for hz, depth in parts:
        speed += depth * np.sin(2 * np.pi * hz * times + hz)
    return SpeedCurve(times, speed, np.ones(times.size))


def true_time(curve: SpeedCurve, t: np.ndarray) -> np.ndarray:
    """Integrate the straight pieces of the speed exactly."""
    steps = 0.5 * (curve.speed[1:] + curve.speed[:-1]) * np.diff(curve.times_s)
    sums = np.append(0.0, np.cumsum(steps))
    piece = np.clip(np.searchsorted(curve.times_s, t, side="right") - 1, 0, curve.times_s.size - 2)
    gone = t - curve.times_s[piece]
    slope = (curve.speed[piece + 1] - curve.speed[piece]) / np.diff(curve.times_s)[piece]
    return sums[piece] + curve.speed[piece] * gone + 0.5 * slope * gone**2


def melody(time_s: np.ndarray, note_s: float, first: int, vibrato_cents: float = 0.0) -> np.ndarray:
    """Return plucked notes with six partials, at any instants."""
    note = np.floor(time_s / note_s).astype(int)
    since = time_s - note * note_s
    # Every note begins with a phase of its own; the vibrato runs on from note to note.
    pitch = SCALE[(note * 3 + first) % SCALE.size]
    bend = vibrato_cents / 1200.0 * np.log(2.0) / (2 * np.pi * 5.7)
    phase = 2 * np.pi * pitch * (since + bend * np.sin(2 * np.pi * 5.7 * time_s))
    level = (
        np.minimum(1.0, since / 0.01) * np.exp(-1.2 * since / note_s) * np.minimum(1, (note_s - since) / 0.02)
    )
    return level * sum(np.sin(k * phase + note + k) / k for k in range(1, 7))


@cache
def steady() -> np.ndarray:
    sound = band(axis())
    sound.flags.writeable = False
    return sound


def band(time_s: np.ndarray) -> np.ndarray:
    return 0.1 * sum(melody(time_s, note_s, first) for note_s, first in ((0.9, 0), (1.3, 2), (0.55, 5)))


def cents(curve: SpeedCurve, at: np.ndarray) -> np.ndarray:
    found = 1200.0 * np.log2(np.interp(at, curve.times_s, curve.speed))
    return found - found.mean()


def share_left(found: SpeedCurve, truth: SpeedCurve, seconds: float = SECONDS) -> float:
    at = np.arange(0.0, seconds, 0.01)
    return float(np.std(cents(found, at) - cents(truth, at)) / np.std(cents(truth, at)))


FAULTS = {
    "a disc of 33 turns": ((0.5556, 0.003),),
    "a disc of 78 turns": ((1.3043, 0.008),),
    "a capstan": ((8.0, 0.002),),
    "three at once": ((0.5556, 0.004), (1.3, 0.002), (9.0, 0.001)),
    "fast flutter": ((22.0, 0.002),),
}


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_third_of_a_speed_fault_is_left_at_most(fault: str) -> None:
    truth = curve_of(*FAULTS[fault])
    found = measure_speed(Audio.from_array(band(true_time(truth, axis())), RATE))
    assert share_left(found.speed, truth) < 0.35
    assert found.report["Speed deviation"] == pytest.approx(100 * np.std(truth.speed), rel=0.3)


@pytest.mark.parametrize(("rotation", "hz"), [("33", 0.5556), ("45", 0.75), ("78.26", 1.3043)])
def test_a_quarter_is_left_where_the_discs_rate_is_told(rotation: str, hz: float) -> None:
    truth = curve_of((hz, 0.002))
    sound = Audio.from_array(band(true_time(truth, axis())), RATE)
    assert share_left(measure_speed(sound, rotation=rotation).speed, truth) < 0.25


def test_a_repaired_recording_shows_no_more_wow() -> None:
    truth = curve_of((1.3043, 0.01))
    notes: list[str] = []
    fixed = wow(Audio.from_array(band(true_time(truth, axis())), RATE), progress=Progress(note=notes.append))
    assert "78.26 rpm" in notes[0]
    # What is measured in the repaired sound is the rest: a tenth at most.
    assert np.std(measure_speed(fixed.audio).speed.speed) < 0.1 * np.std(truth.speed)


def test_steady_music_is_left_as_it_is() -> None:
    sound = Audio.from_array(steady(), RATE)
    np.testing.assert_array_equal(wow(sound).audio.samples, sound.samples)
    assert not wow(sound).removed.samples.any()


@pytest.mark.parametrize("loud", [1.0, 3.0])
def test_the_vibrato_of_one_part_stays(loud: float) -> None:
    solo = loud * 0.15 * melody(axis(), 1.0, 4, vibrato_cents=30.0)
    for sound in (solo, steady() + solo):
        speed = measure_speed(Audio.from_array(sound, RATE)).speed
        # 30 cents are 21 effective; nine tenths of the depth stay.
        assert np.std(cents(speed, axis())) < 2.1


def slow_curve(rms_cents: float, seconds: float = 40.0) -> SpeedCurve:
    """Return a wandering below 0.1 Hz that never comes back to where it was."""
    rng = np.random.default_rng(7)
    times = np.arange(0.0, seconds, 0.05)
    hz = np.arange(1, round(0.1 * seconds)) / (2.0 * seconds)
    amplitude, phase = rng.standard_normal(hz.size) / hz, rng.uniform(0, 6.28, hz.size)
    wander = np.cos(2 * np.pi * hz * times[:, np.newaxis] + phase) @ amplitude
    wander *= rms_cents / wander.std()
    return SpeedCurve(times, 2.0 ** ((wander - wander.mean()) / 1200.0), np.ones(times.size))


def test_a_drift_without_a_rate_is_followed() -> None:
    truth = slow_curve(8.0)
    sound = Audio.from_array(band(true_time(truth, axis(40.0))), RATE)
    found = measure_speed(sound)
    assert share_left(found.speed, truth, 40.0) < 0.25
    assert found.report["Drift without a rate"] == pytest.approx(100.0 * np.std(truth.speed), rel=0.2)
    assert found.report["Drift: sure to"] > 95.0
    assert np.ptp(measure_speed(sound, drift="none").speed.speed) < 0.5 * np.ptp(truth.speed)


def test_another_tuning_after_a_pause_is_no_drift() -> None:
    first, second = (band(axis(20.0) * 2.0 ** (cents / 1200.0)) for cents in (-10.0, 10.0))
    side = np.concatenate([first, np.zeros(3 * RATE), second])
    assert np.ptp(measure_speed(Audio.from_array(side, RATE)).speed.speed) == 0.0


def test_what_was_found_is_told_with_how_sure_it_is() -> None:
    told = {}
    for name, truth in (("wow", curve_of((0.75, 0.003))), ("none", curve_of())):
        notes: list[str] = []
        sound = Audio.from_array(band(true_time(truth, axis())), RATE)
        wow(sound, progress=Progress(note=notes.append))
        (told[name],) = notes
    assert re.search(r"0\.2\d\d % rms, sure to \d\d+ %; .* 0\.7\d Hz, one turn .* 45 rpm", told["wow"])
    assert "No wow" in told["none"]


def test_how_to_measure_is_asked_alike_by_both_nodes() -> None:
    library = Library.from_package(nodes, skip=("dsp",))
    here, there = (
        {param.name: param for param in library.find(kind).params} for kind in ("repair.wow", "measure.speed")
    )
    del here["strength"]
    assert here == there


def test_two_faults_of_the_same_recording_are_undone_in_all_channels_alike() -> None:
    truth = curve_of((0.5556, 0.004))
    sound = band(true_time(truth, axis()))
    both = wow(Audio.from_array(np.stack([sound, -0.5 * sound]), RATE)).audio.samples
    np.testing.assert_allclose(both[1], -0.5 * both[0], atol=1e-7)


def test_strength_undoes_that_share_of_the_deviation() -> None:
    truth = curve_of((1.3, 0.01))
    sound = Audio.from_array(band(true_time(truth, axis())), RATE)
    left = measure_speed(wow(sound, truth, strength=0.5).audio, rotation="78.26").speed
    assert np.std(left.speed) == pytest.approx(0.5 * np.std(truth.speed), rel=0.1)


def test_hum_is_a_pilot_that_leaves_a_hundredth_of_a_percent() -> None:
    truth = curve_of((0.5556, 0.003), (4.0, 0.001))
    at = true_time(truth, axis())
    hum = sum(np.sin(2 * np.pi * 50.0 * k * at + k) / k for k in range(1, 16))
    noise = np.random.default_rng(0).standard_normal(at.size)
    found = measure_speed(Audio.from_array(0.05 * hum + 0.001 * noise, RATE), pilot="50").speed
    inside = np.arange(1.0, SECONDS - 1.0, 0.01)
    assert 100.0 / 1731.0 * np.std(cents(found, inside) - cents(truth, inside)) < 0.01


def test_music_without_hum_is_no_pilot() -> None:
    assert np.ptp(measure_speed(Audio.from_array(steady(), RATE), pilot="50").speed.speed) == 0.0


# --- varispeed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hz", "bar_db"), [(1000.0, -100.0), (15000.0, -80.0)])
def test_varispeed_adds_little_distortion(hz: float, bar_db: float) -> None:
    rate, truth = 44100, curve_of((1.3, 0.01), (9.0, 0.002), seconds=4.0)
    t = axis(4.0, rate)
    played = Audio.from_array(0.5 * np.sin(2 * np.pi * hz * true_time(truth, t)), rate)
    fixed = wow(played, truth).audio.samples[0].astype(np.float64)
    inside = slice(2000, t.size - 4000)
    basis = np.stack([np.cos(2 * np.pi * hz * t[inside]), np.sin(2 * np.pi * hz * t[inside])], axis=1)
    rest = fixed[inside] - basis @ np.linalg.lstsq(basis, fixed[inside], rcond=None)[0]
    assert 10 * np.log10(np.mean(rest**2) / np.mean(fixed[inside] ** 2)) < bar_db


def test_blocks_leave_no_trace_in_varispeed() -> None:
    truth = curve_of((1.3, 0.01))
    sound = Audio.from_array(steady(), RATE)
    whole = wow(sound, truth)
    with blocks_of(7001):
        parts = wow(sound, truth)
    np.testing.assert_array_equal(parts.audio.samples, whole.audio.samples)
    np.testing.assert_array_equal(parts.removed.samples, whole.removed.samples)


def test_audio_and_removed_add_up_to_the_input() -> None:
    sound = Audio.from_array(steady(), RATE)
    result = wow(sound, curve_of((1.3, 0.01)))
    null = result.audio.samples.astype(np.float64) + result.removed.samples - sound.samples
    assert np.abs(null).max() < 1e-6


def test_a_constant_speed_curve_of_one_changes_nothing() -> None:
    sound = Audio.from_array(band(axis(2.0)), RATE)
    curve = SpeedCurve(np.array([0.0, 1.0]), np.ones(2), np.ones(2))
    np.testing.assert_array_equal(wow(sound, curve).audio.samples, sound.samples)


@pytest.mark.parametrize(
    ("times", "speed", "words"),
    [([0.0, 0.0], [1.0, 1.1], "must rise"), ([0.0, 1.0], [1.0, 9.0], "speed of 9"), ([], [], "must rise")],
)
def test_an_impossible_curve_is_refused(times: list[float], speed: list[float], words: str) -> None:
    curve = SpeedCurve(np.array(times), np.array(speed), np.ones(len(speed)))
    with pytest.raises(AudioError, match=words):
        wow(Audio.from_array(band(axis(1.0)), RATE), curve)


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the bench's recordings are not here")
@pytest.mark.parametrize("clip", ["flute_divert", "drumloop", "speech_phone"])
def test_nothing_is_invented_on_real_recordings(clip: str) -> None:
    import soundfile

    samples, rate = soundfile.read(CLIPS / f"{clip}.flac", dtype="float32", always_2d=True)
    speed = measure_speed(Audio.from_array(samples.T, rate)).speed.speed
    assert 100.0 * np.std(speed) < 0.03
