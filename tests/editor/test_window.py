"""The window's frame: panes, menus, keys, notices, the tour."""

from itertools import pairwise

import dearpygui.dearpygui as dpg
import pytest

from nodegraph.document import Document
from nodegraph.editor.canvas.canvas import Canvas
from nodegraph.editor.desk.actions import Action
from nodegraph.editor.desk.states import PlanLine, RunState
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.window.menu import chord_text
from nodegraph.editor.window.toolbar import run_text
from nodegraph.editor.window.tour import STEPS
from nodegraph.editor.window.window import Window
from nodegraph.graph import Node


class Blank:
    """A pane with nothing in it."""

    def build(self, parent):
        dpg.add_text("…", parent=parent)

    def place(self, pane):
        self.pane = pane

    def update(self):
        pass


@pytest.fixture
def done():
    return []


@pytest.fixture
def frame(studio, done, open_window):
    """An open window with blank panes and three actions; returns the window and a user."""
    for name, title in (("edit.undo", "Undo"), ("run.all", "Run"), ("listen.play", "Play")):
        studio.actions.add(Action(name, title, lambda name=name: done.append(name)))
    window = Window(studio, {"left": Blank(), "canvas": Canvas(studio), "right": Blank(), "bottom": Blank()})
    return window, open_window(window)


def test_panes_fill_the_window_without_overlapping(frame, studio):
    window, user = frame
    user.frames(3)
    boxes = [
        (
            *dpg.get_item_pos(f"pane.{name}"),
            dpg.get_item_width(f"pane.{name}"),
            dpg.get_item_height(f"pane.{name}"),
        )
        for name in window.parts
    ]
    for number, (x, y, w, h) in enumerate(boxes):
        assert x + w <= dpg.get_viewport_client_width()
        assert y + h <= dpg.get_viewport_client_height()
        for x2, y2, w2, h2 in boxes[number + 1 :]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_a_pulled_gap_makes_a_pane_wider_and_is_remembered(frame, studio):
    window, user = frame
    left = window.parts["left"].pane
    y = left.y + 100
    user.drag((left.x + left.width + 2, y), (left.x + left.width + 62, y))
    assert window.parts["left"].pane.width == pytest.approx(left.width + 60, abs=6)
    assert studio.settings.panes["left"] == pytest.approx(left.width + 60, abs=6)


def test_a_pane_is_never_pulled_out_of_sight(frame, studio):
    window, user = frame
    left = window.parts["left"].pane
    user.drag((left.x + left.width + 2, 300), (2, 300))
    assert window.parts["left"].pane.width >= 100


@pytest.mark.parametrize(("chord", "name"), [("Ctrl+Z", "edit.undo"), ("Ctrl+Enter", "run.all")])
def test_a_shortcut_does_its_action(frame, done, chord, name):
    _window, user = frame
    user.key(chord)
    assert done == [name]


def test_a_held_key_does_its_action_once_unless_it_repeats(frame, studio, done):
    _window, user = frame
    studio.actions.add(Action("edit.find", "Step", lambda: done.append("step"), repeats=True))
    user.hold("Ctrl+Enter")
    assert done == ["run.all"]
    user.key("Ctrl+Enter")
    assert done == ["run.all"] * 2
    user.hold("Ctrl+F")
    assert done.count("step") >= 3


def test_space_plays_when_tapped_and_not_when_it_pans(frame, done):
    _window, user = frame
    user.key("Space")
    assert done == ["listen.play"]
    user.drag((500, 300), (520, 320), held="Space")
    assert done == ["listen.play"]


def test_a_menu_item_does_its_action(frame, done):
    _window, user = frame
    # DearPyGui tells no places of menus: the first menu, and its first item.
    user.click(30, 12)
    user.frames(3)
    user.click(40, 44)
    assert done == ["edit.undo"]


def test_the_toolbar_runs(frame, done):
    _window, user = frame
    user.click_item("toolbar.run.all")
    assert done == ["run.all"]


def test_progress_and_the_time_left_are_shown_while_something_runs(frame, studio):
    _window, user = frame
    studio.desk.know_run(RunState("run", 0.25, eta_s=14.2))
    user.frames(3)
    assert dpg.is_item_shown("toolbar.progress")
    assert dpg.get_value("toolbar.state") == "Running: 14 s left"
    studio.desk.know_run(RunState(lines=tuple(PlanLine(name, "", 0.5) for name in "abcd")))
    user.frames(3)
    assert not dpg.is_item_shown("toolbar.progress")
    assert dpg.get_value("toolbar.state") == "4 nodes to run, about 2.0 s"


def test_a_notice_is_shown_and_an_error_stays_until_it_is_clicked_away(frame, studio):
    window, user = frame
    studio.desk.tell("Größe geändert", "error")
    user.frames(4)
    ((item, end),) = window._notices._shown
    assert end == float("inf")
    close = dpg.get_item_children(item, 1)[-1]
    user.click_item(close)
    user.frames(2)
    assert window._notices._shown == []


