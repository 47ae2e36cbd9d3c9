"""Find short damage in sound: samples that neither what comes before nor what comes after explains.

Three steps, each with its own reason:

1. *Surprise* (`nodes.dsp.ar.surprise`). What an autoregressive model predicts neither from the past nor
   from the future is suspect.
2. *Evidence* (`nodes.dsp.ar.suspects`). What is suspect is damage if, once it is filled in, all around it
   is as expected as ever.
3. *Extent*. Around what is found, the damage reaches as far as there is doubt.

Everything looks at a finite stretch of sound on a grid fixed to the signal, so that blocks of a long
signal find what the whole would.

Axis letters: T frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from nodes.dsp.ar.interpolate import Spans, filled
from nodes.dsp.ar.model import Array, compiled
from nodes.dsp.ar.surprise import EDGE, Finder, finder_for, surprise, surprising_spans
from nodes.dsp.ar.suspects import convicted, credit_of, look_at

__all__ = [
    "CONTEXT_HOPS",
    "Finder",
    "fill_impulses",
    "find_impulses",
    "finder_for",
]

# Surprise (in scales) of what is surely to be kept away from the first models, of what is doubtful
# beside it then, and of what is doubtful beside proven damage.
_GLARING, _DOUBTFUL, _TAIL = 12.0, 2.5, 2.0
# Suspects are looked at so often, each time with models of what was found the time before.
_LOOKS = 2
# How often models and what is filled in are fitted to each other.
_ROUNDS, _SOFT_ROUNDS = 1, 3

CONTEXT_HOPS = 32
"""How far beyond a block its findings may depend on the sound, in hops."""


def find_impulses(channels: Sequence[Array], finder: Finder) -> list[Spans]:
    """Return where each channel is damaged.

    Parameters
    ----------
    channels : sequence of ndarray, each of shape (frames,)
        float64, beginning at a multiple of the grid's hop.
    finder : Finder
        What to look for.

    Returns
    -------
    list of Spans
        One for each channel.
    """
    cleaned = [_without_glaring(signal, finder) for signal in channels]
    credit = [np.zeros(-(-signal.size // finder.find.hop)) for signal in channels]
    found = [np.zeros((0, 2), np.int64) for _ in channels]
    for _ in range(_LOOKS):
        looks = [
            look_at(signal, clean, finder, lenience)
            for signal, clean, lenience in zip(channels, cleaned, credit, strict=True)
        ]
        found = convicted(looks, finder)
        if not any(len(spans) for spans in found):
            return found
        cleaned = [
            filled(signal, spans, finder.find, rounds=1, guess=clean)
            for signal, spans, clean in zip(channels, found, cleaned, strict=True)
        ]
        credit = [credit_of(spans, credit[0].size, finder) for spans in found]
    return [
        _extended(signal, clean, spans, finder)
        for signal, clean, spans in zip(channels, cleaned, found, strict=True)
    ]


def fill_impulses(channels: Sequence[Array], found: Sequence[Spans], finder: Finder) -> list[Array]:
    """Return the channels with what was found filled in; all else is theirs, bit for bit.

    Parameters
    ----------
    channels, found : sequence
        As given to and by `find_impulses`.
    finder : Finder
        Its settings.
    """
    return [
        filled(signal, spans, finder.fill, rounds=_ROUNDS, soft_rounds=_SOFT_ROUNDS)
        for signal, spans in zip(channels, found, strict=True)
    ]


def _without_glaring(signal: Array, finder: Finder) -> Array:
    ratio = surprise(signal, signal, finder)
    spans = surprising_spans(ratio, _GLARING, _DOUBTFUL, finder.gap, finder.longest)
    return filled(signal, spans, finder.find, rounds=1)


def _extended(signal: Array, clean: Array, spans: Spans, finder: Finder) -> Spans:
    if not len(spans):
        return spans
    ratio = surprise(signal, clean, finder)
    return _extend_loop()(ratio, spans, _TAIL, EDGE)


# --- loops over samples --------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _extend_loop() -> Callable[[Array, Spans, float, int], Spans]:
    extend: Callable[[Array, Spans, float, int], Spans] = compiled(_extend)
    return extend


def _extend(ratio: Array, spans: Spans, doubtful: float, edge: int) -> Spans:
    """Move both ends of each span to the furthest doubtful sample near them."""
    result = spans.copy()
    count = 0
    for i in range(spans.shape[0]):
        begin, end = spans[i]
        reach = edge + (end - begin) // 2
        last = end
        for t in range(end, min(ratio.size, end + reach)):
            if ratio[t] >= doubtful:
                last = min(ratio.size, t + 1 + edge)
        first = begin
        for t in range(begin - 1, max(-1, begin - 1 - 2 * edge), -1):
            if ratio[t] >= doubtful:
                first = max(0, t - edge)
        if count > 0 and first <= result[count - 1, 1]:
            result[count - 1, 1] = max(last, result[count - 1, 1])
        else:
            result[count, 0] = first
            result[count, 1] = last
            count += 1
    return result[:count]
