"""Stories: what people come for, from the beginning to the end, through the whole window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from whole import Editor

from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import Graph, Link, Node

RATE = 22_050
KINDS = ["export", "load", "mix", "repair.declick", "repair.denoise", "separate.hpss"]
CHAIN = {
    "load.audio > hpss.audio",
    "hpss.percussive > declick.audio",
    "hpss.harmonic > denoise.audio",
    "declick.audio > mix.tracks.1",
    "denoise.audio > mix.tracks.2",
    "mix.audio > export.audio",
}


@pytest.fixture
def editor(studio, open_window):
    """Open the whole window, large, on the start page."""
    studio.prefer(tour_done=True, window=(1860, 1150))
    editor = Editor(studio, open_window)
    yield editor
    editor.close()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Write two seconds of a chord with clicks in it."""
    folder = tmp_path / "Bänder"
    folder.mkdir()
    times = np.arange(2 * RATE) / RATE
    samples = 0.2 * np.sin(2 * np.pi * 220 * times) + 0.1 * np.sin(2 * np.pi * 554.4 * times)
    samples[:: RATE // 5] += 0.6
    soundfile.write(folder / "Grüße.wav", samples.astype(np.float32), RATE)
    return folder / "Grüße.wav"


def test_first_sound_in_a_minute_from_the_start_page(editor):
    user, player = editor.user, editor.studio.player
    user.frames(4)
    user.click_item("start.first_steps.begin")
    user.frames(4)
    assert editor.document.title == "First steps"
    user.wait(lambda: all(player.sounds), 30, "before and after")
    user.key("Space")
    user.wait(lambda: player.playing and player.position_s > 0.1, what="the sound")
    after = player.choice
    position = player.position_s
    user.key("Grave")
    user.frames(2)
    assert {after, player.choice} == {"a", "b"}
    assert player.playing
    user.wait(lambda: player.position_s > position, what="the sound that goes on")
    # The two are compared at one loudness, and it is told.
    assert editor.studio.settings.match_loudness
    user.key("Space")
    user.frames(2)
    assert not player.playing


def test_a_chain_for_each_stem_is_built_and_exported_with_the_mouse_alone(editor, recording):
    user = editor.user
    user.frames(4)
    editor.press("New empty graph")
    user.wheel(*editor.at(0.5, 0.5), -2)
    places = {
        "Load audio": (0.03, 0.3),
        "Harmonic / percussive": (0.2, 0.3),
        "Declick": (0.4, 0.05),
        "Denoise": (0.4, 0.5),
        "Mix": (0.6, 0.3),
        "Export audio": (0.78, 0.3),
    }
    for title, place in places.items():
        user.drag(editor.palette_row(title), editor.at(*place))
        user.frames(2)
    assert sorted(node.kind for node in editor.document.graph.nodes.values()) == KINDS
    ids = {node.kind: name for name, node in editor.document.graph.nodes.items()}
    load, hpss, mix, export = (editor.node(ids[kind]) for kind in ("load", "separate.hpss", "mix", "export"))
    declick, denoise = editor.node(ids["repair.declick"]), editor.node(ids["repair.denoise"])
    editor.link(load.output(), hpss.input())
    editor.link(hpss.output("percussive"), declick.input())
    # Backwards is a link too.
    editor.link(denoise.input(), hpss.output("harmonic"))
    editor.link(declick.output(), mix.input("tracks.1"))
    editor.link(denoise.output(), mix.input("tracks.2"))
    editor.link(mix.output(), export.input())
    assert editor.links() == CHAIN
    editor.studio.prefer(folder=str(recording.parent))
    user.click(*load.param("file"))
    user.frames(4)
    user.double_click(*editor.text_place("Grüße.wav"))
    user.frames(4)
    assert editor.document.graph.nodes[ids["load"]].params["file"] == str(recording)
    user.click_item("toolbar.run.all")
    user.frames(4)
    editor.press("Write here")
    editor.settle()
    (written,) = set(recording.parent.iterdir()) - {recording}
    assert soundfile.info(written).frames == 2 * RATE


def test_a_chain_for_each_stem_is_built_and_exported_with_the_keyboard_alone(editor, recording):
    user, studio = editor.user, editor.studio
    studio.prefer(folder=str(recording.parent))
    user.frames(4)
    user.key("Ctrl+N")
    user.frames(3)

    def add(text: str) -> None:
        user.key("Tab")
        editor.search(text)

    def go_to(text: str) -> None:
        user.key("Ctrl+F")
        editor.search(text)

    add("Load audio")
    user.key("Enter")
    user.frames(4)
    user.key("Enter")
    user.frames(6)
    user.type("grü")
    user.frames(3)
    user.key("Enter")
    user.frames(3)
    assert editor.document.graph.nodes["load"].params["file"] == str(recording)
    user.key("O")
    add("Harmonic")
    user.key("I")
    user.key("O")
    add("Denoise")
    user.key("I")
    assert editor.links() == {"load.audio > hpss.audio", "hpss.harmonic > denoise.audio"}
    user.key("Alt+Left")
    assert editor.desk.selection.nodes == {"hpss"}
    user.key("O")
    add("Declick")
    user.key("I")
    user.key("O")
    add("Mix")
    user.key("I")
    go_to("Denoise")
    user.key("O")
    go_to("Mix")
    user.key("I")
    user.key("O")
    add("Export audio")
    user.key("I")
    user.key("Ctrl+L")
    user.frames(2)
    assert editor.links() == CHAIN
    user.key("Ctrl+Enter")
    user.frames(6)
    user.key("Enter")
    editor.settle()
    (written,) = set(recording.parent.iterdir()) - {recording}
    assert soundfile.info(written).frames == 2 * RATE


def test_a_graph_is_shared_and_runs_on_another_machine(
    editor, studio, recording, open_window, library, tmp_path, monkeypatch
):
    user = editor.user
    graph = Graph(
        {
            "load": Node("load", {"file": str(recording)}),
            "gain": Node("gain", {"gain_db": -6.0}),
            "export": Node("export", {"file": "leiser.wav"}),
        },
        (Link("load", "audio", "gain", "audio"), Link("gain", "audio", "export", "audio")),
    )
    editor.open(Document(graph, "Leiser"))
    editor.command("Share")
    user.frames(4)
    user.click_item(editor.checkbox("With short excerpts of the recordings"))
    user.key("Enter")
    user.frames(6)
    user.key("Ctrl+A")
    user.type(str(tmp_path / "Für dich"))
    user.key("Enter")
    user.frames(3)
    shared = tmp_path / "Für dich.regroove"
    user.wait(shared.exists, what="the shared file")
    assert str(recording.parent).encode() not in shared.read_bytes()
    editor.close()

    # Another home, another place for the recording, which has another name there.
    other = tmp_path / "other"
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"REGROOVE_{name}", str(other / name.lower()))
    (other / "musik").mkdir(parents=True)
    recording.rename(other / "musik" / "Platte 7.wav")
    there = Studio(library, studio.graphs, Cache(other / "cache"))
    there.prefer(tour_done=True, window=(1860, 1150), folder=str(other / "musik"))
    receiver = Editor(there, open_window)
    user = receiver.user
    user.frames(4)
    user.key("Ctrl+O")
    user.frames(6)
    user.type(str(shared))
    user.frames(3)
    user.key("Enter")
    user.frames(6)
    assert receiver.document.title == "Leiser"
    assert receiver.desk.path is None
    assert receiver.says("A recording is missing: Grüße.wav")
    receiver.wait_for("load", "blocked")
    # Nothing ran, nothing was written.
    assert not list((other / "cache").rglob("*.npy"))
    assert not there.runner.busy
    assert [each.name for each in (other / "musik").iterdir()] == ["Platte 7.wav"]
    receiver.command("Find missing")
    user.frames(4)
    user.key("Down")
    user.key("Enter")
    user.frames(6)
    user.type("Platte")
    user.frames(3)
    user.key("Enter")
    user.frames(3)
    receiver.wait_for("load", "stale")
    user.key("Ctrl+Enter")
    user.frames(6)
    user.key("Enter")
    receiver.settle()
    assert soundfile.info(other / "musik" / "leiser.wav").frames == 2 * RATE
    receiver.close()


