"""What a port is called, and why there is nothing to hear of it."""

import pytest

from nodegraph.document import Document
from nodegraph.editor.desk.states import NodeState, PortRef, RunState
from nodegraph.editor.work.hearing import first_audio, port_before, port_title, removed_port, why_silent
from nodegraph.graph import Graph, Link, Node

AFTER = PortRef("declick", "audio")


@pytest.fixture
def document(library) -> Document:
    graph = Graph({"demo": Node("source.demo"), "declick": Node("repair.declick"), "gain": Node("gain")})
    return Document(graph.connect(Link("demo", "audio", "declick", "audio"), library))


def test_a_port_is_called_by_its_node_and_its_name(document):
    assert port_title(document, AFTER) == "Declick · Audio"


def test_a_label_of_the_user_comes_before_the_kind():
    document = Document(Graph({"declick": Node("repair.declick")}), labels={"declick": "Erste Stufe"})
    assert port_title(document, AFTER) == "Erste Stufe · Audio"


def test_the_first_output_for_sound_is_heard(document, library):
    assert first_audio(document, library, "declick") == AFTER
    assert first_audio(document, library, "nowhere") is None


def test_what_went_in_is_what_the_link_brings(document, library):
    assert port_before(document, library, AFTER) == PortRef("demo", "audio")
    assert port_before(document, library, PortRef("demo", "audio")) is None


def test_only_a_repair_tells_what_it_removed(document, library):
    assert removed_port(document, library, AFTER) == PortRef("declick", "removed")
    assert removed_port(document, library, PortRef("gain", "audio")) is None


@pytest.mark.parametrize(
    ("state", "run", "reason", "fraction"),
    [
        (NodeState("running", 0.4), RunState("run", 0.2), "X is being made…", 0.4),
        (NodeState("stale"), RunState("run", 0.2), "X is being made…", 0.2),
        (NodeState("stale"), RunState(), "Press Run.", None),
        (
            NodeState("failed", reason="The disk is full."),
            RunState(),
            "X could not be made: The disk is full.",
            None,
        ),
        (NodeState("blocked", reason="Link its input."), RunState(), "Link its input.", None),
        (NodeState("unavailable"), RunState(), "Press Run.", None),
    ],
)
def test_a_silent_port_says_why(state, run, reason, fraction):
    assert why_silent(state, run, "X", "Press Run.") == (reason, fraction)
