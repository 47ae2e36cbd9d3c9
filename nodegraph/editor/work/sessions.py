"""Sessions: with what, and where, the document on the desk is run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nodegraph.editor.desk.desk import Desk
from nodegraph.perform import Session
from nodegraph.recipe import Places

if TYPE_CHECKING:
    from nodegraph.editor.work.studio import Studio

__all__ = ["UNTITLED", "session_of", "writes_files"]

UNTITLED = "untitled"
"""Documents without a file share one page of what ran last."""


def session_of(studio: Studio, folder: Path | None, *, overwrite: bool = False) -> Session:
    """Return with what, and where, the document on the desk is run.

    Parameters
    ----------
    studio : Studio
        Library, cache and desk.
    folder : Path, optional
        The one that the user chose for results; by default the document's own.
    overwrite : bool
        Existing files may be replaced, in this very run.
    """
    path, cache = studio.desk.path, studio.cache
    if path is not None:
        places = Places(path.parent, folder or path.parent, overwrite=overwrite)
        return Session(studio.library, cache, places, str(path.resolve()))
    # Nobody has chosen a folder: nothing is written before somebody has; see `Runner.needs_folder`.
    places = Places(folder or Path(), folder or cache.shelf.folder / "nowhere", overwrite=overwrite)
    return Session(studio.library, cache, places, UNTITLED)


def writes_files(desk: Desk) -> bool:
    """Return whether the document on the desk holds a node that writes a file."""
    nodes = desk.document.graph.nodes.values()
    specs = (desk.library.get(node.kind) for node in nodes if not node.bypassed)
    return any(spec is not None and spec.effect for spec in specs)
