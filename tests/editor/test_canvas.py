"""The canvas as a user has it: it draws what the document holds, and the mouse moves the view."""

import dataclasses
import random

import dearpygui.dearpygui as dpg
import pytest

from nodegraph.document import Document, Frame, Note
from nodegraph.editor.canvas import sights
from nodegraph.editor.canvas.canvas import Canvas
from nodegraph.editor.canvas.pen import dashes
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.edits import add_node
from nodegraph.editor.desk.states import NodeState, PortRef
from nodegraph.editor.space.corners import HOME
from nodegraph.editor.space.overlay import LinkDraft, Overlay
from nodegraph.editor.space.view import View, between
from nodegraph.editor.window.window import Window
from nodegraph.graph import Graph, Link, Node

CLICKS = Link("load", "audio", "declick", "audio")


def chain() -> Document:
    nodes = {"load": Node("load"), "declick": Node("repair.declick"), "gain": Node("gain")}
    links = (CLICKS, Link("declick", "audio", "gain", "audio"))
    positions = {"load": (0.0, 0.0), "declick": (300.0, 0.0), "gain": (600.0, 200.0)}
    return Document(Graph(nodes, links), positions=positions)


@pytest.fixture
def canvas(studio, open_window):
    """An open canvas with a chain of three nodes; returns it and a user."""
    canvas = Canvas(studio)
    studio.prefer(window=(1280, 800), panes={"left": 0, "right": 0, "bottom": 0})
    window = Window(studio, {"canvas": canvas})
    user = open_window(window)
    studio.desk.open(chain(), None)
    user.frames(3)
    canvas.user = user
    return canvas


def shown(picture) -> bool:
    bundle = picture._member._bundle.pen
    return all(dpg.get_item_configuration(pen.parent)["show"] for pen in (bundle, picture._member.pen))


def test_every_node_and_link_is_drawn(canvas, studio):
    assert canvas._picture.nodes.keys() == {"load", "declick", "gain"}
    assert set(canvas._picture.links) == set(studio.desk.document.graph.links)
    assert all(shown(node) for node in canvas._picture.nodes.values())


def drawn_order(canvas) -> list[str]:
    """Return the nodes as DearPyGui draws them, the topmost last."""
    names = {node._member.pen.parent: name for name, node in canvas._picture.nodes.items()}
    layer = canvas._plot.layers["nodes"].parent
    return [
        names[item] for bundle in dpg.get_item_children(layer, 2) for item in dpg.get_item_children(bundle, 2)
    ]


def test_the_node_last_touched_is_drawn_and_hit_on_top(canvas, studio):
    desk, scene = studio.desk, studio.scene
    desk.edit(desk.document.move("gain", 40.0, 16.0), "Move")
    canvas.user.frames(3)
    both = canvas.to_screen((120.0, 30.0))
    assert scene.hit((120.0, 30.0)).node_id == drawn_order(canvas)[-1] == "gain"
    before, steps = desk.document, desk.history.undo_label
    canvas.user.click(*canvas.to_screen((20.0, 8.0)))
    assert scene.hit((120.0, 30.0)).node_id == drawn_order(canvas)[-1] == "load"
    canvas.user.click(*both)
    assert desk.selection.nodes == {"load"}
    assert (desk.document, desk.history.undo_label) == (before, steps)
    document, added = add_node(desk.document, "gain", (10.0, 10.0), studio.library)
    desk.edit(document, "Add")
    canvas.user.frames(2)
    assert scene.hit((120.0, 30.0)).node_id == drawn_order(canvas)[-1] == added


def test_many_lifted_nodes_leave_no_empty_bundles(canvas, studio):
    document = Document(Graph({f"gain{number}": Node("gain") for number in range(60)}))
    studio.desk.open(document, None)
    canvas.user.frames(3)
    chance = random.Random(2)
    for _round in range(150):
        studio.desk.select(Selection(frozenset(chance.sample(sorted(document.graph.nodes), 2))))
        canvas.user.frames(1)
    assert drawn_order(canvas) == list(studio.scene.ids)
    bundles = dpg.get_item_children(canvas._plot.layers["nodes"].parent, 2)
    assert all(dpg.get_item_children(bundle, 2) for bundle in bundles[:-1])
    assert all(map(shown, canvas._picture.nodes.values()))


