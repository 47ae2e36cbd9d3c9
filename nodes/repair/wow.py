"""Wow and flutter: give a recording that ran unevenly its steady speed back.

The speed comes over a link, or is measured from the recording itself; then the recording is played
at the inverse speed. Samples move in time by up to a few milliseconds, not more, as the speed is
right on average.
"""

from __future__ import annotations

from typing import Annotated, Literal

from nodegraph import Audio, Progress, Range, Samples, SpeedCurve, no_progress, node
from nodes.dsp.overlap_add import Block, map_blocks
from nodes.dsp.removed import Repaired, blended, untouched
from nodes.dsp.speed.search import SpeedSettings, find_speed, packages_for, true_speed
from nodes.dsp.speed.varispeed import varispeed

__all__ = ["wow"]

# Share of the work that is measuring.
_MEASURING = 0.9


@node(version=1, neutral={"strength": 0.0}, linked=True, requires=packages_for)
def wow(
    audio: Audio,
    speed: SpeedCurve | None = None,
    *,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    rotation: Literal["auto", "none", "33", "45", "78.26", "76.59"] = "auto",
    pilot: Literal["none", "50", "60"] = "none",
    lowest_hz: Annotated[float, Range(0.05, 8.0, "log")] = 0.2,
    highest_hz: Annotated[float, Range(1.0, 40.0, "log")] = 40.0,
    drift: Literal["auto", "none"] = "auto",
    engine: Literal["hilbert", "swift", "crepe"] = "hilbert",
    progress: Progress = no_progress,
) -> Repaired:
    """Steady a recording that wavers in pitch: an off-centre record, a worn tape machine.

    A vibrato that one part plays stays. Where no deviation is surely found the sound is left as it is,
    bit for bit. Beginning and length stay; in between every sound moves to its true time.

    Parameters
    ----------
    audio : Audio
        The recording, all of its channels together.
    speed : SpeedCurve, optional
        How fast it runs, from a Measure speed node; without it, it is measured here, and what follows
        below says how. With it, only the strength counts.
    strength : float
        0 leaves the pitch as it is, 1 takes all of the deviation away, 0.5 half of it.
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
        Told after every stretch and every block.

    Returns
    -------
    audio : Audio
        The steadied sound. Same channels, frames and rate; it begins where the input begins.
    removed : Audio
        Input − audio. As samples move in time this is no sound of its own: it is loud wherever
        the correction works, and silent where it does not.

    Raises
    ------
    AudioError
        If the linked curve is not one of a machine: its times fall, or its speeds are out of reach.

    References
    ----------
    S. J. Godsill, P. J. W. Rayner, "The restoration of pitch variation defects in gramophone
    recordings", IEEE WASPAA 1993.
    """
    resampling = progress
    if strength > 0.0 and speed is None and audio.frames > 0:
        settings = SpeedSettings(rotation, pilot, lowest_hz, highest_hz, drift, engine)
        speed, _ = find_speed(audio, settings, progress=progress.part(0.0, _MEASURING))
        resampling = progress.part(_MEASURING, 1.0)
    if strength == 0.0 or speed is None or true_speed(speed):
        return untouched(audio)
    player = varispeed(speed, audio.sample_rate, strength=strength)

    def play(shown: Samples, block: Block) -> tuple[Samples, Samples]:
        # The block's context cannot be known beforehand: it is where the sound of this time lies.
        return blended(shown, player.frames(audio.samples, block.begin, block.end), 1.0)

    channels = audio.channels
    kept, removed = map_blocks(audio.samples, play, outputs=(channels, channels), progress=resampling)
    return Repaired(Audio.trusted(kept, audio.sample_rate), Audio.trusted(removed, audio.sample_rate))
