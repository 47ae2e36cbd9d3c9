"""Declick against known clicks: what it takes out, what it must not touch, and what it tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nodegraph import Audio, AudioError, ClickMap, Progress, blocks_of
from nodes.repair.declick import declick

RATE = 44100
CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"


def tones(seconds: float = 2.0, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Return a chord with a breath of noise, shape (frames,)."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    chord = sum(np.sin(2 * np.pi * f * t + f) / k for k, f in enumerate((220.0, 331.0, 442.0, 1320.0), 1))
    return 0.1 * chord + 0.002 * rng.standard_normal(t.size)


def clicks_at(places: np.ndarray, frames: int, length: int = 30, seed: int = 0) -> np.ndarray:
    """Return damped resonances, a fifth of full scale high."""
    rng = np.random.default_rng(seed)
    noise = np.zeros(frames)
    t = np.arange(length)
    for place in places:
        noise[place : place + length] += 0.2 * rng.choice([-1, 1]) * np.exp(-5 * t / length) * np.cos(0.3 * t)
    return noise


def sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(reference**2) / np.sum((reference - estimate) ** 2)))


PLACES = np.arange(3000, 85000, 2500)


def test_clicks_vanish_and_the_rest_is_untouched() -> None:
    clean = tones()
    damaged = Audio.from_array(clean + clicks_at(PLACES, clean.size), RATE)
    out = declick(damaged)
    gain = sdr_db(clean, out.audio.samples[0]) - sdr_db(clean, damaged.samples[0])
    assert gain > 25.0
    begins = out.clicks.spans[:, 1]
    assert len(begins) == len(PLACES)
    # Spans reach a little ahead of the onset, by less than half a millisecond.
    assert ((begins <= PLACES) & (begins > PLACES - 22)).all()
    touched = np.flatnonzero(out.removed.samples[0])
    inside = [np.any((touched >= b) & (touched < e)) for _, b, e in out.clicks.spans]
    assert all(inside)
    away = np.ones(clean.size, bool)
    for _, begin, end in out.clicks.spans:
        away[begin:end] = False
    np.testing.assert_array_equal(out.audio.samples[0, away], damaged.samples[0, away])


def test_audio_and_removed_add_up_to_the_input() -> None:
    clean = tones()
    damaged = Audio.from_array(clean + clicks_at(PLACES, clean.size), RATE)
    out = declick(damaged, strength=0.5)
    total = out.audio.samples.astype(np.float64) + out.removed.samples
    # Two roundings to float32 of numbers below one.
    assert np.abs(total - damaged.samples).max() <= 2.0**-24


def test_half_strength_takes_out_half() -> None:
    clean = tones()
    damaged = Audio.from_array(clean + clicks_at(PLACES, clean.size), RATE)
    whole, half = declick(damaged), declick(damaged, strength=0.5)
    np.testing.assert_allclose(2 * half.removed.samples, whole.removed.samples, atol=1e-7)


def test_a_plucked_string_keeps_its_attack() -> None:
    rng = np.random.default_rng(3)
    string = np.zeros(RATE)
    for begin in range(4000, 40000, 6000):
        ring = rng.uniform(-1, 1, 200)
        periods = [ring]
        for _ in range(25):
            ring = 0.996 * 0.5 * (ring + np.roll(ring, 1))
            periods.append(ring)
        note = 0.3 * np.concatenate(periods)[: string.size - begin]
        string[begin : begin + note.size] += note
    out = declick(Audio.from_array(string, RATE))
    assert len(out.clicks.spans) == 0
    np.testing.assert_array_equal(out.audio.samples[0], string.astype(np.float32))


def test_clipped_tops_are_left_to_a_declipper() -> None:
    clipped = np.clip(3.0 * tones(), -0.3, 0.3)
    assert len(declick(Audio.from_array(clipped, RATE)).clicks.spans) == 0


def test_a_click_in_one_channel_leaves_the_other_alone() -> None:
    clean = np.stack([tones(seed=1), tones(seed=2)])
    damaged = clean.copy()
    damaged[0] += clicks_at(PLACES, clean.shape[1])
    out = declick(Audio.from_array(damaged, RATE))
    assert set(out.clicks.spans[:, 0]) == {0}
    np.testing.assert_array_equal(out.audio.samples[1], damaged[1].astype(np.float32))


def test_a_given_map_is_repaired_as_it_says() -> None:
    clean = tones()
    damaged = Audio.from_array(clean + clicks_at(PLACES, clean.size), RATE)
    found = declick(damaged)
    again = declick(damaged, found.clicks)
    np.testing.assert_array_equal(again.audio.samples, found.audio.samples)
    one = ClickMap(RATE, damaged.frames, np.array([[0, 3000, 3040]]))
    touched = np.flatnonzero(declick(damaged, one).removed.samples[0])
    assert touched.min() >= 3000
    assert touched.max() < 3040


def test_a_map_of_another_recording_is_refused_in_words() -> None:
    sound = Audio.from_array(tones(), RATE)
    with pytest.raises(AudioError, match="Link the map of this very recording"):
        declick(sound, ClickMap(RATE, 5, np.zeros((0, 3))))
    with pytest.raises(AudioError, match="channel 2 but the sound has 1"):
        declick(sound, ClickMap(RATE, sound.frames, np.array([[1, 10, 20]])))
    with pytest.raises(AudioError, match="Use Dropout"):
        declick(sound, ClickMap(RATE, sound.frames, np.array([[0, 1000, 9000]])))


def test_the_same_clicks_are_found_in_blocks_of_any_length() -> None:
    clean = np.stack([tones(2.0, seed=1), tones(2.0, seed=2)])
    clean[0] += clicks_at(np.arange(500, 86000, 811), clean.shape[1], seed=1)
    clean[1] += clicks_at(np.arange(500, 86000, 811), clean.shape[1], seed=2)
    sound = Audio.from_array(clean, RATE)
    whole = declick(sound)
    for frames in (9000, 30011):
        with blocks_of(frames):
            part = declick(sound)
        np.testing.assert_array_equal(part.audio.samples, whole.audio.samples)
        np.testing.assert_array_equal(part.clicks.spans, whole.clicks.spans)


def test_it_tells_how_many_clicks_there_were() -> None:
    notes: list[str] = []
    clean = tones()
    damaged = Audio.from_array(clean + clicks_at(PLACES, clean.size), RATE)
    declick(damaged, progress=Progress(note=notes.append))
    assert notes[0].startswith(f"{len(PLACES)} clicks were repaired")


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the bench's clips are not here")
@pytest.mark.parametrize("name", ["drumloop", "guitar_chord", "flute_divert", "speech_actor"])
def test_undamaged_recordings_are_left_alone(name: str) -> None:
    import soundfile

    samples, rate = soundfile.read(CLIPS / f"{name}.flac", dtype="float32", always_2d=True)
    out = declick(Audio.from_array(samples[: 6 * rate].T, rate))
    touched = np.count_nonzero(out.removed.samples.any(axis=0))
    assert touched <= 10  # 100 frames a minute
