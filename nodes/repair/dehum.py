"""Mains hum taken out by rebuilding and subtracting it: no notches, so no ringing and no lost bass.

See `nodes.dsp.hum.search` for how a hum is told from music.
"""

from __future__ import annotations

from typing import Annotated

from nodegraph import Audio, Progress, Range, Samples, no_progress, node
from nodes.dsp.hum.search import SHORTEST_S, Mains, find_hum, hum_of, searches_for
from nodes.dsp.overlap_add import Block, map_blocks
from nodes.dsp.removed import Repaired, blended, untouched

__all__ = ["dehum"]


@node(version=1, linked=True, neutral={"strength": 0.0})
def dehum(
    audio: Audio,
    *,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    mains: Mains = "auto",
    harmonics_hz: Annotated[float, Range(200, 6000, "log")] = 2000.0,
    hold_s: Annotated[float, Range(2, 60, "log")] = 12.0,
    progress: Progress = no_progress,
) -> Repaired:
    """Take mains hum and its harmonics out of a recording, and leave the music on the same notes.

    The hum's frequency is found and followed as the mains or a tape drift, each harmonic is rebuilt
    as it steadily sounds, and the sum is subtracted. Where there is no hum the sound stays as it is,
    bit for bit, and a note says so.

    Parameters
    ----------
    audio : Audio
        A recording with hum, of a few seconds or more.
    strength : float
        How much of the hum is taken away. 0 leaves every sample as it is.
    mains : {"auto", "50 Hz", "60 Hz", "any"}
        Which mains hum: "auto" finds whether it is 50 or 60 Hz, up to 2 % off; "any" also finds hum
        that was transferred at a wrong speed, 40 to 72 Hz.
    harmonics_hz : float, Hz
        How far up harmonics are removed: more takes out buzz as well as hum.
    hold_s : float, s
        For how long the hum is taken to stay the same: more leaves drones and bass notes safer, less
        follows a hum that changes as lamps and machines are switched.
    progress : Progress
        Told several times a second, and what was found.

    Returns
    -------
    audio : Audio
        Without the hum: same channels, frames and rate.
    removed : Audio
        The hum: input − audio.

    References
    ----------
    P. Holland, R. Welsch, Robust regression using iteratively reweighted least-squares, Commun. Stat.
    A6, 1977.
    """
    found = find_hum(
        audio,
        searches=searches_for(mains),
        harmonics_hz=harmonics_hz,
        hold_s=hold_s,
        progress=progress.part(0.0, 0.8),
    )
    if found is None:
        short = f" It is shorter than {SHORTEST_S:g} s." if audio.seconds < SHORTEST_S else ""
        progress.note(f"No hum was found: the sound stays as it is.{short}")
        return untouched(audio)
    progress.note(f"Hum at {found.mean_hz:.2f} Hz, {found.level_db:.1f} dBFS, was rebuilt and subtracted.")

    def subtract(shown: Samples, block: Block) -> tuple[Samples, Samples]:
        return blended(shown, shown - hum_of(found, block.begin, block.end), strength)

    kept, removed = map_blocks(
        audio.samples, subtract, outputs=(audio.channels,) * 2, progress=progress.part(0.8, 1.0)
    )
    return Repaired(Audio.trusted(kept, audio.sample_rate), Audio.trusted(removed, audio.sample_rate))
