"""Dialogs, the file dialog, and the document's way to the disk, as a user sees them."""

from pathlib import Path

import dearpygui.dearpygui as dpg
import pytest
from filing_desk import QUESTION, Editor, make_music, texts

from nodegraph.document import Document
from nodegraph.document_file import load_document, save_document
from nodegraph.editor.desk.journal import Journal
from nodegraph.editor.desk.recovery import left_behind
from nodegraph.editor.work.asking import FileType, Picking
from nodegraph.graph import Graph, Node


@pytest.fixture
def editor(studio, open_window):
    editor = Editor(studio, open_window)
    yield editor
    editor.filing.close()


@pytest.fixture
def music(tmp_path: Path) -> Path:
    return make_music(tmp_path)


# --- questions --------------------------------------------------------------------------------------------


def test_enter_presses_the_default_and_escape_cancels(editor):
    answers = []
    for _number in range(2):
        editor.dialogs.ask(QUESTION, answers.append)
    editor.user.frames(3)
    editor.user.key("Enter")
    editor.user.frames(3)
    assert editor.dialogs.showing
    editor.user.key("Escape")
    assert answers == ["save", "cancel"]
    assert not editor.dialogs.showing


def test_enter_that_is_held_answers_one_question(editor):
    answers = []
    for _number in range(2):
        editor.dialogs.ask(QUESTION, answers.append)
    editor.user.frames(3)
    editor.user.hold("Enter")
    assert answers == ["save"]


def test_arrows_choose_another_button(editor):
    answers = []
    editor.dialogs.ask(QUESTION, answers.append)
    editor.user.frames(3)
    editor.user.key("Left")
    editor.user.key("Enter")
    assert answers == ["discard"]


def test_a_button_is_clicked_and_nothing_below_is(editor):
    answers = []
    editor.dialogs.ask(QUESTION, answers.append)
    editor.user.frames(4)
    editor.user.click(40, 200)
    editor.press("Don’t save")
    assert answers == ["discard"]
    assert editor.studio.start_page_shown


def test_shortcuts_rest_while_a_question_is_asked(editor):
    editor.dialogs.ask(QUESTION, lambda _answer: None)
    editor.user.frames(3)
    editor.user.key("Ctrl+N")
    assert editor.studio.start_page_shown


def test_a_question_survives_a_change_of_the_theme(editor):
    answers = []
    editor.dialogs.ask(QUESTION, answers.append)
    editor.user.frames(3)
    editor.studio.prefer(theme="light", ui_scale=1.25)
    editor.user.frames(5)
    editor.press("Save")
    assert answers == ["save"]


def test_a_text_is_entered_with_umlauts(editor):
    entered = []
    editor.dialogs.enter("New folder", "", entered.append)
    editor.user.frames(5)
    editor.user.type("Bänder größer")
    editor.user.key("Enter")
    assert entered == ["Bänder größer"]


# --- the file dialog ----------------------------------------------------------------------------------------


def picked(editor, music, mode="open", **options) -> list:
    answers = []
    types = (FileType("Sounds", (".wav",)), FileType("All files"))
    editor.dialogs.pick(Picking(mode, "Pick", "Choose", types, folder=music, **options), answers.append)
    editor.user.frames(6)
    return answers


def test_a_file_is_found_by_typing_and_taken_by_enter(editor, music):
    answers = picked(editor, music)
    editor.user.type("grü")
    editor.user.frames(3)
    editor.user.key("Enter")
    assert answers == [music / "Grüße.wav"]
    assert editor.studio.settings.folder == str(music)


def test_arrows_walk_through_numbers_in_their_order(editor, music):
    answers = picked(editor, music)
    for _step in range(3):
        editor.user.key("Down")
    editor.user.key("Enter")
    assert answers == [music / "Seite 2.wav"]


def test_enter_opens_a_folder_and_backspace_leaves_it(editor, music):
    answers = picked(editor, music)
    editor.user.key("Down")
    editor.user.key("Enter")
    editor.user.frames(3)
    assert answers == []
    editor.user.key("Backspace")
    editor.user.frames(3)
    editor.user.type("10")
    editor.user.frames(3)
    editor.user.key("Enter")
    assert answers == [music / "Seite 10.wav"]


def test_a_double_click_takes_a_file(editor, music):
    answers = picked(editor, music)
    name = next(item for item in texts() if dpg.get_value(item) == "Grüße.wav")
    editor.user.double_click(*editor.user.middle(name))
    editor.user.frames(3)
    assert answers == [music / "Grüße.wav"]


def test_a_path_can_be_typed(editor, music):
    answers = picked(editor, music)
    editor.user.type(str(music / "Seite 2.wav"))
    editor.user.frames(3)
    editor.user.key("Enter")
    assert answers == [music / "Seite 2.wav"]


