"""Sounds for the tests of listening."""

from __future__ import annotations

import numpy as np

from nodegraph.audio import Audio
from nodegraph.editor.listen.sound import Sound


def noise(seconds: float = 1.0, rate: int = 48_000, channels: int = 2, gain: float = 0.1, seed: int = 0):
    """Return white noise."""
    rng = np.random.default_rng(seed)
    samples = gain * rng.standard_normal((channels, round(seconds * rate)))
    return as_sound(samples, rate)


def tone(seconds: float = 1.0, rate: int = 48_000, hz: float = 997.0, gain: float = 0.5, channels: int = 2):
    """Return a sine."""
    wave = gain * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return as_sound(np.tile(wave, (channels, 1)), rate)


def ramp(frames: int = 48_000, rate: int = 48_000, begin: int = 0, sign: float = 1.0):
    """Return a sound whose every sample says which frame it is: frame / 2²⁰, exactly, left = right."""
    wave = sign * (begin + np.arange(frames)) / 2**20
    return as_sound(np.tile(wave, (2, 1)), rate, begin_s=begin / rate)


def as_sound(samples, rate: int, begin_s: float = 0.0, key: str = "") -> Sound:
    """Return samples as a sound with a key of its own."""
    audio = Audio.from_array(samples, rate)
    digest = f"{abs(hash(audio.samples.tobytes())):x}"
    return Sound(audio, key or f"{digest}/{rate}", begin_s)
