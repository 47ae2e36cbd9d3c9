"""The command line, as a user or a script meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import nodes
from nodegraph.cli import Editor, run_cli
from nodegraph.library import Library
from nodegraph.shelf import Shelf

ROOT = Path(__file__).parents[1]
GRAPHS = ROOT / "graphs"
CLIPS = sorted((ROOT.parent / "shared" / "bench" / "dev" / "clips").glob("*.flac"))
LIBRARY = Library.from_package(nodes, skip=("dsp",))

NO_SCREEN = Editor(lambda file: 17, lambda: "No display: there is none in a test.")


class Shell:
    """Runs command lines in a folder of its own, with a cache of its own."""

    def __init__(self, folder: Path, read: Callable[[], Any]) -> None:
        self.folder = folder
        self._read = read
        self.out = ""
        self.err = ""

    def __call__(self, *words: object) -> int:
        code = run_cli(LIBRARY, GRAPHS, [str(word) for word in words], NO_SCREEN)
        self.out, self.err = self._read()
        return code

    def json(self, *words: object, code: int = 0) -> Any:
        assert self(*words, "--json") == code, self.err
        return json.loads(self.out)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setenv("REGROOVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys.readouterr)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    samples = 0.1 * rng.standard_normal((48000, 2))
    soundfile.write(tmp_path / "song.flac", samples, 48000, subtype="PCM_24")
    return tmp_path / "song.flac"


def write_graph(path: Path, nodes_: dict[str, Any], *links: tuple[str, str]) -> Path:
    ends = [{"from": a.split(".", 1), "to": b.split(".", 1)} for a, b in links]
    path.write_text(json.dumps({"format": "regroove.graph", "version": 1, "nodes": nodes_, "links": ends}))
    return path


def test_the_first_graph_ends_with_a_file_and_says_where(shell: Shell) -> None:
    assert shell("render", "first_steps") == 0
    assert (shell.folder / "first_steps.wav").exists()
    assert "first_steps.wav" in shell.err


def test_without_a_display_the_editor_says_so_or_renders(shell: Shell) -> None:
    assert shell("edit", "first_steps") == 3
    assert "No display" in shell.err
    assert shell("edit", "first_steps", "--or-render", "here") == 0
    assert "No display" in shell.err
    assert (shell.folder / "here" / "first_steps.wav").exists()


def test_the_editor_opens_on_the_file_that_is_named(tmp_path: Path) -> None:
    opened: list[Path | None] = []

    def open_window(file: Path | None) -> int:
        opened.append(file)
        return 7

    with_screen = Editor(open_window, lambda: None)
    assert run_cli(LIBRARY, GRAPHS, ["edit", "mine.json"], with_screen) == 7
    assert run_cli(LIBRARY, GRAPHS, ["edit"], with_screen) == 7
    assert opened == [Path("mine.json"), None]


def test_rendering_again_runs_nothing_and_does_not_complain_about_its_own_file(shell: Shell) -> None:
    shell("render", "first_steps")
    before = (shell.folder / "first_steps.wav").stat()
    found = shell.json("render", "first_steps")
    assert found["ran"] == []
    assert found["written"] == {"export": str(shell.folder / "first_steps.wav")}
    assert (shell.folder / "first_steps.wav").stat().st_mtime_ns == before.st_mtime_ns


def test_a_changed_parameter_runs_what_follows_it_and_nothing_else(shell: Shell) -> None:
    shell("render", "first_steps")
    found = shell.json("render", "first_steps", "-p", "limiter.ceiling_dbtp=-3", "--overwrite")
    assert found["ran"] == ["limiter", "export"]
    back = shell.json("render", "first_steps", "--overwrite")
    assert back["ran"] == ["export"]


def test_a_track_of_the_mix_is_set_by_its_port(shell: Shell) -> None:
    shell("render", "first_steps")
    steps = shell.json("plan", "first_steps", "-p", "mix.gains_db.tracks.2=-3", "--overwrite")["steps"]
    why = {step["node_id"]: step["why"] for step in steps if step["state"] == "run"}
    assert list(why) == ["mix", "loudness", "limiter", "export"]
    assert why["mix"] == "gains_db {} → {'tracks.2': -3.0} dB"


@pytest.mark.parametrize("graph", ["first_steps", "two_stems"])
def test_a_real_file_keeps_frames_channels_and_rate(shell: Shell, song: Path, graph: str) -> None:
    assert shell("render", graph, "-i", song) == 0, shell.err
    before = soundfile.info(song)
    written = list(shell.folder.glob("*.wav"))
    assert written
    for path in written:
        after = soundfile.info(path)
        assert (after.frames, after.channels, after.samplerate) == (
            before.frames,
            before.channels,
            before.samplerate,
        )


@pytest.mark.skipif(not CLIPS, reason="the bench's clips are not here")
@pytest.mark.parametrize("clip", CLIPS[::4], ids=lambda path: path.stem)
def test_the_stems_of_a_real_recording_add_up_to_it(shell: Shell, clip: Path) -> None:
    found = shell.json("render", "two_stems", "-i", f"load={clip}")
    residual = found["reports"]["null_test.report"]["Residual peak"]
    assert residual is None or residual <= -120
    parts = [
        soundfile.read(shell.folder / f"{stem}.wav")[0] for stem in ("harmonic", "percussive", "residual")
    ]
    worst = np.abs(sum(parts) - soundfile.read(clip)[0]).max()
    assert 20 * np.log10(worst + 1e-30) <= -120


def test_an_existing_file_is_replaced_only_on_demand(shell: Shell) -> None:
    (shell.folder / "first_steps.wav").write_bytes(b"precious")
    assert shell("render", "first_steps") == 4
    assert "exists already" in shell.err
    assert (shell.folder / "first_steps.wav").read_bytes() == b"precious"
    assert shell.json("cache")["entries"] == 0, "it was refused before anything ran"
    assert shell("render", "first_steps", "--overwrite") == 0


@pytest.mark.parametrize("alias", ["itself", "symlink", "hard link"])
def test_an_input_is_never_replaced(shell: Shell, song: Path, alias: str) -> None:
    target = song if alias == "itself" else shell.folder / "other.flac"
    if alias == "symlink":
        target.symlink_to(song)
    if alias == "hard link":
        os.link(song, target)
    before = song.read_bytes()
    assert shell("render", "first_steps", "-i", song, "-o", target, "--overwrite") == 4
    assert "never replaces its own input" in shell.err
    assert shell("node", "gain", song, target, "--overwrite") == 4
    assert song.read_bytes() == before


@pytest.mark.parametrize("file", ["../out.wav", "/tmp/out.wav", "a/../../out.wav", "..\\out.wav", ""])
def test_a_graph_cannot_write_outside_the_folder(shell: Shell, file: str) -> None:
    graph = write_graph(
        shell.folder / "evil.json",
        {"demo": {"kind": "source.demo"}, "export": {"kind": "export", "params": {"file": file}}},
        ("demo.audio", "export.audio"),
    )
    code = shell("render", graph, "--overwrite", "--into", shell.folder / "picked")
    assert code == 3
    assert "not inside" in shell.err
    assert shell("render", graph, "-o", shell.folder / "mine.wav") == 0, "a place that the user names is fine"


def test_the_graph_can_be_opened_from_the_file_that_it_made(shell: Shell, song: Path) -> None:
    assert shell("render", "first_steps", "-i", song, "-o", "made.flac", "-p", "drums.gain_db=-7") == 0
    assert str(shell.folder).encode() not in (shell.folder / "made.flac").read_bytes()
    again = shell.json("render", "made.flac", "-i", song, "-o", "again.flac")
    assert again["ran"] == ["export"], "the recipe is the same, so the results are there"
    first, second = (soundfile.read(shell.folder / name)[0] for name in ("made.flac", "again.flac"))
    np.testing.assert_array_equal(first, second)


def test_a_node_is_applied_to_a_file_and_to_a_folder(shell: Shell, song: Path) -> None:
    assert shell("node", "gain", song, "louder.wav", "-p", "gain_db=6") == 0, shell.err
    louder, rate = soundfile.read("louder.wav")
    np.testing.assert_allclose(louder, soundfile.read(song)[0] * 10 ** (6 / 20), rtol=1e-6)
    assert rate == 48000
    assert soundfile.info("louder.wav").subtype == "FLOAT"
    assert shell("node", "separate.hpss", song, "stems/") == 0, shell.err
    assert {path.name for path in Path("stems").iterdir()} == {
        "harmonic.wav",
        "percussive.wav",
        "residual.wav",
    }
    assert shell("node", "gain", song, "louder.wav") == 4
    assert shell("node", "mix", song, "louder.wav", "both.flac") == 0, shell.err


def test_a_report_is_printed_and_given_as_json(shell: Shell, song: Path) -> None:
    assert shell("node", "measure", song) == 0
    assert "LUFS" in shell.out
    found = shell.json("node", "measure", song)
    assert found["reports"]["report"]["measures"]


@pytest.mark.parametrize(
    "name", ["gain.gain_db=999", "gain.gain=1", "nobody.gain_db=1", "gain_db", "gain.gain_db=loud"]
)
def test_a_wrong_parameter_is_named(shell: Shell, song: Path, name: str) -> None:
    graph = write_graph(
        shell.folder / "g.json",
        {
            "load": {"kind": "load", "params": {"file": str(song)}},
            "gain": {"kind": "gain"},
            "export": {"kind": "export"},
        },
        ("load.audio", "gain.audio"),
        ("gain.audio", "export.audio"),
    )
    assert shell("render", graph, "-p", name) == 3
    assert shell.err.count("\n") == 1
    assert not list(shell.folder.glob("*.wav"))


def test_check_tells_all_problems_and_runs_nothing(shell: Shell) -> None:
    graph = write_graph(
        shell.folder / "g.json",
        {
            "load": {"kind": "load", "params": {"file": "nowhere.wav"}},
            "gain": {"kind": "gain", "params": {"gain_db": "loud"}},
            "new": {"kind": "future.node", "params": {"x": [1]}},
            "export": {"kind": "export"},
        },
        ("gain.audio", "export.audio"),
    )
    found = shell.json("check", graph, code=3)
    assert "no load" not in found["problems"]
    assert found["problems"]["gain"].startswith("gain_db must be a number")
    assert "future.node is unknown" in found["problems"]["new"]
    assert shell.json("cache")["entries"] == 0
    assert shell("check", "first_steps") == 0


def test_a_missing_input_is_named_in_one_sentence(shell: Shell) -> None:
    assert shell("render", "first_steps", "-i", "nowhere.wav") == 3
    assert "nowhere.wav is not there" in shell.err
    assert shell("node", "gain", "nowhere.wav", "out.wav") == 3
    assert shell.err.count("\n") == 1
    assert not list(shell.folder.glob("*.wav"))


def test_what_is_no_graph_is_refused_with_its_place(shell: Shell) -> None:
    (shell.folder / "bad.json").write_text('{"format": "regroove.graph",\n "version": }')
    assert shell("render", "bad.json") == 3
    assert "line 2" in shell.err
    assert shell("render", "nowhere.json") == 3
    assert shell("nothing") == 2


def test_every_kind_has_a_help_page(shell: Shell) -> None:
    assert shell("nodes") == 0
    assert all(kind in shell.out for kind in LIBRARY.specs)
    for kind in LIBRARY.specs:
        assert shell("nodes", kind) == 0
        assert shell.json("nodes", kind)["kind"] == kind
    assert shell("nodes", "separate.hps") == 3
    assert "separate.hpss" in shell.err


def test_doctor_tells_what_is_missing_and_writes_a_log_without_the_home_folder(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("render", "first_steps")
    monkeypatch.setenv("HOME", str(shell.folder))
    shell("doctor", "--debug-log", "debug.log")
    assert "numpy" in shell.out
    log = (shell.folder / "debug.log").read_text()
    assert "44100 Hz × 2 ch" in log
    assert str(shell.folder) not in log
    names = {finding["name"] for finding in shell.json("doctor", code=0)}
    assert {"ffmpeg", "Own packages", "Audio device", "Model weights", "Cache"} <= names


def test_the_cache_is_shown_and_cleared(shell: Shell) -> None:
    shell("render", "first_steps")
    assert shell.json("cache")["entries"] == 8
    assert shell.json("cache", "clear")["freed_bytes"] > 0
    assert shell.json("cache")["entries"] == 0
    assert len(shell.json("render", "first_steps", "--overwrite")["ran"]) == 8


def test_the_cache_shows_the_limit_that_was_chosen_in_the_editor(shell: Shell) -> None:
    folder = shell.json("cache")["folder"]
    Shelf(Path(folder)).keep_within(2_500_000_000)
    assert shell.json("cache")["limit_bytes"] == 2_500_000_000
    assert shell("cache") == 0
    assert "of at most 2.5 GB" in " ".join(shell.out.split())


def test_an_interrupt_ends_the_run_without_a_trace(tmp_path: Path) -> None:
    environment = {**os.environ, "REGROOVE_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, ROOT / "app.py", "render", "first_steps", "--into", tmp_path / "out"]
    process = subprocess.Popen(
        [*command, "-p", "load.length_s=120"], env=environment, stderr=subprocess.PIPE, cwd=tmp_path
    )
    work = tmp_path / "cache" / "work"
    while not (work.exists() and any(work.glob("*/*/*.npy"))):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert b"Traceback" not in errors
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
