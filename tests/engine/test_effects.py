"""Exports: when a file is written, when it is left alone, and where it may not go."""

import os
import threading
from pathlib import Path

import pytest
import soundfile
from lab import graph

from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.embed import open_document
from nodegraph.errors import Cancelled, OutputError


def export(file="out.wav", tone_hz=100, subtype="FLOAT"):
    return graph(
        "a.audio > w.audio",
        a=("tone", {"tone_hz": tone_hz}),
        w=("write", {"file": str(file), "subtype": subtype}),
    )


ALLOWED = {"overwrite": True}


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.startswith(".")]


# --- when -----------------------------------------------------------------------------------------


def test_an_export_writes_its_file_with_the_graph_inside(lab):
    result = lab.run(Document(export(), title="Mine"))
    path = lab.outputs / "out.wav"
    assert result.written == {"w": path}
    assert soundfile.info(path).frames == 400
    found = open_document(path, lab.library)
    assert found.title == "Mine"
    assert found.graph == export()
    assert leftovers(lab.outputs) == []


def test_a_file_that_is_up_to_date_is_not_written_again(lab):
    lab.run(export())
    path = lab.outputs / "out.wav"
    before = path.stat()
    assert lab.ran(export()) == []
    lab.reopened()
    assert lab.ran(export()) == [], "nor by another process"
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert lab.run(export()).written == {"w": path}


def test_a_file_that_was_deleted_is_written_again_from_the_cache(lab):
    lab.run(export())
    (lab.outputs / "out.wav").unlink()
    assert lab.why(export()) == {"w": "its file is gone or was changed"}
    assert lab.ran(export()) == ["w"]
    assert (lab.outputs / "out.wav").exists()


def test_a_file_that_somebody_changed_is_written_again_only_with_permission(lab):
    lab.run(export())
    path = lab.outputs / "out.wav"
    path.write_bytes(b"somebody's work")
    with pytest.raises(OutputError, match="exists already"):
        lab.run(export())
    assert path.read_bytes() == b"somebody's work"
    assert lab.ran(export(), places=ALLOWED) == ["w"]
    assert soundfile.info(path).frames == 400


def test_an_existing_file_is_refused_before_anything_runs(lab):
    (lab.outputs / "out.wav").write_bytes(b"precious")
    with pytest.raises(OutputError, match="Say --overwrite") as caught:
        lab.ran(export())
    assert str(lab.outputs / "out.wav") in str(caught.value)
    assert lab.cache.shelf.count() == 0
    assert lab.plan(export()).those("blocked")[0].node_id == "w"
    assert (lab.outputs / "out.wav").read_bytes() == b"precious"


def test_a_new_sound_replaces_the_old_file_only_with_permission(lab):
    lab.run(export())
    old = (lab.outputs / "out.wav").read_bytes()
    with pytest.raises(OutputError):
        lab.run(export(tone_hz=200))
    assert (lab.outputs / "out.wav").read_bytes() == old
    assert lab.ran(export(tone_hz=200), places=ALLOWED) == ["a", "w"]
    assert (lab.outputs / "out.wav").read_bytes() != old


def test_a_file_that_appears_meanwhile_is_left_alone(lab):
    made = graph("a.audio > s.audio", "s.audio > w.audio", a="tone", s=("slow", {"length_s": 0.2}), w="write")
    path = lab.outputs / "out.wav"
    result = lab.run(made, on_event=lambda event: path.write_bytes(b"mine"))
    assert isinstance(result.failures["w"].cause, OutputError)
    assert path.read_bytes() == b"mine"
    assert leftovers(lab.outputs) == []


def test_an_export_that_fails_leaves_nothing(lab):
    made = graph("a.audio > w.audio", a=("tone", {"channels": 1}), w=("write", {"file": "out.xyz"}))
    result = lab.run(made)
    assert "out.xyz" in str(result.failures["w"]) or result.failures
    assert list(lab.outputs.iterdir()) == []


def test_a_cancelled_export_leaves_nothing(lab):
    cancel = threading.Event()
    made = graph("a.audio > s.audio", "s.audio > w.audio", a="tone", s="slow", w="write")
    with pytest.raises(Cancelled):
        lab.run(made, cancel=cancel, on_event=lambda event: cancel.set())
    assert list(lab.outputs.iterdir()) == []


def test_folders_below_the_chosen_one_are_made(lab):
    lab.run(export("disc 1/side a/out.wav"))
    assert (lab.outputs / "disc 1" / "side a" / "out.wav").exists()


def test_a_file_that_cannot_hold_the_graph_says_so_by_its_own_name(lab):
    result = lab.run(export("out.au", subtype="PCM_16"))
    assert (lab.outputs / "out.au").exists()
    (_, note), *_ = result.notes
    assert note == "The graph is not kept in the file: out.au: this format cannot carry a graph."


def test_two_exports_to_one_file_are_refused_before_anything_runs(lab):
    made = graph(
        "a.audio > v.audio", "b.audio > w.audio", a="tone", b=("tone", {"tone_hz": 9}), v="write", w="write"
    )
    with pytest.raises(OutputError, match=r"v and w would both write .*out\.wav"):
        lab.ran(made, places=ALLOWED)
    assert list(lab.outputs.iterdir()) == []
    lab.run(made, ["v"])
    with pytest.raises(OutputError, match="would both write"):
        lab.run(made, places=ALLOWED)


