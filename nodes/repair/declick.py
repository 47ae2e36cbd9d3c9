"""Clicks: the ticks and pops of scratches, dust and static, and of digital faults.

A click hides a few samples and leaves the rest of the sound as it was. So only what is hidden is
replaced, by what an autoregressive model of the sound on both sides leads one to expect; everything
else passes bit for bit. Attacks of instruments are as sudden as clicks, but the sound after them is
another than before: the search (`nodes.dsp.ar.impulses`) asks for evidence that what follows an event
would have followed without it.

Channels are searched together, as most clicks of a record are in both, and repaired apart.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from nodegraph import Audio, AudioError, ClickMap, Progress, Range, no_progress, node
from nodes.dsp.ar.impulses import CONTEXT_HOPS, Finder, fill_impulses, find_impulses, finder_for
from nodes.dsp.ar.interpolate import Spans
from nodes.dsp.ar.model import Array
from nodes.dsp.ar.span_repair import SpanRepair, mend

__all__ = ["Declicked", "declick"]

# The longest damage that the sound around it can still explain (ms).
_LONGEST_MS = 20.0


class Declicked(NamedTuple):
    """The outputs of declick; audio + removed is the input."""

    audio: Audio
    removed: Audio
    clicks: ClickMap


@node(version=1, linked=True, neutral={"strength": 0.0})
def declick(
    audio: Audio,
    clicks: ClickMap | None = None,
    *,
    threshold_db: Annotated[float, Range(6, 60)] = 24.0,
    max_click_ms: Annotated[float, Range(0.1, 20, "log")] = 10.0,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    progress: Progress = no_progress,
) -> Declicked:
    """Replace clicks, ticks and pops by what the sound around them leads one to expect.

    Between the clicks nothing is touched. Drums and plucked strings are spared, as what follows them
    belongs to them; clipped peaks are left to a declipper.

    Parameters
    ----------
    audio : Audio
        Any sound.
    clicks : ClickMap, optional
        Where the clicks are, from another declick: then they are not searched for.
    threshold_db : float, dB
        How much evidence a click needs: more leaves faint clicks in, less takes faint ones out and
        begins to soften the sharpest drum strokes.
    max_click_ms : float, ms
        The longest event that can be a click: more also takes out long pops, less spares what is
        longer than a tick.
    strength : float
        How much of each click is taken out: 0 leaves the sound as it is, 1 takes out all.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Without the clicks. Same channels, frames and rate; untouched samples are the input's, bit
        for bit.
    removed : Audio
        The clicks: input − audio.
    clicks : ClickMap
        Where they were.

    Raises
    ------
    AudioError
        If `clicks` belongs to another recording, or has a click longer than 20 ms.

    References
    ----------
    S. Godsill, P. Rayner, Digital Audio Restoration, Springer 1998, chapters 5 and 9.
    A. Janssen, R. Veldhuis, L. Vries, "Adaptive interpolation of discrete-time signals that can be
    modeled as autoregressive processes", IEEE Trans. ASSP 34(2), 1986.
    """
    finder = finder_for(audio.sample_rate, threshold_db=threshold_db, longest_ms=max_click_ms)
    known = None if clicks is None else _fitting(clicks, audio)
    mended = mend(
        audio,
        _repair(finder, known),
        hop=finder.find.hop,
        context_hops=CONTEXT_HOPS,
        strength=strength,
        progress=progress,
    )
    count = len(mended.spans)
    if count:
        progress.note(f"{count} clicks were repaired, {100 * mended.share:.2g} % of the sound.")
    else:
        progress.note("No clicks were found.")
    found = ClickMap(audio.sample_rate, audio.frames, mended.spans)
    return Declicked(mended.audio, mended.removed, found)


def _repair(finder: Finder, known: list[Spans] | None) -> SpanRepair:
    def repair(channels: list[Array], begin: int) -> tuple[list[Array], list[Spans]]:
        if known is None:
            spans = find_impulses(channels, finder)
        else:
            spans = [_cut(every, begin, begin + channels[0].size) for every in known]
        return fill_impulses(channels, spans, finder), spans

    return repair


def _cut(spans: Spans, begin: int, end: int) -> Spans:
    """Return the spans that touch the frames begin … end, counted from `begin`."""
    touching = spans[(spans[:, 1] > begin) & (spans[:, 0] < end)]
    return np.clip(touching - begin, 0, end - begin)


def _fitting(clicks: ClickMap, audio: Audio) -> list[Spans]:
    """Return the map's spans for each channel.

    Raises
    ------
    AudioError
        If it is not of this recording.
    """
    spans = clicks.spans
    if (clicks.sample_rate, clicks.frames) != (audio.sample_rate, audio.frames):
        raise AudioError(
            f"declick: the click map is of {clicks.frames} frames at {clicks.sample_rate} Hz but the sound "
            f"has {audio.frames} at {audio.sample_rate} Hz. Link the map of this very recording."
        )
    if len(spans) and (spans.min() < 0 or spans[:, 0].max() >= audio.channels):
        raise AudioError(
            f"declick: the click map speaks of channel {spans[:, 0].max() + 1} but the sound has "
            f"{audio.channels}. Link the map of this very recording."
        )
    lengths = spans[:, 2] - spans[:, 1]
    if len(spans) and lengths.max() * 1000 > _LONGEST_MS * audio.sample_rate:
        at = int(np.argmax(lengths))
        raise AudioError(
            f"declick: the click at {spans[at, 1] / audio.sample_rate:.3f} s is "
            f"{1000 * lengths[at] / audio.sample_rate:.1f} ms long; {_LONGEST_MS:.0f} ms is the most that "
            "can be repaired. Use Dropout for longer gaps."
        )
    return [_joined(spans[spans[:, 0] == channel, 1:], audio.frames) for channel in range(audio.channels)]


def _joined(spans: Spans, frames: int) -> Spans:
    """Return spans sorted, inside the sound and apart from each other."""
    spans = np.clip(spans[np.argsort(spans[:, 0], kind="stable")], 0, frames)
    spans = spans[spans[:, 1] > spans[:, 0]]
    if not len(spans):
        return spans
    reached = np.maximum.accumulate(spans[:, 1])
    first = np.concatenate([[0], np.flatnonzero(spans[1:, 0] > reached[:-1]) + 1])
    last = np.concatenate([first[1:] - 1, [len(spans) - 1]])
    return np.stack([spans[first, 0], reached[last]], axis=1)
