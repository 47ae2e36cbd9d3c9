"""Denoising and noise profiles, against known noise on seeded sounds and on real recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nodegraph import Audio, AudioError, NoiseProfile, Progress, blocks_of
from nodes.dsp.noise.profile import noise_power
from nodes.repair.denoise import denoise
from nodes.repair.noise_profile import noise_profile

RATE = 44100
CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"


def hiss(frames: int, seed: int = 0, channels: int = 1) -> np.ndarray:
    """Return noise that rises by 3 dB per octave up to half the sample rate, of RMS 1."""
    spectra = np.fft.rfft(np.random.default_rng(seed).standard_normal((channels, frames)))
    spectra *= np.sqrt(np.arange(spectra.shape[1]))
    noise = np.fft.irfft(spectra, frames)
    return noise / np.sqrt(np.mean(noise**2))


def melody(seconds: float = 4.0, rate: int = RATE) -> np.ndarray:
    """Return struck strings, a new one every half second."""
    t = np.arange(round(seconds * rate)) / rate
    pitch = np.array([220.0, 277.2, 329.6, 246.9])[(t // 0.5).astype(int) % 4]
    since = t % 0.5
    return 0.2 * sum(
        np.exp(-since * (3 + p)) * np.sin(2 * np.pi * p * pitch * since) / p for p in range(1, 12)
    )


def after_lead_in(music: np.ndarray, noise_level: float, rate: int = RATE) -> tuple[np.ndarray, np.ndarray]:
    """Return (noisy, clean), with a second of noise alone before the music."""
    clean = np.concatenate([np.zeros(rate), music])[np.newaxis]
    return clean + noise_level * hiss(clean.shape[1]), clean


def sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    error = reference.astype(np.float64) - estimate
    return float(10 * np.log10(np.sum(reference.astype(np.float64) ** 2) / np.sum(error**2)))


# Measured 23.4, 20.7 and 15.8 dB of gain.
@pytest.mark.parametrize(("snr_db", "least_gain_db"), [(0, 22), (10, 19), (20, 14)])
def test_struck_strings_come_out_of_hiss(snr_db, least_gain_db):
    music = melody()
    noisy, clean = after_lead_in(music, np.sqrt(np.mean(music**2)) * 10 ** (-snr_db / 20))

    result = denoise(Audio.from_array(noisy, RATE)).audio.samples

    part = slice(RATE, None)
    gain = sdr_db(clean[:, part], result[:, part]) - sdr_db(clean[:, part], noisy[:, part])
    assert gain > least_gain_db


def test_real_recordings_in_noise_gain_more_than_a_textbook_filter():
    soundfile = pytest.importorskip("soundfile")
    if not CLIPS.is_dir():
        pytest.skip(f"{CLIPS} is not there")
    gains = []
    for name in ("folk_tavern", "speech_actor", "orch_domina"):
        music, rate = soundfile.read(CLIPS / f"{name}.flac", frames=4 * RATE, always_2d=True)
        mono = music.mean(axis=1)
        noisy, clean = after_lead_in(mono, np.sqrt(np.mean(mono**2)) * 10 ** (-10 / 20), rate)
        result = denoise(Audio.from_array(noisy, rate)).audio.samples
        gains.append(sdr_db(clean[:, rate:], result[:, rate:]) - 10.0)
    assert np.mean(gains) > 10.0


def test_the_found_passage_is_as_good_as_the_given_one():
    noisy, clean = after_lead_in(melody(), 0.01)
    audio = Audio.from_array(noisy, RATE)
    found = denoise(audio).audio.samples
    given = denoise(audio, noise_begin_s=0.05, noise_length_s=0.9).audio.samples
    assert abs(sdr_db(clean, found) - sdr_db(clean, given)) < 0.3


def test_noise_that_is_alone_at_the_end_is_found_there():
    noisy, _ = after_lead_in(melody(), 0.01)
    notes = []
    profile = noise_profile(Audio.from_array(noisy[:, ::-1], RATE), progress=Progress(note=notes.append))
    assert profile.begin_s >= 3.9
    assert notes == [f"The noise was learned from {profile.begin_s:.2f} s to {profile.end_s:.2f} s."]


@pytest.mark.parametrize("rate", [8000, 16000, 32000, 44100, 48000])
def test_a_second_of_noise_alone_is_found_at_any_sample_rate(rate):
    noisy, _ = after_lead_in(melody(rate=rate), 0.05, rate)
    profile = noise_profile(Audio.from_array(noisy, rate))
    assert profile.power.any()
    assert profile.begin_s == 0.0
    assert 0.8 < profile.end_s <= 1.05


def test_a_profile_has_the_level_of_the_noise():
    audio = Audio.from_array(0.1 * np.random.default_rng(0).standard_normal((2, 3 * RATE)), RATE)
    profile = noise_profile(audio)
    # White noise of variance 0.01 has 0.01 / 22050 Hz; within the 1.5 dB that the ear may ask for.
    level_db = 10 * np.log10(profile.power[:, 2:-2] / (0.01 / 22050))
    assert np.abs(level_db).max() < 1.5
    np.testing.assert_allclose(noise_power(profile, 1024).mean(), 0.01 * 384, rtol=0.03)


def test_nothing_is_removed_where_no_noise_sounds_alone_and_a_note_says_so():
    notes = []
    audio = Audio.from_array(melody(), RATE)
    result = denoise(audio, progress=Progress(note=notes.append))
    np.testing.assert_array_equal(result.audio.samples, audio.samples)
    assert not result.removed.samples.any()
    assert "No passage of noise alone" in notes[0]


@pytest.mark.parametrize("name", ["folk_tavern", "tabla", "pop_credits"])
def test_an_undamaged_recording_stays_as_it_is(name):
    soundfile = pytest.importorskip("soundfile")
    if not CLIPS.is_dir():
        pytest.skip(f"{CLIPS} is not there")
    music, rate = soundfile.read(CLIPS / f"{name}.flac", always_2d=True, dtype="float32")
    audio = Audio.from_array(music.T, rate)
    np.testing.assert_array_equal(denoise(audio).audio.samples, audio.samples)


def test_what_is_left_of_noise_does_not_twinkle():
    """Musical noise shows as a kurtosis of the spectrum's power above that of the noise itself."""
    audio = Audio.from_array(0.1 * hiss(4 * RATE), RATE)
    left = denoise(audio).audio.samples

    def kurtosis(samples):
        windows = np.lib.stride_tricks.sliding_window_view(samples[0], 1024)[::256] * np.hanning(1024)
        power = np.abs(np.fft.rfft(windows)[8:-8, 8:-8]) ** 2
        power /= power.mean(axis=0)
        return np.mean(power**2)

    assert kurtosis(left) / kurtosis(audio.samples) < 1.5
    assert 10 * np.log10(np.mean(audio.samples**2) / np.mean(left**2)) > 25


