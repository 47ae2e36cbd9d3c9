"""Edits: document → document, whole after each of them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nodes
from nodegraph.document import Document, Frame, Note
from nodegraph.document_file import from_json, to_json
from nodegraph.editor.desk import edits, edits_canvas, edits_links, edits_parts
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.history import History
from nodegraph.errors import GraphError, LinkError, ParameterError
from nodegraph.graph import Graph, Link, Node
from nodegraph.library import Library

LOAD_DECLICK = Link("load", "audio", "declick", "audio")
DECLICK_DENOISE = Link("declick", "audio", "denoise", "audio")
DENOISE_EXPORT = Link("denoise", "audio", "export", "audio")


@pytest.fixture
def chain() -> Document:
    kinds = {"load": "load", "declick": "repair.declick", "denoise": "repair.denoise", "export": "export"}
    graph = Graph(
        {name: Node(kind) for name, kind in kinds.items()},
        (LOAD_DECLICK, DECLICK_DENOISE, DENOISE_EXPORT),
    )
    return Document(graph, positions={name: (300.0 * i, 0.0) for i, name in enumerate(kinds)})


def with_node(document: Document, library: Library, kind: str) -> tuple[Document, str]:
    return edits.add_node(document, kind, (0.0, 400.0), library)


# --- adding --------------------------------------------------------------------------------------


def test_a_node_gets_a_new_id_its_place_and_the_version_of_its_kind(chain, library):
    document, node_id = edits.add_node(chain, "repair.declick", (8.0, 16.0), library, {"threshold_db": 30})
    assert node_id == "declick2"
    assert document.positions[node_id] == (8.0, 16.0)
    assert document.graph.nodes[node_id].params == {"threshold_db": 30.0}
    assert document.graph.nodes[node_id].version == library.find("repair.declick").version


def test_a_node_added_from_an_output_is_fed_by_it(chain, library):
    document, node_id = edits.add_linked(chain, "gain", (0, 0), ("load", "output", "audio"), library)
    assert Link("load", "audio", node_id, "audio") in document.graph.links


def test_a_node_added_from_a_linked_input_takes_the_links_place(chain, library):
    document, node_id = edits.add_linked(chain, "gain", (0, 0), ("export", "input", "audio"), library)
    assert document.graph.incoming("export") == (Link(node_id, "audio", "export", "audio"),)


def test_a_node_that_does_not_fit_is_added_without_a_link(chain, library):
    document, node_id = edits.add_linked(chain, "load", (0, 0), ("load", "output", "audio"), library)
    assert not document.graph.incoming(node_id)


def test_a_mix_takes_a_further_track(chain, library):
    document, mix = edits.add_linked(chain, "mix", (0, 0), ("load", "output", "audio"), library)
    new = edits_links.first_link(document.graph, ("declick", "output", "audio"), mix, library)
    assert new == Link("declick", "audio", mix, "tracks.2")


def test_the_port_of_the_right_type_is_found(chain, library):
    document, profile = with_node(chain, library, "repair.noise_profile")
    new = edits_links.first_link(document.graph, (profile, "output", "profile"), "denoise", library)
    assert new == Link(profile, "profile", "denoise", "profile")


def test_free_inputs_go_before_taken_ones(chain, library):
    document, other = with_node(chain, library, "load")
    assert edits_links.first_link(document.graph, (other, "output", "audio"), "declick", library) == Link(
        other, "audio", "declick", "audio"
    )
    document, compare = with_node(document, library, "compare")
    document = edits_links.link(document, Link("load", "audio", compare, "audio"), library)
    new = edits_links.first_link(document.graph, (other, "output", "audio"), compare, library)
    assert new.target_port == "reference"


# --- links ---------------------------------------------------------------------------------------


def test_a_link_replaces_the_one_that_its_input_had(chain, library):
    new = Link("load", "audio", "denoise", "audio")
    document = edits_links.link(chain, new, library)
    assert document.graph.incoming("denoise") == (new,)


def test_a_replaced_link_takes_its_route_along(chain, library):
    routed = replace(chain, routes={DECLICK_DENOISE: ((1.0, 2.0),), LOAD_DECLICK: ((3.0, 4.0),)})
    document = edits_links.link(routed, Link("load", "audio", "denoise", "audio"), library)
    assert dict(document.routes) == {LOAD_DECLICK: ((3.0, 4.0),)}


def test_a_link_that_is_there_changes_nothing(chain, library):
    assert edits_links.link(chain, LOAD_DECLICK, library) is chain


def test_a_loop_is_refused_with_the_judges_words(chain, library):
    with pytest.raises(LinkError, match="loop"):
        edits_links.link(chain, Link("denoise", "audio", "declick", "audio"), library)


def test_a_wrong_type_is_refused(chain, library):
    document, measure = with_node(chain, library, "measure")
    with pytest.raises(LinkError, match="takes Audio"):
        edits_links.link(document, Link(measure, "report", "export", "audio"), library)


def test_legal_ends_agree_with_the_judge(chain, library):
    document, mix = edits.add_linked(chain, "mix", (0, 0), ("load", "output", "audio"), library)
    legal = edits_links.legal_ends(document.graph, ("declick", "output", "audio"), library)
    assert legal == {
        ("denoise", "input", "audio"),
        ("export", "input", "audio"),
        (mix, "input", "tracks.1"),
        (mix, "input", "tracks.2"),
    }
    back = edits_links.legal_ends(document.graph, ("denoise", "input", "audio"), library)
    assert ("load", "output", "audio") in back
    assert (mix, "output", "audio") in back
    assert ("declick", "output", "removed") in back
    assert ("denoise", "output", "audio") not in back


def test_unlinking_takes_the_route_away(chain):
    document = edits_links.unlink(replace(chain, routes={LOAD_DECLICK: ((1.0, 2.0),)}), [LOAD_DECLICK])
    assert LOAD_DECLICK not in document.graph.links
    assert not document.routes


# --- inserting, pulling out, healing -------------------------------------------------------------


def test_a_node_is_inserted_into_a_link(chain, library):
    document, gain = with_node(chain, library, "gain")
    document = edits_links.insert(document, gain, DECLICK_DENOISE, library)
    assert document.graph.incoming(gain) == (Link("declick", "audio", gain, "audio"),)
    assert document.graph.incoming("denoise") == (Link(gain, "audio", "denoise", "audio"),)


def test_a_node_without_a_fitting_output_is_not_inserted(chain, library):
    document, measure = with_node(chain, library, "measure")
    assert edits_links.insertion(document.graph, measure, DECLICK_DENOISE, library) is None
    with pytest.raises(LinkError, match="cannot stand"):
        edits_links.insert(document, measure, DECLICK_DENOISE, library)


def test_a_links_own_ends_are_not_inserted(chain, library):
    assert edits_links.insertion(chain.graph, "declick", LOAD_DECLICK, library) is None


def test_deleting_heals(chain, library):
    document = edits.delete_heal(chain, Selection(nodes=frozenset({"declick", "denoise"})), library)
    assert document.graph.links == (Link("load", "audio", "export", "audio"),)
    assert set(document.positions) == {"load", "export"}


def test_deleting_heals_every_consumer(chain, library):
    document, gain = edits.add_linked(chain, "gain", (0, 0), ("declick", "output", "audio"), library)
    document = edits.delete_heal(document, Selection(nodes=frozenset({"declick"})), library)
    assert set(document.graph.outgoing("load")) == {
        Link("load", "audio", "denoise", "audio"),
        Link("load", "audio", gain, "audio"),
    }


def test_what_was_removed_is_not_healed_into_what_was_not(chain, library):
    document, gain = edits.add_linked(chain, "gain", (0, 0), ("declick", "output", "removed"), library)
    document = edits.delete_heal(document, Selection(nodes=frozenset({"declick"})), library)
    assert not document.graph.incoming(gain)


def test_deleting_without_healing_leaves_a_gap(chain):
    document = edits.delete(chain, Selection(nodes=frozenset({"declick"})))
    assert document.graph.links == (DENOISE_EXPORT,)


def test_deleting_takes_links_frames_and_notes(chain):
    full = replace(
        chain,
        frames=(Frame("A", 0, 0, 9, 9), Frame("B", 0, 0, 9, 9)),
        notes=(Note("a", 0, 0, 9, 9), Note("b", 0, 0, 9, 9)),
    )
    gone = Selection(links=frozenset({LOAD_DECLICK}), frames=frozenset({0}), notes=frozenset({1}))
    document = edits.delete(full, gone)
    assert [frame.title for frame in document.frames] == ["B"]
    assert [note.text for note in document.notes] == ["a"]
    assert LOAD_DECLICK not in document.graph.links


def test_a_node_is_pulled_out_and_its_links_healed(chain, library):
    document = edits_links.pull_out(chain, ["declick"], library)
    assert "declick" in document.graph.nodes
    assert not document.graph.outgoing("declick")
    assert document.graph.incoming("denoise") == (Link("load", "audio", "denoise", "audio"),)


def test_nodes_pulled_out_together_keep_the_links_between_them(chain, library):
    document = edits_links.pull_out(chain, ["declick", "denoise"], library)
    assert set(document.graph.links) == {DECLICK_DENOISE, Link("load", "audio", "export", "audio")}


def test_selected_nodes_are_connected_in_order(chain, library):
    bare = edits_links.unlink(chain, chain.graph.links)
    document = edits_links.connect_in_order(bare, ["load", "declick", "denoise", "export"], library)
    assert document.graph.links == chain.graph.links


def test_connecting_in_order_leaves_links_as_they_are(chain, library):
    assert edits_links.connect_in_order(chain, list(chain.graph.nodes), library) is chain


# --- swapping ------------------------------------------------------------------------------------


def test_a_swapped_node_keeps_links_by_name_and_what_else_it_has(chain, library):
    named = edits.rename(replace(chain, collapsed=frozenset({"declick"})), "declick", "Knackser")
    named = edits.set_param(named, "declick", "threshold_db", 30.0, library)
    named = edits.set_param(named, "declick", "strength", 0.5, library)
    named = replace(named, routes={LOAD_DECLICK: ((5.0, 5.0),)})
    document, own = edits.swap(named, "declick", "repair.decrackle", library)
    assert own == "decrackle"
    assert document.graph.nodes[own].params == {"threshold_db": 30.0, "strength": 0.5}
    assert document.graph.incoming(own) == (Link("load", "audio", own, "audio"),)
    assert document.graph.outgoing(own) == (Link(own, "audio", "denoise", "audio"),)
    assert document.labels == {own: "Knackser"}
    assert document.collapsed == {own}
    assert document.routes == {Link("load", "audio", own, "audio"): ((5.0, 5.0),)}
    assert list(document.graph.nodes) == ["load", "decrackle", "denoise", "export"]


def test_a_value_that_the_other_kind_refuses_is_left_out(chain, library):
    document = edits.set_param(chain, "declick", "threshold_db", 30.0, library)
    swapped, own = edits.swap(document, "declick", "tone.transients", library)
    assert swapped.graph.nodes[own].params == {}


def test_a_swapped_node_keeps_links_by_type_where_names_differ(chain, library):
    document, own = edits.swap(chain, "declick", "separate.hpss", library)
    assert document.graph.outgoing(own) == (Link(own, "harmonic", "denoise", "audio"),)
    document, own = edits.swap(document, own, "mix", library)
    assert document.graph.incoming(own) == (Link("load", "audio", own, "tracks.1"),)
    assert document.graph.outgoing(own) == (Link(own, "audio", "denoise", "audio"),)


def stems_to_mix(kind, *ports):
    """Return a document in which outputs of a separator are mixed."""
    links = (
        Link("a", "audio", "split", "audio"),
        *(Link("split", port, "mix", f"tracks.{n}") for n, port in enumerate(ports, 1)),
    )
    return Document(Graph({"a": Node("source.demo"), "split": Node(kind), "mix": Node("mix")}, links))


def test_no_output_of_a_swapped_node_takes_the_place_of_two(library):
    document = stems_to_mix("separate.demucs", "vocals", "drums", "bass", "residual")
    document, own = edits.swap(document, "split", "separate.hpss", library)
    assert document.graph.outgoing(own) == (
        Link(own, "harmonic", "mix", "tracks.1"),
        Link(own, "percussive", "mix", "tracks.2"),
        Link(own, "residual", "mix", "tracks.4"),
    )


def test_one_output_that_feeds_two_nodes_still_does_after_a_swap(library):
    document = stems_to_mix("separate.hpss", "harmonic", "harmonic")
    document, own = edits.swap(document, "split", "repair.declick", library)
    assert {link.source_port for link in document.graph.outgoing(own)} == {"audio"}
    assert len(document.graph.outgoing(own)) == 2


def test_alternatives_are_of_the_family_and_can_run_here(library):
    document = stems_to_mix("separate.demucs", "vocals")
    assert "separate.hpss" in edits.alternatives(document, "split", library)
    assert "separate.demucs" not in edits.alternatives(document, "split", library)
    assert edits.alternatives(document, "mix", library) == ()


def test_an_id_that_the_user_chose_stays(chain, library):
    document = Document(Graph({"left_wall": Node("repair.declick")}))
    assert edits.swap(document, "left_wall", "repair.dehum", library)[1] == "left_wall"


# --- parameters, bypass, names -------------------------------------------------------------------


def test_a_parameter_is_set_and_reset(chain, library):
    document = edits.set_param(chain, "declick", "threshold_db", 30, library)
    assert document.graph.nodes["declick"].params == {"threshold_db": 30.0}
    assert edits.set_param(document, "declick", "threshold_db", 30, library) is document
    assert edits.reset_param(document, "declick", "threshold_db").graph.nodes["declick"].params == {}
    assert edits.reset_param(chain, "declick", "threshold_db") is chain


def test_a_refused_value_raises(chain, library):
    with pytest.raises(ParameterError, match="6 to 60"):
        edits.set_param(chain, "declick", "threshold_db", 3, library)


def test_bypass_is_for_all_or_none(chain):
    document = edits.toggle_bypass(edits.toggle_bypass(chain, ["declick"]), ["declick", "denoise"])
    assert all(document.graph.nodes[name].bypassed for name in ("declick", "denoise"))
    document = edits.toggle_bypass(document, ["declick", "denoise"])
    assert not any(node.bypassed for node in document.graph.nodes.values())


def test_collapse_is_for_all_or_none(chain):
    document = edits.toggle_collapse(replace(chain, collapsed=frozenset({"load"})), ["load", "declick"])
    assert document.collapsed == {"load", "declick"}
    assert edits.toggle_collapse(document, ["load", "declick"]).collapsed == frozenset()


def test_a_label_is_set_tidied_and_taken_away(chain):
    document = edits.rename(chain, "load", "  Die\nAufnahme ")
    assert document.labels == {"load": "Die Aufnahme"}
    assert edits.rename(document, "load", "").labels == {}
    assert edits.rename(chain, "load", " ") is chain


def test_a_title_is_set(chain):
    assert edits.retitle(chain, " Größe ").title == "Größe"


# --- duplicates ----------------------------------------------------------------------------------


def test_a_duplicate_has_fresh_ids_and_the_links_between_its_nodes(chain):
    routed = replace(chain, routes={DECLICK_DENOISE: ((1.0, 2.0),)}, labels={"declick": "A"})
    some = Selection(nodes=frozenset({"declick", "denoise"}))
    document, copied = edits_parts.duplicate(routed, some, (32.0, 32.0), linked=False)
    new = Link("declick2", "audio", "denoise2", "audio")
    assert copied.nodes == {"declick2", "denoise2"}
    assert set(document.graph.links) - set(chain.graph.links) == {new}
    assert document.positions["declick2"] == (332.0, 32.0)
    assert document.routes[new] == ((33.0, 34.0),)
    assert document.labels["declick2"] == "A"


def test_a_linked_duplicate_is_fed_by_what_feeds_the_original(chain):
    document, _ = edits_parts.duplicate(chain, Selection(nodes=frozenset({"declick"})), (0, 9), linked=True)
    assert document.graph.incoming("declick2") == (Link("load", "audio", "declick2", "audio"),)
    assert not document.graph.outgoing("declick2")


def test_frames_and_notes_are_duplicated(chain):
    full = replace(chain, frames=(Frame("A", 0, 0, 9, 9),), notes=(Note("a", 1, 1, 9, 9),))
    some = Selection(frames=frozenset({0}), notes=frozenset({0}))
    document, copied = edits_parts.duplicate(full, some, (8, 8), linked=False)
    assert copied == Selection(frames=frozenset({1}), notes=frozenset({1}))
    assert (document.frames[1].x, document.notes[1].x) == (8, 9)


# --- the canvas ----------------------------------------------------------------------------------


def test_moving_takes_routes_between_moved_nodes_along(chain):
    routed = replace(chain, routes={LOAD_DECLICK: ((1.0, 1.0),), DECLICK_DENOISE: ((2.0, 2.0),)})
    document = edits_canvas.move(routed, Selection(nodes=frozenset({"load", "declick"})), 10.0, 0.0)
    assert document.positions["declick"] == (310.0, 0.0)
    assert document.routes == {LOAD_DECLICK: ((11.0, 1.0),), DECLICK_DENOISE: ((2.0, 2.0),)}
    assert document.graph is chain.graph


def test_a_frame_carries_what_lies_in_it(chain):
    full = replace(
        chain,
        frames=(Frame("outer", -50, -50, 600, 500), Frame("inner", 0, 0, 100, 100)),
        notes=(Note("in", 0, 300, 50, 50), Note("half", 500, 300, 100, 50)),
    )
    boxes = {name: (x, y, x + 216, y + 200) for name, (x, y) in full.positions.items()}
    carried = edits_canvas.carried_by(full, Selection(frames=frozenset({0})), boxes)
    assert carried == Selection(
        frozenset({"load", "declick"}), frozenset(), frozenset({0, 1}), frozenset({0})
    )


def test_a_document_without_places_gets_them(chain):
    document = edits_canvas.settled(replace(chain, positions={"load": (5.0, 5.0)}), chain.positions)
    assert document.positions["load"] == (5.0, 5.0)
    assert document.positions["export"] == (900.0, 0.0)


@pytest.mark.parametrize(
    ("how", "places"),
    [
        ("left", [(0, 0), (0, 50)]),
        ("right", [(100, 0), (0, 50)]),
        ("top", [(0, 0), (100, 0)]),
        ("bottom", [(0, 130), (100, 50)]),
        ("centre", [(100, 0), (50, 50)]),
        ("middle", [(0, 65), (100, 25)]),
    ],
)
def test_nodes_are_aligned(how, places):
    boxes = {"a": (0.0, 0.0, 100.0, 20.0), "b": (100.0, 50.0, 300.0, 150.0)}
    if how == "right":
        boxes = {"a": (0.0, 0.0, 100.0, 20.0), "b": (0.0, 50.0, 200.0, 150.0)}
    assert list(edits_canvas.aligned(boxes, how).values()) == places


def test_nodes_are_distributed_with_equal_gaps():
    boxes = {"a": (0.0, 0.0, 100.0, 9.0), "b": (110.0, 5.0, 210.0, 9.0), "c": (400.0, 0.0, 500.0, 9.0)}
    assert edits_canvas.distributed(boxes, "across")["b"] == (200.0, 5.0)
    assert edits_canvas.distributed(boxes, "across")["c"] == (400.0, 0.0)


def test_a_frame_is_put_around_boxes():
    frame = edits_canvas.frame_around([(0, 0, 100, 50), (200, 100, 300, 200)])
    assert frame.x < 0
    assert frame.y < -edits_canvas.FRAME_HEAD
    assert frame.x + frame.width > 300


def test_route_points_are_added_moved_and_removed(chain):
    document = edits_canvas.add_route_point(chain, LOAD_DECLICK, 0, (5.0, 5.0))
    document = edits_canvas.add_route_point(document, LOAD_DECLICK, 1, (9.0, 9.0))
    document = edits_canvas.move_route_point(document, LOAD_DECLICK, 0, (6.0, 6.0))
    assert document.routes[LOAD_DECLICK] == ((6.0, 6.0), (9.0, 9.0))
    document = edits_canvas.remove_route_point(document, LOAD_DECLICK, 1)
    assert edits_canvas.remove_route_point(document, LOAD_DECLICK, 0).routes == {}


def test_frames_and_notes_are_resized_and_rewritten(chain):
    full = edits_canvas.add_note(edits_canvas.add_frame(chain, Frame("", 0, 0, 90, 90)), (5.0, 5.0), "Hm")
    full = edits_canvas.resize(full, "frame", 0, (10, 10, 110, 60))
    full = edits_canvas.rewrite(full, "frame", 0, " Stimme ")
    full = edits_canvas.rewrite(full, "note", 0, "Zwei\nZeilen\n")
    assert full.frames == (Frame("Stimme", 10, 10, 100, 50),)
    assert full.notes[0].text == "Zwei\nZeilen"
    assert edits_canvas.resize(full, "frame", 0, (10, 10, 110, 60)) is full


# --- anything, in any order ----------------------------------------------------------------------

LIBRARY = Library.from_package(nodes, skip=("dsp",))
KINDS = ("load", "repair.declick", "mix", "gain", "separate.hpss", "measure", "repair.denoise", "export")


def some_edit(document: Document, chance: random.Random) -> Document:  # noqa: C901 - a list of edits
    """Return the document after an edit that a user could make."""
    ids = list(document.graph.nodes)
    some = frozenset(chance.sample(ids, min(len(ids), chance.randint(1, 3)))) if ids else frozenset()
    node_id = chance.choice(ids) if ids else ""
    links = document.graph.links
    one = chance.choice(links) if links else None
    frames = frozenset(range(len(document.frames))[:1])
    place = (chance.randrange(0, 2000, 8), chance.randrange(0, 2000, 8))
    what = chance.randrange(22) if ids else 0
    if what <= 2:
        return edits.add_node(document, chance.choice(KINDS), place, LIBRARY)[0]
    if what <= 5:
        ports = LIBRARY.find(document.graph.nodes[node_id].kind).outputs
        end = (node_id, "output", chance.choice(ports).name) if ports else (node_id, "input", "audio")
        if what == 3:
            return edits.add_linked(document, chance.choice(KINDS), place, end, LIBRARY)[0]
        new = edits_links.first_link(document.graph, end, chance.choice(ids), LIBRARY)
        return edits_links.link(document, new, LIBRARY) if new else document
    if what == 6 and one:
        return edits_links.unlink(document, [one])
    if what == 7 and one:
        return edits_links.insert(document, node_id, one, LIBRARY)
    if what == 8 and chance.random() < 0.4:
        return edits.delete(document, Selection(some, frozenset(links[:1]), frames))
    if what == 9 and chance.random() < 0.4:
        return edits.delete_heal(document, Selection(some), LIBRARY)
    if what == 10:
        return edits.swap(document, node_id, chance.choice(KINDS), LIBRARY)[0]
    if what == 11:
        part = Selection(some, frames=frames)
        return edits_parts.duplicate(document, part, (32, 32), linked=chance.random() < 0.5)[0]
    if what == 12:
        return edits_canvas.move(document, Selection(some, frames=frames), *place)
    if what == 13:
        return edits.set_param(document, node_id, "strength", round(chance.random(), 2), LIBRARY)
    if what == 14:
        return edits.toggle_bypass(document, some)
    if what == 15:
        return edits.toggle_collapse(document, some)
    if what == 16:
        return edits.rename(document, node_id, chance.choice(("", "Größe", "Straße")))
    if what == 17:
        return edits_canvas.add_frame(document, Frame("Rahmen", *place, 200, 100))
    if what == 18 and one:
        return edits_canvas.add_route_point(document, one, 0, place)
    if what == 19:
        return edits_links.pull_out(document, some, LIBRARY)
    if what == 20:
        return edits_links.connect_in_order(document, sorted(some), LIBRARY)
    return edits_canvas.add_note(document, place, "Notiz")


def assert_whole(document: Document) -> None:
    ids, links = document.graph.nodes.keys(), set(document.graph.links)
    assert document.positions.keys() == ids
    assert document.labels.keys() <= ids
    assert document.collapsed <= ids
    assert document.routes.keys() <= links
    assert document.link_extra.keys() <= links
    Graph(document.graph.nodes, document.graph.links)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_200_random_edits_keep_the_document_whole_and_can_be_undone_and_redone(seed):
    chance = random.Random(seed)
    history = History(Document())
    documents = [history.document]
    for _ in range(200):
        try:
            document = some_edit(history.document, chance)
        except GraphError:
            continue
        if document is not history.document:
            assert_whole(document)
            documents.append(document)
            history.do(document, "edit")
    for document in reversed(documents[:-1]):
        history.undo()
        assert history.document == document
    assert not history.undo()
    for document in documents[1:]:
        history.redo()
        assert history.document == document
    assert from_json(to_json(documents[-1])) == documents[-1]
