"""Taking any sound apart with any model: rate, channels, length and memory are the driver's business.

The sound streams through: resampled to the model's rate, shown to the model segment by segment on a grid
that begins with the recording, added up, resampled back and written to results that lie in files when they
are long. Only what segments still need is held, so memory does not grow with the length.

Axis letters: S sources, C channels, T frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from nodegraph import Audio, Progress, Samples, new_samples, no_progress
from nodes.dsp.separation.backend import Backend
from nodes.dsp.separation.stream import Level, Reader, Sum, Writer, measure_level

__all__ = ["separate", "silence"]

# Of the time that a group of channels takes, measuring its level is about this share.
_MEASURING = 0.02


def separate(
    audio: Audio,
    backend: Backend,
    *,
    rest: Mapping[str, Sequence[str]] = MappingProxyType({}),
    progress: Progress = no_progress,
) -> dict[str, Audio]:
    """Take a sound apart.

    Parameters
    ----------
    audio : Audio
        Any rate, channels and length. A model for stereo gets channels in pairs; one that is left over is
        heard on both sides, and comes back as the mean of both.
    backend : Backend
        The model.
    rest : mapping of str to sequence of str
        What else is wanted: each is the sound less these sources. Sources and the rest that lacks all of
        them add up to the sound.
    progress : Progress
        Told before every segment; a cancel is felt there.

    Returns
    -------
    dict of str to Audio
        The sources and the rests: same channels, frames and rate as the sound.

    Raises
    ------
    AudioError
        If the model's result is not finite.
    Cancelled
        If the user cancelled.
    """
    names = (*backend.sources, *rest)
    results = {name: new_samples(audio.channels, audio.frames) for name in names}
    starts = range(0, audio.channels, backend.channels) if audio.frames else range(0)
    for start in starts:
        group = slice(start, min(start + backend.channels, audio.channels))
        heard = Audio.trusted(audio.samples[group], audio.sample_rate)
        targets = {name: result[group] for name, result in results.items()}
        part = progress.part(start / audio.channels, group.stop / audio.channels)
        _separate_group(heard, backend, targets, rest, part)
    progress(1.0)
    return {name: Audio.trusted(result, audio.sample_rate) for name, result in results.items()}


def silence(audio: Audio) -> Audio:
    """Return silence of a sound's channels, frames and rate."""
    samples = new_samples(audio.channels, audio.frames)
    # A new file is silent already.
    if not isinstance(samples, np.memmap):
        samples.fill(0.0)
    return Audio.trusted(samples, audio.sample_rate)


def _separate_group(
    heard: Audio,
    backend: Backend,
    targets: Mapping[str, Samples],
    rest: Mapping[str, Sequence[str]],
    progress: Progress,
) -> None:
    """Take the channels that the model hears together apart, and write them to `targets`."""
    rate = backend.sample_rate
    progress(0.0)
    level = Level()
    if backend.standardised:
        level = measure_level(heard, rate, progress)
    reader = Reader(heard, rate, channels=backend.channels, level=level, progress=progress)
    writer = Writer(heard, rate, level=level, targets=targets, sources=backend.sources, rest=rest)
    added = Sum(len(backend.sources), backend.channels)
    for segment in backend.segments(reader.frames):
        progress(_MEASURING + (1.0 - _MEASURING) * segment.begin / reader.frames)
        # No later segment reaches further back.
        writer.write(added.take(segment.begin), last=False)
        reader.forget(segment.begin - backend.window_frames)
        shown = reader.window(segment.shown_begin, segment.shown_end)
        added.add(segment, backend.separate(shown, segment.model))
    writer.write(added.take(reader.frames), last=True)
