"""What was added to a sound here and there: how likely it is at each sample, and how much it is.

The sound obeys an autoregressive model; what is added to it is zero at most samples. Given a guess of
the added power at each suspected sample, all of them are solved for at once (a band matrix, as samples
further apart than the model's order do not meet), together with how sure each one is. Taking its own
guess out of a sample's answer leaves what all others say about it: a value with a known spread. Against
that value stand two stories, "nothing was added" and "something of one of these sizes was", and their
odds are passed along a chain, because one impulse covers a few samples in a row.

The loops run in numba, which releases the GIL, and are compiled when first needed. Each number is summed
in one order that depends on the hop alone, so that a block of a long signal sees the very numbers that
the whole would have.

Axis letters: T frames, N hops, A suspected frames, J sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nodes.dsp.ar.model import Array

__all__ = ["Found", "Modelled", "Priors", "Suspects", "look", "residuals"]

Indices = npt.NDArray[np.int64]

# Frames beyond a hop that are solved for together with it, in orders of its model.
_MARGIN_ORDERS = 1
# Share by which the matrix's diagonal is raised, so that rounding does not make it singular where a
# pure tone is predicted perfectly.
_RIDGE = 1e-9
# Log odds of frames that nobody suspects, and the largest that are told apart.
_INNOCENT, _SURE = -4.0, 50.0
# What is left of the certainty of a sample when its own guess is taken out: at least this share.
_LEAST_CERTAINTY = 1e-6
# Power (full scale²) that keeps digital silence from dividing by zero.
_TINY = 1e-20


class Modelled(NamedTuple):
    """A sound as it is thought to have been, and its models.

    Parameters
    ----------
    padded : ndarray, shape (N · hop + 2 · order,)
        float64: the sound, with `order` frames of silence before the first model's stretch.
    weights : ndarray, shape (N, order + 1)
        As in `nodes.dsp.ar.model.Models`, one for each hop.
    """

    padded: Array
    weights: Array


class Suspects(NamedTuple):
    """The frames that something may have been added to.

    Parameters
    ----------
    at, given : ndarray, shape (A,)
        int64: which, ascending; and the sound there as it came.
    variance, guess : ndarray, shape (A,)
        Of the model's prediction error near each; and the power that may have been added to it, above
        zero (both full scale²).
    """

    at: Indices
    given: Array
    variance: Array
    guess: Array


class Priors(NamedTuple):
    """What is thought of the impulses near each hop before looking at its samples.

    Parameters
    ----------
    powers, shares : ndarray, shape (N, J)
        The sizes, as the power (full scale²) of a Gaussian each, and how common each is.
    begins, goes_on : ndarray, shape (N,)
        The chance that a frame is hit after one that is not, and after one that is.
    """

    powers: Array
    shares: Array
    begins: Array
    goes_on: Array


class Found(NamedTuple):
    """What is thought of each suspected frame after looking, and of each hop.

    Parameters
    ----------
    chance, added, power, evidence : ndarray, shape (A,)
        The chance that it is hit; the expected values of what was added and of its square (full
        scale²); the square of what seems to be added, in units of its variance if nothing was.
    hits, pairs, energy : ndarray, shape (N,)
        The expected number of frames that are hit and of neighbours that both are, and Σ `power`.
    counts : ndarray, shape (N, J)
        The expected number of frames hit by each size.
    """

    chance: Array
    added: Array
    power: Array
    evidence: Array
    hits: Array
    pairs: Array
    energy: Array
    counts: Array


def residuals(modelled: Modelled) -> tuple[Array, Array, Array]:
    """Return how far each frame is from what the frames around it ask for.

    Returns
    -------
    errors, misfits : ndarray, shape (N · hop,)
        Of the prediction from the frames before, and of the interpolation from both sides.
    gains : ndarray, shape (N,)
        How much larger the variance of the former is than that of the latter.

    References
    ----------
    S. Godsill, P. Rayner, Digital Audio Restoration, Springer 1998, section 5.2 (eq. 5.13 for one
    missing sample).
    """
    return _loops().residuals(*modelled)


def look(modelled: Modelled, suspects: Suspects, priors: Priors, live: npt.NDArray[np.bool_]) -> Found:
    """Weigh what each suspected frame carries, all of a hop together.

    Parameters
    ----------
    modelled : Modelled
        The sound, and what it obeys.
    suspects, priors
        Where to look, and what to expect.
    live : ndarray, shape (N,)
        The hops to look at. In others nothing is found.

    References
    ----------
    S. Godsill, P. Rayner, Digital Audio Restoration, Springer 1998, chapters 9 (impulses of known
    variance in an autoregressive signal) and 12 (their detection as a chain).
    T. Minka, "Expectation propagation for approximate Bayesian inference", UAI 2001: the sample's own
    guess is taken out before the stories are told.
    """
    return Found(*_loops().look(modelled, suspects, priors, live))


# --- loops over samples --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Loops:
    residuals: Callable[[Array, Array], tuple[Array, Array, Array]]
    look: Callable[[Modelled, Suspects, Priors, npt.NDArray[np.bool_]], tuple[Array, ...]]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    from numba import njit
    from numba.extending import register_jitable

    # Sums may be regrouped for the processor's vectors: the grouping depends on their length alone.
    loose = {"reassoc", "contract", "nsz"}
    for inner in (_lags, _wanted, _factor, _solve, _sizes, _chances, _weigh, _errors, _seen):
        register_jitable(fastmath=loose)(inner)
    compiled: Any = njit(cache=True, nogil=True, fastmath=loose)
    return _Loops(compiled(_residuals), compiled(_look))


def _errors(sound: Array, model: Array, errors: Array) -> None:
    """Predict each frame of `errors` from the `order` before it; the sound begins that much earlier."""
    errors[:] = 0.0
    _weigh(sound, model[::-1].copy(), errors)


def _weigh(sound: Array, weights: Array, into: Array) -> None:
    """Add to each frame the weighted sum of the sound from there on."""
    # Four weights share one pass.
    fours = weights.size - weights.size % 4
    for k in range(0, fours, 4):
        w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        shifted = sound[k : k + into.size + 3]
        for t in range(into.size):
            into[t] += (w0 * shifted[t] + w1 * shifted[t + 1]) + (w2 * shifted[t + 2] + w3 * shifted[t + 3])
    for k in range(fours, weights.size):
        weight, shifted = weights[k], sound[k : k + into.size]
        for t in range(into.size):
            into[t] += weight * shifted[t]


def _residuals(padded: Array, weights: Array) -> tuple[Array, Array, Array]:
    count, order = weights.shape[0], weights.shape[1] - 1
    hop = (padded.size - 2 * order) // count
    errors, misfits = np.zeros(count * hop), np.zeros(count * hop)
    gains = np.zeros(count)
    near = np.zeros(hop + order)
    for n in range(count):
        model = weights[n]
        for k in range(order + 1):
            gains[n] += model[k] ** 2
        _errors(padded[n * hop :], model, near)
        errors[n * hop : (n + 1) * hop] = near[:hop]
        _weigh(near, model / gains[n], misfits[n * hop : (n + 1) * hop])
    return errors, misfits, gains


def _look(
    modelled: Modelled, suspects: Suspects, priors: Priors, live: npt.NDArray[np.bool_]
) -> tuple[Array, ...]:
    (padded, weights), at = modelled, suspects.at
    hops, order = weights.shape[0], weights.shape[1] - 1
    frames = padded.size - 2 * order
    hop = frames // hops
    chance, added, power, evidence = np.zeros((4, at.size))
    hits, pairs, energy = np.zeros((3, hops))
    counts = np.zeros(priors.powers.shape)
    for n in np.flatnonzero(live):
        begin = max(0, n * hop - _MARGIN_ORDERS * order)
        end = min(frames, (n + 1) * hop + _MARGIN_ORDERS * order)
        low, high = np.searchsorted(at, begin), np.searchsorted(at, end)
        if low == high:
            continue
        near = at[low:high] - begin
        stretch = padded[begin : end + 2 * order].copy()
        for i in range(near.size):
            stretch[order + near[i]] = suspects.given[low + i]
        variance = suspects.variance[low:high]
        seen, doubt = _seen(stretch, weights[n], near, variance, suspects.guess[low:high])
        odds, value, square, sizes = _sizes(seen, doubt, priors.powers[n], priors.shares[n])
        hit = _chances(odds, near, end - begin, priors.begins[n], priors.goes_on[n])
        for i in range(near.size):
            if 0 <= near[i] + begin - n * hop < hop:
                k = low + i
                chance[k], added[k], power[k] = hit[i], hit[i] * value[i], hit[i] * square[i]
                evidence[k] = seen[i] ** 2 / doubt[i]
                hits[n] += hit[i]
                energy[n] += power[k]
                counts[n] += hit[i] * sizes[i]
                if i + 1 < near.size and near[i + 1] == near[i] + 1:
                    pairs[n] += hit[i] * hit[i + 1]
    return chance, added, power, evidence, hits, pairs, energy, counts


def _seen(stretch: Array, model: Array, at: Indices, variance: Array, guess: Array) -> tuple[Array, Array]:
    """Return what all but its own guess say was added to each suspect, and the variance of that."""
    trust = variance / guess
    factor, first = _factor(_lags(model), at, trust)
    mean, spread = _solve(factor, first, _wanted(stretch, model, at))
    apart = np.maximum(_LEAST_CERTAINTY, 1.0 - spread * trust)
    return mean / apart, spread * variance / apart + _TINY


def _lags(model: Array) -> Array:
    """Return the autocorrelation of a model's weights: the diagonals of the equations' matrix."""
    lags = np.zeros(model.size)
    for k in range(model.size):
        shifted = model[k:]
        for i in range(shifted.size):
            lags[k] += model[i] * shifted[i]
    return lags


def _wanted(sound: Array, model: Array, at: Indices) -> Array:
    """Return the equations' right side: what the model asks to be taken from the sound at `at`."""
    order = model.size - 1
    errors = np.zeros(sound.size - order)
    _errors(sound, model, errors)
    result = np.zeros(at.size)
    for i in range(at.size):
        ahead = errors[at[i] :]
        for k in range(order + 1):
            result[i] += model[k] * ahead[k]
    return result


