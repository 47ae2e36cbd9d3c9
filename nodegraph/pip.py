"""pip in a process of its own: what it says becomes progress, and a cancel ends it at once.

It is asked first what it would do (`resolve`), then has the wheels brought into a folder (`bring`): until
then nothing is touched. pip's own settings (PIP_INDEX_URL, a proxy, pip.conf) count as always.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nodegraph.errors import InstallError
from nodegraph.installed import canonical
from nodegraph.progress import Progress

__all__ = ["Arrival", "Planned", "bring", "pip_check", "resolve", "run_pip", "run_program"]

# A cancel is noticed within this time (s).
_POLL_S = 0.1
# pip reports bytes one by one from this version on (`--progress-bar raw`).
_TELLS_BYTES = (24, 1)
# The folders of whoever started Regroove are not those of the environment; nothing goes elsewhere than there.
_NOT_PASSED_ON = frozenset({"PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER"})
_UNITS = {"bytes": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}

_DOWNLOADING = re.compile(
    r"^\s*Downloading (?P<file>\S+?)(?: \((?P<size>[\d.]+) (?P<unit>bytes|kB|MB|GB)\))?$"
)
_BYTES = re.compile(r"^Progress (?P<done>\d+) of (?P<total>\d+)$")
_BROKEN = re.compile(r" requires | has requirement | is not supported on this platform")
_BUILDING = re.compile(r"^\s*Building wheels? for (?P<name>[\w.-]+)")


@dataclass(frozen=True)
class Planned:
    """One distribution that pip would install.

    Parameters
    ----------
    name, version : str
        Its canonical name, and which version.
    line : str
        How pip is told to bring just this.
    """

    name: str
    version: str
    line: str


class Arrival:
    """Makes progress of what pip says while it downloads.

    Parameters
    ----------
    progress : Progress
        Is told which file comes, and the share that has come.
    expected_bytes : int
        About how much will come; 0 where nobody knows.
    """

    def __init__(self, progress: Progress, expected_bytes: int) -> None:
        self._progress = progress
        self._expected = expected_bytes
        self._done = 0.0
        self._current = 0.0

    def __call__(self, line: str) -> None:
        """Take in one line."""
        if found := _BYTES.match(line):
            self._tell(float(found["done"]))
        elif found := _DOWNLOADING.match(line):
            self._done += self._current
            self._current = float(found["size"] or 0) * _UNITS[found["unit"] or "bytes"]
            # The part after "?" or "#" is an address's business.
            name = re.split(r"[?#]", found["file"].rsplit("/", 1)[-1])[0]
            self._progress.note(f"Downloading {name}")
            self._tell(0.0)
        elif line.startswith("Installing collected packages:"):
            self._progress.note(f"Installing {line.count(',') + 1} packages")
        elif found := _BUILDING.match(line):
            self._progress.note(f"Building {found['name']}")

    def _tell(self, of_current: float) -> None:
        if self._expected:
            self._progress(min(1.0, (self._done + of_current) / self._expected))


def run_pip(
    python: Path,
    arguments: Sequence[str],
    progress: Progress,
    *,
    scratch: Path,
    hear: Callable[[str], None] = lambda line: None,
) -> str:
    """Run pip in the environment of `python` and return what it said.

    Parameters
    ----------
    python : Path
        The interpreter of the environment that pip works in.
    arguments : sequence of str
        "install", …
    progress : Progress
        Its cancel ends pip within a second.
    scratch : Path
        An empty folder: where pip runs, and where it keeps what it has not finished.
    hear : callable
        Takes each line as it comes.

    Raises
    ------
    InstallError
        If pip fails; says why in pip's words.
    Cancelled
        If the user cancelled.
    """
    command = [
        str(python),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "--no-color",
        *arguments,
    ]
    return run_program(command, progress, scratch=scratch, hear=hear)


def run_program(
    command: Sequence[str],
    progress: Progress,
    *,
    scratch: Path,
    hear: Callable[[str], None] = lambda line: None,
) -> str:
    """Run a program and return what it said; see `run_pip`, which it serves."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
    kept |= {
        "TMPDIR": str(scratch),
        "TEMP": str(scratch),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    progress.check()
    try:
        process = subprocess.Popen(
            command,
            cwd=scratch,
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            # A group of its own: Ctrl-C is told by `progress`, and all its children end with it.
            start_new_session=True,
        )
    except OSError as error:
        raise InstallError(f"{command[0]} cannot be started: {error.strerror or error}.") from error
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), name="regroove-pip", daemon=True)
    reader.start()
    said = []
    try:
        while (line := _next(lines, progress)) is not None:
            said.append(line)
            hear(line)
        code = process.wait()
    finally:
        _end(process)
        reader.join()
    if code:
        raise InstallError(_failure(command, said, code))
    return "\n".join(said)


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line.rstrip())
    lines.put(None)


