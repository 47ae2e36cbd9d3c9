"""The programs that people use today, run beside ours on the same damaged sound.

Their commands come from the bench. Those written in Python run in this process, as their start-up says
nothing about them; a peer that is not installed is left out.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.ours import bench

__all__ = ["PEERS", "Peer", "installed"]

Peer = Callable[[Any, int], "np.ndarray | None"]
"""Takes damaged sound as the bench makes it, and its rate; returns it repaired, None if it failed."""

# The best of the published ones for each damage, as far as they can be installed anywhere. ffmpeg's
# adeclip takes minutes for a second of sound in its better modes: those stand in the published column.
PEERS = {
    "denoise": (
        "wiener gain (60 lines)",
        "ffmpeg afftdn sn nr30",
        "ffmpeg afftdn sn nr12",
        "sox noisered 0.1",
        "noisereduce stat",
    ),
    "declick": ("ffmpeg adeclick", "ffmpeg adeclick m=s"),
    "decrackle": ("ffmpeg adeclick", "ffmpeg adeclick m=s t=1"),
    "declip": ("ffmpeg adeclip w=20", "pchip"),
    "dehum": ("ffmpeg 20 notches", "sox highpass 200"),
    "dropout": ("ffmpeg adeclick",),
}


def installed(task: str) -> dict[str, Peer]:
    """Return the peers for a damage that can run here, by name."""
    found: dict[str, Peer] = {}
    commands = bench("peers").PEERS
    for name in PEERS.get(task, ()):
        command = commands.get(task, commands["declick"])[name]
        program, *words = command.split()
        if program == sys.executable:
            function = words[words.index("run") + 1]
            if function != "noisereduce" or _has_noisereduce():
                found[name] = _in_process(
                    function, [word.strip("{}") for word in words[words.index("run") + 4 :]]
                )
        elif shutil.which(program):
            found[name] = _as_command(command)
    return found


def _has_noisereduce() -> bool:
    from importlib.util import find_spec

    return find_spec("noisereduce") is not None


def _in_process(function: str, words: list[str]) -> Peer:
    def run(item: Any, rate: int) -> np.ndarray:
        told = [item.info.get(word, word) for word in words]
        return np.asarray(bench("peers").FUNCTIONS[function](item.audio, rate, *told))

    return run


def _as_command(command: str) -> Peer:
    def run(item: Any, rate: int) -> np.ndarray | None:
        repaired, _ = bench("score").restore(command, item, rate, {})
        return None if repaired is None else np.asarray(repaired)

    return run
