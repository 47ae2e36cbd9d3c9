"""Loudness: one gain for the whole recording, or one that follows it, so that it plays as loud as others.

Nothing else happens to the sound: no compression within a note, and no limiter behind it. Where the
target lifts peaks above full scale they stay whole in 32-bit floats, for a limiter to take down.

The adaptive mode measures the short-term loudness, brings each passage part of the way to the average,
smooths that gain with an equal look to both sides, and bounds its speed. What lies below a gate is
surface noise, not music: its gain never exceeds that of the static mode. At last the whole is brought
to the target, as measured.

Axis letters: C channels, T frames, P points of the gain curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, Samples, no_progress, node
from nodes.dsp.gain_curve import GainCurve, slew_limited, smoothed
from nodes.dsp.loudness import Energies, integrated_lufs, measure_energies, window_lufs
from nodes.dsp.overlap_add import Block, map_audio

__all__ = ["loudness"]

# Of the time that the node takes, measuring is about this share.
_MEASURING = 0.8
# Short-term loudness is that of 3 s (EBU Tech 3341), taken every 100 ms; energies come every 10 ms.
_WINDOW_S = 3.0
# Noise is told from music in windows of this length: a pause that is longer gets no lift.
_NOISE_S = 1.0
_POINT_S = 0.1
_STEP_S = 0.01
# A passage this much softer than the whole is no music (LU): the gate of the loudness range (EBU Tech
# 3342). Quiet music lies above it, a record's surface below.
_GATE_LU = -20.0
# The least loudness that counts at all (LUFS, BS.1770-5).
_SILENCE_LUFS = -70.0
# Blocks of 400 ms, one every 100 ms, in steps; and the constant of the loudness (BS.1770-5, Annex 1).
_BLOCK_STEPS, _HOP_STEPS = 40, 10
_OFFSET_DB = -0.691
# The gain's offset is found by trial: each corrects what is left by more than a factor of ten.
_TRIALS = 8
_CLOSE_LU = 1e-3

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Following:
    """How the gain follows the recording: the node's parameters of the same names."""

    swing_db: float
    smoothing_s: float
    slew_db: float


@node(version=1, linked=True)
def loudness(
    audio: Audio,
    *,
    target_lufs: Annotated[float, Range(-70, 0)] = -16.0,
    mode: Literal["static", "adaptive"] = "static",
    swing_db: Annotated[float, Range(0, 24)] = 6.0,
    smoothing_s: Annotated[float, Range(1, 30, "log")] = 5.0,
    slew_db: Annotated[float, Range(0.1, 6, "log", unit="dB/s")] = 1.0,
    progress: Progress = no_progress,
) -> Audio:
    """Turn the whole recording up or down so that it has a given loudness.

    Every channel gets the same gain; nothing is compressed or clipped. A mono recording counts as one
    speaker, as in other meters: on two speakers it plays 3 LU louder. Silence, and sounds too short
    (0.4 s) or too soft (−70 LUFS) to have a loudness, stay as they are.

    Parameters
    ----------
    audio : Audio
        Any sound.
    target_lufs : float, LUFS
        The integrated loudness that comes out: more is louder. −23 is broadcast, −16 streaming of
        speech and albums, −14 loud streaming.
    mode : {"static", "adaptive"}
        One gain from begin to end, which keeps all dynamics, or one that slowly lifts soft passages
        and lowers loud ones, but never lifts the noise between them.
    swing_db : float, dB
        Adaptive only: how far the highest and the lowest gain may lie apart; more makes soft and loud
        passages more alike. The loudness range changes by no more than this.
    smoothing_s : float, s
        Adaptive only: longer follows sections rather than phrases and is less noticed.
    slew_db : float, dB/s
        Adaptive only: the fastest that the gain moves; more follows sooner and is noticed sooner.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels, frames and rate; may exceed full scale.

    References
    ----------
    ITU-R BS.1770-5, 2023, Annex 1. EBU R 128, Loudness normalisation and permitted maximum level of
    audio signals, 2023. EBU Tech 3342, Loudness range, 2023 (gate). AES TD1008, Recommendations for
    loudness of internet audio streaming, 2021.
    """
    energies = measure_energies(audio, progress=progress.part(0.0, _MEASURING))
    measured_lufs = None if energies is None else integrated_lufs(energies)
    if energies is None or measured_lufs is None:
        progress.note("This sound is too short or too soft to have a loudness: it was left as it is.")
        return audio
    gain_db = target_lufs - measured_lufs
    last = progress.part(_MEASURING, 1.0)
    if mode == "adaptive":
        following = _Following(swing_db, smoothing_s, slew_db)
        curve = _adaptive(energies, measured_lufs, gain_db, following, last)
        lowest, highest = curve.gains_db.min(), curve.gains_db.max()
        progress.note(f"Measured {measured_lufs:.1f} LUFS: changed by {lowest:+.1f} to {highest:+.1f} dB.")
        return _follow(audio, curve, last)
    progress.note(f"Measured {measured_lufs:.1f} LUFS: changed by {gain_db:+.1f} dB.")
    factor = np.float32(10.0 ** (gain_db / 20.0))

    def amplify(shown: Samples, block: Block) -> Samples:
        return shown * factor

    return map_audio(audio, amplify, progress=last)


