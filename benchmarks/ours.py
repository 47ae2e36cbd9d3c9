"""Our nodes as the benchmarks call them, and the recordings of the bench.

The bench lies in `shared/bench` beside the repository; where it is absent, what needs it is left out.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import soundfile

from nodegraph import Audio, Progress
from nodegraph.library import Library
from nodegraph.perform import call_node

ROOT = Path(__file__).parents[1]
BENCH = ROOT.parent / "shared" / "bench"
CLIPS = BENCH / "dev" / "clips"


def bench(name: str) -> ModuleType:
    """Return one of the bench's modules: degrade, metrics, peers, runner or score."""
    if str(BENCH) not in sys.path:
        sys.path.append(str(BENCH))
    return importlib.import_module(name)


@lru_cache(maxsize=1)
def library() -> Library:
    """Return our nodes."""
    import nodes

    return Library.from_package(nodes, skip=("dsp",))


def clip_names() -> tuple[str, ...]:
    """Return the names of all recordings."""
    return tuple(path.stem for path in sorted(CLIPS.glob("*.flac")))


def clip(name: str, seconds: float | None = None, *, mono: bool = True) -> tuple[np.ndarray, int]:
    """Return a recording's beginning, shape (frames, channels), and its rate in Hz."""
    samples, rate = soundfile.read(CLIPS / f"{name}.flac", always_2d=True)
    samples = samples if seconds is None else samples[: int(seconds * rate)]
    return (samples.mean(axis=1, keepdims=True) if mono else samples), rate


def clips(
    names: tuple[str, ...] | None = None, seconds: float | None = None, *, mono: bool = True
) -> Iterator[tuple[str, np.ndarray, int]]:
    """Yield recordings with their names."""
    for name in names or clip_names():
        yield name, *clip(name, seconds, mono=mono)


def run_node(
    kind: str,
    samples: np.ndarray,
    sample_rate: int,
    settings: Mapping[str, Any] | None = None,
    notes: list[str] | None = None,
) -> tuple[dict[str, Any], float]:
    """Run one of our nodes on a sound; return its values by port, and the seconds of processor time.

    Parameters
    ----------
    kind : str
        Which node.
    samples : ndarray, shape (frames, channels)
        The sound.
    sample_rate : int
        In Hz.
    settings : mapping, optional
        Parameters that are not at their defaults.
    notes : list of str, optional
        Gets what the node tells.
    """
    spec = library().find(kind)
    told: list[str] = [] if notes is None else notes
    audio = Audio.from_array(samples.T, sample_rate)
    begin = time.process_time()
    values = call_node(spec, spec.settings(settings or {}), {"audio": audio}, Progress(note=told.append))
    return values, time.process_time() - begin


def samples_of(value: Audio) -> np.ndarray:
    """Return a sound as the bench takes it, float64, shape (frames, channels)."""
    return np.asarray(value.samples.T, np.float64)