@pytest.mark.pixels
def test_the_node_last_touched_is_seen_on_top(canvas, studio, tmp_path):
    from PIL import Image

    desk = studio.desk
    desk.edit(desk.document.move("gain", 0.0, 40.0), "Move")
    canvas.user.frames(3)
    # The title of the one below, beside its text.
    x, y = (round(at) for at in canvas.to_screen((190.0, 46.0)))
    seen = []
    for name in ("gain", "load", "gain"):
        desk.select(Selection(frozenset({name})))
        canvas.user.frames(3)
        picture = Image.open(canvas.user.shot(tmp_path / f"{len(seen)}.png")).convert("RGB")
        seen.append(picture.getpixel((x, y)))
    assert seen[0] == seen[2] != seen[1]


def test_a_place_on_the_screen_and_on_the_canvas_agree(canvas):
    assert canvas.to_canvas(canvas.to_screen((123.0, 45.0))) == pytest.approx((123.0, 45.0))


def test_what_the_plot_shows_is_what_the_view_says(canvas, studio):
    canvas.user.wheel(500, 400, 3)
    canvas.user.frames(2)
    canvas.user.move(600, 300)
    assert dpg.get_plot_mouse_pos() == pytest.approx(canvas.to_canvas((600, 300)), abs=0.5)


def test_the_wheel_zooms_at_the_pointer(canvas, studio):
    user, before = canvas.user, studio.view.zoom
    place = canvas.to_canvas((700, 400))
    for notches in (2, -1, 3, -4, 1):
        user.wheel(700, 400, notches)
    assert studio.view.zoom == pytest.approx(before * 1.15)
    assert canvas.to_canvas((700, 400)) == pytest.approx(place, abs=1e-6)


def test_the_wheel_with_shift_moves_the_view_across(canvas, studio):
    before = studio.view
    canvas.user.move(700, 400)
    canvas.user._hold("Shift", True)
    canvas.user.wheel(700, 400, -1)
    canvas.user._hold("Shift", False)
    assert studio.view.zoom == before.zoom
    assert studio.view.x > before.x


@pytest.mark.parametrize(("button", "held"), [(2, ""), (0, "Space")])
def test_the_view_is_pulled_with_the_middle_button_or_with_space(canvas, studio, button, held):
    user, selection = canvas.user, studio.desk.selection
    place = canvas.to_canvas((640, 420))
    user.drag((640, 420), (760, 380), button=button, held=held)
    assert canvas.to_canvas((760, 380)) == pytest.approx(place, abs=1e-6)
    assert studio.desk.selection == selection


def test_home_shows_everything_and_the_flight_ends(canvas, studio):
    canvas.user.wheel(700, 400, 12)
    assert studio.actions.do("view.fit_all")
    canvas.user.wait(lambda: not canvas.sights.moving, what="the end of the flight")
    left, top, right, bottom = studio.scene.bounds()
    x0, y0, x1, y1 = studio.view.box
    assert x0 < left < right < x1
    assert y0 < top < bottom < y1


def test_the_selection_can_be_shown_alone(canvas, studio):
    studio.desk.select(Selection(nodes=frozenset({"gain"})))
    studio.actions.do("view.fit_selection")
    canvas.user.wait(lambda: not canvas.sights.moving)
    x, _y = canvas.to_screen((708.0, 260.0))
    assert x == pytest.approx(canvas.studio.canvas.x + canvas.studio.canvas.width / 2, abs=2)


def test_the_view_glides_to_a_node_that_is_out_of_sight(canvas, studio):
    begin = studio.view
    canvas.sights.go_to("gain")
    assert not canvas.sights.moving
    studio.desk.edit(studio.desk.document.move("gain", 9000.0, 5000.0), "Move")
    canvas.sights.go_to("gain")
    assert studio.view == begin
    seen = []
    while canvas.sights.moving:
        canvas.user.frames(1)
        seen.append(studio.view.x)
    assert sights._FLIGHT_S <= 0.2
    assert seen == sorted(seen)
    left, top, right, bottom = studio.scene.box_of("gain")
    assert studio.view.middle == pytest.approx(((left + right) / 2, (top + bottom) / 2))
    assert studio.view.zoom == begin.zoom


