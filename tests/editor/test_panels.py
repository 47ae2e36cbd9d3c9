"""Palette, outline, search and sheets, used as a user does."""

import dearpygui.dearpygui as dpg
import pytest
from panel_scene import GRAPH, texts_of

from nodegraph.editor.desk.keymap import Chord, chord_text
from nodegraph.editor.panels.fields import typing
from nodegraph.editor.words import use_language
from nodegraph.editor.words.catalogue import catalogue_file
from nodegraph.editor.words.names import kind_name
from nodegraph.editor.words.prose import paragraphs
from nodegraph.graph import Link

# --- finding and adding ---------------------------------------------------------------------------


def test_tab_searches_and_enter_adds_what_was_found(scene):
    scene.user.key("Tab")
    scene.user.frames(4)
    scene.user.type("dehum")
    scene.enter(lambda: "dehum" in scene.graph.nodes)
    assert scene.graph.nodes["dehum"].kind == "repair.dehum"
    assert scene.desk.selection.nodes == {"dehum"}
    assert not dpg.does_item_exist("finder")


def test_enter_that_is_held_adds_a_node_and_opens_nothing(scene):
    scene.user.move(640, 700)
    scene.do("node.add")
    scene.user.type("gain")
    # More repeats would choose what they had opened.
    scene.user.hold("Enter", repeats=1)
    scene.user.frames(6)
    assert len(scene.graph.nodes) == len(GRAPH.nodes) + 1
    assert not any(map(dpg.does_item_exist, ("finder", "menu.context", "entry")))
    scene.enter(lambda: dpg.does_item_exist("menu.context"))


def test_escape_that_is_held_closes_one_thing(scene):
    scene.do("help.tour")
    scene.do("node.add")
    scene.user.hold("Escape")
    assert not dpg.does_item_exist("finder")
    assert dpg.does_item_exist("tour")
    scene.user.key("Escape")
    assert not dpg.does_item_exist("tour")


def test_an_arrow_that_is_held_goes_on_through_a_list(scene):
    scene.do("node.add")
    scene.user.hold("Down", repeats=4)
    assert not any(dpg.get_value(f"finder.row.{row}") for row in range(3))


def test_arrows_move_through_what_was_found(scene):
    scene.do("node.add")
    scene.user.type("decl")
    scene.user.wait(lambda: dpg.get_value("finder.row.0"))
    scene.user.key("Down")
    # A slow machine takes a key for held down, and repeats it.
    marked = next(row for row in range(1, 9) if dpg.get_value(f"finder.row.{row}"))
    wanted = dpg.get_item_label(f"finder.row.{marked}")
    scene.enter(lambda: len(scene.graph.nodes) > 4)
    (added,) = scene.desk.selection.nodes
    assert kind_name(scene.graph.nodes[added].kind) == wanted


def test_escape_closes_the_search_and_adds_nothing(scene):
    takers = list(scene.studio.takers)
    scene.do("node.add")
    scene.user.type("gain")
    scene.user.key("Escape")
    assert not dpg.does_item_exist("finder")
    assert scene.graph is GRAPH
    assert scene.studio.takers == takers


def test_what_was_chosen_is_done_also_if_another_list_opens_meanwhile(scene):
    scene.do("edit.find")
    scene.user.type("gain")
    # Both happen before the next frame.
    assert scene.studio.takers[-1](Chord("Enter"))
    assert scene.studio.actions.do("view.commands")
    scene.user.frames(8)
    assert scene.desk.selection.nodes == {"gain"}


def test_what_was_chosen_for_a_node_that_goes_meanwhile_is_not_done(scene):
    scene.select("gain")
    scene.do("node.swap")
    scene.user.type("limiter")
    scene.studio.actions.do("edit.delete")
    assert scene.studio.takers[-1](Chord("Enter"))
    scene.user.frames(8)
    assert "gain" not in scene.graph.nodes
    assert not any(node.kind == "level.limiter" for node in scene.graph.nodes.values())


def test_a_click_elsewhere_closes_the_search(scene):
    scene.do("node.add")
    scene.user.click(20, 500)
    scene.user.frames(3)
    scene.user.key("F9")
    assert not dpg.does_item_exist("finder")


def test_an_unavailable_node_is_dimmed_and_says_what_to_install(scene, library, monkeypatch):
    monkeypatch.setattr(
        library, "unavailable", lambda spec: "Run: pip install x" if spec.kind == "gain" else None
    )
    scene.do("node.add")
    scene.user.type("gain")
    assert dpg.get_value("finder.text") == "Run: pip install x"
    scene.user.key("Enter")
    assert scene.graph is GRAPH
    assert dpg.does_item_exist("finder")


