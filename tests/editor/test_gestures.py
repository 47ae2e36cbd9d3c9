"""What the mouse does on the canvas."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from nodegraph.document import Document, Frame, Note
from nodegraph.editor.desk import edits, edits_links
from nodegraph.editor.desk.desk import Desk, Selection
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.space.gestures import Asks, Gestures, Held, Surface
from nodegraph.editor.space.scene import Scene
from nodegraph.editor.space.shape import ROW, WIDTH
from nodegraph.editor.space.view import View
from nodegraph.graph import Graph, Link, Node

SHIFT, CTRL, ALT, NONE = Held(shift=True), Held(ctrl=True), Held(alt=True), Held()
ALT_CTRL = Held(ctrl=True, alt=True)
LOAD_DECLICK = Link("load", "audio", "declick", "audio")
DECLICK_EXPORT = Link("declick", "audio", "export", "audio")
CANVAS = (-200.0, -400.0)


class Hand:
    """A hand on the mouse, and what the window was asked for."""

    def __init__(self, document: Document, library) -> None:
        self.desk, self.scene = Desk(library, document), Scene(library)
        self.asked: list[tuple[object, ...]] = []

        def note(name):
            return lambda *what: self.asked.append((name, *what))

        names = ("search", "edit_param", "choose", "rename", "rename_frame", "edit_note", "menu")
        asks = Asks(**{name: note(name) for name in names})
        self.view = View(-500, -500, 1.0, 3000, 2000)
        self.gestures = Gestures(Surface(self.desk, self.scene, asks, lambda: self.view))
        self.scene.follow(document)

    @property
    def document(self) -> Document:
        return self.desk.document

    @property
    def overlay(self):
        return self.gestures.overlay

    def port(self, node_id, side, name="audio"):
        self.scene.catch_up(self.document)
        return self.scene.port_place(node_id, side, name)

    def title(self, node_id):
        self.scene.catch_up(self.document)
        x, y = self.scene.positions[node_id]
        return x + 100, y + 12

    def row(self, node_id, param):
        x, y = self.scene.positions[node_id]
        place = next(each for each in self.scene.shapes[node_id].params if each.name == param)
        return x + 100, y + place.y + ROW / 2

    def click(self, place, held=NONE, button="left"):
        self.gestures.move(place, held)
        self.gestures.press(place, button, held)
        self.gestures.release(place, button, held)

    def double(self, place, held=NONE):
        self.click(place, held)
        self.gestures.press(place, "left", held)
        self.gestures.double_click(place, held)
        self.gestures.release(place, "left", held)

    def hold(self, begin, *places, held=NONE, button="left"):
        self.gestures.press(begin, button, held)
        for place in places:
            self.gestures.move(place, held)

    def drag(self, begin, *places, held=NONE, button="left"):
        self.hold(begin, *places, held=held, button=button)
        self.gestures.release(places[-1], button, held)

    def by(self, place, dx, dy):
        return place[0] + dx, place[1] + dy


@pytest.fixture
def document() -> Document:
    kinds = {
        "load": "load",
        "declick": "repair.declick",
        "export": "export",
        "gain": "gain",
        "resample": "resample",
        "mix": "mix",
        "measure": "measure",
    }
    places = [(0, 0), (320, 0), (640, 0), (0, 480), (320, 480), (640, 480), (960, 480)]
    graph = Graph({name: Node(kind) for name, kind in kinds.items()}, (LOAD_DECLICK, DECLICK_EXPORT))
    return Document(
        graph, positions={name: (float(x), float(y)) for name, (x, y) in zip(kinds, places, strict=True)}
    )


@pytest.fixture
def hand(document, library) -> Hand:
    return Hand(document, library)


# --- hovering and selecting ----------------------------------------------------------------------


def test_what_is_under_the_pointer_is_told(hand):
    hand.gestures.move(hand.port("declick", "input"))
    assert hand.overlay.hovered_port == ("declick", "input", "audio")
    hand.gestures.move(hand.title("gain"))
    assert hand.overlay.hovered_node == "gain"
    assert hand.overlay.hovered_port is None
    hand.gestures.move((270, hand.port("load", "output")[1]))
    assert hand.overlay.hovered_link == LOAD_DECLICK


def test_a_click_selects_one(hand):
    hand.click(hand.title("load"))
    hand.click(hand.title("gain"))
    assert hand.desk.selection == Selection(nodes=frozenset({"gain"}))


def test_shift_adds_and_takes_away(hand):
    hand.click(hand.title("load"))
    hand.click(hand.title("gain"), SHIFT)
    assert hand.desk.selection.nodes == {"load", "gain"}
    hand.click(hand.title("load"), SHIFT)
    assert hand.desk.selection.nodes == {"gain"}


def test_a_click_on_nothing_selects_nothing(hand):
    hand.click(hand.title("load"))
    hand.click(CANVAS)
    assert not hand.desk.selection


def test_a_click_on_one_of_many_selects_it_alone(hand):
    hand.desk.select(Selection(frozenset({"load", "gain"})))
    hand.click(hand.title("load"))
    assert hand.desk.selection.nodes == {"load"}


def test_a_link_is_selected(hand):
    hand.click((270, hand.port("load", "output")[1]))
    assert hand.desk.selection.links == {LOAD_DECLICK}


def test_a_box_selects_what_it_touches(hand):
    hand.hold(CANVAS, (-100, -100), (330, 10))
    assert hand.overlay.lasso == (-200, -400, 330, 10)
    assert hand.desk.selection.nodes == {"load", "declick"}
    hand.gestures.move((10, 10))
    hand.gestures.release((10, 10), "left")
    assert hand.desk.selection.nodes == {"load"}
    assert hand.overlay.lasso is None


def test_a_box_with_shift_adds_and_with_ctrl_takes_away(hand):
    hand.desk.select(Selection(frozenset({"gain"})))
    hand.drag(CANVAS, (330, 10), held=SHIFT)
    assert hand.desk.selection.nodes == {"gain", "load", "declick"}
    hand.drag(CANVAS, (10, 10), held=CTRL)
    assert hand.desk.selection.nodes == {"gain", "declick"}


def test_a_box_that_is_cancelled_gives_the_selection_back(hand):
    hand.desk.select(Selection(frozenset({"gain"})))
    hand.hold(CANVAS, (330, 10), held=SHIFT)
    assert hand.gestures.cancel()
    assert hand.desk.selection.nodes == {"gain"}
    assert not hand.gestures.cancel()


# --- moving --------------------------------------------------------------------------------------


def test_a_dragged_node_moves_on_the_grid_as_one_step(hand):
    place = hand.title("gain")
    hand.drag(place, hand.by(place, 30, 60), hand.by(place, 61, 150))
    assert hand.document.positions["gain"] == (64.0, 632.0)
    assert hand.desk.history.undo_label == "Move"
    hand.desk.undo()
    assert hand.document.positions["gain"] == (0.0, 480.0)
    assert hand.desk.history.undo_label is None


def test_a_hand_that_shakes_moves_nothing(hand):
    place = hand.title("gain")
    hand.drag(place, hand.by(place, 2, 1))
    assert hand.desk.history.undo_label is None


def test_a_node_that_comes_back_leaves_no_step(hand):
    place = hand.title("gain")
    hand.drag(place, hand.by(place, 300, 200), place)
    assert hand.desk.history.undo_label is None
    assert not hand.desk.history.dirty


def test_all_selected_nodes_move_together(hand):
    hand.desk.select(Selection(frozenset({"gain", "mix"})))
    place = hand.title("gain")
    hand.drag(place, hand.by(place, 0, 160), held=CTRL)
    assert hand.document.positions["gain"] == (0.0, 640.0)
    assert hand.document.positions["mix"] == (640.0, 640.0)
    assert hand.document.positions["resample"] == (320.0, 480.0)


def test_a_node_that_is_not_selected_moves_alone(hand):
    hand.desk.select(Selection(frozenset({"load"})))
    place = hand.title("gain")
    hand.drag(place, hand.by(place, 0, 160))
    assert hand.document.positions["load"] == (0.0, 0.0)
    assert hand.desk.selection.nodes == {"gain"}


def test_ctrl_leaves_the_grid(hand):
    place = hand.title("gain")
    hand.drag(place, hand.by(place, 33.5, 151.25), held=CTRL)
    assert hand.document.positions["gain"] == (33.5, 631.25)


def test_a_node_lines_up_with_others_and_shows_it(hand):
    place = hand.title("gain")
    hand.hold(place, hand.by(place, 323, 200))
    assert hand.document.positions["gain"][0] == 320.0
    (guide,) = [each for each in hand.overlay.guides if each[0] == each[2]]
    assert guide[0] in (320.0, 320.0 + WIDTH / 2, 320.0 + WIDTH)


def test_a_cancelled_drag_was_never_there(hand):
    before, place = hand.document, hand.title("gain")
    hand.hold(place, hand.by(place, 100, 100))
    assert hand.document is not before
    hand.gestures.cancel()
    assert hand.document is before
    assert hand.desk.history.redo_label is None
    assert not hand.gestures.busy
    hand.gestures.release(hand.by(place, 100, 100), "left")
    assert hand.document is before


def test_a_frame_carries_what_lies_in_it(document, library):
    hand = Hand(replace(document, frames=(Frame("A", -40, 420, 640, 500),)), library)
    hand.drag((100, 430), (100, 580), held=CTRL)
    assert hand.document.frames[0].y == 570
    assert hand.document.positions["gain"] == (0.0, 630.0)
    assert hand.document.positions["resample"] == (320.0, 630.0)
    assert hand.document.positions["mix"] == (640.0, 480.0)


def test_nodes_without_places_keep_those_that_are_shown(document, library):
    hand = Hand(replace(document, positions={}), library)
    shown = dict(hand.scene.positions)
    place = hand.title("gain")
    hand.drag(place, hand.by(place, 0, 80), held=CTRL)
    assert hand.document.positions["load"] == shown["load"]
    assert hand.document.positions["gain"] == (shown["gain"][0], shown["gain"][1] + 80)


def test_a_lone_node_dropped_on_a_link_is_inserted(hand):
    hand.desk.history.close_step()
    place = hand.title("gain")
    y = hand.port("load", "output")[1]
    hand.hold(place, (180, 100), (270, y))
    assert hand.overlay.split == LOAD_DECLICK
    hand.gestures.release((270, y), "left")
    assert Link("load", "audio", "gain", "audio") in hand.document.graph.links
    assert Link("gain", "audio", "declick", "audio") in hand.document.graph.links
    hand.desk.undo()
    assert hand.document.positions["gain"] == (0.0, 480.0)
    assert hand.desk.history.undo_label is None


def test_a_node_that_does_not_fit_into_a_link_is_not_inserted(hand):
    hand.hold(hand.title("measure"), (270, 30))
    assert hand.overlay.split is None


def test_alt_pulls_a_node_out_of_its_links(hand):
    place = hand.title("declick")
    hand.drag(place, hand.by(place, 0, 260), held=ALT)
    assert hand.document.graph.links == (Link("load", "audio", "export", "audio"),)
    assert hand.document.positions["declick"][1] > 200
    hand.desk.undo()
    assert hand.document.graph.links == tuple(sorted((LOAD_DECLICK, DECLICK_EXPORT)))


def test_alt_and_ctrl_drag_a_copy_that_keeps_what_feeds_it(hand):
    place, before = hand.title("declick"), hand.document
    hand.drag(place, hand.by(place, 3, 130), hand.by(place, 3, 261), held=ALT_CTRL)
    (copy,) = hand.desk.selection.nodes
    assert set(hand.document.graph.nodes) - set(before.graph.nodes) == {copy}
    fed = Link("load", "audio", copy, "audio")
    assert set(hand.document.graph.links) == {LOAD_DECLICK, DECLICK_EXPORT, fed}
    # It lines up although Ctrl is held: that Ctrl makes the copy.
    assert hand.document.positions[copy] == (320.0, 264.0)
    assert hand.document.positions["declick"] == (320.0, 0.0)
    assert hand.desk.history.undo_label == "Duplicate with links"
    hand.desk.undo()
    assert hand.document is before
    assert hand.desk.history.undo_label is None


def test_a_chain_is_copied_with_the_links_within(hand):
    hand.desk.select(Selection(frozenset({"declick", "export"})))
    place = hand.title("declick")
    hand.drag(place, hand.by(place, 0, 260), held=ALT_CTRL)
    copies = {hand.document.graph.nodes[name].kind: name for name in hand.desk.selection.nodes}
    within = Link(copies["repair.declick"], "audio", copies["export"], "audio")
    assert within in hand.document.graph.links
    assert len(hand.document.graph.links) == 4


def test_a_copied_frame_has_copies_in_it(document, library):
    hand = Hand(replace(document, frames=(Frame("A", -40, 420, 640, 500),)), library)
    hand.drag((100, 430), (100, -400), held=ALT_CTRL)
    assert len(hand.document.frames) == 2
    assert hand.document.frames[0].y == 420
    kinds = sorted(hand.document.graph.nodes[name].kind for name in hand.desk.selection.nodes)
    assert kinds == ["gain", "resample"]
    assert hand.document.positions["gain"] == (0.0, 480.0)


def test_a_cancelled_copy_was_never_there(hand):
    hand.desk.select(Selection(frozenset({"declick"})))
    before, place = hand.document, hand.title("declick")
    hand.hold(place, hand.by(place, 0, 260), held=ALT_CTRL)
    assert len(hand.document.graph.nodes) > len(before.graph.nodes)
    hand.gestures.cancel()
    assert hand.document is before
    assert hand.desk.selection.nodes == {"declick"}


# --- frames and notes ----------------------------------------------------------------------------


def test_a_frames_edge_is_pulled(document, library):
    hand = Hand(replace(document, frames=(Frame("A", -400, -400, 200, 160),)), library)
    hand.drag((-200, -300), (-150, -300))
    assert (hand.document.frames[0].x, hand.document.frames[0].width) == (-400, 248)
    hand.drag((-400, -400), (-420.5, -380.5), held=CTRL)
    assert hand.document.frames[0] == Frame("A", -420.5, -380.5, 268.5, 140.5)


def test_nothing_gets_smaller_than_can_be_taken_hold_of(document, library):
    hand = Hand(replace(document, notes=(Note("", -400, -400, 200, 160),)), library)
    hand.drag((-200, -240), (-900, -900))
    note = hand.document.notes[0]
    assert (note.x, note.y) == (-400, -400)
    assert min(note.width, note.height) == 48


def test_a_note_is_moved(document, library):
    hand = Hand(replace(document, notes=(Note("", -400, -400, 200, 160),)), library)
    hand.drag((-300, -300), (-300, -240), held=CTRL)
    assert hand.document.notes[0].y == -340
    assert hand.desk.selection.notes == {0}


# --- links ---------------------------------------------------------------------------------------


def test_a_link_is_pulled_from_an_output_to_an_input(hand):
    begin, end = hand.port("load", "output"), hand.port("gain", "input")
    hand.hold(begin, (100, 300), end)
    draft = hand.overlay.draft
    assert (draft.begin, draft.end, draft.type_name, draft.legal) == (begin, end, "Audio", True)
    hand.gestures.release(end, "left")
    assert Link("load", "audio", "gain", "audio") in hand.document.graph.links


def test_a_link_is_pulled_from_an_input_to_an_output(hand):
    hand.drag(hand.port("gain", "input"), (100, 300), hand.port("load", "output"))
    assert Link("load", "audio", "gain", "audio") in hand.document.graph.links


def test_legal_ends_are_lit(hand):
    hand.hold(hand.port("declick", "output"), (500, 300))
    assert ("gain", "input", "audio") in hand.overlay.lit
    assert ("mix", "input", "tracks.1") in hand.overlay.lit
    assert ("export", "input", "audio") in hand.overlay.lit
    assert ("declick", "input", "audio") not in hand.overlay.lit
    assert hand.overlay.draft.legal is None


def test_an_illegal_end_says_why(hand):
    hand.drag(hand.port("gain", "output"), hand.port("load", "output"))
    assert not hand.document.graph.outgoing("gain")
    hand.hold(hand.port("declick", "output", "clicks"), hand.port("gain", "input"))
    assert "ClickMap" in hand.overlay.reason
    assert hand.overlay.draft.legal is False
    hand.gestures.release(hand.port("gain", "input"), "left")
    assert not hand.document.graph.incoming("gain")
    assert hand.asked == []


def test_a_loop_is_named(library, document):
    graph = document.graph.connect(Link("gain", "audio", "resample", "audio"), library)
    hand = Hand(document.with_graph(graph), library)
    hand.hold(hand.port("resample", "output"), hand.port("gain", "input"))
    assert "loop" in hand.overlay.reason


def test_a_link_replaces_another_as_one_step(hand):
    hand.drag(hand.port("gain", "output"), hand.port("export", "input"))
    assert hand.document.graph.incoming("export") == (Link("gain", "audio", "export", "audio"),)
    hand.desk.undo()
    assert DECLICK_EXPORT in hand.document.graph.links


def test_a_link_dropped_on_a_nodes_body_finds_its_port(hand):
    hand.drag(hand.port("load", "output"), hand.title("mix"))
    assert Link("load", "audio", "mix", "tracks.1") in hand.document.graph.links
    hand.drag(hand.port("gain", "output"), hand.title("mix"))
    assert Link("gain", "audio", "mix", "tracks.2") in hand.document.graph.links


def test_a_body_without_a_fitting_port_says_so(hand):
    hand.hold(hand.port("declick", "output", "clicks"), hand.title("gain"))
    assert hand.overlay.reason == "No port of this node takes this link."


def test_a_link_dropped_on_empty_space_asks_for_a_node(hand):
    hand.drag(hand.port("load", "output"), (300, 300), CANVAS)
    assert hand.asked == [("search", CANVAS, ("load", "output", "audio"))]
    assert hand.desk.history.undo_label is None


def test_a_linked_inputs_link_is_picked_up_and_put_elsewhere(hand):
    hand.hold(hand.port("export", "input"), (600, 300))
    assert DECLICK_EXPORT not in hand.document.graph.links
    assert hand.overlay.draft.begin == hand.port("declick", "output")
    end = hand.port("gain", "input")
    hand.gestures.move(end)
    hand.gestures.release(end, "left")
    assert Link("declick", "audio", "gain", "audio") in hand.document.graph.links
    assert DECLICK_EXPORT not in hand.document.graph.links
    hand.desk.undo()
    assert DECLICK_EXPORT in hand.document.graph.links
    assert hand.desk.history.undo_label is None


def test_a_link_that_is_picked_up_and_dropped_is_gone(hand):
    hand.drag(hand.port("export", "input"), CANVAS)
    assert DECLICK_EXPORT not in hand.document.graph.links
    assert hand.desk.history.undo_label == "Unlink"
    assert hand.asked == []


def test_a_link_that_is_put_back_leaves_no_step(hand):
    hand.drag(hand.port("export", "input"), CANVAS, hand.port("export", "input"))
    assert DECLICK_EXPORT in hand.document.graph.links
    assert hand.desk.history.undo_label is None


def test_escape_puts_a_picked_link_back(hand):
    hand.hold(hand.port("export", "input"), CANVAS)
    hand.gestures.cancel()
    assert DECLICK_EXPORT in hand.document.graph.links


def test_the_knife_cuts_what_it_crosses(hand):
    hand.hold((270, -100), (270, 0), (270, 200), held=CTRL, button="right")
    assert hand.overlay.knife == ((270, -100), (270, 0), (270, 200))
    hand.gestures.release((270, 200), "right", CTRL)
    assert hand.document.graph.links == (DECLICK_EXPORT,)
    assert hand.desk.history.undo_label == "Cut a link"


def test_a_knife_that_crosses_nothing_leaves_no_step(hand):
    hand.drag((270, -100), (270, 10), held=CTRL, button="right")
    assert hand.desk.history.undo_label is None


# --- routes --------------------------------------------------------------------------------------


def middle_of_link(hand):
    return 268.0, hand.port("load", "output")[1]


def test_a_double_click_on_a_link_adds_a_point_and_another_takes_it_away(hand):
    place = middle_of_link(hand)
    hand.double(place)
    assert len(hand.document.routes[LOAD_DECLICK]) == 1
    hand.double(hand.document.routes[LOAD_DECLICK][0])
    assert not hand.document.routes


def test_alt_and_a_drag_on_a_link_add_a_point_and_move_it(hand):
    place = middle_of_link(hand)
    hand.drag(place, hand.by(place, 0, 100), hand.by(place, 1, 203), held=ALT)
    ((x, y),) = hand.document.routes[LOAD_DECLICK]
    assert (x % 8, y % 8) == (0, 0)
    assert y > 200
    hand.drag((x, y), (x, y + 80))
    assert hand.document.routes[LOAD_DECLICK] == ((x, y + 80),)
    hand.desk.undo()
    hand.desk.undo()
    assert hand.desk.history.undo_label is None


def test_alt_and_a_click_add_a_point_and_take_it_away(hand):
    hand.click(middle_of_link(hand), ALT)
    hand.click(hand.document.routes[LOAD_DECLICK][0], ALT)
    assert not hand.document.routes


def test_the_second_point_comes_where_it_was_clicked(hand):
    hand.double(middle_of_link(hand))
    first = hand.document.routes[LOAD_DECLICK][0]
    hand.drag(first, (268, 300))
    moved = hand.document.routes[LOAD_DECLICK][0]
    hand.scene.catch_up(hand.document)
    a, b, c, d = hand.scene.courses[LOAD_DECLICK][1]
    hand.double(tuple((a[i] + 3 * b[i] + 3 * c[i] + d[i]) / 8 for i in (0, 1)))
    assert hand.document.routes[LOAD_DECLICK][0] == moved
    assert len(hand.document.routes[LOAD_DECLICK]) == 2


# --- parameters ----------------------------------------------------------------------------------


def value(hand, node_id, name):
    return hand.document.graph.nodes[node_id].params.get(name)


def test_a_drag_on_a_row_changes_the_value_as_one_step(hand):
    place = hand.row("declick", "threshold_db")
    hand.drag(place, hand.by(place, 10, 0), hand.by(place, 49, 3))
    assert value(hand, "declick", "threshold_db") == 37.5
    assert hand.document.positions["declick"] == (320.0, 0.0)
    assert hand.desk.history.undo_label == "Change Threshold"
    hand.desk.undo()
    assert value(hand, "declick", "threshold_db") is None


def test_shift_is_ten_times_finer(hand):
    place = hand.row("declick", "threshold_db")
    hand.drag(place, hand.by(place, 49, 0), held=SHIFT)
    assert value(hand, "declick", "threshold_db") == 25.35


def test_pressing_shift_on_the_way_makes_no_jump(hand):
    place = hand.row("declick", "threshold_db")
    hand.hold(place, hand.by(place, 49, 0))
    hand.gestures.move(hand.by(place, 49, 0), SHIFT)
    assert value(hand, "declick", "threshold_db") == 37.5


def test_values_stay_in_their_range(hand):
    place = hand.row("declick", "threshold_db")
    hand.hold(place, hand.by(place, 900, 0))
    assert value(hand, "declick", "threshold_db") == 60.0
    hand.gestures.move(hand.by(place, 880, 0))
    assert value(hand, "declick", "threshold_db") < 60.0


def test_a_logarithmic_range_is_dragged_in_ratios(hand):
    place = hand.row("declick", "max_click_ms")
    hand.hold(place, hand.by(place, -49, 0))
    once = value(hand, "declick", "max_click_ms")
    hand.gestures.move(hand.by(place, -98, 0))
    twice = value(hand, "declick", "max_click_ms")
    assert once / 10.0 == pytest.approx(twice / once, rel=0.02)


def test_whole_numbers_stay_whole(hand):
    place = hand.row("resample", "sample_rate")
    hand.drag(place, hand.by(place, 20, 0))
    assert isinstance(value(hand, "resample", "sample_rate"), int)


def test_a_cancelled_value_is_back(hand):
    before, place = hand.document, hand.row("declick", "threshold_db")
    hand.hold(place, hand.by(place, 40, 0))
    hand.gestures.cancel()
    assert hand.document is before
    assert hand.desk.history.redo_label is None


def test_a_double_click_on_a_number_asks_for_it_and_with_ctrl_resets_it(hand):
    place = hand.row("declick", "threshold_db")
    hand.drag(place, hand.by(place, 40, 0))
    hand.double(place)
    assert hand.asked == [("edit_param", "declick", "threshold_db")]
    hand.double(place, CTRL)
    assert value(hand, "declick", "threshold_db") is None


def test_a_click_on_a_choice_opens_it_once(hand):
    hand.double(hand.row("export", "format"))
    assert hand.asked == [("choose", "export", "format")]


def test_a_click_on_a_text_asks_for_it(hand):
    hand.click(hand.row("export", "file"))
    assert hand.asked == [("edit_param", "export", "file")]


def test_a_drag_on_a_choice_moves_the_node(hand):
    place = hand.row("export", "format")
    hand.drag(place, hand.by(place, 0, -160))
    assert hand.document.positions["export"] == (640.0, -160.0)


# --- what the window is asked for ----------------------------------------------------------------


def test_double_clicks_ask(document, library):
    frame, note = Frame("A", -400, -400, 200, 160), Note("", -400, 0, 200, 160)
    hand = Hand(replace(document, frames=(frame,), notes=(note,)), library)
    hand.double(hand.title("gain"))
    hand.double((-300, -390))
    hand.double((-300, 80))
    hand.double((-100, -450))
    assert [asked[:2] for asked in hand.asked] == [
        ("rename", "gain"),
        ("rename_frame", 0),
        ("edit_note", 0),
        ("search", (-100, -450)),
    ]


def test_a_right_click_selects_and_asks_for_the_menu(hand):
    hand.click(hand.title("gain"), button="right")
    ((name, _place, hit),) = hand.asked
    assert (name, hit.node_id) == ("menu", "gain")
    assert hand.desk.selection.nodes == {"gain"}


def test_a_right_click_on_one_of_many_keeps_all(hand):
    hand.desk.select(Selection(frozenset({"load", "gain"})))
    hand.click(hand.title("gain"), button="right")
    assert hand.desk.selection.nodes == {"load", "gain"}


def test_a_click_on_an_output_listens_to_it_and_with_ctrl_compares(hand):
    hand.click(hand.port("declick", "output"))
    hand.click(hand.port("load", "output"), CTRL)
    assert hand.desk.monitor == PortRef("declick", "audio")
    assert hand.desk.compare == PortRef("load", "audio")


def test_a_document_that_is_edited_meanwhile_is_seen(hand):
    document, node_id = edits.add_node(hand.document, "gain", (1400.0, 0.0), hand.desk.library)
    hand.desk.edit(document, "Add")
    hand.drag(hand.port("load", "output"), hand.port(node_id, "input"))
    assert Link("load", "audio", node_id, "audio") in hand.document.graph.links


def test_a_link_off_a_mix_can_go_to_its_free_place(hand):
    new = Link("load", "audio", "mix", "tracks.1")
    hand.desk.edit(edits_links.link(hand.document, new, hand.desk.library), "Link")
    hand.drag(hand.port("mix", "input", "tracks.1"), hand.port("declick", "input"))
    assert hand.document.graph.incoming("mix") == ()
    assert LOAD_DECLICK in hand.document.graph.links


# --- anything, in any order ----------------------------------------------------------------------


def some_gesture(hand: Hand, chance: random.Random) -> None:
    """Do what a hand could do, aimed at what there is."""
    spots = [CANVAS, (chance.uniform(-300, 1400), chance.uniform(-300, 900))]
    hand.scene.catch_up(hand.document)
    for node_id in hand.scene.ids:
        x, y = hand.scene.positions[node_id]
        shape = hand.scene.shapes[node_id]
        spots += [(x + port.x, y + port.y) for port in shape.ports]
        spots += [(x + 100, y + 12), (x + 80, y + chance.uniform(0, shape.height))]
    spots += [route[0] for route in hand.document.routes.values()]
    spots += [(box.x, box.y + 40) for box in (*hand.document.frames, *hand.document.notes)]
    begin, middle, end = chance.choices(spots, k=3)
    held = Held(*(chance.random() < 0.2 for _ in range(3)))
    match chance.randrange(8):
        case 0:
            hand.click(begin, held)
        case 1:
            hand.double(begin, held)
        case 2:
            hand.drag(begin, middle, end, held=held, button="right")
        case 3:
            hand.hold(begin, middle, end, held=held)
            before = hand.document
            hand.gestures.cancel()
            assert hand.document is before or hand.desk.history.redo_label is None
        case 4:
            (hand.desk.undo if chance.random() < 0.6 else hand.desk.redo)()
        case 5 if hand.desk.selection.nodes and chance.random() < 0.3:
            hand.desk.edit(edits.delete(hand.document, hand.desk.selection), "Delete")
        case 6 if len(hand.scene.ids) < 20:
            kind = chance.choice(["load", "mix", "gain", "repair.declick", "separate.hpss"])
            hand.desk.edit(edits.add_node(hand.document, kind, end, hand.desk.library)[0], "Add")
        case _:
            hand.drag(begin, middle, end, held=held)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_a_hand_does_the_document_and_the_scene_stay_whole(library, document, seed):
    frame, note = Frame("A", -40.0, -40.0, 600.0, 400.0), Note("", -400.0, 0.0, 200.0, 160.0)
    first = replace(document, frames=(frame,), notes=(note,))
    hand, chance = Hand(first, library), random.Random(seed)
    for _ in range(150):
        some_gesture(hand, chance)
        now = hand.document
        assert now.positions.keys() == now.graph.nodes.keys()
        assert now.routes.keys() <= set(now.graph.links)
        assert not hand.gestures.busy
    hand.scene.catch_up(hand.document)
    fresh = Scene(library)
    fresh.follow(hand.document)
    assert fresh.shapes == hand.scene.shapes
    assert fresh.positions == hand.scene.positions
    assert fresh.courses == hand.scene.courses
    boxes = [dict(zip(scene.ids, scene.boxes.tolist(), strict=True)) for scene in (fresh, hand.scene)]
    assert boxes[0] == boxes[1]
    redo_all(hand)
    last = hand.document
    while hand.desk.history.undo_label is not None:
        hand.desk.undo()
    assert hand.document is first
    redo_all(hand)
    assert hand.document == last


def redo_all(hand: Hand) -> None:
    while hand.desk.history.redo_label is not None:
        hand.desk.redo()


def test_a_gesture_ends_when_somebody_else_edits_meanwhile(hand):
    hand.hold(hand.port("declick", "output"), (900, 900))
    without = edits.delete(hand.document, Selection(frozenset({"declick"})))
    hand.desk.edit(without, "Delete")
    hand.gestures.move((950, 900))
    hand.gestures.release((950, 900), "left")
    assert hand.document is without
    assert hand.asked == []
    assert not hand.gestures.busy
    assert hand.overlay.draft is None
