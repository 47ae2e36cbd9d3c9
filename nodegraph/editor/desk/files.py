"""Files: what a file is to the editor, opening and saving it, and whether somebody else changed it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from nodegraph.document import Document, Place
from nodegraph.document_file import FORMAT, load_document, save_document
from nodegraph.embed import open_document, read_embedded
from nodegraph.errors import DocumentError
from nodegraph.graph import Node, NodeId
from nodegraph.library import Library

__all__ = [
    "GRAPH_SUFFIX",
    "SHARE_SUFFIX",
    "SOUND_SUFFIXES",
    "Dropped",
    "FileKind",
    "OnDisk",
    "add_loads",
    "file_kind",
    "open_file",
    "remembered",
    "save_file",
    "sort_dropped",
    "with_suffix",
]

GRAPH_SUFFIX, SHARE_SUFFIX = ".json", ".regroove"

SOUND_SUFFIXES: tuple[str, ...] = (
    ".wav",
    ".flac",
    ".mp3",
    ".ogg",
    ".oga",
    ".opus",
    ".aif",
    ".aiff",
    ".aifc",
    ".w64",
    ".rf64",
    ".caf",
    ".au",
    ".m4a",
    ".aac",
    ".wma",
    ".mp4",
    ".mkv",
    ".webm",
)
"""Of files that a `load` node reads, some of them with ffmpeg's help."""

FileKind = Literal["graph", "sound", "sound with graph", "shared", "folder", "missing", "other"]

_MOST_RECENT = 12
# Between two load nodes that arrive together (canvas units).
_STEP = 130.0
_HEAD_BYTES = 1 << 12
_HASH_BLOCK = 1 << 20


def file_kind(path: Path) -> FileKind:
    """Return what a file is to the editor, judged by its ending and its beginning."""
    suffix = path.suffix.lower()
    if path.is_dir():
        return "folder"
    if not path.is_file():
        return "missing"
    if suffix == SHARE_SUFFIX:
        return "shared"
    if suffix in SOUND_SUFFIXES:
        return "sound with graph" if _has_graph(path) else "sound"
    return "graph" if suffix == GRAPH_SUFFIX or _looks_like_graph(path) else "other"


def open_file(path: Path, library: Library) -> tuple[Document, Path | None]:
    """Read a graph file, or the graph that made a sound file.

    Returns
    -------
    Document
        What it holds. Nothing in it was run.
    Path or None
        Where saving writes it: the graph file itself; None for the graph of a sound file, which is a
        new, untitled document.

    Raises
    ------
    DocumentError
        If the file is neither.
    """
    path = path.absolute()
    if file_kind(path) in ("sound", "sound with graph"):
        return open_document(path, library), None
    return load_document(path, library), path


def save_file(document: Document, path: Path) -> Path:
    """Write a graph file; return its whole name.

    Raises
    ------
    DocumentError
        If it cannot be written; what was there is whole then.
    """
    path = with_suffix(path, GRAPH_SUFFIX).absolute()
    save_document(document, path)
    return path


def with_suffix(path: Path, suffix: str) -> Path:
    """Return the name with an ending added where it has another: "Side A.1" is "Side A.1.json"."""
    return path if path.suffix.lower() == suffix else path.with_name(path.name + suffix)


def remembered(recent: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return the list of recent files with one at its front."""
    name = str(path.absolute())
    return (name, *(other for other in recent if other != name))[:_MOST_RECENT]


def _has_graph(path: Path) -> bool:
    try:
        return read_embedded(path) is not None
    except (DocumentError, OSError):
        # Damaged tags do not keep the sound from being loaded.
        return False


def _looks_like_graph(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return FORMAT.encode() in file.read(_HEAD_BYTES)
    except OSError:
        return False


# --- somebody else's changes --------------------------------------------------------------------------


@dataclass
class OnDisk:
    """What is known of a file's content on the disk.

    Parameters
    ----------
    path : Path
        The file.
    """

    path: Path
    _stamp: tuple[int, int] | None = field(init=False, default=None)
    _digest: bytes = field(init=False, default=b"")

    def __post_init__(self) -> None:
        self.accept()

    def accept(self) -> None:
        """Take what is there now for known."""
        self._stamp, self._digest = self._look(), _digest_of(self.path)

    def changed(self) -> Literal["same", "changed", "gone"]:
        """Return what happened since `accept`. A file that was only touched is the same."""
        stamp = self._look()
        if stamp == self._stamp:
            return "same"
        if stamp is None:
            return "gone"
        if _digest_of(self.path) == self._digest:
            self._stamp = stamp
            return "same"
        return "changed"

    def _look(self) -> tuple[int, int] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size


def _digest_of(path: Path) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open(path, "rb") as file:
            while block := file.read(_HASH_BLOCK):
                digest.update(block)
    except OSError:
        return b""
    return digest.digest()


# --- dropped files ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dropped:
    """Files that were dropped on the window, by what is done with them.

    Parameters
    ----------
    sounds : tuple of Path
        Each becomes a `load` node.
    documents : tuple of Path
        Graph files, shared files, and sound files that hold their graph.
    others : tuple of Path
        Nothing can be done with them.
    """

    sounds: tuple[Path, ...] = ()
    documents: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()


def sort_dropped(paths: Iterable[Path]) -> Dropped:
    """Return dropped files by what is done with them."""
    found: dict[str, list[Path]] = {"sounds": [], "documents": [], "others": []}
    for path in paths:
        match file_kind(path):
            case "sound":
                found["sounds"].append(path)
            case "graph" | "shared" | "sound with graph":
                found["documents"].append(path)
            case _:
                found["others"].append(path)
    return Dropped(**{name: tuple(each) for name, each in found.items()})


def add_loads(
    document: Document, sounds: Iterable[Path], place: Place, library: Library
) -> tuple[Document, tuple[NodeId, ...]]:
    """Return the document with a `load` node for each sound file, one below the other, and their ids."""
    version = library.find("load").version
    x, y = place
    added = []
    for path in sounds:
        node_id = document.graph.new_id("load")
        node = Node("load", {"file": str(path.absolute())}, version)
        graph = document.graph.add(node_id, node)
        document = replace(
            document,
            graph=graph,
            positions={**document.positions, node_id: (x, y)},
            labels={**document.labels, node_id: path.stem},
        )
        added.append(node_id)
        y += _STEP
    return document, tuple(added)
