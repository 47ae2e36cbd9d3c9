"""Menus: every entry does its action, and says its keys. DearPyGui tells no places of entries, so each is
pressed by the callback that it holds; `test_real_events.py` clicks one."""

from dataclasses import replace

import dearpygui.dearpygui as dpg
import pytest

from nodegraph.editor.desk.actions import MENUS
from nodegraph.editor.desk.keymap import PRESETS, chord_text
from nodegraph.editor.words import use_language


@pytest.fixture(autouse=True)
def english():
    yield
    use_language("en")


def entries() -> dict[str, int | str]:
    """Return what stands in the menus of the bar: item by the name of its action."""
    found = {}
    for menu, _title in MENUS:
        for item in dpg.get_item_children(f"menu.{menu}", 1):
            if "MenuItem" in dpg.get_item_type(item):
                found[dpg.get_item_user_data(item)] = item
    return found


def press(item: int | str) -> None:
    """Call an entry as DearPyGui does when it is clicked."""
    dpg.get_item_callback(item)(item, True, dpg.get_item_user_data(item))


def test_every_entry_does_its_action_and_no_other(editor):
    done = []
    actions = editor.studio.actions
    listed = {action.name for action in actions if action.listed}
    for action in list(actions):
        call = lambda name=action.name: done.append(name)  # noqa: E731
        actions._actions[action.name] = replace(action, run=call, enabled=lambda: True)
    shown = entries()
    assert shown.keys() == listed
    for name, item in shown.items():
        press(item)
        assert done == [name]
        done.clear()


def test_an_entry_that_can_do_nothing_does_nothing(editor):
    editor.user.wait(lambda: not dpg.is_item_enabled("menu.edit.undo"), what="the menu to know")
    before = editor.document
    press(entries()["edit.undo"])
    assert editor.document is before


def test_an_entry_stands_in_the_menu_of_its_name(editor):
    for name, item in entries().items():
        menu = name.partition(".")[0]
        assert dpg.get_item_label(dpg.get_item_parent(item)) == dict(MENUS)[menu]
        assert dpg.get_item_label(item) == editor.studio.actions[name].text


@pytest.mark.parametrize("preset", PRESETS)
def test_each_entry_says_the_first_of_its_keys(editor, preset):
    editor.studio.prefer(preset=preset, language="de")
    editor.user.frames(4)
    keymap = editor.studio.keymap
    said = {name: dpg.get_item_configuration(item)["shortcut"] for name, item in entries().items()}
    keys = {name: keymap.chords(name) for name in said}
    assert said == {name: chord_text(chords[0]) if chords else "" for name, chords in keys.items()}
    assert said["file.save"] == "Strg+S"
    assert said["edit.delete"]


def test_a_key_of_ones_own_is_said_at_once(editor):
    editor.studio.prefer(keys={"file.save": ("F8",)})
    editor.user.frames(4)
    assert dpg.get_item_configuration(entries()["file.save"])["shortcut"] == "F8"


def test_undo_says_what_it_takes_back(editor):
    editor.user.double_click(*editor.empty_place())
    editor.user.frames(4)
    editor.user.type("gain")
    editor.user.key("Enter")
    editor.user.wait(lambda: editor.document.graph.nodes, what="the node")
    editor.user.wait(lambda: ":" in dpg.get_item_label("menu.edit.undo"), what="the menu to know")
    press(entries()["edit.undo"])
    assert not editor.document.graph.nodes