def test_notices_stand_apart_whatever_their_heights(frame, studio):
    window, user = frame
    studio.desk.tell("Saved.")
    studio.desk.tell("A long text that takes more than one line of a notice. " * 3, "warning")
    studio.desk.tell("Saved again.")
    user.frames(4)
    places = [
        (dpg.get_item_pos(item)[1], dpg.get_item_rect_size(item)[1]) for item, _end in window._notices._shown
    ]
    assert all(top + height + 7 <= below for (top, height), (below, _height) in pairwise(places))


def test_another_theme_and_another_scale_draw_everything_anew(frame, studio):
    window, user = frame
    for changes in ({"theme": "light"}, {"ui_scale": 1.75}, {"language": "de"}):
        studio.prefer(**changes)
        user.frames(4)
        assert dpg.does_item_exist("toolbar.run.all")
    assert window.parts["left"].pane.width > 300


def test_the_tour_begins_by_itself_has_four_steps_and_is_not_shown_again(frame, studio, library):
    window, user = frame
    studio.prefer(tour_done=False)
    user.frames(3)
    assert not window.tour.shown, "there is nothing to talk about yet"
    graph = studio.desk.document.graph.add("gain", Node("gain"))
    studio.desk.edit(studio.desk.document.with_graph(graph), "Add")
    user.frames(4)
    for _step in STEPS:
        assert window.tour.shown
        user.click_item("tour.next")
        user.frames(3)
    assert len(STEPS) == 4
    user.frames(4)
    assert not window.tour.shown
    assert studio.settings.tour_done


def test_the_tour_is_walked_through_by_keys(frame, studio):
    window, user = frame
    studio.actions.do("help.tour")
    user.frames(3)
    for key in ("Right", "Left", "Enter", "Escape"):
        assert window.tour.shown
        user.key(key)
    assert not window.tour.shown


@pytest.mark.parametrize("scale", [1.0, 1.75])
def test_the_tour_covers_nothing_of_what_it_is_about(frame, studio, scale):
    _window, user = frame
    studio.prefer(language="de", ui_scale=scale, window=(1440, 900))
    user.frames(3)
    studio.actions.do("help.tour")
    for step in STEPS:
        user.frames(4)
        card = Pane(*dpg.get_item_pos("tour"), *dpg.get_item_rect_size("tour"))
        about = Pane(*dpg.get_item_pos(f"pane.{step.pane}"), *dpg.get_item_rect_size(f"pane.{step.pane}"))
        assert card.shared(about) < 0.05 * about.width * about.height
        user.key("Right")


def test_the_tour_can_be_left_at_once(frame, studio):
    window, user = frame
    window.tour.start()
    user.frames(4)
    user.click_item("tour.skip")
    user.frames(2)
    assert not window.tour.shown


def test_what_would_run_is_said_in_words():
    assert run_text(RunState(), Document()) == "Everything is up to date."
    assert run_text(RunState(lines=(PlanLine("a", ""),)), Document()) == "1 node to run"
    assert run_text(RunState("region", eta_s=None), Document()) == "Preview of the passage"


def test_a_long_obstacle_ends_before_the_title(frame, studio):
    _window, user = frame
    why = "file: /a/very/long/path/" + "deeper/" * 60 + "a.wav is not there."
    studio.desk.know_run(RunState(lines=(PlanLine("load", why, blocked=True),)))
    user.frames(3)
    shown = dpg.get_value("toolbar.state")
    assert shown.endswith("…")
    right = dpg.get_item_rect_max("toolbar.state")[0]
    assert right < dpg.get_item_pos("toolbar.title")[0]
    assert dpg.get_value("toolbar.said").endswith("a.wav is not there.")


def test_keys_are_shown_as_people_write_them(studio):
    (chord,) = studio.keymap.chords("edit.select_upstream")
    assert chord_text(chord) == "Ctrl+↑"


@pytest.mark.pixels
def test_both_themes_are_seen(frame, studio, tmp_path):
    from PIL import Image

    _window, user = frame
    for theme in ("dark", "light"):
        studio.prefer(theme=theme)
        user.frames(4)
        picture = Image.open(user.shot(tmp_path / f"{theme}.png")).convert("RGB")
        x, y = dpg.get_item_pos("pane.left")
        assert picture.getpixel((int(x + 60), int(y + 60))) == studio.colours.panel


def test_the_zoom_that_is_told_is_that_of_zoom_to_100_percent(frame, studio):
    _window, user = frame
    studio.prefer(ui_scale=1.5)
    user.frames(3)
    studio.actions.do("view.zoom_reset")
    user.frames(30)
    user.wait(lambda: dpg.get_value("status.right").endswith(" 100 %"), 5, "the zoom")


def test_a_long_path_ends_with_an_ellipsis_in_the_status_line(frame, studio, tmp_path):
    _window, user = frame
    path = tmp_path / ("Überspielungen " * 12).strip() / "graph.json"
    studio.desk.open(Document(), path)
    user.frames(4)
    assert dpg.get_value("status.left").endswith("…")
    assert dpg.get_value("status.left.whole").endswith(path.name)
    assert dpg.get_item_rect_max("status.left")[0] < dpg.get_item_rect_min("status.right")[0]
