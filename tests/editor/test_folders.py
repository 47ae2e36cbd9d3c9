"""What a file dialog shows of the disk."""

import os
from pathlib import Path

import pytest

from nodegraph.editor.desk.folders import crumbs, list_folder, matching, sort_entries, spots


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Seite 10.wav", "Seite 2.WAV", "über.flac", "Ähre.wav", "notes.txt", ".hidden.wav"):
        (tmp_path / name).write_bytes(b"x" * len(name))
    (tmp_path / "zuletzt").mkdir()
    (tmp_path / "nowhere.wav").symlink_to(tmp_path / "gone")
    return tmp_path


def names(entries) -> list[str]:
    return [entry.name for entry in entries]


def test_folders_come_first_and_numbers_count(folder):
    listed = sort_entries(list_folder(folder, (".wav", ".flac")), "name")
    assert names(listed) == ["zuletzt", "Seite 2.WAV", "Seite 10.wav", "Ähre.wav", "über.flac"]


def test_hidden_files_are_shown_when_asked_for(folder):
    assert ".hidden.wav" in names(list_folder(folder, hidden=True))
    assert ".hidden.wav" not in names(list_folder(folder))


def test_only_folders_can_be_asked_for(folder):
    assert names(list_folder(folder, files=False)) == ["zuletzt"]


def test_the_latest_comes_first_by_date(folder):
    os.utime(folder / "notes.txt", (2e9, 2e9))
    assert names(sort_entries(list_folder(folder), "date"))[:2] == ["zuletzt", "notes.txt"]


def test_the_largest_comes_first_by_size(folder):
    (folder / "über.flac").write_bytes(bytes(5000))
    assert names(sort_entries(list_folder(folder), "size"))[1] == "über.flac"


def test_typed_words_are_found_anywhere_in_a_name(folder):
    listed = list_folder(folder)
    assert names(matching(listed, "ÜBER")) == ["über.flac"]
    assert names(matching(listed, "wav 10")) == ["Seite 10.wav"]
    assert len(matching(listed, "")) == len(listed)


def test_the_way_to_a_folder_begins_at_the_root():
    assert crumbs(Path("/home/frank/Musik"))[0] == Path("/")
    assert crumbs(Path("/home/frank/Musik"))[-1] == Path("/home/frank/Musik")


def test_recent_folders_are_one_click_away(folder):
    found = {spot.path: spot.title for spot in spots([str(folder / "x.json"), "/gone/y.json"])}
    assert found[folder] == folder.name
    assert Path("/gone") not in found
    assert found[Path.home()] == "Home folder"
