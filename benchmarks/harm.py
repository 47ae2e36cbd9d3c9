"""What undamaged recordings have to fear: change, seams at the borders of blocks, time.

Every repair runs at its default settings on every recording of the bench. A seam shows as a step: the
energy of the second difference of what was removed, at the borders of blocks, is ranked among that at
random places beside them. Without seams the ranks are uniform, and their mean is half.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.ours import bench, clips, library, run_node, samples_of
from benchmarks.table import Row
from nodegraph import blocks_of
from nodes.dsp import overlap_add
from nodes.dsp.ar import span_repair
from nodes.dsp.overlap_add import Block

__all__ = ["rows"]

SECONDS = 20.0
# The clips and the block lengths (frames) of the search for seams.
SEAM_CLIPS = ("folk_tavern", "pop_credits")
SEAM_SECONDS = 10.0
SEAM_FRAMES = 20011
_BESIDE_FRAMES, _PLACES = 8000, 200

# What a repair may change, where more is asked of it than an SDR of 40 dB: dB below the sound.
_LEAST_SDR = {"repair.dehum": 45.0}
# Untouched means untouched: infinite SDR is shown as this.
_EXACT_DB = 200.0


def repairs() -> list[str]:
    """Return the kinds of all repairs of sound."""
    return [
        kind
        for kind, spec in sorted(library().specs.items())
        if kind.startswith("repair.") and "removed" in {port.name for port in spec.outputs}
    ]


def rows() -> Iterator[Row]:
    """Yield the rows of all repairs."""
    for kind in repairs():
        yield from _unharmed(kind)
        yield from _seams(kind)


def _unharmed(kind: str) -> Iterator[Row]:
    sdr, touched, speeds = [], [], []
    for _, samples, rate in clips(seconds=SECONDS, mono=False):
        values, spent = run_node(kind, samples, rate)
        result = samples_of(values["audio"])
        same = np.array_equal(result, samples.astype(np.float32))
        sdr.append(_EXACT_DB if same else bench("metrics").sdr(samples, result))
        frames = np.count_nonzero(np.any(values["removed"].samples, axis=0))
        touched.append(frames * 60.0 * rate / len(samples))
        speeds.append(samples.size / rate / spent)
    bar = _LEAST_SDR.get(kind, 40.0)
    exact = sum(value == _EXACT_DB for value in sdr)
    yield Row(
        kind,
        f"undamaged: least SDR ({exact} of {len(sdr)} exact)",
        min(sdr),
        bar,
        times_real=float(np.median(speeds)),
    )
    if kind == "repair.declick":
        mean, most = float(np.mean(touched)), max(touched)
        yield Row(kind, "undamaged: touched frames/min", mean, 100.0, unit="", at_most=True, worst=most)
    if kind == "repair.declip":
        yield Row(kind, "undamaged: changed recordings", len(sdr) - exact, 0.0, unit="", at_most=True)
        yield Row(kind, "undamaged: speed", float(np.median(speeds)), 100.0, unit="×", worst=min(speeds))


def _seams(kind: str) -> Iterator[Row]:
    ranks: list[float] = []
    different = 0
    for _, samples, rate in clips(SEAM_CLIPS, SEAM_SECONDS, mono=False):
        worn = _worn(samples, rate)
        whole, _ = run_node(kind, worn, rate)
        with blocks_of(SEAM_FRAMES), _noted_borders() as borders:
            cut, _ = run_node(kind, worn, rate)
        different += int(np.count_nonzero(cut["audio"].samples != whole["audio"].samples))
        ranks += _ranks(samples_of(cut["removed"]), sorted(borders))
    centred = float(np.mean(ranks)) - 0.5 if ranks else 0.0
    yield Row(kind, "cut into blocks: changed samples", different, 0.0, unit="", at_most=True)
    yield Row(kind, "seams: z", centred * (12.0 * max(1, len(ranks))) ** 0.5, 3.0, unit="", at_most=True)


def _worn(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return a recording with something to do for every repair."""
    rng = np.random.default_rng(0)
    degrade = bench("degrade")
    clipped = degrade.clip_to_sdr(samples, rate, rng, 15.0).audio
    worn = degrade.record(clipped, rate, rng).audio
    return np.asarray(degrade.add_hum(worn, rate, rng, 50, 20.0).audio)


@contextmanager
def _noted_borders() -> Iterator[set[int]]:
    """Note where blocks begin."""
    borders: set[int] = set()
    cut_blocks = overlap_add.cut_blocks

    def noted(*arguments: Any, **more: Any) -> Iterator[Block]:
        for block in cut_blocks(*arguments, **more):
            borders.add(block.begin)
            yield block

    with ExitStack() as patches:
        for module in (overlap_add, span_repair):
            patches.enter_context(mock.patch.object(module, "cut_blocks", noted))
        yield borders


def _ranks(removed: np.ndarray, borders: list[int]) -> list[float]:
    """Return each border's rank, 0 to 1, among random places beside it; ties count half."""
    draw = random.Random(0)
    energy = np.convolve(np.diff(removed, n=2, axis=0).sum(axis=1) ** 2, np.ones(5), "same")
    found = []
    for border in borders:
        if not _BESIDE_FRAMES < border < len(energy) - _BESIDE_FRAMES:
            continue
        places = [border + draw.randint(-_BESIDE_FRAMES, _BESIDE_FRAMES) for _ in range(_PLACES)]
        beside, own = energy[places], energy[border - 1]
        found.append(float(np.mean(beside < own) + 0.5 * np.mean(beside == own)))
    return found
