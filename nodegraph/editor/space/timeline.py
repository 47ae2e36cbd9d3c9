"""Timeline: which passage of a sound is seen, where its times lie in pixels, and what the rulers say."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

__all__ = ["Span", "Tick", "clock", "frequency_words", "time_ticks"]

_STEPS_S = tuple(
    step * unit
    for unit, steps in (
        (1e-6, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
        (1e-3, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
        (1.0, (1, 2, 5, 10, 15, 30)),
        (60.0, (1, 2, 5, 10, 15, 30)),
        (3600.0, (1, 2, 6)),
    )
    for step in steps
)
"""Distances between two ticks that read well."""

_LEAST_FRAMES = 8
"""The fewest sample frames that fill the view."""


@dataclass(frozen=True)
class Tick:
    """A mark of a ruler.

    Parameters
    ----------
    at : float
        What it marks (s).
    text : str
        What stands there; "" for a lesser mark.
    """

    at: float
    text: str = ""


@dataclass(frozen=True)
class Span:
    """The passage of a sound that is seen.

    Parameters
    ----------
    begin_s, end_s : float
        What is seen.
    first_s, last_s : float
        Where the sound begins and ends: nothing beyond is seen.
    sample_rate : int
        Of the sound (Hz): a few of its sample frames are the least that is seen.
    """

    begin_s: float
    end_s: float
    first_s: float
    last_s: float
    sample_rate: int = 48000

    @classmethod
    def whole(cls, first_s: float, last_s: float, sample_rate: int) -> Span:
        """Return the view of all of a sound."""
        last_s = max(last_s, first_s + _LEAST_FRAMES / sample_rate)
        return cls(first_s, last_s, first_s, last_s, sample_rate)

    @property
    def seconds(self) -> float:
        """How long the passage is."""
        return self.end_s - self.begin_s

    @property
    def is_whole(self) -> bool:
        """Whether all of the sound is seen."""
        return self.begin_s <= self.first_s and self.end_s >= self.last_s

    def at(self, x: float, width: float) -> float:
        """Return the time (s) at a pixel of a view that is `width` pixels wide."""
        return self.begin_s + x / max(width, 1.0) * self.seconds

    def x(self, seconds: float, width: float) -> float:
        """Return the pixel at which a time (s) is seen."""
        return (seconds - self.begin_s) / self.seconds * width

    def clamped(self, seconds: float) -> float:
        """Return the nearest time (s) that lies in the sound."""
        return min(max(seconds, self.first_s), self.last_s)

    def zoomed(self, factor: float, at_s: float) -> Span:
        """Return the view `factor` times larger, in which `at_s` stays where it is."""
        whole = self.last_s - self.first_s
        seconds = min(max(self.seconds / factor, _LEAST_FRAMES / self.sample_rate), whole)
        share = (at_s - self.begin_s) / self.seconds
        return self._placed(at_s - share * seconds, seconds)

    def panned(self, by_s: float) -> Span:
        """Return the view that much later; it stops at both ends of the sound."""
        return self._placed(self.begin_s + by_s, self.seconds)

    def centred(self, at_s: float) -> Span:
        """Return the view with a time in its middle, as far as the ends of the sound let it."""
        return self._placed(at_s - self.seconds / 2, self.seconds)

    def following(self, at_s: float) -> Span:
        """Return the view that shows a time: the same if it does, else the page that begins there."""
        if self.begin_s <= at_s < self.end_s or self.is_whole:
            return self
        return self._placed(at_s, self.seconds)

    def showing(self, begin_s: float, end_s: float, margin: float = 0.05) -> Span:
        """Return the view of a passage, with a share of its length as margin on both sides."""
        seconds = max(end_s - begin_s, _LEAST_FRAMES / self.sample_rate) * (1 + 2 * margin)
        seconds = min(seconds, self.last_s - self.first_s)
        return self._placed((begin_s + end_s) / 2 - seconds / 2, seconds)

    def within(self, first_s: float, last_s: float, sample_rate: int) -> Span:
        """Return the same view of another sound; all of it where this view was all, or fits no more."""
        fresh = Span.whole(first_s, last_s, sample_rate)
        if self.is_whole or self.end_s <= first_s or self.begin_s >= last_s:
            return fresh
        seconds = min(max(self.seconds, _LEAST_FRAMES / sample_rate), fresh.seconds)
        return fresh._placed(self.begin_s, seconds)

    def _placed(self, begin_s: float, seconds: float) -> Span:
        begin_s = min(max(begin_s, self.first_s), self.last_s - seconds)
        return replace(self, begin_s=begin_s, end_s=begin_s + seconds)


def clock(seconds: float, decimals: int = 3) -> str:
    """Return "1:02.500"; with hours where there are any.

    Parameters
    ----------
    seconds : float
        A time.
    decimals : int
        Of the seconds.
    """
    scale = 10**decimals
    ticks = round(abs(seconds) * scale)
    whole, part = divmod(ticks, scale)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    tail = f".{part:0{decimals}d}" if decimals else ""
    return f"{'-' if seconds < 0 and ticks else ''}{head}:{rest:02d}{tail}"


def time_ticks(span: Span, width: float, least: float = 90.0) -> list[Tick]:
    """Return the marks of a time ruler.

    Parameters
    ----------
    span : Span
        What is seen.
    width : float
        Of the ruler, in pixels.
    least : float
        Between two marks that bear a text, in pixels.

    Returns
    -------
    list of Tick
        In their order; lesser ones, without a text, stand between.
    """
    wanted = span.seconds * least / max(width, 1.0)
    step = next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])
    parts = _parts(step)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step < 1 else 0
    first, last = math.ceil(span.begin_s / step * parts - 1e-9), math.floor(span.end_s / step * parts + 1e-9)
    return [
        Tick(number * step / parts, "" if number % parts else clock(number * step / parts, decimals))
        for number in range(first, last + 1)
    ]


def _parts(step: float) -> int:
    """Return into how many parts lesser marks divide a step."""
    lead = round(step / 10 ** math.floor(math.log10(step) + 1e-9)) if step < 60 else round(step / 60)
    return {1: 5, 2: 4, 5: 5, 3: 3, 15: 3, 30: 3, 6: 6}.get(lead, 5)


def frequency_words(frequency_hz: float) -> str:
    """Return "440" or "1.5k": short, for an axis in Hz."""
    return f"{frequency_hz / 1000:g}k" if frequency_hz >= 1000 else f"{frequency_hz:g}"
