"""Reading a sound at a model's rate piece by piece, adding up what the model says, and writing it back.

Each holds only the stretch that segments still need, so that memory does not grow with the recording.

Axis letters: S sources, C channels, T frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, AudioError, Progress, Samples
from nodes.dsp.rate import Converter, frames_at
from nodes.dsp.separation.backend import Segment

__all__ = ["Level", "Reader", "Sum", "Writer", "converted_frames", "measure_level"]

_Array = npt.NDArray[np.float32]

# Frames handed on at a time, whatever the run's blocks: soxr's result is then always the same.
_PIECE_FRAMES = 1 << 16
# Keeps silence from being divided by zero; Demucs adds it too (demucs.api.Separator).
_TINY = 1e-8
# Where the channels cancel each other their mean says nothing of how loud they are: it counts as no
# softer than this (factor) against them. No music comes near it.
_LEAST_MIDDLE = 1e-3


@dataclass(frozen=True)
class Level:
    """The mean and the standard deviation of a whole recording, its channels averaged."""

    mean: float = 0.0
    deviation: float = 1.0

    def standardised(self, samples: Samples) -> Samples:
        """Return the samples with mean 0 and deviation 1."""
        return np.asarray((samples - np.float32(self.mean)) / np.float32(self.deviation), np.float32)

    def restored(self, samples: _Array) -> _Array:
        """Return what came out of a model at the recording's own level."""
        return np.asarray(samples * np.float32(self.deviation) + np.float32(self.mean), np.float32)


def converted_frames(frames: int, old_rate: int, new_rate: int) -> int:
    """Return the length of a sound at another rate, rounded; 1 at least."""
    return max(1, frames_at(frames, old_rate, new_rate))


class Reader:
    """A recording's channels at a model's rate and level, read from begin to end.

    Parameters
    ----------
    audio : Audio
        One channel or two.
    model_rate : int
        In Hz.
    channels : int
        Of the model: where it is 2 and the recording has 1, both sides hear the same.
    level : Level
        What is taken out of it.
    progress : Progress
        Asked whether to go on.
    """

    def __init__(
        self,
        audio: Audio,
        model_rate: int,
        *,
        channels: int,
        level: Level,
        progress: Progress,
    ) -> None:
        self.frames = converted_frames(audio.frames, audio.sample_rate, model_rate)
        self._level = level
        self._channels = channels
        self._pieces = pieces(audio, model_rate, progress)
        self._held: Samples = np.zeros((audio.channels, 0), np.float32)
        self._begin = 0

    def window(self, begin: int, end: int) -> Samples:
        """Return the frames from `begin` to `end`, shape (channels, end − begin); silent outside."""
        while self._begin + self._held.shape[1] < min(end, self.frames):
            piece = self._level.standardised(next(self._pieces))
            self._held = np.concatenate([self._held, piece], axis=1)
        inside = self._held[:, max(0, begin - self._begin) : max(0, end - self._begin)]
        before = max(0, -begin)
        window = np.zeros((self._channels, end - begin), np.float32)
        window[:, before : before + inside.shape[1]] = inside
        return window

    def forget(self, before: int) -> None:
        """Let go of the frames before `before`."""
        count = min(before - self._begin, self._held.shape[1])
        if count > 0:
            self._held = self._held[:, count:].copy()
            self._begin += count


class Sum:
    """What segments contribute, added up; frames are taken out when no more is to come.

    Parameters
    ----------
    sources, channels : int
        Of every contribution.
    """

    def __init__(self, sources: int, channels: int) -> None:
        self._held = np.zeros((sources, channels, 0), np.float32)
        self._begin = 0

    def add(self, segment: Segment, parts: _Array) -> None:
        """Add a model's answer to what the segment showed it, shape (sources, channels, shown frames)."""
        lacking = segment.end - self._begin - self._held.shape[2]
        if lacking > 0:
            self._held = np.pad(self._held, ((0, 0), (0, 0), (0, lacking)))
        kept = parts[:, :, segment.begin - segment.shown_begin : segment.end - segment.shown_begin]
        place = self._held[:, :, segment.begin - self._begin : segment.end - self._begin]
        if segment.gains:
            gains = np.asarray(segment.gains, np.float32)
            place += gains[:, None, None] * (segment.weight * kept)
        else:
            place += segment.weight * kept

    def take(self, until: int) -> _Array:
        """Return the frames up to `until` that have not been taken, shape (sources, channels, frames)."""
        count = max(0, until - self._begin)
        taken = self._held[:, :, :count]
        self._held = self._held[:, :, count:].copy()
        self._begin += count
        return taken


