"""The other side of `nodegraph.worker`: runs a backend script in an environment of its own.

    ENV/python -I worker_side.py BACKEND.py

Knows nothing of Regroove: the standard library and numpy, of Python 3.9 or later. The backend defines

    PACKAGES = ("torch", "audiosr")       distributions whose versions are told; may be absent
    def work(job, arrays, report):        report(0.5) tells the share that is done, report.note(text) a
        return facts, {"audio": ...}      sentence for the user; facts are plain JSON

Each line in and out is one JSON object. In comes a job: its number, its folder, its settings ("job") and
the names of its arrays, which lie in the folder as in-NAME.npy and are opened for reading only. Out go

    {"event": "hello", "protocol": 1, "versions": {…}}       once
    {"event": "progress", "done": 0.5}   {"event": "note", "text": …}
    {"event": "done", "facts": {…}, "arrays": [names]}       they lie in the folder as out-NAME.npy
    {"event": "error", "kind": "ValueError", "message": …}   the traceback went to stderr

What libraries print goes to stderr, where it cannot break the protocol. There is no heartbeat: a thread of
its own would beat on while the work hangs. The process ends with its standard input, hence with its host.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["PROTOCOL", "main"]

PROTOCOL = 1

# Longer messages are cut (characters): some libraries put a whole array into an exception.
_LONGEST_MESSAGE = 2000
# The worker's own; the backend may go elsewhere.
_FOLDER = Path.cwd()


class Report:
    """What a backend tells while it works."""

    def __init__(self, events: BinaryIO) -> None:
        self._events = events
        self._lock = threading.Lock()

    def __call__(self, done: float) -> None:
        """Tell the share (0 to 1) that is done. Only a greater one than before counts as a sign of life."""
        self.tell("progress", done=float(done))

    def note(self, text: str) -> None:
        """Tell the user one sentence about the result."""
        self.tell("note", text=str(text))

    def tell(self, event: str, **facts: Any) -> None:
        """Write one line; a host that no longer reads ends the process."""
        line = json.dumps({"event": event, **facts}).encode() + b"\n"
        try:
            with self._lock:
                self._events.write(line)
                self._events.flush()
        except OSError:
            _end()


def main(backend: str) -> None:
    """Serve jobs until standard input ends."""
    jobs, report = _private_lines()
    _be_first_to_go()
    try:
        import numpy as np

        work, versions = _load(backend)
        report.tell("hello", protocol=PROTOCOL, versions={**versions, "numpy": np.__version__})
        while True:
            job = jobs.get()
            facts, names = _serve(work, job, report)
            report.tell("done", facts=facts, arrays=names)
    # Also what libraries leave by: SystemExit.
    except BaseException as error:
        traceback.print_exc()
        sys.stderr.flush()
        report.tell("error", kind=type(error).__name__, message=str(error)[:_LONGEST_MESSAGE])
        # The host has seen it and closes standard input.
        threading.Event().wait()


def _private_lines() -> tuple[queue.SimpleQueue[dict[str, Any]], Report]:
    """Keep the two pipes from everybody else: others read nothing and write to stderr."""
    incoming, outgoing = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def listen() -> None:
        with os.fdopen(incoming, "rb") as lines:
            for line in lines:
                jobs.put(json.loads(line))
        _end()

    threading.Thread(target=listen, daemon=True).start()
    return jobs, Report(os.fdopen(outgoing, "wb"))


def _load(backend: str) -> tuple[Any, dict[str, str]]:
    """Return the backend's `work` and the versions of what it says it uses."""
    import importlib.util
    from importlib.metadata import PackageNotFoundError, version

    spec = importlib.util.spec_from_file_location("backend", backend)
    if spec is None or spec.loader is None:
        raise RuntimeError(backend + " is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules["backend"] = module
    spec.loader.exec_module(module)
    versions = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in getattr(module, "PACKAGES", ()):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return module.work, versions


def _serve(work: Any, job: dict[str, Any], report: Report) -> tuple[dict[str, Any], list[str]]:
    import numpy as np

    folder = Path(job["folder"])
    arrays = {}
    for name in job["arrays"]:
        path = folder / ("in-" + name + ".npy")
        try:
            arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        except ValueError:
            # What is empty cannot be mapped.
            arrays[name] = np.load(path, allow_pickle=False)
    facts, results = work(job["job"], arrays, report)
    for name, array in results.items():
        np.save(folder / ("out-" + name + ".npy"), array, allow_pickle=False)
    return facts, list(results)


def _be_first_to_go() -> None:
    """Have Linux end this process rather than its host when memory runs out."""
    try:
        Path("/proc/self/oom_score_adj").write_text("500")
    except OSError:
        # Another system, or a Linux that does not let us.
        return


def _end() -> None:
    """End now, with all children, whatever the other threads are at. The host is gone, or wants it so."""
    # Only what the host made for this process; somebody may have started it elsewhere by hand.
    if _FOLDER.name.startswith("regroove-worker-"):
        shutil.rmtree(_FOLDER, ignore_errors=True)
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
