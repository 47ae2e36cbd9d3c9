"""Where things lie, what lies under the pointer, and what an edit makes different."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nodegraph.document import Document, Frame, Note
from nodegraph.editor.space.scene import Scene
from nodegraph.editor.space.shape import HEAD, ROW, WIDTH
from nodegraph.graph import Graph, Link, Node

DECLICK = Link("load", "audio", "declick", "audio")


@pytest.fixture
def document() -> Document:
    nodes = {"load": Node("load"), "declick": Node("repair.declick"), "mix": Node("mix")}
    graph = Graph(nodes, (DECLICK, Link("declick", "audio", "mix", "tracks.1")))
    return Document(graph, positions={"load": (0.0, 0.0), "declick": (300.0, 0.0), "mix": (600.0, 0.0)})


@pytest.fixture
def scene(library, document) -> Scene:
    scene = Scene(library)
    scene.follow(document)
    return scene


def big(library, count: int = 1000) -> Document:
    """Return a document of many nodes in rows of ten."""
    nodes, links, positions = {}, [], {}
    for number in range(count):
        name = f"n{number}"
        nodes[name] = Node("repair.declick")
        positions[name] = (number % 10 * 300.0, number // 10 * 400.0)
        if number % 10:
            links.append(Link(f"n{number - 1}", "audio", name, "audio"))
    return Document(Graph(nodes, tuple(links)), positions=positions)


# --- following -----------------------------------------------------------------------------------


def test_at_first_everything_is_new(library, document):
    change = Scene(library).follow(document)
    assert change.added == {"load", "declick", "mix"}
    assert change.links == set(document.graph.links)
    assert not change.changed
    assert not change.moved


def test_the_same_document_makes_no_difference(scene, document):
    assert not scene.follow(document)


def test_a_moved_node_takes_its_links_along(scene, document):
    change = scene.follow(document.move("load", 8, 8))
    assert change.moved == {"load"}
    assert change.links == {DECLICK}
    assert not change.changed
    assert scene.box_of("load")[:2] == (8, 8)
    assert tuple(scene.boxes[0][:2]) == (8, 8)


def test_a_changed_parameter_changes_one_node_and_no_link(scene, document, library):
    graph = document.graph.set_param("declick", "threshold_db", 30.0, library)
    change = scene.follow(document.with_graph(graph))
    assert change.changed == {"declick"}
    assert not change.links


def test_a_link_changes_both_of_its_nodes(scene, document):
    graph = document.graph.disconnect(DECLICK)
    change = scene.follow(document.with_graph(graph))
    assert change.changed == {"load", "declick"}
    assert change.links_removed == {DECLICK}


def test_a_collapsed_node_changes_and_so_do_its_links(scene, document):
    change = scene.follow(replace(document, collapsed=frozenset({"load"})))
    assert change.changed == {"load"}
    assert change.links == {DECLICK}


def test_a_label_changes_its_node(scene, document):
    assert scene.follow(replace(document, labels={"mix": "Alles"})).changed == {"mix"}


def test_a_route_changes_its_link(scene, document):
    change = scene.follow(replace(document, routes={DECLICK: ((250.0, 200.0),)}))
    assert change.links == {DECLICK}
    assert len(scene.courses[DECLICK]) == 2


def test_a_removed_node_goes_with_its_links(scene, document):
    change = scene.follow(replace(document.with_graph(document.graph.remove("load")), positions={}))
    assert change.removed == {"load"}
    assert change.links_removed == {DECLICK}
    assert "load" not in scene.ids


def test_frames_and_notes_are_told_apart(scene, document):
    change = scene.follow(replace(document, frames=(Frame("A", 0, 0, 90, 90),)))
    assert (change.frames, change.notes) == (True, False)


def test_what_was_caught_up_with_is_told_by_the_next_follow(scene, document):
    scene.catch_up(document.move("load", 8, 8))
    scene.catch_up(scene.document.move("mix", 700, 0))
    change = scene.follow(scene.document)
    assert change.moved == {"load", "mix"}
    assert not scene.follow(scene.document)


def test_a_node_that_came_and_went_between_two_pictures_is_not_told(scene, document):
    scene.catch_up(document.with_graph(document.graph.add("gain", Node("gain"))))
    scene.catch_up(document)
    change = scene.follow(document)
    assert not change.added
    assert not change.removed


def test_a_node_that_went_and_came_again_is_drawn_anew(scene, document):
    scene.catch_up(replace(document.with_graph(document.graph.remove("load"))))
    scene.catch_up(document)
    change = scene.follow(document)
    assert "load" in change.changed
    assert "load" in change.moved
    assert DECLICK in change.links
    assert DECLICK not in change.links_removed


# --- places of nodes that have none --------------------------------------------------------------


def test_nodes_without_a_place_do_not_overlap(library, document):
    scene = Scene(library)
    scene.follow(replace(document, positions={}))
    xs = [scene.positions[name][0] for name in ("load", "declick", "mix")]
    assert xs == sorted(xs)
    assert xs[1] - xs[0] > WIDTH


def test_a_node_without_a_place_comes_below_the_others_and_stays_there(scene, document):
    graph = document.graph.add("gain", Node("gain"))
    scene.follow(document.with_graph(graph))
    place = scene.positions["gain"]
    assert place[1] > max(scene.box_of(name)[3] for name in ("load", "declick", "mix"))
    scene.follow(document.with_graph(graph).move("load", 0, 4000))
    assert scene.positions["gain"] == place


def test_another_document_is_laid_out_anew(library, document):
    scene, fresh = Scene(library), Scene(library)
    other = Document(Graph({"mix": Node("mix"), "load": Node("load"), "gain": Node("gain")}))
    scene.follow(replace(document, positions={}))
    scene.follow(other)
    fresh.follow(other)
    assert scene.positions == fresh.positions


# --- hits ----------------------------------------------------------------------------------------


def test_the_parts_of_a_node_are_hit(scene):
    x, y = scene.positions["declick"]
    shape = scene.shapes["declick"]
    assert scene.hit((x + 100, y + 10)).what == "title"
    assert scene.hit((x + 100, y + shape.strip_y + 5)).what == "strip"
    param = scene.hit((x + 100, y + shape.params[1].y + ROW / 2))
    assert (param.what, param.node_id, param.param) == ("param", "declick", shape.params[1].name)
    assert scene.hit((x + 100, y + HEAD + 12)).what == "node"


def test_ports_are_hit_from_outside_of_the_node_too(scene):
    x, y = scene.port_place("declick", "input", "audio")
    hit = scene.hit((x - 9, y + 3))
    assert (hit.what, hit.node_id, hit.side, hit.port) == ("port", "declick", "input", "audio")


def test_the_free_port_of_a_mix_is_hit(scene):
    assert scene.hit(scene.port_place("mix", "input", "tracks.2")).port == "tracks.2"


def test_a_port_is_hit_from_further_away_when_it_is_small(scene):
    x, y = scene.port_place("declick", "input", "audio")
    assert scene.hit((x - 25, y), zoom=1.0).what != "port"
    assert scene.hit((x - 25, y), zoom=0.25).what == "port"


def test_a_port_under_another_node_is_not_hit(scene, document):
    x, y = scene.port_place("load", "output", "audio")
    scene.follow(document.move("mix", x - 50, y - 50))
    assert scene.hit((x, y)).node_id == "mix"


def test_the_topmost_node_is_hit(scene, document):
    scene.follow(document.move("mix", 300, 0))
    assert scene.hit((400, 5)).node_id == "mix"


def test_a_link_is_hit_along_its_curve(scene):
    (x0, y0), (x1, y1) = (
        scene.port_place("load", "output", "audio"),
        scene.port_place("declick", "input", "audio"),
    )
    hit = scene.hit(((x0 + x1) / 2, (y0 + y1) / 2 + 4))
    assert (hit.what, hit.link) == ("link", DECLICK)
    assert scene.hit(((x0 + x1) / 2, (y0 + y1) / 2 + 30)).what == "nothing"


def test_a_routes_points_are_hit_before_its_link(scene, document):
    scene.follow(replace(document, routes={DECLICK: ((250.0, 300.0), (280.0, 400.0))}))
    hit = scene.hit((281.0, 401.0))
    assert (hit.what, hit.link, hit.index) == ("route", DECLICK, 1)


def test_a_links_hit_tells_which_part_of_its_route_it_is(scene, document):
    scene.follow(replace(document, routes={DECLICK: ((100.0, 600.0), (500.0, 600.0))}))
    hit = scene.hit((300.0, 600.0))
    assert (hit.what, hit.index) == ("link", 1)


def test_a_frame_is_hit_at_its_title_and_edges_and_not_inside(scene, document):
    scene.follow(replace(document, frames=(Frame("A", -100, 500, 400, 300),)))
    assert scene.hit((0, 515)).what == "frame"
    assert scene.hit((0, 650)).what == "nothing"
    corner = scene.hit((299, 799))
    assert (corner.what, corner.edge) == ("frame_edge", "bottom right")


def test_a_note_is_hit_inside_and_at_its_edges(scene, document):
    scene.follow(replace(document, notes=(Note("Hm", 0, 500, 200, 100),)))
    assert scene.hit((50, 550)).what == "note"
    assert scene.hit((199, 550)).edge == "right"


def test_a_box_selects_what_it_touches(scene, document):
    scene.follow(
        replace(document, frames=(Frame("A", -20, -60, 900, 600),), notes=(Note("", 0, 300, 60, 60),))
    )
    some = scene.inside((-10, -10, 310, 400))
    assert some.nodes == {"load", "declick"}
    assert some.notes == {0}
    assert not some.frames
    assert scene.inside((-100, -100, 1000, 1000)).frames == {0}


def test_an_empty_scene_holds_nothing(library):
    scene = Scene(library)
    assert scene.hit((0, 0)).what == "nothing"
    assert scene.bounds() is None
    assert not scene.inside((0, 0, 9, 9))


def test_the_bounds_hold_nodes_frames_and_notes(scene, document):
    scene.follow(replace(document, frames=(Frame("A", -100, -50, 90, 90),)))
    left, top, right, _bottom = scene.bounds()
    assert (left, top, right) == (-100, -50, 600 + WIDTH)
    assert scene.bounds(["load"])[0] == 0


def test_a_link_of_a_big_graph_is_hit(library):
    scene = Scene(library)
    scene.follow(big(library))
    begin, end = scene.port_place("n501", "output", "audio"), scene.port_place("n502", "input", "audio")
    assert scene.hit(((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2)).link.target == "n502"


def test_the_extent_holds_links_that_run_around_their_nodes(library):
    nodes = {"load": Node("load"), "gain": Node("gain")}
    graph = Graph(nodes, (Link("load", "audio", "gain", "audio"),))
    # The target lies left of its source: the link goes out at the right and comes in from the left.
    document = Document(graph, positions={"load": (600.0, 0.0), "gain": (0.0, 300.0)})
    scene = Scene(library)
    scene.follow(document)
    bounds, extent = scene.bounds(), scene.extent()
    assert extent[0] < bounds[0] - 10
    assert extent[2] > bounds[2] + 10
    assert Scene(library).extent() is None