class Writer:
    """Puts sources back at the recording's level, rate and channels, and with them what they leave over.

    Parameters
    ----------
    audio : Audio
        The recording: one channel or two.
    model_rate : int
        In Hz.
    level : Level
        What the reader took out.
    targets : mapping of str to ndarray, shape (1 or 2, frames)
        Where each source and each rest is written.
    sources : sequence of str
        In the model's order.
    rest : mapping of str to sequence of str
        Each is the recording less these sources.
    """

    def __init__(
        self,
        audio: Audio,
        model_rate: int,
        *,
        level: Level,
        targets: Mapping[str, Samples],
        sources: Sequence[str],
        rest: Mapping[str, Sequence[str]],
    ) -> None:
        self._audio = audio
        self._level = level
        self._targets, self._sources, self._rest = targets, sources, rest
        channels = len(sources) * audio.channels
        self._converter = Converter(model_rate, audio.sample_rate, channels, audio.frames)
        self._position = 0

    def write(self, parts: _Array, *, last: bool) -> None:
        """Write the next frames, shape (sources, model's channels, frames).

        Raises
        ------
        AudioError
            If they are not finite.
        """
        channels = self._audio.channels
        parts = self._level.restored(parts)
        if channels < parts.shape[1]:
            # What both sides heard comes out of both; their mean is as loud.
            parts = parts.mean(axis=1, keepdims=True)
        begin = self._position
        flat = parts.reshape(len(self._sources) * channels, parts.shape[2])
        flat = self._converter.convert(flat, last=last)
        if not np.isfinite(flat).all():
            begin_s = begin / self._audio.sample_rate
            raise AudioError(f"The model's result is not finite near {begin_s:.1f} s.")
        stretch = slice(begin, begin + flat.shape[1])
        stems = dict(zip(self._sources, flat.reshape(len(self._sources), channels, -1), strict=True))
        for name, stem in stems.items():
            self._targets[name][:, stretch] = stem
        for name, without in self._rest.items():
            # In double precision, so that the parts add up to the recording.
            left = self._audio.samples[:, stretch].astype(np.float64)
            for source in without:
                left -= stems[source]
            self._targets[name][:, stretch] = left
        self._position += flat.shape[1]


def pieces(audio: Audio, new_rate: int, progress: Progress) -> Iterator[Samples]:
    """Yield a sound at another rate in pieces of shape (channels, any number), exact in all."""
    frames = converted_frames(audio.frames, audio.sample_rate, new_rate)
    converter = Converter(audio.sample_rate, new_rate, audio.channels, frames)
    for begin in range(0, audio.frames, _PIECE_FRAMES):
        progress.check()
        end = min(audio.frames, begin + _PIECE_FRAMES)
        yield converter.convert(audio.samples[:, begin:end], last=end == audio.frames)


def measure_level(audio: Audio, model_rate: int, progress: Progress) -> Level:
    """Return the level of a whole recording at the model's rate."""
    count, total, squares, all_squares = 0, 0.0, 0.0, 0.0
    for piece in pieces(audio, model_rate, progress):
        middle = piece.mean(axis=0, dtype=np.float64)
        count += middle.size
        total += float(middle.sum())
        squares += float(np.dot(middle, middle))
        all_squares += float(np.square(piece, dtype=np.float64).sum()) / len(piece)
    mean = total / max(1, count)
    # Of a sample (n − 1), as torch has it; a single frame has none.
    deviation = math.sqrt(max(0.0, squares - count * mean * mean) / max(1, count - 1))
    least = _LEAST_MIDDLE * math.sqrt(all_squares / max(1, count))
    return Level(mean, max(deviation, least) + _TINY)
