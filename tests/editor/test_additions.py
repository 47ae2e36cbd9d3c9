"""Extras and weights, got and removed in the window."""

import hashlib
import time
from dataclasses import replace

import dearpygui.dearpygui as dpg
import pytest
from whole import Editor

from nodegraph import Audio, Extra, Weights, WeightsFile
from nodegraph.document import Document
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.panels.additions import AdditionsSheet
from nodegraph.editor.work.additions import Additions
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import Graph, Node
from nodegraph.library import Library
from nodegraph.requirement import Requirement
from nodegraph.spec import node, read_spec

DATA = b"weights" * 1000
NOWHERE = Extra("nowhere", "What nobody has.", ("no_such_package",), ("no-such-package",), 1000, 2000, "MIT")


@node(version=1, kind="test.learned", requires=lambda settings: Requirement(weights=("wts",)))
def learned(audio: Audio) -> Audio:
    """Need weights."""
    return audio


def catalogue(url="http://127.0.0.1:9/wts.bin"):
    file = WeightsFile("wts.bin", url, len(DATA), hashlib.sha256(DATA).hexdigest())
    return (Weights("wts", "Does things.", (file,), "CC BY-NC-SA 4.0", "its makers", commercial=False),)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("REGROOVE_MODELS", str(tmp_path / "models"))
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "wts.bin").write_bytes(DATA)
    return tmp_path


@pytest.fixture
def learner(studio, place):
    """Return what a window shares whose library has a node that needs weights."""
    kinds = [*studio.library.specs.values(), read_spec(learned)]
    return Studio(Library(kinds, extras=(NOWHERE,), weights=catalogue()), studio.graphs, studio.cache)


@pytest.fixture
def editor(learner, open_window):
    learner.prefer(tour_done=True, window=(1280, 800))
    editor = Editor(learner, open_window)
    editor.open(Document(Graph({"a": Node("test.learned"), "b": Node("gain")}, ())))
    yield editor
    editor.close()


# --- without a window ---------------------------------------------------------------------------------


def drained(studio, additions):
    """Wait until nothing is done any more, and until what was done is known."""
    end = time.monotonic() + 60
    while additions.job is not None or additions._looking.busy or studio.inbox.drain(1.0):
        assert time.monotonic() < end
        studio.inbox.drain(1.0)


def known(additions):
    return {each.name: each.state.what for each in additions.all}


def test_weights_are_taken_from_a_folder_and_removed(learner, place):
    additions = Additions(learner)
    additions.look_again()
    drained(learner, additions)
    assert known(additions) == {"wts": "missing", "nowhere": "missing"}
    additions.import_from(place / "stick")
    drained(learner, additions)
    assert additions.problem == ""
    assert known(additions)["wts"] == "here"
    additions.remove(additions.all[-1])
    drained(learner, additions)
    assert known(additions)["wts"] == "missing"


def test_what_fails_is_told_and_the_next_job_can_begin(learner, place):
    additions = Additions(learner)
    (wanted,) = additions.lacking(Requirement(weights=("wts",)))
    additions.get(wanted)
    assert additions.job.name == "wts"
    additions.get(wanted)
    drained(learner, additions)
    assert "wts.bin cannot be loaded from" in additions.problem
    additions.import_from(place / "stick")
    drained(learner, additions)
    assert additions.problem == ""


def test_what_a_node_lacks_is_found_until_it_is_here(learner, place):
    additions = Additions(learner)
    needed = Requirement(weights=("wts",))
    assert [each.name for each in additions.lacking(needed)] == ["wts"]
    both = Requirement(("json", "no_such_package"), ("wts",))
    assert [each.name for each in additions.lacking(both)] == ["nowhere", "wts"]
    additions.import_from(place / "stick")
    drained(learner, additions)
    assert additions.lacking(needed) == ()


def test_what_is_offered_is_what_the_command_says(learner):
    both = Extra("both", "Two.", ("no_such_package", "nor_this"), ("x",), 1000, 3000, "MIT")
    library = Library((), extras=(NOWHERE, both))
    learner.library = library
    needed = Requirement(("no_such_package", "nor_this"))
    assert [each.name for each in Additions(learner).lacking(needed)] == ["both"]
    assert library.how_to_install(*needed.packages) == "regroove extras install both"


def test_a_fault_ends_the_job_and_is_told(learner):
    additions = Additions(learner)
    (wanted,) = additions.lacking(Requirement(weights=("wts",)))
    additions.get(replace(wanted, get=lambda progress: 1 / 0))
    drained(learner, additions)
    assert additions.problem == "ZeroDivisionError: division by zero"


# --- in the window ----------------------------------------------------------------------------------------


def import_weights_from(editor, folder):
    """Take weights from a folder, once all is known: then nothing is made anew under the mouse."""
    (part,) = (each for each in editor.window.overlays if isinstance(each, AdditionsSheet))
    additions = part._additions
    editor.user.wait(lambda: additions.all and additions.job is None and not additions._looking.busy)
    editor.user.frames(5)
    editor.studio.prefer(folder=str(folder))
    editor.press("Take weights from a folder…")
    return additions


def test_a_node_that_lacks_weights_leads_to_them(editor, place):
    editor.studio.desk.select(Selection(frozenset({"a"})))
    editor.wait_for("a", "unavailable")
    # What is made anew between press and release is not clicked.
    editor.settle()
    editor.user.click_item("inspector.get")
    editor.user.wait(lambda: editor.studio.dialogs.showing)
    assert editor.says("Get wts?")
    assert editor.says("not for commercial use")
    editor.press("Get")
    editor.user.wait(lambda: dpg.does_item_exist("additions.problem"))
    assert "cannot be loaded from" in dpg.get_value("additions.problem")
    import_weights_from(editor, place / "stick")
    editor.press("Take from here")
    editor.user.wait(lambda: dpg.does_item_exist("additions.remove.weights.wts"))
    assert not dpg.does_item_exist("additions.problem")
    editor.user.key("Escape")
    editor.user.frames(3)
    assert not dpg.does_item_exist("additions")
    editor.user.wait(lambda: editor.state("a") != "unavailable")


def ask_to_remove(editor):
    editor.user.frames(5)
    editor.user.click_item("additions.remove.weights.wts")
    editor.user.wait(lambda: editor.studio.dialogs.showing)


def test_news_do_not_cover_a_dialog_that_the_sheet_asked_for(editor, place):
    editor.command("Extras and models")
    editor.user.wait(lambda: dpg.does_item_exist("additions.get.weights.wts"))
    additions = import_weights_from(editor, place / "stick")
    # As if it had just been found out that nothing is known.
    additions._take_found(())
    editor.user.frames(3)
    editor.press("Take from here")
    editor.user.wait(lambda: dpg.does_item_exist("additions.remove.weights.wts"))


def test_what_is_here_is_removed_after_a_question(editor, place):
    editor.command("Extras and models")
    editor.user.wait(lambda: dpg.does_item_exist("additions.get.weights.wts"))
    import_weights_from(editor, place / "stick")
    editor.press("Take from here")
    editor.user.wait(lambda: dpg.does_item_exist("additions.remove.weights.wts"))
    ask_to_remove(editor)
    editor.press("Cancel")
    assert (place / "models" / "wts" / "wts.bin").exists()
    ask_to_remove(editor)
    editor.press("Remove")
    editor.user.wait(lambda: dpg.does_item_exist("additions.get.weights.wts"))
    assert not (place / "models" / "wts" / "wts.bin").exists()
