"""The editing actions: the whole editor without a mouse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nodegraph.document import Document, Frame, Note
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.history import History
from nodegraph.editor.desk.keymap import PRESETS, Chord
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.work.editing import Clipboard, add_editing_actions
from nodegraph.graph import Graph, Link, Node

LOAD_DECLICK = Link("load", "audio", "declick", "audio")
DECLICK_EXPORT = Link("declick", "audio", "export", "audio")


class Board:
    text = ""


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def desk(studio, board):
    kinds = {"load": "load", "declick": "repair.declick", "export": "export", "mix": "mix"}
    graph = Graph({name: Node(kind) for name, kind in kinds.items()}, (LOAD_DECLICK, DECLICK_EXPORT))
    places = {"load": (0.0, 0.0), "declick": (320.0, 0.0), "export": (640.0, 0.0), "mix": (320.0, 480.0)}
    studio.desk.open(Document(graph, positions=places), None)
    add_editing_actions(studio, Clipboard(lambda: board.text, lambda text: setattr(board, "text", text)))
    return studio.desk


@pytest.fixture
def do(studio, desk):
    def do(name, *nodes, **more):
        if nodes or more:
            desk.select(Selection(nodes=frozenset(nodes), **more))
        return studio.actions.do(name)

    return do


def test_nothing_can_be_done_with_nothing(do, desk):
    for name in ("edit.delete", "edit.copy", "edit.duplicate", "node.bypass", "node.frame", "node.nudge_up"):
        assert not do(name)
    assert not do("edit.undo")


def test_what_is_deleted_can_be_brought_back(do, desk):
    assert do("edit.delete", "declick")
    assert "declick" not in desk.document.graph.nodes
    assert not desk.selection
    assert do("edit.undo")
    assert "declick" in desk.document.graph.nodes
    assert do("edit.redo")


def test_deleting_can_reconnect(do, desk):
    do("edit.delete_heal", "declick")
    assert desk.document.graph.links == (Link("load", "audio", "export", "audio"),)


def test_duplicates_are_selected_and_lie_beside(do, desk):
    do("edit.duplicate", "declick")
    assert desk.selection.nodes == {"declick2"}
    assert desk.document.positions["declick2"] == (352.0, 32.0)
    do("edit.duplicate_linked", "declick")
    assert desk.document.graph.incoming("declick3") == (Link("load", "audio", "declick3", "audio"),)


def test_cut_copy_and_paste(do, desk, board, studio):
    studio.view = replace(studio.view, x=0.0, y=0.0)
    do("edit.cut", "declick")
    assert "declick" not in desk.document.graph.nodes
    do("edit.paste")
    assert desk.selection.nodes == {"declick"}
    assert desk.document.positions["declick"] == (400.0, 304.0)
    do("edit.undo")
    do("edit.paste_linked")
    assert LOAD_DECLICK in desk.document.graph.links


def test_a_text_that_holds_no_nodes_is_told(do, desk, board):
    board.text = "Hallo"
    do("edit.paste")
    assert desk.notices[-1].text == "The clipboard holds no nodes."
    assert desk.history.undo_label is None


def test_a_graph_without_places_is_pasted_arranged(do, desk, board):
    board.text = (
        '{"format": "regroove.graph", "version": 1, "nodes": {"a": {"kind": "gain"}, "b": {"kind": "gain"}},'
        ' "links": [{"from": ["a", "audio"], "to": ["b", "audio"]}]}'
    )
    do("edit.paste")
    places = desk.document.positions
    assert places["b"][0] - places["a"][0] > 216


def test_everything_and_nothing_are_selected(do, desk):
    desk.edit(replace(desk.document, frames=(Frame("", 0, 0, 9, 9),), notes=(Note("", 0, 0, 9, 9),)), "")
    do("edit.select_all")
    assert desk.selection == Selection(
        frozenset(desk.document.graph.nodes), frames=frozenset({0}), notes=frozenset({0})
    )
    do("edit.select_none")
    assert not desk.selection


def test_what_feeds_and_what_is_fed_are_selected(do, desk):
    do("edit.select_upstream", "declick")
    assert desk.selection.nodes == {"load", "declick"}
    do("edit.select_downstream", "declick")
    assert desk.selection.nodes == {"declick", "export"}


def test_bypass_and_collapse_are_switched(do, desk, studio):
    do("node.bypass", "declick")
    assert desk.document.graph.nodes["declick"].bypassed
    assert studio.actions["node.bypass"].checked()
    do("node.collapse", "declick")
    assert desk.document.collapsed == {"declick"}
    assert studio.actions["node.collapse"].checked()
    do("node.bypass")
    assert not desk.document.graph.nodes["declick"].bypassed


def test_a_frame_is_put_around_the_selection(do, desk, studio):
    do("node.frame", "load", "declick")
    (frame,) = desk.document.frames
    assert frame.x < 0 < 320 + 216 < frame.x + frame.width
    assert desk.selection == Selection(frames=frozenset({0}))


def test_a_comment_is_put_into_the_middle_of_what_is_seen(do, desk, studio):
    do("node.comment")
    assert len(desk.document.notes) == 1
    assert desk.selection.notes == {0}


def test_nudges_in_a_row_are_one_step(do, desk):
    do("node.nudge_right", "mix")
    do("node.nudge_right")
    do("node.nudge_down_far")
    assert desk.document.positions["mix"] == (336.0, 560.0)
    do("edit.undo")
    assert desk.document.positions["mix"] == (320.0, 480.0)


def test_nodes_are_aligned_and_distributed(do, desk):
    do("node.align_left", "declick", "mix", "load")
    assert {desk.document.positions[name][0] for name in ("declick", "mix", "load")} == {0.0}
    do("edit.undo")
    do("node.distribute_across", "load", "declick", "export")
    assert desk.document.positions["declick"] == (320.0, 0.0)


def test_nodes_are_arranged_and_frames_follow(do, desk):
    messy = replace(
        desk.document,
        positions={
            "load": (5.0, 3.0),
            "declick": (40.0, 900.0),
            "export": (-80.0, 50.0),
            "mix": (0.0, 400.0),
        },
        frames=(Frame("Mix", -30, 370, 300, 260),),
        routes={LOAD_DECLICK: ((1.0, 1.0),)},
    )
    desk.edit(messy, "")
    do("view.arrange")
    after = desk.document
    assert after.positions["load"][0] < after.positions["declick"][0] < after.positions["export"][0]
    assert not after.routes
    frame, (x, y) = after.frames[0], after.positions["mix"]
    assert frame.x < x < frame.x + frame.width
    assert frame.y < y < frame.y + frame.height
    do("view.arrange")
    assert desk.document.positions == after.positions


def test_only_the_selected_are_arranged_if_there_are_several(do, desk):
    do("view.arrange", "load", "declick")
    assert desk.document.positions["mix"] == (320.0, 480.0)


def test_selected_nodes_are_linked_in_order(do, desk):
    desk.edit(desk.document.with_graph(Graph(desk.document.graph.nodes)), "")
    do("node.link_chain", "load", "declick", "export")
    assert desk.document.graph.links == tuple(sorted((LOAD_DECLICK, DECLICK_EXPORT)))
    do("node.link_chain", "load", "declick", "export")
    assert "free input" in desk.notices[-1].text


def test_links_are_removed_and_nodes_pulled_out(do, desk):
    do("node.pull_out", "declick")
    assert desk.document.graph.links == (Link("load", "audio", "export", "audio"),)
    do("node.unlink", "load")
    assert desk.document.graph.links == ()


# --- walking -------------------------------------------------------------------------------------


def test_one_walks_along_links_and_to_neighbours(do, desk):
    do("edit.go_right", "load")
    assert desk.selection.nodes == {"declick"}
    do("edit.go_down")
    assert desk.selection.nodes == {"mix"}
    do("edit.go_up")
    assert desk.selection.nodes == {"declick"}
    do("edit.go_left")
    assert desk.selection.nodes == {"load"}
    do("edit.go_left")
    assert desk.selection.nodes == {"load"}


def test_one_begins_to_walk_in_the_middle_of_what_is_seen(do, desk, studio):
    studio.view = replace(studio.view, x=300.0, y=400.0, width=300.0, height=300.0)
    do("edit.go_right")
    assert desk.selection.nodes == {"mix"}


def test_what_one_walks_to_comes_into_sight(do, desk, studio):
    studio.view = replace(studio.view, x=0.0, y=0.0, width=300.0, height=300.0)
    do("edit.go_right", "load")
    left, _top, right, _bottom = studio.view.box
    assert left <= 320
    assert right >= 320 + 216


def test_a_link_is_made_by_keys(do, desk):
    do("node.link_from", "declick")
    do("node.link_to", "mix")
    assert Link("declick", "audio", "mix", "tracks.1") in desk.document.graph.links


def test_the_next_output_is_marked_by_the_same_key(do, desk):
    do("node.link_from", "declick")
    do("node.link_from")
    assert "Removed" in desk.notices[-1].text
    do("node.link_to", "mix")
    assert Link("declick", "removed", "mix", "tracks.1") in desk.document.graph.links


def test_what_is_listened_to_is_linked_where_nothing_is_marked(do, desk):
    do("node.link_to", "mix")
    assert "Mark an output first" in desk.notices[-1].text
    desk.listen_to(PortRef("load", "audio"), None)
    do("node.link_to", "mix")
    assert Link("load", "audio", "mix", "tracks.1") in desk.document.graph.links


def test_the_next_input_is_linked_by_the_same_key(do, desk):
    desk.edit(desk.document.with_graph(desk.document.graph.add("compare", Node("compare"))), "")
    do("node.link_from", "load")
    do("node.link_to", "compare")
    do("node.link_to")
    assert desk.document.graph.incoming("compare") == (Link("load", "audio", "compare", "reference"),)
    do("node.link_to")
    assert desk.document.graph.incoming("compare") == (Link("load", "audio", "compare", "audio"),)


def test_a_node_that_takes_no_link_says_so(do, desk):
    do("node.link_from", "declick")
    do("node.link_to", "load")
    assert "takes this link" in desk.notices[-1].text
    do("node.link_from", "export")
    assert "no output" in desk.notices[-1].text


# --- keys and history ----------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_no_two_actions_of_a_preset_share_a_key(preset):
    chords = [Chord.parse(text) for texts in PRESETS[preset].values() for text in texts]
    assert len(chords) == len(set(chords))


def test_an_abandoned_step_was_never_there():
    first = Document(title="a")
    history = History(first)
    history.do(Document(title="b"), "b", merge="drag")
    assert not history.abandon("other")
    assert history.abandon("drag")
    assert history.document is first
    assert history.redo_label is None
    assert not history.abandon("drag")


def test_a_closed_step_is_not_abandoned():
    history = History(Document(title="a"))
    history.do(Document(title="b"), "b", merge="drag")
    history.close_step()
    assert not history.abandon("drag")
