"""The inspector, used as a user does."""

import dearpygui.dearpygui as dpg
import numpy as np
import pytest
from panel_scene import DOCUMENT, GRAPH, texts_of

from nodegraph.audio import Curve, Measure, Report
from nodegraph.document import Document
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.edits import rename
from nodegraph.editor.desk.states import Loudness, NodeState, PlanLine, PortRef, RunState
from nodegraph.editor.panels.report import add_report
from nodegraph.graph import Graph, Node


def test_one_drag_of_a_slider_is_one_step_of_the_history(scene):
    scene.select("declick")
    x, y = scene.user.middle("param.threshold_db.slider")
    scene.user.drag((x - 15, y), (x + 15, y))
    after_one = scene.param("declick", "threshold_db")
    scene.user.drag((x - 15, y), (x - 5, y))
    assert scene.param("declick", "threshold_db") != after_one
    scene.desk.undo()
    assert scene.param("declick", "threshold_db") == after_one
    scene.desk.undo()
    assert scene.desk.document == DOCUMENT


def test_shift_makes_a_slider_slow(scene):
    scene.select("declick")
    x, y = scene.user.middle("param.threshold_db.slider")
    scene.user.drag((x, y), (x + 20, y), held="Shift")
    fine = scene.param("declick", "threshold_db")
    assert fine is not None
    scene.desk.undo()
    scene.user.frames(2)
    scene.user.drag((x, y), (x + 20, y))
    coarse = scene.param("declick", "threshold_db")
    assert abs(fine - 24) < abs(coarse - 24)


@pytest.mark.parametrize(("text", "value"), [("-3+1,5", -1.5), ("2*6 dB", 12), ("−12", -12)])
def test_arithmetic_is_typed_into_a_field(scene, text, value):
    scene.select("gain")
    scene.click_text("param.gain_db.text", text)
    scene.user.key("Enter")
    assert scene.param("gain", "gain_db") == value
    assert dpg.get_value("param.gain_db.text") == f"{value:g} dB"


def test_what_cannot_be_taken_is_told_below_the_field(scene):
    scene.select("gain")
    scene.click_text("param.gain_db.text", "500")
    scene.user.key("Enter")
    assert scene.param("gain", "gain_db") == 3
    assert "Allowed: −96 to 48 dB" in dpg.get_value("param.gain_db.refusal")


def test_a_click_on_the_canvas_takes_what_was_typed(scene):
    scene.select("gain")
    scene.click_text("param.gain_db.text", "9")
    x, y = dpg.get_item_pos("pane.canvas")
    scene.user.click(x + 30, y + 300)
    scene.user.frames(3)
    assert scene.param("gain", "gain_db") == 9


def test_the_label_is_double_clicked_to_reset(scene):
    scene.select("gain")
    scene.user.double_click(*scene.user.middle("param.gain_db.label"))
    assert scene.param("gain", "gain_db") is None


def test_a_node_is_renamed_with_umlauts_and_an_empty_name_is_the_usual_one(scene):
    scene.select("declick")
    scene.click_text("inspector.label", "Knackser lösen")
    scene.user.key("Enter")
    assert scene.desk.document.labels["declick"] == "Knackser lösen"
    scene.user.frames(3)
    scene.click_text("inspector.label", "")
    scene.user.key("Backspace")
    scene.user.key("Enter")
    assert "declick" not in scene.desk.document.labels


def test_listening_is_chosen_by_letter(scene):
    scene.select("declick")
    scene.user.click_item("inspector.listen_a.removed")
    scene.user.click_item("inspector.listen_b.audio")
    assert scene.desk.monitor == PortRef("declick", "removed")
    assert scene.desk.compare == PortRef("declick", "audio")


def test_levels_and_reasons_are_shown(scene):
    scene.select("declick")
    loud = {"audio": Loudness(-1.25, -18.3)}
    scene.desk.know({"declick": NodeState("failed", reason="It broke.", loudness=loud)})
    scene.user.frames(2)
    assert dpg.get_value("inspector.level.audio") == "−1.2 dBFS · −18.3 LUFS"
    texts = [dpg.get_value(item) for item in dpg.get_item_children("inspector.state", 1)]
    assert "It broke." in texts


def test_a_report_is_a_table_and_a_plot(scene):
    curve = Curve("Loudness", np.arange(5000.0), np.sin(np.arange(5000.0)), "s", "LUFS")
    report = Report("Loudness", (Measure("Integrated loudness", -18.25, "LUFS"),), (curve,))
    scene.select("gain")
    add_report(scene.studio, "inspector.reports", report)
    scene.user.frames(3)
    assert {"Integrated loudness", "−18.25 LUFS"} <= set(texts_of("inspector.reports"))


