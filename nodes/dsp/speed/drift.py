"""Slow wandering of the speed, without a rate: a tape that slips, a motor that warms up.

A note that comes again tells it: the same key of a piano, the same string, has the same pitch a
minute later, and where all notes have become higher together the speed has. So pitches are sorted
into steps of half a semitone, each with a pitch of its own that need not be in any temperament, and

    cents[piece] = step[piece] + note[track] + drift(time) + error

is solved for a drift of straight lines between knots. Notes are played a little high or low each
time, by as much as shows itself; those that stray count little, and so do the slides within a note.

How sure that is comes from the scatter between notes (a sandwich estimate), as players' intonation
is common to all partials of one note, but not to the next. Pauses part pieces of music, which may be
tuned to another pitch: nothing is followed across.

Axis letters: K knots.

References
----------
K.-Y. Liang, S. L. Zeger, Longitudinal data analysis using generalized linear models, Biometrika
73(1), 1986, eq. 6: the error from the scatter between clusters.
G. K. Robinson, That BLUP is a good thing: the estimation of random effects, Stat. Sci. 6(1), 1991.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nodes.dsp.speed.partials import Partials

__all__ = ["Drift", "Pieces", "find_drift", "no_pieces", "pieces_of"]

# A held tone is summed up in pieces of this length (s), as its pitch may follow the drift.
_PIECE_S = 1.0
# Knots of the drift are this far apart (s): it reaches up to 0.25 Hz, where wow begins.
_KNOT_S = 2.0
# What is solved at once (s), at most; how far apart such windows begin.
_WINDOW_S = 120.0
_STEP_S = 80.0
# No tone for so long (s) parts pieces of music.
_PAUSE_S = 1.5
# Pitches of one step lie within half of this (cents), when the drift is taken off.
_STEP_CENTS = 50.0
# What is expected before anything is heard (cents): of the drift in a second and over all, and of a
# step's pitch within its width.
_DRIFT_CENTS_PER_ROOT_S = 3.0
_MOST_DRIFT_CENTS = 100.0
_WITHIN_STEP_CENTS = 15.0
# Pitches are looked at so many times a second independently, as the window is a tenth of a second and
# a player's own movement is slower.
_LOOKS_PER_S = 4.0
# Least scatter of pieces within notes, and of notes within steps (cents).
_LEAST_PIECE_CENTS = 1.0
_LEAST_NOTE_CENTS = 2.0
# Degrees of freedom of the t distribution that errors are taken to have.
_FREEDOM = 4.0
# Partials that begin within this time (s) are of one note.
_ONE_NOTE_S = 0.1
# Notes, less what was fitted to them, below which their scatter says nothing.
_LEAST_NOTES = 15.0
# A drift must have this power over the variance of its estimate: steady recordings are at 0 to 5, one at
# 17, a wandering of 0.6 % at 40 to 370. And it must be more than musicians' own (cents, effective): 0.2 %.
_SURE = 30.0
_LEAST_DRIFT_CENTS = 3.5
_ROUNDS = 8
# Steps are sorted anew, with the drift so far taken off, in the first rounds.
_SORTING_ROUNDS = 4

_Values = npt.NDArray[np.float64]
_Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pieces:
    """Held tones in short: the mean of each piece.

    Parameters
    ----------
    time_s, cents, length_s : ndarray, shape (pieces,)
        The middle, the pitch over 1 Hz, and how long it is.
    track : ndarray, shape (pieces,)
        Which tone. Sorted.
    onset_s : ndarray, shape (pieces,)
        When that tone began.
    """

    time_s: _Values
    cents: _Values
    length_s: _Values
    track: _Counts
    onset_s: _Values

    def within(self, begin_s: float, end_s: float) -> Pieces:
        """Return the pieces from begin_s to before end_s."""
        kept = (self.time_s >= begin_s) & (self.time_s < end_s)
        return Pieces(
            self.time_s[kept], self.cents[kept], self.length_s[kept], self.track[kept], self.onset_s[kept]
        )


@dataclass(frozen=True, eq=False)
class Drift:
    """A wandering of the speed that is surely there.

    Parameters
    ----------
    time_s, cents : ndarray, shape (knots,)
        When, and how far it is off the mean of its piece of music.
    sureness : float
        Its power over the variance of its estimate.
    """

    time_s: _Values
    cents: _Values
    sureness: float


def no_pieces() -> Pieces:
    """Return what is known of a stretch without held tones."""
    none = np.zeros(0)
    return Pieces(none, none, none, np.zeros(0, np.int64), none)


def pieces_of(partials: Partials, deviation: _Values, begin_s: float) -> Pieces:
    """Sum up the partials of a stretch that begins at begin_s, less a deviation, shape (frames,)."""
    if not partials.track.size:
        return no_pieces()
    time_s = begin_s + partials.frame * partials.hop_s
    first = np.flatnonzero(np.diff(partials.track, prepend=-1))
    onset = np.repeat(time_s[first], np.diff(first, append=time_s.size))
    number = ((time_s - onset) / _PIECE_S).astype(np.int64)
    changes = (np.diff(partials.track, prepend=-1) != 0) | (np.diff(number, prepend=-1) != 0)
    start = np.flatnonzero(changes)
    weight = 1.0 / (1.0 + partials.spread_cents**2)
    sums = np.add.reduceat(weight, start)
    cents = partials.cents - deviation[partials.frame]
    return Pieces(
        time_s=np.add.reduceat(weight * time_s, start) / sums,
        cents=np.add.reduceat(weight * cents, start) / sums,
        length_s=np.diff(start, append=time_s.size) * partials.hop_s,
        track=partials.track[start],
        onset_s=onset[start],
    )


def find_drift(stretches: Sequence[Pieces], *, check: Callable[[], None]) -> list[Drift]:
    """Find where the speed wandered, from pieces of stretches that follow each other in time.

    `check` is called many times a second; it may raise to stop.
    """
    counts = np.cumsum([0, *(1 + part.track.max(initial=-1) for part in stretches)])
    tracks = [part.track + count for part, count in zip(stretches, counts[:-1], strict=True)]
    names = ("time_s", "cents", "length_s", "onset_s")
    rows = {name: np.concatenate([getattr(part, name) for part in stretches]) for name in names}
    whole = Pieces(track=np.concatenate(tracks), **rows)
    found = []
    for begin, end in _between_pauses(whole.time_s):
        drift = _of_one_music(whole.within(begin, end), begin, end, check)
        if drift is not None:
            found.append(drift)
    return found


def _between_pauses(time_s: _Values) -> list[tuple[float, float]]:
    if not time_s.size:
        return []
    ordered = np.sort(time_s)
    pauses = np.flatnonzero(np.diff(ordered) > _PAUSE_S)
    begins = ordered[np.append(0, pauses + 1)]
    ends = ordered[np.append(pauses, ordered.size - 1)] + 1e-6
    return list(zip(begins.tolist(), ends.tolist(), strict=True))


def _of_one_music(pieces: Pieces, begin: float, end: float, check: Callable[[], None]) -> Drift | None:
    """Follow the drift window by window, each laid upon what was found before."""
    length = end - begin
    count = 1 if length <= _WINDOW_S else 1 + math.ceil((length - _WINDOW_S) / _STEP_S)
    knots = begin + np.linspace(0.0, length, 1 + max(1, round(length / _KNOT_S)))
    cents, done = np.zeros(knots.size), 0
    sureness, powers = 0.0, 0.0
    for number in range(count):
        check()
        first = round(number * max(0.0, length - _WINDOW_S) / max(1, count - 1) / (knots[1] - knots[0]))
        last = min(knots.size, first + 1 + round(_WINDOW_S / (knots[1] - knots[0])))
        own = knots[first:last]
        part, sure = _window(pieces.within(own[0], own[-1] + 1e-6), own, check)
        shared = slice(first, max(first + 1, done))
        part = part + (cents[shared] - part[: shared.stop - first]).mean() if done else part
        # Faded into what was found before.
        fade = np.clip(np.arange(1, own.size + 1) / (1.0 + max(0, done - first)), 0.0, 1.0)
        cents[first:last] += fade * (part - cents[first:last])
        done = last
        power = float(part.var())
        sureness, powers = sureness + sure * power, powers + power
    return Drift(knots, cents - cents.mean(), sureness / powers) if powers > 0.0 else None


def _window(pieces: Pieces, knots: _Values, check: Callable[[], None]) -> tuple[_Values, float]:
    """Return the drift at the knots, 0 throughout where it is not sure, and how sure it is."""
    nothing = np.zeros(knots.size), 0.0
    if knots.size < 3 or pieces.track.size < _LEAST_NOTES:
        return nothing
    fit = _Fit(pieces, knots)
    for number in range(_ROUNDS):
        check()
        if number < _SORTING_ROUNDS:
            fit.sort_steps()
        fit.solve()
    notes, covariance = fit.scatter()
    if notes < _LEAST_NOTES:
        return nothing
    centred = fit.drift - fit.drift.mean()
    middle = np.eye(knots.size) - 1.0 / knots.size
    variance = float(np.trace(middle @ covariance @ middle))
    sureness = float(centred @ centred) / max(variance, 1e-30)
    if sureness < _SURE or centred.std() < _LEAST_DRIFT_CENTS:
        return nothing
    return (1.0 - 1.0 / sureness) * centred, sureness


class _Fit:
    """The mixed model of one window, and what is known of it so far."""

    def __init__(self, pieces: Pieces, knots: _Values) -> None:
        self.pieces = pieces
        self.knots = knots
        self.track = np.unique(pieces.track, return_inverse=True)[1]
        self.counts = np.bincount(self.track)
        self.drift = np.zeros(knots.size)
        self.piece_cents, self.note_cents = 2.0, 8.0
        self.piece_trust = np.ones(self.track.size)
        self.note_trust = np.ones(self.counts.size)

    def sort_steps(self) -> None:
        """Sort the tones into steps of pitch, around where most of them are."""
        pieces = self.pieces
        left = pieces.cents - np.interp(pieces.time_s, self.knots, self.drift)
        turns = np.exp(2j * np.pi * left / _STEP_CENTS)
        offset = np.angle((pieces.length_s * turns).sum()) * _STEP_CENTS / (2.0 * np.pi)
        mean = np.bincount(self.track, left) / self.counts
        step, index = np.unique(np.round((mean - offset) / _STEP_CENTS), return_inverse=True)
        self.given = pieces.cents - (step * _STEP_CENTS + offset)[index][self.track]
        self.design = self._design(index[self.track], step.size)
        self.prior = self._prior(step.size)

    def _design(self, step: _Counts, steps: int) -> Any:
        from scipy.sparse import csr_array

        spacing = self.knots[1] - self.knots[0]
        place = np.clip((self.pieces.time_s - self.knots[0]) / spacing, 0.0, self.knots.size - 1.001)
        knot = place.astype(np.int64)
        share = place - knot
        row = np.arange(place.size)
        values = np.concatenate([1.0 - share, share, np.ones(place.size)])
        columns = np.concatenate([knot, knot + 1, self.knots.size + step])
        shape = (place.size, self.knots.size + steps)
        return csr_array((values, (np.tile(row, 3), columns)), shape=shape)

    def _prior(self, steps: int) -> _Values:
        knots, spacing = self.knots.size, self.knots[1] - self.knots[0]
        slopes = np.diff(np.eye(knots), axis=0)
        prior = np.zeros((knots + steps, knots + steps))
        prior[:knots, :knots] = slopes.T @ slopes / (_DRIFT_CENTS_PER_ROOT_S**2 * spacing)
        prior += np.diag(np.repeat([_MOST_DRIFT_CENTS, _WITHIN_STEP_CENTS], [knots, steps]) ** -2.0)
        return prior

    def solve(self) -> None:
        """Solve for drift and steps, the notes' own offsets being chance; then judge all errors anew."""
        from scipy.sparse import csr_array

        looks = np.minimum(self.pieces.length_s, _PIECE_S) * _LOOKS_PER_S
        weight = self.piece_trust * looks / self.piece_cents**2
        rows = np.arange(weight.size)
        summing = csr_array((weight, (self.track, rows)), shape=(self.counts.size, weight.size))
        by_note = summing @ self.design
        known = np.bincount(self.track, weight) + self.note_trust / self.note_cents**2
        both = self.design.T @ (self.design * weight[:, np.newaxis])
        both = both - by_note.T @ (by_note * (1.0 / known)[:, np.newaxis])
        self.normal = np.asarray(both.toarray())
        score = self.design.T @ (weight * self.given) - by_note.T @ ((summing @ self.given) / known)
        self.inverse = np.linalg.inv(self.normal + self.prior)
        solution = self.inverse @ score
        self.drift = solution[: self.knots.size]
        left = self.given - self.design @ solution
        error = left - ((summing @ left) / known)[self.track]
        self.scores = weight * error
        self._judge((summing @ left) / np.bincount(self.track, weight), error)

    def _judge(self, note: _Values, error: _Values) -> None:
        several = self.counts[self.track] > 1
        if several.any():
            self.piece_cents = max(_LEAST_PIECE_CENTS, 1.48 * float(np.median(np.abs(error[several]))))
        self.note_cents = max(_LEAST_NOTE_CENTS, 1.48 * float(np.median(np.abs(note))))
        self.note_trust = (_FREEDOM + 1.0) / (_FREEDOM + (note / self.note_cents) ** 2)
        own = np.bincount(self.track, error * error) / np.maximum(self.counts - 1, 1)
        variance = self.piece_cents**2 + own[self.track]
        far = (_FREEDOM + 1.0) / (_FREEDOM + error * error / variance)
        self.piece_trust = far * self.piece_cents**2 / variance

    def scatter(self) -> tuple[float, _Values]:
        """Return how many notes are left over, and the covariance of the drift by their scatter."""
        from scipy.sparse import csr_array

        note = np.unique(np.floor(self.pieces.onset_s / _ONE_NOTE_S), return_inverse=True)[1]
        notes = int(note.max()) + 1
        rows = np.arange(note.size)
        by_note = csr_array((self.scores, (note, rows)), shape=(notes, note.size)) @ self.design
        spent = float(np.trace(self.inverse @ self.normal))
        factor = notes / max(notes - spent, 1.0)
        meat = np.asarray((by_note.T @ by_note).toarray())
        knots = self.knots.size
        return notes - spent, (self.inverse @ meat @ self.inverse)[:knots, :knots] * factor
