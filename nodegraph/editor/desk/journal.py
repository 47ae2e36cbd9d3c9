"""Journal: keeps every edit apart from the user's file, so that a crash loses at most the last one.

One file per running window, in the folder of states. Each line is a checksum and a JSON record: the
head, the whole text of the document, or what changed in it against the line before. One thread writes,
so that a killed process loses nothing that was written; another one has the system bring it to the disk,
which takes longer. A lock beside the file lives as long as the process.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import threading
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from nodegraph.document import Document
from nodegraph.document_file import to_json
from nodegraph.editor.desk.settings import state_folder
from nodegraph.files import sync_folder

__all__ = ["JOURNAL", "LOCK", "Journal", "journal_folder", "replay"]

JOURNAL, LOCK = ".journal", ".lock"
"""Endings of the two files of a window."""

_FORMAT = "regroove.journal"
# A journal is begun anew, when nobody edits, after this much and four times the document (bytes).
_ROTATE_BYTES = 1 << 18
# Beyond this it is begun anew even while edits come (bytes).
_MOST_BYTES = 1 << 24
# While one edit goes on (a drag), it is written this often (s).
_DRAG_S = 0.25
# An edit waits this long at most for the one before it to be in the file (s). People edit so slowly that
# it never has to; a disk that hangs must not hang the window.
_PATIENCE_S = 0.05
# After this time without an edit a journal that has grown is begun anew (s).
_IDLE_S = 0.5


def journal_folder() -> Path:
    """Return the folder of all windows' journals."""
    return state_folder() / "journals"


@dataclass(frozen=True)
class _Job:
    document: Document
    path: Path | None
    edits: int
    anew: bool
    """Nothing that was kept before belongs to it: the document was saved meanwhile."""


