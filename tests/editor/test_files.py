"""What a file is to the editor; opening, saving, and what others do to it meanwhile."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nodegraph.document import Document
from nodegraph.document_file import load_document, save_document
from nodegraph.editor.desk.files import (
    OnDisk,
    add_loads,
    file_kind,
    open_file,
    remembered,
    save_file,
    sort_dropped,
)
from nodegraph.embed import embed_document
from nodegraph.errors import DocumentError
from nodegraph.graph import Graph, Node


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "Übung größer.wav"
    soundfile.write(path, np.zeros((800, 2), np.float32), 8000)
    return path


@pytest.fixture
def document() -> Document:
    return Document(Graph({"gain": Node("gain", {"gain_db": 2.0})}), "Test")


def test_files_are_told_apart_by_what_is_in_them(tmp_path, sound, document, library):
    save_document(document, tmp_path / "graph.json")
    save_document(document, tmp_path / "graph.txt")
    (tmp_path / "notes.txt").write_text("hello")
    exported = tmp_path / "exported.flac"
    soundfile.write(exported, np.zeros(800, np.float32), 8000)
    embed_document(document, exported, library)
    names = ("graph.json", "graph.txt", "notes.txt", "exported.flac", sound.name, "not there.wav", "")
    assert [file_kind(tmp_path / name) for name in names] == [
        "graph",
        "graph",
        "other",
        "sound with graph",
        "sound",
        "missing",
        "folder",
    ]


def test_a_graph_opens_as_itself(tmp_path, document, library):
    save_document(document, tmp_path / "graph.json")
    assert open_file(tmp_path / "graph.json", library) == (document, tmp_path / "graph.json")


def test_the_graph_of_a_sound_file_opens_untitled(sound, document, library):
    embed_document(document, sound, library)
    opened, path = open_file(sound, library)
    assert opened.graph == document.graph
    assert path is None


def test_a_sound_without_a_graph_is_refused_in_a_sentence(sound, library):
    with pytest.raises(DocumentError, match="no graph is kept in it"):
        open_file(sound, library)


def test_saving_adds_the_ending_and_keeps_dots(tmp_path, document):
    path = save_file(document, tmp_path / "Seite A.1")
    assert path == tmp_path / "Seite A.1.json"
    assert load_document(path) == document
    assert save_file(document, path) == path


def test_saving_where_no_file_can_be_is_refused_in_a_sentence(tmp_path, document):
    with pytest.raises(DocumentError, match="cannot be saved"):
        save_file(document, tmp_path / "gone" / "x.json")


def test_recent_files_are_short_and_hold_each_once():
    recent: tuple[str, ...] = ()
    for number in [*range(20), 3]:
        recent = remembered(recent, Path(f"/a/{number}.json"))
    assert recent[:2] == ("/a/3.json", "/a/19.json")
    assert len(recent) == len(set(recent)) == 12


def test_a_change_on_the_disk_is_noticed(tmp_path):
    path = tmp_path / "graph.json"
    path.write_text("one")
    disk = OnDisk(path)
    assert disk.changed() == "same"
    path.write_text("two")
    os.utime(path, ns=(1, 1))
    assert disk.changed() == "changed"
    disk.accept()
    assert disk.changed() == "same"
    path.unlink()
    assert disk.changed() == "gone"


def test_a_file_that_was_only_touched_is_the_same(tmp_path):
    path = tmp_path / "graph.json"
    path.write_text("one")
    disk = OnDisk(path)
    os.utime(path, ns=(5, 5))
    assert disk.changed() == "same"


def test_dropped_files_are_sorted_by_what_is_done_with_them(tmp_path, sound, document, library):
    save_document(document, tmp_path / "graph.json")
    (tmp_path / "notes.txt").write_text("hello")
    dropped = sort_dropped([tmp_path / "graph.json", sound, tmp_path / "notes.txt", tmp_path])
    assert dropped.sounds == (sound,)
    assert dropped.documents == (tmp_path / "graph.json",)
    assert dropped.others == (tmp_path / "notes.txt", tmp_path)


def test_dropped_sounds_become_load_nodes_below_each_other(sound, document, library):
    added, ids = add_loads(document, [sound, sound], (100.0, 50.0), library)
    assert ids == ("load", "load2")
    assert added.graph.nodes["load"].params["file"] == str(sound)
    assert added.positions["load"] == (100.0, 50.0)
    assert added.positions["load2"][0] == 100.0
    assert added.positions["load2"][1] > 50.0
