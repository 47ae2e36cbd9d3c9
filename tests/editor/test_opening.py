"""The editor as it is put together."""

import dearpygui.dearpygui as dpg

from nodegraph.editor.window.opening import make_window


def test_all_parts_fit_together(studio, open_window):
    window = make_window(studio)
    user = open_window(window)
    user.frames(5)
    assert studio.start_page_shown
    user.click_item("start.first_steps.begin")
    user.frames(10)
    assert not dpg.does_item_exist("start")
    assert studio.desk.document.title == "First steps"
    user.key("Ctrl+Q")
    user.frames(4)
    assert not window.running