def test_the_mouse_interrupts_a_glide(canvas, studio, monkeypatch):
    monkeypatch.setattr(sights, "_FLIGHT_S", 60.0)
    studio.desk.edit(studio.desk.document.move("gain", 9000.0, 5000.0), "Move")
    canvas.user.move(400, 300)
    canvas.sights.go_to("gain")
    canvas.user.press(2)
    assert not canvas.sights.moving
    canvas.user.release(2)
    assert studio.view.middle[0] < 9000.0


def test_nothing_glides_for_who_likes_no_movement(canvas, studio):
    studio.prefer(glide=False)
    studio.desk.edit(studio.desk.document.move("gain", 9000.0, 5000.0), "Move")
    canvas.sights.go_to("gain")
    assert not canvas.sights.moving
    assert studio.view.box[0] < 9000.0 < studio.view.box[2]


def test_the_zoom_can_be_changed_without_a_wheel(canvas, studio):
    before = studio.view.zoom
    for name, factor in (("view.zoom_in", 1.25), ("view.zoom_out", 1.0), ("view.zoom_reset", 1 / before)):
        studio.actions.do(name)
        canvas.user.wait(lambda: not canvas.sights.moving)
        assert studio.view.zoom == pytest.approx(before * factor)


def test_what_is_out_of_sight_is_hidden(canvas, studio):
    studio.view = dataclasses.replace(studio.view, x=5000.0)
    canvas.user.frames(2)
    assert not any(shown(node) for node in canvas._picture.nodes.values())
    assert not any(shown(link) for link in canvas._picture.links.values())


def test_from_afar_the_small_items_are_hidden(canvas, studio):
    node = canvas._picture.nodes["declick"]
    for zoom, near, far in ((1.0, True, False), (0.3, False, True), (0.1, False, False)):
        studio.view = dataclasses.replace(studio.view, zoom=zoom, x=-100.0, y=-100.0)
        canvas.user.frames(2)
        looks = {level: dpg.get_item_configuration(pen.parent)["show"] for level, pen in node._looks.items()}
        assert looks.get("near", False) is near
        assert looks.get("far", False) is far


def test_only_the_node_whose_parameter_changed_is_drawn_anew(canvas, studio):
    before = {name: dict(node._outlines) for name, node in canvas._picture.nodes.items()}
    graph = studio.desk.document.graph.set_param("gain", "gain_db", -6.0, studio.library)
    studio.desk.edit(studio.desk.document.with_graph(graph), "Gain")
    canvas.user.frames(1)
    after = {name: dict(node._outlines) for name, node in canvas._picture.nodes.items()}
    assert {name for name in after if after[name] != before[name]} == {"gain"}


def test_a_moved_node_is_not_drawn_anew_and_its_link_follows(canvas, studio):
    before = dict(canvas._picture.nodes["declick"]._outlines)
    studio.desk.edit(studio.desk.document.move("declick", 320.0, 50.0), "Move")
    canvas.user.frames(1)
    assert canvas._picture.nodes["declick"]._outlines == before
    assert canvas._picture.links[CLICKS].curves == studio.scene.courses[CLICKS]


def test_removed_nodes_and_links_vanish_and_come_back(canvas, studio):
    for edit in (lambda: studio.desk.edit(Document(), "Clear"), studio.desk.undo, studio.desk.redo):
        edit()
        canvas.user.frames(2)
        graph = studio.desk.document.graph
        assert canvas._picture.nodes.keys() == graph.nodes.keys()
        assert set(canvas._picture.links) == set(graph.links)


def test_a_state_is_drawn_when_it_is_known(canvas, studio):
    studio.desk.know({"gain": NodeState("failed", reason="It broke. Mend it.")})
    canvas.user.frames(1)
    face = canvas._picture.nodes["gain"].face
    assert (face.status, face.reason) == ("failed", ("It broke.",))


