"""Dropouts: moments at which a tape loses its level, or the sound altogether.

Two repairs, by how much is left. Where the sound is only weaker, on the slopes of every dropout and in
shallow ones throughout, the inverse of the gain brings it back: nothing is invented. Where it is gone,
for up to some tens of milliseconds, an autoregressive model of the sound before and after fills the
gap. A pause in the music is no dropout: a dropout falls and comes back within milliseconds, to the
level that it had before, or it falls deeper than any sound does in so short a time.

Each channel is searched and repaired for itself: a tape loses one track without the other.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, no_progress, node
from nodes.dsp.ar.dips import dip_between
from nodes.dsp.ar.gaps import gap_filled
from nodes.dsp.ar.interpolate import Spans
from nodes.dsp.ar.model import Array, Grid, fit_models, prediction_errors
from nodes.dsp.ar.span_repair import SpanRepair, mend
from nodes.dsp.removed import Repaired

__all__ = ["dropout"]

# Levels are measured over this long (ms), and a dropout lasts at least so many of them.
_LEVEL_MS, _LEAST_PARTS = 0.5, 3
# Order of the models whose surprises are a part of the level.
_LEVEL_ORDER = 32
# What stands on either side of a dropout is heard for this long (ms) before and after it.
_SIDE_MS = 20.0
# The two sides must agree within this (dB): else one of them is the beginning or end of a sound.
_AGREE_DB = 8.0
# The sides of a dropout fall and rise within this long (ms). Just beyond, the level must be within so
# much (dB) of its surroundings: the pulses of a voice and the ends of notes die down more slowly.
_SLOPE_MS, _SHOULDER_DB = 2.5, 8.0
# Power (full scale²) that keeps digital silence from dividing by zero.
_TINY = 1e-20
# Below this level (full scale) nothing is a dropout: −60 dBFS.
_QUIET = 1e-3
# The sound left in a dropout swells and fades: a dropout lasts while the level stays below this share
# of the depth in decibels, half of it below the depth itself.
_RAGGED = 0.7
# It lasts on through swells of up to so many parts that stay below this share of the depth.
_SWELLING, _SWELL_PARTS = 0.35, 4
# A hole that is so much (dB) deeper than the sound just beside it on both sides is a dropout even where
# the sides differ: no sound falls so far and comes back, each within the time of a slope. Then the sides
# may be as quiet as this (full scale): −80 dBFS.
_LOST_DB = 40.0
_LOST_QUIET = 1e-4
# A gap is filled by a model of this order (ms, and at most so many samples), which is fitted to this much
# (ms) on each side: partials that are 50 Hz apart are told from each other.
_ORDER_MS, _MOST_ORDER = 23.0, 1024
_BESIDE_MS = 93.0
# Slopes are looked for in this much (ms) beside a hole.
_NEAR_MS = 25.0


@dataclass(frozen=True)
class _Settings:
    """The node's parameters in frames and factors."""

    sample_rate: int
    part: int
    side: int
    slope: int
    longest: int
    depth: float
    most_gain: float
    grid: Grid
    order: int
    beside: int
    near: int


