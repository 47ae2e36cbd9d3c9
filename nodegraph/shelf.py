"""Shelf: folders by key that appear whole or not at all, bounded in bytes, shared by processes.

    FOLDER/results/ab/abcd…/      one entry; it appears by one rename and goes by one rename
    FOLDER/work/PID-…/            what a process is making; swept once that process has died
    FOLDER/limit.json             how much room the user gives them, if that was ever said

It knows nothing of what the entries hold, beyond that `facts.json` tells the seconds they took.
"""

from __future__ import annotations

import errno
import json
import math
import os
import secrets
import shutil
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import filelock

from nodegraph.errors import CacheError
from nodegraph.files import sync_folder, write_atomically

__all__ = ["FACTS", "Shelf", "chosen_limit", "default_folder", "default_limit"]

FACTS = "facts.json"
_LIMIT = "limit.json"

# The results take at most this (bytes), and at most this share of the disk's free space.
_MOST_BYTES = 10 * 10**9
_FREE_SHARE = 0.25
# Other processes' additions are noticed by counting anew this often (s).
_RECOUNT_S = 60.0
# A folder that is being made without a lock yet is younger than this (s).
_MAKING_S = 60.0
# Added to the seconds that an entry took, so that instant ones do not weigh infinitely (s).
_LEAST_SECONDS = 0.05
# When the disk is full, this much more than needed is freed (bytes).
_SPARE_BYTES = 64 << 20

_FULL = (errno.ENOSPC, errno.EDQUOT)

_Result = TypeVar("_Result")


