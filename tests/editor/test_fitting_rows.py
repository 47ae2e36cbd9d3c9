"""Names in lists: none is clipped, those that are cut say so and are told whole beside the pointer."""

import dearpygui.dearpygui as dpg
import pytest

from nodegraph.document import Document
from nodegraph.editor.look.typesetting import text_width
from nodegraph.editor.panels.rows import menu_width, name_room
from nodegraph.editor.words.names import kind_name
from nodegraph.graph import Graph, Node


@pytest.fixture
def german(editor):
    """An editor in German in which everything is large."""
    editor.studio.prefer(language="de", ui_scale=1.75, window=(1280, 800))
    editor.user.frames(4)
    return editor


def names(tag):
    number = 0
    while dpg.does_item_exist(f"{tag}.{number}"):
        yield f"{tag}.{number}"
        number += 1


def tips(item):
    """Return what is told beside the pointer while it rests on an item."""
    drawn = dpg.get_item_children(item, 1) + dpg.get_item_children(item, 0)
    boxes = [each for each in drawn if dpg.get_item_type(each).endswith("mvTooltip")]
    parent = dpg.get_item_children(dpg.get_item_parent(item), 1)
    boxes += [each for each in parent if dpg.get_item_type(each).endswith("mvTooltip")]
    texts = [child for box in boxes for child in dpg.get_item_children(box, 1)]
    return {dpg.get_value(each) for each in texts}


def test_no_name_in_the_palette_reaches_below_its_star(german):
    cut = 0
    for item in names("palette.row"):
        _swatch, name, star = (
            each
            for each in dpg.get_item_children(dpg.get_item_parent(item), 1)
            if not dpg.get_item_type(each).endswith("mvTooltip")
        )
        label = dpg.get_item_label(name)
        left = dpg.get_item_rect_min(name)[0]
        # The highlight begins half a gap before the text at most.
        assert left + text_width(label, 16 * 1.75) <= dpg.get_item_rect_min(star)[0] + 1, label
        cut += "…" in label
    assert cut > 0, "the pane is wide enough for all: nothing was tested"


def test_names_that_are_cut_differ_and_are_told_whole(german):
    kinds = [cell.key for cell in german.window.parts["left"]._palette._list.cells]
    labels = [dpg.get_item_label(item) for item in names("palette.row")]
    assert len(set(labels)) == len(set(kinds))
    for item, kind in zip(list(names("palette.row")), kinds, strict=True):
        if "…" in dpg.get_item_label(item):
            assert kind_name(kind) in tips(item)


def test_names_are_whole_again_in_a_wider_pane(german):
    german.studio.prefer(ui_scale=1.0, panes={"left": 400.0})
    german.user.frames(4)
    assert not any("…" in dpg.get_item_label(item) for item in names("palette.row"))


def test_a_long_name_in_the_outline_is_cut_and_told_whole(german):
    long = "Rauschunterdrückung der linken Rillenflanke"
    german.open(Document(Graph({"gain": Node("gain")}), labels={"gain": long}))
    german.studio.actions.do("view.outline")
    german.user.frames(4)
    item = "outline.row.gain"
    label = dpg.get_item_label(item)
    assert label.endswith("…")
    pane = dpg.get_item_pos("pane.left")[0] + dpg.get_item_width("pane.left")
    assert dpg.get_item_rect_min(item)[0] + text_width(label, 16 * 1.75) <= pane
    assert long in tips(item)


def test_what_stands_aside_takes_its_width_from_the_name():
    plain = name_room(300, 1.0, 0.0, swatches=False)
    assert name_room(300, 1.0, 0.0, swatches=True) == plain - 18
    assert name_room(300, 1.0, 40.0, swatches=False) == plain - 48


def test_a_menu_is_as_wide_as_its_widest_line():
    lines = [("Mit Verbindungen duplizieren", "Strg+Umschalt+D"), ("Löschen", "Entf")]
    room = menu_width(lines) - 20 - 8
    assert name_room(room, 1.0, text_width(lines[0][1], 14), swatches=False) >= text_width(lines[0][0], 16)