def _factor(lags: Array, at: Indices, trust: Array) -> tuple[Array, Indices]:
    """Return the Cholesky factor, and the first column of each row.

    Row i holds its columns first[i] … i − 1, and at its end the inverse of the diagonal.
    """
    order, count = lags.size - 1, at.size
    factor = np.empty((count, order + 1))
    first = np.zeros(count, np.int64)
    left = 0
    for i in range(count):
        while at[i] - at[left] > order:
            left += 1
        first[i] = left
        row = factor[i]
        for j in range(left, i):
            other = factor[j, left - first[j] :]
            value = lags[at[i] - at[j]]
            for k in range(j - left):
                value -= row[k] * other[k]
            row[j - left] = value * factor[j, order]
        value = lags[0] * (1.0 + _RIDGE) + trust[i]
        for k in range(i - left):
            value -= row[k] ** 2
        row[order] = 1.0 / np.sqrt(max(value, _RIDGE * lags[0]))
    return factor, first


def _solve(factor: Array, first: Indices, wanted: Array) -> tuple[Array, Array]:
    """Return the solution, and the diagonal of the inverse matrix.

    Of the inverse only the band is needed (K. Takahashi, J. Fagan, M. Chin, "Formation of a sparse bus
    impedance matrix", 8th PICA Conf., 1973). Row i of it holds columns i − order … i + order.
    """
    count, order = factor.shape[0], factor.shape[1] - 1
    found = wanted.copy()
    for i in range(count):
        for k in range(i - first[i]):
            found[i] -= factor[i, k] * found[first[i] + k]
        found[i] *= factor[i, order]
    inverse = np.empty((count, 2 * order + 1))
    column = np.empty(order)
    last = count - 1
    for j in range(count - 1, -1, -1):
        while first[last] > j:
            last -= 1
        below, head = last - j, factor[j, order]
        for a in range(below):
            entry = factor[j + 1 + a, j - first[j + 1 + a]]
            found[j] -= entry * found[j + 1 + a]
            column[a] = entry * head
        found[j] *= head
        total = head * head
        for a in range(below):
            row = inverse[j + 1 + a, order - a :]
            value = 0.0
            for b in range(below):
                value += column[b] * row[b]
            inverse[j + 1 + a, order - 1 - a] = -value
            inverse[j, order + 1 + a] = -value
            total += column[a] * value
        inverse[j, order] = total
    return found, inverse[:, order].copy()


