"""Find short damage in sound: samples that neither what comes before nor what comes after explains.

Three tests, each with its own reason:

1. *Surprise*. A sample is suspect when an autoregressive model fails to predict it both from the past
   and from the future, by more than the sound fails elsewhere in its neighbourhood. The louder of the
   two sides sets the scale, so that what follows an attack speaks for it.
2. *Evidence*. What is suspect is taken out and filled in. If it was damage, the surprise is now as
   small as ever; if it was an attack, what follows it is still unexplained. The ratio of surprise
   before and after is, but for constants, the likelihood ratio of the two stories (Godsill & Rayner
   1998, chapter 9). A long span can explain away more than a short one, hence needs more evidence.
3. *Extent*. Around what is found, the damage reaches as far as there is doubt.

Everything looks at a finite stretch of sound on a grid fixed to the signal, so that blocks of a long
signal find what the whole would.

Axis letters: T frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import numpy.typing as npt

from nodes.dsp.ar import Array, Grid, compiled, fit_models, prediction_errors
from nodes.dsp.interpolate import Spans, filled

__all__ = [
    "CONTEXT_HOPS",
    "Finder",
    "fill_impulses",
    "find_dense_impulses",
    "find_impulses",
    "finder_for",
]

# Stretch that one model describes (ms): the usual compromise between many samples and still tones.
_HOP_MS = 23.0
# How far models look back (ms) to find damage, and to fill it in: the latter bridges a whole span.
_FIND_MS, _FILL_MS = 0.73, 2.9
_ORDERS = (16, 160)
# The scale of surprise: this quantile, over this many parts of a hop to either side.
_QUANTILE = 0.8
_PARTS_PER_HOP, _PARTS = 8, 6
# Surprise (in scales) of what is surely to be kept away from the first models, of what is suspect,
# of what is doubtful beside it then, and of what is doubtful beside proven damage.
_GLARING, _SUSPECT, _DOUBTFUL, _TAIL = 12.0, 4.5, 2.5, 1.6
# A suspect reaches as far as there is this much surprise. The widest is preferred, as it holds the
# tail of the damage, unless a narrower one has so much more evidence (dB): then the rest was sound.
_DOUBTS, _MARGIN_DB = (2.0, 4.0, 12.0), 12.0
# Doubtful samples closer than this (ms) are one span: a resonance passes through zero.
_GAP_MS = 0.25
# Frames added at both ends of a span: prediction blurs edges by about this much.
_EDGE = 2
# Damage up to this long (ms) is common; each doubling asks for so much more evidence (dB), as long
# spans explain more away. 6 to 12 dB find the same clicks within 1 %.
_USUAL_MS, _PER_DOUBLING_DB = 0.25, 8.0
# Damage stands out of the sound beside it (within so many ms); attacks grow into theirs. The height
# (dB) counts as evidence up to a limit. Weights of 0.75 to 1.5 find the same clicks within 1 %.
_SIDE_MS, _HIGHEST_DB = 10.0, 20.0
# Where another channel is damaged at the same time, evidence is worth so much more (dB).
_TOGETHER_DB = 10.0
# Where clicks are sure, others are likely beside them, within so many hops: from this many on, each
# doubling of their number counts as so much evidence (dB), up to a limit at which this much surprise
# makes a suspect.
_CROWD_HOPS, _CROWD_LEAST = 12, 8.0
_CREDIT_DB, _MOST_CREDIT_DB, _CROWDED_SUSPECT = 7.0, 14.0, 3.2
# Suspects are looked at so often, each time with models of what was found the time before.
_LOOKS = 2
# The same in dense damage, step by step.
_DENSE_SUSPECTS, _DENSE_DOUBTFUL = (8.0, 5.0, 4.0, 3.5), 2.5
# How often models and what is filled in are fitted to each other.
_ROUNDS, _SOFT_ROUNDS = 1, 3
# Surprise below this is digital silence (full scale): −120 dBFS.
_SILENT = 1e-6
# Power (full scale²) that keeps digital silence from dividing by zero.
_TINY = 1e-20
# A clipped top: so many samples in a row that are equal to within a share of their own height.
_FLAT_FRAMES, _FLAT_SHARE = 4, 1e-4

CONTEXT_HOPS = 32
"""How far beyond a block its findings may depend on the sound, in hops."""


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
        longest=max(2 * _EDGE + 1, round(longest_ms * sample_rate / 1000)),
        threshold_db=threshold_db,
        usual=_USUAL_MS * sample_rate / 1000,
        side=max(8, round(_SIDE_MS * sample_rate / 1000)),
    )


def find_impulses(channels: Sequence[Array], finder: Finder) -> list[Spans]:
    """Return where each channel is damaged.

    Parameters
    ----------
    channels : sequence of ndarray, each of shape (frames,)
        float64, beginning at a multiple of the grid's hop.
    finder : Finder
        What to look for.

    Returns
    -------
    list of Spans
        One for each channel.
    """
    cleaned = [_without_glaring(signal, finder) for signal in channels]
    credit = [np.zeros(-(-signal.size // finder.find.hop)) for signal in channels]
    found = [np.zeros((0, 2), np.int64) for _ in channels]
    for _ in range(_LOOKS):
        looks = [
            _look(signal, clean, finder, lenience)
            for signal, clean, lenience in zip(channels, cleaned, credit, strict=True)
        ]
        found = _convicted(looks, finder)
        if not any(len(spans) for spans in found):
            return found
        cleaned = [
            filled(signal, spans, finder.find, rounds=1, guess=clean)
            for signal, spans, clean in zip(channels, found, cleaned, strict=True)
        ]
        credit = [_credit(spans, credit[0].size, finder) for spans in found]
    return [
        _extended(signal, clean, spans, finder)
        for signal, clean, spans in zip(channels, cleaned, found, strict=True)
    ]


def fill_impulses(channels: Sequence[Array], found: Sequence[Spans], finder: Finder) -> list[Array]:
    """Return the channels with what was found filled in; all else is theirs, bit for bit.

    Parameters
    ----------
    channels, found : sequence
        As given to and by `find_impulses`.
    finder : Finder
        Its settings.
    """
    return [
        filled(signal, spans, finder.fill, rounds=_ROUNDS, soft_rounds=_SOFT_ROUNDS)
        for signal, spans in zip(channels, found, strict=True)
    ]


def find_dense_impulses(signal: Array, finder: Finder) -> tuple[Spans, Array]:
    """Return all that may be an impulse in a stretch known to be full of them, and a first repair.

    The search goes from the loudest to the faintest, and the models are fitted to what is left.

    Parameters
    ----------
    signal : ndarray, shape (frames,)
        float64, beginning at a multiple of the grid's hop.
    finder : Finder
        What to look for; the evidence it asks for is not needed here.
    """
    spans, clean = np.zeros((0, 2), np.int64), signal
    for enough in _DENSE_SUSPECTS:
        ratio = _surprise(signal, clean, finder)
        spans = _spans(ratio, enough, _DENSE_DOUBTFUL, max(1, finder.gap // 2), finder.longest, edge=1)
        clean = filled(signal, spans, finder.find, rounds=1, soft_rounds=1, guess=clean)
    return spans, clean


@dataclass(frozen=True, eq=False)
class _Look:
    """What one channel is suspected of, and how strong the evidence is (dB)."""

    suspects: Spans
    evidence_db: Array


def _without_glaring(signal: Array, finder: Finder) -> Array:
    ratio = _surprise(signal, signal, finder)
    spans = _spans(ratio, _GLARING, _DOUBTFUL, finder.gap, finder.longest)
    return filled(signal, spans, finder.find, rounds=1)


def _surprise(signal: Array, clean: Array, finder: Finder) -> Array:
    """Return how many scales each sample of the signal surprises, by the models of the cleaned one."""
    models = fit_models(clean, finder.find)
    usual = _least(*prediction_errors(clean, models))
    ratio = usual if signal is clean else _least(*prediction_errors(signal, models))
    return ratio / np.maximum(_SILENT, _scale(usual, finder.find.hop // _PARTS_PER_HOP))


def _least(forward: Array, backward: Array) -> Array:
    return np.minimum(np.abs(forward), np.abs(backward))


def _scale(surprise: Array, part: int) -> Array:
    """Return the quantile of the surprise on the louder side of each part, for each frame."""
    count = -(-surprise.size // part)
    padded = np.zeros(count * part, np.float32)
    padded[: surprise.size] = surprise
    parts = np.pad(padded.reshape(count, part), ((_PARTS, _PARTS), (0, 0)), "edge")
    rank = round(_QUANTILE * (_PARTS * part - 1))
    runs = np.lib.stride_tricks.sliding_window_view(parts.reshape(-1), _PARTS * part)[::part]
    level = np.partition(runs, rank, axis=1)[:, rank].astype(np.float64)
    either = np.maximum(level[:count], level[_PARTS + 1 :])
    return np.repeat(either, part)[: surprise.size]


def _credit(spans: Spans, hops: int, finder: Finder) -> Array:
    """Return what the clicks around each hop are worth as evidence (dB).

    Where clicks are frequent one more is to be expected: the prior odds are their rate against that
    of sound without damage.
    """
    count = np.bincount(spans[:, 0] // finder.find.hop, minlength=hops)
    around = np.convolve(count, np.ones(2 * _CROWD_HOPS + 1))[_CROWD_HOPS:][:hops]
    others = np.maximum(0.0, around - _CROWD_LEAST)
    return np.asarray(np.minimum(_MOST_CREDIT_DB, _CREDIT_DB * np.log2(1.0 + others)))


def _look(signal: Array, clean: Array, finder: Finder, credit: Array) -> _Look:
    """Judge what surprises, as wide as there is doubt or only where there is less and less."""
    ratio = _surprise(signal, clean, finder)
    lenience = (_SUSPECT / _CROWDED_SUSPECT) ** (credit / _MOST_CREDIT_DB)
    easier = ratio * np.repeat(lenience, finder.find.hop)[: ratio.size]
    looks = (
        _judged(
            signal,
            clean,
            _spans(ratio, _SUSPECT, doubtful, finder.gap, finder.longest, peaks=easier),
            finder,
            credit,
        )
        for doubtful in _DOUBTS
    )
    return reduce(lambda wide, narrow: _better(wide, narrow, finder.threshold_db), looks)


def _judged(signal: Array, clean: Array, suspects: Spans, finder: Finder, credit: Array) -> _Look:
    suspects = suspects[~_flat_tops(signal, suspects)]
    bridged = filled(signal, suspects, finder.find, rounds=1, guess=clean)
    reach = finder.find.order
    hops = np.zeros(credit.size, np.bool_)
    for beside in (-reach, 0, reach):
        hops[np.clip((suspects + beside) // finder.find.hop, 0, credit.size - 1)] = True
    models = fit_models(bridged, finder.find, hops=hops)
    left = np.stack(prediction_errors(bridged, models))
    taken = signal - bridged
    evidence_db = _loops().evidence(left, taken, suspects, models.weights, finder.find.hop)
    height_db = _loops().height(signal, bridged, suspects, finder.side)
    length = np.maximum(1.0, (suspects[:, 1] - suspects[:, 0]) / finder.usual)
    prior_db = np.minimum(height_db, _HIGHEST_DB) - _PER_DOUBLING_DB * np.log2(length)
    prior_db += credit[suspects[:, 0] // finder.find.hop]
    return _Look(suspects, evidence_db + prior_db)


def _better(wide: _Look, narrow: _Look, enough_db: float) -> _Look:
    """Return each wide suspect, or the narrow ones in it if only they have enough evidence."""
    if not len(narrow.suspects):
        return wide
    if not len(wide.suspects):
        return narrow
    # The first narrow suspect that ends after each wide one begins, and the first that is beyond.
    first = np.searchsorted(narrow.suspects[:, 1], wide.suspects[:, 0], "right")
    beyond = np.searchsorted(narrow.suspects[:, 0], wide.suspects[:, 1], "left")
    highest = np.full(len(wide.suspects), -np.inf)
    held = beyond > first
    padded = np.append(narrow.evidence_db, -np.inf)
    edges = np.stack([first[held], beyond[held]], axis=1).reshape(-1)
    if edges.size:
        highest[held] = np.maximum.reduceat(padded, edges)[::2]
    loses = (highest >= enough_db) & (wide.evidence_db < np.maximum(enough_db, highest - _MARGIN_DB))
    stays = np.zeros(len(narrow.suspects) + 1, np.int64)
    np.add.at(stays, first[~loses], 1)
    np.add.at(stays, beyond[~loses], -1)
    alone = np.cumsum(stays[:-1]) == 0
    suspects = np.concatenate([wide.suspects[~loses], narrow.suspects[alone]])
    evidence_db = np.concatenate([wide.evidence_db[~loses], narrow.evidence_db[alone]])
    order = np.argsort(suspects[:, 0], kind="stable")
    return _Look(suspects[order], evidence_db[order])


def _convicted(looks: Sequence[_Look], finder: Finder) -> list[Spans]:
    """Return the suspects with enough evidence; damage of the other channels counts as some."""
    sure = [look.suspects[look.evidence_db >= finder.threshold_db] for look in looks]
    result = []
    for number, look in enumerate(looks):
        together = np.zeros(len(look.suspects), bool)
        for other, spans in enumerate(sure):
            if other != number and len(spans):
                after = np.searchsorted(spans[:, 1], look.suspects[:, 0], "right")
                begins = np.append(spans[:, 0], np.iinfo(np.int64).max)
                together |= begins[after] < look.suspects[:, 1]
        wanted_db = finder.threshold_db - _TOGETHER_DB * together
        result.append(look.suspects[look.evidence_db >= wanted_db])
    return result


def _extended(signal: Array, clean: Array, spans: Spans, finder: Finder) -> Spans:
    if not len(spans):
        return spans
    ratio = _surprise(signal, clean, finder)
    return _loops().extended(ratio, spans, _TAIL, _EDGE)


def _flat_tops(signal: Array, spans: Spans) -> npt.NDArray[np.bool_]:
    """Return which spans hold a stretch of equal samples higher than all around: clipping."""
    return _loops().flat(signal, spans)


def _spans(
    ratio: Array,
    enough: float,
    doubtful: float,
    gap: int,
    longest: int,
    *,
    edge: int = _EDGE,
    peaks: Array | None = None,
) -> Spans:
    """Return runs of doubtful samples, across gaps, in which at least one reaches `enough`."""
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


# --- loops over samples --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Loops:
    evidence: Callable[[Array, Array, Spans, Array, int], Array]
    height: Callable[[Array, Array, Spans, int], Array]
    flat: Callable[[Array, Spans], npt.NDArray[np.bool_]]
    extended: Callable[[Array, Spans, float, int], Spans]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    return _Loops(compiled(_evidence), compiled(_height), compiled(_flat), compiled(_extend))


def _evidence(left: Array, taken: Array, spans: Spans, weights: Array, hop: int) -> Array:
    """Return the drop in surprise (dB) that filling each span brings, in the direction where it is less.

    `left` holds the forward and the backward errors that are left, shape (2, frames). Those before are
    these and the response of the model to what was `taken` out of this span: the others stay filled.
    """
    forward, backward = left
    result = np.zeros(spans.shape[0])
    frames, order = forward.size, weights.shape[1] - 1
    for i in range(spans.shape[0]):
        begin, end = spans[i]
        past = future = past_left = future_left = _TINY
        for t in range(begin, min(frames, end + order)):
            model, error = weights[t // hop], forward[t]
            past_left += error * error
            for k in range(max(0, t - end + 1), min(order, t - begin) + 1):
                error += model[k] * taken[t - k]
            past += error * error
        for t in range(max(0, begin - order), end):
            model, error = weights[t // hop], backward[t]
            future_left += error * error
            for k in range(max(0, begin - t), min(order, end - 1 - t) + 1):
                error += model[k] * taken[t + k]
            future += error * error
        result[i] = 10.0 * np.log10(min(past / past_left, future / future_left))
    return result


def _height(signal: Array, bridged: Array, spans: Spans, side: int) -> Array:
    """Return how far the highest of what would be removed is above the louder side's level (dB)."""
    result = np.zeros(spans.shape[0])
    for i in range(spans.shape[0]):
        begin, end = spans[i]
        highest = before = after = _TINY
        for t in range(begin, end):
            highest = max(highest, (signal[t] - bridged[t]) ** 2)
        for t in range(max(0, begin - side), begin):
            before += bridged[t] ** 2 / side
        for t in range(end, min(signal.size, end + side)):
            after += bridged[t] ** 2 / side
        result[i] = 10.0 * np.log10(highest / max(before, after))
    return result


