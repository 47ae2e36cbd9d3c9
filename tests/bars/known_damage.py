"""Real recordings with known damage, for the tests that hold each repair to its bar.

They come from the bench in `shared/bench` beside the repository, damaged and judged by its own
modules. Where it is absent the tests skip and say so.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile

from nodegraph import Audio

BENCH = Path(__file__).parents[2].parent / "shared" / "bench"
CLIPS = BENCH / "dev" / "clips"

needs_bench = pytest.mark.skipif(not CLIPS.is_dir(), reason="the bench (shared/bench) is not here")


def module(name: str) -> ModuleType:
    """Return one of the bench's modules: degrade, metrics or score."""
    if str(BENCH) not in sys.path:
        sys.path.append(str(BENCH))
    return importlib.import_module(name)


def clip(name: str, seconds: float) -> tuple[np.ndarray, int]:
    """Return the first seconds of a clip in mono, shape (frames, 1), and its rate in Hz."""
    samples, rate = soundfile.read(CLIPS / f"{name}.flac", always_2d=True)
    return samples[: int(seconds * rate)].mean(axis=1, keepdims=True), rate


def sound(samples: np.ndarray, rate: int) -> Audio:
    """Return frames-first samples as the nodes take them."""
    return Audio.from_array(samples.T, rate)


def scored(
    task: str, condition: str, name: str, repair: Callable[[Audio], Audio], *, seconds: float = 4.0
) -> dict[str, Any]:
    """Damage a clip, repair it, and return the bench's figures (dsdr, lsd, click_f1, …)."""
    samples, rate = clip(name, seconds)
    item = module("degrade").make(task, condition, samples, rate)
    repaired = repair(sound(item.audio, rate)).samples.T.astype(np.float64)
    return dict(module("score").compare(task, item, repaired, rate))
