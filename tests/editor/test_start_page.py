"""The start page, dropped files, and sharing, as a user sees them."""

import subprocess
import sys
from pathlib import Path

import dearpygui.dearpygui as dpg
import numpy as np
import pytest
import soundfile
from filing_desk import GRAPHS, QUESTION, Editor, make_music

from nodegraph.document import Document
from nodegraph.document_file import save_document
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.panels.waiting import Waiting
from nodegraph.graph import Graph, Node


@pytest.fixture
def editor(studio, open_window):
    editor = Editor(studio, open_window)
    yield editor
    editor.filing.close()


@pytest.fixture
def music(tmp_path: Path) -> Path:
    return make_music(tmp_path)


# --- the start page and dropped files -----------------------------------------------------------------------


def test_the_start_page_leads_to_a_heard_document(editor):
    assert editor.studio.start_page_shown
    editor.user.frames(3)
    editor.user.click_item("start.first_steps.begin")
    editor.user.frames(4)
    desk = editor.studio.desk
    assert not editor.studio.start_page_shown
    assert (desk.document.title, desk.path) == ("First steps", None)
    assert (desk.monitor, desk.compare) == (PortRef("limiter", "audio"), PortRef("load", "audio"))
    assert not dpg.does_item_exist("start")


def ring_is_around(editor, item) -> bool:
    """Return whether the ring is drawn close around an item, and seen whole."""
    rings = [each for each in dpg.get_item_children("start", 2) if "DrawRect" in dpg.get_item_type(each)]
    if len(rings) != 1:
        return False
    begin = dpg.get_item_rect_min(dpg.get_item_children("start", 1)[0])
    ring = dpg.get_item_configuration(rings[0])
    left, top = (at + origin for at, origin in zip(ring["pmin"], begin, strict=False))
    right, bottom = (at + origin for at, origin in zip(ring["pmax"], begin, strict=False))
    x, y = dpg.get_item_rect_min(item)
    width, height = dpg.get_item_rect_size(item)
    page = dpg.get_item_pos("start")[1], dpg.get_item_pos("start")[1] + dpg.get_item_height("start")
    gaps = x - left, y - top, right - x - width, bottom - y - height
    return all(0 < gap < 8 for gap in gaps) and page[0] <= top and bottom <= page[1]


