"""Dropouts: moments at which a tape loses its level, or the sound altogether.

Two repairs, by how much is left. Where the sound is only weaker, a gain brings it back to the level of
what stands on both sides: nothing is invented. Where it is gone, for up to some tens of milliseconds,
an autoregressive model of the sound before and after fills the gap. A pause in the music is no
dropout: a dropout falls and comes back within milliseconds, to the level that it had before.

Each channel is searched and repaired for itself: a tape loses one track without the other.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, no_progress, node
from nodes.dsp.ar import Array, Grid
from nodes.dsp.interpolate import Spans, filled
from nodes.dsp.removed import Repaired
from nodes.dsp.span_repair import SpanRepair, mend

__all__ = ["dropout"]

# Levels are measured over this long (ms), and a dropout lasts at least so many of them.
_LEVEL_MS, _LEAST_PARTS = 0.5, 3
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
# How often models and what is filled in are fitted to each other.
_ROUNDS = 3
# How far models look back (ms), and the least and most samples that this may be.
_ORDER_MS, _ORDERS = 5.0, (16, 256)
_CONTEXT_HOPS = 4


@dataclass(frozen=True)
class _Settings:
    """The node's parameters in frames and factors."""

    part: int
    side: int
    slope: int
    longest: int
    depth: float
    most_gain: float
    grid: Grid


@node(version=1, neutral={"strength": 0.0})
def dropout(
    audio: Audio,
    *,
    depth_db: Annotated[float, Range(6, 40)] = 20.0,
    max_gap_ms: Annotated[float, Range(2, 80, "log")] = 40.0,
    max_gain_db: Annotated[float, Range(0, 30)] = 12.0,
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
    """
    settings = _read_settings(audio.sample_rate, depth_db, max_gap_ms, max_gain_db)
    mended = mend(
        audio,
        _repair(settings),
        hop=settings.grid.hop,
        context_hops=_CONTEXT_HOPS,
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
        part=part,
        side=max(1, round(_SIDE_MS * per_ms / part)),
        slope=slope,
        longest=longest,
        depth=10.0 ** (-depth_db / 20.0),
        most_gain=10.0 ** (max_gain_db / 20.0),
        grid=Grid(hop, int(np.clip(round(_ORDER_MS * per_ms), *_ORDERS))),
    )


def _repair(settings: _Settings) -> SpanRepair:
    def repair(channels: list[Array], begin: int) -> tuple[list[Array], list[Spans]]:
        restored, every = [], []
        for signal in channels:
            level = _levels(signal, settings)
            spans, lost = _dropouts(signal, level, settings)
            lifted = _lifted(signal, level, spans[~lost], settings)
            restored.append(filled(lifted, spans[lost], settings.grid, rounds=_ROUNDS))
            every.append(spans)
        return restored, every

    return repair


def _levels(signal: Array, settings: _Settings) -> Array:
    """Return the level of each part, of the sound and its slope together.

    Where a low note passes through zero its slope is steepest, so that it does not look like a hole.
    """
    part, side = settings.part, settings.side
    count = -(-signal.size // part)
    powers = []
    for values in (signal, np.diff(signal, prepend=signal[:1])):
        padded = np.zeros(count * part)
        padded[: signal.size] = values
        powers.append(np.mean(padded.reshape(-1, part) ** 2, axis=1))
    sound, slope = powers
    # Both are brought to one scale by their averages nearby.
    usual_sound, usual_slope = (_medians(power, 2 * side + 1)[: sound.size] for power in (sound, slope))
    return np.asarray(np.sqrt(0.5 * (sound + slope * usual_sound / (usual_slope + _TINY))))


def _medians(values: Array, length: int) -> Array:
    """Return the median of every `length` neighbours, `length` // 2 beyond both ends."""
    padded = np.pad(values, length // 2, "edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, length), axis=1))


def _dropouts(signal: Array, level: Array, settings: _Settings) -> tuple[Spans, npt.NDArray[np.bool_]]:
    """Return the dropouts, and which of them no gain can bring back."""
    part, side = settings.part, settings.side
    # The level of a side is its median, which neither a stroke nor another dropout moves.
    padded = np.pad(level, side, "edge")
    median = np.median(np.lib.stride_tricks.sliding_window_view(padded, side), axis=1)
    before, after = median[: level.size], median[side + 1 :]
    low = level < settings.depth**_RAGGED * np.maximum(np.maximum(before, after), _QUIET)
    runs = np.flatnonzero(np.diff(np.concatenate([[0], low.astype(np.int8), [0]]))).reshape(-1, 2)
    kept, lost = [], []
    for begin, end in runs:
        beside = _beside(level, (int(begin), int(end)), before, after, settings)
        if beside > 0:
            deep = float(np.median(level[begin:end]))
            if deep > settings.depth * beside:
                continue
            kept.append((begin * part - settings.slope, end * part + settings.slope))
            lost.append(deep * settings.most_gain < beside)
    spans = np.clip(np.array(kept, np.int64).reshape(-1, 2), 0, signal.size)
    # Slopes of neighbours may meet; the later one then begins where the earlier one ends.
    spans[1:, 0] = np.maximum(spans[1:, 0], spans[:-1, 1])
    return spans, np.array(lost, bool)


def _beside(level: Array, run: tuple[int, int], before: Array, after: Array, settings: _Settings) -> float:
    """Return the level beside a run of low parts if it is a dropout, else 0."""
    begin, end = run
    slope = -(-settings.slope // settings.part)
    odd = end - begin < _LEAST_PARTS or (end - begin) * settings.part > settings.longest + settings.part
    if odd or begin <= slope or end + slope >= level.size:
        return 0.0
    left, right = float(before[begin]), float(after[end - 1])
    quieter, louder = min(left, right), max(left, right)
    shoulder = 10.0 ** (-_SHOULDER_DB / 20.0)
    steep = (
        level[begin - slope - 1 : begin - 1].max() > shoulder * left
        and level[end + 1 : end + slope + 1].max() > shoulder * right
    )
    agree = quieter > _QUIET and louder < quieter * 10.0 ** (_AGREE_DB / 20.0)
    return quieter if steep and agree else 0.0


def _lifted(signal: Array, level: Array, spans: Spans, settings: _Settings) -> Array:
    """Return the signal with the dips in those spans brought to the level beside them."""
    result = signal.copy()
    part, slope, side = settings.part, settings.slope, settings.side
    for begin, end in spans:
        first = (begin + slope) // part
        last = max(first + 1, (end - slope) // part)
        beside = np.concatenate([level[max(0, first - side) : first], level[last : last + side]])
        depth = float(np.median(level[first:last])) / max(float(np.median(beside)), 1e-9)
        depth = min(1.0, max(depth, 1.0 / settings.most_gain))
        # The tape lifted off and came back in a line; the gain undoes that, and is 1 at both ends.
        places = [begin, begin + slope, end - slope, end]
        result[begin:end] /= np.interp(np.arange(begin, end), places, [1.0, depth, depth, 1.0])
    return result
