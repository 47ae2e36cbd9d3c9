"""From a slider that is let go to the preview of the passage: how long it takes, and what the window feels.

    python -m benchmarks.preview [ROUNDS [NODE …]]

The graph is `graphs/shellac_78.json` on a worn side of 60 s, all of it in the cache; the loop is 10 s
long. A frame of Python stands in for the window: its longest gap is what a user would see stutter.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nodes
from benchmarks.shellac import write_side
from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.work.studio import Studio
from nodegraph.embed import open_document
from nodegraph.graph import Node
from nodegraph.library import Library

GRAPHS = Path(__file__).parents[1] / "graphs"
LOOP = (20.0, 30.0)
END = PortRef("limiter", "audio")
FRAME_S = 0.004
# The bars of the editor: a preview (s), and a gap between two frames (s).
MOST_S, MOST_GAP_S = 0.3, 0.05


@dataclass(frozen=True)
class Slider:
    """A parameter, the value from which it is dragged, and how far it is let go each time."""

    node_id: str
    name: str
    begin: float
    step: float


SLIDERS = (
    Slider("declick", "threshold_db", 20.0, 0.7),
    Slider("decrackle", "threshold_db", 15.0, 0.7),
    Slider("denoise", "reduction_db", 9.0, 1.1),
    Slider("curve", "mid_db", -3.0, 0.4),
    Slider("strokes", "attack_db", 0.55, 0.3),
    Slider("limiter", "ceiling_dbtp", -6.0, 0.3),
)


def _waited_s() -> float:
    """Return how long this thread has waited for a processor, which others had (s); 0 if unknown."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) * 1e-9
    except OSError:
        return 0.0


class Window:
    """A window without a screen: frames, and how far they are apart."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.gaps: list[float] = []
        self.own_gaps: list[float] = []
        self._waited = _waited_s()
        self.spent_s = 0.0
        self._last = time.perf_counter()

    def frame(self) -> None:
        begin = time.thread_time()
        self._studio.inbox.drain()
        self._studio.runner.update()
        # About what the canvas does in Python for a frame.
        sum(number * number for number in range(20_000))
        self.spent_s += time.thread_time() - begin
        time.sleep(FRAME_S)
        now = time.perf_counter()
        waited = _waited_s()
        self.gaps.append(now - self._last)
        self.own_gaps.append(now - self._last - (waited - self._waited))
        self._last, self._waited = now, waited


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="regroove-preview-") as name:
        folder = Path(name)
        os.environ["REGROOVE_CONFIG"] = str(folder / "config")
        studio = Studio(Library.from_package(nodes, skip=("dsp",)), GRAPHS, Cache(folder / "cache"))
        write_side(folder / "side.wav", 60.0)
        studio.desk.open(_document(studio, folder), folder / "side.json")
        window = Window(studio)
        studio.runner.run_to({END.node_id})
        _wait(window, lambda: not studio.runner.busy)
        studio.desk.loop(LOOP)
        for _frame in range(200):
            window.frame()
        print(f"idle: the longest gap is {max(window.gaps[-200:]) * 1e3:.0f} ms")
        heads = ("at the node", "at the end of the chain")
        print(f"{'slider':28} {heads[0]:>40} {heads[1]:>40}   gaps: longest, 99 %, without waiting for a CPU")
        chosen = [slider for slider in SLIDERS if not sys.argv[2:] or slider.node_id in sys.argv[2:]]
        for slider in chosen:
            _row(studio, window, slider, rounds)


def _row(studio: Studio, window: Window, slider: Slider, rounds: int) -> None:
    told = []
    value = slider.begin
    gaps: list[float] = []
    own_gaps: list[float] = []
    for port in (PortRef(slider.node_id, "audio"), END):
        studio.desk.listen_to(port, None)
        _wait(window, partial(_is_calm, studio, port))
        # The way to here is made once and kept, as it is while somebody works on a passage.
        _let_go(studio, window, slider, value, port)
        window.gaps.clear()
        window.own_gaps.clear()
        times, spent = [], []
        for _round in range(rounds):
            value += slider.step
            begin = time.process_time() - window.spent_s
            times.append(_let_go(studio, window, slider, value, port))
            spent.append(time.process_time() - window.spent_s - begin)
        value += slider.step
        gaps += window.gaps
        own_gaps += window.own_gaps
        mark = "ok" if statistics.median(times) <= MOST_S else "SLOW"
        busy = f"{statistics.median(spent) * 1e3:.0f} ms of processor"
        told.append(f"{statistics.median(times) * 1e3:5.0f} ms {mark:4} {busy:>22}")
    worst, usual, own = max(gaps), statistics.quantiles(gaps, n=100)[98], max(own_gaps)
    mark = "ok" if own <= MOST_GAP_S else "LONG"
    gap = f"{worst * 1e3:4.0f} ms, {usual * 1e3:4.0f} ms, {own * 1e3:4.0f} ms {mark}"
    print(f"{slider.node_id + '.' + slider.name:28} {told[0]:>40} {told[1]:>40}   {gap}", flush=True)


def _let_go(studio: Studio, window: Window, slider: Slider, value: float, port: PortRef) -> float:
    """Change the parameter; return how long it takes until there is a new preview (s)."""
    desk, before = studio.desk, studio.runner.sound(port)
    graph = desk.document.graph.set_param(slider.node_id, slider.name, value, studio.library)
    begin = time.perf_counter()
    desk.edit(desk.document.with_graph(graph), slider.name)
    _wait(window, lambda: studio.runner.sound(port) is not before)
    taken = time.perf_counter() - begin
    sound = studio.runner.sound(port)
    assert sound is not None
    assert sound.preview, (slider, value, before, sound)
    return taken


def _is_calm(studio: Studio, port: PortRef) -> bool:
    sound = studio.runner.sound(port)
    return not studio.runner.busy and sound is not None and not sound.preview


def _wait(window: Window, condition: Callable[[], bool]) -> None:
    while not condition():
        window.frame()


def _document(studio: Studio, folder: Path) -> Document:
    document = open_document(GRAPHS / "shellac_78.json", studio.library)
    load = Node("load", {"file": str(folder / "side.wav")}, studio.library.find("load").version)
    return document.with_graph(document.graph.put("load", load))


if __name__ == "__main__":
    main()