class Journal:
    """The journal of one window. Its methods never raise because of the disk; `trouble` tells.

    Parameters
    ----------
    folder : Path, optional
        By default `journal_folder()`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or journal_folder()
        self._name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{secrets.token_hex(3)}"
        self._changed = threading.Condition()
        self._job: _Job | None = None
        self._urgent = self._clear = self._closing = self._writing = self._unsynced = False
        self._syncing = False
        self._edits = -1
        self._trouble: str | None = None
        self._told = False
        self._file = _JournalFile(self._folder, self._name)
        self._threads = [
            threading.Thread(target=work, name="journal", daemon=True) for work in (self._write, self._sync)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def path(self) -> Path:
        """Where it lies while there is something in it."""
        return self._folder / (self._name + JOURNAL)

    def record(self, document: Document, path: Path | None, edits: int) -> None:
        """Keep a document.

        Parameters
        ----------
        document : Document
            As it is now.
        path : Path, optional
            The user's file.
        edits : int
            `History.edits`. Documents with the same number belong to one drag; it is enough that
            one of them arrives now and then.
        """
        with self._changed:
            urgent = edits != self._edits
            if urgent:
                self._changed.wait_for(lambda: not self._writing and not self._urgent, _PATIENCE_S)
            anew = self._clear or (self._job is not None and self._job.anew)
            self._job, self._clear, self._edits = _Job(document, path, edits, anew), False, edits
            self._urgent = self._urgent or urgent
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget everything: the document is saved, or was given up on purpose."""
        with self._changed:
            self._job, self._clear, self._urgent, self._edits = None, True, True, -1
            self._changed.notify_all()

    def flush(self, timeout_s: float = 2.0) -> bool:
        """Wait until all is on the disk; return whether it is."""
        with self._changed:
            self._urgent = True
            self._changed.notify_all()
            done = self._changed.wait_for(
                lambda: not (self._job or self._clear or self._writing or self._unsynced or self._syncing),
                timeout_s,
            )
            return done and self._trouble is None

    def take_trouble(self) -> str | None:
        """Return why the journal cannot be written, once; None if it can, or if that was told."""
        with self._changed:
            if self._trouble is None or self._told:
                return None
            self._told = True
            return self._trouble

    def close(self) -> None:
        """Forget everything and let go of the files: a clean end."""
        self.clear()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(2.0)

    # --- the threads ----------------------------------------------------------------------------

    def _write(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(self._something_to_do, self._file.patience_s):
                    self._writing = True
                else:
                    self._changed.wait_for(lambda: self._urgent or self._closing, _DRAG_S)
                job, clear, closing = self._job, self._clear, self._closing
                self._job, self._clear, self._urgent, self._writing = None, False, False, True
            trouble = self._file.try_to_do(job, clear=clear)
            with self._changed:
                self._trouble, self._writing, self._unsynced = trouble, False, job is not None
                self._changed.notify_all()
            if closing:
                self._file.release()
                return

    def _sync(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._unsynced or self._closing)
                if self._closing:
                    return
                self._unsynced, self._syncing = False, True
            self._file.sync()
            with self._changed:
                self._syncing = False
                self._changed.notify_all()

    def _something_to_do(self) -> bool:
        return self._job is not None or self._clear or self._closing


class _JournalFile:
    """The file and its lock; used by the writing thread alone, but for `sync`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / (name + JOURNAL)
        self._lock = FileLock(folder / (name + LOCK), thread_local=False)
        self._file: IO[bytes] | None = None
        self._open = threading.Lock()
        self._text = ""
        self._last: _Job | None = None
        self._first = 0
        self._grown = 0

    @property
    def patience_s(self) -> float | None:
        """How long to wait for an edit before the file is begun anew; None if it is small."""
        return _IDLE_S if self._grown > max(_ROTATE_BYTES, 4 * len(self._text)) else None

    def try_to_do(self, job: _Job | None, *, clear: bool) -> str | None:
        """Append a document, remove the file, or begin it anew; return what went wrong, if anything did."""
        try:
            if clear:
                self._drop()
                self._path.unlink(missing_ok=True)
            elif job is not None:
                self._append(job)
            elif self._last is not None:
                self._begin_aside(self._last, self._text)
        except (OSError, Timeout) as error:
            # A torn line would spoil those after it: the next edit begins anew.
            self._drop()
            return getattr(error, "strerror", None) or str(error)
        return None

    def sync(self) -> None:
        """Have the system bring what was written to the disk."""
        with self._open:
            copy = os.dup(self._file.fileno()) if self._file is not None else None
        if copy is None:
            return
        try:
            os.fsync(copy)
        except OSError:
            # What was written is in the system's hands; the next write meets a broken disk and tells.
            return
        finally:
            os.close(copy)

    def release(self) -> None:
        """Let go of the lock."""
        self._lock.release(force=True)
        try:
            Path(self._lock.lock_file).unlink(missing_ok=True)
        except OSError:
            # An empty lock file of nobody is swept at a later start.
            return

    def _append(self, job: _Job) -> None:
        text = to_json(job.document)
        if self._file is None or self._grown > _MOST_BYTES:
            self._first = job.edits if self._file is None else self._first
            self._begin_aside(job, text)
        elif job.anew or self._last is None or job.path != self._last.path:
            self._first = job.edits
            self._put(self._whole(job, text))
        elif text != self._text:
            self._put(_line(_difference(self._text, text) | {"edits": job.edits, "time": time.time()}))
        self._text, self._last = text, job

    def _begin_aside(self, job: _Job, text: str) -> None:
        """Write a new file, which takes the old one's place when it is whole."""
        old_last, old_text = self._last, self._text
        exists = self._path.exists()
        self._drop()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.acquire(timeout=0)
        aside = self._path.with_suffix(".tmp") if exists else self._path
        try:
            with open(aside, "wb") as file:
                file.write(self._whole(job, text))
                if exists:
                    file.flush()
                    os.fsync(file.fileno())
            if exists:
                os.replace(aside, self._path)
                sync_folder(self._path.parent)
        except OSError:
            aside.unlink(missing_ok=True)
            raise
        with self._open:
            self._file = open(self._path, "ab", buffering=0)  # noqa: SIM115 - open as long as the window is
        self._last, self._text = old_last, old_text

    def _whole(self, job: _Job, text: str) -> bytes:
        path = str(job.path) if job.path else None
        head = {"format": _FORMAT, "version": 1, "path": path, "first": self._first}
        whole = {"whole": text, "title": job.document.title, "edits": job.edits, "time": time.time()}
        return _line(head) + _line(whole)

    def _put(self, line: bytes) -> None:
        assert self._file is not None
        if self._file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._grown += len(line)

    def _drop(self) -> None:
        with self._open:
            if self._file is not None:
                self._file.close()
                self._file = None
        self._text, self._last, self._grown = "", None, 0


def _line(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False).encode(errors="surrogatepass")
    return b"%08x " % zlib.crc32(text) + text + b"\n"


def _difference(old: str, new: str) -> dict[str, Any]:
    """Return how many characters at both ends stay, and what stands between them now."""
    most = min(len(old), len(new))
    begin = _alike(most, lambda count: old[:count] == new[:count])
    end = _alike(most - begin, lambda count: old[len(old) - count :] == new[len(new) - count :])
    return {"keep": [begin, end], "put": new[begin : len(new) - end]}


def _alike(most: int, same: Any) -> int:
    """Return the largest count up to `most` for which `same` holds, by bisection."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if same(middle) else (low, middle - 1)
    return low


def _records(content: bytes) -> list[dict[str, Any]]:
    """Return the records up to the first line that is torn or damaged."""
    records = []
    for line in content.split(b"\n"):
        checksum, _, text = line.partition(b" ")
        if len(checksum) != 8 or b"%08x" % zlib.crc32(text) != checksum:
            break
        record = json.loads(text)
        if not isinstance(record, dict):
            break
        records.append(record)
    return records


def replay(content: bytes) -> tuple[dict[str, Any], str] | None:
    """Return what a journal holds.

    Returns
    -------
    tuple or None
        The head, with "title", "edits" (those that the user's file lacks) and "time" of the last
        line added, and the text of the document. None if there is no whole document in it.
    """
    head: dict[str, Any] = {}
    text = ""
    for record in _records(content):
        if record.get("format") == _FORMAT:
            head = record
        elif "whole" in record:
            text = str(record["whole"])
            head |= {"title": record.get("title", "")}
        else:
            begin, end = record["keep"]
            text = text[:begin] + record["put"] + text[len(text) - end :]
        if "edits" in record:
            head |= {"edits": record["edits"] - head["first"] + 1, "time": record["time"]}
    return (head, text) if "edits" in head else None
