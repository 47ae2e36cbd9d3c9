"""Fill in missing samples so that an autoregressive model is surprised as little as possible.

Least squares: of all values that the missing samples could have, take those with the smallest sum of
squared prediction errors. All that is missing near a hop is solved for at once: the equations'
matrix is banded (samples further apart than the model's order do not meet), so that a Cholesky
factorisation costs the number of missing samples times the square of the order, however they lie.

As the model comes from the very sound that has the holes, fitting and filling are repeated.

Axis letters: T frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nodes.dsp.ar.model import Array, Flags, Grid, Models, compiled, fit_models, hann, prediction_errors

__all__ = ["Spans", "filled", "frames_in"]

Spans = npt.NDArray[np.int64]
"""int64, shape (spans, 2): first frame, and the frame after the last; sorted, apart from each other."""

# The span's hop is where its middle lies; missing samples up to this many hops around a hop are
# solved for together with its own.
_AROUND_HOPS = 0.5
# What was added is judged over so many frames to either side.
_BESIDE = 4
# At least this share of an estimate of what was added comes from the samples.
_LEAST_CERTAIN = 1e-3
# How loud the surprise is beside a span is heard over this many hops.
_SIDE_HOPS = 0.2
# With soft rounds, models are fitted to the result so often: later fits differ by less than 0.1 dB.
_FITS = 2
# A sample counts at most so many times as much as its prediction.
_MOST_TRUST = 1e3
# Power (full scale²) that keeps digital silence from dividing by zero.
_TINY = 1e-20

_Indices = npt.NDArray[np.int64]


def frames_in(spans: Spans, frames: int) -> npt.NDArray[np.bool_]:
    """Return which frames lie in a span, shape (frames,)."""
    inside = np.zeros(frames, np.bool_)
    _marking_loop()(inside, spans)
    return inside


def filled(
    signal: Array,
    spans: Spans,
    grid: Grid,
    *,
    rounds: int = 2,
    soft_rounds: int = 0,
    guess: Array | None = None,
) -> Array:
    """Replace what lies in the spans by what the sound around them leads one to expect.

    Parameters
    ----------
    signal : ndarray, shape (frames,)
        float64, beginning at a multiple of the grid's hop.
    spans : Spans
        What is missing.
    grid : Grid
        Of the models that fill it in. Spans are no longer than its hop.
    rounds : int
        How often the model is fitted to the result of the last round.
    soft_rounds : int
        How many rounds follow in which the samples count for what they are worth: where little was
        added to the sound, as at the edges of a span, most of them is kept.
    guess : ndarray, shape (frames,), optional
        A first idea of the sound, for the first model; by default the spans are silent in it.

    Returns
    -------
    ndarray, shape (frames,)
        The signal, bit for bit outside the spans.

    References
    ----------
    A. Janssen, R. Veldhuis, L. Vries, "Adaptive interpolation of discrete-time signals that can be
    modeled as autoregressive processes", IEEE Trans. ASSP 34(2), 1986, eq. 8 to 12.
    S. Godsill, P. Rayner, Digital Audio Restoration, Springer 1998, section 5.2 (LSAR) and chapter 9
    (clicks of finite variance).
    D. MacKay, "Bayesian interpolation", Neural Computation 4(3), 1992 (how large they are).
    """
    result = signal.copy()
    if not len(spans):
        return result
    inside = frames_in(spans, signal.size)
    result[inside] = 0.0 if guess is None else guess[inside]
    missing = np.flatnonzero(inside)
    groups = _groups(spans, missing, grid)
    owner = groups.owner
    wanted = np.zeros(-(-signal.size // grid.hop), np.bool_)
    wanted[owner] = True
    given = signal[missing]
    trust, variance = np.zeros(missing.size), np.zeros(missing.size)
    models = fit_models(result, grid, hops=wanted)
    power = np.zeros(missing.size)
    for number in range(rounds + soft_rounds):
        if 0 < number < max(rounds, _FITS):
            models = fit_models(result, grid, hops=wanted)
        if soft_rounds and number < max(rounds, _FITS):
            power = _power(result, spans, groups, models, inside)
        if number >= rounds:
            added = (given - result[missing]) ** 2
            trust = _trust(added, 1.0 - variance * trust, missing, power)
        soft = rounds <= number < rounds + soft_rounds - 1
        result[missing], variance = _solved(
            result, given=given, trust=trust, missing=missing, groups=groups, models=models, soft=soft
        )
    return result


@dataclass(frozen=True, eq=False)
class _Groups:
    """Which hop fills each missing frame, and what must be solved for together.

    Parameters
    ----------
    owner : ndarray, shape (missing,)
        The hop that fills a frame: all of a span by its middle, so that it has no seam.
    first, last : ndarray, shape (groups,)
        Where the frames of one owner begin and end among the missing ones.
    near, far : ndarray, shape (groups,)
        The same with the other hops' frames that they depend on.
    """

    owner: _Indices
    first: _Indices
    last: _Indices
    near: _Indices
    far: _Indices


def _groups(spans: Spans, missing: _Indices, grid: Grid) -> _Groups:
    hop, reach = grid.hop, round(_AROUND_HOPS * grid.hop)
    lengths = spans[:, 1] - spans[:, 0]
    middles = np.repeat((spans[:, 0] + spans[:, 1]) // 2, lengths)
    owner = np.asarray(np.where(np.repeat(lengths, lengths) <= hop, middles, missing) // hop)
    cuts = np.flatnonzero(np.diff(owner)) + 1
    first, last = np.concatenate([[0], cuts]), np.concatenate([cuts, [missing.size]])
    # Samples further apart than the order do not meet: what lies beyond such a gap is of no account.
    breaks = np.flatnonzero(np.diff(missing) > grid.order) + 1
    begins, ends = np.concatenate([[0], breaks]), np.concatenate([breaks, [missing.size]])
    near = begins[np.searchsorted(begins, first, "right") - 1]
    far = ends[np.searchsorted(ends, last, "left")]
    hops = owner[first]
    near = np.maximum(near, np.minimum(first, np.searchsorted(missing, hops * hop - reach)))
    far = np.minimum(far, np.maximum(last, np.searchsorted(missing, (hops + 1) * hop + reach)))
    return _Groups(owner, first, last, near, far)


def _power(estimate: Array, spans: Spans, groups: _Groups, models: Models, inside: Flags) -> Array:
    """Return the power of the surprise that is to be expected at each missing frame.

    It is that of the known sound in the model's window, or of the louder side of the span if that is
    more: what follows an attack speaks for it.
    """
    hop = models.grid.hop
    window, half = hann(models.grid) ** 2, hop // 2
    padded = np.ones((models.energy.size + 3) * hop)
    padded[half : half + inside.size] = ~inside
    power = np.zeros(models.energy.size)
    for n in groups.owner[groups.first]:
        power[n] = models.energy[n] / max(1.0, window @ padded[n * hop : (n + 2) * hop])
    forward, backward = prediction_errors(estimate, models)
    beside = _beside_loop()(forward, backward, inside, spans, round(_SIDE_HOPS * hop))
    return np.maximum(power[groups.owner], np.repeat(beside, spans[:, 1] - spans[:, 0]))


def _trust(added: Array, certain: Array, missing: _Indices, surprise: Array) -> Array:
    """Return how the power of the surprise compares with that of what was added, at each missing frame.

    `added` holds the square of the estimate of what was added, and `certain` how much of each estimate
    comes from the samples and not from the expectation: their ratio, over a few frames, is MacKay's
    fixed point for the power (1992, re-estimation by the number of well determined parameters).
    """
    power, share, count = _sums_loop()(added, np.maximum(certain, 0.0), missing)
    power = power / (2 * _BESIDE + 1) / np.maximum(share / count, _LEAST_CERTAIN)
    return np.asarray(np.minimum(_MOST_TRUST, surprise / (power + _TINY)))


def _solved(
    estimate: Array,
    *,
    given: Array,
    trust: Array,
    missing: _Indices,
    groups: _Groups,
    models: Models,
    soft: bool,
) -> tuple[Array, Array]:
    """Return the missing samples and, if asked, their variance as a share of the surprise's power."""
    from nodes.dsp.ar import _banded

    order = models.grid.order
    padded = np.zeros(estimate.size + 2 * order)
    padded[order : order + estimate.size] = estimate
    where = np.stack([groups.first, groups.last, groups.near, groups.far], axis=1)
    weights = models.weights[groups.owner[groups.first]]
    unknown = (missing, trust, trust * given)
    values, variance = _banded.solve_groups(padded, weights, where, unknown, soft)
    return values, variance


