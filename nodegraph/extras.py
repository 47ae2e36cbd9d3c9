"""Extras: features that are added to a running Regroove and taken away again.

One at a time: a lock keeps two installations apart, also those of two processes. Whatever happens,
Regroove works afterwards as it did before.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import Literal

import filelock

from nodegraph.environments import FACTS, environment_folder, environment_versions, environments_folder
from nodegraph.errors import InstallError, InstallRefusal
from nodegraph.extras_apart import find_python, install_apart, remove_apart
from nodegraph.extras_here import install_here, mend, remove_here, want
from nodegraph.installed import Installed, applies, base_names, here, line_names, look_again, needed_by
from nodegraph.progress import Progress, no_progress
from nodegraph.requirement import Extra

__all__ = ["ExtraState", "extra_state", "extras_states", "install", "installing", "remove"]

State = Literal["installed", "partly", "missing", "not for this Python"]


@dataclass(frozen=True)
class ExtraState:
    """Whether an extra is there.

    Parameters
    ----------
    extra : Extra
        Which.
    state : {"installed", "partly", "missing", "not for this Python"}
        "partly": some of its packages, or other versions in its environment than this Regroove asks for.
    reason : str
        Why it is not wholly there; "" if it is.
    versions : mapping of str to str
        Of what it names itself, and has.
    disk_bytes : int
        What it takes up, with all that only it and its like need; 0 if it is missing.
    """

    extra: Extra
    state: State
    reason: str
    versions: Mapping[str, str]
    disk_bytes: int


def extras_states(extras: Iterable[Extra]) -> tuple[ExtraState, ...]:
    """Return the state of each extra, in the given order."""
    installed = here()
    base = base_names(installed)
    return tuple(_apart(extra) if extra.isolated else _beside(extra, installed, base) for extra in extras)


def extra_state(extra: Extra) -> ExtraState:
    """Return the state of one extra."""
    return extras_states((extra,))[0]


def _beside(extra: Extra, installed: Installed, base: set[str]) -> ExtraState:
    names = line_names(extra.lines)
    found = {name: installed[name].version for name in names if name in installed}
    if not found:
        misfit = _misfit(extra)
        return ExtraState(extra, "not for this Python" if misfit else "missing", misfit, {}, 0)
    size = sum(_size(installed[name]) for name in needed_by(names, installed) - base)
    absent = ", ".join(name for name in names if name not in found)
    if absent:
        return ExtraState(extra, "partly", f"{absent} is missing", found, size)
    return ExtraState(extra, "installed", "", found, size)


def _apart(extra: Extra) -> ExtraState:
    versions = environment_versions(extra.name)
    if versions is None:
        misfit = _misfit(extra)
        if misfit:
            return ExtraState(extra, "not for this Python", misfit, {}, 0)
        begun = environment_folder(extra.name).exists()
        return ExtraState(extra, "missing", "its installation broke off" if begun else "", {}, 0)
    facts = json.loads((environment_folder(extra.name) / FACTS).read_text(encoding="utf-8"))
    names = line_names(extra.lines)
    found = {name: version for name, version in versions.items() if name in names}
    other = list(facts.get("lines", ())) != list(extra.lines)
    reason = "made for other versions: install it again" if other else ""
    return ExtraState(
        extra, "partly" if other else "installed", reason, found, int(facts.get("disk_bytes", 0))
    )


def _misfit(extra: Extra) -> str:
    """Return why no Python here can run an extra; "" if one can."""
    if extra.isolated:
        try:
            find_python(extra)
        except InstallRefusal as refusal:
            return str(refusal)
        return ""
    version = sys.version_info[:2]
    if extra.pythons is not None and not extra.pythons[0] <= version <= extra.pythons[1]:
        first, last = (".".join(map(str, each)) for each in extra.pythons)
        return f"runs on Python {first} to {last} only; this is {'.'.join(map(str, version))}"
    return "" if any(map(applies, extra.lines)) else "nothing of it is made for this Python"


def _size(distribution: Distribution) -> int:
    return sum(file.size or 0 for file in distribution.files or ())


def install(extra: Extra, progress: Progress = no_progress) -> ExtraState:
    """Add an extra to this Regroove, and return its new state.

    What is there already stays as it is. The process that runs sees the extra at once.

    Parameters
    ----------
    extra : Extra
        Which.
    progress : Progress
        `note` is told each step, the share goes from 0 to 1 where pip tells it; a cancel is heard within
        a second.

    Raises
    ------
    InstallRefusal
        Before anything is touched: no fitting Python, too little disk, a package of Regroove would change,
        or another installation runs.
    InstallError
        If it fails. What came is taken away again.
    Cancelled
        If the user cancelled. What came is taken away again.
    """
    misfit = _misfit(extra)
    if misfit:
        raise InstallRefusal(misfit if extra.isolated else f"{extra.name} {misfit}.")
    with installing() as scratch:
        state = extra_state(extra)
        if state.state == "installed":
            if not extra.isolated:
                want(extra)
            progress(1.0)
            return state
        try:
            (install_apart if extra.isolated else install_here)(extra, progress, scratch)
        finally:
            look_again()
    state = extra_state(extra)
    if state.state != "installed":
        raise InstallError(f"{extra.name} was installed, but {state.reason}.")
    return state


def remove(extra: Extra, extras: Iterable[Extra], progress: Progress = no_progress) -> tuple[str, ...]:
    """Take an extra away, and return the names of what went.

    Only what came with it, and neither Regroove nor another extra nor anything else needs.

    Parameters
    ----------
    extra : Extra
        Which.
    extras : iterable of Extra
        All that there are.
    progress : Progress
        See `install`.

    Raises
    ------
    InstallRefusal
        If another installation runs, or nothing says what the extra brought.
    InstallError
        If it fails.
    """
    with installing() as scratch:
        try:
            if extra.isolated:
                progress.note("Removing an environment")
                return (extra.name,) if remove_apart(extra.name) else ()
            return remove_here(extra, extras, progress, scratch)
        finally:
            look_again()


@contextmanager
def installing() -> Iterator[Path]:
    """Keep every other installation away, and lend an empty folder. What broke off earlier is mended first.

    Raises
    ------
    InstallRefusal
        If another installation runs.
    InstallError
        If the folder of environments cannot be used.
    """
    folder = environments_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except filelock.Timeout:
        raise InstallRefusal(
            "Something else is being installed. Wait until it is done, then try again."
        ) from None
    except OSError as error:
        raise InstallError(f"{folder} cannot be used: {error.strerror or error}.") from error
    try:
        mend()
        for leftover in folder.glob(".scratch-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(
            dir=folder, prefix=".scratch-", ignore_cleanup_errors=True
        ) as scratch:
            yield Path(scratch)
    finally:
        lock.release()
