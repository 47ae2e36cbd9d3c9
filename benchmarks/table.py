"""The restoration table: one row a bar, on the terminal and in RESULTS.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Row", "shown", "shown_head", "write_results"]

HEAD = (
    "node",
    "what",
    "ours",
    "bar",
    "",
    "worst clip",
    "best peer, run here",
    "best peer, published",
    "× real time",
)
_WIDTHS = (19, 34, 12, 10, 2, 11, 32, 34, 11)


@dataclass(frozen=True)
class Row:
    """One bar and what was measured for it.

    Parameters
    ----------
    node, what : str
        The kind of node, and the condition with its figure.
    ours, bar : float
        What was measured, and what it has to reach.
    unit : str
        Of both.
    at_most : bool
        Whether less is better.
    worst : float, optional
        The worst clip's figure.
    peer, published : str
        The best of the peers that ran beside it, and of those whose figures were published with the bench.
    times_real : float, optional
        Seconds of sound, one channel, per second of processor time.
    """

    node: str
    what: str
    ours: float
    bar: float
    unit: str = "dB"
    at_most: bool = False
    worst: float | None = None
    peer: str = ""
    published: str = ""
    times_real: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the figure reaches the bar."""
        return self.ours <= self.bar if self.at_most else self.ours >= self.bar

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        return (
            self.node,
            self.what,
            f"{_number(self.ours)} {self.unit}".strip(),
            f"{'≤' if self.at_most else '≥'} {_number(self.bar)}",
            "✔" if self.reached else "✘",
            "" if self.worst is None else _number(self.worst),
            self.peer,
            self.published,
            "" if self.times_real is None else f"{self.times_real:.3g}",
        )


def _number(value: float) -> str:
    return f"{value:.4f}" if 0.0005 <= abs(value) < 0.1 else f"{value:.2f}"


def shown_head() -> str:
    """Return the table's head as a line of the terminal."""
    return _line(HEAD)


def shown(row: Row) -> str:
    """Return a row as a line of the terminal."""
    return _line(row.cells)


def _line(cells: Sequence[str]) -> str:
    return " ".join(text.ljust(width) for text, width in zip(cells, _WIDTHS, strict=True)).rstrip()


_INTRODUCTION = """\
# Results

Written by `make bench`: known damage on real recordings, repaired at default settings, and what an
undamaged recording has to fear. Gains are in dB of SDR over the damaged input, means over the clips on
which the peers were measured, in mono; "left" is the share of a speed error that remains. "Run here"
is a peer on the same clips in the same run; "published" is its figure from the bench. × real time
counts seconds of processor time for one channel.
"""


def write_results(rows: Sequence[Row], path: Path, *, keep: bool) -> None:
    """Write the table.

    Parameters
    ----------
    rows : sequence of Row
        What was measured.
    path : Path
        Where to.
    keep : bool
        Keep the rows that stand there already and were not measured anew.
    """
    cells = {(row.node, row.what.split(" (")[0]): row.cells for row in rows}
    if keep and path.exists():
        cells = {**_cells_in(path), **cells}
    reached = sum(row[4] == "✔" for row in cells.values())
    lines = [
        _INTRODUCTION,
        f"Machine: {os.cpu_count()} cores, {_processor()}. {reached} of {len(cells)} bars are reached.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *("| " + " | ".join(row) + " |" for row in cells.values()),
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")


def _cells_in(path: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the rows of a written table by what they measure: without the count that may follow it."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [tuple(cell.strip() for cell in line[1:-1].split("|")) for line in lines]
    return {(row[0], row[1].split(" (")[0]): row for row in rows if row != HEAD and len(row) == len(HEAD)}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
