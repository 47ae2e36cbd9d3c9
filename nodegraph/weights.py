"""Weights of learned models: what there is, where it lies, and whether it is there.

    FOLDER/NAME/FILE        the files of one model; a file has its name only once it is whole

Getting them is another module's business; a node only asks where they lie.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nodegraph.errors import WeightsError

__all__ = [
    "Weights",
    "WeightsFile",
    "absent_files",
    "models_folder",
    "size_text",
    "weights_file",
    "weights_folder",
]


@dataclass(frozen=True)
class WeightsFile:
    """One file of a model.

    Parameters
    ----------
    name : str
        Its name on the disk.
    url : str
        Where it comes from; "" if it can only be imported.
    size : int
        In bytes; 0 where it is not published.
    sha256 : str
        In lower-case hexadecimal: all of it, or as much of its beginning as is published.
    """

    name: str
    url: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Weights:
    """A model's weights, as the catalogue lists them.

    Parameters
    ----------
    name : str
        "htdemucs".
    text : str
        What they do, in one sentence.
    files : tuple of WeightsFile
        All are needed.
    licence : str
        "MIT".
    source : str
        Who made them, and where that is told.
    commercial : bool
        The licence allows commercial use.
    """

    name: str
    text: str
    files: tuple[WeightsFile, ...]
    licence: str
    source: str
    commercial: bool = True

    @property
    def size(self) -> int:
        """Of all files together (bytes)."""
        return sum(file.size for file in self.files)


def models_folder() -> Path:
    """Return where weights are kept: `REGROOVE_MODELS`, or the user's data folder."""
    chosen = os.environ.get("REGROOVE_MODELS")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("regroove", appauthor=False)) / "models"


def weights_folder(name: str) -> Path:
    """Return the folder with the files of one model.

    Raises
    ------
    WeightsError
        If it is not there.
    """
    folder = models_folder() / name
    if not folder.is_dir():
        raise WeightsError(f"The weights {name} are not here. Run: regroove models fetch {name}")
    return folder


def weights_file(name: str, file: str) -> Path:
    """Return where one file of a model lies.

    Raises
    ------
    WeightsError
        If it is not there.
    """
    path = weights_folder(name) / file
    if not path.is_file():
        raise WeightsError(f"The weights {name} lack {file}. Run: regroove models fetch {name}")
    return path


def absent_files(weights: Weights) -> tuple[WeightsFile, ...]:
    """Return the files that are not there, or not as long as they should be."""
    folder = models_folder() / weights.name
    return tuple(file for file in weights.files if not _is_there(folder / file.name, file.size))


def _is_there(path: Path, size: int) -> bool:
    try:
        stat = path.stat()
    except OSError:
        return False
    return not size or stat.st_size == size


def size_text(size: int) -> str:
    """Return a number of bytes as people write it: "84 MB", "1.6 GB"."""
    if size >= 10**9:
        return f"{size / 1e9:.1f} GB"
    if size >= 10**6:
        return f"{size / 1e6:.0f} MB"
    return f"{max(1, round(size / 1e3))} kB" if size else "size unknown"
