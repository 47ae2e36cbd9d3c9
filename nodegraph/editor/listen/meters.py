"""Meters: how loud a passage is and how high it peaks, and how loud it is just now.

References
----------
ITU-R BS.1770-5, Algorithms to measure audio programme loudness and true-peak audio level, 2023. EBU Tech
3341, Loudness metering, 2023: momentary is 400 ms, short-term 3 s.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nodegraph.editor.listen.background import Stop
from nodegraph.editor.listen.loudness import (
    LOWEST_RATE,
    SILENCE,
    Energies,
    channel_weights,
    integrated_lufs,
    lufs_of,
    measure_energies,
    sliding,
    true_peak,
    weigh,
)
from nodegraph.editor.listen.sound import Audible

__all__ = ["Live", "Loudness", "Meters", "live"]

Region = tuple[float, float]

_MOMENTARY_STEPS = 4
_SHORT_TERM_STEPS = 30
_MOMENTARY_S = 0.4
# The K-weighting's high-pass has forgotten what was before after so long (s).
_SETTLE_S = 0.25
# A live peak is that of so long (s): long enough that no frame of the window misses one.
_PEAK_S = 0.1
# A point between two samples looks so many frames back and, by half, ahead (BS.1770-5, Annex 2).
_CONTEXT = 11
_REMEMBERED = 256


@dataclass(frozen=True)
class Loudness:
    """What was measured of a passage. None where it is too short, or silent.

    Parameters
    ----------
    begin_s, end_s : float
        The passage.
    integrated_lufs : float, optional
        Of the whole passage, gated.
    short_term_lufs, momentary_lufs : float, optional
        The loudest 3 s and 400 ms.
    true_peak_dbtp : float
        −inf in digital silence.
    """

    begin_s: float
    end_s: float
    integrated_lufs: float | None
    short_term_lufs: float | None
    momentary_lufs: float | None
    true_peak_dbtp: float


@dataclass(frozen=True)
class Live:
    """What a meter shows at one moment.

    Parameters
    ----------
    momentary_lufs : float
        Of the last 400 ms; −inf in silence.
    peaks_dbfs : tuple of float
        Of the last 100 ms, per channel.
    """

    momentary_lufs: float
    peaks_dbfs: tuple[float, ...]


class Meters:
    """Measures passages and remembers them. May be used from any one thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], Loudness] = {}

    def measure(
        self,
        source: Audible,
        region: Region | None = None,
        stop: Stop = lambda: False,
        progress: Callable[[float], None] = lambda _done: None,
    ) -> Loudness | None:
        """Measure a passage; None when it was stopped.

        Parameters
        ----------
        source : Sound or Difference
            Of any length.
        region : tuple of float, optional
            The passage, in seconds of the whole file; by default all.
        stop : callable
            Says whether it is no longer wanted.
        progress : callable
            Told how much is done, 0 to 1.
        """
        begin, end = _frames(source, region)
        place = (source.key, begin, end)
        if place not in self._known:
            found = _measured(source, begin, end, stop, progress)
            if found is None:
                return None
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[place] = found
        return self._known[place]


def live(source: Audible, position_s: float, gain_db: float = 0.0) -> Live:
    """Return what a meter shows when a position is heard: from the sound itself, about 1 ms of work.

    Parameters
    ----------
    source : Sound or Difference
        What is heard.
    position_s : float
        In seconds of the whole file.
    gain_db : float
        With which it is heard.
    """
    rate = source.sample_rate
    end = round((position_s - source.begin_s) * rate)
    length = round(_MOMENTARY_S * rate)
    near = source.read(end - length - round(_SETTLE_S * rate), end)
    peaks = np.max(np.abs(near[:, -max(1, round(_PEAK_S * rate)) :]), axis=1)
    mean_square = 0.0
    if rate >= LOWEST_RATE and np.any(near):
        weighted, _ = weigh(near, rate)
        mean_square = float(channel_weights(source.channels) @ np.mean(weighted[:, -length:] ** 2, axis=1))
    return Live(lufs_of(mean_square) + gain_db, tuple(_db(float(peak)) + gain_db for peak in peaks))


def _frames(source: Audible, region: Region | None) -> tuple[int, int]:
    if region is None:
        return 0, source.frames
    begin, end = (round((each - source.begin_s) * source.sample_rate) for each in region)
    begin = min(max(begin, 0), source.frames)
    return begin, min(max(end, begin), source.frames)


def _measured(
    source: Audible, begin: int, end: int, stop: Stop, progress: Callable[[float], None]
) -> Loudness | None:
    peak = 0.0

    def look(first: int, last: int) -> None:
        nonlocal peak
        peak = true_peak(source.read(first - _CONTEXT, last + _CONTEXT // 2), _CONTEXT, above=peak)

    energies = measure_energies(source, begin, end, stop, progress=progress, look=look)
    if stop():
        return None
    return Loudness(
        source.begin_s + begin / source.sample_rate,
        source.begin_s + end / source.sample_rate,
        integrated_lufs(energies),
        _loudest(energies, _SHORT_TERM_STEPS),
        _loudest(energies, _MOMENTARY_STEPS),
        _db(peak),
    )


def _loudest(energies: Energies, steps: int) -> float | None:
    means = sliding(energies, steps)
    return lufs_of(float(means.max())) if means.size and means.max() > 0.0 else None


def _db(peak: float) -> float:
    return 20.0 * math.log10(peak) if peak > 0.0 else SILENCE
