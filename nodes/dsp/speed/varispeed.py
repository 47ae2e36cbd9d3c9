"""Varispeed: play a recording at a speed that changes from sample to sample.

The speed is a curve of straight pieces, so its integral, the true time, is made of parabolas that
are solved exactly: a position that is off by a thousandth of a sample, back and forth, is heard as a
sideband. Between samples the sound is a Kaiser-windowed sinc. Where position and sample coincide the
sample is returned as it is.

Axis letters: C channels, T frames.

References
----------
J. O. Smith and P. Gossett, A flexible sampling-rate conversion method, ICASSP 1984.
J. F. Kaiser, Nonrecursive digital filter design using the I0-sinh window function, IEEE ISCAS 1974.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nodegraph import AudioError, Samples, SpeedCurve

__all__ = ["SPEED_RANGE", "Varispeed", "varispeed"]

# Frames that one is made of, a multiple of four. With beta 11 images and aliases are 110 dB down,
# and the treble is flat to 0.45 of the sample rate.
_TAPS = 64
_KAISER_BETA = 11.0
# Positions between two samples for which the filter is tabled; between them it is interpolated
# linearly, with an error of (π / 2048)² / 8: −130 dB.
_PHASES = 2048
SPEED_RANGE = (0.25, 4.0)
"""Speeds beyond are no deviation of a machine (relative)."""

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Varispeed:
    """Where in a recording the sound of each true instant is.

    Parameters
    ----------
    times_s, true_s : ndarray, shape (points,)
        Time in the recording, and the true time that has passed by then.
    speed : ndarray, shape (points,)
        Speed at that time.
    sample_rate : int
        In Hz.
    """

    times_s: _Values
    true_s: _Values
    speed: _Values
    sample_rate: int

    def positions(self, begin: int, end: int) -> _Values:
        """Return for frames begin … end of the true sound their positions in the recording, in frames."""
        result = np.empty(end - begin)
        reached = np.searchsorted(self.true_s, [begin / self.sample_rate, end / self.sample_rate], "right")
        first = min(max(int(reached[0]) - 1, 0), self.times_s.size - 2)
        pieces = slice(first, max(int(reached[1]) + 1, first + 2))
        curve = np.stack([part[pieces] for part in (self.times_s, self.true_s, self.speed)])
        _loops()[0](curve, self.sample_rate, begin, result)
        return result

    def frames(self, samples: Samples, begin: int, end: int) -> Samples:
        """Return the frames begin … end of the true sound, shape (channels, end − begin).

        Beyond the recording's ends there is silence.
        """
        at = self.positions(begin, end)
        whole = np.floor(at)
        first = int(whole.min()) - _TAPS // 2 + 1
        last = int(whole.max()) + _TAPS // 2 + 1
        total = samples.shape[1]
        shown = samples[:, min(max(0, first), total) : max(0, min(last, total))]
        before = min(max(0, -first), last - first)
        padded = np.pad(shown, ((0, 0), (before, last - first - before - shown.shape[1])))
        start = (whole - first).astype(np.int64) - _TAPS // 2 + 1
        result = np.empty((samples.shape[0], end - begin), np.float32)
        _loops()[1](padded, start, at - whole, _table(), result)
        return result


def varispeed(curve: SpeedCurve, sample_rate: int, *, strength: float = 1.0) -> Varispeed:
    """Prepare to undo a speed deviation.

    Parameters
    ----------
    curve : SpeedCurve
        How fast the recording runs.
    sample_rate : int
        Of the recording, in Hz.
    strength : float
        1 undoes the deviation wholly, 0.5 half of it in cents.

    Raises
    ------
    AudioError
        If the curve is empty, its times do not rise, or a speed is none that a machine runs at.
    """
    times, speed = curve.times_s, curve.speed
    if times.size == 0 or not (np.isfinite(times).all() and (np.diff(times) > 0.0).all()):
        raise AudioError("The speed curve's times must rise from point to point. Measure the speed again.")
    low, high = SPEED_RANGE
    if not bool(((speed >= low) & (speed <= high)).all()):
        worst = float(speed[np.argmax(np.abs(np.log(np.maximum(np.nan_to_num(speed), 1e-9))))])
        raise AudioError(
            f"The speed curve holds a speed of {worst:g}, but only {low:g} to {high:g} can be undone. "
            "Measure the speed again."
        )
    # Constant before the first point, and two points at least.
    if times[0] > 0.0:
        times, speed = np.append(0.0, times), np.append(speed[0], speed)
    times, speed = np.append(times, times[-1] + 1.0), np.append(speed, speed[-1])
    speed = speed**strength
    steps = 0.5 * (speed[1:] + speed[:-1]) * np.diff(times)
    true = np.append(0.0, np.cumsum(steps))
    if times[0] < 0.0:
        true -= np.interp(0.0, times, true)
    return Varispeed(times, true, speed, sample_rate)


@lru_cache(maxsize=1)
def _table() -> Samples:
    """Return the filter for each phase, shape (phases + 1, taps)."""
    half = _TAPS // 2
    at = np.arange(1 - half, half + 1) - np.arange(_PHASES + 1)[:, np.newaxis] / _PHASES
    inside = np.sqrt(np.maximum(0.0, 1.0 - (at / half) ** 2))
    table = np.sinc(at) * np.i0(_KAISER_BETA * inside) / np.i0(_KAISER_BETA)
    # A constant stays a constant, and the first and last phase are the sample itself, exactly.
    table /= table.sum(axis=1, keepdims=True)
    table[0], table[-1] = at[0] == 0.0, at[-1] == 0.0
    rounded = table.astype(np.float32)
    rounded.flags.writeable = False
    return rounded


@lru_cache(maxsize=1)
def _loops() -> tuple[Callable[..., None], Callable[..., None]]:
    from numba import njit

    # Sums may be taken in another order, that of the processor's wide registers: it is the same for
    # every sample, whatever the block.
    wide = njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
    return njit(cache=True, nogil=True)(_solve), wide(_interpolate)


def _solve(curve: _Values, rate: int, begin: int, into: _Values) -> None:
    times_s, true_s, speed = curve
    piece, last = 0, times_s.size - 2
    for i in range(into.size):
        true = (begin + i) / rate
        while piece < last and true_s[piece + 1] <= true:
            piece += 1
        gone, start = true - true_s[piece], speed[piece]
        slope = (speed[piece + 1] - start) / (times_s[piece + 1] - times_s[piece])
        # Solve gone = start · t + slope · t² / 2, in the form that stays exact for slope 0.
        inside = 2.0 * gone / (start + np.sqrt(max(start * start + 2.0 * slope * gone, 1e-12)))
        # The speed is constant beyond the last point.
        if true >= true_s[last + 1]:
            inside = times_s[last + 1] - times_s[last] + (true - true_s[last + 1]) / speed[last + 1]
        into[i] = (times_s[piece] + inside) * rate


def _interpolate(
    samples: Samples, start: npt.NDArray[np.int64], part: _Values, table: Samples, into: Samples
) -> None:
    phases, taps = table.shape[0] - 1, table.shape[1]
    weights = np.empty(taps, np.float32)
    for i in range(into.shape[1]):
        place = part[i] * phases
        phase = min(int(place), phases - 1)
        share = np.float32(place - phase)
        here, there = table[phase], table[phase + 1]
        for k in range(taps):
            weights[k] = here[k] + share * (there[k] - here[k])
        for channel in range(into.shape[0]):
            shown = samples[channel, start[i] : start[i] + taps]
            total = np.float32(0.0)
            for k in range(taps):
                total += weights[k] * shown[k]
            into[channel, i] = total
