"""Equaliser: against the formulas of the analogue circuits, at every rate."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from nodegraph import Audio, blocks_of
from nodes.dsp.curves import CURVES, CurveName
from nodes.dsp.fir import Fir, minimum_phase, zero_phase
from nodes.dsp.overlap_add import Block
from nodes.tone.eq import eq, response_db

RATES = (44100, 48000, 96000, 192000)
# Gains of the manual's table (dB at 50, 100 and 10000 Hz, relative to 1 kHz), which were computed by
# others; they are rounded, and the last two rows' treble is about 0 there.
TABLE = {
    "riaa": (16.9, 13.1, -13.7),
    "columbia_lp": (13.6, 11.6, -15.5),
    "nab_lp": (17.5, 13.7, -15.6),
    "aes_lp": (18.1, 12.3, -12.3),
    "decca_78": (15.4, 9.7, -5.7),
    "columbia_78": (16.8, 11.1, -15.0),
    "rca_78": (22.2, 16.2, -9.9),
    "ccir_78": (14.0, 10.2, -10.4),
    "european_250": (13.9, 8.3, 0.0),
    "blumlein_300": (15.3, 9.6, 0.0),
}
# IEC 60098's own table of playback levels, in dB.
RIAA = {20: 19.274, 100: 13.088, 500: 2.648, 1000: 0.0, 2122: -2.866, 10000: -13.734, 20000: -19.620}


def impulse(rate, seconds=2.0):
    samples = np.zeros((1, round(seconds * rate)))
    samples[0, 0] = 1.0
    return Audio.from_array(samples, rate)


def measured_db(audio, hz):
    """Return the gain at each frequency, from the answer to an impulse."""
    size = 2 * audio.frames
    found_db = 20 * np.log10(np.abs(np.fft.rfft(audio.samples[0].astype(float), size)))
    # Bins lie within 1 Hz of each other: a straight line between them errs by less than 0.01 dB.
    return np.interp(hz, np.fft.rfftfreq(size, 1 / audio.sample_rate), found_db)


def analogue_db(hz, rises, falls, slope=0):
    """Return |H(s)| of resistors and capacitors, written out again: dB relative to 1 kHz."""

    def magnitude(f):
        s = 2j * np.pi * np.asarray(f, float)
        top = np.prod([1 + s * t * 1e-6 for t in rises], axis=0)
        bottom = np.prod([1 + s * t * 1e-6 for t in falls], axis=0)
        return np.abs(top / bottom * s**slope)

    return 20 * np.log10(magnitude(hz) / magnitude(1000.0))


def noise(seconds=2.0, rate=44100, channels=2, seed=0):
    rng = np.random.default_rng(seed)
    return Audio.from_array(0.1 * rng.standard_normal((channels, round(seconds * rate))), rate)


def null_db(first, second):
    difference = first.samples.astype(float) - second.samples
    return 20 * np.log10(np.abs(difference).max() + 1e-30)


def test_every_curve_that_can_be_chosen_exists():
    assert set(get_args(CurveName)) == set(CURVES)


@pytest.mark.parametrize("name", TABLE)
def test_curves_agree_with_the_published_table(name):
    assert CURVES[name].gains_db([50, 100, 10000]) == pytest.approx(TABLE[name], abs=0.4)


def test_riaa_agrees_with_iec_60098():
    assert CURVES["riaa"].gains_db(list(RIAA)) == pytest.approx(list(RIAA.values()), abs=0.005)


@pytest.mark.parametrize("rate", RATES)
def test_every_curve_is_within_a_tenth_of_a_decibel_of_its_circuit_from_20_hz_to_20_khz(rate):
    hz = np.geomspace(20, 20000, 400)
    for name, curve in CURVES.items():
        if name == "flat":
            continue
        found = measured_db(eq(impulse(rate, 0.8), curve=name, subsonic_hz=0.0), hz)
        wanted = analogue_db(hz, curve.rises_us, curve.falls_us, curve.slope_at_0)
        # A tenth is the bar; two thousandths are reached.
        assert np.abs(found - wanted).max() < 0.01, name


@pytest.mark.parametrize("rate", RATES)
def test_conversions_from_riaa_are_the_difference_of_two_circuits(rate):
    hz = np.geomspace(20, 20000, 400)
    riaa = analogue_db(hz, CURVES["riaa"].rises_us, CURVES["riaa"].falls_us, CURVES["riaa"].slope_at_0)
    for name in ("columbia_78", "decca_78", "aes_lp", "european_250"):
        curve = CURVES[name]
        found = measured_db(eq(impulse(rate, 0.8), curve=name, mode="convert_from_riaa", subsonic_hz=0.0), hz)
        wanted = analogue_db(hz, curve.rises_us, curve.falls_us, curve.slope_at_0) - riaa
        assert np.abs(found - wanted).max() < 0.01, name


@pytest.mark.parametrize("rate", RATES)
def test_the_presets_are_their_circuits_from_20_hz_to_20_khz(rate):
    hz = np.geomspace(20, 20000, 400)
    shellac = -10 * np.log10((1 + (50 / hz) ** 8) * (1 + (hz / 8000) ** 8))
    rise = 10 ** (3.0 / 20)
    square = (hz / 8000) ** 2
    tape = 10 * np.log10((1 + square * rise) / (1 + square / rise)) - 10 * np.log10(1 + (25 / hz) ** 8)
    for preset, wanted in (("shellac", shellac), ("tape", tape)):
        found = measured_db(eq(impulse(rate), preset=preset), hz)
        assert np.abs(found - wanted).max() < 0.1, preset


@pytest.mark.parametrize("rate", RATES)
def test_cuts_bands_tilt_and_presets_meet_their_circuits_too(rate):
    hz = np.geomspace(20, 20000, 25)
    settings = {"low_cut_hz": 40.0, "high_cut_hz": 15000.0, "high_hz": 12000.0, "high_db": 9.0, "high_q": 2.0}
    found = measured_db(eq(impulse(rate), **settings), hz)
    s = 1j * hz / 12000
    a = 10 ** (9 / 40)
    band = (s**2 + s * a / 2 + 1) / (s**2 + s / (a * 2) + 1)
    low, high = 1 / (1 + (40 / hz) ** 8), 1 / (1 + (hz / 15000) ** 8)
    wanted = 20 * np.log10(np.abs(band)) + 10 * np.log10(low * high)
    assert found == pytest.approx(wanted, abs=0.1)
    tilted = measured_db(eq(impulse(rate), tilt_db=1.5), hz)
    assert tilted == pytest.approx(1.5 * np.log2(hz / 1000), abs=0.1)
    assert measured_db(eq(impulse(rate), preset="shellac"), [50, 8000]) == pytest.approx([-3, -3], abs=0.1)
    assert measured_db(eq(impulse(rate), preset="tape"), [8000]) == pytest.approx([1.5], abs=0.1)


def test_a_curve_converted_to_itself_changes_no_sample():
    sound = noise()
    assert eq(sound, curve="riaa", mode="convert_from_riaa") is sound


def test_riaa_taken_back_and_applied_again_nulls_below_120_db():
    sound = noise()
    flat = eq(sound, curve="flat", mode="convert_from_riaa")
    again = eq(flat, curve="riaa", subsonic_hz=0.0)
    assert null_db(again, sound) < -120


def test_converting_equals_undoing_riaa_and_applying_the_curve():
    sound = noise()
    converted = eq(sound, curve="columbia_lp", mode="convert_from_riaa")
    in_steps = eq(eq(sound, mode="convert_from_riaa"), curve="columbia_lp", subsonic_hz=0.0)
    assert null_db(converted, in_steps) < -110


@pytest.mark.parametrize("curve", ["aes_lp", "riaa", "european_250"])
def test_where_the_bass_is_lifted_rumble_is_cut(curve):
    sound = impulse(44100)
    with_filter = measured_db(eq(sound, curve=curve), [4.0, 20.0, 30.0])
    without = measured_db(eq(sound, curve=curve, subsonic_hz=0.0), [4.0, 20.0, 30.0])
    assert with_filter[0] < without[0] - 40
    # The standards' deepest frequencies stay: within half a decibel at 20 Hz.
    assert with_filter[1:] == pytest.approx(without[1:], abs=0.5)


def test_where_the_bass_is_not_lifted_there_is_no_subsonic_filter():
    hz = np.array([2.0, 5.0, 1000.0])
    plain = CURVES["flat"].gains_db(hz) - CURVES["riaa"].gains_db(hz)
    assert np.array_equal(response_db(hz, curve="flat", mode="convert_from_riaa", subsonic_hz=30.0), plain)


def test_nothing_sounds_before_the_sound_and_the_answer_comes_at_once():
    samples = np.zeros((1, 60000))
    samples[0, 20000] = 1.0
    result = eq(Audio.from_array(samples, 44100), curve="riaa").samples[0].astype(float)
    assert not result[:19990].any() or np.abs(result[:20000]).max() < 1e-9
    energy = np.cumsum(result**2) / np.sum(result**2)
    # The first octaves of treble come with the first frames: half of the energy within 1 ms.
    assert energy[20044] > 0.5


def test_the_filter_has_the_least_phase_of_all_with_its_gains():
    # A one-pole filter is minimum phase: its answer is known.
    hz = np.linspace(0, 0.5, 4097)
    gains_db = -20 * np.log10(np.abs(1 - 0.9 * np.exp(-2j * np.pi * hz)))
    assert minimum_phase(gains_db, 1024).taps[:500] == pytest.approx(0.9 ** np.arange(500), abs=1e-9)


@pytest.mark.parametrize("frames", [1, 777, 5000])
@pytest.mark.parametrize("centre", [0, 20])
def test_filtering_by_stretches_equals_the_sum_that_defines_it(frames, centre):
    rng = np.random.default_rng(3)
    taps, signal = rng.standard_normal(41), rng.standard_normal((2, 3000)).astype(np.float32)
    fir = Fir(taps, centre)
    from nodes.dsp.overlap_add import map_blocks

    with blocks_of(frames):
        (found,) = map_blocks(
            signal,
            lambda shown, block: (fir.apply(shown, block).astype(np.float32),),
            outputs=(2,),
            context_frames=fir.context_frames,
            align_frames=fir.align_frames,
        )
    wanted = [np.convolve(row, taps)[centre : centre + 3000] for row in signal]
    assert found == pytest.approx(np.array(wanted), abs=1e-5)


def test_a_zero_phase_filter_delays_nothing():
    fir = zero_phase(np.full(65, 0.5), 33)
    signal = np.random.default_rng(0).standard_normal((1, 100))
    assert fir.apply(signal, Block(0, 100, 0, 100, 100)) == pytest.approx(0.5 * signal, abs=1e-12)
