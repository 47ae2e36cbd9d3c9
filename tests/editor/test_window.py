"""The window as a whole."""

import dearpygui.dearpygui as dpg
import pytest

from nodegraph.editor.canvas.canvas import Canvas
from nodegraph.editor.window.window import Window


def test_it_opens_and_draws(studio, open_window):
    user = open_window(Window(studio, {"canvas": Canvas(studio)}))
    user.frames(5)
    assert dpg.is_dearpygui_running()
    assert dpg.get_item_width("pane.canvas") > 400


@pytest.mark.pixels
def test_a_picture_shows_the_theme(studio, open_window, tmp_path):
    user = open_window(Window(studio, {"canvas": Canvas(studio)}))
    user.frames(5)
    assert user.shot(tmp_path / "window.png").stat().st_size > 1000
