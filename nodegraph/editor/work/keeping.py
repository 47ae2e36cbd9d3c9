"""Keeping: passages that were made lately are found again, and lie in files meanwhile.

A passage of a whole chain is a hundred megabytes; in the memory of the process these would be most of
what the editor takes. In files without names they are the system's to hold or to put on the disk.
"""

from __future__ import annotations

import mmap
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nodegraph.audio import Audio
from nodegraph.editor.listen.sound import map_of

__all__ = ["Keeping"]

# Of all that is kept, and of what may be in memory while one passage follows the other (bytes).
_LIMIT_BYTES, _IN_MEMORY_BYTES = 256 << 20, 64 << 20

# A process may have so many files open, and no more than some hundreds.
_MOST = 128


class Keeping:
    """The latest values by their names. Used by one thread.

    Parameters
    ----------
    folder : Path
        Where the files lie, which have no names: they are gone with the process.
    limit_bytes : int
        So much is kept; what was not used for longest is let go first.
    """

    def __init__(self, folder: Path, limit_bytes: int = _LIMIT_BYTES) -> None:
        self._folder, self._limit = folder, limit_bytes
        self._kept: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        # Of these the samples are in memory, and of so many bytes.
        self._fresh: dict[str, int] = {}
        self.size = 0

    def recall(self, name: str) -> Mapping[str, Any] | None:
        """Return what was kept, or None."""
        values = self._kept.get(name)
        if values is not None:
            self._kept.move_to_end(name)
        return values

    def keep(self, name: str, values: Mapping[str, Any]) -> None:
        """Keep values, in memory for now, and let go of the oldest."""
        self._drop(name)
        self._kept[name] = values
        self._fresh[name] = size = _size(values)
        self.size += size
        while len(self._kept) > 1 and (self.size > self._limit or len(self._kept) > _MOST):
            self._drop(next(iter(self._kept)))

    def put_away(self, check: Callable[[], None]) -> None:
        """Give back the memory: write what is new into files, and forget what was read of them.

        Parameters
        ----------
        check : callable
            Raises `Cancelled` where something else is to be done: then the rest stays until the next
            time, unless it is much.

        Raises
        ------
        Cancelled
            If `check` does.
        """
        for values in self._kept.values():
            for value in values.values():
                _forget(value)
        for name in list(self._fresh):
            if sum(self._fresh.values()) <= _IN_MEMORY_BYTES:
                check()
            try:
                self._kept[name] = self._moved(self._kept[name])
                del self._fresh[name]
            except OSError:
                # The disk is full: what is not kept is made again.
                self._drop(name)

    def _moved(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the same values, with their sounds one after the other in a file."""
        sounds = {port: value for port, value in values.items() if isinstance(value, Audio)}
        if not _size(values):
            return values
        with tempfile.TemporaryFile(dir=self._folder) as file:
            for sound in sounds.values():
                file.write(sound.samples.data)
            file.flush()
            mapped = np.memmap(file, np.float32, "r")
        moved, begin = dict(values), 0
        for port, sound in sounds.items():
            end = begin + sound.samples.size
            samples = mapped[begin:end].reshape(sound.samples.shape)
            moved[port], begin = Audio.trusted(samples, sound.sample_rate), end
        return moved

    def _drop(self, name: str) -> None:
        values = self._kept.pop(name, None)
        self._fresh.pop(name, None)
        self.size -= _size(values or {})


def _forget(value: Any) -> None:
    """Let the system take the pages of a mapped sound: they are read again from its file."""
    mapped = map_of(value) if isinstance(value, Audio) else None
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _size(values: Mapping[str, Any]) -> int:
    return sum(value.samples.nbytes for value in values.values() if isinstance(value, Audio))