def test_a_track_has_a_slider_of_its_own(scene):
    scene.select("mix")
    scene.click_text("param.gains_db.tracks.2.text", "-6")
    scene.user.key("Enter")
    assert scene.param("mix", "gains_db") == {"tracks.2": -6.0}


def test_several_nodes_are_aligned_and_change_what_they_have_in_common(scene):
    scene.studio.desk.edit(DOCUMENT.with_graph(GRAPH.add("gain2", Node("gain"))).move("gain2", 100, 400), "x")
    scene.select("gain", "gain2")
    scene.click_text("param.gain_db.text", "-2")
    scene.user.key("Enter")
    assert scene.param("gain", "gain_db") == scene.param("gain2", "gain_db") == -2
    scene.user.click_item("inspector.node.align_left")
    places = scene.desk.document.positions
    assert places["gain"][0] == places["gain2"][0]
    assert scene.desk.history.undo_label == "Align"
    assert not dpg.is_item_enabled("inspector.node.distribute_down")
    scene.user.click_item("inspector.node.bypass")
    assert scene.graph.nodes["gain"].bypassed
    scene.user.click_item("inspector.edit.delete")
    assert not {"gain", "gain2"} & scene.graph.nodes.keys()


def test_a_link_is_removed_in_the_inspector(scene):
    link = GRAPH.links[0]
    scene.desk.select(Selection(links=frozenset({link})))
    scene.user.frames(3)
    scene.user.click_item("inspector.unlink")
    assert link not in scene.graph.links


def test_title_and_comment_are_written_where_nothing_is_selected(scene):
    scene.click_text("inspector.title", "Überspielung")
    scene.user.key("Enter")
    assert scene.desk.document.title == "Überspielung"


# --- what would run -------------------------------------------------------------------------------

PLAN = (
    PlanLine("load", "No file is chosen. Choose a file.", blocked=True),
    PlanLine("gain", "Gain: 1 → 3 dB.", 2.0),
    PlanLine("mix", "Räume öffnen changed."),
)


def test_what_would_run_is_listed_with_why_and_how_long(scene):
    scene.desk.know_run(RunState(lines=PLAN))
    scene.user.frames(3)
    shown = texts_of("inspector.plan")
    assert {"2 nodes would run.", "Gain: 1 → 3 dB.", "2.0 s", "Räume öffnen changed."} <= set(shown)
    assert "It cannot run: No file is chosen. Choose a file." in shown
    assert dpg.get_item_label("inspector.plan.gain") == "Räume öffnen"
    scene.user.click_item("inspector.plan.gain")
    assert scene.desk.selection.nodes == {"gain"}


def test_a_name_that_is_cut_ends_with_an_ellipsis(scene):
    name = "Der Pegel der Melodie, wie er vor dem Mischen sein soll"
    scene.desk.edit(rename(scene.desk.document, "gain", name), "Rename")
    scene.desk.know_run(RunState(lines=PLAN))
    scene.user.frames(3)
    shown = dpg.get_item_label("inspector.plan.gain")
    assert shown.endswith("…")
    assert name.startswith(shown[:-1])
    assert dpg.get_item_label("inspector.plan.mix") == "Mix"


def test_progress_makes_no_new_list_and_takes_no_text_from_who_types(scene):
    scene.desk.know_run(RunState(lines=PLAN))
    scene.user.frames(3)
    before = dpg.get_item_children("inspector.plan", 1)
    scene.click_text("inspector.title", "Halb getip")
    for step in range(5):
        scene.desk.know_run(RunState("run", step / 10, lines=PLAN))
        scene.user.frames(2)
    assert dpg.get_item_children("inspector.plan", 1) == before
    scene.user.type("pt")
    scene.user.key("Enter")
    assert scene.desk.document.title == "Halb getippt"
    # Where nothing is left, that is said.
    scene.desk.know_run(RunState())
    scene.user.frames(3)
    assert "Nothing would run: every result is there." in texts_of("inspector.plan")


def test_of_a_large_plan_the_rest_is_counted(scene):
    many = {f"n{number}": Node("gain") for number in range(300)}
    scene.desk.edit(Document(Graph(many)), "many")
    scene.desk.know_run(RunState(lines=tuple(PlanLine(name, "It has not run yet.") for name in many)))
    scene.user.frames(3)
    shown = texts_of("inspector.plan")
    assert "300 nodes would run." in shown
    assert "240 more nodes." in shown
