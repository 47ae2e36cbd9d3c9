"""Take crackle out: crowds of faint impulses, too many and too small to be judged one by one.

The sound is taken for an autoregressive signal to which, at a share of the samples, something was added.
Neither the models, nor the level of their prediction errors, nor how common and how large the impulses
are is known; all are learned from the sound in turns. Models that were fitted through crackle hardly know
the sound beneath, so that at first only the loudest impulses show. Each turn takes out what it is sure
of, and part of what it half believes; the next models are the better for it.

Crackle is everywhere, while strokes and attacks come and go: a passage counts as crackling when, all over
it, short times hold at least one sure impulse. Elsewhere the sound passes bit for bit.

Everything looks at a finite stretch of sound on a grid fixed to the signal, so that blocks of a long
signal give what the whole would.

Axis letters: T frames, N hops, J sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodes.dsp.ar.interpolate import Spans
from nodes.dsp.ar.model import Array, Grid, fit_models
from nodes.dsp.ar.sparse_noise import Found, Modelled, Priors, Suspects, look, residuals

__all__ = ["CONTEXT_HOPS", "CrackleSearch", "search_for", "take_crackle_out"]

# Stretch that one model describes (ms), and the parts of it that have a level of their own.
_HOP_MS, _PARTS_PER_HOP = 23.0, 8
# How far models look back (ms). Half as far again gains 0.1 dB in thin crackle and loses 1.4 dB in dense.
# More than 32 frames gain 0.2 dB at 96 kHz and take half as long again.
_LOOK_BACK_MS, _ORDERS = 0.73, (16, 32)
# The turns, each with its share of the models' order: what is still full of crackle knows no details.
_ORDER_SHARES = (0.5, 0.75, 1.0, 1.0, 1.0)
# Those of them after which crowds are looked for. The level of the errors is a median in the first ones,
# as the rest of the crackle is among them, and then their power.
_TURNS, _CROWD_TURNS, _MEDIAN_TURNS = len(_ORDER_SHARES), 3, 2
# A frame is suspected from two standard deviations on, or while it is believed to be hit at all.
_SUSPECT, _BELIEVED = 4.0, 0.1
# The median of |e| is 0.6745 standard deviations (Gauss). Parts to either side that the median spans.
_MEDIAN, _MEDIAN_PARTS = 0.6745, 3
# Sizes: so many, so far apart (dB); the mean size found so far is the second from the top.
_SIZES, _SIZE_STEP_DB = 3, 10.0
# Before anything is known: a frame in 20 is hit, and impulses last some three frames. What is seen near
# a hop counts against so many frames of that opinion.
_FIRST_CHANCE, _FIRST_GOES_ON, _OPINION = 0.05, 0.7, 20.0
_GOES_ON, _CHANCES = (0.3, 0.95), (1e-4, 0.5)
# How much the hops around count when sizes and chances are learned.
_AROUND = (1.0, 1.0, 2.0, 1.0, 1.0)
# For the first idea of sizes: what stands out by three standard deviations, over four hops to either side.
_OUTSTANDING, _FIRST_AROUND = 9.0, (1.0,) * 9
# Crowds: times of 6 ms, over 0.35 s to either side. The passage is left alone up to so many sure impulses
# a second, and fully treated from the second number on. Drum loops reach 15, crackle starts at hundreds.
_TIMES_PER_HOP, _CROWD_HOPS, _CROWD_PER_S = 4, 15, (45.0, 70.0)
_CROWD = (1.0,) * (2 * _CROWD_HOPS + 1)
# Beyond the first share all doubt begins, at the second it is complete. Crackle at 3000/s hits a quarter
# of all frames; what is hit much more often just does not obey the model.
_TOO_MANY = (0.4, 0.5)
# Up to 1 % of crackle lasts longer than this (ms, and at least frames), but half or more of the beans of
# a shaker, of jingles or of claps: their resonances are excited, and ring.
_TOO_LONG, _LONG_MS, _LONG_FRAMES = (0.2, 0.4), 0.3, 12
# Of crackle up to 12 % lies in the middle of its neighbours to within two frames, of the pulses of reeds
# and oscillators most.
_TOO_EVEN, _EVEN_FRAMES = (0.2, 0.3), 2
# Prediction errors below this (full scale) are digital silence: −120 dBFS. Impulses are not below −140.
_SILENT, _TINY = 1e-6, 1e-14

# A turn looks two hops to either side: models reach one hop, solving and learning two.
_TURN_HOPS = 2
# How far the turns after the crowds are known look, and all that leads to knowing them.
_LAST_HOPS = _TURN_HOPS * (_TURNS - _CROWD_TURNS)
_FIRST_HOPS = _TURN_HOPS * _CROWD_TURNS + len(_FIRST_AROUND) // 2 + _CROWD_HOPS
CONTEXT_HOPS = _FIRST_HOPS + _LAST_HOPS + 1
"""How far beyond a block its result may depend on the sound, in hops."""


@dataclass(frozen=True)
class CrackleSearch:
    """The settings of a search.

    Parameters
    ----------
    grid : Grid
        Of the models.
    sample_rate : int
        Hz.
    threshold_db : float
        How far an impulse must stand out of what the sound allows to be sure.
    """

    grid: Grid
    sample_rate: int
    threshold_db: float


def search_for(sample_rate: int, *, threshold_db: float) -> CrackleSearch:
    """Return the settings for a sample rate."""
    part = max(8, round(_HOP_MS / _PARTS_PER_HOP * sample_rate / 1000))
    order = int(np.clip(round(_LOOK_BACK_MS * sample_rate / 1000), *_ORDERS))
    return CrackleSearch(Grid(part * _PARTS_PER_HOP, order), sample_rate, threshold_db)


def take_crackle_out(signal: Array, search: CrackleSearch) -> tuple[Array, Spans]:
    """Return the signal without its crackle, and where that was.

    Parameters
    ----------
    signal : ndarray, shape (frames,)
        float64, beginning at a multiple of the grid's hop.
    search : CrackleSearch
        What to look for.

    Returns
    -------
    restored : ndarray, shape (frames,)
        float64, bit for bit the signal where it does not crackle.
    spans : Spans
        What is more likely crackle than not.

    References
    ----------
    S. Godsill, P. Rayner, Digital Audio Restoration, Springer 1998, chapters 9 and 12.
    """
    state = _State.before(signal, search.grid)
    for turn in range(_CROWD_TURNS):
        _take_turn(state, turn, np.ones(state.hops, bool))
    crackling = _crackling(state, search)
    if not crackling.any():
        return signal, np.zeros((0, 2), np.int64)
    live = np.asarray(_around(crackling, (1.0,) * (2 * _LAST_HOPS + 1)) > 0)
    for turn in range(_CROWD_TURNS, _TURNS):
        _take_turn(state, turn, live)
    share = np.repeat(crackling, search.grid.hop)[: signal.size]
    return signal - share * state.added, _spans((state.chance > 0.5) & (share > 0))


@dataclass(eq=False)
class _State:
    """What is believed of a signal so far.

    Parameters
    ----------
    signal : ndarray, shape (frames,)
        As it came.
    grid : Grid
        Of the models.
    added, power, chance, evidence : ndarray, shape (frames,)
        See `Found`, here for all frames.
    stairs : ndarray, shape (parts,)
        The least variance of a prediction error (full scale²).
    priors : Priors
        How large and how common impulses are near each hop.
    """

    signal: Array
    grid: Grid
    added: Array
    power: Array
    chance: Array
    evidence: Array
    stairs: Array
    priors: Priors

    @classmethod
    def before(cls, signal: Array, grid: Grid) -> _State:
        """Return what is believed before anything was seen."""
        hops = -(-signal.size // grid.hop)
        shares = np.full((hops, _SIZES), 1.0 / _SIZES)
        priors = Priors(shares, shares, np.full(hops, _FIRST_CHANCE), np.full(hops, _FIRST_GOES_ON))
        added, power, chance, evidence = np.zeros((4, signal.size))
        return cls(signal, grid, added, power, chance, evidence, _stairs(signal, hops, grid), priors)

    @property
    def hops(self) -> int:
        return self.priors.begins.size


def _take_turn(state: _State, turn: int, live: npt.NDArray[np.bool_]) -> None:
    """Fit models to the sound as it is believed to be, and look again at what was added."""
    grid = Grid(state.grid.hop, round(_ORDER_SHARES[turn] * state.grid.order))
    frames = state.signal.size
    padded = np.zeros(state.hops * grid.hop + 2 * grid.order)
    sound = np.subtract(state.signal, state.added, out=padded[grid.order : grid.order + frames])
    modelled = Modelled(padded, fit_models(sound, grid).weights)
    errors, misfits, gains = residuals(modelled)
    level = np.maximum(state.stairs, _level(errors, grid, turn))
    doubt = level / np.repeat(gains, _PARTS_PER_HOP)
    if turn == 0:
        state.priors = state.priors._replace(powers=_first_powers(misfits, doubt, grid))
    at = _suspected(state, misfits, doubt)
    part = at // (grid.hop // _PARTS_PER_HOP)
    unknown = np.maximum(misfits[at] ** 2, doubt[part])
    guess = np.where(state.power[at] > 0, state.power[at], unknown)
    found = look(modelled, Suspects(at, state.signal[at], level[part], guess), state.priors, live)
    for name in ("added", "power", "chance", "evidence"):
        values = getattr(state, name)
        values[:] = 0.0
        values[at] = getattr(found, name)
    state.priors = _learned(found, grid)


def _suspected(state: _State, misfits: Array, doubt: Array) -> npt.NDArray[np.int64]:
    """Return the frames that may be hit, and their neighbours."""
    order, frames = state.grid.order, state.signal.size
    seen = misfits.copy()
    seen[:frames] += state.added
    odd = (np.square(seen).reshape(doubt.size, -1) > _SUSPECT * doubt[:, None]).reshape(-1)[:frames]
    odd |= state.chance > _BELIEVED
    near = odd.copy()
    near[1:] |= odd[:-1]
    near[:-1] |= odd[1:]
    # What lacks a past or a future surprises anyhow.
    near[:order] = near[max(0, frames - order) :] = False
    return np.flatnonzero(near)


def _learned(found: Found, grid: Grid) -> Priors:
    """Let what was found around each hop set what is expected there."""
    hits, pairs, energy = (_around(each, _AROUND) for each in (found.hits, found.pairs, found.energy))
    share = np.clip((hits + 1.0) / (sum(_AROUND) * grid.hop + _OPINION), *_CHANCES)
    goes_on = np.clip((pairs + 10.0 * _FIRST_GOES_ON) / (hits + 10.0), *_GOES_ON)
    begins = np.clip(share * (1.0 - goes_on) / (1.0 - share), *_CHANCES)
    counts = np.stack([_around(size, _AROUND) for size in found.counts.T], axis=1)
    counts += 0.02 * hits[:, None] + 1.0
    return Priors(
        _powers((energy + _TINY) / (hits + 1e-3)),
        counts / np.sum(counts, axis=1, keepdims=True),
        begins,
        goes_on,
    )


def _powers(mean: Array) -> Array:
    """Return the sizes around a mean power, shape (hops, sizes)."""
    steps = 10.0 ** (0.1 * _SIZE_STEP_DB * (np.arange(_SIZES) - (_SIZES - 2.0)))
    return np.asarray(mean[:, None] * steps)


def _level(errors: Array, grid: Grid, turn: int) -> Array:
    """Return the variance of the prediction errors of each part."""
    part = grid.hop // _PARTS_PER_HOP
    squares = (errors * errors).reshape(-1, part)
    if turn < _MEDIAN_TURNS:
        middle = np.partition(squares, part // 2, axis=1)[:, part // 2] / _MEDIAN**2
        level = _around(middle, (1.0,) * (2 * _MEDIAN_PARTS + 1)) / (2 * _MEDIAN_PARTS + 1)
    else:
        level = _around(np.sum(squares, axis=1) / part, (0.25, 0.5, 0.25))
    return level


def _stairs(signal: Array, hops: int, grid: Grid) -> Array:
    """Return the square of the smallest step of each hop, for its parts.

    Sound of few bits, or drawn by a machine, moves in steps, which no model foresees; the smallest step
    of recorded sound is far below its surprises.
    """
    steps = np.full(hops * grid.hop, np.inf)
    steps[: max(0, signal.size - 1)] = np.abs(np.diff(signal))
    steps[steps == 0.0] = np.inf
    least = np.min(steps.reshape(hops, grid.hop), axis=1, initial=np.inf)
    return np.repeat(np.where(np.isfinite(least), least, 0.0) ** 2 + _SILENT**2, _PARTS_PER_HOP)


def _first_powers(misfits: Array, doubt: Array, grid: Grid) -> Array:
    """Return the sizes of what stands out near each hop."""
    squares = (misfits * misfits).reshape(doubt.size, -1)
    out = squares > _OUTSTANDING * doubt[:, None]
    power, count = (
        _around(each.reshape(-1, grid.hop).sum(axis=1, dtype=np.float64), _FIRST_AROUND)
        for each in (np.where(out, squares, 0.0), out)
    )
    return _powers((power + _TINY) / np.maximum(1.0, count))


def _crackling(state: _State, search: CrackleSearch) -> Array:
    """Return for each hop how much it is to be treated, 0 to 1."""
    hop = search.grid.hop
    time = hop // _TIMES_PER_HOP
    sure = _sure_impulses(state, search)
    begins, lengths = sure[:, 0], sure[:, 1] - sure[:, 0]
    long = lengths > max(_LONG_FRAMES, _LONG_MS * search.sample_rate / 1000)
    struck = np.zeros(state.hops * _TIMES_PER_HOP)
    struck[begins[~long] // time] = 1.0
    chances = np.zeros(state.hops * hop)
    chances[: state.chance.size] = state.chance
    hops = _around(np.ones(state.hops), _CROWD)
    share = _around(struck.reshape(state.hops, -1).sum(axis=1), _CROWD) / (hops * _TIMES_PER_HOP)
    hit = _around(chances.reshape(state.hops, -1).sum(axis=1), _CROWD) / (hops * hop)
    # Poisson: times without any tell how many there are.
    per_s = -np.log(np.maximum(1e-3, 1.0 - share)) * search.sample_rate / time
    even = np.abs(begins[2:] - 2 * begins[1:-1] + begins[:-2]) <= _EVEN_FRAMES
    doubts = (
        _risen(hit, _TOO_MANY),
        _risen(_share_of(long, begins // hop, state.hops), _TOO_LONG),
        _risen(_share_of(even, begins[1:-1] // hop, state.hops), _TOO_EVEN),
    )
    return np.asarray(_risen(per_s, _CROWD_PER_S) * np.prod(1.0 - np.stack(doubts), axis=0))


def _sure_impulses(state: _State, search: CrackleSearch) -> Spans:
    """Return what is more likely crackle than not and stands out far enough."""
    spans = _spans(state.chance > 0.5)
    sure = np.append(0, np.cumsum(state.evidence > 10.0 ** (search.threshold_db / 10.0)))
    return spans[sure[spans[:, 1]] > sure[spans[:, 0]]]


def _spans(inside: npt.NDArray[np.bool_]) -> Spans:
    edges = np.diff(inside.astype(np.int8), prepend=0, append=0)
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)


def _share_of(which: npt.NDArray[np.bool_], at: npt.NDArray[np.int64], hops: int) -> Array:
    """Return the share of the impulses around each hop that are of a kind; `at` tells the hop of each."""
    found, every = (
        _around(np.bincount(at, weights=each, minlength=hops).astype(np.float64), _CROWD)
        for each in (which, np.ones(at.size))
    )
    return np.asarray(found / np.maximum(1.0, every))


def _risen(values: Array, between: tuple[float, float]) -> Array:
    """Return where in a range values are: 0 below it, 1 above."""
    return np.asarray(np.clip((values - between[0]) / (between[1] - between[0]), 0.0, 1.0))


def _around(values: Array, weights: tuple[float, ...]) -> Array:
    """Return the weighted sum of each value and its neighbours, in an order that is the same everywhere."""
    half = len(weights) // 2
    padded = np.pad(values, half)
    total = np.zeros(values.size)
    for k, weight in enumerate(weights):
        total += weight * padded[k : k + values.size]
    return total
