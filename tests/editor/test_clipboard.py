"""Copy and paste: only text matters."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodes
from nodegraph.document import Document, Frame, Note
from nodegraph.document_file import from_json, to_json
from nodegraph.editor.desk.clipboard import copied, paste, read_clip
from nodegraph.editor.desk.desk import Selection
from nodegraph.errors import DocumentError
from nodegraph.graph import Graph, Link, Node
from nodegraph.library import Library

LIBRARY = Library.from_package(nodes, skip=("dsp",))
DECLICK_DENOISE = Link("declick", "audio", "denoise", "audio")
SOME = Selection(nodes=frozenset({"declick", "denoise"}))


@pytest.fixture
def document() -> Document:
    found = {
        "load": Node("load"),
        "declick": Node("repair.declick", {"threshold_db": 30.0}, bypassed=True),
        "denoise": Node("repair.denoise"),
    }
    links = (Link("load", "audio", "declick", "audio"), DECLICK_DENOISE)
    return Document(
        Graph(found, links),
        positions={"load": (0.0, 0.0), "declick": (300.0, 40.0), "denoise": (600.0, 0.0)},
        labels={"declick": "Größte Knackser"},
        collapsed=frozenset({"denoise"}),
        frames=(Frame("Rahmen", 280, -40, 600, 400),),
        notes=(Note("Notiz", 280, 500, 100, 50),),
        routes={DECLICK_DENOISE: ((550.0, 100.0),)},
    )


def pasted(text, document, place=(1000.0, 0.0), *, linked=False):
    return paste(document, read_clip(text, LIBRARY), place, LIBRARY, linked=linked)


def test_what_is_copied_is_a_graph_file(document):
    text = copied(document, SOME)
    assert set(from_json(text).graph.nodes) == {"declick", "denoise"}
    assert json.loads(text)["format"] == "regroove.graph"


def test_a_paste_has_fresh_ids_and_all_that_was_copied(document):
    after, selection = pasted(copied(document, SOME), document)
    assert selection.nodes == {"declick2", "denoise2"}
    assert after.graph.nodes["declick2"] == document.graph.nodes["declick"]
    assert after.labels["declick2"] == "Größte Knackser"
    assert "denoise2" in after.collapsed
    new = Link("declick2", "audio", "denoise2", "audio")
    assert set(after.graph.links) == {*document.graph.links, new}
    assert after.positions["declick2"] == (1000.0, 40.0)
    assert after.positions["denoise2"] == (1300.0, 0.0)
    assert after.routes[new] == ((1250.0, 100.0),)


def test_frames_and_notes_are_pasted(document):
    some = Selection(frames=frozenset({0}), notes=frozenset({0}))
    after, selection = pasted(copied(document, some), document, (0.0, 0.0))
    assert selection == Selection(frames=frozenset({1}), notes=frozenset({1}))
    assert (after.frames[1].title, after.frames[1].x, after.frames[1].y) == ("Rahmen", 0, 0)
    assert after.notes[1].y == 540


def test_a_linked_paste_is_fed_by_what_fed_the_original(document):
    after, _ = pasted(copied(document, SOME), document, linked=True)
    assert after.graph.incoming("declick2") == (Link("load", "audio", "declick2", "audio"),)


def test_a_linked_paste_leaves_out_what_is_not_there(document):
    after, _ = pasted(copied(document, SOME), Document(), linked=True)
    assert after.graph.links == (DECLICK_DENOISE,)


def test_a_linked_paste_leaves_out_what_does_not_fit(document):
    other = Document(Graph({"load": Node("export")}))
    after, _ = pasted(copied(document, SOME), other, linked=True)
    assert not after.graph.incoming("declick")


def test_a_paste_on_its_original_comes_beside_it(document):
    after, _ = pasted(copied(document, SOME), document, (300.0, 0.0))
    assert after.positions["declick2"] == (332.0, 72.0)


def test_what_was_cut_comes_back_under_its_own_id(document):
    after, selection = pasted(copied(document, SOME), Document())
    assert selection.nodes == {"declick", "denoise"}
    assert after.graph.links == (DECLICK_DENOISE,)


def test_a_whole_graph_file_is_pasted(document):
    whole = replace(document, title="Anderes", extra={"author": "x"})
    after, selection = pasted(to_json(whole), Document())
    assert selection.nodes == set(document.graph.nodes)
    assert (after.title, dict(after.extra)) == ("", {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("Grüße aus Wien", "holds no nodes"),
        ('{"a": 1}', "no Regroove graph"),
        ('{"format": "regroove.graph", "version": 1', "holds no nodes"),
        ('{"format": "regroove.graph", "version": 1}', "graph in the clipboard is empty"),
        ('{"format": "regroove.graph", "version": 99}', "newer Regroove"),
    ],
)
def test_other_text_is_refused_with_a_sentence(text, words):
    with pytest.raises(DocumentError, match=words):
        read_clip(text, LIBRARY)


@pytest.mark.parametrize("mark", [5, {"outside": 5}, {"outside": [1, ["a"], ["a", "b", "c", 4]]}])
def test_a_malformed_mark_does_no_harm(document, mark):
    text = to_json(replace(document, extra={"clipboard": mark}))
    assert read_clip(text, LIBRARY).outside == ()


@given(st.text())
def test_any_text_is_either_read_or_refused(text):
    with pytest.raises(DocumentError):
        read_clip(text, LIBRARY)
