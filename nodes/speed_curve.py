"""Speed curves by hand and in files: drawn, loaded, and kept.

A curve that was measured once can be looked at in other programs, corrected there, and be used
again, also for another transfer of the same record.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np

from nodegraph import (
    InputFile,
    OutputError,
    OutputFile,
    ParameterError,
    Progress,
    SpeedCurve,
    no_progress,
    node,
)
from nodes.dsp.file.sound_file import new_file
from nodes.dsp.speed.points import as_lines, from_lines, from_points

__all__ = ["draw_speed", "export_speed", "load_speed"]

# Longest line of a file that is read (characters): three numbers with all of their digits take 75.
_LONGEST_LINE = 1000


@node(version=1, kind="speed.draw")
def draw_speed(*, points: str = "0 s: 100 %") -> SpeedCurve:
    """Say by hand how fast a recording runs over time, for a Wow node to undo.

    Parameters
    ----------
    points : str
        Times and speeds, as in "0 s: 100 %, 12.5 s: 100.4 %, 1:30: 99.8 %": straight lines between
        them, constant before the first and after the last. More than 100 % says that the recording
        runs too fast there: it will be slowed down and sound lower.

    Returns
    -------
    speed : SpeedCurve
        The points.

    Raises
    ------
    ParameterError
        If a point cannot be read, or they are not in order.
    """
    return from_points(points)


@node(version=1, kind="speed.load")
def load_speed(*, file: Annotated[str, InputFile()] = "", progress: Progress = no_progress) -> SpeedCurve:
    """Load a speed curve that was kept in a file.

    Parameters
    ----------
    file : str
        A CSV file: each line a time in s and the speed there, relative to the true one, as in
        12.5,1.004; a third number may say how sure it is, 0 to 1.
    progress : Progress
        Asked for a cancel between lines.

    Returns
    -------
    speed : SpeedCurve
        The file's points.

    Raises
    ------
    ParameterError
        If no file is chosen, or it cannot be read, or holds something else than a curve.
    """
    if not file:
        raise ParameterError("speed.load: no file is chosen. Choose a file with a speed curve.")
    path = Path(file).expanduser()
    try:
        with path.open(encoding="utf-8-sig") as lines:
            # A file without line ends would be read whole.
            cut = iter(lambda: lines.readline(_LONGEST_LINE), "")
            curve = from_lines(cut, path.name, check=progress.check)
    except UnicodeDecodeError as problem:
        raise ParameterError(
            f"{path.name} is no text, so it holds no speed curve. Choose a CSV file."
        ) from problem
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise ParameterError(f"{file!r} cannot be read: {reason}.") from problem
    progress(1.0)
    return curve


@node(version=1, kind="speed.export", effect=True)
def export_speed(
    speed: SpeedCurve | None = None,
    *,
    file: Annotated[str, OutputFile()] = "speed.csv",
    progress: Progress = no_progress,
) -> None:
    """Keep a speed curve in a file that spreadsheets read and Load speed loads again, bit for bit.

    The file appears whole or not at all, and never replaces another one.

    Parameters
    ----------
    speed : SpeedCurve, optional
        The curve to keep; without it a file with the true speed is written, to be filled in by hand.
    file : str
        Where to; a CSV file.
    progress : Progress
        Told after some thousand points.

    Raises
    ------
    OutputError
        If something with that name exists, or the folder is missing, or the disk is full.
    Cancelled
        If the user cancelled; no file is left.
    """
    if not file.strip() or "\0" in file:
        raise OutputError("speed.export: no file is chosen. Choose where to write the curve.")
    kept = SpeedCurve(np.zeros(1), np.ones(1), np.ones(1)) if speed is None else speed
    with new_file(Path(file).expanduser()) as draft, draft.open("x", encoding="utf-8", newline="\n") as out:
        for done, some in enumerate(as_lines(kept), 1):
            progress(1.0 - 1.0 / done)
            out.write(some)
    progress(1.0)
