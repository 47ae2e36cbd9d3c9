"""The restoration table: known damage on real recordings, ours beside the peers and the bars.

Reads the bench's clips, damages and metrics from the `shared/bench` folder beside the repository; says
so and stops where there is none. The peers' columns are the figures published with it, taken on
the same clips and conditions; `--peers` runs those anew that are installed. `--write` puts the table
into `benchmarks/RESULTS.md`.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
BENCH = ROOT.parent / "shared" / "bench"
sys.path[:0] = [str(ROOT), str(BENCH)]

# The clips and lengths on which the peers' published figures were taken.
PEER_CLIPS = ("folk_tavern", "tabla", "speech_actor", "pop_credits", "orch_domina", "metal_muldjord")
SECONDS = 8.0


@dataclass(frozen=True)
class Task:
    """One bench task as a table.

    Parameters
    ----------
    name : str
        The bench's name of the damage.
    kind : str
        Our node.
    bars : mapping of condition to float
        What the main figure has to reach.
    figure : str
        The main figure: a gain in dB, or "share" of the speed error that is left.
    clips : tuple of str
        Which recordings.
    seconds : float
        How much of each.
    settings : callable
        From what the bench tells of the damage to the node's parameters.
    """

    name: str
    kind: str
    bars: Mapping[str, float]
    figure: str = "dsdr"
    clips: tuple[str, ...] = PEER_CLIPS
    seconds: float = SECONDS
    settings: Callable[[Mapping[str, Any]], dict[str, Any]] = field(default=lambda info: {})

    @property
    def better(self) -> Callable[[float, float], bool]:
        """Whether a figure reaches a bar."""
        return (lambda got, bar: got <= bar) if self.figure == "share" else (lambda got, bar: got >= bar)


WIENER = {
    "white00": 12.7, "white05": 10.6, "white10": 8.6, "white20": 5.4,
    "pink10": 4.5,
    "shellac00": 11.9, "shellac05": 9.7, "shellac10": 7.3, "shellac20": 3.5,
    "hiss00": 15.0, "hiss05": 12.4, "hiss10": 9.9, "hiss20": 5.7,
}  # fmt: skip

TASKS = (
    Task(
        "denoise", "repair.denoise", {name: gain + 0.5 for name, gain in WIENER.items()}, clips=PEER_CLIPS[:5]
    ),
    Task("declick", "repair.declick", {"clicks05": 14.0, "clicks20": 14.5, "clicks50": 15.5, "record": 11.0}),
    Task("decrackle", "repair.decrackle", {"crackle1000": 12.0, "crackle3000": 11.5}),
    Task(
        "declip",
        "repair.declip",
        {"sdr03": 10.5, "sdr07": 12.3, "sdr10": 12.3, "sdr20": 11.5},
        clips=("speech_actor", "orch_domina", "folk_tavern"),
        seconds=2.0,
    ),
    Task(
        "dehum",
        "repair.dehum",
        {"hum50_00": 22.0, "hum50_10": 13.0, "hum50_20": 5.0, "hum60_10": 13.0},
        clips=PEER_CLIPS[:5],
    ),
    Task(
        "wow",
        "repair.wow",
        dict.fromkeys(("wow33_0.3", "wow45_0.1", "wow78_1.0", "flutter8_0.2", "both"), 0.35),
        figure="share",
        clips=("orch_domina", "pop_credits", "flute_divert", "folk_tavern"),
        seconds=20.0,
    ),
)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    task: str
    condition: str
    ours: float
    bar: float
    worst: float
    reached: bool
    peer: str
    times_real: float
    more: Mapping[str, float]


def run_node(
    kind: str, audio: np.ndarray, sample_rate: int, settings: Mapping[str, Any]
) -> tuple[np.ndarray, float]:
    """Run one of our nodes; return its first output, (frames, channels), and the CPU seconds."""
    from nodegraph import Audio, Progress
    from nodegraph.perform import call_node

    spec = library().find(kind)
    sound = Audio.from_array(audio.T, sample_rate)
    begin = time.process_time()
    values = call_node(spec, spec.settings(settings), {"audio": sound}, Progress())
    seconds = time.process_time() - begin
    return np.asarray(values["audio"].samples.T, np.float64), seconds


def library() -> Any:
    """Return our nodes."""
    import nodes
    from nodegraph.library import Library

    return Library.from_package(nodes, skip=("dsp",))


def measure(task: Task, conditions: Iterable[str]) -> list[Row]:
    """Run a task's conditions over its clips."""
    import degrade
    import runner
    import score

    rows = []
    run_node(task.kind, np.zeros((4000, 1)), 44100, {})
    for condition in conditions:
        found, speeds = [], []
        for _, audio, rate in runner.clips("dev", task.clips, task.seconds, mono=True):
            item = degrade.make(task.name, condition, audio, rate)
            restored, seconds = run_node(task.kind, item.audio, rate, task.settings(item.info))
            figures = score.compare(task.name, item, restored, rate)
            if task.name == "wow":
                figures["share"] = figures["cents"] / max(figures["cents_in"], 1e-9)
            found.append(figures)
            speeds.append(len(item.audio) / rate / seconds)
        main = [figures[task.figure] for figures in found]
        bar = task.bars[condition]
        mean = statistics.fmean(main)
        worst = max(main) if task.figure == "share" else min(main)
        more = {
            name: float(np.nanmean([figures[name] for figures in found]))
            for name in ("lsd", "click_f1", "sdr_outside", "reliable_error_db")
            if name in found[0]
        }
        reached = task.better(mean, bar)
        peer = best_peer(task, condition)
        rows.append(
            Row(task.name, condition, mean, bar, worst, reached, peer, statistics.median(speeds), more)
        )
        print(shown(rows[-1]), flush=True)
    return rows