def default_folder() -> Path:
    """Return where results are kept: `REGROOVE_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("REGROOVE_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("regroove", appauthor=False))


def default_limit(folder: Path, used: int) -> int:
    """Return how many bytes results may take: 10 GB, or a quarter of what is free without them."""
    return int(min(_MOST_BYTES, _FREE_SHARE * (shutil.disk_usage(folder).free + used)))


def chosen_limit() -> int | None:
    """Return how many bytes results may take if `REGROOVE_CACHE_GB` says it, or None.

    Raises
    ------
    CacheError
        If it is no size.
    """
    chosen = os.environ.get("REGROOVE_CACHE_GB")
    if not chosen:
        return None
    try:
        gigabytes = float(chosen)
    except ValueError:
        gigabytes = math.nan
    if not 0 < gigabytes < math.inf:
        raise CacheError(f"REGROOVE_CACHE_GB is {chosen!r}. It takes a number of gigabytes above 0.")
    return int(gigabytes * 10**9)


@dataclass(frozen=True)
class _Volume:
    """An entry as the space-keeper sees it."""

    key: str
    size: int
    used_at: float
    seconds: float

    def readiness(self, now: float) -> float:
        """How readily it is given up: old, large and quick to make again go first."""
        return max(1.0, now - self.used_at) * self.size / (self.seconds + _LEAST_SECONDS)


class Shelf:
    """Entries by key.

    Parameters
    ----------
    folder : Path
        Made if needed.
    limit_bytes : int, optional
        By default what `REGROOVE_CACHE_GB` says, else what the user once said (see `keep_within`), else
        `default_limit()`.

    Raises
    ------
    CacheError
        If the folder cannot be used, or if `REGROOVE_CACHE_GB` is no size.
    """

    def __init__(self, folder: Path, limit_bytes: int | None = None) -> None:
        self.folder = folder
        self._limit = chosen_limit() if limit_bytes is None else limit_bytes
        self._results = folder / "results"
        self._lock = threading.RLock()
        self._pins = Counter[str]()
        self._used: int | None = None
        self._counted_at = 0.0
        try:
            self._results.mkdir(parents=True, exist_ok=True)
            (folder / "work").mkdir(exist_ok=True)
            self._sweep()
            self.work = self._own_work()
        except OSError as error:
            raise self._trouble(error) from error

    # --- entries -----------------------------------------------------------------------------

    def place(self, key: str) -> Path:
        """Return where the entry of that key lies, if it is there."""
        return self._results / key[:2] / key

    def contains(self, key: str) -> bool:
        """Return whether the entry is there (another process may remove it any moment)."""
        return os.path.exists(f"{self._results}/{key[:2]}/{key}/{FACTS}")  # noqa: PTH110  (hot: 1000 nodes)

    def put(self, folder: Path, key: str, *, instead: bool = False) -> None:
        """Make a finished folder the entry of that key.

        Parameters
        ----------
        folder : Path
            In `work`, its files already durable. It is gone afterwards or left for the caller to
            remove: if there is such an entry already, made by another process, that one stays.
        key : str
            The key.
        instead : bool
            Replace an entry that is there.
        """
        place = self.place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        if instead or not self.contains(key):
            # Without its facts it is no entry, only in the way.
            self.remove(key)
        try:
            folder.rename(place)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.EACCES):
                raise
            if not place.exists():
                # Windows does not rename a folder with mapped files in it.
                copy = shutil.copytree(folder, self.work / f"copy-{secrets.token_hex(8)}")
                copy.rename(place)
        sync_folder(place.parent)

    def remove(self, key: str) -> None:
        """Remove an entry: first out of sight by one rename, then for good."""
        grave = self.work / f"gone-{secrets.token_hex(8)}"
        try:
            self.place(key).rename(grave)
        except OSError:
            # Gone already, or (on Windows) mapped by somebody: then it stays for now.
            return
        shutil.rmtree(grave, ignore_errors=True)

    def touch(self, key: str) -> None:
        """Note that an entry was used."""
        try:
            os.utime(self.place(key) / FACTS)
        except OSError:
            # A read-only or vanished entry merely looks older than it is.
            return

    # --- space -------------------------------------------------------------------------------

    @property
    def limit_bytes(self) -> int:
        """How many bytes the entries may take, pinned ones aside."""
        limit = self._limit if self._limit is not None else self.kept_limit
        return limit if limit is not None else default_limit(self.folder, self.used_bytes())

    @property
    def kept_limit(self) -> int | None:
        """What the user said last; None if nothing, or if that cannot be read."""
        try:
            limit = json.loads((self.folder / _LIMIT).read_bytes())["bytes"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None
        return limit if isinstance(limit, int) and limit > 0 else None

    def keep_within(self, limit_bytes: int | None) -> None:
        """Remember how many bytes the entries may take, for every process; give up what is too much.

        Parameters
        ----------
        limit_bytes : int, optional
            None for `default_limit()`.

        Raises
        ------
        CacheError
            If it cannot be written down.
        """
        try:
            if limit_bytes is None:
                (self.folder / _LIMIT).unlink(missing_ok=True)
            else:
                write_atomically(self.folder / _LIMIT, json.dumps({"bytes": limit_bytes}).encode())
        except OSError as error:
            raise self._trouble(error) from error
        self._evict(self.limit_bytes)

    def used_bytes(self) -> int:
        """Return how many bytes the entries take."""
        with self._lock:
            if self._used is None or time.monotonic() - self._counted_at > _RECOUNT_S:
                self._recount()
            return self._used or 0

    def count(self) -> int:
        """Return how many entries there are."""
        return sum(1 for _ in self._volumes())

    def clear(self) -> int:
        """Remove all entries; return how many bytes that freed."""
        freed = 0
        for volume in self._volumes():
            self.remove(volume.key)
            freed += volume.size
        with self._lock:
            self._used = None
        return freed

    def grew(self, size: int) -> None:
        """Note that an entry of `size` bytes came; give up others if it is too much."""
        with self._lock:
            if self._used is not None:
                self._used += size
        self._evict(self.limit_bytes)

    @contextmanager
    def pinned(self, keys: set[str]) -> Iterator[None]:
        """Keep this process from evicting these entries inside the `with` block."""
        with self._lock:
            self._pins.update(keys)
        try:
            yield
        finally:
            with self._lock:
                self._pins.subtract(keys)
                self._pins += Counter()

    def with_room(self, size: int, action: Callable[[], _Result]) -> _Result:
        """Run `action`; if the disk is full, give up old entries and run it once more.

        Parameters
        ----------
        size : int
            How many bytes it will take.
        action : callable
            May raise OSError; must leave nothing behind then.

        Raises
        ------
        CacheError
            If it fails all the same.
        """
        try:
            return action()
        except OSError as error:
            if error.errno not in _FULL:
                raise self._trouble(error) from error
        with self._lock:
            self._used = None
        self._evict(max(0, self.used_bytes() - size - _SPARE_BYTES))
        try:
            return action()
        except OSError as error:
            raise self._trouble(error, size) from error

    def _evict(self, limit: int) -> None:
        with self._lock:
            if self.used_bytes() <= limit:
                return
            volumes, now = self._recount(), time.time()
            for volume in sorted(volumes, key=lambda item: item.readiness(now), reverse=True):
                if self.used_bytes() <= limit:
                    return
                if self._pins[volume.key] <= 0:
                    self.remove(volume.key)
                    self._used = self.used_bytes() - volume.size

    def _recount(self) -> list[_Volume]:
        volumes = list(self._volumes())
        self._used = sum(volume.size for volume in volumes)
        self._counted_at = time.monotonic()
        return volumes

    def _volumes(self) -> Iterator[_Volume]:
        for place in self._results.glob("*/*"):
            try:
                size = sum(file.stat().st_size for file in place.iterdir())
            except OSError:
                # Removed under our hands.
                continue
            try:
                seconds = float(json.loads((place / FACTS).read_bytes())["seconds"])
                used_at = (place / FACTS).stat().st_mtime
            except (OSError, ValueError, LookupError, TypeError, RecursionError):
                # Damaged: the first to go.
                seconds, used_at = 0.0, 0.0
            yield _Volume(place.name, size, used_at, seconds)

    def _trouble(self, error: OSError, size: int = 0) -> CacheError:
        if error.errno in _FULL:
            free = shutil.disk_usage(self.folder).free
            need = f"{size / 1e6:.0f} MB are needed, " if size else ""
            return CacheError(
                f"The disk that holds the results ({self.folder}) is full: {need}{free / 1e6:.0f} MB are "
                "free. Make room, or name another folder in REGROOVE_CACHE."
            )
        return CacheError(
            f"The folder of results {self.folder} cannot be used: {error.strerror or error}. "
            "Name another one in REGROOVE_CACHE."
        )

    # --- this process and others -------------------------------------------------------------

    def _own_work(self) -> Path:
        # The lock is held before the folder has its name, so that no other process sweeps it.
        making = self.folder / "work" / f"making-{secrets.token_hex(8)}"
        making.mkdir()
        lock = filelock.FileLock(making / ".lock", timeout=0)
        lock.acquire()
        work = making.rename(self.folder / "work" / f"{os.getpid()}-{secrets.token_hex(4)}")
        weakref.finalize(self, _give_up, lock, work)
        return work

    def _sweep(self) -> None:
        for work in (self.folder / "work").iterdir():
            try:
                if work.name.startswith("making-") and time.time() - work.stat().st_mtime < _MAKING_S:
                    continue
                lock = filelock.FileLock(work / ".lock", timeout=0)
                lock.acquire()
            except (filelock.Timeout, OSError):
                # Somebody lives there, or somebody else is sweeping it.
                continue
            shutil.rmtree(work, ignore_errors=True)
            lock.release()


def _give_up(lock: filelock.BaseFileLock, work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    lock.release()
