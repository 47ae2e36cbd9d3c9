"""Recordings that were moved are found again."""

from pathlib import Path

import pytest

from nodegraph.document import Document
from nodegraph.document_file import load_document, save_document
from nodegraph.editor.desk.relocate import (
    find_files,
    input_files,
    missing_files,
    relocated,
    remember_files,
)
from nodegraph.graph import Graph, Node
from nodegraph.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    (tmp_path / "ledger").mkdir()
    return Ledger(tmp_path / "ledger")


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for name in ("Seite A.wav", "Seite B.wav"):
        (folder / name).write_bytes(name.encode() * 50)
    return folder


def saved(folder: Path, library, ledger=None) -> Document:
    nodes = {name: Node("load", {"file": str(folder / f"Seite {name}.wav")}) for name in ("A", "B")}
    document = Document(Graph(nodes))
    files = input_files(document, folder, library)
    digests = {each.path: ledger.digest(each.path) for each in files} if ledger else {}
    return remember_files(document, files, digests)


def test_nothing_is_missing_while_the_files_are_there(music, library):
    assert missing_files(saved(music, library), music, library) == ()


def test_what_is_remembered_survives_the_file_and_names_no_folder(music, library, ledger, tmp_path):
    document = saved(music, library, ledger)
    save_document(document, tmp_path / "graph.json")
    again = load_document(tmp_path / "graph.json")
    assert again == document
    assert "music" not in str(again.extra)


def test_a_renamed_file_is_found_by_its_digest(music, library, ledger):
    document = saved(music, library, ledger)
    (music / "inner").mkdir()
    (music / "Seite A.wav").rename(music / "inner" / "track 01.wav")
    missing = missing_files(document, music, library)
    assert [each.name for each in missing] == ["Seite A.wav"]
    found = find_files(missing, [music], ledger)
    assert found == {("A", "file"): music / "inner" / "track 01.wav"}
    healed = relocated(document, found, library)
    assert missing_files(healed, music, library) == ()


def test_a_file_of_that_name_with_other_content_is_not_taken(music, library, ledger, tmp_path):
    document = saved(music, library, ledger)
    (music / "Seite A.wav").write_bytes(b"x" * len("Seite A.wav") * 50)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (music / "Seite A.wav").rename(elsewhere / "Seite A.wav")
    missing = missing_files(document, music, library)
    assert find_files(missing, [elsewhere], ledger) == {}


def test_without_a_digest_name_and_size_decide(music, library, ledger, tmp_path):
    document = saved(music, library)
    moved = tmp_path / "moved"
    music.rename(moved)
    missing = missing_files(document, tmp_path, library)
    found = find_files(missing, [moved], ledger)
    assert set(found.values()) == {moved / "Seite A.wav", moved / "Seite B.wav"}


def test_a_path_of_another_system_is_found_by_its_name(tmp_path, library, ledger):
    (tmp_path / "Tape.wav").write_bytes(b"x")
    document = Document(Graph({"load": Node("load", {"file": "C:\\Musik\\Tape.wav"})}))
    missing = missing_files(document, tmp_path, library)
    assert find_files(missing, [tmp_path], ledger) == {("load", "file"): tmp_path / "Tape.wav"}


def test_what_was_known_of_a_missing_file_is_kept_when_saving_again(music, library, ledger):
    document = saved(music, library, ledger)
    before = document.extra["inputs"]["A"]
    (music / "Seite A.wav").unlink()
    again = remember_files(document, input_files(document, music, library), {})
    assert again.extra["inputs"]["A"] == before


@pytest.mark.parametrize("extra", [{"inputs": 3}, {"inputs": {"A": 3}}, {"inputs": {"A": {"bytes": "x"}}}])
def test_what_a_file_says_of_its_inputs_may_be_anything(tmp_path, library, extra):
    document = Document(Graph({"A": Node("load", {"file": "gone.wav"})}), extra=extra)
    (missing,) = missing_files(document, tmp_path, library)
    assert (missing.size, missing.digest) == (None, "")