def test_shortcuts_are_ignored_while_text_is_typed(scene):
    scene.select("gain")
    scene.click_text("palette.query", "x")
    assert typing()
    scene.user.key("Delete")
    scene.user.key("H")
    assert set(scene.graph.nodes) == set(GRAPH.nodes)
    assert not scene.desk.document.collapsed


def test_the_palette_finds_and_enter_adds(scene):
    scene.click_text("palette.query", "loudness")
    scene.user.key("Enter")
    assert scene.graph.nodes["loudness"].kind == "level.loudness"


def test_a_click_in_the_palette_adds_in_the_middle_of_what_is_seen(scene):
    scene.click_text("palette.query", "hum")
    scene.user.frames(2)
    scene.user.click_item("palette.row.0")
    x, y = scene.desk.document.positions["dehum"]
    left, top, right, bottom = scene.studio.view.box
    assert left < x < right
    assert top < y < bottom
    assert scene.studio.settings.recent_kinds == ("repair.dehum",)


def test_dragging_from_the_palette_adds_where_it_is_dropped(scene):
    scene.click_text("palette.query", "hum")
    scene.user.frames(2)
    x, y = dpg.get_item_pos("pane.canvas")
    scene.user.drag(scene.user.middle("palette.row.0"), (x + 150, y + 200))
    scene.user.frames(3)
    place = scene.desk.document.positions["dehum"]
    wanted = scene.studio.view.to_canvas(150, 200)
    assert place == pytest.approx((wanted[0] - 108, wanted[1] - 15), abs=3)


def test_a_favourite_stands_first(scene):
    scene.studio.prefer(favourites=("tone.eq",))
    scene.user.frames(3)
    assert dpg.get_item_label("palette.row.0") == "Equaliser"


# --- commands, and nodes of the graph -------------------------------------------------------------


def test_the_command_palette_lists_keys_and_does_a_command(scene):
    scene.user.key("Ctrl+Shift+P")
    scene.user.frames(4)
    scene.user.type("nodes to add")
    scene.enter(lambda: dpg.is_item_focused("palette.query"))
    assert not dpg.does_item_exist("finder")


def test_the_command_palette_undoes(scene):
    scene.select("gain")
    scene.click_text("param.gain_db.text", "6")
    scene.user.key("Enter")
    assert scene.param("gain", "gain_db") == 6
    scene.user.key("Ctrl+Shift+P")
    scene.user.frames(4)
    scene.user.type("undo")
    scene.enter(lambda: scene.param("gain", "gain_db") != 6)
    assert scene.param("gain", "gain_db") == 3


def test_a_node_is_found_by_its_german_label(scene):
    scene.user.key("Ctrl+F")
    scene.user.frames(4)
    scene.user.type("räume")
    scene.enter(lambda: scene.desk.selection)
    assert scene.desk.selection.nodes == {"gain"}


# --- the outline ----------------------------------------------------------------------------------


def test_the_outline_lists_nodes_in_order_and_follows_the_selection(scene):
    scene.do("view.outline")
    scene.select("declick")
    assert dpg.get_value("outline.row.declick")
    assert not dpg.get_value("outline.row.gain")
    tops = [dpg.get_item_rect_min(f"outline.row.{each}")[1] for each in ("load", "declick", "gain", "mix")]
    assert tops == sorted(tops)


def test_the_outline_is_used_by_keyboard(scene):
    scene.do("view.outline")
    scene.user.key("Down")
    assert scene.desk.selection.nodes
    for _time in range(6):
        scene.user.key("Down")
    assert scene.desk.selection.nodes == {"mix"}
    scene.enter(lambda: dpg.does_item_exist("menu.context.row.0"))
    assert dpg.get_item_label("menu.context.row.0") == "Gains"


def test_typing_filters_the_outline(scene):
    scene.do("view.outline")
    scene.user.type("öffnen")
    scene.user.frames(3)
    assert dpg.does_item_exist("outline.row.gain")
    assert not dpg.does_item_exist("outline.row.mix")


def test_a_click_in_the_outline_selects(scene):
    scene.do("view.outline")
    scene.user.click_item("outline.row.mix")
    assert scene.desk.selection.nodes == {"mix"}


# --- at the node ----------------------------------------------------------------------------------


def test_parameters_are_edited_by_keyboard_alone(scene):
    scene.select("gain")
    scene.user.move(5, 5)
    scene.enter(lambda: dpg.does_item_exist("menu.context"))
    scene.enter(lambda: dpg.does_item_exist("entry.text"))
    scene.user.key("Ctrl+A")
    scene.user.type("3*2")
    scene.user.key("Enter")
    assert scene.param("gain", "gain_db") == 6


