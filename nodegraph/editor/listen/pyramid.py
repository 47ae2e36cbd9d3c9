"""Pyramid: the lowest and highest sample of every stretch of a sound, so that any zoom is drawn at once.

Its levels are kept in a file, memory-mapped: bins of 64 frames, of 1024, of 16384 …. While they are made
in the background, a sketch from a few frames of each bin stands in for what is not done yet. Whoever
looks closer than the finest bin sees the sound itself.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from nodegraph.audio import Samples, map_new_file
from nodegraph.editor.listen.background import Stop
from nodegraph.editor.listen.sound import Audible, here_and_there

__all__ = ["LIMIT_BYTES", "Envelope", "Pyramid", "tidy"]

Envelope = tuple[Samples, Samples]
"""Lowest and highest, each of shape (channels, columns)."""

LIMIT_BYTES = 500 << 20
"""So much is kept of all sounds together: about 12 hours of stereo."""

_FINEST = 64
_STEP = 16
# A level with fewer bins than this needs no coarser one.
_FEWEST_BINS = 4096
# So many frames are always read from the sound itself: under 5 ms.
_DIRECT_FRAMES = 1 << 19
# Frames made at once; a whole number of bins of every level of a recording below 100 hours.
_BLOCK = 1 << 20
# The sketch reads so many frames of so many places, few at first: from a disk at rest each takes its time.
_SKETCH_BINS = (256, 2048)
_SKETCH_FRAMES = 512
# An edge that lies on a frame may be computed a hair before it (frames).
_ROUNDING = 1e-6
# What a crash left half made is removed after a day (s).
_STALE_S = 86_400.0

_Level = tuple[int, Samples, Samples]


@dataclass(frozen=True, eq=False)
class _Made:
    """The levels, and how many frames of the sound are in them. Replaced as a whole."""

    levels: tuple[_Level, ...]
    frames: int


class Pyramid:
    """The envelope of one sound at any zoom. `build` runs in the background, the rest anywhere.

    Parameters
    ----------
    source : Sound or Difference
        Of any length.
    folder : Path
        Where pyramids are kept, for example the cache's `pictures`. Made if needed.
    limit_bytes : int
        So much may lie there; the ones unused for longest go first.
    """

    def __init__(self, source: Audible, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.source = source
        self._folder, self._limit = folder, limit_bytes
        self._path = folder / (hashlib.sha256(source.key.encode()).hexdigest()[:32] + ".npy")
        self._sketch: Envelope | None = None
        self._made = _Made((), source.frames if source.frames <= _DIRECT_FRAMES else 0)
        if not self._made.frames:
            self._open()

    # --- for who draws -------------------------------------------------------------------------

    @property
    def done(self) -> float:
        """How much of it is exact, 0 to 1."""
        return self._made.frames / self.source.frames if self.source.frames else 1.0

    @property
    def ready(self) -> bool:
        """Whether there is anything to draw yet, if only a sketch."""
        return self._sketch is not None or self._made.frames > 0 or not self.source.frames

    def exact(self, begin_s: float, end_s: float) -> bool:
        """Return whether the picture of a span is exact, not sketched."""
        begin, end = self._span(begin_s, end_s)
        return end <= self._made.frames or end - begin <= _DIRECT_FRAMES

    def envelope(self, begin_s: float, end_s: float, columns: int) -> Envelope:
        """Return the lowest and the highest sample of every column; zeros where the sound is not.

        Parameters
        ----------
        begin_s, end_s : float
            The span, in seconds of the whole file.
        columns : int
            Its width.
        """
        edges = np.linspace(begin_s, end_s, columns + 1) - self.source.begin_s
        edges = edges * self.source.sample_rate + _ROUNDING
        lows = np.zeros((self.source.channels, columns), np.float32)
        highs = lows.copy()
        inside = (edges[1:] > 2 * _ROUNDING) & (edges[:-1] < self.source.frames)
        if not inside.any():
            return lows, highs
        first, last = int(np.argmax(inside)), columns - int(np.argmax(inside[::-1]))
        span = np.clip(edges[first : last + 1], 0, self.source.frames)
        lows[:, first:last], highs[:, first:last] = self._columns(span)
        return lows, highs

    def samples(self, begin_s: float, end_s: float) -> tuple[npt.NDArray[np.float64], Samples]:
        """Return each sample of a short span and its time: for a look so close that they are dots.

        Returns
        -------
        times_s : ndarray, shape (frames,)
            In seconds of the whole file; one frame more at either side, so that lines go on.
        samples : ndarray, shape (channels, frames)
        """
        begin, end = self._span(begin_s, end_s)
        begin, end = max(0, begin - 1), min(self.source.frames, min(end, begin + _DIRECT_FRAMES) + 2)
        times = self.source.begin_s + np.arange(begin, end) / self.source.sample_rate
        return times, self.source.read(begin, max(begin, end))

    # --- in the background ---------------------------------------------------------------------

    def build(self, stop: Stop, progress: Callable[[float], None] = lambda _done: None) -> None:
        """Make it, block by block; what is done is drawn already. Does nothing if it is there.

        Parameters
        ----------
        stop : callable
            Says whether it is no longer wanted.
        progress : callable
            Told how much is exact: 0 as soon as the sketch can be drawn, at last 1.

        Raises
        ------
        OSError
            If the disk cannot hold it; the sketch stays.
        """
        if self.done < 1.0:
            for bins in _SKETCH_BINS:
                with here_and_there(self.source):
                    self._draw_sketch(bins, stop)
                progress(0.0)
            self._make(stop, progress)
        progress(self.done)

    def _draw_sketch(self, bins: int, stop: Stop) -> None:
        borders = np.arange(bins + 1, dtype=np.int64) * self.source.frames // bins
        lows = np.zeros((self.source.channels, bins), np.float32)
        highs = lows.copy()
        for column, (begin, end) in enumerate(pairwise(borders.tolist())):
            if stop():
                return
            few = self.source.read(begin, min(end, begin + _SKETCH_FRAMES))
            lows[:, column], highs[:, column] = few.min(axis=1), few.max(axis=1)
        self._sketch = (lows, highs)

    def _make(self, stop: Stop, progress: Callable[[float], None]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = self._folder / f"{self._path.stem}.{secrets.token_hex(4)}.part"
        try:
            map_new_file(aside, (self._size(),))
            # Written as a file and read as a map: who writes to a map may wait for the disk, and keeps
            # all other threads waiting too.
            levels = self._cut(np.load(aside, mmap_mode="r"))
            with open(aside, "rb+", buffering=0) as file:
                for begin in range(0, self.source.frames, _BLOCK):
                    if stop():
                        self._made = _Made((), 0)
                        return
                    end = min(begin + _BLOCK, self.source.frames)
                    self._write(file, self.source.read(begin, end), begin)
                    self._made = _Made(levels, end)
                    progress(end / self.source.frames)
                # Whoever opens it finds all of it.
                os.fsync(file.fileno())
            os.replace(aside, self._path)
        finally:
            aside.unlink(missing_ok=True)
        tidy(self._folder, self._limit)

    def _write(self, file: BinaryIO, samples: Samples, begin: int) -> None:
        """Write a block into every level."""
        lows = highs = samples
        before = 1
        # The levels are the end of the file.
        level_at = os.fstat(file.fileno()).st_size - 4 * self._size()
        for size, bins in self._sizes():
            lows, highs = _binned(lows, highs, size // before)
            for number, row in enumerate((*lows, *highs)):
                file.seek(level_at + 4 * (number * bins + begin // size))
                file.write(row.tobytes())
            level_at += 4 * 2 * self.source.channels * bins
            before = size

    # --- inside ----------------------------------------------------------------------------------

    def _span(self, begin_s: float, end_s: float) -> tuple[int, int]:
        begin, end = ((each - self.source.begin_s) * self.source.sample_rate for each in (begin_s, end_s))
        frames = self.source.frames
        return int(min(max(begin, 0), frames)), int(min(max(end, 0), frames))

    def _columns(self, edges: npt.NDArray[np.float64]) -> Envelope:
        """Return the columns between edges, which lie inside of the sound (frames)."""
        made, frames = self._made, edges[-1] - edges[0]
        fitting = [level for level in made.levels if level[0] <= frames / (edges.size - 1)]
        if frames <= _DIRECT_FRAMES and (not fitting or edges[-1] > made.frames):
            begin = int(edges[0])
            near = self.source.read(begin, min(int(edges[-1]) + 1, self.source.frames))
            return _reduced(near, near, (edges - begin).astype(np.int64))
        exact = edges[1:] <= made.frames
        if not exact.any():
            return self._sketched(edges)
        size, lows, highs = fitting[-1] if fitting else made.levels[0]
        found = _reduced(lows, highs, (edges / size).astype(np.int64))
        if exact.all():
            return found
        sketched = self._sketched(edges)
        return np.where(exact, found[0], sketched[0]), np.where(exact, found[1], sketched[1])

    def _sketched(self, edges: npt.NDArray[np.float64]) -> Envelope:
        if self._sketch is None:
            nothing = np.zeros((self.source.channels, edges.size - 1), np.float32)
            return nothing, nothing
        lows, highs = self._sketch
        return _reduced(lows, highs, (edges * (lows.shape[1] / self.source.frames)).astype(np.int64))

    def _sizes(self) -> list[tuple[int, int]]:
        """Return (frames per bin, bins) of each level."""
        sizes = [(_FINEST, -(-self.source.frames // _FINEST))]
        while sizes[-1][1] > _FEWEST_BINS:
            size = sizes[-1][0] * _STEP
            sizes.append((size, -(-self.source.frames // size)))
        return sizes

    def _size(self) -> int:
        return sum(2 * self.source.channels * bins for _, bins in self._sizes())

    def _cut(self, flat: Samples) -> tuple[_Level, ...]:
        levels: list[_Level] = []
        channels, at = self.source.channels, 0
        for size, bins in self._sizes():
            both = flat[at : at + 2 * channels * bins].reshape(2, channels, bins)
            levels.append((size, both[0], both[1]))
            at += both.size
        return tuple(levels)

    def _open(self) -> None:
        try:
            flat = np.load(self._path, mmap_mode="r", allow_pickle=False)
            os.utime(self._path)
        except (OSError, ValueError):
            return
        if flat.shape == (self._size(),) and flat.dtype == np.float32:
            self._made = _Made(self._cut(flat), self.source.frames)


def tidy(folder: Path, limit_bytes: int) -> None:
    """Remove the pyramids unused for longest, until the others fit, and what a crash left half made."""
    kept: list[tuple[float, int, Path]] = []
    for path in folder.iterdir():
        try:
            facts = path.stat()
            if path.suffix == ".npy":
                kept.append((facts.st_mtime, facts.st_size, path))
            elif path.suffix == ".part" and time.time() - facts.st_mtime > _STALE_S:
                path.unlink()
        except OSError:
            continue
    total = sum(size for _, size, _ in kept)
    for _when, size, path in sorted(kept):
        if total <= limit_bytes:
            return
        try:
            path.unlink()
        except OSError:
            # Open elsewhere, on Windows; or removed by another window meanwhile.
            continue
        total -= size


def _binned(lows: Samples, highs: Samples, count: int) -> Envelope:
    """Return the lowest and highest of every `count` columns; the last may have fewer."""
    whole = lows.shape[1] // count * count
    shape = (lows.shape[0], -1, count)
    found = lows[:, :whole].reshape(shape).min(axis=2), highs[:, :whole].reshape(shape).max(axis=2)
    if whole == lows.shape[1]:
        return found
    rest = lows[:, whole:].min(axis=1, keepdims=True), highs[:, whole:].max(axis=1, keepdims=True)
    return np.hstack([found[0], rest[0]]), np.hstack([found[1], rest[1]])


def _reduced(lows: Samples, highs: Samples, edges: npt.NDArray[np.int64]) -> Envelope:
    """Return the lowest and highest between edges; a column has one bin at least."""
    begin = min(int(edges[0]), lows.shape[1] - 1)
    end = min(max(int(edges[-1]), begin + 1), lows.shape[1])
    starts = np.minimum(edges[:-1], end - 1) - begin
    return (
        np.minimum.reduceat(lows[:, begin:end], starts, axis=1),
        np.maximum.reduceat(highs[:, begin:end], starts, axis=1),
    )
