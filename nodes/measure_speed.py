"""Measuring the speed of a recording: wow, flutter and drift as a curve, to be looked at or undone.

The curve travels on a link of its own, so that it can be measured where it shows best (a separated
piano, the hum before it is filtered out) and undone elsewhere.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from nodegraph import Audio, Progress, Range, Report, SpeedCurve, no_progress, node
from nodes.dsp.speed.search import SpeedSettings, find_speed, packages_for

__all__ = ["MeasuredSpeed", "measure_speed"]


class MeasuredSpeed(NamedTuple):
    """What was measured."""

    speed: SpeedCurve
    report: Report


@node(version=1, kind="measure.speed", linked=True, requires=packages_for)
def measure_speed(
    audio: Audio,
    *,
    rotation: Literal["auto", "none", "33", "45", "78.26", "76.59"] = "auto",
    pilot: Literal["none", "50", "60"] = "none",
    lowest_hz: Annotated[float, Range(0.05, 8.0, "log")] = 0.2,
    highest_hz: Annotated[float, Range(1.0, 40.0, "log")] = 40.0,
    drift: Literal["auto", "none"] = "auto",
    engine: Literal["hilbert", "swift", "crepe"] = "hilbert",
    progress: Progress = no_progress,
) -> MeasuredSpeed:
    """Measure wow and flutter from the music itself, or from hum that was recorded with it.

    Looked for are periodic deviations that all held tones share, and a slow drift of notes that come
    again. What only one part does, as a singer's vibrato, does not count, and what is not surely there
    is not told.

    Parameters
    ----------
    audio : Audio
        A recording with held tones, best of 10 s or more. It is not changed.
    rotation : {"auto", "none", "33", "45", "78.26", "76.59"}
        What turned, in turns per minute. A disc's own rate finds the wow of an off-centre record even
        where music hides it, and lets nothing else be heard as wow; "auto" looks at these rates more
        closely than at others, "none" at all rates alike, as for tape.
    pilot : {"none", "50", "60"}
        Mains hum in Hz that is on the recording itself, not from playing it: far more exact than the
        music. "none" listens to the music.
    lowest_hz : float, Hz
        Slower periodic deviations are left alone: more spares the slow bending of a melody, less
        follows what turns slowly.
    highest_hz : float, Hz
        Faster deviations are left alone: less leaves roughness of flutter in the sound and is
        quicker, more takes it away.
    drift : {"auto", "none"}
        Slow wandering without a rate, as of a tape that slips: "auto" follows it where notes that come
        again surely show it, "none" leaves it, as for singers without instruments. A named rotation or
        a pilot tells without it.
    engine : {"hilbert", "swift", "crepe"}
        How pitch is followed: "hilbert", a bank of narrow bands, hears all tones of any music. The others
        hear one voice or instrument alone, with vibrato and slides, and tell of nothing faster than
        3 Hz: "swift" is a small quick model, "crepe" a larger one, ten times as slow, which is used whole
        on a graphics card and in its tiny form without one.
    progress : Progress
        Told after every stretch.

    Returns
    -------
    speed : SpeedCurve
        How fast the recording runs, 1 on average; 1 throughout where nothing is sure.
    report : Report
        Deviation and sureness of drift; of slow and fast wow and of flutter the strongest rate, too; the
        curve.

    References
    ----------
    S. J. Godsill, P. J. W. Rayner, "The restoration of pitch variation defects in gramophone
    recordings", IEEE WASPAA 1993.
    A. Czyzewski et al., "New algorithms for wow and flutter detection and compensation in audio",
    AES 118th Convention 2005: hum as a pilot.
    """
    settings = SpeedSettings(rotation, pilot, lowest_hz, highest_hz, drift, engine)
    return MeasuredSpeed(*find_speed(audio, settings, progress=progress))
