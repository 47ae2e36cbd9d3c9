"""A small tune: its notes, and the instruments that play them, synthesised with sums of sines.

Axis letters: C channels, T frames.

References
----------
N. H. Fletcher, T. D. Rossing, "The Physics of Musical Instruments", Springer 1998: stretched
partials of stiff strings (eq. 2.67a), faster decay of higher partials (section 12.4).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nodegraph import Samples

__all__ = ["Note", "Tones", "beats_of", "play"]

_BEAT_S = 0.625  # 96 beats per minute: a bar of four beats takes 2.5 s
_BAR_BEATS = 4
# How early or late a player is (s) and how unevenly he strikes.
_LOOSE_S = 0.004
_UNEVEN = 0.12
_A4_HZ, _A4 = 440.0, 69
# Partials above this share of the sample rate are left out.
_HIGHEST = 0.45

# MIDI notes by bar: Cmaj7, Am7, Fmaj7, G7.
_CHORDS = ((55, 59, 64), (55, 60, 64), (53, 57, 64), (53, 59, 62))
_BASS = (36, 33, 41, 43)
# (beat, MIDI note).
_MELODY = (
    ((0.0, 76), (1.0, 79), (1.5, 83), (2.5, 79), (3.0, 76)),
    ((0.0, 81), (1.5, 79), (2.0, 76), (3.0, 72), (3.5, 74)),
    ((0.0, 76), (1.0, 72), (1.5, 77), (2.5, 76), (3.0, 72)),
    ((0.0, 74), (1.0, 71), (1.5, 74), (2.0, 79), (3.5, 77)),
)
_KICK, _SNARE, _HAT = 0, 1, 2


@dataclass(frozen=True)
class Note:
    """One stroke.

    Parameters
    ----------
    at_s : float
        When, in s.
    instrument : str
        "piano", "lead", "bass" or "drum".
    pitch : int
        MIDI number, or which drum.
    gain : float
        How loud; 1 is the loudest melody note.
    pan : float
        0 left, 1 right.
    """

    at_s: float
    instrument: str
    pitch: int
    gain: float
    pan: float


def beats_of(seconds: float, generator: np.random.Generator) -> Iterator[Note]:
    """Yield the strokes of so much of the tune, four bars that repeat, bar by bar."""
    bar_s = _BAR_BEATS * _BEAT_S
    for bar in range(math.ceil(seconds / bar_s)):
        for beat, note in _bar(bar % len(_CHORDS)):
            loose = generator.uniform(-_LOOSE_S, _LOOSE_S)
            at_s = max(0.0, bar * bar_s + beat * _BEAT_S + loose)
            gain = note.gain * (1.0 + _UNEVEN * generator.uniform(-1.0, 1.0))
            if at_s < seconds:
                yield Note(at_s, note.instrument, note.pitch, gain, note.pan)


def _bar(bar: int) -> Iterator[tuple[float, Note]]:
    for beat in (0.0, 1.5, 3.0):
        for voice, pitch in enumerate(_CHORDS[bar]):
            # Low voices left, high ones right, as seen from the player's stool.
            yield beat, Note(0.0, "piano", pitch, 0.32 if beat else 0.42, 0.1 + 0.24 * voice)
    for beat, pitch in _MELODY[bar]:
        yield beat, Note(0.0, "lead", pitch, 0.8 if beat else 0.95, 0.66)
    for beat, gain in ((0.0, 0.9), (1.5, 0.55), (2.0, 0.75), (3.5, 0.5)):
        yield beat, Note(0.0, "bass", _BASS[bar] + (12 if beat == 3.5 else 0), gain, 0.5)
    for beat, drum, gain in ((0.0, _KICK, 0.8), (2.0, _KICK, 0.7), (1.0, _SNARE, 0.3), (3.0, _SNARE, 0.34)):
        yield beat, Note(0.0, "drum", drum, gain, 0.5 if drum == _KICK else 0.45)
    for eighth in range(2 * _BAR_BEATS):
        yield eighth / 2, Note(0.0, "drum", _HAT, 0.2 if eighth % 2 else 0.12, 0.85)


def play(note: Note, tones: Tones, mix: Samples, generator: np.random.Generator) -> None:
    """Add a stroke to `mix`, shape (2, frames)."""
    tone = tones.drum(note.pitch, generator) if note.instrument == "drum" else tones.of(note)
    begin = round(note.at_s * tones.sample_rate)
    tone = tone[: max(0, mix.shape[1] - begin)]
    # Equal power: sine and cosine of the place between the loudspeakers.
    angle = note.pan * math.pi / 2
    for row, side in zip(mix, (math.cos(angle), math.sin(angle)), strict=True):
        row[begin : begin + tone.size] += np.float32(note.gain * side) * tone


@dataclass
class Tones:
    """The instruments at one sample rate; a tone that was played is kept.

    Parameters
    ----------
    sample_rate : int
        In Hz.
    """

    sample_rate: int
    _kept: dict[tuple[str, int], Samples] = field(default_factory=dict)

    def of(self, note: Note) -> Samples:
        """Return the tone of a pitched instrument at full loudness, shape (frames,)."""
        key = (note.instrument, note.pitch)
        if key not in self._kept:
            self._kept[key] = self._string(note.pitch, *_INSTRUMENTS[note.instrument])
        return self._kept[key]

    def _string(self, pitch: int, partials: int, slope: float, ring_s: float, stiffness: float) -> Samples:
        """Return a struck string.

        Partial k lies at k·f·√(1 + stiffness·k²), starts at k**−slope and dies in ring_s / (1 + k/3).
        """
        root_hz = _A4_HZ * 2.0 ** ((pitch - _A4) / 12)
        ring_s *= (_A4_HZ / root_hz) ** 0.3
        time_s = np.arange(round(1.6 * ring_s * self.sample_rate)) / self.sample_rate
        tone = np.zeros(time_s.size)
        for k in range(1, partials + 1):
            hz = k * root_hz * math.sqrt(1.0 + stiffness * k * k)
            if hz > _HIGHEST * self.sample_rate:
                break
            decay_s = ring_s / (1.0 + k / 3.0) / 2.0
            # Phases that differ keep the attack from being one tall spike.
            wave = np.sin(2 * np.pi * hz * time_s + 1.7 * k * k)
            tone += k**-slope * wave * np.exp(-time_s / decay_s)
        return self._shaped(tone, rise_s=0.003, fall_s=0.05)

    def _shaped(self, tone: npt.NDArray[np.float64], *, rise_s: float, fall_s: float) -> Samples:
        """Begin and end without a step."""
        for span_s, part in ((rise_s, slice(None)), (fall_s, slice(None, None, -1))):
            count = min(tone.size, max(1, round(span_s * self.sample_rate)))
            tone[part][:count] *= 0.5 - 0.5 * np.cos(np.pi * (np.arange(count) + 0.5) / count)
        return tone.astype(np.float32)

    def drum(self, which: int, generator: np.random.Generator) -> Samples:
        """Return one stroke of a drum; noise is new in every stroke."""
        length_s = (0.28, 0.2, 0.07)[which]
        time_s = np.arange(round(length_s * self.sample_rate)) / self.sample_rate
        if which == _KICK:
            # The skin's pitch falls from 130 to 48 Hz in 30 ms.
            phase = 2 * np.pi * (48 * time_s + 82 * 0.03 * (1 - np.exp(-time_s / 0.03)))
            return self._shaped(np.sin(phase) * np.exp(-time_s / 0.07), rise_s=0.001, fall_s=0.02)
        noise = generator.standard_normal(time_s.size)
        if which == _SNARE:
            skin = np.sin(2 * np.pi * 185 * time_s) * np.exp(-time_s / 0.05)
            brush = _smoothed(noise, self.sample_rate, 4000) * np.exp(-time_s / 0.06)
            return self._shaped(0.8 * skin + 0.9 * brush, rise_s=0.0005, fall_s=0.02)
        bright = noise - _smoothed(noise, self.sample_rate, 6000)
        return self._shaped(bright * np.exp(-time_s / 0.018), rise_s=0.0005, fall_s=0.01)


# Partials, slope of their loudness, ringing time (s), stiffness.
_INSTRUMENTS = {
    "lead": (9, 1.3, 1.1, 4e-4),
    "piano": (8, 1.5, 1.0, 3e-4),
    "bass": (7, 1.4, 0.8, 1e-4),
}


def _smoothed(noise: npt.NDArray[np.float64], sample_rate: int, corner_hz: float) -> npt.NDArray[np.float64]:
    """Return noise without its treble: a Hann average about as long as a period of `corner_hz`."""
    width = max(1, round(sample_rate / corner_hz))
    window = np.hanning(width + 2)[1:-1]
    return np.convolve(noise, window / window.sum(), mode="same")[: noise.size]