@pytest.mark.pixels
def test_the_ring_is_seen_around_its_card(editor, tmp_path):
    from PIL import Image

    editor.studio.prefer(ui_scale=1.25)
    editor.user.frames(4)
    editor.user.key("Shift+Tab")
    editor.user.key("Shift+Tab")
    editor.user.frames(4)
    assert dpg.get_y_scroll("start") > 0
    (card,) = (
        around
        for around in (dpg.get_item_parent(f"start.{file.stem}") for file in GRAPHS.glob("*.json"))
        if ring_is_around(editor, around)
    )
    picture = np.asarray(Image.open(editor.user.shot(tmp_path / "ring.png")).convert("RGB"))
    left, top = (round(at) for at in dpg.get_item_rect_min(card))
    width, height = dpg.get_item_rect_size(card)
    accent = editor.studio.colours.accent
    for y in (top + height // 4, top + height // 2):
        for x in (left - 4, left + width + 3):
            beside = picture[y, x - 2 : x + 3].astype(int)
            assert (abs(beside - accent).max(axis=1) < 12).any(), (x, y)


def test_the_start_page_is_used_by_keyboard(editor):
    editor.user.key("Enter")
    editor.user.key("Escape")
    assert editor.studio.start_page_shown
    editor.user.key("Tab")
    assert ring_is_around(editor, editor.button("Use my recording…"))
    editor.user.key("Down")
    assert ring_is_around(editor, editor.button("Open…"))
    editor.user.key("Shift+Tab")
    editor.user.key("Right")
    first = dpg.get_item_parent("start.first_steps")
    assert ring_is_around(editor, first)
    editor.user.key("Right")
    assert not ring_is_around(editor, first)
    editor.user.key("Left")
    assert ring_is_around(editor, first)
    editor.user.key("Tab")
    assert ring_is_around(editor, "start.first_steps.own")
    editor.user.key("Shift+Tab")
    editor.user.key("Enter")
    editor.user.frames(4)
    assert editor.studio.desk.document.title == "First steps"
    assert not editor.studio.start_page_shown


def test_the_last_card_is_brought_into_sight_by_keyboard(editor):
    editor.studio.prefer(ui_scale=1.5)
    editor.user.frames(4)
    assert dpg.get_y_scroll_max("start") > 0
    editor.user.key("Shift+Tab")
    editor.user.frames(3)
    *_others, last = (name for name in map(dpg.get_item_alias, dpg.get_all_items()) if name.endswith(".own"))
    assert ring_is_around(editor, last)
    editor.user.key("Tab")
    editor.user.frames(3)
    assert ring_is_around(editor, editor.button("Use my recording…"))


def test_escape_goes_back_from_the_start_page_to_the_graph(editor, music):
    editor.do("file.new")
    editor.edit()
    editor.do("file.start_page")
    before = editor.studio.desk.document
    editor.studio.desk.select(Selection(frozenset(before.graph.nodes)))
    editor.user.key("Delete")
    assert editor.studio.desk.document is before
    editor.start_page.choose_for(music / "Grüße.wav")
    editor.user.frames(4)
    editor.user.key("Escape")
    assert editor.says("Regroove")
    assert editor.studio.start_page_shown
    editor.user.key("Escape")
    assert not editor.studio.start_page_shown
    assert editor.studio.desk.document is before


def test_a_dialog_over_the_start_page_has_the_keys(editor):
    editor.user.key("Tab")
    ring = editor.button("Use my recording…")
    answers = []
    editor.dialogs.ask(QUESTION, answers.append)
    editor.user.frames(3)
    editor.user.key("Tab")
    editor.user.key("Enter")
    assert answers == ["cancel"]
    assert ring_is_around(editor, ring)


def test_a_dropped_recording_is_put_into_a_template(editor, music):
    editor.dropping.take((music / "Grüße.wav",))
    editor.user.frames(4)
    assert editor.says("What is “Grüße.wav”?")
    editor.user.click_item("start.clipped_master.begin")
    editor.user.frames(4)
    source = editor.studio.desk.document.graph.nodes["load"]
    assert (source.kind, source.params["file"]) == ("load", str(music / "Grüße.wav"))


def test_sounds_dropped_on_the_canvas_become_load_nodes_there(editor, music):
    editor.do("file.new")
    editor.user.move(400, 300)
    editor.dropping.take((music / "Grüße.wav", music / "Seite 2.wav", music))
    editor.user.frames(3)
    document = editor.studio.desk.document
    assert [node.kind for node in document.graph.nodes.values()] == ["load", "load"]
    assert editor.says("neither a sound nor a graph")


def test_a_dropped_graph_opens_as_a_new_document(editor, music):
    editor.dropping.take((music / "Größe.json",))
    editor.user.frames(3)
    assert editor.studio.desk.document.title == "Größe"
    assert editor.studio.desk.path is None


def test_a_missing_recording_is_found_beside_the_document(editor, music):
    document = Document(Graph({"load": Node("load", {"file": "/gone/Seite 2.wav"})}))
    save_document(document, music / "graph.json")
    editor.filing.open_path(music / "graph.json")
    where = lambda: editor.studio.desk.document.graph.nodes["load"].params["file"]  # noqa: E731
    editor.user.wait(lambda: where() == str(music / "Seite 2.wav"), what="the recording")


def test_a_missing_recording_is_relocated_by_hand(editor, music, tmp_path):
    document = Document(Graph({"load": Node("load", {"file": "/gone/Seite 2.wav"})}))
    save_document(document, tmp_path / "graph.json")
    (music / "Seite 2.wav").rename(music / "Bänder" / "neu.wav")
    editor.filing.open_path(tmp_path / "graph.json")
    editor.user.wait(lambda: editor.says("is missing"), what="the notice")
    editor.studio.prefer(folder=str(music / "Bänder"))
    editor.do("file.relocate")
    editor.user.key("Down")
    editor.user.key("Enter")
    editor.user.frames(6)
    editor.user.type("neu")
    editor.user.frames(3)
    editor.user.key("Enter")
    editor.user.frames(3)
    node = editor.studio.desk.document.graph.nodes["load"]
    assert node.params["file"] == str(music / "Bänder" / "neu.wav")


def test_a_graph_is_shared_and_opened_elsewhere(editor, music, tmp_path):
    editor.filing.begin_with_sounds((music / "Grüße.wav",))
    editor.user.frames(3)
    editor.do("file.share")
    editor.user.key("Enter")
    editor.user.frames(6)
    editor.user.key("Ctrl+A")
    editor.user.type(str(tmp_path / "Für dich"))
    editor.user.key("Enter")
    editor.user.wait(lambda: (tmp_path / "Für dich.regroove").exists() and not editor.dialogs.showing)
    (music / "Grüße.wav").unlink()
    editor.studio.desk.history.mark_saved()
    editor.filing.open_path(tmp_path / "Für dich.regroove")
    editor.user.frames(4)
    editor.user.key("Enter")
    unpacked = str(tmp_path / "Für dich excerpts" / "load.flac")
    nodes = lambda: editor.studio.desk.document.graph.nodes  # noqa: E731
    editor.user.wait(lambda: nodes()["load"].params["file"] == unpacked, what="the excerpt")


@pytest.fixture
def long_recording(tmp_path: Path) -> Path:
    """Two minutes of stereo noise: more than a hundred blocks for FLAC."""
    path = tmp_path / "long.wav"
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, (96_000, 2)).astype(np.float32)
    with soundfile.SoundFile(path, "w", 48_000, 2, "PCM_24") as file:
        for _piece in range(60):
            file.write(noise)
    return path


