"""A worker's process: started in a group of its own, listened to, and ended with all its children.

What it says on standard output are lines of JSON, see `worker_side`. Of what it writes to standard error
the end is kept, to tell why it ended.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from nodegraph.errors import WorkerError

__all__ = ["WorkerProcess"]

# stderr may still be read this long after a process has ended (s); a grandchild may hold it open.
_LAST_WORDS_S = 1.0
# Of stderr this much is kept (bytes), and this much is told (characters).
_KEPT_ERRORS, _TOLD_ERRORS = 1 << 16, 300
# Of a line that cannot be understood this much is told (characters).
_TOLD_LINE = 80
# No line of the protocol is as long (bytes).
_LONGEST_LINE = 1 << 20
# Threads that wait must not spin, and nothing may be fetched behind the user's back.
_VARIABLES = {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


class WorkerProcess:
    """A running process with a folder that lasts as long as it does.

    Parameters
    ----------
    name : str
        How errors call it.
    command : list of str
        What is started.
    variables : mapping
        Environment variables beside this process's own.

    Raises
    ------
    WorkerError
        If it cannot be started.
    """

    def __init__(self, name: str, command: list[str], variables: Mapping[str, str]) -> None:
        self.greeted = False
        """It has said hello; for whoever speaks the protocol."""
        self.folder = Path(tempfile.mkdtemp(prefix="regroove-worker-"))
        """Its working folder, where arrays lie."""
        self._name = name
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._errors = b""
        self._reaped = threading.Event()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(variables),
                cwd=self.folder,
                **_own_group(),
            )
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise WorkerError(
                f"{name} cannot be started: {command[0]}: {error.strerror or error}."
            ) from error
        self._listeners = [
            threading.Thread(target=target, daemon=True) for target in (self._listen, self._keep_errors)
        ]
        for thread in self._listeners:
            thread.start()
        _living.add(self)

    @property
    def ended(self) -> bool:
        """It has ended, by itself or not."""
        return self._reaped.is_set()

    def say(self, job: Mapping[str, Any]) -> None:
        """Hand over a job. If the process is gone, the next event tells it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return

    def next_event(self, timeout_s: float) -> dict[str, Any] | None:
        """Return what the process says, or None if it says nothing yet.

        Raises
        ------
        WorkerError
            If it has ended, or says something that is not of the protocol.
        """
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if line is None:
            raise self._ending()
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            raise self.babble(line.decode(errors="replace"))
        return event

    def babble(self, said: str) -> WorkerError:
        """Return the error for what does not belong to the protocol."""
        short, words = said.strip()[:_TOLD_LINE], self.last_words()
        return WorkerError(f"{self._name} said what cannot be understood: {short!r}.{words}")

    def last_words(self) -> str:
        """Return the end of what it wrote to stderr, as a sentence of its own; "" if that is nothing."""
        text = " ".join(self._errors.decode(errors="replace").split())
        return f" Its last words: {text[-_TOLD_ERRORS:]}" if text else ""

    def end(self) -> None:
        """Kill the whole group, at once. The folder is removed beside, as soon as the process is gone."""
        self._kill()
        # No daemon: this process does not end before the folder is gone.
        threading.Thread(target=self.bury).start()

    def bury(self) -> None:
        """Kill the whole group, wait for its end, and remove the folder."""
        self._kill()
        _living.discard(self)
        self._process.wait()
        if self._process.stdin is not None:
            _close(self._process.stdin)
        for thread, pipe in zip(self._listeners, (self._process.stdout, self._process.stderr), strict=True):
            thread.join(_LAST_WORDS_S)
            # Closing waits for who reads: only where nobody does.
            if pipe is not None and not thread.is_alive():
                _close(pipe)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kill(self) -> None:
        # Once it is waited for, its number may belong to another process.
        if not self._reaped.is_set():
            _kill_group(self._process)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline(_LONGEST_LINE):
            self._lines.put(line)
        if hasattr(os, "waitid"):
            try:
                # It has ended, yet its number stays its own until it is waited for.
                os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
            except ChildProcessError:
                # `bury` was quicker.
                pass
            else:
                # What it left behind.
                self._kill()
        self._process.wait()
        self._reaped.set()
        self._listeners[1].join(_LAST_WORDS_S)
        self._lines.put(None)

    def _keep_errors(self) -> None:
        assert self._process.stderr is not None
        while piece := os.read(self._process.stderr.fileno(), 1 << 14):
            self._errors = (self._errors + piece)[-_KEPT_ERRORS:]

    def _ending(self) -> WorkerError:
        code, words = self._process.returncode, self.last_words()
        if code is None or code >= 0:
            return WorkerError(
                f"{self._name} ended in the middle of its work, with the exit status {code}.{words}"
            )
        if -code == getattr(signal, "SIGKILL", 9):
            return WorkerError(
                f"{self._name} was killed from outside; often that is because memory ran out.{words}"
            )
        return WorkerError(f"{self._name} crashed ({_signal_name(-code)}).{words}")


_living: set[WorkerProcess] = set()


@atexit.register
def _end_all() -> None:
    for process in list(_living):
        # No thread can be started any more.
        process.bury()


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        # The second is how a Python of macOS tells another which environment it is in.
        if not name.startswith("PYTHON") and name != "__PYVENV_LAUNCHER__"
    }
    return {**kept, **_VARIABLES, **variables}


def _own_group() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, check=False)
        process.kill()
        return
    try:
        # The group outlives its leader as long as a child of it lives.
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # All of it has ended; macOS says so in the second way.
        return


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        # What was not yet written has nobody left to read it.
        return


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