def _sizes(seen: Array, doubt: Array, powers: Array, shares: Array) -> tuple[Array, Array, Array, Array]:
    """Return the log likelihood ratio of "hit", and if so: what was added, its square, the sizes' chances."""
    odds, added, power = np.zeros((3, seen.size))
    chances = np.zeros((seen.size, powers.size))
    for i in range(seen.size):
        square, variance = seen[i] * seen[i], doubt[i]
        top = powers[-1] / (powers[-1] + variance)
        total = value = both = 0.0
        for j in range(powers.size):
            kept = powers[j] / (powers[j] + variance)
            likely = shares[j] * np.sqrt(1.0 - kept) * np.exp(0.5 * (kept - top) * square / variance)
            chances[i, j] = likely
            total += likely
            value += likely * kept
            both += likely * kept * (kept * square + variance)
        odds[i] = 0.5 * top * square / variance + np.log(total + _TINY)
        added[i], power[i] = value * seen[i] / (total + _TINY), both / (total + _TINY)
        chances[i] /= total + _TINY
    return odds, added, power, chances


def _chances(odds: Array, at: Indices, frames: int, begins: float, goes_on: float) -> Array:
    """Pass the odds along a chain of two states, forwards and backwards, over all frames."""
    likely = np.full(frames, np.exp(_INNOCENT))
    for i in range(at.size):
        likely[at[i]] = np.exp(min(_SURE, max(-_SURE, odds[i])))
    ahead = np.zeros(frames)
    told = begins / (1.0 - goes_on)
    for t in range(frames):
        ahead[t] = told
        told *= likely[t]
        told = (told * goes_on + begins) / (told * (1.0 - goes_on) + 1.0 - begins)
    result = np.zeros(at.size)
    behind, i = 1.0, at.size - 1
    for t in range(frames - 1, -1, -1):
        told = behind * likely[t]
        if i >= 0 and at[i] == t:
            result[i] = ahead[t] * told / (1.0 + ahead[t] * told)
            i -= 1
        behind = (goes_on * told + 1.0 - goes_on) / (begins * told + 1.0 - begins)
    return result
