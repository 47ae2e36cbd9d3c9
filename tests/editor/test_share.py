"""One file to give away: graph, excerpts, nothing private; and safe to open."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nodegraph.document import Document
from nodegraph.document_file import to_json
from nodegraph.editor.desk import share
from nodegraph.editor.desk.relocate import input_files, missing_files
from nodegraph.editor.desk.share import Excerpt, read_shared, unpack, write_shared
from nodegraph.errors import Cancelled, DocumentError
from nodegraph.graph import Graph, Node


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "secret folder" / "Grüße.wav"
    path.parent.mkdir()
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (8000 * 4, 2))
    soundfile.write(path, noise, 8000, "PCM_24")
    return path


@pytest.fixture
def document(recording: Path) -> Document:
    return Document(Graph({"load": Node("load", {"file": str(recording)})}), "Shared")


def shared_file(document: Document, path: Path, library, seconds: float = 1.0) -> Path:
    files = input_files(document, Path(), library)
    assert write_shared(document, path, library, [Excerpt(each, 2.0, seconds) for each in files]) == ()
    return path


def test_what_was_shared_opens_elsewhere_with_its_excerpt(document, recording, tmp_path, library):
    path = shared_file(document, tmp_path / "x.regroove", library)
    original, _ = soundfile.read(recording)
    recording.unlink()
    opened = read_shared(path, library)
    assert opened.excerpts == ("load",)
    there = unpack(opened, tmp_path / "there", library)
    assert missing_files(there, Path(), library) == ()
    excerpt, rate = soundfile.read(there.graph.nodes["load"].params["file"])
    assert rate == 8000
    np.testing.assert_array_equal(excerpt, original[16000:24000])


def test_progress_goes_from_the_first_recording_to_the_last(document, recording, tmp_path, library):
    second = Node("load", {"file": str(recording)})
    both = document.with_graph(document.graph.add("load2", second))
    told = []
    files = input_files(both, Path(), library)
    excerpts = [Excerpt(each, 0.0, 4.0) for each in files]
    write_shared(both, tmp_path / "x.regroove", library, excerpts, progress=told.append)
    assert told == sorted(told)
    assert told[0] == 0.0
    assert 0.5 <= told[-1] < 1.0
    told.clear()
    unpack(read_shared(tmp_path / "x.regroove", library), tmp_path / "there", library, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_cancel_leaves_nothing_behind(document, tmp_path, library):
    def cancel(share: float) -> None:
        raise Cancelled

    excerpts = [Excerpt(each, 0.0, 1.0) for each in input_files(document, Path(), library)]
    with pytest.raises(Cancelled):
        write_shared(document, tmp_path / "x.regroove", library, excerpts, progress=cancel)
    write_shared(document, tmp_path / "whole.regroove", library, excerpts)
    with pytest.raises(Cancelled):
        unpack(read_shared(tmp_path / "whole.regroove", library), tmp_path / "there", library, cancel)
    left = {path.name for path in tmp_path.rglob("*")}
    assert left == {"secret folder", "Grüße.wav", "whole.regroove", "there"}


def test_nothing_private_is_in_it(document, tmp_path, library):
    path = shared_file(document, tmp_path / "x.regroove", library)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("graph.json").decode()
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "secret folder" not in text
    assert str(tmp_path) not in text


def test_without_excerpts_there_is_only_the_graph(document, tmp_path, library):
    write_shared(document, tmp_path / "x.regroove", library)
    opened = read_shared(tmp_path / "x.regroove", library)
    assert opened.excerpts == ()
    assert unpack(opened, tmp_path / "nowhere", library).graph.nodes["load"].params["file"] == "Grüße.wav"
    assert not (tmp_path / "nowhere").exists()


def test_a_passage_behind_the_end_becomes_the_beginning(document, recording, tmp_path, library):
    files = input_files(document, Path(), library)
    write_shared(document, tmp_path / "x.regroove", library, [Excerpt(each, 99.0, 1.0) for each in files])
    there = unpack(read_shared(tmp_path / "x.regroove", library), tmp_path, library)
    assert soundfile.info(there.graph.nodes["load"].params["file"]).frames == 8000


def test_what_cannot_be_cut_is_named_and_the_rest_is_shared(tmp_path, library):
    (tmp_path / "broken.wav").write_bytes(b"no sound at all")
    document = Document(Graph({"load": Node("load", {"file": str(tmp_path / "broken.wav")})}))
    files = input_files(document, Path(), library)
    left_out = write_shared(document, tmp_path / "x.regroove", library, [Excerpt(files[0], 0, 1)])
    assert left_out == ("broken.wav",)
    assert read_shared(tmp_path / "x.regroove", library).excerpts == ()


def test_an_existing_file_is_replaced_only_when_allowed(document, tmp_path, library):
    path = tmp_path / "x.regroove"
    path.write_text("mine")
    with pytest.raises(DocumentError, match="exists"):
        write_shared(document, path, library)
    assert path.read_text() == "mine"
    write_shared(document, path, library, overwrite=True)
    assert read_shared(path, library).document.title == "Shared"
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["x.regroove"]


def test_excerpts_never_replace_what_is_there(document, tmp_path, library):
    opened = read_shared(shared_file(document, tmp_path / "x.regroove", library), library)
    first, second = (unpack(opened, tmp_path, library) for _ in range(2))
    assert first.graph.nodes["load"].params["file"] != second.graph.nodes["load"].params["file"]


@pytest.mark.parametrize(
    "name",
    ["../evil.flac", "/etc/evil", "excerpts/../../evil.flac", "excerpts/a/b.flac", "evil.py", "excerpts\\x"],
)
def test_an_archive_with_other_names_is_refused(document, tmp_path, library, name):
    path = tmp_path / "x.regroove"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("graph.json", to_json(document))
        archive.writestr(name, b"x")
    with pytest.raises(DocumentError, match="no file that Regroove shared"):
        read_shared(path, library)


def test_an_archive_that_unpacks_to_too_much_is_refused(document, tmp_path, library, monkeypatch):
    path = tmp_path / "x.regroove"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("graph.json", to_json(document))
        archive.writestr("excerpts/load.flac", bytes(1 << 20))
    opened = read_shared(path, library)
    monkeypatch.setattr(share, "MAX_EXCERPTS_BYTES", 1000)
    with pytest.raises(DocumentError, match="more than it says"):
        unpack(opened, tmp_path, library)
    monkeypatch.setattr(share, "MAX_BYTES", 1000)
    with pytest.raises(DocumentError, match="would take more than"):
        read_shared(path, library)


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(60), b"hello"])
def test_a_file_that_is_no_archive_is_refused_in_a_sentence(tmp_path, library, content):
    path = tmp_path / "x.regroove"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=r"x\.regroove"):
        read_shared(path, library)


def test_excerpts_of_nodes_that_are_not_there_are_left_alone(document, tmp_path, library):
    path = tmp_path / "x.regroove"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("graph.json", to_json(document))
        archive.writestr("excerpts/somebody.flac", b"x")
    assert read_shared(path, library).excerpts == ()
