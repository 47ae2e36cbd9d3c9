"""Models: getting weights onto this machine, checking them, and taking them away.

A file is loaded aside, resumed where it broke off, and gets its name only when its SHA-256 is the
catalogue's. Everything works without a network once the files are here, also on machines that never
had one: `import_weights` takes them from a folder or a file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import filelock

from nodegraph.download import DownloadError, blocks_of_file, download
from nodegraph.errors import WeightsError
from nodegraph.files import sync_folder
from nodegraph.progress import Progress, no_progress
from nodegraph.weights import Weights, WeightsFile, absent_files, models_folder, size_text

__all__ = [
    "ModelState",
    "fetch_weights",
    "import_weights",
    "model_state",
    "remove_weights",
    "verify_weights",
]

# Disk that is left free beside the weights (bytes).
_SPARE_BYTES = 64 << 20
_PART, _DAMAGED = ".part", ".damaged"
_LOCK = ".lock"


@dataclass(frozen=True)
class ModelState:
    """How much of a model is here.

    Parameters
    ----------
    name : str
        Of the `Weights`.
    state : {"here", "partly", "missing"}
        "partly": some files, or a part of one.
    here_bytes : int
        On the disk, parts of files included.
    reason : str
        What is missing or was found damaged; "" if nothing.
    """

    name: str
    state: Literal["here", "partly", "missing"]
    here_bytes: int
    reason: str = ""


def model_state(weights: Weights) -> ModelState:
    """Return how much of a model is here, by names and lengths: it takes no time."""
    folder = _folder(weights)
    sizes = _sizes(folder)
    used = sum(sizes.values())
    absent = absent_files(weights)
    if not absent:
        return ModelState(weights.name, "here", used)
    begun = any(file.name in sizes or file.name + _PART in sizes for file in weights.files)
    parts = [_absence(file, sizes) for file in absent]
    return ModelState(weights.name, "partly" if begun else "missing", used, ", ".join(parts))


def _absence(file: WeightsFile, sizes: Mapping[str, int]) -> str:
    if file.name + _DAMAGED in sizes:
        return f"{file.name} was damaged"
    have = sizes.get(file.name + _PART, sizes.get(file.name))
    size = size_text(file.size)
    return f"{file.name} ({size})" if have is None else f"{file.name}: {size_text(have)} of {size} are here"


def _sizes(folder: Path) -> dict[str, int]:
    try:
        return {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    except OSError:
        return {}


def _folder(weights: Weights) -> Path:
    return models_folder() / weights.name


# --- getting -----------------------------------------------------------------------------------


def fetch_weights(weights: Weights, *, progress: Progress = no_progress) -> tuple[Path, ...]:
    """Load what is not here yet; go on where it broke off.

    Parameters
    ----------
    weights : Weights
        Which.
    progress : Progress
        Told after every megabyte.

    Returns
    -------
    tuple of Path
        The files that were loaded.

    Raises
    ------
    WeightsError
        If a file cannot be had, is not what the catalogue says, or the disk is too full. What was
        loaded until then is kept, but for a file that turned out to be another one.
    Cancelled
        If the user cancelled; what was loaded until then is kept.
    """
    with _owning(weights) as folder:
        absent = absent_files(weights)
        sizes = _sizes(folder)
        there = sum(min(sizes.get(file.name + _PART, 0), file.size) for file in absent)
        _need_disk(weights, sum(file.size for file in absent) - there)
        total = sum(file.size for file in absent)
        loaded = list[Path]()
        done = 0
        for file in absent:
            if not file.url:
                raise WeightsError(
                    f"{file.name} of {weights.name} cannot be fetched, only imported: get it from "
                    f"{weights.source}, then run: regroove models import FILE"
                )
            begin = done

            def told(count: int, begin: int = begin) -> None:
                progress.check()
                if total:
                    progress((begin + count) / total)

            loaded.append(_fetch_file(weights, file, folder, told))
            done += file.size
        progress(1.0)
        return tuple(loaded)


def _fetch_file(weights: Weights, file: WeightsFile, folder: Path, told: Callable[[int], None]) -> Path:
    part = folder / (file.name + _PART)
    try:
        loaded = download(file.url, part, file.size, told)
    except DownloadError as error:
        raise WeightsError(
            f"{file.name} cannot be loaded from {file.url}: {error}. Run again to go on, or get the file "
            f"elsewhere and run: regroove models import {file.name}"
        ) from error
    if loaded.size < file.size:
        raise WeightsError(
            f"{file.name} broke off after {size_text(loaded.size)} of {size_text(file.size)}. "
            f"Run again to go on: regroove models fetch {weights.name}"
        )
    problem = _difference(file, loaded.size, loaded.sha256)
    if problem:
        part.unlink(missing_ok=True)
        raise WeightsError(f"{file.name} as it was loaded {problem}; it was thrown away.")
    return _keep(part, folder / file.name)


def import_weights(
    known: Iterable[Weights], place: Path, *, progress: Progress = no_progress
) -> tuple[Path, ...]:
    """Take weights from a folder or a file.

    A file counts by its content: its name does not matter where the whole SHA-256 is published, and
    must be the catalogue's where only its beginning is.

    Parameters
    ----------
    known : iterable of Weights
        The catalogue, or the part of it that is wanted.
    place : Path
        A file, or a folder that is searched with all its sub-folders.
    progress : Progress
        Told after every file.

    Returns
    -------
    tuple of Path
        The files that are here now and were not before.

    Raises
    ------
    WeightsError
        If nothing of the catalogue is there, or it cannot be read, or the disk is too full.
    Cancelled
        If the user cancelled.
    """
    known = tuple(known)
    if not place.exists():
        raise WeightsError(f"{place} is not there.")
    paths = [path for path in sorted(place.rglob("*")) if path.is_file()] if place.is_dir() else [place]
    wanted = [(weights, file) for weights in known for file in weights.files]
    taken, refused = list[Path](), list[str]()
    for number, path in enumerate(paths):
        progress(number / len(paths))
        fitting = [pair for pair in wanted if _may_be(path, pair[1])]
        if not fitting:
            continue
        try:
            digest = _digest(path, progress)
        except OSError as error:
            raise WeightsError(f"{path.name} cannot be read: {error.strerror or error}.") from error
        for weights, file in fitting:
            if _difference(file, path.stat().st_size, digest) is None:
                taken += _take(weights, file, path, digest)
            elif path.name == file.name:
                refused.append(f"{path.name} {_difference(file, path.stat().st_size, digest)}")
    progress(1.0)
    if not taken and refused:
        raise WeightsError(f"{'; '.join(refused)}. It was not taken.")
    if not taken and not any(_may_be(path, file) for path in paths for _, file in wanted):
        names = ", ".join(dict.fromkeys(file.name for _, file in wanted))
        raise WeightsError(f"{place} holds none of the files that are known: {names}.")
    return tuple(taken)


def _may_be(path: Path, file: WeightsFile) -> bool:
    """Return whether a file is worth reading: its name or its length is right."""
    if path.name == file.name:
        return True
    return len(file.sha256) == hashlib.sha256().digest_size * 2 and path.stat().st_size == file.size > 0


def _take(weights: Weights, file: WeightsFile, path: Path, digest: str) -> list[Path]:
    with _owning(weights) as folder:
        target = folder / file.name
        if (target.exists() and path.samefile(target)) or file not in absent_files(weights):
            return []
        _need_disk(weights, path.stat().st_size)
        part = folder / (file.name + _PART)
        try:
            shutil.copyfile(path, part)
            if _digest(part, no_progress) != digest:
                part.unlink()
                raise WeightsError(f"{path.name} changed while it was read. Run again.")
        except OSError as error:
            raise WeightsError(f"{path.name} cannot be copied: {error.strerror or error}.") from error
        return [_keep(part, target)]


# --- checking and removing -----------------------------------------------------------------------


def verify_weights(weights: Weights, *, progress: Progress = no_progress) -> tuple[str, ...]:
    """Read every file that is here, and set aside what is damaged, so that no node uses it.

    Returns
    -------
    tuple of str
        A sentence for each damaged file.

    Raises
    ------
    WeightsError
        If a file cannot be read.
    Cancelled
        If the user cancelled.
    """
    found = list[str]()
    with _owning(weights) as folder:
        for number, file in enumerate(weights.files):
            path = folder / file.name
            if not path.is_file():
                continue
            try:
                digest = _digest(path, progress.part(number / len(weights.files), 1.0))
                problem = _difference(file, path.stat().st_size, digest)
                if problem:
                    path.replace(folder / (file.name + _DAMAGED))
                    found.append(
                        f"{file.name} {problem}; it is kept as {file.name}{_DAMAGED}. "
                        f"Run: regroove models fetch {weights.name}"
                    )
            except OSError as error:
                raise WeightsError(f"{file.name} cannot be read: {error.strerror or error}.") from error
    progress(1.0)
    return tuple(found)


def remove_weights(weights: Weights) -> int:
    """Take a model's files away; return how many bytes that freed.

    Raises
    ------
    WeightsError
        If they cannot be removed.
    """
    folder = _folder(weights)
    freed = sum(_sizes(folder).values())
    if not folder.is_dir():
        return 0
    try:
        with _owning(weights):
            for name in _sizes(folder):
                if name != _LOCK:
                    (folder / name).unlink()
        shutil.rmtree(folder)
    except OSError as error:
        raise WeightsError(f"{folder} cannot be removed: {error.strerror or error}.") from error
    return freed


# --- files -----------------------------------------------------------------------------------------


@contextmanager
def _owning(weights: Weights) -> Iterator[Path]:
    """Make the model's folder, and keep other processes away from it inside the `with` block."""
    folder = _folder(weights)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / _LOCK, timeout=0)
        with lock:
            yield folder
    except filelock.Timeout as error:
        raise WeightsError(f"The weights {weights.name} are being changed by another Regroove.") from error
    except OSError as error:
        raise WeightsError(f"{folder} cannot be used: {error.strerror or error}.") from error


def _need_disk(weights: Weights, size: int) -> None:
    free = shutil.disk_usage(_folder(weights)).free
    if size + _SPARE_BYTES > free:
        raise WeightsError(
            f"{weights.name} needs {size_text(size)}, but {_folder(weights)} has {size_text(free)} left. "
            "Free some disk, or name another folder in REGROOVE_MODELS."
        )


def _keep(part: Path, target: Path) -> Path:
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    part.replace(target)
    (target.parent / (target.name + _DAMAGED)).unlink(missing_ok=True)
    sync_folder(target.parent)
    return target


def _difference(file: WeightsFile, size: int, digest: str) -> str | None:
    """Return how a file differs from the catalogue's, or None."""
    if file.size and size != file.size:
        return f"has {size} bytes instead of {file.size}"
    if not digest.startswith(file.sha256):
        return f"is another file (SHA-256 {digest[:12]}… instead of {file.sha256[:12]}…)"
    return None


def _digest(path: Path, progress: Progress) -> str:
    digest = hashlib.sha256()
    for block in blocks_of_file(path):
        progress.check()
        digest.update(block)
    return digest.hexdigest()
