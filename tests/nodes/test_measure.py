"""Measuring and comparing: known sounds give known numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from nodegraph import Audio, AudioError, blocks_of
from nodes.dsp.true_peak import true_peaks
from nodes.measure import compare, measure

RATE = 44100


def sine(hz, seconds=1.0, level=1.0, rate=RATE, phase=0.0):
    return level * np.sin(2 * np.pi * hz / rate * np.arange(round(seconds * rate)) + phase)


def white(seconds=2.0, channels=1, level=0.1, seed=0):
    return level * np.random.default_rng(seed).standard_normal((channels, round(seconds * RATE)))


def report_of(samples, rate=RATE):
    return measure(Audio.from_array(samples, rate))


# EBU Tech 3341 (2023), cases 15 to 19: sines of −6 dBFS (and one of +3 dBTP with samples below full
# scale) between whose samples the peak hides; +0.2 and −0.4 dB are allowed there.
@pytest.mark.parametrize(
    ("divisor", "degrees", "level", "expected"),
    [
        (4, 0, 0.5, -6.02),
        (4, 45, 0.5, -6.02),
        (6, 60, 0.5, -6.02),
        (8, 67.5, 0.5, -6.02),
        (4, 45, 1.41, 2.98),
    ],
)
def test_true_peak_meets_tech_3341(divisor, degrees, level, expected):
    wave = sine(48000 / divisor, 1.0, level, 48000, np.radians(degrees))
    # Faded, as a sudden begin rings above the sine by itself.
    wave *= signal.windows.tukey(wave.size, 0.2)
    measured_db = 20 * np.log10(true_peaks(Audio.from_array(wave, 48000).samples)[0])
    assert -0.05 <= measured_db - expected <= 0.05


def test_true_peak_is_never_below_the_sample_peak_and_does_not_depend_on_the_blocks():
    samples = Audio.from_array(white(channels=2), RATE).samples
    whole = true_peaks(samples)
    assert (whole >= np.abs(samples).max(axis=1)).all()
    with blocks_of(1111):
        assert np.array_equal(true_peaks(samples), whole)


def test_a_known_tone_gives_known_numbers():
    found = report_of(np.tile(sine(997, 5.0, 0.5), (2, 1)) + 0.01)
    assert found["Integrated loudness"] == pytest.approx(-6.02, abs=0.1)
    assert found["Short-term maximum"] == pytest.approx(-6.02, abs=0.1)
    assert found["Momentary maximum"] == pytest.approx(-6.02, abs=0.1)
    assert found["Sample peak"] == pytest.approx(20 * np.log10(0.51), abs=0.01)
    assert found["DC offset"] == pytest.approx(1.0, abs=0.01)
    assert found["Clipped samples"] == 0
    assert (found["Length"], found["Channels"], found["Sample rate"]) == (5.0, 2, RATE)


def test_what_cannot_be_measured_is_none():
    for samples in (np.zeros((1, 0)), np.zeros((2, 1)), np.zeros((2, RATE))):
        found = report_of(samples)
        for name in ("Integrated loudness", "Loudness range", "True peak", "Noise floor", "Bandwidth"):
            assert found[name] is None


@pytest.mark.parametrize("ceiling", [1.0, 0.4])
def test_every_clipped_sample_is_counted_at_full_scale_and_below(ceiling):
    wave = np.clip(sine(300, 1.0, 1.5 * ceiling), -ceiling, ceiling).astype(np.float32)
    assert report_of(wave)["Clipped samples"] == np.count_nonzero(np.abs(wave) == np.float32(ceiling))


def test_the_round_top_of_a_low_note_and_a_constant_are_not_clipped():
    # In 16 bits a 20 Hz sine has three equal samples and more at its top.
    assert report_of(np.round(sine(20, 2.0, 0.9) * 32767) / 32768)["Clipped samples"] == 0
    assert report_of(np.full((1, RATE), 0.7))["Clipped samples"] == 0


def test_the_noise_floor_is_the_level_of_the_pauses():
    samples = white(4.0, level=0.001)
    samples[:, RATE : 3 * RATE] += sine(440, 2.0, 0.5)
    # Half of the stretches are pauses: the lowest of them read 0.3 dB below their mean.
    assert report_of(samples)["Noise floor"] == pytest.approx(-60.0, abs=0.5)


@pytest.mark.parametrize("cut_hz", [3400, 8000, 16000, 19000])
def test_bandwidth_is_where_the_sound_breaks_off(cut_hz):
    taps = signal.firwin(801, cut_hz, fs=RATE)
    samples = signal.fftconvolve(white(4.0), taps[None], mode="same", axes=1)
    # The filter's own skirt is 200 Hz wide.
    assert report_of(np.round(samples * 32768) / 32768)["Bandwidth"] == pytest.approx(cut_hz, abs=150)


def test_bandwidth_of_noise_that_breaks_off_nowhere_is_half_the_rate():
    assert report_of(white())["Bandwidth"] == RATE / 2
    assert report_of(np.cumsum(white(), axis=1) * 0.02)["Bandwidth"] == RATE / 2


def test_the_spectrum_shows_a_sine_at_its_level():
    spectrum = next(curve for curve in report_of(sine(1000, 3.0, 0.1)).curves if "spectrum" in curve.name)
    assert spectrum.x[np.nanargmax(spectrum.y)] == pytest.approx(1000, abs=6)
    # Between two bins a Hann window shows up to 1.4 dB less.
    assert -21.5 <= np.nanmax(spectrum.y) <= -19.9


def test_reports_do_not_depend_on_the_blocks():
    first, second = (Audio.from_array(white(3.0, 2, seed=seed), RATE) for seed in (1, 2))
    whole = measure(first), compare(first, second)
    with blocks_of(3000):
        cut = measure(first), compare(first, second)
    for one, other in zip(whole, cut, strict=True):
        assert one == other
        for curve, same in zip(one.curves, other.curves, strict=True):
            assert np.array_equal(curve.y, same.y, equal_nan=True)


def test_a_sound_is_identical_to_itself():
    audio = Audio.from_array(white(channels=2), RATE)
    found = compare(audio, audio)
    assert found["Identical"] == "yes"
    assert (found["Delay"], found["Gain difference"]) == (0, 0.0)
    assert found["Residual peak"] is None


def test_one_changed_bit_is_not_identical():
    samples = Audio.from_array(white(), RATE).samples
    changed = samples.copy()
    changed[0, 1234] = np.nextafter(changed[0, 1234], np.float32(2))
    assert compare(Audio(changed, RATE), Audio(samples, RATE))["Identical"] == "no"


@pytest.mark.parametrize("delay", [-5000, -1, 0, 300, 20000])
def test_delay_gain_and_polarity_are_found(delay):
    source = white(4.0)
    reference = Audio.from_array(source[:, 30000:-30000], RATE)
    begin = 30000 - delay
    late = (
        -0.5 * source[:, begin : begin + reference.frames] + white(4.0, seed=9)[:, : reference.frames] * 1e-3
    )
    found = compare(Audio.from_array(late, RATE), reference)
    assert found["Delay"] == delay
    assert found["Gain difference"] == pytest.approx(-6.02, abs=0.01)
    assert found["Polarity"] == "inverted"
    assert found["Residual without delay and gain"] == pytest.approx(-53.98, abs=0.1)


def test_the_residual_is_the_plain_difference():
    first, second = white(2.0, 2, seed=1), white(1.5, 2, seed=2)
    found = compare(Audio.from_array(first, RATE), Audio.from_array(second, RATE))
    rest = first[:, : second.shape[1]].astype(np.float32) - second.astype(np.float32)
    assert found["Residual peak"] == pytest.approx(20 * np.log10(np.abs(rest).max()), abs=1e-4)
    assert found["Residual RMS, channel 2"] == pytest.approx(10 * np.log10((rest[1] ** 2).mean()), abs=1e-4)
    assert found["SDR"] == pytest.approx(10 * np.log10((second**2).sum() / (rest**2).sum()), abs=1e-4)
    assert found["Length difference"] == RATE // 2
    assert found["Delay"] is None


def test_unequal_rates_and_channels_are_refused():
    stereo = Audio.from_array(white(channels=2), RATE)
    with pytest.raises(AudioError, match="Resample"):
        compare(stereo, Audio.from_array(white(channels=2), 48000))
    with pytest.raises(AudioError, match="2 channels but the reference has 1"):
        compare(stereo, Audio.from_array(white(), RATE))
