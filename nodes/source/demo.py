"""A built-in recording to try things on: a small tune, and the same tune as an old record plays it.

The tune is four bars of piano, bass and soft drums, synthesised note by note; the damage is added
with known amounts. Both come out, so that every repair can be compared with the truth.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, Samples, new_samples, no_progress, node
from nodes.dsp.demo.old_record import Damage, damaged
from nodes.dsp.demo.tune import Tones, beats_of, play

__all__ = ["Demo", "demo"]

# The tune's loudest sample before damage: −3 dBFS.
_PEAK = 10 ** (-3 / 20)
# The last note must not end in a click of our own (s).
_FADE_OUT_S = 0.4
_BLOCK_FRAMES = 1 << 16
# Echoes of a small room: delay (s) and gain; each comes from the other side.
_ECHOES = ((0.0217, 0.16), (0.0371, 0.12), (0.0593, 0.09), (0.0877, 0.06))


class Demo(NamedTuple):
    """What `demo` returns."""

    audio: Audio
    clean: Audio


@node(version=1, kind="source.demo")
def demo(
    *,
    length_s: Annotated[float, Range(0, 120)] = 10.0,
    lead_in_s: Annotated[float, Range(0, 10)] = 1.0,
    sample_rate: Annotated[int, Range(8000, 192_000, "log")] = 44100,
    channels: Literal["stereo", "mono"] = "stereo",
    clicks_per_s: Annotated[float, Range(0, 50, unit="/s")] = 4.0,
    crackle_per_s: Annotated[float, Range(0, 1000, unit="/s")] = 120.0,
    hiss_dbfs: Annotated[float, Range(-120, -20)] = -54.0,
    hum_dbfs: Annotated[float, Range(-120, -20)] = -52.0,
    wow_percent: Annotated[float, Range(0, 3)] = 0.0,
    clipping_db: Annotated[float, Range(0, 20)] = 0.0,
    seed: Annotated[int, Range(0, 2**31 - 1, unit="")] = 1,
    progress: Progress = no_progress,
) -> Demo:
    """Play a small built-in tune from a worn record, and the same tune as it was.

    Parameters
    ----------
    length_s : float, s
        More plays longer; the four bars take 10 s and repeat.
    lead_in_s : float, s
        How long only the surface is heard before the tune begins: from 0.5 s on, a noise reduction can
        learn the noise there.
    sample_rate : int, Hz
        More keeps higher tones of the cymbals.
    channels : {"stereo", "mono"}
        "stereo" spreads the instruments, "mono" is one channel like a shellac record.
    clicks_per_s : float, per second
        More loud ticks from scratches and dust; 0 none.
    crackle_per_s : float, per second
        More faint ticks of a worn groove; 0 none.
    hiss_dbfs : float, dBFS
        The level of the tape hiss (RMS): more is noisier; −120 none.
    hum_dbfs : float, dBFS
        The level of the 50 Hz mains hum with its overtones (RMS): more buzzes louder; −120 none.
    wow_percent : float, %
        How far the pitch sways as the record turns off centre: more sounds drunker; 0 none, and only
        then do both outputs agree in time.
    clipping_db : float, dB
        How far the loudest sample would stand above the level at which it is cut off: more is
        harsher; 0 none.
    seed : int
        Another number plays the same notes with other nuances and other damage.
    progress : Progress
        Told after every note.

    Returns
    -------
    audio : Audio
        The damaged recording.
    clean : Audio
        The truth, with its peak at −3 dBFS; same channels and frames, silent in the lead-in.

    Raises
    ------
    Cancelled
        If the user cancelled.
    """
    count = 2 if channels == "stereo" else 1
    clean = _tune(
        count,
        lead_in_s=lead_in_s,
        length_s=length_s,
        sample_rate=sample_rate,
        seed=seed,
        progress=progress.part(0.0, 0.7),
    )
    damage = Damage(
        clicks_per_s=clicks_per_s,
        crackle_per_s=crackle_per_s,
        hiss_dbfs=hiss_dbfs,
        hum_dbfs=hum_dbfs,
        wow_percent=wow_percent,
        clipping_db=clipping_db,
    )
    worn = damaged(clean, sample_rate, damage, seed, progress.part(0.7, 1.0))
    progress(1.0)
    return Demo(Audio(worn, sample_rate), Audio(clean, sample_rate))


def _tune(
    channels: int, *, lead_in_s: float, length_s: float, sample_rate: int, seed: int, progress: Progress
) -> Samples:
    """Return the clean tune after its lead-in, shape (channels, frames)."""
    frames = round((lead_in_s + length_s) * sample_rate)
    dry = new_samples(2, frames)
    _fill_zero(dry, progress)
    tones = Tones(sample_rate)
    generator = np.random.Generator(np.random.PCG64([seed, 0]))
    for note in beats_of(length_s, generator):
        progress(note.at_s / length_s)
        play(replace(note, at_s=lead_in_s + note.at_s), tones, dry, generator)
    result = new_samples(channels, frames)
    peak = 0.0
    for begin in range(0, frames, _BLOCK_FRAMES):
        progress.check()
        end = min(frames, begin + _BLOCK_FRAMES)
        wet = _with_room(dry, begin, end, sample_rate)
        result[:, begin:end] = wet if channels == 2 else wet.mean(axis=0, keepdims=True)
        result[:, begin:end] *= _fade_out(begin, end, frames, sample_rate)
        peak = max(peak, float(np.abs(result[:, begin:end]).max()))
    for begin in range(0, frames, _BLOCK_FRAMES):
        progress.check()
        result[:, begin : begin + _BLOCK_FRAMES] *= np.float32(_PEAK / max(peak, 1e-9))
    return result


def _fill_zero(samples: Samples, progress: Progress) -> None:
    for begin in range(0, samples.shape[1], _BLOCK_FRAMES):
        progress.check()
        samples[:, begin : begin + _BLOCK_FRAMES] = 0.0


def _with_room(dry: Samples, begin: int, end: int, sample_rate: int) -> npt.NDArray[np.float64]:
    wet = dry[:, begin:end].astype(np.float64)
    for delay_s, gain in _ECHOES:
        delay = round(delay_s * sample_rate)
        low = max(begin, delay)
        if low < end:
            # The reversed channels: an echo comes from the opposite wall.
            wet[:, low - begin :] += gain * dry[::-1, low - delay : end - delay]
    return wet


def _fade_out(begin: int, end: int, frames: int, sample_rate: int) -> npt.NDArray[np.float32]:
    length = max(1, min(frames, math.ceil(_FADE_OUT_S * sample_rate)))
    left = (frames - np.arange(begin, end, dtype=np.float64) - 0.5) / length
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.minimum(left, 1.0)), dtype=np.float32)
