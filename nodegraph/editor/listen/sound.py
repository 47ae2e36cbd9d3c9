"""Sound: what an output port gives to hear. Difference: what two of them do not have in common.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nodegraph.audio import Audio, Samples

__all__ = ["Audible", "Difference", "Sound", "here_and_there", "map_of"]


class Audible(Protocol):
    """What pictures and meters can be made of."""

    @property
    def key(self) -> str:
        """The same for the same samples."""

    @property
    def begin_s(self) -> float:
        """Where its first frame lies in the whole file (s)."""

    @property
    def sample_rate(self) -> int:
        """In Hz."""

    @property
    def channels(self) -> int:
        """Number of channels."""

    @property
    def frames(self) -> int:
        """Length in sample frames."""

    @property
    def audios(self) -> tuple[Audio, ...]:
        """Whose samples are read."""

    def read(self, begin: int, end: int) -> Samples:
        """Return frames of itself, shape (channels, end − begin); silence where it is not."""


@dataclass(frozen=True)
class Sound:
    """What an output port gives to hear.

    Parameters
    ----------
    audio : Audio
        The samples, perhaps memory-mapped.
    key : str
        The same for the same samples, also in another session: pictures are kept under it.
    begin_s : float
        Where its first frame lies in the whole file (s); not 0 for the preview of a passage.
    preview : bool
        Only a passage, made quickly; the whole file is still being made.
    """

    audio: Audio
    key: str
    begin_s: float = 0.0
    preview: bool = False

    @property
    def end_s(self) -> float:
        """Where it ends in the whole file (s)."""
        return self.begin_s + self.audio.seconds

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self.audio.sample_rate

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.audio.channels

    @property
    def frames(self) -> int:
        """Length in sample frames."""
        return self.audio.frames

    @property
    def audios(self) -> tuple[Audio, ...]:
        """Whose samples are read."""
        return (self.audio,)

    def read(self, begin: int, end: int) -> Samples:
        """Return frames of it, shape (channels, end − begin); silence where it is not."""
        low, high = max(begin, 0), min(end, self.frames)
        if (low, high) == (begin, end):
            return self.audio.samples[:, begin:end]
        found = np.zeros((self.channels, end - begin), np.float32)
        if low < high:
            found[:, low - begin : high - begin] = self.audio.samples[:, low:high]
        return found


@dataclass(frozen=True)
class Difference:
    """A − B of two sounds of the same rate, length and channels: see `compare.why_no_difference`."""

    a: Sound
    b: Sound

    @property
    def key(self) -> str:
        """The same for the same two sounds."""
        return f"{self.a.key} − {self.b.key}"

    @property
    def begin_s(self) -> float:
        """Where its first frame lies in the whole file (s)."""
        return self.a.begin_s

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self.a.sample_rate

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.a.channels

    @property
    def frames(self) -> int:
        """Length in sample frames."""
        return self.a.frames

    @property
    def audios(self) -> tuple[Audio, ...]:
        """Whose samples are read."""
        return self.a.audio, self.b.audio

    def read(self, begin: int, end: int) -> Samples:
        """Return frames of it, shape (channels, end − begin); silence where it is not."""
        return self.a.read(begin, end) - self.b.read(begin, end)


@contextmanager
def here_and_there(source: Audible) -> Iterator[None]:
    """Tell the system that few frames of many places are read inside of the `with` block.

    It otherwise reads 128 kB around each place: of a file that is not in memory, 14 times as slow.
    """
    maps = [found for audio in source.audios if (found := map_of(audio)) and hasattr(mmap, "MADV_RANDOM")]
    for each in maps:
        each.madvise(mmap.MADV_RANDOM)
    try:
        yield
    finally:
        for each in maps:
            each.madvise(mmap.MADV_NORMAL)


def map_of(audio: Audio) -> mmap.mmap | None:
    """Return the mapped file in which the samples lie, or None where they are in memory."""
    owner: object = audio.samples
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return owner if isinstance(owner, mmap.mmap) else None
