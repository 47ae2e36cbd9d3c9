"""Speed curves as text: points that a user types, and the lines of a file that keeps a curve.

A file is CSV, so that spreadsheets and other programs read and write it: time in s, speed relative
to the true one, and how sure that is (0 to 1), one point a line. Its numbers are written with all of
their digits: what is read again is the same curve, bit for bit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np

from nodegraph import ParameterError, SpeedCurve
from nodes.dsp.speed.varispeed import SPEED_RANGE

__all__ = ["HEADER", "as_lines", "from_lines", "from_points"]

HEADER = "time_s,speed,confidence"
"""The first line of a file."""

_LINES_AT_ONCE = 4096
_MOST_SECONDS = 7 * 86400.0
# "12.5 s: 100.4 %", "1:30: 99.8", "-0.5 s = 100 %"; group 1 minutes, 2 seconds, 3 percent.
_POINT = re.compile(
    r"(?:(\d+):(?=[0-5]?\d(?:\.\d*)?\s*s?\s*[:=]))?(\d+(?:\.\d*)?)\s*s?\s*[:=]\s*(\d+(?:\.\d*)?)\s*%?"
)


def from_points(text: str) -> SpeedCurve:
    """Read points such as "0 s: 100 %, 12.5 s: 100.4 %, 1:30: 99.8 %".

    Raises
    ------
    ParameterError
        If a point cannot be read, or comes before the one that it follows.
    """
    times, speeds = [], []
    for part in (part.strip() for part in re.split(r"[,;\n]", text)):
        if not part:
            continue
        found = _POINT.fullmatch(part)
        if found is None:
            raise ParameterError(
                f"points: {part!r} is no point of a speed curve. "
                'Write a time and a speed, as in "0 s: 100 %, 12.5 s: 100.4 %".'
            )
        minutes, seconds, percent = (float(group or 0.0) for group in found.groups())
        times.append(60.0 * minutes + seconds)
        speeds.append(percent / 100.0)
        _check(times, speeds, f"points: {part!r}")
    if not times:
        raise ParameterError('points: no point is there. Write one at least, as in "0 s: 100 %".')
    return SpeedCurve(np.array(times), np.array(speeds), np.ones(len(times)))


def from_lines(lines: Iterable[str], name: str, *, check: Callable[[], None]) -> SpeedCurve:
    """Read the lines of a file; where they tell no confidence, it is 1.

    Parameters
    ----------
    lines : iterable of str
        With or without the header; empty lines do not count.
    name : str
        Of the file, for errors.
    check : callable
        Called many times a second; may raise to stop.

    Raises
    ------
    ParameterError
        If a line holds something else than numbers, or times do not rise, or no point is there.
    """
    times, speeds, sure = [], [], []
    for number, line in enumerate(lines, 1):
        if number % _LINES_AT_ONCE == 1:
            check()
        cells = [cell.strip() for cell in line.split(",")]
        if not any(cells) or (number == 1 and cells[0].lower() == "time_s"):
            continue
        try:
            time_s, speed, confidence = map(float, cells if len(cells) == 3 else [*cells, "1"])
        except ValueError:
            raise ParameterError(
                f"{name}, line {number}: {line.strip()[:60]!r} should be a time in s and a speed, "
                f"as in 12.5,1.004 (0.4 % too fast)."
            ) from None
        times.append(time_s)
        speeds.append(speed)
        sure.append(confidence)
        _check(times, speeds, f"{name}, line {number}")
        if not 0.0 <= confidence <= 1.0:
            raise ParameterError(f"{name}, line {number}: confidence is {confidence:g}, not 0 to 1.")
    if not times:
        raise ParameterError(f"{name} holds no point of a speed curve. Write lines as 12.5,1.004 in it.")
    return SpeedCurve(np.array(times), np.array(speeds), np.array(sure))


def as_lines(curve: SpeedCurve) -> Iterator[str]:
    """Yield the text of a file that keeps a curve, some thousand lines at a time."""
    yield f"{HEADER}\n"
    rows = zip(curve.times_s.tolist(), curve.speed.tolist(), curve.confidence.tolist(), strict=True)
    while some := "".join(f"{t!r},{v!r},{c!r}\n" for t, v, c in islice(rows, _LINES_AT_ONCE)):
        yield some


def _check(times: list[float], speeds: list[float], place: str) -> None:
    """Check the last of the points read so far."""
    time_s, speed = times[-1], speeds[-1]
    low, high = SPEED_RANGE
    if not (math.isfinite(time_s) and 0.0 <= time_s <= _MOST_SECONDS):
        raise ParameterError(f"{place}: {time_s:g} s is no time in a recording. Count from its beginning.")
    if len(times) > 1 and time_s <= times[-2]:
        raise ParameterError(f"{place}: {time_s:g} s does not come after {times[-2]:g} s. Sort the points.")
    if not low <= speed <= high:
        raise ParameterError(
            f"{place}: a speed of {100.0 * speed:g} % is out of reach. "
            f"{100.0 * low:g} to {100.0 * high:g} % can be undone."
        )