@node(version=1, neutral={"strength": 0.0})
def dropout(
    audio: Audio,
    *,
    depth_db: Annotated[float, Range(6, 40)] = 20.0,
    max_gap_ms: Annotated[float, Range(2, 80, "log")] = 40.0,
    max_gain_db: Annotated[float, Range(0, 30)] = 20.0,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    progress: Progress = no_progress,
) -> Repaired:
    """Bring back what a tape lost for a moment: lift dips of the level, fill short gaps.

    Parameters
    ----------
    audio : Audio
        Any sound.
    depth_db : float, dB
        How far the level must fall to be a dropout: more repairs only the deepest holes, less also
        slight dips, and begins to fill the breaks between staccato notes.
    max_gap_ms : float, ms
        The longest dropout that is repaired: more fills longer holes, in which the sound is more and
        more of a guess; less spares short rests.
    max_gain_db : float, dB
        How far a dip may be lifted; what is deeper is filled in. More keeps more of the recording
        itself, with its noise lifted as well; at 0 all is filled in.
    strength : float
        How much of the repair is done: 0 leaves the sound as it is, 1 does all of it.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels, frames and rate; bit for bit the input outside of dropouts.
    removed : Audio
        Input − audio.

    References
    ----------
    A. Janssen, R. Veldhuis, L. Vries, "Adaptive interpolation of discrete-time signals that can be
    modeled as autoregressive processes", IEEE Trans. ASSP 34(2), 1986.
    O. Mokrý, P. Rajmic, "On the use of autoregressive methods for audio inpainting", EUSIPCO 2024.
    """
    settings = _read_settings(audio.sample_rate, depth_db, max_gap_ms, max_gain_db)
    mended = mend(
        audio,
        _repair(settings),
        hop=settings.grid.hop,
        context_hops=-(-settings.beside // settings.grid.hop) + 4,
        strength=strength,
        progress=progress,
    )
    found = len(mended.spans)
    if found:
        progress.note(f"{found} dropouts were repaired, {100 * mended.share:.2g} % of the sound.")
    else:
        progress.note("No dropouts were found.")
    return Repaired(mended.audio, mended.removed)


def _read_settings(sample_rate: int, depth_db: float, max_gap_ms: float, max_gain_db: float) -> _Settings:
    per_ms = sample_rate / 1000.0
    part = max(4, round(_LEVEL_MS * per_ms))
    longest = round(max_gap_ms * per_ms)
    # A hop holds the longest gap with its slopes, and a whole number of parts.
    slope = round(_SLOPE_MS * per_ms)
    hop = part * -(-(longest + 2 * slope + 4 * part + round(_SIDE_MS * per_ms)) // part)
    return _Settings(
        sample_rate=sample_rate,
        part=part,
        side=max(1, round(_SIDE_MS * per_ms / part)),
        slope=slope,
        longest=longest,
        depth=10.0 ** (-depth_db / 20.0),
        most_gain=10.0 ** (max_gain_db / 20.0),
        grid=Grid(hop, _LEVEL_ORDER),
        order=min(_MOST_ORDER, round(_ORDER_MS * per_ms)),
        beside=round(_BESIDE_MS * per_ms),
        near=round(_NEAR_MS * per_ms),
    )


def _repair(settings: _Settings) -> SpanRepair:
    def repair(channels: list[Array], begin: int) -> tuple[list[Array], list[Spans]]:
        restored, every = [], []
        for signal in channels:
            mended, spans = _mended(signal, _holes(signal, _levels(signal, settings), settings), settings)
            restored.append(mended)
            every.append(spans)
        return restored, every

    return repair


def _mended(signal: Array, holes: Spans, settings: _Settings) -> tuple[Array, Spans]:
    """Return the signal with its holes lifted and filled, and from where to where each was repaired.

    Each is repaired from the sound between its neighbours, as it is in the input.
    """
    result = signal.copy()
    spans = np.zeros_like(holes)
    margin = settings.slope
    for n, (begin, end) in enumerate(holes):
        first = max(begin - settings.beside, holes[n - 1, 1] + margin if n else 0)
        last = min(end + settings.beside, holes[n + 1, 0] - margin if n + 1 < len(holes) else signal.size)
        # Between neighbours that nearly meet nothing is left to look at.
        first, last = min(first, int(begin)), max(last, int(end))
        near = (max(first, begin - settings.near), min(last, end + settings.near))
        dip = dip_between(signal, (begin, end), near, settings.sample_rate)
        gain = dip.gain()
        usable = gain * settings.most_gain >= 1.0
        stretch = np.where(usable, signal[dip.begin : dip.end] / np.maximum(gain, _TINY), 0.0)
        lost = np.flatnonzero(~usable)
        if lost.size:
            low, high = int(lost[0]), int(lost[-1]) + 1
            before = np.concatenate([signal[first : dip.begin], stretch[:low]])
            after = np.concatenate([stretch[high:], signal[dip.end : last]])
            stretch[low:high] = gap_filled(before, high - low, after, settings.order)
        result[dip.begin : dip.end] = stretch
        spans[n] = dip.begin, dip.end
    return result, spans


def _levels(signal: Array, settings: _Settings) -> Array:
    """Return the level of each part, of the sound, its slope and its surprises together.

    Where a low note passes through zero its slope is steepest, so that it does not look like a hole;
    the surprises do not swell and fade as notes beat.
    """
    part, side = settings.part, settings.side
    count = -(-signal.size // part)
    powers = []
    surprise, _ = prediction_errors(signal, fit_models(signal, settings.grid))
    for values in (signal, np.diff(signal, prepend=signal[:1]), surprise):
        padded = np.zeros(count * part)
        padded[: signal.size] = values
        powers.append(np.mean(padded.reshape(-1, part) ** 2, axis=1))
    # All are brought to one scale by their averages nearby.
    usual = [_medians(power, 2 * side + 1)[:count] for power in powers]
    scaled = [power * usual[0] / (own + _TINY) for power, own in zip(powers, usual, strict=True)]
    # In a hole the noise of the tape stays, which surprises as the sound did: there the first two tell.
    return np.asarray(np.sqrt(np.minimum(np.mean(scaled[:2], axis=0), np.mean(scaled, axis=0))))


def _medians(values: Array, length: int) -> Array:
    """Return the median of every `length` neighbours, `length` // 2 beyond both ends."""
    padded = np.pad(values, length // 2, "edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, length), axis=1))


def _holes(signal: Array, level: Array, settings: _Settings) -> Spans:
    """Return where the level is low in dropouts."""
    part, side = settings.part, settings.side
    # The level of a side is its median, which neither a stroke nor another dropout moves.
    padded = np.pad(level, side, "edge")
    median = np.median(np.lib.stride_tricks.sliding_window_view(padded, side), axis=1)
    before, after = median[: level.size], median[side + 1 :]
    share = level / np.maximum(np.maximum(before, after), _LOST_QUIET)
    runs = _joined(_runs(share < settings.depth**_RAGGED), _runs(share < settings.depth**_SWELLING))
    kept = []
    for begin, end in runs:
        sides = (float(before[begin]), float(after[end - 1]))
        if _is_dropout(level, (int(begin), int(end)), sides, settings):
            kept.append((begin * part, min(end * part, signal.size)))
    return np.array(kept, np.int64).reshape(-1, 2)


def _runs(flags: npt.NDArray[np.bool_]) -> Spans:
    """Return where flags begin and end to be set."""
    steps = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return np.flatnonzero(steps).astype(np.int64).reshape(-1, 2)


def _joined(runs: Spans, wider: Spans) -> Spans:
    """Return the runs, with those that lie in the same wider run and are close together made one."""
    if len(runs) < 2:
        return runs
    owner = np.searchsorted(wider[:, 0], runs[:, 0], "right")
    apart = (owner[1:] != owner[:-1]) | (runs[1:, 0] - runs[:-1, 1] > _SWELL_PARTS)
    firsts = np.concatenate([[True], apart])
    return np.stack([runs[firsts, 0], runs[np.concatenate([apart, [True]]), 1]], axis=1)


def _is_dropout(level: Array, run: tuple[int, int], sides: tuple[float, float], settings: _Settings) -> bool:
    """Return whether a run of low parts between two sides falls and comes back as a dropout does."""
    begin, end = run
    slope = -(-settings.slope // settings.part)
    odd = end - begin < _LEAST_PARTS or (end - begin) * settings.part > settings.longest + settings.part
    if odd or begin <= slope or end + slope >= level.size:
        return False
    deep = float(np.median(level[begin:end]))
    # The loudest part just outside of each slope.
    shoulders = (
        float(level[begin - slope - 1 : begin - 1].max()),
        float(level[end + 1 : end + slope + 1].max()),
    )
    if deep < 10.0 ** (-_LOST_DB / 20.0) * min(*shoulders, *sides) and min(sides) > _LOST_QUIET:
        return True
    shoulder = 10.0 ** (-_SHOULDER_DB / 20.0)
    steep = shoulders[0] > shoulder * sides[0] and shoulders[1] > shoulder * sides[1]
    agree = min(sides) > _QUIET and max(sides) < min(sides) * 10.0 ** (_AGREE_DB / 20.0)
    return steep and agree and deep <= settings.depth * min(sides)
