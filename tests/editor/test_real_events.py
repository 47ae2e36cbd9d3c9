"""The program as it is started, in front of a real X server: few tests, for the way that events take.

xdotool moves the pointer and presses keys; everything else is tested inside of the process.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from screens import die_with_parent, x_server
from whole import Editor

from nodegraph.document import Document
from nodegraph.document_file import load_document, save_document
from nodegraph.editor.canvas.canvas import Canvas
from nodegraph.editor.desk.recovery import left_behind
from nodegraph.editor.space.panes import divide
from nodegraph.editor.window.window import MENU_HEIGHT
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import Graph, Link, Node, NodeId

ROOT = Path(__file__).parents[2]
WIDTH, HEIGHT = 1100, 760
SLOWLY_S = 0.15
"""The editor draws twice a second while nothing happens, but wakes with the first event."""

pytestmark = pytest.mark.skipif(
    not (shutil.which("xdotool") and shutil.which("Xvfb")),
    reason="xdotool or Xvfb is not installed: the way of real events is not tested",
)


class Program:
    """`app.py edit FILE`, and a user with a real pointer."""

    def __init__(self, display: str, file: Path, studio) -> None:
        self.environment = {**os.environ, "DISPLAY": display, "GALLIUM_NOOP": "true"}
        self.studio = studio
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "edit", str(file)],
            env=self.environment,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - calls the kernel only
        )
        self.window = self.do("search", "--sync", "--onlyvisible", "--name", "Regroove").split()[0]
        self.started_s = time.monotonic() - begin
        self.do("windowfocus", self.window)
        self.canvas = self._canvas(file)
        time.sleep(1.0)

    def _canvas(self, file: Path) -> Canvas:
        """Return a canvas that knows where everything is seen: what the program does when it opens."""
        canvas = Canvas(self.studio)
        pane = divide(WIDTH, HEIGHT, MENU_HEIGHT, self.studio.settings.panes, 1.0)["canvas"]
        canvas.studio.canvas = pane
        self.studio.view = self.studio.view.resized(pane.width, pane.height)
        self.studio.desk.open(load_document(file, self.studio.library), file)
        canvas.sights.fit_all(at_once=True)
        return canvas

    def do(self, *words: object) -> str:
        """Have xdotool do something; return what it says."""
        done = subprocess.run(
            ["xdotool", *map(str, words)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=90,
        )
        return done.stdout

    def move(self, place: tuple[float, float]) -> None:
        self.do("mousemove", "--window", self.window, round(place[0]), round(place[1]))
        time.sleep(SLOWLY_S)

    def button(self, way: str) -> None:
        self.do(way, 1)
        time.sleep(SLOWLY_S)

    def drag(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        self.move(begin)
        self.button("mousedown")
        for share in (0.3, 0.7, 1.0):
            x, y = (a + (b - a) * share for a, b in zip(begin, end, strict=True))
            self.move((x, y))
        self.button("mouseup")

    def key(self, chord: str) -> None:
        self.do("key", "--delay", 60, chord)
        time.sleep(SLOWLY_S)

    def close(self) -> None:
        """Have the window closed as a window manager does."""
        program = Path(__file__).with_name("xclose.py")
        subprocess.run([sys.executable, program, "Regroove"], env=self.environment, check=True, timeout=90)
        time.sleep(4 * SLOWLY_S)

    def wait(self, condition: Callable[[], object], what: str, timeout_s: float = 60.0) -> None:
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, f"waited in vain for {what}"
            time.sleep(0.05)

    def output(self, node_id: NodeId) -> tuple[float, float]:
        return self.canvas.port_on_screen(node_id, "output", "audio")

    def input(self, node_id: NodeId) -> tuple[float, float]:
        return self.canvas.port_on_screen(node_id, "input", "audio")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    nodes = {
        "demo": Node("source.demo", {"length_s": 1.0}),
        "gain": Node("gain"),
        "limit": Node("level.limiter"),
    }
    positions = {"demo": (0.0, 0.0), "gain": (320.0, 0.0), "limit": (320.0, 300.0)}
    path = tmp_path / "Übung.json"
    save_document(Document(Graph(nodes), "Übung", positions=positions), path)
    return path


@pytest.fixture
def program(studio, file) -> Iterator[Program]:
    studio.prefer(tour_done=True, window=(WIDTH, HEIGHT), live=False)
    with x_server("1400x1000") as display:
        program = Program(display, file, studio)
        yield program
        program.process.kill()
        program.process.wait(10)


LINKED = (Link("demo", "audio", "gain", "audio"),)


def test_the_program_starts_and_its_window_tells_what_is_open(program):
    assert program.started_s < 60
    assert "Übung" in program.do("getwindowname", program.window)
    assert program.process.poll() is None


def test_a_link_is_pulled_and_saved(program, file):
    program.drag(program.output("demo"), program.input("gain"))
    program.key("ctrl+s")
    program.wait(lambda: load_document(file).graph.links == LINKED, "the link in the file")


def test_keys_edit_and_save(program, file):
    program.move(program.canvas.title_on_screen("gain"))
    program.button("click")
    program.key("Delete")
    program.key("ctrl+s")
    program.wait(lambda: load_document(file).graph.nodes.keys() == {"demo", "limit"}, "the file")
    program.key("ctrl+z")
    program.key("ctrl+s")
    program.wait(lambda: "gain" in load_document(file).graph.nodes, "the file")


def test_a_menu_is_opened_and_an_entry_clicked(program):
    # "New" stands first in the first menu.
    for place in ((30, 13), (60, 45)):
        program.move(place)
        program.button("click")
    program.wait(lambda: "Untitled" in program.do("getwindowname", program.window), "a new graph")


def test_a_file_that_is_dropped_is_loaded(program, file, tmp_path):
    (tmp_path / "Grüße aus Köln.wav").write_bytes(b"RIFF")
    geometry = dict(
        line.split("=") for line in program.do("getwindowgeometry", "--shell", program.window).split()
    )
    x, y = int(geometry["X"]) + WIDTH // 2, int(geometry["Y"]) + 150
    dropping = [sys.executable, str(Path(__file__).with_name("xdnd.py")), "Regroove", str(x), str(y)]
    command = [*dropping, str(tmp_path / "Grüße aus Köln.wav")]
    subprocess.run(command, env=program.environment, check=True, timeout=90)
    time.sleep(SLOWLY_S)
    program.key("ctrl+s")

    def files() -> list[object]:
        return [node.params.get("file") for node in load_document(file).graph.nodes.values()]

    program.wait(lambda: "Grüße aus Köln.wav" in str(files()), "the load node")


def test_closing_asks_for_unsaved_work(program, file):
    program.drag(program.output("demo"), program.input("gain"))
    program.close()
    assert program.process.poll() is None
    program.key("Escape")
    program.close()
    assert program.process.poll() is None
    # "Save" is what Enter means.
    program.key("Return")
    assert program.process.wait(15) == 0
    assert load_document(file).graph.links == LINKED


def test_what_a_killed_program_left_behind_is_recovered(program, file, library, open_window):
    program.drag(program.output("demo"), program.input("gain"))
    time.sleep(1.0)
    program.process.send_signal(signal.SIGKILL)
    program.process.wait(10)
    assert load_document(file).graph.links == ()
    editor = Editor(Studio(library, program.studio.graphs, program.studio.cache), open_window)
    editor.user.frames(6)
    assert editor.says("Recover “Übung.json”?")
    editor.user.key("Enter")
    editor.user.frames(6)
    assert editor.document.graph.links == LINKED
    assert editor.desk.path == file
    assert editor.desk.history.dirty
    editor.close()
    assert left_behind() == ()