def test_listening_is_marked_at_the_port(canvas, studio):
    studio.desk.listen_to(PortRef("declick", "audio"), PortRef("load", "audio"))
    canvas.user.frames(1)
    badges = [port.badge for port in canvas._picture.nodes["load"].face.ports]
    assert badges == ["B"]


def test_an_empty_canvas_says_how_to_begin(canvas, studio):
    studio.desk.open(Document(), None)
    canvas.user.frames(2)
    assert dpg.get_item_children(canvas._invitation.parent, 2)
    studio.desk.edit(Document(Graph({"a": Node("gain")})), "Add")
    canvas.user.frames(2)
    assert not dpg.get_item_children(canvas._invitation.parent, 2)


def test_a_click_on_the_minimap_jumps_there(canvas, studio):
    studio.view = dataclasses.replace(studio.view, x=-3000.0, zoom=1.0)
    canvas.user.frames(20)
    canvas.user.click(*canvas.minimap_on_screen((700.0, 250.0)))
    width, height = studio.view.width, studio.view.height
    assert studio.view.to_canvas(width / 2, height / 2) == pytest.approx((700.0, 250.0), abs=8)
    assert studio.desk.selection == Selection()


def test_the_minimap_can_be_put_away_and_stays_away(canvas, studio):
    studio.actions.do("view.minimap")
    canvas.user.frames(2)
    assert not studio.settings.minimap
    assert not dpg.get_item_configuration(canvas._minimap._window)["show"]


def test_the_mouse_over_a_node_marks_it_and_a_click_selects_it(canvas, studio):
    user = canvas.user
    user.move(*canvas.title_on_screen("gain"))
    assert canvas.gestures.overlay.hovered_node == "gain"
    user.click(*canvas.title_on_screen("gain"))
    assert studio.desk.selection.nodes == {"gain"}


def test_a_lasso_selects_and_leaves_nothing_behind(canvas, studio):
    user = canvas.user
    user.drag(canvas.to_screen((-30, -40)), canvas.to_screen((560, 240)))
    assert studio.desk.selection.nodes == {"load", "declick"}
    user.frames(2)
    assert canvas.gestures.overlay.lasso is None


def test_a_drag_at_the_edge_moves_the_view(canvas, studio):
    user = canvas.user
    pane, before = canvas.studio.canvas, studio.view.x
    user.move(*canvas.to_screen((250, 350)))
    user.press()
    user.move(pane.x + pane.width / 2, pane.y + pane.height / 2)
    user.move(pane.x + pane.width - 3, pane.y + pane.height / 2)
    user.wait(lambda: studio.view.x > before + 50, what="the view to move")
    user.release()
    after = studio.view.x
    user.frames(5)
    assert studio.view.x == after


def test_escape_ends_a_drag_as_if_it_had_not_begun(canvas, studio):
    user, before = canvas.user, studio.desk.document
    user.move(*canvas.title_on_screen("gain"))
    user.press()
    user.move(300, 300)
    user.move(340, 360)
    assert studio.desk.document != before
    user.key("Escape")
    assert studio.desk.document == before
    user.release()
    assert studio.desk.document == before


def test_a_node_is_dragged_with_the_mouse_in_one_step(canvas, studio):
    x, y = canvas.title_on_screen("gain")
    before = studio.scene.positions["gain"]
    canvas.user.drag((x, y), (x + 80, y - 60))
    after = studio.scene.positions["gain"]
    assert after[0] > before[0] + 50
    assert after[1] < before[1] - 30
    studio.desk.undo()
    canvas.user.frames(2)
    assert studio.scene.positions["gain"] == before


def test_two_ports_are_linked_with_the_mouse(canvas, studio):
    link = Link("declick", "removed", "gain", "audio")
    begin = canvas.port_on_screen("declick", "output", "removed")
    canvas.user.drag(begin, canvas.port_on_screen("gain", "input", "audio"))
    assert link in studio.desk.document.graph.links
    assert link in canvas._picture.links


def test_a_slider_is_pulled_in_the_node(canvas, studio):
    x, y = canvas.param_on_screen("declick", "threshold_db")
    before = canvas._picture.nodes["declick"].face.rows[0]
    canvas.user.drag((x, y), (x + 60, y))
    after = canvas._picture.nodes["declick"].face.rows[0]
    assert after.share > before.share
    assert studio.desk.document.graph.nodes["declick"].params["threshold_db"] > 24


