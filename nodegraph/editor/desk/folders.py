"""Folders: what a file dialog shows of the disk."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nodegraph.editor.words import N_
from nodegraph.editor.words.values import decimal

__all__ = [
    "Entry",
    "Order",
    "Spot",
    "crumbs",
    "date_text",
    "length_text",
    "list_folder",
    "matching",
    "size_text",
    "sort_entries",
    "spots",
]

Order = Literal["name", "date", "size"]


@dataclass(frozen=True)
class Entry:
    """A file or folder.

    Parameters
    ----------
    path : Path
        Where.
    is_folder : bool
        Or a link to one.
    size : int
        In bytes; 0 for a folder.
    modified_s : float
        In seconds since 1970.
    """

    path: Path
    is_folder: bool
    size: int
    modified_s: float

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name


@dataclass(frozen=True)
class Spot:
    """A folder that is one click away.

    Parameters
    ----------
    title : str
        An English gettext text, or the folder's own name.
    icon : str
        A name of ICONS.
    path : Path
        The folder.
    """

    title: str
    icon: str
    path: Path


def list_folder(
    folder: Path, suffixes: Iterable[str] = (), *, files: bool = True, hidden: bool = False
) -> tuple[Entry, ...]:
    """Return what is in a folder, in no order.

    Parameters
    ----------
    folder : Path
        The folder.
    suffixes : iterable of str
        Of the files that are wanted, in small letters; all without any.
    files : bool
        Or folders only.
    hidden : bool
        Also those whose names begin with a dot.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    wanted = tuple(suffixes)
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and not hidden:
                continue
            try:
                facts = entry.stat()
            except OSError:
                # A link to nowhere, or gone meanwhile.
                continue
            is_folder = stat.S_ISDIR(facts.st_mode)
            if not is_folder and not (files and (not wanted or entry.name.lower().endswith(wanted))):
                continue
            size = 0 if is_folder else facts.st_size
            found.append(Entry(Path(entry.path), is_folder, size, facts.st_mtime))
    return tuple(found)


def sort_entries(entries: Iterable[Entry], order: Order) -> tuple[Entry, ...]:
    """Return folders first, each by name ("Side 2" before "Side 10"), latest or largest first."""
    by_name = sorted(entries, key=lambda entry: _natural(entry.name))
    if order == "date":
        by_name.sort(key=lambda entry: entry.modified_s, reverse=True)
    elif order == "size":
        by_name.sort(key=lambda entry: entry.size, reverse=True)
    return tuple(sorted(by_name, key=lambda entry: not entry.is_folder))


def matching(entries: Iterable[Entry], typed: str) -> tuple[Entry, ...]:
    """Return those whose names hold every word that was typed."""
    words = typed.casefold().split()
    return tuple(entry for entry in entries if all(word in entry.name.casefold() for word in words))


def crumbs(folder: Path) -> tuple[Path, ...]:
    """Return the folder and those that it lies in, outermost first."""
    return (*reversed(folder.parents), folder)


def spots(recent_files: Iterable[str]) -> tuple[Spot, ...]:
    """Return the folders that are one click away, those that exist."""
    import platformdirs

    named = [
        Spot(N_("Home folder"), "home", Path.home()),
        Spot(N_("Desktop"), "layout-dashboard", Path(platformdirs.user_desktop_dir())),
        Spot(N_("Documents"), "file", Path(platformdirs.user_documents_dir())),
        Spot(N_("Music"), "music", Path(platformdirs.user_music_dir())),
        Spot(N_("Downloads"), "download", Path(platformdirs.user_downloads_dir())),
        Spot(N_("Computer"), "hard-drive", Path(Path.home().anchor)),
    ]
    parents = dict.fromkeys(Path(file).parent for file in recent_files)
    named += [Spot(folder.name or str(folder), "clock", folder) for folder in parents][:6]
    found: dict[Path, Spot] = {}
    for spot in named:
        if _is_folder(spot.path):
            found.setdefault(spot.path, spot)
    return tuple(found.values())


def size_text(size: int) -> str:
    """Return "3.2 MB"."""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{decimal(f'{value:.1f}')} {unit}"


def length_text(seconds: float) -> str:
    """Return "3:41", "1:02:03"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def date_text(time_s: float) -> str:
    """Return "2026-11-24 19:50", as all languages can read it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(time_s))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", name.casefold())
    return [
        (0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part) for part in parts if part
    ]