def test_f2_names_a_node_and_escape_leaves_it(scene):
    scene.select("load")
    scene.user.key("F2")
    scene.user.frames(4)
    scene.user.type("Band A")
    scene.user.key("Enter")
    assert scene.desk.document.labels["load"] == "Band A"
    scene.user.key("F2")
    scene.user.frames(4)
    scene.user.type("Nein")
    scene.user.key("Escape")
    assert scene.desk.document.labels["load"] == "Band A"


def test_a_node_is_swapped_and_keeps_its_links(scene):
    scene.select("declick")
    scene.user.key("Shift+S")
    scene.user.frames(4)
    scene.user.type("denoise")
    scene.enter(lambda: "denoise" in scene.graph.nodes)
    assert scene.graph.nodes["denoise"].kind == "repair.denoise"
    assert Link("denoise", "audio", "gain", "audio") in scene.graph.links


# --- sheets ---------------------------------------------------------------------------------------


def test_the_cheat_sheet_lists_every_action_with_its_keys(scene):
    scene.user.key("Ctrl+Slash")
    scene.user.frames(3)
    shown = texts_of("keys")
    for action in scene.studio.actions:
        assert action.text in shown
        for chord in scene.studio.keymap.chords(action.name):
            assert any(chord_text(chord) in text for text in shown)
    scene.user.key("Escape")
    assert not dpg.does_item_exist("keys")


def test_f1_shows_the_page_of_the_node(scene):
    scene.select("declick")
    scene.user.key("F1")
    scene.user.frames(3)
    shown = "\n".join(texts_of("help"))
    spec = scene.studio.library.specs["repair.declick"]
    assert spec.summary in shown
    assert "6 to 60 dB" in shown
    assert "Godsill" in shown


def test_the_page_of_a_node_is_german_to_its_last_paragraph(scene):
    scene.select("declick")
    use_language("de")
    scene.user.key("F1")
    scene.user.frames(3)
    shown = texts_of("help")
    spec = scene.studio.library.specs["repair.declick"]
    for english in (spec.summary, *paragraphs(spec.text), *(param.text for param in spec.params)):
        (german_text,) = catalogue_file("nodes", "de")[english]
        assert german_text in shown


def test_a_key_is_remapped_and_the_conflict_is_told(scene):
    scene.do("edit.preferences")
    scene.user.click_item("preferences.query")
    scene.user.key("Ctrl+A")
    scene.user.type("Rename")
    scene.user.frames(3)
    scene.user.click_item("preferences.key.node.rename")
    scene.user.key("Ctrl+F")
    scene.user.frames(4)
    assert str(scene.studio.keymap.chords("node.rename")[0]) == "Ctrl+F"
    assert "Find a node" in dpg.get_value("preferences.conflict")
    scene.user.key("Escape")
    scene.select("load")
    scene.user.key("Ctrl+F")
    scene.user.frames(3)
    assert dpg.does_item_exist("entry.text")


def test_the_room_for_results_is_chosen(scene):
    shelf = scene.studio.cache.shelf
    scene.do("edit.preferences")
    assert str(shelf.folder) in dpg.get_value("preferences.room.used")
    scene.click_text("preferences.room", "0,1")
    scene.user.key("Tab")
    scene.user.wait(lambda: dpg.is_item_shown("preferences.room.refusal"), what="the refusal")
    assert shelf.kept_limit is None
    scene.click_text("preferences.room", "2,5")
    scene.user.key("Tab")
    scene.user.wait(lambda: shelf.kept_limit == 2_500_000_000, what="the limit")
    scene.user.wait(lambda: "of 2.5 GB" in dpg.get_value("preferences.room.used"))
    assert not dpg.is_item_shown("preferences.room.refusal")
    scene.click_text("preferences.room", "")
    scene.user.key("Backspace")
    scene.user.key("Tab")
    scene.user.wait(lambda: shelf.kept_limit is None, what="no limit")
    scene.user.click_item("preferences.room.clear")
    scene.user.frames(4)
    assert scene.studio.dialogs.showing


def test_another_theme_and_size_are_drawn_at_once(scene):
    scene.do("edit.preferences")
    width = dpg.get_item_width("preferences")
    scene.studio.prefer(theme="light", ui_scale=1.25)
    scene.user.frames(4)
    assert dpg.get_item_width("preferences") > width
    assert dpg.get_value("preferences.theme") == "Light"


def test_the_language_is_changed_at_once(scene):
    scene.do("edit.preferences")
    scene.studio.prefer(language="de")
    scene.user.frames(4)
    assert dpg.get_item_label("left.tab.palette") == "Knoten"
    assert "Programmeinstellungen" in texts_of("preferences")
    scene.studio.prefer(language="en")
    scene.user.frames(4)
    assert dpg.get_item_label("left.tab.palette") == "Nodes"
