"""The shipped graphs of learned models, with the real Spleeter that the extra `ai` brings."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import nodes
from nodegraph.cli import run_cli
from nodegraph.document_file import load_document, save_document
from nodegraph.editor.desk.edits import swap
from nodegraph.library import Library
from nodes.catalogue import EXTRAS, WEIGHTS

GRAPHS = Path(__file__).parents[2] / "graphs"
LIBRARY = Library.from_package(nodes, skip=("dsp",), extras=EXTRAS, weights=WEIGHTS)


@pytest.mark.parametrize(
    ("name", "swaps"),
    [
        ("karaoke", {}),
        ("vocals_restore", {"separate": "separate.spleeter"}),
        ("lofi_to_hifi", {"heights": "tone.air"}),
    ],
)
def test_a_graph_of_learned_models_runs(name, swaps, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("REGROOVE_CACHE", str(tmp_path / "cache"))
    # No weights of the user's.
    monkeypatch.setenv("REGROOVE_MODELS", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)
    document = load_document(GRAPHS / f"{name}.json", LIBRARY)
    for node_id, kind in swaps.items():
        document, _ = swap(document, node_id, kind, LIBRARY)
    assert document.graph.problems(LIBRARY) == ()
    save_document(document, tmp_path / "graph.json")
    code = run_cli(LIBRARY, GRAPHS, ["render", "graph.json", "-p", "load.length_s=6", "--json"])
    told = capsys.readouterr()
    assert code == 0, told.err
    for file in json.loads(told.out)["written"].values():
        samples, rate = soundfile.read(file, always_2d=True)
        assert samples.shape == (7 * rate, 2)
        assert np.isfinite(samples).all()
        assert samples.any()
