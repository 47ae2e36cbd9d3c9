"""The damage report on real recordings: known damage within its bar, no false alarms without."""

from __future__ import annotations

import numpy as np
import pytest
from known_damage import clip, module, needs_bench, sound

from nodegraph import Report
from nodes.measure_damage import measure_damage

pytestmark = needs_bench


def reported(task: str, condition: str, name: str, seconds: float = 6.0) -> tuple[Report, dict, np.ndarray]:
    """Return the report on a damaged clip, the truth about it, and the damage itself."""
    samples, rate = clip(name, seconds)
    item = module("degrade").make(task, condition, samples, rate)
    return measure_damage(sound(item.audio, rate)), item.info, item.audio - item.clean


@pytest.mark.parametrize("condition", ["clicks05", "clicks20", "clicks50"])
def test_the_rate_of_clicks_is_within_a_quarter(condition: str) -> None:
    report, truth, _ = reported("declick", condition, "folk_tavern", 4.0)
    assert report["Clicks"] == pytest.approx(len(truth["events"]) / 4.0, rel=0.25)


@pytest.mark.parametrize("condition", ["sdr03", "sdr20"])
def test_the_clipped_share_is_within_a_fifth(condition: str) -> None:
    report, truth, _ = reported("declip", condition, "speech_actor", 3.0)
    assert report["Clipped share"] == pytest.approx(100.0 * truth["clipped_fraction"], rel=0.2)


@pytest.mark.parametrize("mains", [50, 60])
def test_the_level_of_hum_is_within_one_and_a_half_db(mains: int) -> None:
    report, _, hum = reported("dehum", f"hum{mains}_10", "speech_actor")
    assert report["Hum"] == pytest.approx(mains, abs=0.1)
    assert report["Hum level"] == pytest.approx(10 * np.log10(np.mean(hum**2)), abs=1.5)


@pytest.mark.parametrize("condition", ["hiss10", "shellac20"])
def test_the_noise_floor_is_within_two_db(condition: str) -> None:
    report, truth, _ = reported("denoise", condition, "folk_tavern", 3.0)
    level = 10 * np.log10(np.mean(truth["noise"] ** 2))
    assert report["Noise floor"] == pytest.approx(level, abs=2.0)
    assert report["Noise alone"] == pytest.approx(level, abs=2.0)


def test_the_wow_of_a_78_is_within_a_fifth() -> None:
    report, truth, _ = reported("wow", "wow78_1.0", "orch_domina", 20.0)
    assert report["Speed deviation"] == pytest.approx(100.0 * np.std(truth["speed"]), rel=0.2)


def test_an_offset_is_within_a_percent() -> None:
    report, _, _ = reported("misc", "dc", "folk_tavern", 2.0)
    assert report["DC offset"] == pytest.approx(5.0, abs=0.05)


@pytest.mark.parametrize("name", ["folk_tavern", "pop_credits"])
def test_an_undamaged_recording_is_not_accused(name: str) -> None:
    samples, rate = clip(name, 8.0)
    report = measure_damage(sound(samples, rate))
    assert report["Advised repairs"] == "none"
    assert report["Clicks"] <= 0.2
    assert (report["Clipped samples"], report["Hum"], report["Codec"]) == (0, None, "none")
    assert report["Speed deviation"] <= 0.03


@pytest.mark.parametrize("name", ["folk_tavern", "orch_domina"])
def test_a_channel_that_is_inverted_and_late_by_0_3_ms_is_found(name: str) -> None:
    samples, rate = clip(name, 4.0)
    left = samples[:, 0]
    hz = np.fft.rfftfreq(2 * left.size, 1 / rate)
    late = np.fft.irfft(np.fft.rfft(left, 2 * left.size) * np.exp(-2j * np.pi * hz * 0.3e-3))
    report = measure_damage(sound(np.stack([left, -0.8 * late[: left.size]], axis=1), rate))
    assert report["Polarity of the channels"] == "inverted"
    assert report["Channel delay"] == pytest.approx(300.0, abs=3.0)
    assert str(report["Advised repairs"]).startswith("stereo.two_walls")
