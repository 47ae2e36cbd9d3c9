"""The editor as it is put together."""

from pathlib import Path

import dearpygui.dearpygui as dpg

from nodegraph.document_file import load_document
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.window.opening import make_window

GRAPHS = Path(__file__).parents[2] / "graphs"


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


def test_pasting_from_an_empty_clipboard_tells_so(editor):
    # DearPyGui aborts the process where there is no text on the clipboard.
    editor.user.key("Ctrl+V")
    editor.user.frames(2)
    assert editor.desk.notices


def test_a_parameter_with_a_value_per_track_is_shown(editor, library):
    editor.open(load_document(GRAPHS / "first_steps.json", library))
    editor.user.click(*editor.node("mix").title())
    editor.user.frames(3)
    assert dpg.does_item_exist("param.gains_db.tracks.1.text")


def test_a_shipped_graph_is_a_template_that_saving_does_not_replace(library, monkeypatch):
    from nodegraph.editor.window import opening

    seen = {}

    class Window:
        def __init__(self, studio):
            seen["path"], seen["nodes"] = studio.desk.path, len(studio.desk.document.graph.nodes)

        def open(self): ...

        def run(self, busy): ...

        def close(self): ...

    monkeypatch.setattr(opening, "make_window", Window)
    assert opening.open_editor(library, GRAPHS, GRAPHS / "first_steps.json") == 0
    assert seen == {"path": None, "nodes": 8}


def test_the_inspector_leaves_nothing_behind_in_the_window(editor, library):
    editor.open(load_document(GRAPHS / "first_steps.json", library))
    counts = []
    for _round in range(3):
        for node_id in ("mix", "split", "load"):
            editor.desk.select(Selection(frozenset({node_id})))
            editor.user.frames(3)
        counts.append(len(dpg.get_all_items()))
    # Themes are made once, and kept.
    assert counts[1] == counts[2]
