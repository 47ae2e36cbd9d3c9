"""Extras in an environment of their own, since their pins clash with Regroove's.

The folder counts only once `environment.json` is in it, which is written last. What is half made is
removed when the extra is installed the next time.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from nodegraph.environments import FACTS, environment_folder, environments_folder
from nodegraph.errors import InstallError, InstallRefusal
from nodegraph.extras_here import require_space
from nodegraph.files import write_atomically
from nodegraph.pip import Arrival, pip_check, run_pip, run_program
from nodegraph.progress import Progress
from nodegraph.requirement import Extra

__all__ = ["find_python", "half_made", "install_apart", "remove_apart"]

# What a Python is asked: its version, and whether it can make environments.
_QUESTION = "import sys, venv, ensurepip; print(*sys.version_info[:2], sys.executable)"
_ANSWER_S = 20.0
_MADE, _INSTALLED = 0.05, 0.97


def install_apart(extra: Extra, progress: Progress, scratch: Path) -> None:
    """Make an extra's environment.

    Parameters
    ----------
    extra : Extra
        It is isolated.
    progress : Progress
        Told the step and the share that is done; its cancel takes everything back.
    scratch : Path
        An empty folder, on the disk of the environments.

    Raises
    ------
    InstallRefusal
        If no Python fits, or the disk is too small.
    InstallError
        If pip fails, or finds packages that do not fit. Nothing stays.
    Cancelled
        If the user cancelled. Nothing stays.
    """
    python = find_python(extra)
    folder = environment_folder(extra.name)
    remove_apart(extra.name)
    require_space(extra.name, {environments_folder(): extra.download_bytes + extra.disk_bytes})
    try:
        progress.note("Making an environment")
        run_program([str(python), "-m", "venv", str(folder)], progress, scratch=scratch)
        progress(_MADE)
        inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        arrival = Arrival(progress.part(_MADE, _INSTALLED), extra.download_bytes)
        progress.note("Looking up what is needed")
        words = ["install", "--progress-bar", "off", *extra.lines]
        run_pip(inside, words, progress, scratch=scratch, hear=arrival)
        progress(_INSTALLED)
        progress.note("Checking that everything fits together")
        broken = sorted(pip_check(inside, scratch, progress))
        if broken:
            raise InstallError(f"What was installed does not fit together: {' '.join(broken)}")
        _write_facts(extra, inside, scratch, progress)
    except BaseException:
        remove_apart(extra.name)
        raise
    progress(1.0)


def _write_facts(extra: Extra, inside: Path, scratch: Path, progress: Progress) -> None:
    said = run_pip(inside, ["list", "--format", "json"], progress, scratch=scratch)
    listed = json.loads(next(line for line in said.splitlines() if line.startswith("[")))
    version = run_program([str(inside), "-c", _QUESTION], progress, scratch=scratch).split()
    facts = {
        "name": extra.name,
        "lines": extra.lines,
        "python": ".".join(version[:2]),
        "versions": {each["name"]: each["version"] for each in listed},
        "disk_bytes": _bytes_of(environment_folder(extra.name)),
    }
    write_atomically(environment_folder(extra.name) / FACTS, json.dumps(facts, indent=1).encode() + b"\n")


def _bytes_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


def find_python(extra: Extra) -> Path:
    """Return a Python that an extra runs on: Regroove's own if it fits, otherwise one on the PATH.

    Raises
    ------
    InstallRefusal
        If there is none.
    """
    first, last = extra.pythons or ((3, 0), (3, 99))
    if first <= sys.version_info[:2] <= last:
        return Path(sys.executable)
    wanted = [f"{last[0]}.{minor}" for minor in range(last[1], first[1] - 1, -1)]
    for version in wanted:
        for program in _programs(version):
            if (found := _answer(*program)) and first <= found[0] <= last:
                return found[1]
    here = ".".join(map(str, sys.version_info[:2]))
    reach = f"{wanted[-1]} to {wanted[0]}" if len(wanted) > 1 else wanted[0]
    raise InstallRefusal(
        f"{extra.name} runs on Python {reach} only. Regroove runs on {here}, and no such Python was found "
        f"beside it. Install Python {wanted[0]}, so that the command python{wanted[0]} works, then try again."
    )


def _programs(version: str) -> Iterator[list[str]]:
    for folder in os.get_exec_path():
        program = shutil.which(f"python{version}", path=folder)
        if program:
            yield [program]
    launcher = shutil.which("py") if os.name == "nt" else None
    if launcher:
        yield [launcher, f"-{version}"]


@cache
def _answer(*program: str) -> tuple[tuple[int, int], Path] | None:
    """Return the version of a Python and where it lies, or None if it cannot make environments."""
    try:
        done = subprocess.run(
            [*program, "-I", "-c", _QUESTION], capture_output=True, text=True, timeout=_ANSWER_S, check=True
        )
        major, minor, path = done.stdout.split(maxsplit=2)
        return (int(major), int(minor)), Path(path.strip())
    except (OSError, subprocess.SubprocessError, ValueError):
        # A stand-in that some version manager put there, or a Python without venv.
        return None


def half_made() -> tuple[str, ...]:
    """Return the names of environments that are not whole."""
    folder = environments_folder()
    if not folder.is_dir():
        return ()
    return tuple(
        sorted(
            each.name
            for each in folder.iterdir()
            if each.is_dir() and not each.name.startswith(".") and not (each / FACTS).is_file()
        )
    )


def remove_apart(name: str) -> bool:
    """Remove an environment, whole or half made, and return whether there was one.

    Raises
    ------
    InstallError
        If it cannot be removed; it does not count any more then.
    """
    folder = environment_folder(name)
    if not folder.exists():
        return False
    try:
        (folder / FACTS).unlink(missing_ok=True)
        shutil.rmtree(folder)
    except OSError as error:
        raise InstallError(f"{folder} cannot be removed: {error.strerror or error}.") from error
    return True
