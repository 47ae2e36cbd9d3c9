"""What the whole editor costs: its start, an idle hour, and the memory of twenty minutes' work.

    python -m benchmarks.editor [start] [idle] [memory] [--minutes N]

Needs Xvfb. Each figure comes from processes of their own.

start : from the start of `app.py edit graphs/first_steps.json` to the first frame in which the whole graph
    is drawn; Python begins anew each time, what it reads is in the disk's cache.
idle : CPU time of a window that nobody touches, while Mesa draws nothing, as with a graphics card.
memory : what grows while somebody works for N minutes of real time (20 by default): one action per second,
    in the window's own loop, with all caches as the user has them, after one run of the graph and a minute
    of the same work. Resident memory, with all pages of files that are mapped, as `top` shows it; the
    median of half a minute before and of the last one. Mesa's driver that draws nothing loses 0.1 MB per
    frame, so that this is drawn in software, in a window of 900 × 640.
"""

from __future__ import annotations

import contextlib
import os
import random
import runpy
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodegraph.editor.window.window import Window

ROOT = Path(__file__).parents[1]
GRAPH = ROOT / "graphs" / "first_steps.json"
STARTS, START_BAR_S = 7, 1.5
IDLE_S, SETTLED_S, IDLE_BAR_PERCENT = 15.0, 6.0, 3.0
MINUTES, WARM_UP_S, READ_S, MEMORY_BAR_MB = 20.0, 60.0, 30.0, 30.0
ACTION_S = 1.0
HEAVY = ("torch", "librosa", "dask", "demucs", "numba")


@contextlib.contextmanager
def display() -> Iterator[str]:
    """Start an X server without a screen."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen([*command, "-noreset"], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    if not select.select([read], [], [], 20)[0]:
        raise RuntimeError("Xvfb does not start")
    try:
        yield ":" + os.read(read, 16).decode().strip()
    finally:
        server.terminate()
        server.wait(5)


def begin(part: str, folder: Path, screen: str, *words: str, drawn: bool) -> subprocess.Popen[str]:
    """Start this module again for a part of the work, with folders of its own."""
    environment = {**os.environ, "DISPLAY": screen, "PYTHONPATH": str(ROOT)}
    environment |= {f"REGROOVE_{name}": str(folder / name.lower()) for name in ("CONFIG", "STATE", "CACHE")}
    environment.pop("GALLIUM_NOOP", None)
    if not drawn:
        environment["GALLIUM_NOOP"] = "true"
    environment["REGROOVE_BEGUN"] = str(time.time())
    command = [sys.executable, "-m", "benchmarks.editor", part, *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def run_app(run: Callable[[Window], None]) -> None:
    """Do what `app.py edit` does, with something else in place of the window's own loop."""
    from nodegraph.editor.window.window import Window

    Window.run = lambda window, *_busy: run(window)  # type: ignore[assignment]
    sys.argv = ["app.py", "edit", str(GRAPH)]
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")


# --- start ------------------------------------------------------------------------------------


def to_first_frame(window: Window) -> None:
    from nodegraph.editor.canvas.canvas import Canvas

    canvas = window.parts["canvas"]
    assert isinstance(canvas, Canvas)
    window.pump()
    while not canvas._picture.nodes or canvas._unfinished:
        window.pump()
    # What was drawn is on the screen with the next one at the latest.
    window.pump()
    seconds = time.time() - float(os.environ["REGROOVE_BEGUN"])
    heavy = [name for name in HEAVY if name in sys.modules]
    print(f"{seconds:.3f} {','.join(heavy) or '-'}", flush=True)
    os._exit(0)