def best_peer(task: Task, condition: str, folder: Path = BENCH / "peers_results") -> str:
    """Return the best published figure of a peer, with its name."""
    best: tuple[float, str] | None = None
    for path in folder.glob(f"{task.name}.dev.*.tsv"):
        with open(path, newline="") as file:
            rows = [row for row in csv.DictReader(file, delimiter="\t") if row["cond"] == condition]
        if task.figure == "share":
            values = [float(row["cents"]) / max(float(row["cents_in"]), 1e-9) for row in rows]
        else:
            values = [float(row[task.figure]) for row in rows if row["clip"] in task.clips]
        if values:
            mean = statistics.fmean(values)
            if best is None or (mean < best[0] if task.figure == "share" else mean > best[0]):
                best = (mean, path.name.split(".dev.")[1].removesuffix(".tsv").replace("_", " "))
    return f"{best[0]:.2f} {best[1]}" if best else "–"


HEAD = (
    "task",
    "condition",
    "ours",
    "bar",
    "",
    "worst clip",
    "best peer (published)",
    "× real time, mono",
    "more",
)


def cells(row: Row) -> tuple[str, ...]:
    """Return a row's cells as text."""
    more = ", ".join(f"{name} {value:.2f}" for name, value in row.more.items())
    return (
        row.task,
        row.condition,
        f"{row.ours:.2f}",
        f"{row.bar:.2f}",
        "✔" if row.reached else "✘",
        f"{row.worst:.2f}",
        row.peer,
        f"{row.times_real:.1f}",
        more,
    )


def shown(row: Row) -> str:
    """Return a row as a line of the terminal."""
    widths = (10, 13, 7, 7, 2, 8, 32, 8, 0)
    return " ".join(text.ljust(width) for text, width in zip(cells(row), widths, strict=True))


def write_results(rows: list[Row]) -> None:
    """Write the table to RESULTS.md."""
    lines = [
        "# Results",
        "",
        "Known damage on real recordings, written by `python -m benchmarks.restoration --write`. Gains in",
        "dB of SDR over the damaged input; for wow the share of the speed error that is left. Mono, the",
        "first seconds of the clips on which the peers were measured; × real time counts CPU seconds.",
        "",
        f"Machine: {os.cpu_count()} cores, {processor()}.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *("| " + " | ".join(cells(row)) + " |" for row in rows),
        "",
    ]
    (ROOT / "benchmarks" / "RESULTS.md").write_text("\n".join(lines), encoding="utf-8")


def processor() -> str:
    """Return the processor's model."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tasks", nargs="*", help="only these")
    parser.add_argument("--peers", action="store_true", help="run the installed peers anew (long)")
    parser.add_argument("--write", action="store_true", help="write benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    if not BENCH.is_dir():
        print("The bench (shared/bench beside the repository) is not here: nothing to measure.")
        return 0
    print(" ".join(HEAD))
    rows: list[Row] = []
    for task in TASKS:
        if arguments.tasks and task.name not in arguments.tasks:
            continue
        if arguments.peers:
            command = [sys.executable, str(BENCH / "peers.py"), "bench", "--task", task.name, "--mono"]
            subprocess.run([*command, "--seconds", str(task.seconds), "--clips", *task.clips], check=False)
        rows += measure(task, task.bars)
    if arguments.write:
        write_results(rows)
    missed = [row for row in rows if not row.reached]
    print(f"{len(rows) - len(missed)} of {len(rows)} bars reached")
    return 0


if __name__ == "__main__":
    sys.exit(main())