def _flat(signal: Array, spans: Spans) -> npt.NDArray[np.bool_]:
    result = np.zeros(spans.shape[0], np.bool_)
    for i in range(spans.shape[0]):
        begin, end = max(0, spans[i, 0] - _FLAT_FRAMES), min(signal.size, spans[i, 1] + _FLAT_FRAMES)
        run = 1
        for t in range(begin + 1, end):
            height = abs(signal[t])
            if height > 0 and abs(signal[t] - signal[t - 1]) <= _FLAT_SHARE * height:
                run += 1
            else:
                run = 1
            if run >= _FLAT_FRAMES:
                highest = 0.0
                for k in range(max(0, begin - 8 * run), min(signal.size, end + 8 * run)):
                    highest = max(highest, abs(signal[k]))
                if height >= (1.0 - _FLAT_SHARE) * highest:
                    result[i] = True
    return result


def _extend(ratio: Array, spans: Spans, doubtful: float, edge: int) -> Spans:
    """Move both ends of each span to the furthest doubtful sample near them."""
    result = spans.copy()
    count = 0
    for i in range(spans.shape[0]):
        begin, end = spans[i]
        reach = edge + (end - begin) // 2
        last = end
        for t in range(end, min(ratio.size, end + reach)):
            if ratio[t] >= doubtful:
                last = min(ratio.size, t + 1 + edge)
        first = begin
        for t in range(begin - 1, max(-1, begin - 1 - 2 * edge), -1):
            if ratio[t] >= doubtful:
                first = max(0, t - edge)
        if count > 0 and first <= result[count - 1, 1]:
            result[count - 1, 1] = max(last, result[count - 1, 1])
        else:
            result[count, 0] = first
            result[count, 1] = last
            count += 1
    return result[:count]
