"""Workers: backends that run in another process, in the Python of an environment of their own.

For packages that cannot live beside Regroove's, and for models that take so much memory that only the end
of a process gives it back surely. What the two sides say to each other is told in `worker_side`; arrays go
through files that both map, in a folder of the worker's own.

A worker is a process group of its own. It is killed when its run is cancelled or fails, when it shows no
progress for too long, and when this process ends, however it does.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nodegraph.audio import map_new_file, new_samples
from nodegraph.environments import FACTS
from nodegraph.errors import WorkerError
from nodegraph.progress import Progress, no_progress
from nodegraph.worker_process import WorkerProcess

__all__ = ["Answer", "Worker", "borrow_worker"]

_SIDE = Path(__file__).with_name("worker_side.py")
_PROTOCOL = 1
# A cancel is noticed within this time (s).
_POLL_S = 0.02
# Values copied between two looks at the cancel: 4 MiB of float32.
_COPIED_VALUES = 1 << 20
# Results up to this size are ordinary memory (bytes).
_IN_MEMORY_BYTES = 64 << 20

_Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Answer:
    """What a backend gave back for a job.

    Parameters
    ----------
    facts : mapping
        Plain JSON.
    arrays : mapping of str to ndarray
        As the backend made them: nobody has looked whether they are finite. They are the caller's own.
    """

    facts: Mapping[str, Any]
    arrays: Mapping[str, _Array]


class Worker:
    """A backend script in another Python. It starts with its first job and ends with the `with` block.

    Parameters
    ----------
    python : Path
        Of the environment; see `environment_python`.
    backend : Path
        The script; `worker_side` says what it defines.
    name : str
        How errors call it.
    limit_s : float
        Without progress for this long, it counts as hanging. Loading the packages and the model is before
        the first progress. However long a job takes as a whole, it is not cut short.
    variables : mapping
        Environment variables of the process, beside this one's. PYTHON… are left out, as they name
        packages of another Python.
    """

    def __init__(
        self,
        python: Path,
        backend: Path,
        *,
        name: str,
        limit_s: float = 300.0,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.versions: Mapping[str, str] = {}
        """Of Python, numpy and the backend's packages; empty before the first job."""
        self._command = [str(python), "-I", str(_SIDE), str(backend)]
        self._variables = dict(variables or {})
        self._limit_s = limit_s
        self._process: WorkerProcess | None = None
        self._jobs = 0

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the process if there is one; its memory is free at once, its folder soon."""
        if self._process is not None:
            self._process.end()
        self._process = None

    def run(
        self,
        job: Mapping[str, Any],
        arrays: Mapping[str, _Array] | None = None,
        *,
        progress: Progress = no_progress,
    ) -> Answer:
        """Have one job done, and wait for it. One at a time.

        Parameters
        ----------
        job : mapping
            The backend's settings: plain JSON.
        arrays : mapping of str to ndarray
            Handed over by files. Names are identifiers.
        progress : Progress
            Told what the backend tells.

        Raises
        ------
        WorkerError
            If the process cannot be started, ends, hangs, or says that it failed. It is gone then; the
            next job starts another.
        Cancelled
            If the user cancelled: within 200 ms, the process being killed.
        OSError
            If the disk cannot hold the arrays.
        """
        try:
            if self._process is not None and self._process.ended:
                # It was killed while nobody had work for it.
                self.close()
            process = self._process = self._process or self._start()
            folder = process.folder / str(self._jobs)
            self._jobs += 1
            folder.mkdir()
            for name, array in (arrays or {}).items():
                _write(folder / f"in-{name}.npy", array, progress.check)
            if not process.greeted:
                self._greet(self._await(process, "hello", progress))
                process.greeted = True
            process.say({"folder": str(folder), "job": dict(job), "arrays": list(arrays or {})})
            done = self._await(process, "done", progress)
            answer = self._adopt(folder, done, progress)
            shutil.rmtree(folder, ignore_errors=True)
            return answer
        except BaseException:
            self.close()
            raise

    def _start(self) -> WorkerProcess:
        return WorkerProcess(self.name, self._command, self._variables)

    def _await(self, process: WorkerProcess, wanted: str, progress: Progress) -> dict[str, Any]:
        """Return the event that is waited for, and pass on what comes before it."""
        best, moved = -1.0, time.monotonic()
        while True:
            progress.check()
            event = process.next_event(_POLL_S)
            if event is None:
                if time.monotonic() - moved > self._limit_s:
                    words = process.last_words()
                    raise WorkerError(
                        f"{self.name} was stopped: it showed no progress for {self._limit_s:g} s.{words}"
                    )
                continue
            kind = event.get("event")
            if kind == "progress" and isinstance(event.get("done"), (int, float)):
                if event["done"] > best:
                    best, moved = float(event["done"]), time.monotonic()
                progress(float(event["done"]))
            elif kind == "note":
                progress.note(str(event.get("text", "")))
            elif kind == "error":
                reason = f"{event.get('kind')}: {event.get('message')}"
                raise WorkerError(f"{self.name} failed: {reason}")
            elif kind == wanted:
                return event
            else:
                raise process.babble(json.dumps(event))

    def _greet(self, event: Mapping[str, Any]) -> None:
        if event.get("protocol") != _PROTOCOL or not isinstance(event.get("versions"), dict):
            raise WorkerError(f"{self.name} speaks another version of the protocol. Install Regroove again.")
        self.versions = {str(name): str(version) for name, version in event["versions"].items()}

    def _adopt(self, folder: Path, done: Mapping[str, Any], progress: Progress) -> Answer:
        """Take over what the backend left in the folder."""
        facts, names = done.get("facts"), done.get("arrays")
        if not isinstance(facts, dict) or not isinstance(names, list):
            raise WorkerError(f"{self.name} gave back something else than facts and arrays.")
        found = {}
        for name in names:
            # The names come from another program: none of them may lead out of the folder.
            if not (isinstance(name, str) and name.isidentifier()):
                raise WorkerError(f"{self.name} gave back an array with a name that cannot be: {name!r}.")
            try:
                found[name] = _taken(folder / f"out-{name}.npy", progress.check)
            except (OSError, ValueError) as error:
                raise WorkerError(f"{self.name} gave back {name}, which cannot be read: {error}") from error
        return Answer(facts, found)


# --- workers that are kept ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Idle:
    worker: Worker
    timer: threading.Timer


_idle: dict[tuple[str, ...], _Idle] = {}
_lending = threading.Lock()


@contextmanager
def borrow_worker(
    python: Path,
    backend: Path,
    *,
    name: str,
    limit_s: float = 300.0,
    variables: Mapping[str, str] | None = None,
    idle_s: float = 60.0,
) -> Iterator[Worker]:
    """Give a worker that may be warm already: what it has loaded stays loaded for the next borrower.

    Parameters
    ----------
    python, backend, name, limit_s, variables
        See `Worker`. All that is alike is one worker, unless it is lent already.
    idle_s : float
        How long it is kept when nobody has it. One that fails is not kept; one that nobody has is
        closed as soon as another kind is asked for, to have its memory.

    Yields
    ------
    Worker
        For the `with` block.
    """
    made = _made_of(python, backend, name, limit_s, variables or {})
    with _lending:
        kept = _idle.pop(made, None)
        others = list(_idle.values())
        _idle.clear()
    for other in others:
        _dismiss(other)
    if kept is not None:
        kept.timer.cancel()
    worker = kept.worker if kept else Worker(python, backend, name=name, limit_s=limit_s, variables=variables)
    try:
        yield worker
    except BaseException:
        worker.close()
        raise
    _keep(made, worker, idle_s)


def _keep(made: tuple[str, ...], worker: Worker, idle_s: float) -> None:
    def expire() -> None:
        with _lending:
            mine = _idle.get(made)
            if mine is None or mine.worker is not worker:
                return
            del _idle[made]
        worker.close()

    timer = threading.Timer(idle_s, expire)
    timer.daemon = True
    with _lending:
        before = _idle.pop(made, None)
        _idle[made] = _Idle(worker, timer)
    timer.start()
    if before is not None:
        _dismiss(before)


def _dismiss(idle: _Idle) -> None:
    idle.timer.cancel()
    idle.worker.close()


def _made_of(
    python: Path, backend: Path, name: str, limit_s: float, variables: Mapping[str, str]
) -> tuple[str, ...]:
    """Return what tells workers apart: also the script's text, and when the environment was made."""
    facts = python.parent.parent / FACTS
    stamp = facts.stat().st_mtime_ns if facts.exists() else 0
    text = hashlib.blake2b(backend.read_bytes()).hexdigest()
    return (str(python), str(backend), name, str(limit_s), repr(sorted(variables.items())), text, str(stamp))


# --- arrays ------------------------------------------------------------------------------------------------


def _write(path: Path, array: _Array, check: Callable[[], None]) -> None:
    source = np.asarray(array, order="C")
    target = map_new_file(path, source.shape, source.dtype)
    _copy(source, target, check)


def _taken(path: Path, check: Callable[[], None]) -> _Array:
    found: _Array = _mapped(path)
    if found.nbytes <= _IN_MEMORY_BYTES or found.ndim != 2 or found.dtype != np.float32:
        return np.array(found, order="C")
    result = new_samples(*found.shape)
    _copy(np.asarray(found, order="C"), result, check)
    return result


def _mapped(path: Path) -> _Array:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except ValueError:
        # What is empty cannot be mapped; what is no array fails again.
        return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]


def _copy(source: _Array, target: _Array, check: Callable[[], None]) -> None:
    flat, filled = source.reshape(-1), target.reshape(-1)
    for begin in range(0, flat.size, _COPIED_VALUES):
        check()
        filled[begin : begin + _COPIED_VALUES] = flat[begin : begin + _COPIED_VALUES]