def measure_start(screen: str) -> bool:
    good = True
    for drawn in (False, True):
        times, heavy = [], set[str]()
        for _run in range(STARTS):
            with tempfile.TemporaryDirectory() as folder:
                process = begin("part-start", Path(folder), screen, drawn=drawn)
                text, _errors = process.communicate(timeout=60)
            seconds, names = text.split()[-2:]
            times.append(float(seconds))
            heavy |= set(names.split(",")) - {"-"}
        median = statistics.median(times)
        how = "drawn in software" if drawn else "drawn by nobody"
        print(
            f"start, {how}: {median:.2f} s median of {STARTS} ({min(times):.2f} … {max(times):.2f}), "
            f"bar {START_BAR_S} s; heavy packages: {', '.join(sorted(heavy)) or 'none'}"
        )
        good &= drawn or (median <= START_BAR_S and not heavy & {"torch", "librosa"})
    return good


# --- idle -------------------------------------------------------------------------------------


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_idle(screen: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        process = begin("part-idle", Path(folder), screen, drawn=False)
        time.sleep(SETTLED_S)
        before = cpu_s(process.pid)
        time.sleep(IDLE_S)
        percent = 100 * (cpu_s(process.pid) - before) / IDLE_S
        process.kill()
        process.wait()
    print(f"idle: {percent:.1f} % of a core over {IDLE_S:.0f} s, bar {IDLE_BAR_PERCENT} %")
    return percent <= IDLE_BAR_PERCENT


# --- memory -----------------------------------------------------------------------------------


def resident_mb() -> tuple[float, float]:
    """Return the memory of this process: all of it, and what is no file's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = {name: rest for name, _colon, rest in (line.partition(":") for line in lines)}
    return int(sizes["VmRSS"].split()[0]) / 1024, int(sizes["RssAnon"].split()[0]) / 1024


class Session:
    """Somebody at work: adds, links, moves, turns, listens, undoes."""

    def __init__(self, window: Window) -> None:
        self.window, self.studio = window, window.studio
        self.chance = random.Random(1)
        self.drags = 0

    def act(self) -> None:
        acts = (self.turn, self.turn, self.move, self.select, self.listen, self.look, self.add, self.undo)
        self.chance.choice(acts)()

    def node(self) -> str:
        return self.chance.choice(sorted(self.studio.desk.document.graph.nodes))

    def turn(self) -> None:
        """Turn a gain: a drag of several documents, one step."""
        from nodegraph.editor.desk.edits import set_param

        desk, self.drags = self.studio.desk, self.drags + 1
        for value in (-1.0, -2.0, self.chance.uniform(-9, 3)):
            document = set_param(desk.document, "melody", "gain_db", round(value, 1), self.studio.library)
            desk.edit(document, "Change gain", f"drag {self.drags}")
            self.window.pump()
        desk.history.close_step()

    def move(self) -> None:
        desk, node_id = self.studio.desk, self.node()
        x, y = self.studio.scene.positions[node_id]
        desk.edit(desk.document.move(node_id, x + 24, y - 24), "Move")

    def select(self) -> None:
        from nodegraph.editor.desk.desk import Selection

        self.studio.desk.select(Selection(frozenset({self.node()})))

    def listen(self) -> None:
        from nodegraph.editor.desk.states import PortRef

        self.studio.desk.listen_to(PortRef(self.chance.choice(("melody", "drums", "mix")), "audio"), None)

    def look(self) -> None:
        view = self.studio.view
        self.studio.view = view.zoomed(self.chance.choice((0.8, 1.25)), 300.0, 200.0)
        if not 0.3 < self.studio.view.zoom < 2.0:
            self.studio.actions.do("view.fit_all")

    def add(self) -> None:
        """Add a node, open its search before, and remove it again."""
        actions, desk = self.studio.actions, self.studio.desk
        actions.do("node.add")
        for _frame in range(3):
            self.window.pump()
        for taker in reversed(list(self.studio.takers)):
            from nodegraph.editor.desk.keymap import Chord

            if taker(Chord("Escape")):
                break
        actions.do("edit.select_all")
        actions.do("edit.duplicate")
        self.window.pump()
        desk.undo()

    def undo(self) -> None:
        """Go some steps back, and about half of them forth again."""
        steps = self.chance.randrange(4)
        for _step in range(steps):
            self.studio.desk.undo()
        for _step in range(steps // 2):
            self.studio.desk.redo()


@dataclass(frozen=True)
class Reading:
    """What the process takes at some time; `blocks` are what Python has allocated."""

    at_s: float
    whole_mb: float
    anonymous_mb: float
    items: int
    blocks: int


class Sitting:
    """Acts and reads once per second; the window asks it in each frame whether sound is playing."""

    def __init__(self, window: Window, minutes: float) -> None:
        self.session, self.length_s = Session(window), WARM_UP_S + 60 * minutes
        self.runner = window.studio.runner
        self.runner.run_to(window.studio.desk.document.graph.nodes.keys() - {"export"})
        self.begin = self.due = 0.0
        self.readings: list[Reading] = []
        self.frames = 0

    def busy(self) -> bool:
        import dearpygui.dearpygui as dpg

        now = time.monotonic()
        if not self.begin:
            if not self.runner.busy:
                self.begin = self.due = now
            return False
        self.frames += 1
        if now >= self.due:
            self.due += ACTION_S
            self.session.act()
            # (gc.get_objects() would take hold of tuples that other threads are just making.)
            counts = len(dpg.get_all_items()), sys.getallocatedblocks()
            self.readings.append(Reading(now - self.begin, *resident_mb(), *counts))
            if len(self.readings) % 60 == 0:
                print(self.readings[-1], file=sys.stderr, flush=True)
        if now - self.begin > self.length_s:
            before = self.median(WARM_UP_S)
            after = self.median(self.length_s)
            print(" ".join(f"{number:.2f}" for number in (*before, *after)), len(self.readings), self.frames)
            sys.stdout.flush()
            os._exit(0)
        return False

    def median(self, until_s: float) -> tuple[float, ...]:
        rows = [each for each in self.readings if until_s - READ_S <= each.at_s <= until_s]
        columns = zip(*((row.whole_mb, row.anonymous_mb, row.items, row.blocks) for row in rows), strict=True)
        return tuple(statistics.median(column) for column in columns)


def work(minutes: float) -> None:
    """Work in the window's own loop."""
    from nodegraph.editor.window.window import Window

    run_window = Window.run
    run_app(lambda window: run_window(window, Sitting(window, minutes).busy))


def measure_memory(screen: str, minutes: float = MINUTES) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config"
        config.mkdir()
        (config / "settings.json").write_text('{"window": [900, 640], "tour_done": true}')
        process = begin("part-memory", Path(folder), screen, str(minutes), drawn=True)
        text, _errors = process.communicate(timeout=60 * minutes + 600)
    words = [float(word) for word in text.split()[-10:]]
    (whole, anonymous, items, blocks), after, (actions, frames) = words[:4], words[4:8], words[8:]
    grown = after[0] - whole
    print(
        f"memory: {grown:+.1f} MB over {minutes:g} min ({actions:.0f} actions, {frames:.0f} frames, after "
        f"a run and {WARM_UP_S:.0f} s of the same, at {whole:.0f} MB), bar {MEMORY_BAR_MB} MB; of these "
        f"{after[1] - anonymous:+.1f} MB no file's; {after[2] - items:+.0f} items of the window, "
        f"{after[3] - blocks:+.0f} blocks of Python's"
    )
    return grown < MEMORY_BAR_MB


# --- all --------------------------------------------------------------------------------------

MEASURES: dict[str, Callable[[str], bool]] = {
    "start": measure_start,
    "idle": measure_idle,
}


def main() -> int:
    words, minutes = sys.argv[1:], MINUTES
    if "--minutes" in words:
        at = words.index("--minutes")
        minutes = float(words[at + 1])
        del words[at : at + 2]
    measures = {**MEASURES, "memory": partial(measure_memory, minutes=minutes)}
    match words:
        case ["part-start"]:
            run_app(to_first_frame)
        case ["part-idle"]:
            sys.argv = ["app.py", "edit", str(GRAPH)]
            runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
        case ["part-memory", minutes]:
            work(float(minutes))
        case _:
            with display() as screen:
                return sum(not measures[name](screen) for name in words or measures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
