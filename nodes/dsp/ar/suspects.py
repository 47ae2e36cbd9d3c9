"""Tell damage from attacks: how strong the evidence is against what surprises.

What is suspect is taken out and filled in. If it was damage, the surprise is now as small as ever; if
it was an attack, what follows it is still unexplained. The ratio of surprise before and after is, but
for constants, the likelihood ratio of the two stories (Godsill & Rayner 1998, chapter 9).

The prior odds come beside it: a long span can explain away more than a short one, hence needs more
evidence; damage stands out of the sound beside it; and where damage is frequent, or another channel
has it at the same time, less evidence will do.

Axis letters: T frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import numpy.typing as npt

from nodes.dsp.ar.interpolate import Spans, filled
from nodes.dsp.ar.model import Array, compiled, fit_models, prediction_errors
from nodes.dsp.ar.surprise import Finder, surprise, surprising_spans

__all__ = ["Look", "convicted", "credit_of", "look_at"]

# Surprise (in scales) of what is suspect.
_SUSPECT = 4.5
# A suspect reaches as far as there is this much surprise. The widest is preferred, as it holds the
# tail of the damage, unless a narrower one has so much more evidence (dB): then the rest was sound.
_DOUBTS, _MARGIN_DB = (2.0, 4.0, 12.0), 6.0
# Each doubling beyond the usual length asks for so much more evidence (dB). 6 to 12 dB find the same
# clicks within 1 %.
_PER_DOUBLING_DB = 8.0
# The height above the sound beside it (dB) counts as evidence up to a limit. Weights of 0.75 to 1.5
# find the same clicks within 1 %.
_HIGHEST_DB = 20.0
# Where another channel is damaged at the same time, evidence is worth so much more (dB).
_TOGETHER_DB = 10.0
# Where clicks are sure, others are likely beside them, within so many hops: from this many on, each
# doubling of their number counts as so much evidence (dB), up to a limit at which this much surprise
# makes a suspect.
_CROWD_HOPS, _CROWD_LEAST = 12, 8.0
_CREDIT_DB, _MOST_CREDIT_DB, _CROWDED_SUSPECT = 7.0, 14.0, 3.2
# Power (full scale²) that keeps digital silence from dividing by zero.
_TINY = 1e-20
# A clipped top: so many samples in a row that are equal to within a share of their own height.
_FLAT_FRAMES, _FLAT_SHARE = 4, 1e-4


@dataclass(frozen=True, eq=False)
class Look:
    """What one channel is suspected of, and how strong the evidence is (dB)."""

    suspects: Spans
    evidence_db: Array


def look_at(signal: Array, clean: Array, finder: Finder, credit: Array) -> Look:
    """Judge what surprises, as wide as there is doubt or only where there is less and less."""
    ratio = surprise(signal, clean, finder)
    lenience = (_SUSPECT / _CROWDED_SUSPECT) ** (credit / _MOST_CREDIT_DB)
    easier = ratio * np.repeat(lenience, finder.find.hop)[: ratio.size]
    looks = (
        _judged(
            signal,
            clean,
            surprising_spans(ratio, _SUSPECT, doubtful, finder.gap, finder.longest, peaks=easier),
            finder,
            credit,
        )
        for doubtful in _DOUBTS
    )
    return reduce(lambda wide, narrow: _better(wide, narrow, finder.threshold_db), looks)


def credit_of(spans: Spans, hops: int, finder: Finder) -> Array:
    """Return what the clicks around each hop are worth as evidence (dB).

    Where clicks are frequent one more is to be expected: the prior odds are their rate against that
    of sound without damage.
    """
    count = np.bincount(spans[:, 0] // finder.find.hop, minlength=hops)
    around = np.convolve(count, np.ones(2 * _CROWD_HOPS + 1))[_CROWD_HOPS:][:hops]
    others = np.maximum(0.0, around - _CROWD_LEAST)
    return np.asarray(np.minimum(_MOST_CREDIT_DB, _CREDIT_DB * np.log2(1.0 + others)))


def convicted(looks: Sequence[Look], finder: Finder) -> list[Spans]:
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


def _judged(signal: Array, clean: Array, suspects: Spans, finder: Finder, credit: Array) -> Look:
    suspects = suspects[~_flat_tops(signal, suspects)]
    bridged = filled(signal, suspects, finder.find, rounds=1, guess=clean)
    reach = finder.find.order
    hops = np.zeros(credit.size, np.bool_)
    for beside in (-reach, 0, reach):
        hops[np.clip((suspects + beside) // finder.find.hop, 0, credit.size - 1)] = True
    models = fit_models(bridged, finder.find, hops=hops)
    left = prediction_errors(bridged, models)
    taken = signal - bridged
    evidence_db = _loops().evidence(left, taken, suspects, models.weights, finder.find.hop)
    height_db = _loops().height(signal, bridged, suspects, finder.side)
    length = np.maximum(1.0, (suspects[:, 1] - suspects[:, 0]) / finder.usual)
    prior_db = np.minimum(height_db, _HIGHEST_DB) - _PER_DOUBLING_DB * np.log2(length)
    prior_db += credit[suspects[:, 0] // finder.find.hop]
    return Look(suspects, evidence_db + prior_db)


def _better(wide: Look, narrow: Look, enough_db: float) -> Look:
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
    return Look(suspects[order], evidence_db[order])


def _flat_tops(signal: Array, spans: Spans) -> npt.NDArray[np.bool_]:
    """Return which spans hold a stretch of equal samples higher than all around: clipping."""
    return _loops().flat(signal, spans)


# --- loops over samples --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Loops:
    evidence: Callable[[tuple[Array, Array], Array, Spans, Array, int], Array]
    height: Callable[[Array, Array, Spans, int], Array]
    flat: Callable[[Array, Spans], npt.NDArray[np.bool_]]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    return _Loops(compiled(_evidence), compiled(_height), compiled(_flat))


def _evidence(left: tuple[Array, Array], taken: Array, spans: Spans, weights: Array, hop: int) -> Array:
    """Return the drop in surprise (dB) that filling each span brings, in the direction where it is less.

    `left` holds the forward and the backward errors that are left. Those before are
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
