"""How much each sample of a sound surprises, and where it does so in runs.

A sample is suspect when an autoregressive model fails to predict it both from the past and from the
future, by more than the sound fails elsewhere in its neighbourhood. The louder of the two sides sets
the scale, so that what follows an attack speaks for it.

Axis letters: T frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nodes.dsp.ar.interpolate import Spans
from nodes.dsp.ar.model import Array, Grid, Models, fit_models, least_errors

__all__ = ["EDGE", "Finder", "finder_for", "surprise", "surprising_spans"]

# Stretch that one model describes (ms): the usual compromise between many samples and still tones.
_HOP_MS = 23.0
# How far models look back (ms) to find damage, and to fill it in: the latter bridges a whole span.
_FIND_MS, _FILL_MS = 0.73, 2.9
_ORDERS = (16, 160)
# The scale of surprise: this quantile, over this many parts of a hop to either side.
_QUANTILE = 0.8
_PARTS_PER_HOP, _PARTS = 8, 6
# Doubtful samples closer than this (ms) are one span: a resonance passes through zero.
_GAP_MS = 0.25
# Damage up to this long (ms) is common, and the sound beside it is heard for so long (ms).
_USUAL_MS, _SIDE_MS = 0.25, 10.0
# Surprise below this is digital silence (full scale): −120 dBFS.
_SILENT = 1e-6

EDGE = 2
"""Frames added at both ends of a span: prediction blurs edges by about this much."""


@dataclass(frozen=True)
class Finder:
    """The settings of a search, in frames and decibels.

    Parameters
    ----------
    find, fill : Grid
        The models that find damage, and that fill it in.
    gap, longest : int
        Doubtful frames closer than `gap` are one span; a span longer than `longest` is no damage.
    threshold_db : float
        Evidence from which on a span is damage.
    usual : float
        Damage up to so many frames is common.
    side : int
        How many frames beside a span tell how loud the sound is.
    """

    find: Grid
    fill: Grid
    gap: int
    longest: int
    threshold_db: float
    usual: float
    side: int


def finder_for(sample_rate: int, *, threshold_db: float, longest_ms: float) -> Finder:
    """Return the settings for a sample rate; `longest_ms` is at most 20 ms."""
    part = max(8, round(_HOP_MS / _PARTS_PER_HOP * sample_rate / 1000))
    hop = part * _PARTS_PER_HOP

    def order(ms: float) -> int:
        return int(np.clip(round(ms * sample_rate / 1000), *_ORDERS))

    return Finder(
        find=Grid(hop, order(_FIND_MS)),
        fill=Grid(hop, order(_FILL_MS)),
        gap=max(1, round(_GAP_MS * sample_rate / 1000)),
        longest=max(2 * EDGE + 1, round(longest_ms * sample_rate / 1000)),
        threshold_db=threshold_db,
        usual=_USUAL_MS * sample_rate / 1000,
        side=max(8, round(_SIDE_MS * sample_rate / 1000)),
    )


def surprise(signal: Array, clean: Array, finder: Finder) -> Array:
    """Return how many scales each sample of a signal surprises, by models of the cleaned signal.

    Parameters
    ----------
    signal, clean : ndarray, shape (frames,)
        float64, beginning at a multiple of the grid's hop; equal where no damage is known.
    finder : Finder
        Of the models.

    Returns
    -------
    ndarray, shape (frames,)
        float64. In noise a fifth of all samples surprise by more than 1.
    """
    grid = finder.find
    models = fit_models(clean, grid)
    usual = least_errors(clean, models)
    ratio = usual
    if signal is not clean:
        # Only where the two differ, or did so less than the order away, the errors are others.
        differs = np.flatnonzero(signal != clean)
        hops = np.zeros(len(models.weights), np.bool_)
        for beside in (-grid.order, 0, grid.order):
            hops[np.clip((differs + beside) // grid.hop, 0, hops.size - 1)] = True
        there = Models(grid, np.where(hops[:, None], models.weights, 0.0), models.energy)
        ratio = np.where(np.repeat(hops, grid.hop)[: signal.size], least_errors(signal, there), usual)
    return ratio / np.maximum(_SILENT, _scale(usual, grid.hop // _PARTS_PER_HOP))


def surprising_spans(
    ratio: Array,
    enough: float,
    doubtful: float,
    gap: int,
    longest: int,
    *,
    edge: int = EDGE,
    peaks: Array | None = None,
) -> Spans:
    """Return runs of doubtful samples, across gaps, in which at least one reaches `enough`.

    Parameters
    ----------
    ratio : ndarray, shape (frames,)
        The surprise, in scales.
    enough, doubtful : float
        What one sample of a run must reach, and what all others must.
    gap, longest : int
        Doubtful frames closer than `gap` are one run; longer ones than `longest` are left out.
    edge : int
        So many frames are added at both ends.
    peaks : ndarray, shape (frames,), optional
        What is held against `enough`, if it is not the surprise itself.
    """
    over = np.flatnonzero(ratio >= doubtful)
    if not over.size:
        return np.zeros((0, 2), np.int64)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(over) > gap) + 1])
    first, last = over[starts], over[np.append(starts[1:], over.size) - 1] + 1
    heights = (ratio if peaks is None else peaks)[over]
    highest = np.maximum.reduceat(heights, starts)
    keep = (highest >= enough) & (last - first <= longest)
    begin = np.maximum(0, first[keep] - edge)
    end = np.minimum(ratio.size, last[keep] + edge)
    if begin.size:
        apart = np.flatnonzero(begin[1:] > end[:-1])
        begin = begin[np.concatenate([[0], apart + 1])]
        end = end[np.concatenate([apart, [end.size - 1]])]
    return np.stack([begin, end], axis=1)


def _scale(least: Array, part: int) -> Array:
    """Return the quantile of the surprise on the louder side of each part, for each frame."""
    count = -(-least.size // part)
    padded = np.zeros(count * part, np.float32)
    padded[: least.size] = least
    parts = np.pad(padded.reshape(count, part), ((_PARTS, _PARTS), (0, 0)), "edge")
    rank = round(_QUANTILE * (_PARTS * part - 1))
    runs = np.lib.stride_tricks.sliding_window_view(parts.reshape(-1), _PARTS * part)[::part]
    level = np.partition(runs, rank, axis=1)[:, rank].astype(np.float64)
    either = np.maximum(level[:count], level[_PARTS + 1 :])
    return np.repeat(either, part)[: least.size]
