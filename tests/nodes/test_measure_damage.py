"""The damage report: known damage gives known numbers, and where there is none nothing is advised."""

from __future__ import annotations

import numpy as np
import pytest

from nodegraph import Audio, Report, blocks_of
from nodes.measure_damage import measure_damage

RATE = 44100


def music(seconds: float = 4.0, seed: int = 0) -> np.ndarray:
    """A melody of soft strokes over faint room noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * RATE)) / RATE
    hz = 233.0 * 2.0 ** (rng.integers(0, 13, 64) / 12.0)[(time_s * 2).astype(int)]
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    tones = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 12))
    stroke = np.exp(-3.0 * (time_s % 0.5)) * (1 - np.exp(-200.0 * (time_s % 0.5)))
    return 0.1 * tones * stroke + 3e-5 * rng.standard_normal(time_s.size)


def damage_of(samples: np.ndarray, rate: int = RATE) -> Report:
    return measure_damage(Audio.from_array(samples, rate))


def stereo(right: np.ndarray, left: np.ndarray) -> np.ndarray:
    noise = 1e-3 * np.random.default_rng(3).standard_normal((2, left.size))
    return np.stack([left, right]) + noise


def test_a_sound_recording_needs_no_repair() -> None:
    found = damage_of(music())
    assert found["Advised repairs"] == "none"
    assert (found["Clicks"], found["Clipped samples"], found["Codec"]) == (0.0, 0, "none")
    assert found["Hum"] is None


def test_what_cannot_be_measured_is_none() -> None:
    for samples in (np.zeros((1, 0)), np.zeros((2, 1)), np.zeros((2, RATE))):
        found = damage_of(samples)
        assert found["Advised repairs"] == "none"
        for name in ("Hum", "Noise floor", "Noise alone", "Bandwidth", "Codec"):
            assert found[name] is None


def test_clicks_are_counted_once_in_both_channels_and_shown_by_the_second() -> None:
    samples = np.tile(music(), (2, 1))
    samples[:, RATE // 2 :: RATE] += 0.8
    samples[1, RATE // 4 :: 2 * RATE] -= 0.8
    report = damage_of(samples)
    assert report["Clicks"] == pytest.approx(1.5)
    assert "repair.declick" in str(report["Advised repairs"])
    curve = next(curve for curve in report.curves if curve.name == "Clicks")
    np.testing.assert_array_equal(curve.y, [2, 1, 2, 1])


def test_crackle_is_told_from_clicks_by_its_length_and_number() -> None:
    rng = np.random.default_rng(1)
    samples = music()
    samples[rng.integers(0, samples.size, 400)] += 0.5
    report = damage_of(samples)
    assert report["Clicks"] == pytest.approx(100, rel=0.25)
    assert float(report["Crackle among them"] or 0) > 0.5 * float(report["Clicks"] or 0)
    assert "repair.decrackle" in str(report["Advised repairs"])


def test_each_side_tells_the_level_it_was_clipped_at() -> None:
    clipped = np.clip(music(), -0.05, 0.1)
    report = damage_of(clipped)
    cut_off = np.isin(clipped, (-0.05, 0.1)).sum()
    assert report["Clipped samples"] == pytest.approx(cut_off, rel=0.02)
    assert report["Clipped above zero at"] == pytest.approx(-20.0, abs=0.01)
    assert report["Clipped below zero at"] == pytest.approx(20 * np.log10(0.05), abs=0.01)
    assert "repair.declip" in str(report["Advised repairs"])


@pytest.mark.parametrize("mains", [50, 60])
def test_hum_is_told_with_its_frequency_and_level(mains: int) -> None:
    sound = music(6.0)
    time_s = np.arange(sound.size) / RATE
    hum = sum(0.02 / k * np.sin(2 * np.pi * k * mains * time_s + k) for k in range(1, 9))
    report = damage_of(sound + hum)
    assert report["Hum"] == pytest.approx(mains, abs=0.05)
    assert report["Hum level"] == pytest.approx(10 * np.log10(np.mean(hum**2)), abs=1.0)
    assert "repair.dehum" in str(report["Advised repairs"])


def test_noise_alone_is_told_by_bands() -> None:
    sound = music(4.0)
    noise = 0.01 * np.random.default_rng(5).standard_normal(RATE + sound.size)
    report = damage_of(noise + np.concatenate([np.zeros(RATE), sound]))
    assert report["Noise alone"] == pytest.approx(-40.0, abs=0.5)
    assert report["Noise above 2000 Hz"] == pytest.approx(-40.0 + 10 * np.log10(20.05 / 22.05), abs=0.5)
    assert report["Noise below 200 Hz"] == pytest.approx(-40.0 + 10 * np.log10(0.2 / 22.05), abs=1.5)
    assert "repair.denoise" in str(report["Advised repairs"])


def test_an_offset_is_told() -> None:
    report = damage_of(music() + 0.03)
    assert report["DC offset"] == pytest.approx(3.0, abs=0.1)
    assert "tone.eq" in str(report["Advised repairs"])


def test_an_offset_does_not_hide_that_both_channels_are_one() -> None:
    left = music()
    assert damage_of(stereo(-left, left) + 0.1)["Polarity of the channels"] == "inverted"


def test_balance_is_told() -> None:
    left = music()
    report = damage_of(stereo(0.5 * left, left))
    assert report["Channel balance"] == pytest.approx(-6.02, abs=0.05)
    assert report["Polarity of the channels"] == "same"
    assert report["Channel correlation"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("delay_frames", [0, 13])
def test_an_inverted_and_delayed_channel_is_found(delay_frames: int) -> None:
    left = music()
    report = damage_of(stereo(-np.roll(left, delay_frames), left))
    assert report["Polarity of the channels"] == "inverted"
    assert report["Channel delay in samples"] == pytest.approx(delay_frames, abs=0.1)
    assert str(report["Advised repairs"]).startswith("stereo.two_walls")


def test_nothing_is_said_of_the_polarity_of_two_different_channels() -> None:
    report = damage_of(stereo(music(seed=7)[::-1], music()))
    assert report["Polarity of the channels"] is None
    assert report["Channel delay"] is None


def test_the_report_does_not_depend_on_the_blocks() -> None:
    samples = stereo(music(1.0), music(1.0))
    samples[:, 1000::9000] += 0.5
    whole = damage_of(np.clip(samples, -0.04, 0.08))
    with blocks_of(20011):
        assert damage_of(np.clip(samples, -0.04, 0.08)) == whole


def test_a_long_recording_is_listened_to_for_wow_in_passages() -> None:
    # A wow of ± 1 % at a turn of a 78 runs through 34 s; tones are sampled at 8 kHz to be quick.
    rate = 8000
    time_s = np.arange(34 * rate) / rate
    phase = time_s - 0.01 / (2 * np.pi * 1.3043) * np.cos(2 * np.pi * 1.3043 * time_s)
    tones = sum(np.sin(2 * np.pi * hz * phase) for hz in (277.2, 440, 660, 1320))
    report = damage_of(0.05 * tones, rate)
    assert report["Speed deviation"] == pytest.approx(0.707, rel=0.1)
    assert report["Wow: strongest rate"] == pytest.approx(1.3043, abs=0.02)
    assert "repair.wow" in str(report["Advised repairs"])
