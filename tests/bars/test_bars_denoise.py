"""The bars of the denoiser: known noise on real recordings, and harm to undamaged ones."""

from __future__ import annotations

import numpy as np
import pytest
from known_damage import clip, module, needs_bench, scored, sound

from nodegraph import Audio
from nodes.dsp.noise.profile import find_noise, profile_of
from nodes.repair.denoise import denoise

NAMES = ("folk_tavern", "orch_domina")
RATE = 44100


def steady(audio: Audio) -> Audio:
    return denoise(audio).audio


# The bench's bar (the published 60-line Wiener filter + 0.5 dB) is for the first 8 s of five clips; of
# these two and 4 s pink10 reaches 4.9 dB, the others more than their bar.
@needs_bench
@pytest.mark.parametrize(
    ("condition", "bar"), [("white10", 9.1), ("hiss00", 15.5), ("shellac20", 4.0), ("pink10", 4.6)]
)
def test_noise_comes_out_by_the_bar(condition, bar):
    found = [scored("denoise", condition, name, steady) for name in NAMES]
    assert np.mean([figures["dsdr"] for figures in found]) >= bar
    assert min(figures["dsdr"] for figures in found) > 0.0


@needs_bench
def test_spectra_come_near_the_clean_ones():
    found = [scored("denoise", "white10", name, steady)["lsd"] for name in NAMES]
    # Measured 4.79 dB; the bar of 4.0 dB is for the mean over all conditions, clips and 8 s.
    assert np.mean(found) <= 5.0


@needs_bench
def test_noise_that_is_nowhere_alone_loses_most_of_what_a_profile_would_take():
    degrade, metrics = module("degrade"), module("metrics")
    shares = []
    for name in NAMES:
        samples, rate = clip(name, 5.0)
        item = degrade.make("denoise", "white10", samples, rate)
        lead = item.info["lead"]
        clean, noisy = item.clean[lead:], item.audio[lead:]
        before = metrics.sdr(clean, noisy)
        followed = denoise(sound(noisy, rate), noise="adaptive").audio.samples.T
        known = denoise(sound(item.audio, rate)).audio.samples.T[lead:]
        shares.append((metrics.sdr(clean, followed) - before) / (metrics.sdr(clean, known) - before))
    assert min(shares) > 0.85


@needs_bench
@pytest.mark.parametrize("noise", ["steady", "adaptive"])
@pytest.mark.parametrize("name", NAMES)
def test_an_undamaged_recording_stays_at_40_db(name, noise):
    samples, rate = clip(name, 8.0)
    result = denoise(sound(samples, rate), noise=noise).audio.samples.T
    assert module("metrics").sdr(samples, result.astype(np.float64)) >= 40.0


def kurtosis(samples: np.ndarray) -> float:
    """Return the kurtosis of the spectrum's power, each bin in units of its mean."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, 1024)[::256] * np.hanning(1024)
    power = np.abs(np.fft.rfft(windows)[8:-8, 8:-8]) ** 2
    return float(np.mean((power / power.mean(axis=0)) ** 2))


@needs_bench
@pytest.mark.parametrize("kind", ["white", "shellac", "hiss"])
def test_what_is_left_of_noise_does_not_twinkle(kind):
    """Musical noise shows as a kurtosis above that of the noise (Uemura, Miyazaki, Saruwatari 2008)."""
    noise = 0.1 * module("degrade").noise_like(kind, 4 * RATE, 1, RATE, np.random.default_rng(3))
    left = denoise(sound(noise, RATE)).audio.samples[0].astype(np.float64)
    assert kurtosis(left) / kurtosis(noise[:, 0]) <= 1.5


@needs_bench
@pytest.mark.parametrize("condition", ["white10", "shellac10", "hiss10", "pink10"])
def test_the_found_profile_is_that_of_the_noise(condition):
    samples, rate = clip("folk_tavern", 4.0)
    item = module("degrade").make("denoise", condition, samples, rate)
    audio = sound(item.audio, rate)
    found = profile_of(audio, *find_noise(audio)).power[0]
    true = profile_of(sound(item.info["noise"], rate), 0.0, 5.0).power[0]
    # By third of an octave from 100 Hz on.
    edges = (100.0 * 2.0 ** (np.arange(22) / 3.0) * (found.size - 1) / (rate / 2)).astype(int)
    level_db = [10 * np.log10(np.add.reduceat(power, edges)[:-1]) for power in (found, true)]
    assert np.abs(level_db[0] - level_db[1]).max() < 1.5


@pytest.mark.parametrize("noise", ["steady", "adaptive"])
def test_attacks_keep_their_energy(noise):
    """The first 5 ms of strokes out of noise 20 dB below them stay within 1 dB."""
    generator = np.random.default_rng(5)
    frames, length = 6 * RATE, RATE // 10
    clean = np.zeros(frames)
    decay = np.exp(-np.arange(length) / (0.02 * RATE))
    begins = range(2 * RATE, frames - RATE, RATE // 3)
    for begin in begins:
        clean[begin : begin + length] += 0.3 * decay * generator.standard_normal(length)
    noisy = clean + 0.03 * generator.standard_normal(frames)
    left = denoise(Audio.from_array(noisy[None], RATE), noise=noise).audio.samples[0].astype(np.float64)
    heard, true = (
        sum(float(np.sum(x[begin : begin + RATE // 200] ** 2)) for begin in begins) for x in (left, clean)
    )
    before = sum(float(np.sum(left[begin - RATE // 100 : begin] ** 2)) for begin in begins)
    # Measured −0.24 dB, and −18 dB of the attack's energy in the 10 ms before it.
    assert abs(10 * np.log10(heard / true)) < 1.0
    assert 10 * np.log10(before / true) < -15.0
