"""Only what changed runs: a chain of ten nodes on three minutes of stereo, each run a new process.

Bars: a change of the last node runs one node, moving it back runs none, and a run without changes
takes less than 1.5 s, start-up included.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

CHAIN = (
    ("load", "load", {"file": "song.wav"}),
    ("trim", "trim", {"start_s": 1.0}),
    ("level", "gain", {"gain_db": -3.0}),
    ("split", "separate.hpss", {}),
    ("peak", "level.normalize", {}),
    ("up", "resample", {"sample_rate": 48000}),
    ("mono", "channels", {}),
    ("loudness", "level.loudness", {}),
    ("limiter", "level.limiter", {}),
    ("last", "gain", {"gain_db": -1.0}),
)


def write_chain(path: Path) -> None:
    """Write the graph of the chain."""
    nodes = {name: {"kind": kind, "params": params} for name, kind, params in CHAIN}
    links = [
        {"from": [a[0], "harmonic" if a[1] == "separate.hpss" else "audio"], "to": [b[0], "audio"]}
        for a, b in itertools.pairwise(CHAIN)
    ]
    path.write_text(json.dumps({"format": "regroove.graph", "version": 1, "nodes": nodes, "links": links}))


def render(folder: Path, *words: str) -> tuple[list[str], float]:
    """Render in a new process; return what ran and the wall time (s)."""
    command = [sys.executable, str(ROOT / "app.py"), "render", "chain.json", "--json", *words]
    environment = {**os.environ, "REGROOVE_CACHE": str(folder / "cache")}
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    wall = time.perf_counter() - begin
    record: dict[str, Any] = json.loads(done.stdout)
    return record["ran"], wall


def main() -> None:
    from benchmarks.memory import write_music

    with tempfile.TemporaryDirectory(prefix="regroove-chain-") as name:
        folder = Path(name)
        write_music(folder / "song.wav", 3)
        write_chain(folder / "chain.json")
        for title, words in (
            ("first run", ()),
            ("last node changed", ("-p", "last.gain_db=-2")),
            ("moved back", ()),
            ("again", ()),
            ("third node changed", ("-p", "level.gain_db=-4")),
        ):
            ran, wall = render(folder, *words)
            print(f"{title:20} {len(ran):2} ran  {wall:6.2f} s  {' '.join(ran)}")


if __name__ == "__main__":
    main()