def test_reduction_leaves_as_much_noise_as_it_says():
    audio = Audio.from_array(0.1 * hiss(4 * RATE), RATE)
    left = denoise(audio, reduction_db=12.0, tonal_reduction_db=12.0).audio.samples
    taken_db = 10 * np.log10(np.mean(audio.samples**2) / np.mean(left**2))
    assert 11.5 < taken_db < 12.1


def test_the_stereo_image_holds():
    music = melody()
    _, clean = after_lead_in(music, 0.005)
    pair = np.concatenate([clean, 0.5 * clean]) + 0.005 * hiss(clean.shape[1], 3, 2)
    left, right = denoise(Audio.from_array(pair, RATE)).audio.samples[:, RATE:].astype(np.float64)
    difference_db = 10 * np.log10(np.mean(left**2) / np.mean(right**2))
    assert abs(difference_db - 20 * np.log10(2.0)) < 0.2


def test_audio_and_removed_add_up_to_the_input():
    noisy, _ = after_lead_in(melody(), 0.02)
    audio = Audio.from_array(noisy, RATE)
    kept, removed = denoise(audio, strength=0.7)
    assert np.abs(kept.samples.astype(np.float64) + removed.samples - audio.samples).max() <= 1e-6


@pytest.mark.parametrize("frames", [3000, 44100, 70_001])
def test_blocks_leave_no_trace(frames):
    noisy, _ = after_lead_in(melody(3.0), 0.02)
    audio = Audio.from_array(noisy, RATE)
    with blocks_of(10_000_000):
        whole = denoise(audio)
    with blocks_of(frames):
        blockwise = denoise(audio)
    np.testing.assert_array_equal(whole.audio.samples, blockwise.audio.samples)
    np.testing.assert_array_equal(whole.removed.samples, blockwise.removed.samples)


def test_a_linked_profile_is_used():
    noisy, _ = after_lead_in(melody(), 0.02)
    audio = Audio.from_array(noisy, RATE)
    profile = noise_profile(audio)
    linked, alone = denoise(audio, profile), denoise(audio)
    np.testing.assert_array_equal(linked.audio.samples, alone.audio.samples)


def test_a_profile_that_does_not_fit_is_refused():
    audio = Audio.from_array(melody(), RATE)
    with pytest.raises(AudioError, match="learned at 48000 Hz but the sound is 44100 Hz"):
        denoise(audio, NoiseProfile(48000, np.ones((1, 9))))
    with pytest.raises(AudioError, match="3 channels but the sound has 1"):
        denoise(audio, NoiseProfile(RATE, np.ones((3, 9))))


def test_a_passage_outside_of_the_recording_is_refused():
    with pytest.raises(AudioError, match=r"the recording is 4\.00 s long"):
        denoise(Audio.from_array(melody(), RATE), noise_begin_s=10.0, noise_length_s=1.0)
