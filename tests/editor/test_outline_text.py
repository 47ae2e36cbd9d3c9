"""The graph as text."""

from dataclasses import replace

from nodegraph.document import Document, Note
from nodegraph.editor.desk.outline_text import link_text, node_candidates, node_name, outline, outline_text
from nodegraph.editor.desk.states import NodeState
from nodegraph.graph import Graph, Link, Node

GRAPH = Graph(
    {
        "mix": Node("mix"),
        "load": Node("load"),
        "declick": Node("repair.declick"),
        "declick2": Node("repair.declick"),
    },
    (
        Link("load", "audio", "declick", "audio"),
        Link("declick", "audio", "mix", "tracks.1"),
        Link("load", "audio", "declick2", "audio"),
        Link("declick2", "removed", "mix", "tracks.2"),
    ),
)
DOCUMENT = Document(GRAPH, title="Grüße", comment="From tape.", labels={"declick": "Räumen"})


def test_nodes_stand_after_what_they_depend_on_and_name_it():
    rows = outline(DOCUMENT)
    assert rows[0].node_id == "load"
    assert rows[-1].node_id == "mix"
    assert rows[-1].inputs == ("Tracks 1 ← Räumen · Audio", "Tracks 2 ← Declick 2 · Removed")


def test_a_node_is_called_by_its_label_or_by_its_kind_and_number():
    assert node_name(DOCUMENT, "declick") == "Räumen"
    assert node_name(DOCUMENT, "declick2") == "Declick 2"
    assert node_name(DOCUMENT, "load") == "Load audio"
    assert node_name(DOCUMENT, "gone") == "gone"


def test_a_link_is_told_from_its_begin_to_its_end():
    assert link_text(DOCUMENT, GRAPH.links[0]).endswith("→ Mix · Tracks 1")


def test_the_whole_document_is_told():
    document = replace(DOCUMENT, notes=(Note("Mind the hum.", 0, 0, 10, 10),))
    text = outline_text(document, {"mix": NodeState("failed", reason="Track 2 is 44100 Hz.")})
    assert text.startswith("Grüße\nFrom tape.\n4 nodes\n\n1. Load audio\n")
    assert "Räumen (Declick)\n   Audio ← Load audio · Audio" in text
    assert "4. Mix [Failed]" in text
    assert "Track 2 is 44100 Hz." in text
    assert text.endswith("\n\nMind the hum.\n")


def test_an_empty_document_is_told():
    assert outline_text(Document()) == "Untitled\n0 nodes\n"


def test_nodes_are_candidates_by_label_kind_and_id():
    (only,) = [each for each in node_candidates(DOCUMENT) if each.key == "declick"]
    assert only.names == ("Räumen", "Declick", "declick")