def begin_sharing(editor, path: Path) -> None:
    editor.do("file.share")
    editor.user.click_item("share.seconds")
    editor.user.key("Ctrl+A")
    editor.user.type("120")
    editor.press("Share…")
    editor.user.frames(6)
    editor.user.key("Ctrl+A")
    editor.user.type(str(path))
    editor.user.key("Enter")


def test_the_window_goes_on_while_excerpts_are_cut(editor, long_recording, tmp_path):
    editor.filing.begin_with_sounds((long_recording,))
    editor.user.frames(3)
    begin_sharing(editor, tmp_path / "x.regroove")
    shares = []
    while dpg.does_item_exist("waiting.progress"):
        shares.append(dpg.get_value("waiting.progress"))
        editor.user.frames(1)
    assert len(set(shares)) > 3
    assert shares == sorted(shares)
    assert (tmp_path / "x.regroove").exists()
    assert editor.says("can be given away now")


def test_what_is_cancelled_before_it_has_begun_ends_too(editor):
    waiting = Waiting(editor.studio, editor.dialogs)
    begun = []
    waiting.wait_for("A", begun.append, begun.append, begun.append)
    # No frame has been drawn, and perhaps no thread has run.
    editor.studio.takers[-1](Chord("Escape"))
    editor.user.wait(lambda: not editor.dialogs.showing, what="the end of it")


def test_what_goes_wrong_meanwhile_is_raised_on_the_windows_thread(editor):
    def work(progress):
        raise ZeroDivisionError

    Waiting(editor.studio, editor.dialogs).wait_for("A", work, print, print)
    with pytest.raises(ZeroDivisionError):
        editor.user.wait(lambda: False, timeout_s=10)
    assert not editor.dialogs.showing


def test_sharing_is_cancelled(editor, long_recording, tmp_path):
    editor.filing.begin_with_sounds((long_recording,))
    editor.user.frames(3)
    begin_sharing(editor, tmp_path / "x.regroove")
    assert dpg.does_item_exist("waiting.progress")
    editor.user.key("Escape")
    editor.user.wait(lambda: not editor.dialogs.showing, what="the end of it")
    assert not editor.says("can be given away now")
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"long.wav"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 only")
def test_a_file_dropped_by_another_program_arrives_where_it_was_dropped(editor, music):
    editor.do("file.new")
    left, top = dpg.get_item_pos("pane.canvas")
    (root_x, root_y), (x, y) = dpg.get_viewport_pos(), (left + 250, top + 120)
    at = (round(root_x + x), round(root_y + y))
    program = Path(__file__).with_name("xdnd.py")
    command = [sys.executable, str(program), "Regroove", *map(str, at), str(music / "Grüße.wav")]
    with subprocess.Popen(command) as source:
        editor.user.wait(lambda: source.poll() is not None, 15, "the other program")
    editor.user.frames(3)
    (node,) = editor.studio.desk.document.graph.nodes.values()
    assert node.params["file"] == str(music / "Grüße.wav")
    (place,) = editor.studio.desk.document.positions.values()
    assert editor.studio.view.to_pixels(*place) == pytest.approx((x - left, y - top), abs=2)
