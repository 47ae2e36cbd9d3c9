"""Crackle: hundreds to thousands of tiny clicks a second, the voice of a worn groove.

Each of them is too faint to be told from music by itself. But they come in crowds, and music does not
hold crowds of sure clicks: where many are beyond doubt, the doubtful ones beside them are taken for
crackle as well. Elsewhere the sound passes bit for bit.

The models of the sound are fitted through the crackle, so they improve as it goes: search and repair
take turns, from the loudest impulses to the faintest. What is taken out is weighed against what the
model is sure of, sample by sample, so that where crackle is faint most of the sound is kept.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, no_progress, node
from nodes.dsp.ar import Array
from nodes.dsp.impulses import CONTEXT_HOPS, Finder, find_dense_impulses, find_impulses, finder_for
from nodes.dsp.interpolate import Spans, filled
from nodes.dsp.removed import Repaired
from nodes.dsp.span_repair import SpanRepair, mend

__all__ = ["decrackle"]

# The longest impulse that is crackle and not a click (ms).
_LONGEST_MS = 3.0
# Sure impulses are counted over so many hops to either side (0.2 s): a crowd has this many a second.
_CROWD_HOPS, _CROWD_PER_S = 8, 25.0


@node(version=1, linked=True, neutral={"strength": 0.0})
def decrackle(
    audio: Audio,
    *,
    threshold_db: Annotated[float, Range(6, 60)] = 18.0,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    progress: Progress = no_progress,
) -> Repaired:
    """Take the crackle of worn records out.

    Use it after Declick, which takes the loud clicks out.

    Parameters
    ----------
    audio : Audio
        Any sound.
    threshold_db : float, dB
        How sure the clearest impulses must be before a passage counts as crackling: more leaves
        slight crackle in, less also works on it and begins to take brilliance from percussion.
    strength : float
        How much of the crackle is taken out: 0 leaves the sound as it is, 1 takes out all.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels, frames and rate; bit for bit the input where there is no crackle.
    removed : Audio
        The crackle: input − audio.

    References
    ----------
    S. Godsill, P. Rayner, Digital Audio Restoration, Springer 1998, chapters 5 and 9.
    """
    finder = finder_for(audio.sample_rate, threshold_db=threshold_db, longest_ms=_LONGEST_MS)
    mended = mend(
        audio,
        _repair(finder, audio.sample_rate),
        hop=finder.find.hop,
        context_hops=2 * CONTEXT_HOPS + _CROWD_HOPS,
        strength=strength,
        progress=progress,
    )
    if len(mended.spans):
        rate = len(mended.spans) / audio.channels / audio.seconds
        progress.note(f"About {rate:.0f} impulses a second were taken out.")
    else:
        progress.note("No crackle was found.")
    return Repaired(mended.audio, mended.removed)


def _repair(finder: Finder, sample_rate: int) -> SpanRepair:
    def repair(channels: list[Array], begin: int) -> tuple[list[Array], list[Spans]]:
        sure = find_impulses(channels, finder)
        restored, every = [], []
        for signal, proven in zip(channels, sure, strict=True):
            crowded = _crowded(proven, signal.size, finder, sample_rate)
            if not crowded.any():
                restored.append(signal)
                every.append(proven[:0])
                continue
            spans, clean = find_dense_impulses(signal, finder)
            spans = spans[crowded[(spans[:, 0] + spans[:, 1]) // 2 // finder.find.hop]]
            restored.append(filled(signal, spans, finder.find, rounds=0, soft_rounds=3, guess=clean))
            every.append(spans)
        return restored, every

    return repair


def _crowded(proven: Spans, frames: int, finder: Finder, sample_rate: int) -> npt.NDArray[np.bool_]:
    """Return for each hop whether the sure impulses near it are a crowd."""
    hop = finder.find.hop
    count = np.bincount(proven[:, 0] // hop, minlength=-(-frames // hop))
    around = np.convolve(count, np.ones(2 * _CROWD_HOPS + 1))[_CROWD_HOPS:][: count.size]
    seconds = (2 * _CROWD_HOPS + 1) * hop / sample_rate
    return np.asarray(around >= _CROWD_PER_S * seconds)
