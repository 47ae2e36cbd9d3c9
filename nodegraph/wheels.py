"""Wheels on the disk: what they hold, how large it is unpacked, and where it goes in this environment."""

from __future__ import annotations

import configparser
import os
import shutil
import sysconfig
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

__all__ = ["site_folder", "take_away", "top_names", "unpacked_bytes", "written_paths"]


def site_folder() -> Path:
    """Return the folder in which packages are installed in this environment."""
    return Path(sysconfig.get_path("purelib"))


def unpacked_bytes(wheels: Iterable[Path]) -> int:
    """Return how large the wheels are once they are installed."""
    total = 0
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            total += sum(info.file_size for info in archive.infolist())
    return total


def top_names(folder: Path) -> set[str]:
    """Return the names that can be imported from a folder of packages."""
    found = set[str]()
    for entry in folder.iterdir():
        name = entry.name.partition(".")[0]
        if entry.suffix in (".dist-info", ".data", ".egg-info") or name in ("__pycache__", "bin", ""):
            continue
        if entry.is_dir() or entry.suffix in (".py", ".so", ".pyd"):
            found.add(name)
    return found


def written_paths(wheels: Iterable[Path]) -> list[Path]:
    """Return the files and folders that installing the wheels makes and that are not there yet.

    Of folders that are wholly new only the topmost is named; so are those with what pip adds by itself
    (records, compiled modules).
    """
    found = dict[Path, None]()
    for wheel in wheels:
        for path in _destinations(wheel):
            if not path.exists():
                found[_topmost_new(path)] = None
    return list(found)


def _topmost_new(path: Path) -> Path:
    while not path.parent.exists():
        path = path.parent
    return path


def _destinations(wheel: Path) -> Iterator[Path]:
    schemes = sysconfig.get_paths()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            parts = PurePosixPath(name).parts
            if ".." in parts or PurePosixPath(name).is_absolute():
                continue
            if parts[0].endswith(".data") and len(parts) > 2:
                yield Path(schemes.get(parts[1], schemes["data"])).joinpath(*parts[2:])
            else:
                yield Path(schemes["purelib"]).joinpath(*parts)
            if len(parts) == 2 and parts[0].endswith(".dist-info") and parts[1] == "entry_points.txt":
                yield from _programs(archive.read(name).decode(), Path(schemes["scripts"]))


def _programs(text: str, folder: Path) -> Iterator[Path]:
    entries = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    entries.optionxform = str  # type: ignore[assignment, method-assign]
    entries.read_string(text)
    for group in ("console_scripts", "gui_scripts"):
        for name in entries[group] if entries.has_section(group) else ():
            yield folder / (f"{name}.exe" if os.name == "nt" else name)


def take_away(paths: Iterable[Path]) -> None:
    """Remove files and folders, and what Python compiled of single modules.

    Raises
    ------
    OSError
        If one cannot be removed.
    """
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
            continue
        path.unlink(missing_ok=True)
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc") if path.suffix == ".py" else ():
            compiled.unlink(missing_ok=True)