def test_twin_exports_are_one(lab):
    made = graph("a.audio > v.audio", "a.audio > w.audio", a="tone", v="write", w="write")
    result = lab.run(made)
    assert len(result.ran) == 2
    assert set(result.written.values()) == {lab.outputs / "out.wav"}


def test_a_bypassed_export_writes_nothing(lab):
    lab.run(export().bypass("w", bypassed=True))
    assert list(lab.outputs.iterdir()) == []


def test_an_effect_that_leaves_no_file_runs_every_time(lab):
    made = graph("a.audio > r.audio", a="tone", r="ring")
    assert lab.ran(made) == ["a", "r"]
    assert lab.ran(made) == ["r"]
    lab.reopened()
    assert lab.ran(made) == ["r"]


# --- where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../out.wav",
        "sub/../../out.wav",
        "/tmp/regroove-out.wav",
        "",
        ".",
        "sub/..",
        "..\\out.wav",
        "C:\\out.wav",
        "sub\\out.wav",
        "~/../../out.wav/../../..",
    ],
)
def test_a_graph_cannot_choose_a_place_outside_the_folder(lab, name):
    result = lab.run(export(name))
    assert result.ran == ()
    assert "is not inside" in result.skipped["w"]
    assert "wants w to write to" in result.skipped["w"]


def test_a_link_inside_the_folder_that_points_out_of_it_is_refused(lab):
    outside = lab.folder / "outside"
    outside.mkdir()
    (lab.outputs / "sub").symlink_to(outside)
    (lab.outputs / "file.wav").symlink_to(outside / "not there yet.wav")
    for name in ("sub/out.wav", "file.wav"):
        result = lab.run(export(name), places=ALLOWED)
        assert "is not inside" in result.skipped["w"]
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["loop/out.wav", "loop"])
def test_a_link_to_itself_is_refused(lab, name):
    (lab.outputs / "loop").symlink_to(lab.outputs / "loop")
    result = lab.run(export(name), places=ALLOWED)
    assert "w" not in result.ran
    assert result.skipped.get("w") or result.failures["w"]
    assert list(lab.outputs.iterdir()) == [lab.outputs / "loop"]


def test_the_folder_itself_may_be_a_link(lab):
    real = lab.folder / "elsewhere"
    real.mkdir()
    (lab.folder / "linked").symlink_to(real)
    lab.run(export(), places={"outputs": lab.folder / "linked"})
    assert (real / "out.wav").exists()


def test_a_place_that_the_user_chose_may_lie_anywhere(lab):
    chosen = lab.folder / "my own" / "take.wav"
    result = lab.run(export("../../evil.wav"), places={"chosen": {"w": chosen}})
    assert result.written == {"w": chosen}
    assert soundfile.info(chosen).frames == 400


def test_a_folder_is_no_file_to_write(lab):
    (lab.outputs / "out.wav").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        lab.run(export(), places=ALLOWED)


@pytest.fixture
def take(lab):
    path = lab.outputs / "take.wav"
    soundfile.write(path, [0.0, 0.1, 0.2], 8000)
    return path


def copy(file="take.wav", source="results/take.wav"):
    return graph("r.audio > w.audio", r=("read", {"file": source}), w=("write", {"file": file}))


def symbolic_link(link, target):
    link.symlink_to(target)


def hard_link(link, target):
    os.link(target, link)


def test_a_result_never_replaces_its_own_input(lab, take):
    before = take.read_bytes()
    with pytest.raises(OutputError, match="never replaces its own input"):
        lab.ran(copy(), places=ALLOWED)
    with pytest.raises(OutputError, match="never replaces its own input"):
        lab.ran(copy("sub/../take.wav"), places=ALLOWED)
    assert take.read_bytes() == before


@pytest.mark.parametrize("make", [symbolic_link, hard_link])
@pytest.mark.parametrize("end", ["input", "output"])
def test_nor_by_another_name(lab, take, make, end):
    make(lab.outputs / "alias.wav", take)
    before = take.read_bytes()
    made = copy("take.wav", "results/alias.wav") if end == "input" else copy("alias.wav", "results/take.wav")
    with pytest.raises(OutputError, match="never replaces its own input"):
        lab.ran(made, places=ALLOWED)
    assert take.read_bytes() == before


def test_another_export_may_not_replace_an_input_either(lab, take):
    made = graph(
        "r.audio > v.audio",
        "a.audio > w.audio",
        r=("read", {"file": "results/take.wav"}),
        a="tone",
        v=("write", {"file": "other.wav"}),
        w=("write", {"file": "take.wav"}),
    )
    with pytest.raises(OutputError, match="never replaces its own input"):
        lab.ran(made, places=ALLOWED)


def test_two_processes_do_not_write_one_file_twice(lab):
    lab.run(export())
    lab.cache.flush()
    lab.cache = Cache(lab.folder / "cache")
    assert lab.ran(export()) == []