def test_a_failing_node_is_mended_by_its_message(editor, recording):
    user = editor.user
    broken, gone = recording.with_name("kaputt.wav"), recording.with_name("gone.wav")
    broken.write_bytes(b"RIFF, but no more")
    graph = Graph(
        {"load": Node("load", {"file": str(gone)}), "gain": Node("gain")},
        (Link("load", "audio", "gain", "audio"),),
    )
    editor.studio.prefer(folder=str(recording.parent))
    editor.open(Document(graph, positions={"load": (0.0, 0.0), "gain": (320.0, 0.0)}))

    def pick(text: str) -> None:
        # Two clicks at one place, soon after each other, would be a double click.
        user.click(*editor.empty_place())
        user.click(*editor.node("load").param("file"))
        user.frames(6)
        user.type(text)
        user.frames(3)
        user.key("Enter")
        user.frames(3)

    # What is missing is told before anything runs.
    editor.wait_for("load", "blocked")
    assert str(gone) in editor.desk.states["load"].reason
    pick("kaputt")
    user.key("Ctrl+Enter")
    editor.wait_for("load", "failed")
    assert "kaputt.wav" in editor.desk.states["load"].reason
    # Its message is told where it is; the node behind it has not failed.
    assert editor.state("gain") != "failed"
    pick("grü")
    user.key("Ctrl+Enter")
    editor.wait_for("gain", "clean")
    assert editor.state("load") == "clean"