def _follow(audio: Audio, curve: GainCurve, progress: Progress) -> Audio:
    def amplify(shown: Samples, block: Block) -> Samples:
        factors = curve.factors(block.begin, block.end, audio.sample_rate)
        return np.asarray(np.multiply(shown, factors), np.float32)

    return map_audio(audio, amplify, progress=progress)


def _adaptive(
    energies: Energies,
    measured_lufs: float,
    static_db: float,
    following: _Following,
    progress: Progress,
) -> GainCurve:
    """Return the gain over time with which the whole has the target's loudness.

    Parameters
    ----------
    energies, measured_lufs
        Of the input.
    static_db : float
        The gain that one gain for the whole would have.
    following : _Following
        How far and how fast the gain may move.
    progress : Progress
        Asked whether to go on.
    """
    music = _is_music(energies, measured_lufs)
    even = np.where(music, measured_lufs - _loudness_about(energies, _WINDOW_S), 0.0)
    even = smoothed(even, following.smoothing_s / _POINT_S, music.astype(np.float64))
    even = np.clip(even, -0.5 * following.swing_db, 0.5 * following.swing_db)
    offset_db = static_db
    for _ in range(_TRIALS):
        progress.check()
        # Where there is only noise, no more than the static gain.
        capped = np.where(music, even + offset_db, np.minimum(even + offset_db, static_db))
        limited = slew_limited(capped, following.slew_db * _POINT_S, side="below")
        curve = GainCurve(limited, begin_s=0.0, step_s=_POINT_S)
        error = measured_lufs + static_db - _loudness_with(energies, curve, measured_lufs + static_db)
        if abs(error) < _CLOSE_LU:
            break
        offset_db += error
    return curve


def _is_music(energies: Energies, measured_lufs: float) -> npt.NDArray[np.bool_]:
    """Tell for each point whether there is music: not where there is noise within the window's reach."""
    gate_lufs = max(_SILENCE_LUFS, measured_lufs + _GATE_LU)
    loud = _loudness_about(energies, _NOISE_S) > gate_lufs
    reach = round(0.5 * _NOISE_S / _POINT_S)
    padded = np.pad(loud, reach, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).all(axis=1))


def _loudness_about(energies: Energies, window_s: float) -> _Values:
    """Return the loudness of the window about each point, from the sound's begin to its end."""
    seconds = energies.sums.size * _STEP_S
    points = np.arange(int(seconds / _POINT_S) + 2) * _POINT_S
    window_s = min(window_s, seconds)
    ends, lufs = window_lufs(energies, window_s)
    # Digital silence is very soft here, so that lines can be drawn to it.
    floor = np.maximum(lufs, 2.0 * _SILENCE_LUFS)
    return np.asarray(np.interp(points, ends - 0.5 * window_s, floor), np.float64)


def _loudness_with(energies: Energies, curve: GainCurve, otherwise: float) -> float:
    """Return the loudness that the recording has after a gain curve."""
    middles = np.arange(energies.sums.size, dtype=np.float64) * _STEP_S + 0.5 * _STEP_S
    squares = np.multiply(energies.sums, 10.0 ** (curve.at(middles) / 10.0))
    found = _gated_lufs(Energies(squares, energies.frames))
    return otherwise if found is None else found


def _gated_lufs(energies: Energies) -> float | None:
    """Return what `integrated_lufs` does, to rounding, a thousand times as quickly: it is tried often."""
    blocks = energies.windows(_BLOCK_STEPS, every=_HOP_STEPS)
    # BS.1770-5, Annex 1, equations 4 to 7, with −0.691 dB taken into the gates.
    blocks = blocks[blocks > 10.0 ** ((_SILENCE_LUFS - _OFFSET_DB) / 10.0)]
    if not blocks.size:
        return None
    blocks = blocks[blocks > 0.1 * blocks.mean()]
    return _OFFSET_DB + 10.0 * math.log10(float(blocks.mean()))
