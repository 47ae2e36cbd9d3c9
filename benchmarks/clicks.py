"""Declick, decrackle and dropout against known damage: gain, what is found, and what is harmed.

    python benchmarks/clicks.py [TASK …] [--seconds S] [--clips NAME …]

Needs the bench in ../shared/bench. Prints, per condition, the means over the clips of the gain in SDR,
the F1 of found events, and the SDR outside of the damage; then, per undamaged clip, the touched
frames a minute, the SDR and the speed in CPU seconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
BENCH = ROOT.parent / "shared" / "bench"
sys.path[:0] = [str(ROOT), str(BENCH)]

from nodegraph import Audio  # noqa: E402
from nodes.repair.declick import declick  # noqa: E402
from nodes.repair.decrackle import decrackle  # noqa: E402
from nodes.repair.dropout import dropout  # noqa: E402

NODES: dict[str, Callable[[Audio], tuple]] = {
    "declick": declick,
    "decrackle": decrackle,
    "dropout": dropout,
}
# The clips of the peers' tables.
CLIPS = ("folk_tavern", "tabla", "speech_actor", "pop_credits", "orch_domina", "metal_muldjord")


def clip(name: str, seconds: float) -> tuple[np.ndarray, int]:
    """Return the first seconds in mono, shape (frames, 1)."""
    samples, rate = soundfile.read(BENCH / "dev" / "clips" / f"{name}.flac", always_2d=True)
    return samples[: int(seconds * rate)].mean(axis=1, keepdims=True), rate


def damaged(task: str, clips: list[str], seconds: float) -> None:
    import degrade
    import metrics

    for condition in degrade.TASKS[task]:
        rows = []
        for name in clips:
            samples, rate = clip(name, seconds)
            item = degrade.make(task, condition, samples, rate)
            out = NODES[task](Audio.from_array(item.audio.T, rate))[0].samples.T.astype(float)
            found = metrics.click_detection(item.audio, out, item.info["mask"], rate)
            gain = metrics.sdr(item.clean, out) - metrics.sdr(item.clean, item.audio)
            outside = metrics.sdr_outside(item.clean, out, item.info["mask"])
            rows.append((gain, found["click_f1"], outside))
            print(f"  {condition} {name:16} {gain:+5.1f} dB, F1 {rows[-1][1]:.3f}, outside {outside:.1f} dB")
        gain, f1, outside = np.mean(rows, axis=0)
        print(f"{task} {condition}: {gain:+.1f} dB, F1 {f1:.3f}, outside {outside:.1f} dB", flush=True)


def undamaged(task: str) -> None:
    import metrics

    for path in sorted((BENCH / "dev" / "clips").glob("*.flac")):
        samples, rate = clip(path.stem, 20.0)
        begin = time.process_time()
        out = NODES[task](Audio.from_array(samples.T, rate))
        spent = time.process_time() - begin
        touched = np.count_nonzero(out[1].samples) * 60 * rate / len(samples)
        sdr = metrics.sdr(samples, out[0].samples.T)
        speed = len(samples) / rate / spent
        print(f"  {task} undamaged {path.stem:16} {touched:5.0f} frames/min, {sdr:5.1f} dB, {speed:.0f} ×")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", default=list(NODES), choices=[*NODES, []])
    parser.add_argument("--seconds", type=float, default=7.0)
    parser.add_argument("--clips", nargs="*", default=list(CLIPS))
    chosen = parser.parse_args()
    if not BENCH.is_dir():
        print("The bench is not here: nothing to measure against.")
        return
    for task in chosen.tasks or NODES:
        damaged(task, chosen.clips, chosen.seconds)
        undamaged(task)


if __name__ == "__main__":
    main()