def _next(lines: queue.SimpleQueue[str | None], progress: Progress) -> str | None:
    while True:
        progress.check()
        try:
            return lines.get(timeout=_POLL_S)
        except queue.Empty:
            continue


def _end(process: subprocess.Popen[str]) -> None:
    """End a program with all that it started, if it has not ended by itself."""
    if process.poll() is None:
        if os.name == "nt":
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False
            )
        else:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failure(command: Sequence[str], said: Sequence[str], code: int) -> str:
    text = "\n".join(said)
    if "No module named pip" in text:
        return f"There is no pip in the Python of this environment. Run: {command[0]} -m ensurepip"
    if "externally-managed-environment" in text:
        return (
            "This Python belongs to the operating system, which lets pip install nothing. Install Regroove "
            "in an environment of its own (python3 -m venv)."
        )
    errors = [line.partition(":")[2].strip() for line in said if line.lower().startswith("error:")]
    reason = " ".join(errors[:2]) or next(
        (line for line in reversed(said) if line.strip()), f"exit code {code}"
    )
    if "from versions: none" in text or "Retrying (" in text:
        reason += " Perhaps the package index cannot be reached."
    return f"pip could not do it: {reason}"


def bring(
    planned: Sequence[Planned], folder: Path, progress: Progress, *, expected_bytes: int = 0
) -> tuple[Path, ...]:
    """Download (or build) the wheels of what was planned, into `folder`, and return them.

    Raises
    ------
    InstallError, Cancelled
        See `run_pip`. Nothing was installed.
    """
    bar = "raw" if _pip_version() >= _TELLS_BYTES else "off"
    wheels = folder / "wheels"
    wheels.mkdir()
    lines = [each.line for each in planned]
    words = ["wheel", "--no-deps", "--progress-bar", bar, "--wheel-dir", str(wheels), *lines]
    run_pip(Path(sys.executable), words, progress, scratch=folder, hear=Arrival(progress, expected_bytes))
    return tuple(sorted(wheels.glob("*.whl")))


def resolve(words: Sequence[str], scratch: Path, progress: Progress) -> tuple[Planned, ...]:
    """Return what `pip install words…` would install beside Regroove, without installing it.

    Raises
    ------
    InstallError, Cancelled
        See `run_pip`.
    """
    report = scratch / "report.json"
    arguments = ["install", "--dry-run", "--report", str(report), "--progress-bar", "off", *words]
    run_pip(Path(sys.executable), arguments, progress, scratch=scratch, hear=Arrival(progress, 0))
    found = json.loads(report.read_text(encoding="utf-8"))
    return tuple(_planned(item) for item in found["install"])


def _planned(item: dict[str, object]) -> Planned:
    facts, source = item["metadata"], item["download_info"]
    assert isinstance(facts, dict)
    assert isinstance(source, dict)
    name, version = str(facts["name"]), str(facts["version"])
    direct = item.get("is_direct", False) is True
    return Planned(canonical(name), version, f"{name} @ {source['url']}" if direct else f"{name}=={version}")


def pip_check(python: Path, scratch: Path, progress: Progress) -> tuple[str, ...]:
    """Return what pip finds broken in an environment, a sentence each."""
    said = list[str]()
    try:
        run_pip(python, ["check"], progress, scratch=scratch, hear=said.append)
    except InstallError:
        # It exits with 1 if it finds anything; without anything found it did not come so far.
        found = tuple(line for line in said if _BROKEN.search(line))
        if not found:
            raise
        return found
    return ()


def _pip_version() -> tuple[int, ...]:
    """Return the version of the pip beside Regroove; an older one is no harm."""
    try:
        found = re.match(r"(\d+)\.(\d+)", importlib.metadata.version("pip"))
    except importlib.metadata.PackageNotFoundError:
        found = None
    return (int(found[1]), int(found[2])) if found else (0, 0)