# --- loops over samples --------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _marking_loop() -> Callable[[Flags, Spans], None]:
    loop: Callable[[Flags, Spans], None] = compiled(_mark)
    return loop


def _mark(inside: Flags, spans: Spans) -> None:
    for i in range(spans.shape[0]):
        inside[spans[i, 0] : spans[i, 1]] = True


@lru_cache(maxsize=1)
def _sums_loop() -> Callable[[Array, Array, _Indices], tuple[Array, Array, Array]]:
    loop: Callable[[Array, Array, _Indices], tuple[Array, Array, Array]] = compiled(_sums)
    return loop


def _sums(added: Array, certain: Array, missing: _Indices) -> tuple[Array, Array, Array]:
    """Return the sums over the missing frames beside each one, and how many these are."""
    power, share, count = np.zeros(missing.size), np.zeros(missing.size), np.zeros(missing.size)
    first = 0
    for i in range(missing.size):
        while missing[first] < missing[i] - _BESIDE:
            first += 1
        j = first
        while j < missing.size and missing[j] <= missing[i] + _BESIDE:
            power[i] += added[j]
            share[i] += certain[j]
            count[i] += 1.0
            j += 1
    return power, share, count


@lru_cache(maxsize=1)
def _beside_loop() -> Callable[[Array, Array, Flags, Spans, int], Array]:
    loop: Callable[[Array, Array, Flags, Spans, int], Array] = compiled(_beside)
    return loop


def _beside(forward: Array, backward: Array, inside: Flags, spans: Spans, side: int) -> Array:
    """Return the mean square of the errors on the louder side of each span, over its known frames."""
    result = np.zeros(spans.shape[0])
    for i in range(spans.shape[0]):
        before = after = 0.0
        known_before = known_after = 0
        for t in range(max(0, spans[i, 0] - side), spans[i, 0]):
            if not inside[t]:
                before += forward[t] ** 2
                known_before += 1
        for t in range(spans[i, 1], min(forward.size, spans[i, 1] + side)):
            if not inside[t]:
                after += backward[t] ** 2
                known_after += 1
        # A few frames alone are no measure.
        least = side // 4 + 1
        result[i] = max(before / max(least, known_before), after / max(least, known_after))
    return result
