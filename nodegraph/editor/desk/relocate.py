"""Relocating recordings: what a saved graph remembers of its input files, and finding them again.

A document keeps, under "inputs" in its file, name, size and digest of each file that it reads: enough
to tell the file again wherever it lies, and nothing of where it lay.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nodegraph.document import Document
from nodegraph.graph import NodeId
from nodegraph.ledger import Ledger
from nodegraph.library import Library

__all__ = [
    "InputFile",
    "Missing",
    "find_files",
    "input_files",
    "missing_files",
    "relocated",
    "remember_files",
    "with_whole_paths",
]

_KEY = "inputs"
# How far a search goes: folders below the given one, and files looked at.
_DEPTH, _MOST_FILES = 4, 50_000


@dataclass(frozen=True)
class InputFile:
    """A file that a node reads: the node, its parameter, and where the file should be."""

    node_id: NodeId
    param: str
    path: Path


@dataclass(frozen=True)
class Missing:
    """A file that is not where it should be.

    Parameters
    ----------
    node_id, param : str
        Who reads it.
    path : Path
        Where it should be.
    size : int or None
        In bytes, as it was when the document was saved.
    digest : str
        `Ledger.digest` of it; "" where it is not known.
    """

    node_id: NodeId
    param: str
    path: Path
    size: int | None = None
    digest: str = ""

    @property
    def name(self) -> str:
        """The file's name."""
        return _base_name(str(self.path))


def input_files(document: Document, base: Path, library: Library) -> tuple[InputFile, ...]:
    """Return the files that the document's nodes read.

    Parameters
    ----------
    document : Document
        The document.
    base : Path
        Against which relative paths are read: the document's folder.
    library : Library
        The kinds.
    """
    found = []
    for node_id, node in document.graph.nodes.items():
        spec = library.get(node.kind)
        for param in spec.params if spec else ():
            value = node.params.get(param.name)
            if param.type == "input_file" and isinstance(value, str) and value:
                found.append(InputFile(node_id, param.name, base / Path(value).expanduser()))
    return tuple(found)


def missing_files(document: Document, base: Path, library: Library) -> tuple[Missing, ...]:
    """Return those that are not there, with what the document remembers of them."""
    return tuple(
        Missing(each.node_id, each.param, each.path, *_facts(document, each.node_id))
        for each in input_files(document, base, library)
        if not _is_file(each.path)
    )


def remember_files(document: Document, files: Iterable[InputFile], digests: Mapping[Path, str]) -> Document:
    """Return the document with what is to be remembered of its files.

    Parameters
    ----------
    document : Document
        About to be saved.
    files : iterable of InputFile
        From `input_files`. Of a file that is missing now, what was known stays.
    digests : mapping of Path to str
        Those that are known.
    """
    known = document.extra.get(_KEY)
    before = known if isinstance(known, Mapping) else {}
    facts: dict[str, Any] = {}
    for each in files:
        try:
            size = each.path.stat().st_size
        except OSError:
            if each.node_id in before:
                facts[each.node_id] = before[each.node_id]
            continue
        record: dict[str, Any] = {"name": each.path.name, "bytes": size}
        if each.path in digests:
            record["digest"] = digests[each.path]
        facts[each.node_id] = MappingProxyType(record)
    extra = {key: value for key, value in document.extra.items() if key != _KEY}
    return replace(document, extra={**extra, _KEY: MappingProxyType(facts)} if facts else extra)


def find_files(
    missing: Iterable[Missing],
    folders: Iterable[Path],
    ledger: Ledger,
    check: Callable[[], None] = lambda: None,
) -> dict[tuple[NodeId, str], Path]:
    """Look for missing files in folders and those below them.

    A file whose digest is remembered is found under any name; one without is found by its name, and
    its size where that is remembered.

    Parameters
    ----------
    missing : iterable of Missing
        Looked for.
    folders : iterable of Path
        In this order: the first find counts.
    ledger : Ledger
        Remembers digests.
    check : callable
        Called between files; may raise to cancel.

    Returns
    -------
    dict
        (node id, parameter) → where it is now.
    """
    pending = list(missing)
    found: dict[tuple[NodeId, str], Path] = {}
    for path, size in _walk(folders):
        check()
        for each in tuple(pending):
            if _is_it(each, path, size, ledger, check):
                found[each.node_id, each.param] = path
                pending.remove(each)
        if not pending:
            break
    return found


def relocated(document: Document, places: Mapping[tuple[NodeId, str], Path], library: Library) -> Document:
    """Return the document reading files from elsewhere."""
    graph = document.graph
    for (node_id, param), path in places.items():
        graph = graph.set_param(node_id, param, str(path), library)
    return document.with_graph(graph) if places else document


def with_whole_paths(document: Document, base: Path, library: Library) -> Document:
    """Return the document reading the same files from any folder: no path in it is relative."""
    places = {
        (each.node_id, each.param): each.path.absolute()
        for each in input_files(document, base, library)
        if str(each.path.absolute()) != document.graph.nodes[each.node_id].params[each.param]
    }
    return relocated(document, places, library)


def _is_it(each: Missing, path: Path, size: int, ledger: Ledger, check: Callable[[], None]) -> bool:
    if each.size is not None and each.size != size:
        return False
    if not each.digest:
        return path.name.casefold() == each.name.casefold()
    try:
        return ledger.digest(path, check) == each.digest
    except OSError:
        return False


def _facts(document: Document, node_id: NodeId) -> tuple[int | None, str]:
    """Return size and digest, as far as the file tells: anybody may have written it."""
    known = document.extra.get(_KEY)
    record = known.get(node_id) if isinstance(known, Mapping) else None
    if not isinstance(record, Mapping):
        return None, ""
    size, digest = record.get("bytes"), record.get("digest", "")
    return size if isinstance(size, int) else None, digest if isinstance(digest, str) else ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _base_name(path: str) -> str:
    """Return a file's name, also where the path comes from another system."""
    return path.replace("\\", "/").rpartition("/")[2]


def _walk(folders: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    """Yield files and their sizes, those near the top first."""
    level = [(folder, 0) for folder in folders]
    seen: set[str] = set()
    count = 0
    for folder, depth in level:
        real = os.path.realpath(folder)
        if real in seen:
            continue
        seen.add(real)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            # A folder that may not be read holds nothing that could be loaded.
            continue
        for entry in entries:
            count += 1
            if count > _MOST_FILES:
                return
            if entry.is_dir(follow_symlinks=False) and depth < _DEPTH and not entry.name.startswith("."):
                level.append((Path(entry.path), depth + 1))
            elif entry.is_file():
                yield Path(entry.path), entry.stat().st_size
