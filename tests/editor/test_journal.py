"""The journal: every edit is on the disk, apart from the user's file."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from nodegraph.document import Document
from nodegraph.editor.desk.history import History
from nodegraph.editor.desk.journal import JOURNAL, Journal, journal_folder, replay
from nodegraph.editor.desk.recovery import discard, left_behind, recover
from nodegraph.graph import Graph, Node


def document_of(count: int, title: str = "Größe") -> Document:
    nodes = {f"n{number}": Node("gain", {"gain_db": float(number)}) for number in range(count)}
    return Document(Graph(nodes), title, positions=dict.fromkeys(nodes, (7.5, 3.0)))


@pytest.fixture
def journal():
    journal = Journal()
    yield journal
    journal.close()


def crashed(journal: Journal) -> None:
    """Let go of the lock, as the kernel does for a killed process, and leave the file."""
    assert journal.flush()
    journal._file._lock.release(force=True)


def test_nothing_is_written_before_the_first_edit(journal):
    assert left_behind() == ()
    assert not journal.path.exists()


def test_the_last_edit_is_found_after_a_crash(journal, library):
    for number in range(1, 20):
        journal.record(document_of(number), Path("/music/Grüße.json"), number)
    crashed(journal)
    (found,) = left_behind()
    assert recover(found, library) == document_of(19)
    assert (found.path, found.title, found.edits) == (Path("/music/Grüße.json"), "Größe", 19)
    assert abs(found.time_s - time.time()) < 60
    discard(found)
    assert left_behind() == ()


def test_a_window_that_runs_is_not_offered(journal):
    journal.record(document_of(1), None, 1)
    assert journal.flush()
    assert left_behind() == ()


def test_a_saved_document_leaves_nothing_behind(journal):
    journal.record(document_of(1), None, 1)
    assert journal.flush()
    journal.clear()
    assert journal.flush()
    crashed(journal)
    assert left_behind() == ()


def test_edits_are_counted_from_the_last_save(journal):
    journal.record(document_of(1), None, 7)
    assert journal.flush()
    journal.clear()
    journal.record(document_of(2), Path("/music/x.json"), 8)
    journal.record(document_of(3), Path("/music/x.json"), 9)
    crashed(journal)
    assert left_behind()[0].edits == 2


def test_a_clean_end_leaves_no_file():
    journal = Journal()
    journal.record(document_of(1), None, 1)
    assert journal.flush()
    journal.close()
    assert list(journal_folder().iterdir()) == []


@pytest.mark.parametrize("cut", range(2, 60, 7))
def test_a_torn_last_line_costs_the_last_edit_only(journal, library, cut):
    journal.record(document_of(4), None, 1)
    assert journal.flush()
    journal.record(document_of(5), None, 2)
    crashed(journal)
    content = journal.path.read_bytes()
    journal.path.write_bytes(content[:-cut])
    (found,) = left_behind()
    assert recover(found, library) == document_of(4)


def test_a_flipped_bit_ends_what_is_believed(journal, library):
    journal.record(document_of(4), None, 1)
    assert journal.flush()
    journal.record(document_of(5), None, 2)
    crashed(journal)
    content = bytearray(journal.path.read_bytes())
    content[-9] ^= 1
    journal.path.write_bytes(content)
    assert recover(left_behind()[0], library) == document_of(4)


def test_a_file_of_rubbish_is_no_recovery():
    journal_folder().mkdir(parents=True)
    (journal_folder() / f"x{JOURNAL}").write_bytes(os.urandom(200))
    (journal_folder() / f"y{JOURNAL}").write_bytes(b"")
    assert left_behind() == ()


def test_it_stays_small(journal, library):
    for number in range(1, 300):
        journal.record(replace(document_of(40), comment=str(number) * 4000), None, number)
        assert journal.flush()
    end = time.monotonic() + 60
    while journal.path.stat().st_size > 100_000 and time.monotonic() < end:
        time.sleep(0.05)
    journal.record(document_of(7), None, 300)
    crashed(journal)
    (found,) = left_behind()
    assert journal.path.stat().st_size < 100_000
    assert recover(found, library) == document_of(7)
    assert found.edits == 300


def test_a_drag_is_written_now_and_then_and_at_its_end(journal, library):
    for number in range(50):
        journal.record(document_of(3).move("n0", number, 0), None, 1)
    crashed(journal)
    assert recover(left_behind()[0], library).positions["n0"] == (49, 0)


def test_the_windows_thread_waits_five_milliseconds_at_most(journal):
    document = document_of(300)
    took = []
    for number in range(1, 30):
        begin = time.perf_counter()
        journal.record(document.move("n0", number, 0), None, number)
        took.append(time.perf_counter() - begin)
    # The patience is 4 ms; other processes of a busy machine may take the processor meanwhile.
    assert sorted(took)[len(took) // 2] < 0.02


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path):
    tmp_path.chmod(0o500)
    check_trouble_is_told_once(Journal(tmp_path / "journals"))


def test_a_folder_that_cannot_be_is_told_once_and_work_goes_on(tmp_path):
    (tmp_path / "journals").write_text("a file stands in its place")
    check_trouble_is_told_once(Journal(tmp_path / "journals"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_told_once_and_later_edits_are_kept(journal, library, monkeypatch):
    journal.record(document_of(1), None, 1)
    assert journal.flush()
    journal._file._file.close()
    journal._file._file = open("/dev/full", "ab", buffering=0)  # noqa: SIM115
    check_trouble_is_told_once(journal, close=False, again=False)
    journal.record(document_of(9), None, 12)
    crashed(journal)
    assert recover(left_behind()[0], library) == document_of(9)


def check_trouble_is_told_once(journal: Journal, *, close: bool = True, again: bool = True) -> None:
    journal.record(document_of(2), None, 10)
    journal.flush()
    assert journal.take_trouble()
    if again:
        journal.record(document_of(3), None, 11)
        journal.flush()
    assert journal.take_trouble() is None
    if close:
        journal.close()
        # A disk that is busy for others may hold them up longer than closing waits.
        for thread in journal._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in journal._threads)


def test_a_journal_of_another_format_is_not_read():
    assert replay(b"") is None
    assert replay(b"00000000 {}\n") is None


def test_edits_are_counted_by_the_history():
    history = History(document_of(1))
    history.do(document_of(2), "one", "drag")
    history.do(document_of(3), "one", "drag")
    assert history.edits == 1
    history.undo()
    history.redo()
    assert history.edits == 3
