"""Crackle: hundreds to thousands of tiny clicks a second, the voice of a worn groove.

Each of them is too faint to be told from music by itself, but they come in crowds that music does not
hold. Where there is a crowd, the sound beneath, how common impulses are and how large, are learned from
the sound itself, and what is taken out of each sample is what these leave no other story for, weighed by
how sure that is. Elsewhere the sound passes bit for bit.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from typing import Annotated

from nodegraph import Audio, Progress, Range, no_progress, node
from nodes.dsp.ar.crackle import CONTEXT_HOPS, search_for, take_crackle_out
from nodes.dsp.ar.interpolate import Spans
from nodes.dsp.ar.model import Array
from nodes.dsp.ar.span_repair import mend
from nodes.dsp.removed import Repaired

__all__ = ["decrackle"]


@node(version=1, neutral={"strength": 0.0})
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
    S. Godsill, P. Rayner, Digital Audio Restoration, Springer 1998, chapters 9 and 12.
    """
    search = search_for(audio.sample_rate, threshold_db=threshold_db)

    def repair(channels: list[Array], _: int) -> tuple[list[Array], list[Spans]]:
        done = [take_crackle_out(signal, search) for signal in channels]
        return [restored for restored, _ in done], [spans for _, spans in done]

    mended = mend(
        audio,
        repair,
        hop=search.grid.hop,
        context_hops=CONTEXT_HOPS,
        strength=strength,
        progress=progress,
    )
    if len(mended.spans):
        rate = len(mended.spans) / audio.channels / audio.seconds
        progress.note(f"About {rate:.0f} impulses a second were taken out.")
    else:
        progress.note("No crackle was found.")
    return Repaired(mended.audio, mended.removed)