def test_a_click_on_an_output_listens_there(canvas, studio):
    canvas.user.click(*canvas.port_on_screen("declick", "output", "removed"))
    assert studio.desk.monitor == PortRef("declick", "removed")
    ports = canvas._picture.nodes["declick"].face.ports
    assert [port.place.name for port in ports if port.badge == "A"] == ["removed"]


def test_a_parameter_is_explained_where_the_pointer_rests(canvas, studio):
    canvas.user.move(*canvas.param_on_screen("declick", "threshold_db"))
    canvas.user.wait(lambda: canvas._overlay._shown.reason.startswith("How much"), what="the hint")


def test_every_overlay_can_be_drawn(canvas, studio):
    draft = LinkDraft((220.0, 60.0), (400.0, 200.0), "Audio", legal=False)
    lit = frozenset({("gain", "input", "audio"), ("nobody", "input", "audio")})
    overlay = Overlay(
        draft=draft,
        lit=lit,
        reason="That would make a loop.",
        lasso=(0, 0, 50, 50),
        guides=((0, 0, 0, 400),),
        split=CLICKS,
        knife=((0, 0), (50, 50), (90, 40)),
        hovered_port=("gain", "input", "audio"),
    )
    for each in (overlay, dataclasses.replace(overlay, draft=None), Overlay()):
        canvas._overlay.follow(each, studio.view, (10.0, 10.0), (0, 0, 50, 20))
        canvas.user.pump()
    assert not dpg.get_item_children(canvas._overlay._top.parent, 2)


def test_frames_and_notes_are_drawn(canvas, studio):
    document = dataclasses.replace(
        studio.desk.document,
        frames=(Frame("Größe", -20, -60, 600, 400),),
        notes=(Note("Erst die Knackser.", 0, 400, 200, 80), Note("", 300, 400, 200, 80)),
    )
    studio.desk.edit(document, "Frame")
    studio.desk.select(Selection(frames=frozenset({0}), notes=frozenset({1})))
    canvas.user.frames(2)
    layers = canvas._plot.layers
    assert all(dpg.get_item_children(layers[name].parent, 2) for name in ("frames", "notes"))


def test_another_theme_and_language_draw_everything_anew(canvas, studio):
    for changes in ({"theme": "light"}, {"ui_scale": 1.5}, {"language": "de"}):
        studio.prefer(**changes)
        canvas.user.frames(3)
        assert canvas._picture.nodes.keys() == {"load", "declick", "gain"}
        assert dpg.get_item_children(canvas._picture.nodes["gain"]._member.pen.parent, 2)


def test_what_is_drawn_agrees_with_the_document_after_many_edits(canvas, studio):
    """Add, remove, link, move, collapse, bypass, undo, redo, in a seeded order."""
    desk, library = studio.desk, studio.library
    chance = random.Random(5)
    kinds = ("gain", "mix", "repair.declick", "acme.thing")

    def once() -> Document:
        document = desk.document
        graph, ids = document.graph, list(document.graph.nodes)
        name = chance.choice(ids) if ids else ""
        match chance.randrange(6) if ids else 0:
            case 0:
                kind = chance.choice(kinds)
                return document.with_graph(graph.add(graph.new_id(kind), Node(kind)))
            case 1:
                return document.with_graph(graph.remove(name))
            case 2:
                link = Link(chance.choice(ids), "audio", name, chance.choice(("audio", "tracks.1")))
                legal = graph.link_problem(link, library) is None
                return document.with_graph(graph.connect(link, library)) if legal else document
            case 3:
                return document.move(name, chance.uniform(-900, 900), chance.uniform(-900, 900))
            case 4:
                return dataclasses.replace(document, collapsed=document.collapsed ^ {name})
            case _:
                return document.with_graph(graph.bypass(name, bypassed=chance.random() < 0.5))

    for number in range(120):
        (desk.undo, desk.redo)[number % 2]() if chance.random() < 0.25 else desk.edit(once(), "Edit")
        desk.select(Selection(frozenset(sorted(desk.document.graph.nodes)[number % 3 :: 5])))
        if number % 3 == 0:
            canvas.user.pump()
            assert drawn_order(canvas) == list(studio.scene.ids)
    canvas.sights.fit_all(at_once=True)
    canvas.user.frames(4)
    graph, picture = desk.document.graph, canvas._picture
    assert picture.nodes.keys() == graph.nodes.keys()
    assert set(picture.links) == set(graph.links)
    assert all(shown(node) for node in picture.nodes.values())
    for name, node in picture.nodes.items():
        assert node.face == picture._face(name)
    assert all(picture.links[link].curves == studio.scene.courses[link] for link in graph.links)


