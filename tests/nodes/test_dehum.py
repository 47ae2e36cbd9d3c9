"""Removing mains hum, against known hums on seeded sounds and on real recordings."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nodegraph import Audio, Progress, blocks_of
from nodes.repair.dehum import dehum

RATE = 22050
CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"


def hum(frequency: np.ndarray, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Return a hum whose fundamental runs as told, harmonics up to 1 kHz, of RMS 1."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.cumsum(frequency) / rate
    sound = sum(
        (1.0 if k % 2 else 0.4) / k * np.cos(k * phase + rng.uniform(0, 2 * np.pi)) for k in range(1, 18)
    )
    return sound / np.sqrt(np.mean(sound**2))


def melody(seconds: float, rate: int = RATE) -> np.ndarray:
    """Return struck strings, a new one every third of a second, and some noise."""
    t = np.arange(round(seconds * rate)) / rate
    pitch = np.array([110.0, 138.6, 164.8, 220.0, 98.0, 130.8, 185.0])[(t * 3).astype(int) % 7]
    since = t % (1 / 3)
    tone = sum(np.exp(-since * (4 + p)) * np.sin(2 * np.pi * p * pitch * since) / p for p in range(1, 9))
    sound = tone + 0.02 * np.random.default_rng(5).standard_normal(t.size)
    return 0.1 * sound / np.sqrt(np.mean(sound**2))


def sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(reference**2) / np.sum((reference - estimate) ** 2)))


def cleaned(clean: np.ndarray, noise: np.ndarray, rate: int = RATE, **settings) -> float:
    """Return by how much the SDR rises when the hum is removed (dB)."""
    result = dehum(Audio.from_array(clean + noise, rate), **settings).audio.samples[0]
    return sdr_db(clean, result) - sdr_db(clean, clean + noise)


@pytest.mark.parametrize("mains", [50.0, 60.0])
@pytest.mark.parametrize(("level_db", "least_gain_db"), [(0, 22), (-10, 13), (-20, 5)])
def test_a_hum_is_found_and_removed(mains, level_db, least_gain_db):
    music = melody(10.0)
    noise = 0.1 * 10 ** (level_db / 20) * hum(np.full(music.size, mains))
    assert cleaned(music, noise) > least_gain_db


@pytest.mark.parametrize("drift", ["line", "slow wave"])
def test_a_hum_that_drifts_by_one_percent_is_followed(drift):
    music = melody(20.0)
    t = np.linspace(-1, 1, music.size)
    course = 50.0 * (1.0 + 0.01 * (t if drift == "line" else 0.5 * np.sin(np.pi * t)))
    assert cleaned(music, 0.05 * hum(course)) > 28


def test_a_transfer_at_a_wrong_speed_is_served_when_asked():
    music = melody(8.0)
    noise = 0.05 * hum(np.full(music.size, 43.7))
    assert abs(cleaned(music, noise)) < 1e-6
    assert cleaned(music, noise, mains="any") > 13


def test_music_without_hum_stays_as_it_is_bit_for_bit_and_a_note_says_so():
    notes = []
    audio = Audio.from_array(melody(10.0), RATE)
    result = dehum(audio, progress=Progress(note=notes.append))
    np.testing.assert_array_equal(result.audio.samples, audio.samples)
    assert not result.removed.samples.any()
    assert notes == ["No hum was found: the sound stays as it is."]


def test_the_note_names_the_frequency_and_the_level():
    notes = []
    noise = 0.1 * hum(np.full(8 * RATE, 60.1))
    dehum(Audio.from_array(noise + melody(8.0), RATE), progress=Progress(note=notes.append))
    found = re.fullmatch(r"Hum at (.*) Hz, (.*) dBFS, was rebuilt and subtracted\.", notes[0])
    assert float(found[1]) == pytest.approx(60.1, abs=0.02)
    assert float(found[2]) == pytest.approx(-20.0, abs=0.3)


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the bench's clips are not here")
@pytest.mark.parametrize("name", sorted(path.stem for path in CLIPS.glob("*.flac")))
def test_undamaged_recordings_stay_as_they_are(name):
    import soundfile

    music, rate = soundfile.read(CLIPS / f"{name}.flac", always_2d=True, dtype="float32")
    audio = Audio.from_array(music[: 12 * rate].T, rate)
    np.testing.assert_array_equal(dehum(audio).audio.samples, audio.samples)


def test_of_two_hums_the_surer_one_is_removed():
    """A louder tone near 60 Hz that comes and goes does not hide a hum of 50 Hz."""
    music = melody(10.0)
    t = np.arange(music.size) / RATE
    music = music + 0.1 * np.sin(2 * np.pi * 60 * t) * (1.0 + np.sin(2 * np.pi * 0.7 * t)) / 2.0
    assert cleaned(music, 0.03 * hum(np.full(music.size, 50.0))) > 10


def test_notes_on_the_harmonics_stay():
    """A bass on 100 Hz in the hum's own comb is music: it comes and goes."""
    t = np.arange(12 * RATE) / RATE
    bass = 0.2 * np.sin(2 * np.pi * 100 * t) * ((t % 2.0) < 1.0)
    music = melody(12.0) + bass
    assert cleaned(music, 0.05 * hum(np.full(t.size, 50.0))) > 8


def test_nothing_rings_after_a_stroke():
    music = np.zeros(8 * RATE)
    music[4 * RATE] = 0.9
    noise = 0.02 * hum(np.full(music.size, 50.0))
    result = dehum(Audio.from_array(music + noise, RATE)).audio.samples[0]
    after = result[4 * RATE + 10 : 4 * RATE + RATE // 2]
    assert 20 * np.log10(np.sqrt(np.mean(after**2))) < -70


def test_audio_and_removed_add_up_to_the_input():
    music = melody(6.0)
    audio = Audio.from_array(music + 0.1 * hum(np.full(music.size, 50.0)), RATE)
    kept, removed = dehum(audio, strength=0.6)
    assert removed.samples.any()
    assert np.abs(kept.samples.astype(np.float64) + removed.samples - audio.samples).max() <= 1e-6


@pytest.mark.parametrize("frames", [3000, 44100])
def test_blocks_leave_no_trace(frames):
    music = melody(5.0)
    audio = Audio.from_array(music + 0.1 * hum(np.full(music.size, 50.0)), RATE)
    whole = dehum(audio)
    with blocks_of(frames):
        blockwise = dehum(audio)
    np.testing.assert_array_equal(whole.audio.samples, blockwise.audio.samples)


def test_each_channel_loses_its_own_hum():
    music, noise = melody(8.0), hum(np.full(8 * RATE, 50.0))
    audio = Audio.from_array(np.stack([music + 0.1 * noise, music - 0.03 * noise]), RATE)
    left, right = dehum(audio).audio.samples
    assert sdr_db(music, left) > 18
    assert sdr_db(music, right) > 18
