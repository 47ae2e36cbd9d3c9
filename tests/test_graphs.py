"""The shipped graphs: each can run, says why its nodes stand where they do, and ends with a sound file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import nodes
from nodegraph.cli import run_cli
from nodegraph.library import Library

ROOT = Path(__file__).parents[1]
GRAPHS = sorted((ROOT / "graphs").glob("*.json"))
LIBRARY = Library.from_package(nodes, skip=("dsp",))
# These explain themselves as a whole; the others node by node.
AS_A_WHOLE = ("first_steps", "two_stems")


def title(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", [p for p in GRAPHS if p.stem not in AS_A_WHOLE], ids=title)
def test_a_note_says_why_each_node_stands_where_it_does(path: Path) -> None:
    graph = json.loads(path.read_text(encoding="utf-8"))
    explained = [line.split(": ")[0] for line in graph["comment"].splitlines()[1:] if line]
    exports = {name for name, node in graph["nodes"].items() if node["kind"] == "export"}
    assert set(graph["nodes"]) - exports == set(explained)


@pytest.mark.parametrize("path", GRAPHS, ids=title)
def test_a_shipped_graph_renders_the_recording_that_it_carries(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGROOVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    code = run_cli(LIBRARY, ROOT / "graphs", ["render", path.stem, "-p", "load.length_s=3", "--json"])
    told = capsys.readouterr()
    assert code == 0, told.err
    written = json.loads(told.out)["written"]
    assert written
    for file in written.values():
        samples, rate = soundfile.read(file, always_2d=True)
        # The tune and its lead-in.
        assert samples.shape == (4 * rate, 2)
        assert np.isfinite(samples).all()
        assert samples.any()