def test_saving_adds_the_ending_and_asks_before_replacing(editor, music):
    answers = picked(editor, music, "save", name="Größe", suffix=".json")
    editor.user.key("Enter")
    editor.user.frames(4)
    assert answers == []
    assert editor.says("exists already")
    editor.user.key("Escape")
    editor.user.frames(4)
    assert editor.dialogs.showing
    editor.user.key("Enter")
    editor.user.frames(4)
    editor.press("Replace")
    assert answers == [music / "Größe.json"]


def test_a_new_folder_is_made_and_entered(editor, music):
    answers = picked(editor, music, "folder")
    editor.user.click_item(next(i for i in dpg.get_all_items() if dpg.get_item_label(i) == "\ue13d"))
    editor.user.frames(5)
    editor.user.key("Ctrl+A")
    editor.user.type("Wände")
    editor.user.key("Enter")
    editor.user.frames(4)
    editor.user.key("Enter")
    assert answers == [music / "Wände"]
    assert (music / "Wände").is_dir()


def test_thousands_of_files_are_scrolled_in_as_many_rows_as_are_seen(editor, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(2000):
        (folder / f"{number}.wav").touch()
    before = len(dpg.get_all_items())
    answers = picked(editor, folder)
    assert len(dpg.get_all_items()) - before < 400
    for _page in range(3):
        editor.user.key("PageDown")
    editor.user.key("Enter")
    assert 15 < int(answers[0].stem) < 60


# --- the document's way to the disk -------------------------------------------------------------------------


def test_a_new_document_is_saved_under_a_typed_name(editor, music):
    editor.do("file.new")
    document = editor.edit()
    editor.studio.prefer(folder=str(music))
    editor.user.key("Ctrl+S")
    editor.user.frames(6)
    editor.user.key("Ctrl+A")
    editor.user.type("Übung")
    editor.user.key("Enter")
    editor.user.frames(3)
    assert load_document(music / "Übung.json") == document
    assert not editor.studio.desk.history.dirty
    assert editor.studio.settings.recent_files == (str(music / "Übung.json"),)


def test_leaving_unsaved_work_can_be_cancelled(editor):
    editor.do("file.new")
    document = editor.edit()
    editor.user.key("Ctrl+Q")
    editor.user.frames(3)
    editor.user.key("Escape")
    assert editor.quits == []
    assert editor.studio.desk.document == document


def test_quitting_saves_first_when_asked_to(editor, music):
    editor.filing.open_path(music / "Größe.json")
    editor.user.frames(3)
    document = editor.edit()
    editor.user.key("Ctrl+Q")
    editor.user.frames(3)
    editor.user.key("Enter")
    editor.user.frames(3)
    assert editor.quits == [True]
    assert load_document(music / "Größe.json") == document
    assert left_behind() == ()


def test_a_file_that_somebody_changed_is_noticed_and_reloaded(editor, music):
    editor.filing.open_path(music / "Größe.json")
    editor.user.frames(3)
    other = Document(Graph({"other": Node("gain")}), "Other")
    save_document(other, music / "Größe.json")
    editor.user.wait(lambda: editor.dialogs.showing, what="the question")
    editor.press("Reload")
    assert editor.studio.desk.document == other


def test_mine_is_kept_when_somebody_changed_the_file(editor, music):
    editor.filing.open_path(music / "Größe.json")
    editor.user.frames(3)
    mine = editor.studio.desk.document
    save_document(Document(title="Other"), music / "Größe.json")
    editor.user.wait(lambda: editor.dialogs.showing, what="the question")
    editor.user.key("Enter")
    editor.user.frames(3)
    assert editor.studio.desk.history.dirty
    editor.user.key("Ctrl+S")
    editor.user.frames(3)
    assert load_document(music / "Größe.json") == mine


def test_a_broken_file_is_refused_in_words(editor, tmp_path):
    (tmp_path / "broken.json").write_text("{")
    editor.filing.open_path(tmp_path / "broken.json")
    editor.user.frames(4)
    assert editor.says("line 1")
    editor.user.key("Enter")
    assert not editor.dialogs.showing


def test_what_a_crash_left_behind_is_offered_and_recovered(studio, open_window, music):
    lost = Document(Graph({"gain": Node("gain", {"gain_db": 3.0})}), "Lost")
    journal = Journal()
    journal.record(lost, music / "Größe.json", 1)
    assert journal.flush()
    journal._file._lock.release(force=True)
    editor = Editor(studio, open_window)
    editor.user.frames(4)
    assert editor.says("1 edit was not saved")
    editor.user.key("Enter")
    editor.user.frames(4)
    assert studio.desk.document == lost
    assert studio.desk.path == music / "Größe.json"
    assert studio.desk.history.dirty
    assert not journal.path.exists()
    editor.filing.close()
    journal.close()
