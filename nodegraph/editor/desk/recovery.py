"""Recovery: what windows left behind that did not end as they should."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from nodegraph.document import Document
from nodegraph.document_file import from_json
from nodegraph.editor.desk.journal import JOURNAL, LOCK, journal_folder, replay
from nodegraph.library import Library

__all__ = ["Recovery", "discard", "left_behind", "recover"]

# The lock of a window that has just opened may not be held yet (s).
_FRESH_S = 60.0


@dataclass(frozen=True)
class Recovery:
    """A document that a window left behind.

    Parameters
    ----------
    journal : Path
        Where it lies.
    path : Path, optional
        The user's file that was edited; None if it had none.
    title : str
        The document's.
    time_s : float
        Of the last edit, in seconds since 1970.
    edits : int
        How many the user's file does not have.
    text : str
        The document.
    """

    journal: Path
    path: Path | None
    title: str
    time_s: float
    edits: int
    text: str


def left_behind(folder: Path | None = None) -> tuple[Recovery, ...]:
    """Return what windows that are no longer running left behind, the latest first."""
    found = _abandoned(folder or journal_folder())
    return tuple(sorted(found, key=lambda recovery: recovery.time_s, reverse=True))


def recover(recovery: Recovery, library: Library) -> Document:
    """Return the document as it was after the last edit that reached the disk.

    Raises
    ------
    DocumentError
        If it was damaged on the disk in a way that no checksum shows.
    """
    return from_json(recovery.text, library)


def discard(recovery: Recovery) -> None:
    """Remove a journal: it was recovered, or is not wanted."""
    for path in (recovery.journal, recovery.journal.with_suffix(LOCK)):
        try:
            path.unlink(missing_ok=True)
        except OSError:
            # It will be offered again; nothing is lost.
            continue


def _abandoned(folder: Path) -> Iterator[Recovery]:
    try:
        locks = sorted(folder.glob("*" + LOCK))
        journals = sorted(folder.glob("*" + JOURNAL))
    except OSError:
        return
    for path in journals:
        if _is_nobodys(path.with_suffix(LOCK)):
            recovery = _read(path)
            if recovery is not None:
                yield recovery
    for lock in locks:
        if not lock.with_suffix(JOURNAL).exists():
            _sweep(lock)


def _is_nobodys(lock: Path) -> bool:
    if not lock.exists():
        return True
    try:
        with FileLock(lock, timeout=0, thread_local=False):
            return True
    except (Timeout, OSError):
        return False


def _read(path: Path) -> Recovery | None:
    try:
        replayed = replay(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if replayed is None:
        return None
    head, text = replayed
    user_path = Path(head["path"]) if head.get("path") else None
    return Recovery(path, user_path, str(head["title"]), float(head["time"]), int(head["edits"]), text)


def _sweep(lock: Path) -> None:
    try:
        if time.time() - lock.stat().st_mtime > _FRESH_S and _is_nobodys(lock):
            lock.unlink(missing_ok=True)
    except OSError:
        return
