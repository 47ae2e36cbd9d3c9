"""The values that travel along links: Audio, Report, and what analyses learn. Frozen, safe to share.

Axis letters: C channels, T frames.

Samples may be memory-mapped files many times larger than memory, so nothing here copies a whole
signal, and `new_samples` gives nodes a place for their result that is a file where that is wise.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nodegraph.errors import AudioError

__all__ = [
    "Audio",
    "ClickMap",
    "Curve",
    "Measure",
    "NoiseProfile",
    "Report",
    "Samples",
    "SpeedCurve",
    "new_samples",
]

Samples = npt.NDArray[np.float32]
"""float32, shape (channels, frames), C-contiguous; full scale is 1.0."""

# Up to this size a new result outside of a run is ordinary memory (bytes); above, a temporary file.
_IN_MEMORY_BYTES = 64 << 20
# Values looked at in one go when a signal is checked for NaN; small enough to stay in the cache.
_CHECK_BLOCK = 1 << 18


@dataclass(frozen=True, eq=False)
class Audio:
    """A piece of sound.

    Parameters
    ----------
    samples : ndarray, shape (channels, frames)
        float32, C-contiguous, full scale 1.0. Kept as a read-only view, perhaps memory-mapped.
    sample_rate : int
        In Hz.

    Raises
    ------
    AudioError
        If the layout is another one, or a sample is NaN or infinite.
    """

    samples: Samples
    sample_rate: int

    def __post_init__(self) -> None:
        self._freeze()
        bad = first_non_finite(self.samples)
        if bad is not None:
            channel, frame = bad
            raise AudioError(
                f"The sound has a sample that is not a number, first at {frame / self.sample_rate:.3f} s "
                f"in channel {channel + 1} ({self.samples[channel, frame]}). "
                "Export it again from the program that made it."
            )

    @classmethod
    def from_array(cls, array: npt.ArrayLike, sample_rate: int) -> Audio:
        """Make Audio from any real array of shape (frames,) or (channels, frames), by a copy."""
        samples = np.array(array, dtype=np.float32, order="C", ndmin=2)
        return cls(samples, sample_rate)

    @classmethod
    def trusted(cls, samples: Samples, sample_rate: int) -> Audio:
        """Make Audio without looking for NaN: for samples that were checked when they were written."""
        audio = object.__new__(cls)
        object.__setattr__(audio, "samples", samples)
        object.__setattr__(audio, "sample_rate", sample_rate)
        audio._freeze()
        return audio

    def _freeze(self) -> None:
        samples: Any = self.samples
        if not isinstance(samples, np.ndarray) or samples.dtype != np.float32 or samples.ndim != 2:
            found = f"{getattr(samples, 'dtype', type(samples).__name__)}, shape {np.shape(samples)}"
            raise AudioError(f"Samples must be float32 of shape (channels, frames), not {found}.")
        if samples.shape[0] < 1 or not samples.flags.c_contiguous:
            raise AudioError(f"Samples must be contiguous, with one channel or more, not {samples.shape}.")
        if isinstance(self.sample_rate, bool) or not isinstance(self.sample_rate, (int, np.integer)):
            raise AudioError(f"The sample rate must be a whole number of Hz, not {self.sample_rate!r}.")
        if self.sample_rate < 1:
            raise AudioError(f"The sample rate must be positive, not {self.sample_rate} Hz.")
        view = samples.view()
        view.flags.writeable = False
        object.__setattr__(self, "samples", view)
        object.__setattr__(self, "sample_rate", int(self.sample_rate))

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        """Length in sample frames."""
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate

    def __repr__(self) -> str:
        return f"Audio({self.channels} ch, {self.frames} frames, {self.sample_rate} Hz)"


def first_non_finite(samples: Samples, check: Callable[[], None] | None = None) -> tuple[int, int] | None:
    """Return (channel, frame) of the first NaN or infinity of each channel in turn, or None.

    `check` is called between blocks, so that a long look can be cancelled.
    """
    for channel, row in enumerate(samples):
        for begin in range(0, row.size, _CHECK_BLOCK):
            if check is not None:
                check()
            finite = np.isfinite(row[begin : begin + _CHECK_BLOCK])
            if not finite.all():
                return channel, begin + int(np.argmin(finite))
    return None


@dataclass(frozen=True)
class Measure:
    """One measured number of a Report.

    Parameters
    ----------
    name : str
        As an engineer would call it, for example "Integrated loudness".
    value : float | int | str | None
        None where it could not be measured.
    unit : str
        "" where it has none.
    """

    name: str
    value: float | int | str | None
    unit: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return "—"
        shown = f"{self.value:.2f}" if isinstance(self.value, float) else str(self.value)
        return f"{shown} {self.unit}".strip()


@dataclass(frozen=True, eq=False)
class Curve:
    """A measured curve, ready to be plotted.

    Parameters
    ----------
    name : str
        What it shows.
    x, y : ndarray, shape (points,)
        float64. `y` may hold NaN where there was nothing to measure.
    x_unit, y_unit : str
        For example "s" and "LUFS".
    """

    name: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    x_unit: str = ""
    y_unit: str = ""

    def __post_init__(self) -> None:
        for axis in ("x", "y"):
            values = np.array(getattr(self, axis), dtype=np.float64).reshape(-1)
            values.flags.writeable = False
            object.__setattr__(self, axis, values)
        if self.x.size != self.y.size:
            raise AudioError(f"Curve {self.name}: {self.x.size} x values but {self.y.size} y values.")


@dataclass(frozen=True)
class Report:
    """What a measuring node found: numbers to print and curves to plot.

    Parameters
    ----------
    title : str
        What was measured.
    measures : tuple of Measure
        In the order in which they are shown.
    curves : tuple of Curve
        May be empty.
    """

    title: str
    measures: tuple[Measure, ...] = ()
    curves: tuple[Curve, ...] = field(default=(), compare=False)

    def __getitem__(self, name: str) -> float | int | str | None:
        """Return the value of the measure called `name`."""
        for measure in self.measures:
            if measure.name == name:
                return measure.value
        raise KeyError(name)

    def __str__(self) -> str:
        width = max((len(measure.name) for measure in self.measures), default=0)
        rows = (f"  {measure.name:<{width}}  {measure}" for measure in self.measures)
        return "\n".join([self.title, *rows])


@dataclass(frozen=True, eq=False)
class NoiseProfile:
    """What the noise of a recording is like, learned where nothing else sounds.

    Parameters
    ----------
    sample_rate : int
        Of the recording it was learned from, in Hz.
    power : ndarray, shape (channels, bins)
        float64, mean power spectral density, full scale² per Hz, at bins evenly spaced from 0 to
        half the sample rate.
    begin_s, end_s : float
        The passage it was learned from.
    """

    sample_rate: int
    power: npt.NDArray[np.float64]
    begin_s: float = 0.0
    end_s: float = 0.0

    def __post_init__(self) -> None:
        _freeze_array(self, "power", np.float64, 2)


@dataclass(frozen=True, eq=False)
class SpeedCurve:
    """How fast a recording runs over time: 1.01 is one percent too fast.

    Parameters
    ----------
    times_s : ndarray, shape (points,)
        float64, rising.
    speed : ndarray, shape (points,)
        float64, relative to the true speed; linear between points, constant beyond them.
    confidence : ndarray, shape (points,)
        float64, 0 (guessed) to 1 (sure).
    """

    times_s: npt.NDArray[np.float64]
    speed: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("times_s", "speed", "confidence"):
            _freeze_array(self, name, np.float64, 1)
        if not self.times_s.size == self.speed.size == self.confidence.size:
            raise AudioError("A speed curve needs one speed and one confidence for each time.")


@dataclass(frozen=True, eq=False)
class ClickMap:
    """Where a recording is damaged by clicks.

    Parameters
    ----------
    sample_rate : int
        In Hz.
    frames : int
        Length of the recording.
    spans : ndarray, shape (clicks, 3)
        int64: channel, first frame, and the frame after the last. Sorted.
    """

    sample_rate: int
    frames: int
    spans: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        _freeze_array(self, "spans", np.int64, 2)
        if self.spans.shape[1] != 3:
            raise AudioError(f"A click map needs (channel, begin, end) rows, not {self.spans.shape}.")


def _freeze_array(value: object, name: str, dtype: npt.DTypeLike, dimensions: int) -> None:
    array = np.array(getattr(value, name), dtype=dtype, order="C")
    if array.ndim != dimensions:
        raise AudioError(f"{name} must have {dimensions} dimensions, not the shape {array.shape}.")
    array.flags.writeable = False
    object.__setattr__(value, name, array)


Allocator = Callable[[tuple[int, int]], Samples]

_allocator: ContextVar[Allocator | None] = ContextVar("regroove_allocator", default=None)


def new_samples(channels: int, frames: int) -> Samples:
    """Return a writable array of shape (channels, frames) for a result; its content is undefined.

    Only a memory-mapped one is sure to be silent.

    In a run it lies in a file of the cache, so that a long recording needs no memory of its own
    and the finished result need not be copied. Elsewhere it is ordinary memory, or, when large, a
    temporary file without a name.

    Raises
    ------
    OSError
        If the disk cannot hold it. The space is taken now, never while the node writes.
    """
    allocate = _allocator.get() or _allocate
    return allocate((channels, frames))


@contextmanager
def allocating(allocator: Allocator) -> Iterator[None]:
    """Let `new_samples` use `allocator` inside the `with` block, in this thread."""
    token = _allocator.set(allocator)
    try:
        yield
    finally:
        _allocator.reset(token)


def _allocate(shape: tuple[int, int]) -> Samples:
    if 4 * shape[0] * shape[1] <= _IN_MEMORY_BYTES:
        return np.empty(shape, np.float32)
    handle, name = tempfile.mkstemp(prefix="regroove-")
    os.close(handle)
    path = Path(name)
    try:
        return map_new_file(path, shape)
    finally:
        # On Windows an open file cannot go; the temporary folder's own cleaning takes it then.
        try:
            path.unlink()
        except PermissionError:
            pass


def map_new_file(path: Path, shape: tuple[int, ...], dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
    """Create a `.npy` file of that shape with its space reserved, all zero, and map it for writing.

    A mapped file without reserved space kills the process (SIGBUS) when the disk runs full.

    Raises
    ------
    OSError
        If the disk cannot hold it; no file is left.
    """
    items = int(np.prod(shape, dtype=np.int64))
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    try:
        with open(path, "wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            offset = file.tell()
            _reserve(file.fileno(), offset, items * np.dtype(dtype).itemsize)
        if items == 0:
            return np.empty(shape, dtype)
        return np.memmap(path, dtype=dtype, mode="r+", offset=offset, shape=shape)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _reserve(descriptor: int, offset: int, size: int) -> None:
    if size == 0:
        return
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, offset, size)
        return
    # macOS and Windows: writing the zeros is the portable way to own the space.
    zeros = bytes(1 << 20)
    os.lseek(descriptor, offset, os.SEEK_SET)
    for begin in range(0, size, len(zeros)):
        os.write(descriptor, zeros[: size - begin])
