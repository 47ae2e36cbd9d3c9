"""The built-in recording: a tune with known damage, each kind measurable against the truth."""

import threading

import numpy as np
import pytest

from nodegraph import Cancelled, Progress
from nodes.source.demo import demo

CLEAN = {"clicks_per_s": 0.0, "crackle_per_s": 0.0, "hiss_dbfs": -120.0, "hum_dbfs": -120.0, "lead_in_s": 0.0}


def added(**damage):
    result = demo(length_s=5.0, **{**CLEAN, **damage})
    return result.audio.samples.astype(np.float64) - result.clean.samples, result


def rms_db(samples):
    return 10 * np.log10(np.mean(samples**2))


def test_without_damage_both_outputs_are_the_same():
    residue, _ = added()
    assert not residue.any()


def test_the_truth_peaks_at_minus_3_dbfs_and_does_not_depend_on_the_damage():
    quiet = demo(length_s=5.0, **CLEAN).clean.samples
    loud = demo(length_s=5.0, lead_in_s=0.0, wow_percent=1.0, clipping_db=9.0).clean.samples
    assert 20 * np.log10(np.abs(quiet).max()) == pytest.approx(-3, abs=1e-3)
    assert np.array_equal(quiet, loud)


def test_hiss_and_hum_have_the_levels_that_were_asked_for():
    hiss, _ = added(hiss_dbfs=-40.0)
    assert rms_db(hiss) == pytest.approx(-40, abs=0.1)
    hum, _ = added(hum_dbfs=-40.0)
    assert rms_db(hum) == pytest.approx(-40, abs=0.1)
    spectrum = np.abs(np.fft.rfft(hum[0] * np.hanning(hum.shape[1])))
    assert np.argmax(spectrum) * 44100 / hum.shape[1] == pytest.approx(50, abs=0.5)


def test_clicks_are_as_many_as_asked_for_and_the_rest_stays_clean():
    residue, _ = added(clicks_per_s=4.0)
    struck = np.flatnonzero(np.abs(residue).max(axis=0) > 0.01)
    # 20 clicks; two of them may lie closer together than 10 ms.
    assert 17 <= 1 + np.count_nonzero(np.diff(struck) > 441) <= 20
    assert np.mean(np.abs(residue) > 1e-6) < 0.02


def test_crackle_is_denser_and_softer_than_clicks():
    residue, _ = added(crackle_per_s=200.0)
    assert 0.02 < np.abs(residue).max() < 0.2
    assert np.count_nonzero(np.diff(np.flatnonzero(np.abs(residue).max(axis=0) > 0.004)) > 5) > 300


def test_clipping_cuts_so_far_below_the_peak():
    _, result = added(clipping_db=6.0)
    assert 20 * np.log10(np.abs(result.audio.samples).max()) == pytest.approx(-9, abs=0.01)


def test_wow_sways_the_place_by_as_much_as_the_speed_asks_for():
    _, result = added(wow_percent=0.5)
    # The speed sways by 0.5 % 0.556 times a second: 1.43 ms at most, here a quarter turn in.
    furthest_s = 0.005 / (2 * np.pi * 100 / 3 / 60)
    middle, width = round(44100 * 0.45), 2000
    truth = result.clean.samples[0].astype(np.float64)
    heard = result.audio.samples[0, middle : middle + width].astype(np.float64)
    scores = [truth[middle + lag : middle + lag + width] @ heard for lag in range(150)]
    assert np.argmax(scores) / 44100 == pytest.approx(furthest_s, abs=0.1e-3)


def test_the_same_seed_plays_the_same_and_another_one_differs():
    first, again, other = demo(length_s=2), demo(length_s=2), demo(length_s=2, seed=2)
    assert np.array_equal(first.audio.samples, again.audio.samples)
    assert not np.array_equal(first.clean.samples, other.clean.samples)


def test_the_tune_has_bass_middle_and_treble_and_a_stereo_image():
    clean = demo(**CLEAN).clean.samples
    spectrum = np.abs(np.fft.rfft(clean.mean(axis=0))) ** 2
    hz = np.fft.rfftfreq(clean.shape[1], 1 / 44100)
    for low, high, least_db in ((40, 200, -8), (200, 1000, -8), (1000, 4000, -20), (4000, 16000, -35)):
        share = spectrum[(hz >= low) & (hz < high)].sum() / spectrum.sum()
        assert 10 * np.log10(share) > least_db, (low, high)
    assert 0.5 < np.corrcoef(clean)[0, 1] < 0.95
    # No bar is silent, none much louder than the others.
    bars = [rms_db(part) for part in np.array_split(clean, 4, axis=1)]
    assert max(bars) - min(bars) < 4


@pytest.mark.parametrize("rate", [8000, 22050, 48000, 96000, 192_000])
@pytest.mark.parametrize("channels", ["mono", "stereo"])
def test_every_rate_and_layout_gives_the_length_asked_for(rate, channels):
    result = demo(
        length_s=0.5, lead_in_s=0.2, sample_rate=rate, channels=channels, wow_percent=1.0, clipping_db=3.0
    )
    for audio in result:
        assert audio.samples.shape == (2 if channels == "stereo" else 1, round(0.7 * rate))
        assert audio.sample_rate == rate
        assert np.abs(audio.samples).max() <= 1


@pytest.mark.parametrize("length_s", [0.0, 1e-5, 0.001])
def test_the_shortest_lengths_are_no_trouble(length_s):
    assert demo(length_s=length_s, lead_in_s=0.0).audio.frames == round(44100 * length_s)


def test_the_lead_in_is_the_surface_alone_and_then_the_same_tune_begins():
    with_lead = demo(length_s=2.0, lead_in_s=0.5)
    lead = round(0.5 * 44100)
    assert not with_lead.clean.samples[:, :lead].any()
    assert np.array_equal(with_lead.clean.samples[:, lead:], demo(length_s=2.0, lead_in_s=0.0).clean.samples)
    surface = with_lead.audio.samples[:, :lead]
    # Hiss at −54 dBFS, hum at −52 dBFS, and ticks.
    assert -51 < rms_db(surface) < -30


def test_a_cancel_ends_the_tune():
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        demo(progress=Progress(cancel=cancel))
