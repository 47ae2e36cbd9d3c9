"""Journal: keeps every edit apart from the user's file, so that a crash loses at most the last one.

One file per running window, in the folder of states. Each line is a checksum and a JSON record: the
head, the whole text of the document, or what changed in it against the line before. A thread writes;
what the window's thread does takes microseconds. A lock beside the file lives as long as the process.
"""

from __future__ import annotations

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
# A journal is begun anew when what was appended is this much and four times the document (bytes).
_ROTATE_BYTES = 1 << 18
# While one edit goes on (a drag), it is written this often (s).
_DRAG_S = 0.25
# The window waits this long at most for the edit before this one to be in the file (s).
_PATIENCE_S = 0.004


def journal_folder() -> Path:
    """Return the folder of all windows' journals."""
    return state_folder() / "journals"


@dataclass(frozen=True)
class _Job:
    document: Document
    path: Path | None
    edits: int


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
        self._urgent = self._clear = self._closing = self._writing = self._busy = False
        self._edits = -1
        self._trouble: str | None = None
        self._told = False
        self._file = _JournalFile(self._folder, self._name)
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

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
            self._job, self._clear, self._edits = _Job(document, path, edits), False, edits
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
                lambda: self._job is None and not self._clear and not self._busy, timeout_s
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
        self._thread.join(2.0)

    # --- the thread ----------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._something_to_do)
                self._changed.wait_for(lambda: self._urgent or self._closing, _DRAG_S)
                job, clear, closing = self._job, self._clear, self._closing
                self._job, self._clear, self._urgent = None, False, False
                self._writing = self._busy = True
            trouble = self._file.try_to_clear() if clear else None
            trouble = self._file.try_to_append(job) if job is not None else trouble
            with self._changed:
                self._trouble, self._writing = trouble, False
                self._changed.notify_all()
            self._file.sync()
            with self._changed:
                self._busy = False
                self._changed.notify_all()
            if closing:
                self._file.release()
                return

    def _something_to_do(self) -> bool:
        return self._job is not None or self._clear or self._closing


class _JournalFile:
    """The file and its lock; used by the thread alone."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / (name + JOURNAL)
        self._lock = FileLock(folder / (name + LOCK), thread_local=False)
        self._file: IO[bytes] | None = None
        self._text = ""
        self._user_path: Path | None = None
        self._grown = 0

    def try_to_append(self, job: _Job) -> str | None:
        """Append a document; return what went wrong, if anything did."""
        text = to_json(job.document)
        try:
            if self._file is None or job.path != self._user_path or self._has_grown(text):
                self._begin(job, text)
            elif text != self._text:
                self._write(_line(_difference(self._text, text) | {"edits": job.edits, "time": time.time()}))
        except (OSError, Timeout) as error:
            # A torn line would spoil those after it: the next edit begins anew.
            self._drop()
            return getattr(error, "strerror", None) or str(error)
        self._text = text
        return None

    def try_to_clear(self) -> str | None:
        """Remove the file; return what went wrong, if anything did."""
        self._drop()
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            return error.strerror or str(error)
        return None

    def sync(self) -> None:
        """Have the system bring what was written to the disk."""
        if self._file is not None:
            try:
                os.fsync(self._file.fileno())
            except OSError:
                # What was written is in the system's hands; the next write meets a broken disk and tells.
                self._drop()

    def release(self) -> None:
        """Let go of the lock."""
        self._lock.release(force=True)
        try:
            Path(self._lock.lock_file).unlink(missing_ok=True)
        except OSError:
            # An empty lock file of nobody is swept at a later start.
            return

    def _has_grown(self, text: str) -> bool:
        return self._grown > max(_ROTATE_BYTES, 4 * len(text))

    def _begin(self, job: _Job, text: str) -> None:
        self._drop()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.acquire(timeout=0)
        first = _first_edits(self._path, job)
        head = {"format": _FORMAT, "version": 1, "path": str(job.path) if job.path else None, "first": first}
        whole = {"whole": text, "title": job.document.title, "edits": job.edits, "time": time.time()}
        aside = self._path.with_suffix(".tmp")
        try:
            with open(aside, "wb") as file:
                file.write(_line(head) + _line(whole))
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, self._path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise
        sync_folder(self._path.parent)
        self._file = open(self._path, "ab", buffering=0)  # noqa: SIM115 - open as long as the window is
        self._user_path, self._grown = job.path, 0

    def _write(self, line: bytes) -> None:
        assert self._file is not None
        if self._file.write(line) != len(line):
            raise OSError(28, os.strerror(28))
        self._grown += len(line)

    def _drop(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._text = ""


def _first_edits(path: Path, job: _Job) -> int:
    """Return the number of the first edit that the user's file does not have."""
    if not path.exists():
        return job.edits
    records = _records(path.read_bytes())
    kept = records[0].get("first") if records else None
    return kept if isinstance(kept, int) else job.edits


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
    head, *rest = _records(content) or [{}]
    if head.get("format") != _FORMAT or not rest or "whole" not in rest[0]:
        return None
    text = str(rest[0]["whole"])
    for record in rest[1:]:
        begin, end = record["keep"]
        text = text[:begin] + record["put"] + text[len(text) - end :]
    facts = {
        "title": rest[0].get("title", ""),
        "edits": rest[-1]["edits"] - head["first"] + 1,
        "time": rest[-1]["time"],
    }
    return head | facts, text
