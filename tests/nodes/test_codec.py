"""Codec repair, against seeded sound with holes cut into its treble, and against real MP3 files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nodegraph import Audio, Progress
from nodes.dsp.codec.holes import HOLD_FRAMES, lacking
from nodes.repair.codec import codec

RATE = 44100
CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"
needs_clips = pytest.mark.skipif(not CLIPS.is_dir(), reason="the bench's recordings are not here")


def noise_like_music(seconds: float = 4.0, seed: int = 1) -> np.ndarray:
    """Falling noise with slow swells, as brass and cymbals have."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    hz = np.fft.rfftfreq(frames, 1 / RATE)
    sound = np.fft.irfft(spectrum / (1.0 + (hz / 1000.0) ** 1.5), frames)
    swell = 1.0 + 0.5 * np.sin(2 * np.pi * 0.7 * np.arange(frames) / RATE)
    return 0.3 * sound * swell / np.abs(sound * swell).max()


def with_holes(sound: np.ndarray, seed: int = 2) -> np.ndarray:
    """Silence random bands of 600 Hz from 6 to 15 kHz for 23 ms at a time, and all above 16 kHz."""
    rng = np.random.default_rng(seed)
    hop = 512
    window = np.sqrt(np.hanning(2 * hop + 1)[:-1])
    padded = np.pad(sound, hop * 2)
    result = np.zeros_like(padded)
    hz = np.fft.rfftfreq(2 * hop, 1 / RATE)
    for begin in range(0, padded.size - 2 * hop, hop):
        spectrum = np.fft.rfft(padded[begin : begin + 2 * hop] * window)
        spectrum[hz > 16000] = 0.0
        if (begin // hop) % 6 < 2:
            # Two transforms in six: the hole is between them, with sound on either side.
            for low in 6000 + 600 * np.flatnonzero(rng.random(15) < 0.7):
                spectrum[(hz >= low) & (hz < low + 600)] = 0.0
        result[begin : begin + 2 * hop] += np.fft.irfft(spectrum) * window
    return result[2 * hop : -2 * hop]


def treble_flicker_db(sound: np.ndarray) -> float:
    """Return the standard deviation over time (dB) of the level between 6 and 15 kHz, in narrow bands."""
    windows = np.lib.stride_tricks.sliding_window_view(sound, 1024)[::256] * np.hanning(1024)
    power = np.abs(np.fft.rfft(windows)) ** 2
    bands = power[:, 140:340].reshape(len(power), 20, 10).mean(axis=2)
    return float(np.std(10 * np.log10(bands + 1e-12), axis=0).mean())


def test_holes_in_the_treble_are_filled() -> None:
    damaged = with_holes(noise_like_music())
    notes: list[str] = []
    result = codec(Audio.from_array(damaged, RATE), progress=Progress(note=notes.append)).audio.samples[0]
    assert treble_flicker_db(result) < 0.8 * treble_flicker_db(damaged)
    assert "Treble ends at 16" in notes[0]


def test_nothing_is_changed_below_the_frequency_it_begins_at() -> None:
    sound = Audio.from_array(with_holes(noise_like_music()), RATE)
    removed = codec(sound, from_hz=8000.0).removed.samples[0]
    power = np.abs(np.fft.rfft(removed * np.hanning(removed.size))) ** 2
    hz = np.fft.rfftfreq(removed.size, 1 / RATE)
    assert power[hz < 7800].sum() < 1e-4 * power.sum()
    assert power[hz > 16100].sum() < 1e-4 * power.sum()


def test_pauses_strokes_and_clicks_are_no_holes() -> None:
    rng = np.random.default_rng(4)
    sound = noise_like_music()
    time_s = np.arange(sound.size) / RATE
    gated = sound * np.where(time_s % 0.25 < 0.15, 1.0, 1e-3)
    clicked = sound * (time_s % 1.0 < 0.5) + 1e-4 * rng.standard_normal(sound.size)
    clicked[rng.integers(0, sound.size, 40)] += 0.5
    for damaged in (gated, clicked):
        given = Audio.from_array(damaged, RATE)
        np.testing.assert_array_equal(codec(given).audio.samples, given.samples)


def lacking_in(levels: np.ndarray) -> np.ndarray:
    """Return what is lacking in levels of shape (frames, bands), with nothing before and after them."""
    around = 2 * HOLD_FRAMES + 1
    return lacking(np.pad(levels, ((around, around), (0, 0)))[None].astype(np.float32))[0]


def test_a_hole_in_one_band_lacks_the_level_beside_it() -> None:
    levels = np.ones((300, 20))
    levels[100 : 100 + 2 * HOLD_FRAMES - 2, 7] = 1e-5
    filled = lacking_in(levels)
    assert 10 * np.log10(filled[105:155, 7]) == pytest.approx(-5.0, abs=0.01)
    assert not filled[:, :7].any()
    assert not filled[:, 8:].any()


def test_what_falls_in_all_bands_or_for_long_or_does_not_come_back_lacks_nothing() -> None:
    pause, long, decay = (np.ones((400, 20)) for _ in range(3))
    pause[100:140] = 1e-5
    # As steeply as windows that overlap can show it.
    fall = np.maximum(1e-6, 4.0 ** -np.arange(300.0))
    decay[100:, 7:] = fall[:, None]
    long[100:200, 7] = np.maximum(fall[:100], fall[99::-1])
    for levels in (pause, long, decay):
        assert not lacking_in(levels).any()


def test_sound_that_was_never_coded_comes_out_bit_for_bit() -> None:
    notes: list[str] = []
    sound = Audio.from_array(noise_like_music(), RATE)
    result = codec(sound, progress=Progress(note=notes.append))
    np.testing.assert_array_equal(result.audio.samples, sound.samples)
    assert not result.removed.samples.any()
    assert notes == ["No codec damage found."]


@needs_clips
@pytest.mark.parametrize("clip", ["tabla", "drumloop", "guitar_chord", "speech_phone"])
def test_lossless_recordings_come_out_bit_for_bit(clip: str) -> None:
    samples, rate = soundfile.read(CLIPS / f"{clip}.flac", dtype="float32", always_2d=True)
    sound = Audio.from_array(samples.T, rate)
    np.testing.assert_array_equal(codec(sound).audio.samples, sound.samples)


def test_input_is_audio_plus_removed() -> None:
    sound = Audio.from_array(with_holes(noise_like_music()), RATE)
    result = codec(sound, strength=0.7)
    total = result.audio.samples.astype(np.float64) + result.removed.samples
    assert np.abs(total - sound.samples).max() < 1e-6


@needs_clips
def test_the_end_of_the_treble_of_a_low_rate_mp3_is_found(tmp_path: Path) -> None:
    coded = tmp_path / "coded.mp3"
    command = ["ffmpeg", "-v", "error", "-i", CLIPS / "folk_celtica.flac", "-b:a", "96k", "-t", "8", coded]
    try:
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("ffmpeg with an MP3 encoder is not here")
    samples, rate = soundfile.read(coded, dtype="float32", always_2d=True)
    notes: list[str] = []
    codec(Audio.from_array(samples.T, rate), progress=Progress(note=notes.append))
    found_khz = float(notes[0].split(" kHz")[0].split()[-1])
    assert abs(found_khz - 15.4) < 0.3
