"""The shipped graphs: each can run, says why its nodes stand where they do, and ends with a sound file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import nodes
from nodegraph.cli import run_cli
from nodegraph.document_file import load_document, save_document
from nodegraph.editor.desk.edits import alternatives, swap
from nodegraph.library import Library
from nodegraph.requirement import Requirement
from nodes.catalogue import EXTRAS, WEIGHTS

ROOT = Path(__file__).parents[1]
GRAPHS = sorted((ROOT / "graphs").glob("*.json"))
LIBRARY = Library.from_package(nodes, skip=("dsp",), extras=EXTRAS, weights=WEIGHTS)
# These explain themselves as a whole; the others node by node.
AS_A_WHOLE = ("first_steps", "two_stems")


def title(path: Path) -> str:
    return path.stem


def learned(path: Path) -> list[str]:
    """Return the nodes of a graph that need more than Regroove itself."""
    found = load_document(path, LIBRARY).graph.nodes.items()
    return [name for name, node in found if LIBRARY.find(node.kind).requirement() != Requirement()]


CLASSICAL = [path for path in GRAPHS if not learned(path)]
LEARNED = [path for path in GRAPHS if learned(path)]


def render(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> None:
    """Render three seconds of a graph; look at what was written."""
    code = run_cli(LIBRARY, ROOT / "graphs", ["render", str(path), "-p", "load.length_s=3", "--json", *more])
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


@pytest.mark.parametrize("path", [p for p in GRAPHS if p.stem not in AS_A_WHOLE], ids=title)
def test_a_note_says_why_each_node_stands_where_it_does(path: Path) -> None:
    graph = json.loads(path.read_text(encoding="utf-8"))
    explained = [line.split(": ")[0] for line in graph["comment"].splitlines()[1:] if line]
    exports = {name for name, node in graph["nodes"].items() if node["kind"] == "export"}
    assert set(graph["nodes"]) - exports == set(explained)


@pytest.mark.parametrize("path", CLASSICAL, ids=title)
def test_a_shipped_graph_renders_the_recording_that_it_carries(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGROOVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    render(path, capsys)


@pytest.mark.parametrize("path", LEARNED, ids=title)
def test_a_graph_of_learned_models_opens_and_says_what_it_needs(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = load_document(path, LIBRARY)
    lacking = [
        name for name in learned(path) if LIBRARY.unavailable(LIBRARY.find(document.graph.nodes[name].kind))
    ]
    if not lacking:
        pytest.skip("everything that it needs is here")
    assert run_cli(LIBRARY, ROOT / "graphs", ["check", path.stem, "--json"]) == 3
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert sorted(problems) == sorted(lacking)
    assert all("Run: regroove " in text for text in problems.values())


@pytest.mark.parametrize("path", LEARNED, ids=title)
def test_a_graph_of_learned_models_runs_without_them_after_a_swap(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGROOVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    document = load_document(path, LIBRARY)
    for name in learned(path):
        kind = document.graph.nodes[name].kind
        instead = "separate.hpss" if kind.startswith("separate.") else "tone.air"
        assert LIBRARY.unavailable(LIBRARY.find(kind)) is None or instead in alternatives(
            document, name, LIBRARY
        )
        document, _ = swap(document, name, instead, LIBRARY)
    assert document.graph.problems(LIBRARY) == ()
    save_document(document, tmp_path / "swapped.json")
    render(tmp_path / "swapped.json", capsys)