@pytest.mark.pixels
def test_a_node_has_the_colours_of_the_theme(canvas, studio, tmp_path):
    from PIL import Image

    studio.view = dataclasses.replace(studio.view, x=-100.0, y=-100.0, zoom=1.0)
    canvas.user.move(canvas.studio.canvas.x + 5, canvas.studio.canvas.y + 5)
    picture = Image.open(canvas.user.shot(tmp_path / "canvas.png")).convert("RGB")
    for place, colour in (
        ((200.0, 10.0), studio.colours.families["source"]),
        ((20.0, 40.0), studio.colours.node),
    ):
        x, y = canvas.to_screen(place)
        assert picture.getpixel((int(x), int(y))) == colour


@pytest.mark.pixels
def test_text_is_as_wide_as_the_table_of_advances_says(canvas):
    from nodegraph.editor.look.typefaces import FONTS
    from nodegraph.editor.look.typesetting import text_width

    for text in ("Größe", "Threshold 12.5 dB", "Wow & flutter – 78 €"):
        for font, bold in ((FONTS.regular, False), (FONTS.bold, True)):
            width, _height = dpg.get_text_size(text, font=font)
            # DearPyGui rounds up to whole pixels.
            assert text_width(text, 16, bold=bold) == pytest.approx(width, abs=1.2)


def test_a_flight_begins_and_ends_where_it_should():
    begin, end = View(x=0, y=0, zoom=1), View(x=500, y=-200, zoom=0.25)
    for share, view in ((0.0, begin), (1.0, end)):
        on_the_way = between(begin, end, share)
        assert (on_the_way.x, on_the_way.y, on_the_way.zoom) == pytest.approx((view.x, view.y, view.zoom))


def test_dashes_cover_a_share_of_a_line_and_stay_on_it():
    lines = dashes([(0, 0), (100, 0), (100, 50)], 7, 5)
    length = sum(abs(x1 - x0) + abs(y1 - y0) for (x0, y0), (x1, y1) in lines)
    assert length == pytest.approx(150 * 7 / 12, abs=7)
    assert all(y == 0 or x == 100 for line in lines for x, y in line)


def test_a_node_can_be_shown_in_the_frame_in_which_it_came(canvas, studio):
    document, node_id = add_node(studio.desk.document, "gain", (2000.0, 900.0), studio.library)
    studio.desk.edit(document, "Add a node")
    studio.desk.select(Selection(nodes=frozenset({node_id})))
    studio.actions.do("view.fit_selection")
    canvas.user.wait(lambda: not canvas.sights.moving)
    x, _y = canvas.to_screen((2108.0, 960.0))
    assert x == pytest.approx(canvas.studio.canvas.x + canvas.studio.canvas.width / 2, abs=2)


def test_the_minimap_leaves_the_corner_of_a_selected_node_and_comes_back(canvas, studio):
    corner = canvas._minimap.size.box(HOME, studio.view.width, studio.view.height)
    place = studio.view.to_canvas(corner[0] + 10, corner[1] + 10)
    studio.desk.edit(studio.desk.document.move("gain", *place), "Move")
    studio.desk.select(Selection(frozenset({"gain"})))
    canvas.user.frames(3)
    assert canvas._minimap.corner != HOME
    pane = dpg.get_item_pos("pane.canvas")
    assert dpg.get_item_pos(canvas._minimap._window)[1] < pane[1] + studio.view.height / 2
    studio.desk.edit(studio.desk.document.move("gain", 0.0, 0.0), "Move")
    canvas.user.frames(3)
    assert canvas._minimap.corner == HOME
