"""A song made from nothing but numbers: a voice that sings vowels, over chords, a bass and drums."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

RATE = 44100
NOTE_S = 0.5
NOTES_HZ = (220.0, 246.9, 261.6, 293.7, 329.6, 293.7, 261.6, 196.0)
CHORDS_HZ = ((220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (261.6, 329.6, 392.0), (196.0, 246.9, 293.7))
# Formants of ah, oh-ish, ee, oo (Hz) with their widths (Hz) and levels (dB).
VOWELS_HZ = (
    (800, 1150, 2900, 3900),
    (400, 1600, 2700, 3300),
    (350, 2000, 2800, 3600),
    (450, 800, 2830, 3500),
)
WIDTHS_HZ, LEVELS_DB = (80, 90, 120, 130), (0, -6, -20, -28)


def song(seconds: float = 8.0, voice_db: float = -3.1) -> tuple[np.ndarray, np.ndarray]:
    """Return the voice and the band, shape (2, frames) each; `voice_db` is the voice's level against it."""
    rng = np.random.default_rng(0)
    time_s = np.arange(int(seconds * RATE)) / RATE
    played = band(time_s, rng)
    sung = voice(time_s, rng)
    sung *= np.sqrt(np.mean(played**2) / np.mean(sung**2)) * 10 ** (voice_db / 20)
    return np.stack([sung, sung]), played


def voice(time_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    note, inside = (time_s / NOTE_S).astype(int), time_s % NOTE_S
    pitch_hz = glide(np.array(NOTES_HZ)[note % len(NOTES_HZ)])
    vibrato = 0.35 * np.sin(2 * np.pi * 5.6 * time_s) * np.clip(inside / 0.2 - 0.3, 0, 1)
    pitch_hz = pitch_hz * 2 ** (vibrato / 12)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE
    formants = [glide(row) for row in np.array(VOWELS_HZ, float)[note % len(VOWELS_HZ)].T]
    sung = np.zeros(time_s.size)
    for harmonic in range(1, 45):
        hz = harmonic * pitch_hz
        gain = sum(
            10 ** (level / 20) / (1 + ((hz - formant) / width) ** 2)
            for formant, width, level in zip(formants, WIDTHS_HZ, LEVELS_DB, strict=True)
        )
        sung += gain / np.sqrt(harmonic) * np.sin(harmonic * phase) * (hz < 0.45 * RATE)
    phrase = (time_s % 4 < 3.2).astype(float)
    sung *= np.clip(inside / 0.03, 0, 1) * np.clip((NOTE_S - inside) / 0.06, 0, 1) * glide(phrase)
    # Sibilants: noise that rises with frequency, at the beginning of every other note.
    hiss = np.diff(rng.standard_normal(time_s.size), 2, prepend=[0, 0])
    return sung + 0.04 * hiss * (inside < 0.06) * (note % 2 == 0) * phrase


def band(time_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sides = np.zeros((2, time_s.size))
    for begin in range(0, time_s.size, RATE):
        bar = sides[:, begin : begin + RATE]
        local = time_s[: bar.shape[1]]
        chord = CHORDS_HZ[begin // RATE // 2 % len(CHORDS_HZ)]
        struck = 0.06 * np.exp(-2 * local) * (1 - np.exp(-200 * local))
        for hz, left, right in zip(chord, (0.9, 0.9, 0.4), (0.5, 0.9, 0.9), strict=True):
            tone = sum(
                np.sin(2 * np.pi * hz * n * local + rng.uniform(0, 6.28)) / n**1.5 for n in range(1, 8)
            )
            bar += np.array([[left], [right]]) * tone * struck
        bar += sum(np.sin(np.pi * chord[0] * n * local) / n**2 for n in range(1, 5)) * (
            0.15 * np.exp(-1.5 * local)
        )
        for beat in range(4):
            hat = sides[:, begin + beat * RATE // 4 :][:, : RATE // 20]
            decay = np.exp(-np.arange(hat.shape[1]) / (0.008 * RATE))
            hat += np.array([[1.0], [0.8]]) * 0.06 * rng.standard_normal(hat.shape[1]) * decay
        kick = bar[:, : int(0.15 * RATE)]
        age_s = local[: kick.shape[1]]
        kick += (
            0.3
            * np.sin(2 * np.pi * np.cumsum(50 + 90 * np.exp(-age_s / 0.02)) / RATE)
            * np.exp(-age_s / 0.05)
        )
    return sides


def glide(steps: np.ndarray, seconds: float = 0.04) -> np.ndarray:
    """Return a course that moves from step to step within so many seconds."""
    keep = np.exp(-1 / (seconds * RATE))
    return lfilter([1 - keep], [1, -keep], steps, zi=[keep * steps[0]])[0]
