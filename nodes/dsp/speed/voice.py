"""The pitch of one voice, followed to a fraction of a cent from a rough notion of it.

A model tells where the pitch of a single voice is, to a few cents, and whether there is one. That is
not fine enough for wow, but it says where every harmonic must be: so the sound is turned back by the
phase of that pitch, harmonic by harmonic. What is left turns slowly, and its instantaneous frequency
(reassignment, as in `speed.partials`) tells how far off the notion was. That is done again with the
better notion, until what moves faster than the window is long is in it, too. Harmonics vote: each
counts by its power and its number, and those that something else hides are outvoted.

A voice bends its notes. Slides between notes are left out, as they tell nothing of the machine, and
vibrato is taken off each note, lest its leftovers in short notes be taken for a slow wow.

Axis letters: T frames, H harmonics.

References
----------
F. Auger and P. Flandrin, Improving the readability of time-frequency and time-scale representations
by the reassignment method, IEEE Trans. Signal Process. 43(5), 1995, eq. 12.
H. Kawahara et al., Fixed point analysis of frequency to instantaneous frequency mapping for accurate
estimation of F0 and periodicity, Eurospeech 1999: f0 refined from the harmonics' phases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nodes.dsp.speed.partials import CENTS, Partials, Wave

__all__ = ["SLOW_HZ", "Contour", "follow_voice"]

# Harmonics up to this frequency (Hz), and so many at most: above, voices are breath.
_HIGHEST_HZ = 5000.0
_MOST_HARMONICS = 24
# How often the notion is corrected before the harmonics are asked. Of a modulation of 3 Hz all is then
# followed, of 8 Hz 1 − 0.31³.
_ROUNDS = 2
# A notion that changes by more in a second is another note, or an octave error (cents).
_JUMP_CENTS_PER_S = 12000.0
# A change by more (cents) from what is heard before to what is heard after, over such a time (s), which
# is a turn of a vibrato, makes another note.
_CHANGE_CENTS = 70.0
_BESIDE_S = 0.18
# The ends of notes (s) do not count, and what slides there by more (cents/s), up to that time (s).
_EDGE_S = 0.06
_SLIDE_CENTS_PER_S = 1200.0
_LONGEST_SLIDE_S = 0.2
# What is left must last (s).
_LEAST_NOTE_S = 0.15
# No voice holds a note better than this (cents): else a few steady notes would count for all.
_VOICE_CENTS = 5.0
# Harmonics that disagree by more (cents) have no common pitch.
_WORST_CENTS = 30.0
# Vibrato: its rates (Hz), and the least depth that is taken off (cents, effective): what machines make
# there is less.
_VIBRATO_HZ = np.arange(4.0, 8.01, 0.25)
_LEAST_VIBRATO_CENTS = 5.0
_LEAST_VIBRATO_TURNS = 3.0
# It must leave at most this share of what else is left of the note.
_MOST_LEFT = 0.4
# … and the share of time from which on the voice is taken to have one.
_VIBRATO_SHARE = 0.1
# Depth and phase of a vibrato may follow a polynomial of that degree, at most one for each turn and a half.
_MOST_SWELL = 3
# … and one that strays by more than this share of 1/window is noise: steady tones are at 0.02, noise at 0.3.
_MOST_STRAY = 0.18
# Harmonics so far below the strongest are not there: what is heard in their place are others' skirts.
_LEAST_POWER = 1e-5
# Knots in a hop, to which the turned-back harmonics are lowered.
_KNOTS = 8
# A correction by more (cents) is none.
_MOST_OFF_CENTS = 150.0

SLOW_HZ = 2.0
"""Beside a vibrato what is slower than this is kept of a note (Hz)."""

_Values = npt.NDArray[np.float64]
_Counts = npt.NDArray[np.int64]
_Check = Callable[[], None]


@dataclass(frozen=True, eq=False)
class Contour:
    """A rough notion of a voice's pitch, at even distances from the beginning on.

    Parameters
    ----------
    cents : ndarray, shape (points,)
        Pitch over 1 Hz.
    voiced : ndarray of bool, shape (points,)
        Whether there is one.
    step_s : float
        From point to point.
    """

    cents: _Values
    voiced: npt.NDArray[np.bool_]
    step_s: float


@dataclass(frozen=True, eq=False)
class _Sound:
    """The sound; from knot to knot and from frame to frame, in samples; how far a frame looks, in knots."""

    mono: Wave
    sample_rate: float
    knot: int
    hop: int
    side: int


def follow_voice(
    mono: Wave,
    sample_rate: float,
    contour: Contour,
    *,
    window_s: float,
    hop_s: float,
    check: _Check,
) -> tuple[Partials, bool]:
    """Follow the pitch of one voice; its notes take the place of partials.

    Parameters
    ----------
    mono : ndarray, shape (frames,)
        The stretch, as `heard` gives it.
    sample_rate : float
        In Hz.
    contour : Contour
        Where about the pitch is.
    window_s, hop_s : float
        Length and step of the analysis.
    check : callable
        Called many times a second; may raise to stop.

    Returns
    -------
    partials : Partials
        The harmonics of each note. Movements are seen as they are, not through a window.
    vibrato : bool
        Whether the voice has one: then only what is slower than `SLOW_HZ` is left.
    """
    knot = max(1, round(hop_s * sample_rate / _KNOTS))
    side = max(4, round(0.5 * window_s * sample_rate / knot))
    sound = _Sound(mono, sample_rate, knot, _KNOTS * knot, side)
    count = 1 + mono.size // sound.hop
    hop_s = sound.hop / sample_rate
    times: _Values = hop_s * np.arange(count, dtype=np.float64)
    cents, run = _runs(contour, times)
    cents = _smoothed(cents, run, window_s / hop_s)
    for _ in range(_ROUNDS):
        cents, known = _corrected(sound, cents, run, check)
        run = np.where(known, run, -1)
    check()
    plain, run, vibrato = _without_vibrato(cents, _notes(cents, run, hop_s), hop_s)
    bend = cents - plain
    tones = _tones(sound, cents, run, check)
    parts = [np.concatenate(column) for column in zip(*tones, strict=True)] if tones else [np.zeros(0)] * 3
    frame = parts[0].astype(np.int64)
    notes = Partials(
        frame=frame,
        track=np.repeat(np.arange(len(tones)), [len(tone[0]) for tone in tones]),
        cents=parts[1] - bend[frame],
        spread_cents=np.hypot(parts[2], _VOICE_CENTS),
        frames=count,
        tracks=len(tones),
        hop_s=hop_s,
        window_s=0.0,
    )
    return notes, vibrato


def _runs(contour: Contour, times_s: _Values) -> tuple[_Values, _Counts]:
    """Return the notion at times, and the number of the unbroken run that each is in; −1 in none."""
    jump = np.abs(np.diff(contour.cents, prepend=contour.cents[:1])) > _JUMP_CENTS_PER_S * contour.step_s
    begins = contour.voiced & (jump | ~np.append(False, contour.voiced[:-1]))
    number = np.where(contour.voiced, np.cumsum(begins) - 1, -1)
    at = times_s / contour.step_s
    before = np.minimum(at.astype(np.int64), contour.cents.size - 1)
    after = np.minimum(before + 1, contour.cents.size - 1)
    share = np.clip(at - before, 0.0, 1.0)
    cents = (1.0 - share) * contour.cents[before] + share * contour.cents[after]
    return cents, np.where(number[before] == number[after], number[before], -1)


def _smoothed(cents: _Values, run: _Counts, frames: float) -> _Values:
    """Smooth each run by a Hann window, as what moves faster than one is long cannot be corrected."""
    smooth = cents.copy()
    side = max(1, round(0.5 * frames))
    window = np.hanning(2 * side + 1)
    for span in _spans(run):
        padded = np.pad(cents[span], side, mode="edge")
        smooth[span] = np.convolve(padded, window / window.sum(), "valid")
    return smooth


def _spans(run: _Counts) -> list[slice]:
    """Return where each run is."""
    edges = np.flatnonzero(np.diff(run, prepend=-1, append=-1))
    parts = [slice(int(a), int(b)) for a, b in pairwise(edges)]
    return [part for part in parts if run[part.start] >= 0]


def _corrected(
    sound: _Sound, cents: _Values, run: _Counts, check: _Check
) -> tuple[_Values, npt.NDArray[np.bool_]]:
    """Return a better pitch at each frame of a run, and whether its harmonics agree on it."""
    cents, known = cents.copy(), np.zeros(cents.size, bool)
    for span in _spans(run):
        check()
        off, trust = _off(sound, cents[span], span)
        common, scale = _vote(off, trust)
        error = np.sqrt(scale / (trust.sum(axis=0) + 1e-30))
        known[span] = (error < _WORST_CENTS) & (np.abs(common) < _MOST_OFF_CENTS)
        cents[span] += np.where(known[span], common, 0.0)
    return cents, known


def _tones(
    sound: _Sound, cents: _Values, note: _Counts, check: _Check
) -> list[tuple[_Counts, _Values, _Values]]:
    """Return of each harmonic of each note where it is sure: frames, pitch, and its error (cents)."""
    found = []
    for span in _spans(note):
        check()
        off, trust = _off(sound, cents[span], span)
        _, scale = _vote(off, trust)
        error = np.sqrt(scale / (trust + 1e-30))
        hz = np.exp(cents[span] / CENTS)
        for number, (own, own_error) in enumerate(zip(off, error, strict=True), 1):
            sure = np.flatnonzero((own_error < _WORST_CENTS) & (np.abs(own) < _MOST_OFF_CENTS))
            if 2 * sure.size < own.size:
                continue
            strays = float(np.std(own[sure] * hz[sure])) * number / CENTS
            if strays * 2.0 * sound.side * sound.knot / sound.sample_rate < _MOST_STRAY:
                found.append((span.start + sure, cents[span][sure] + own[sure], own_error[sure]))
    return found


def _off(sound: _Sound, cents: _Values, span: slice) -> tuple[_Values, _Values]:
    """Return by how much each harmonic says that the pitch is off (cents), and its trust, shape (H, T)."""
    hz = np.exp(cents / CENTS)
    most = int(min(_MOST_HARMONICS, min(_HIGHEST_HZ, 0.45 * sound.sample_rate) / hz.min()))
    # The phase of the notion, with the pitch held on to beyond the ends of the span.
    side = sound.side * sound.knot
    begin, end = span.start * sound.hop - side, (span.stop - 1) * sound.hop + side
    shown = sound.mono[max(0, begin) : max(0, end)]
    shown = np.pad(shown, (max(0, -begin), end - begin - max(0, -begin) - shown.size))
    places = (np.arange(shown.size) - side) / sound.hop
    turns = np.cumsum(np.interp(places, np.arange(hz.size), hz)) / sound.sample_rate
    knots = _loop()(shown, turns, sound.knot, max(1, most))
    at = np.arange(1, 2 * sound.side) / (2 * sound.side)
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * at)
    slope = np.pi / (2 * sound.side) * np.sin(2.0 * np.pi * at)
    rows = np.lib.stride_tricks.sliding_window_view(knots, at.size, axis=1)[:, 1::_KNOTS][:, : hz.size]
    band, turning = rows @ window, rows @ slope
    power = band.real**2 + band.imag**2
    number = np.arange(1, len(knots) + 1)[:, np.newaxis]
    # Auger and Flandrin 1995, eq. 12: −Im(X′ X*) / |X|².
    off = -(turning * band.conj()).imag / (power + 1e-30) * sound.sample_rate / (2.0 * np.pi * sound.knot)
    share = np.maximum(off / (number * hz), -0.5)
    # The error of a harmonic falls with its amplitude; that of the pitch, which it tells, with its
    # number, too.
    there = power > _LEAST_POWER * power.max(axis=0)
    return CENTS * np.log1p(share), there * power * number**2


@lru_cache(maxsize=1)
def _loop() -> Callable[..., npt.NDArray[np.complex128]]:
    from numba import njit

    compiled: Callable[..., npt.NDArray[np.complex128]] = njit(cache=True, nogil=True)(_turned_back)
    return compiled


def _turned_back(shown: Wave, turns: _Values, knot: int, most: int) -> npt.NDArray[np.complex128]:
    """Turn each harmonic back by its phase; return that at knots, each the mean of a triangle around it.

    What would fold onto a harmonic lies at the triangle's double zeros.
    """
    result = np.zeros((most, shown.size // knot + 2), np.complex128)
    for i in range(shown.size):
        index = i // knot
        rise = (i - index * knot) / knot
        phase = 2.0 * np.pi * (turns[i] - np.floor(turns[i]))
        once = complex(np.cos(phase), -np.sin(phase))
        value = complex(shown[i], 0.0)
        for number in range(most):
            value *= once
            result[number, index] += (1.0 - rise) * value
            result[number, index + 1] += rise * value
    return result


def _vote(off: _Values, trust: _Values) -> tuple[_Values, _Values]:
    """Return what harmonics, shape (H, T), agree on, and the variance of one whose trust is 1."""
    order = np.argsort(off, axis=0)
    root = np.take_along_axis(np.sqrt(trust), order, axis=0)
    half = np.argmax(np.cumsum(root, axis=0) >= 0.5 * root.sum(axis=0), axis=0)
    common = np.take_along_axis(off, np.take_along_axis(order, half[np.newaxis], axis=0), axis=0)[0]
    weight = trust
    scale = np.zeros(common.size)
    middle = np.maximum(np.count_nonzero(trust, axis=0) - 1, 0)[np.newaxis] // 2
    for _ in range(4):
        squares = (off - common) ** 2 * trust
        # The error of a harmonic of trust 1, from all that are there: the median is not led astray by a few.
        ranked = np.sort(np.where(trust > 0.0, squares, np.inf), axis=0)
        scale = np.take_along_axis(ranked, middle, axis=0)[0] / 0.455 + 1e-30
        scale = np.where(np.isfinite(scale), scale, 0.0)
        weight = trust * 5.0 / (4.0 + squares / scale)
        common = (weight * off).sum(axis=0) / (weight.sum(axis=0) + 1e-30)
    return common, scale


def _notes(cents: _Values, run: _Counts, hop_s: float) -> _Counts:
    """Return the number of the note at each frame, −1 where there is none or where it begins and ends."""
    note = np.full(run.size, -1)
    least = max(4, round(_LEAST_NOTE_S / hop_s))
    number = 0
    for span in _spans(run):
        for begin, end in pairwise([0, *_changes(cents[span], hop_s), span.stop - span.start]):
            first, last = _held(cents[span.start + begin : span.start + end], hop_s)
            if last - first >= least:
                note[span.start + begin + first : span.start + begin + last] = number
                number += 1
    return note


def _changes(cents: _Values, hop_s: float) -> list[int]:
    """Return where one note follows another: what is heard before and after differs most there."""
    side = round(_BESIDE_S / hop_s)
    if cents.size < 2 * side:
        return []
    sums = np.append(0.0, np.cumsum(cents))
    means = (sums[side:] - sums[:-side]) / side
    # step[i] is at frame i + side: what follows less what goes before.
    step = np.abs(means[side:] - means[:-side])
    found = []
    while step.max(initial=0.0) > _CHANGE_CENTS:
        best = int(np.argmax(step))
        found.append(best + side)
        step[max(0, best - side // 2) : best + side // 2 + 1] = 0.0
    return sorted(found)


def _held(cents: _Values, hop_s: float) -> tuple[int, int]:
    """Return where a note is held: without its ends, and without slides there."""
    edge, most = round(_EDGE_S / hop_s), round(_LONGEST_SLIDE_S / hop_s)
    if cents.size < 2 * edge + 3:
        return 0, 0
    slides = np.abs(np.gradient(cents, hop_s)) > _SLIDE_CENTS_PER_S
    ends = []
    for part in (slides, slides[::-1]):
        still = np.flatnonzero(~part[edge : edge + most])
        ends.append(edge + (int(still[0]) if still.size else most))
    return ends[0], cents.size - ends[1]


def _without_vibrato(cents: _Values, note: _Counts, hop_s: float) -> tuple[_Values, _Counts, bool]:
    """Return the slow movement of notes that have a vibrato, their middles, and whether they are many."""
    plain, note = cents.copy(), note.copy()
    edge = round(_EDGE_S / hop_s)
    vibrated, held = 0, np.count_nonzero(note >= 0)
    for span in _spans(note):
        slow, vibrato = _parted(cents[span], hop_s)
        if vibrato.std() > _LEAST_VIBRATO_CENTS:
            plain[span] = slow
            vibrated += vibrato.size
            # The ends of a polynomial stray.
            note[span.start : span.start + edge] = note[span.stop - edge : span.stop] = -1
    return plain, note, bool(vibrated > _VIBRATO_SHARE * held)


def _parted(cents: _Values, hop_s: float) -> tuple[_Values, _Values]:
    """Part a note in its slow movement and its vibrato; where it has none, in all and nothing."""
    length_s = cents.size * hop_s
    at = np.linspace(-1.0, 1.0, cents.size)
    slow = np.polynomial.legendre.legvander(at, 2 + int(2.0 * SLOW_HZ * length_s))
    alone = cents - slow @ np.linalg.lstsq(slow, cents, rcond=None)[0]
    least = _MOST_LEFT * float(alone @ alone)
    parts = cents, np.zeros(cents.size)
    for hz in _VIBRATO_HZ[_VIBRATO_HZ * length_s >= _LEAST_VIBRATO_TURNS]:
        turn = 2.0 * np.pi * hz * hop_s * np.arange(cents.size)[:, np.newaxis]
        swell = np.polynomial.legendre.legvander(at, min(_MOST_SWELL, int(hz * length_s / 1.5) - 1))
        both = np.concatenate([slow, swell * np.cos(turn), swell * np.sin(turn)], axis=1)
        solution = np.linalg.lstsq(both, cents, rcond=None)[0]
        left = cents - both @ solution
        if left @ left < least:
            least = float(left @ left)
            count = slow.shape[1]
            parts = slow @ solution[:count], both[:, count:] @ solution[count:]
    return parts
