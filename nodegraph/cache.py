"""Cache: results by key, memory-mapped, durable across restarts.

A result is usable at once; making it durable (fsync, rename) happens on a thread behind it. A crash
at any instant leaves a whole entry or none. An entry that another process evicts stays readable for
those who have it mapped. Entries are `.npy` files and JSON; nothing is pickled.
"""

from __future__ import annotations

import io
import json
import os
import queue
import secrets
import shutil
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nodegraph.audio import map_new_file
from nodegraph.encode import decode, encode
from nodegraph.errors import AudioError, CacheError
from nodegraph.files import sync_folder
from nodegraph.ledger import Ledger
from nodegraph.shelf import FACTS, Shelf, default_folder

__all__ = ["Cache", "Entry", "Facts", "Workspace"]

Array = npt.NDArray[Any]

# Smaller results are made in ordinary memory: a mapped file costs a descriptor and two page faults (bytes).
_MAPPED_BYTES = 256 << 10
# So many mapped results may wait to become durable; each holds a file descriptor meanwhile.
_MAPPED_WAITING = 128
# So much plain memory may wait to become durable; a node that adds to it then waits too (bytes).
_BACKLOG_BYTES = 256 << 20
# What reading an entry raises that is not what it says it is.
_DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, AudioError)


@dataclass(frozen=True)
class Facts:
    """What is known of a result beside its values.

    Parameters
    ----------
    kind : str
        The kind of node that made it.
    seconds : float
        How long that took.
    notes : tuple of str
        What the node told the user.
    files : mapping of str to (size, mtime_ns)
        Files that an effect wrote, so that one can see whether they are still there.
    """

    kind: str
    seconds: float
    notes: tuple[str, ...] = ()
    files: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A result: values by output port, and facts."""

    values: Mapping[str, Any]
    facts: Facts


class Workspace:
    """A place for one node's result while it is made; `allocate` is handed to `new_samples`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.folder = shelf.work / secrets.token_hex(8)
        self.arrays: list[tuple[Array, Path]] = []
        self.stored = False

    def allocate(self, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Return a new array: mapped, with its space reserved, unless it is small.

        Raises
        ------
        CacheError
            If the disk is full even after old results were given up.
        """
        size = 4 * int(np.prod(shape, dtype=np.int64))
        if size < _MAPPED_BYTES:
            return np.empty(shape, np.float32)
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{len(self.arrays)}.npy"
        array: npt.NDArray[np.float32] = self._shelf.with_room(size, lambda: map_new_file(path, shape))
        self.arrays.append((array, path))
        return array


@dataclass(frozen=True, eq=False)
class _Pending:
    """A result that is usable but not yet durable: where each of its arrays lies, if in a file."""

    key: str
    entry: Entry
    workspace: Workspace
    files: Mapping[int, Path]
    in_memory: int


class Cache:
    """Results by key.

    Parameters
    ----------
    folder : Path, optional
        By default `default_folder()`. Made if needed.
    limit_bytes : int, optional
        By default 10 GB or a quarter of the free disk, whichever is less.

    Raises
    ------
    CacheError
        If the folder cannot be used.
    """

    def __init__(self, folder: Path | None = None, limit_bytes: int | None = None) -> None:
        self.shelf = Shelf(folder or default_folder(), limit_bytes)
        ledger = self.shelf.folder / "ledger"
        self.ledger = Ledger(self.shelf.with_room(0, lambda: _made(ledger)))
        self._lock = threading.Lock()
        self._pending: dict[str, _Pending] = {}
        self._backlog = 0
        self._backlog_shrank = threading.Condition(self._lock)
        self._mapped: dict[int, tuple[weakref.ref[Array], Path]] = {}
        self._room = threading.BoundedSemaphore(_MAPPED_WAITING)
        self._jobs: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._committer: threading.Thread | None = None
        self._trouble: CacheError | None = None

    # --- reading -----------------------------------------------------------------------------

    def contains(self, key: str) -> bool:
        """Return whether a result is there (another process may evict it any moment)."""
        return key in self._pending or self.shelf.contains(key)

    def facts(self, key: str) -> Facts | None:
        """Return the facts of a result, or None if it is not there."""
        pending = self._pending.get(key)
        if pending is not None:
            return pending.entry.facts
        record = self._read_record(key)
        return None if record is None else _read_facts(record)

    def load(self, key: str, types: Mapping[str, Any]) -> Entry | None:
        """Return a result, mapped, or None if it is not there.

        Parameters
        ----------
        key : str
            As it was stored.
        types : mapping of str to type
            What each output port holds.
        """
        pending = self._pending.get(key)
        if pending is not None:
            return pending.entry
        record = self._read_record(key)
        if record is None:
            return None
        place = self.shelf.place(key)
        try:
            shown = enumerate(record["arrays"])
            arrays = [self._map(place / f"{number}.npy", stored) for number, stored in shown]
            values = {port: decode(kind, record["values"][port], arrays) for port, kind in types.items()}
            wrong = [port for port, kind in types.items() if not isinstance(values[port], kind)]
            if wrong:
                raise TypeError(f"{place} holds something else at {wrong[0]}")
            entry = Entry(values, _read_facts(record))
        except _DAMAGE:
            # Evicted while it was being read, or not what it says it is: as good as absent.
            self.shelf.remove(key)
            return None
        self.shelf.touch(key)
        return entry

    def _read_record(self, key: str) -> dict[str, Any] | None:
        try:
            record: dict[str, Any] = json.loads((self.shelf.place(key) / FACTS).read_bytes())
            _read_facts(record)
        except FileNotFoundError:
            return None
        except _DAMAGE:
            self.shelf.remove(key)
            return None
        return record

    def _map(self, path: Path, stored: Mapping[str, Any]) -> Array:
        if path.stat().st_size != stored["bytes"]:
            raise ValueError(f"{path} is {path.stat().st_size} bytes, not {stored['bytes']}")
        shape, dtype = tuple(stored["shape"]), np.dtype(stored["dtype"])
        # `numpy.load` meets a damaged header with errors of many kinds; ours is known to the byte.
        header = _header(shape, dtype)
        with open(path, "rb") as file:
            if dtype.hasobject or file.read(len(header)) != header:
                raise ValueError(f"{path} does not hold {dtype.str} {shape}")
        # An empty array cannot be mapped.
        if 0 in shape:
            return np.empty(shape, dtype)
        array: Array = np.memmap(path, dtype, "r", offset=len(header), shape=shape)
        self._remember(array, path)
        return array

    def _remember(self, array: Array, path: Path) -> None:
        """Keep in mind which file a mapped array is, so that passing it on costs no copy."""
        if array.size:
            self._mapped[_address(array)] = (weakref.ref(array), path)

    # --- writing -----------------------------------------------------------------------------

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """Give a place for a result. What is not stored from it is removed at the end."""
        space = Workspace(self.shelf)
        try:
            yield space
        finally:
            # What was stored is removed by the committer, once it lies in its place.
            if not space.stored:
                shutil.rmtree(space.folder, ignore_errors=True)

    def store(self, key: str, entry: Entry, workspace: Workspace) -> None:
        """Keep a result. It can be loaded at once; it becomes durable behind the caller's back.

        Parameters
        ----------
        key : str
            Its recipe's key.
        entry : Entry
            Values of types that `nodegraph.encode` knows. Arrays of the workspace are moved rather
            than copied, arrays of other entries are linked.
        workspace : Workspace
            The one that is open now.
        """
        arrays: list[Array] = []
        for value in entry.values.values():
            encode(value, arrays)
        workspace.stored = True
        if workspace.arrays:
            self._room.acquire()
        own = {_address(array): (array, path) for array, path in workspace.arrays if array.size}
        files: dict[int, Path] = {}
        with self._lock:
            for number, array in enumerate(arrays):
                if not array.size:
                    continue
                mapped, path = own.get(_address(array), (None, None))
                if mapped is not None and path is not None:
                    if _alike(mapped, array):
                        files[number] = path
                        # By the time that somebody links to it, it will have moved to its place.
                        self._remember(mapped, self.shelf.place(key) / f"{number}.npy")
                else:
                    known = self._mapped.get(_address(array))
                    whole = known[0]() if known else None
                    if known and whole is not None and _alike(whole, array):
                        files[number] = known[1]
            in_memory = sum(array.nbytes for number, array in enumerate(arrays) if number not in files)
            pending = _Pending(key, entry, workspace, files, in_memory)
            self._pending[key] = pending
            self._backlog += in_memory
            if self._committer is None:
                self._committer = threading.Thread(
                    target=self._commit_all, args=(self._jobs,), name="regroove-cache", daemon=True
                )
                self._committer.start()
            self._jobs.put(pending)
            self._backlog_shrank.wait_for(lambda: self._backlog <= _BACKLOG_BYTES)

    def flush(self) -> None:
        """Wait until every stored result is durable.

        Raises
        ------
        CacheError
            If one could not be kept. It stays usable in this process only.
        """
        with self._lock:
            committer, self._committer = self._committer, None
            # A node that was cancelled may store something yet: that goes to the next committer.
            jobs, self._jobs = self._jobs, queue.SimpleQueue()
        if committer is not None:
            jobs.put(None)
            committer.join()
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble

    def _commit_all(self, jobs: queue.SimpleQueue[_Pending | None]) -> None:
        while (pending := jobs.get()) is not None:
            self._commit(pending)

    def _commit(self, pending: _Pending) -> None:
        try:
            folder = pending.workspace.folder / "entry"
            size = self.shelf.with_room(0, lambda: self._write(pending, folder))
            self.shelf.with_room(
                0, lambda: self.shelf.put(folder, pending.key, instead=bool(pending.entry.facts.files))
            )
            self.shelf.with_room(0, lambda: self.shelf.grew(size))
        except CacheError as error:
            self._trouble = error
        finally:
            with self._lock:
                if self._pending.get(pending.key) is pending:
                    del self._pending[pending.key]
                self._backlog -= pending.in_memory
                self._backlog_shrank.notify_all()
            shutil.rmtree(pending.workspace.folder, ignore_errors=True)
            if pending.workspace.arrays:
                self._room.release()

    def _write(self, pending: _Pending, folder: Path) -> int:
        """Write an entry; return how many bytes it takes."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        arrays: list[Array] = []
        values = {port: encode(value, arrays) for port, value in pending.entry.values.items()}
        stored = []
        for number, array in enumerate(arrays):
            path = folder / f"{number}.npy"
            _put_array(array, pending.files.get(number), path)
            stored.append(
                {"shape": list(array.shape), "dtype": array.dtype.str, "bytes": path.stat().st_size}
            )
        facts = pending.entry.facts
        record = {
            "values": values,
            "arrays": stored,
            "kind": facts.kind,
            "seconds": facts.seconds,
            "notes": list(facts.notes),
            "files": {name: list(stamp) for name, stamp in facts.files.items()},
        }
        with open(folder / FACTS, "w", encoding="utf-8") as file:
            json.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(folder)
        return sum(path.stat().st_size for path in folder.iterdir())

    # --- space -------------------------------------------------------------------------------

    def pinned(self, keys: set[str]) -> AbstractContextManager[None]:
        """Keep this process from evicting these results inside the `with` block."""
        return self.shelf.pinned(keys)

    def clear(self) -> int:
        """Remove all results and all that is remembered; return how many bytes that freed."""
        try:
            self.flush()
        except CacheError:
            # What could not be kept is to go anyway; on a full disk this is how to make room.
            pass
        self.ledger.clear()
        return self.shelf.clear()


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _put_array(array: Array, source: Path | None, path: Path) -> None:
    if source is not None:
        try:
            os.link(source, path)
        except OSError:
            # No hard links here, or the entry that it lies in was evicted: copied below.
            path.unlink(missing_ok=True)
    if not path.exists():
        copy = map_new_file(path, array.shape, array.dtype)
        if array.size:
            copy[...] = array
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _alike(array: Array, other: Array) -> bool:
    """Return whether two arrays at one address are one: the second may be a part or another shape."""
    return array.shape == other.shape and array.dtype == other.dtype


def _header(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    """Return how the `.npy` file of such an array begins."""
    header = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(dtype)
    np.lib.format.write_array_header_1_0(header, {"descr": descr, "fortran_order": False, "shape": shape})
    return header.getvalue()


def _read_facts(record: Mapping[str, Any]) -> Facts:
    files = {name: (int(stamp[0]), int(stamp[1])) for name, stamp in record["files"].items()}
    return Facts(str(record["kind"]), float(record["seconds"]), tuple(map(str, record["notes"])), files)
