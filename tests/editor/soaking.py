"""A user who does anything at all, in a process of their own: Mesa's driver that draws nothing loses memory.

    python soaking.py SEED ACTIONS

Prints what went wrong, and how to see it again; the exit code is 0 if nothing did.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

import dearpygui.dearpygui as dpg
import user as events
from screens import x_server
from user import User
from whole import Editor, disagreements

import nodes
from nodegraph.cache import Cache
from nodegraph.document import Document, Frame, Note
from nodegraph.editor.desk.keymap import PRESETS
from nodegraph.editor.work.studio import Studio
from nodegraph.embed import open_document
from nodegraph.library import Library

ROOT = Path(__file__).parents[2]
# Files, settings of the whole window, and runs have tests of their own.
NEVER = ("file.", "edit.preferences", "run.")
LOOK_EVERY, BACK_EVERY = 40, 500
MOST_NODES = 60
WORDS = ("gain", "dec", "ö", "mix", "Rauschen", "q", "load", "3+4", "-1,5", "", "zzz", "split")
KEYS = sorted(
    {chord for preset in PRESETS.values() for action, chords in preset.items() for chord in chords}
    | {"Escape", "Enter", "Up", "Down", "Tab"}
)


class Monkey:
    """Does anything at all to a whole window."""

    def __init__(self, editor: Editor, seed: int) -> None:
        self.editor, self.user = editor, editor.user
        self.chance = random.Random(seed)
        self.log: list[str] = []
        # Of keys, while nothing lies over the panes.
        self.takers = len(editor.studio.takers)
        self.actions = [action.name for action in editor.studio.actions if not action.name.startswith(NEVER)]
        self.keys = [chord for chord in KEYS if self._harmless(chord)]

    def _harmless(self, chord: str) -> bool:
        actions = {
            action for preset in PRESETS.values() for action, chords in preset.items() if chord in chords
        }
        return not any(action.startswith(NEVER) and action != "run.cancel" for action in actions)

    # --- places --------------------------------------------------------------------------------

    def pixel(self) -> tuple[float, float]:
        """Return a pixel: mostly on something on the canvas, sometimes anywhere."""
        chance, editor = self.chance, self.editor
        kind = chance.random()
        ids = editor.studio.scene.ids
        if kind < 0.55 and ids:
            spot = self.on_node(chance.choice(ids))
            left, top = editor.at(0.01, 0.01)
            right, bottom = editor.at(0.99, 0.99)
            if left < spot[0] < right and top < spot[1] < bottom:
                return spot
        if kind < 0.85:
            return editor.at(chance.uniform(0.0, 1.0), chance.uniform(0.0, 1.0))
        # The menu bar holds files.
        width, height = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        return chance.uniform(0, width), chance.uniform(80, height)

    def on_node(self, node_id: str) -> tuple[float, float]:
        scene, canvas = self.editor.studio.scene, self.editor.canvas
        shape = scene.shapes[node_id]
        if shape.ports and self.chance.random() < 0.5:
            port = self.chance.choice(shape.ports)
            return canvas.port_on_screen(node_id, port.side, port.name)
        left, top, right, bottom = scene.box_of(node_id)
        return canvas.to_screen((self.chance.uniform(left, right), self.chance.uniform(top, bottom)))

    # --- acts ----------------------------------------------------------------------------------

    def act(self) -> None:
        """Do one thing."""
        acts: tuple[tuple[Callable[[], None], int], ...] = (
            (self.drag, 30),
            (self.click, 18),
            (self.key, 18),
            (self.command, 12),
            (self.wheel, 6),
            (self.double_click, 5),
            (self.write, 5),
            (self.move, 4),
            (self.cancel_drag, 2),
        )
        (act,) = self.chance.choices([each for each, _ in acts], [weight for _, weight in acts])
        act()

    def note(self, text: str) -> None:
        self.log.append(text)

    def held(self) -> str:
        return self.chance.choice(("", "", "", "", "Shift", "Ctrl", "Alt", "Ctrl+Shift"))

    def move_to(self, pixel: tuple[float, float]) -> None:
        events._move(events._io(), *pixel)

    def button(self, button: int, *downs: bool) -> None:
        for down in downs:
            events._button(events._io(), button, down)

    def hold(self, names: str, down: bool) -> None:
        for name in filter(None, names.split("+")):
            for code in events._MODIFIERS[name]:
                events._key(events._io(), code, down)

    def press_key(self, chord: str) -> None:
        *held, name = chord.split("+")
        code = events._KEYS.get(name) or getattr(dpg, f"mvKey_{name}")
        self.hold("+".join(held), True)
        for down in (True, False):
            events._key(events._io(), code, down)
        self.user.frames(2)
        self.hold("+".join(held), False)

    def drag(self) -> None:
        begin, end, held = self.pixel(), self.pixel(), self.held()
        button = self.chance.choice((0, 0, 0, 0, 0, 0, 1, 2))
        self.note(f"drag {begin} {end} {button} {held}")
        self.hold(held, True)
        self.move_to(begin)
        self.button(button, True)
        self.user.frames(1)
        for share in (0.3, 1.0):
            x, y = (a + (b - a) * share for a, b in zip(begin, end, strict=True))
            self.move_to((x, y))
            self.user.frames(1)
        self.button(button, False)
        self.user.frames(1)
        self.hold(held, False)

    def cancel_drag(self) -> None:
        begin, end = self.pixel(), self.pixel()
        what = self.chance.choice(("Escape", "Ctrl+Z", "Delete"))
        self.note(f"drag {begin} {end} and {what} meanwhile")
        self.move_to(begin)
        self.button(0, True)
        self.user.frames(1)
        self.move_to(end)
        self.user.frames(1)
        self.press_key(what)
        self.button(0, False)
        self.user.frames(1)

    def click(self) -> None:
        pixel, held = self.pixel(), self.held()
        button = self.chance.choice((0, 0, 0, 1))
        self.note(f"click {pixel} {button} {held}")
        self.hold(held, True)
        self.move_to(pixel)
        self.button(button, True, False)
        self.user.frames(2)
        self.hold(held, False)

    def double_click(self) -> None:
        pixel = self.pixel()
        self.note(f"double click {pixel}")
        self.move_to(pixel)
        self.button(0, True, False, True, False)
        self.user.frames(4)

    def move(self) -> None:
        pixel = self.pixel()
        self.note(f"move {pixel}")
        self.move_to(pixel)
        self.user.frames(1)

    def wheel(self) -> None:
        pixel, notches = self.pixel(), self.chance.choice((-3, -2, -1, 1, 1, 2))
        self.note(f"wheel {pixel} {notches}")
        self.move_to(pixel)
        events._wheel(events._io(), 0, notches)
        self.user.frames(1)

    def key(self) -> None:
        chord = self.chance.choice(self.keys)
        self.note(f"key {chord}")
        self.press_key(chord)

    def command(self) -> None:
        name = self.chance.choice(self.actions)
        self.note(f"do {name}")
        self.editor.studio.actions.do(name)
        self.user.frames(1)

    def write(self) -> None:
        text = self.chance.choice(WORDS)
        self.note(f"write {text}")
        if text:
            events._text(events._io(), text.encode())
        self.user.frames(1)
        if self.chance.random() < 0.5:
            self.press_key("Enter")

    # --- looking -------------------------------------------------------------------------------

    def settle(self) -> None:
        """Let go of everything; whatever asks is answered with Escape."""
        for _attempt in range(8):
            if not (self.editor.studio.dialogs.showing or len(self.editor.studio.takers) > self.takers):
                break
            self.press_key("Escape")
        self.user.frames(2)

    def look(self) -> None:
        """See whether the document and what is drawn agree."""
        self.user.frames(2)
        found = disagreements(self.editor)
        assert not found, "\n".join(found[:5])

    def go_back_and_forth(self) -> None:
        """Undo to the beginning and redo to the end: the documents are the same ones."""
        desk = self.editor.desk
        end = desk.document
        documents = [end]
        while desk.history.undo_label is not None:
            desk.undo()
            documents.append(desk.document)
        self.look()
        for wanted in reversed(documents[:-1]):
            desk.redo()
            assert desk.document == wanted, "redo does not give what undo took"
        assert desk.document is end
        self.look()

    def prune(self) -> None:
        """Begin anew where there is too much to be seen."""
        if len(self.editor.document.graph.nodes) > MOST_NODES or self.editor.studio.start_page_shown:
            self.note("begin anew")
            self.editor.open(first_document(self.editor.studio))


def first_document(studio: Studio) -> Document:
    """Return a graph with everything in it that can be on a canvas."""
    document = open_document(ROOT / "graphs" / "first_steps.json", studio.library)
    graph = document.graph.set_param("load", "length_s", 1.0, studio.library)
    return Document(
        graph,
        "Übung",
        positions=document.positions,
        frames=(*document.frames, Frame("Größe", -60.0, -90.0, 300.0, 240.0)),
        notes=(Note("Einiges\nzu merken", 900.0, 420.0, 180.0, 90.0),),
    )


def soak(seed: int, count: int) -> None:
    library = Library.from_package(nodes, skip=("dsp",))
    folder = Path(os.environ["REGROOVE_STATE"]).parent
    studio = Studio(library, ROOT / "graphs", Cache(folder / "cache"))
    # Users differ; each second one hears at once what they change, which takes both cores.
    studio.prefer(
        tour_done=True,
        window=(760, 560),
        live=seed % 2 == 0,
        language="de" if seed % 3 == 1 else "en",
        theme="light" if seed % 3 == 1 else "dark",
        ui_scale=1.25 if seed % 3 == 2 else 1.0,
        preset=("regroove", "blender", "nuke", "comfyui")[seed % 4],
    )

    def opened(window) -> User:
        window.open()
        return User(window.pump)

    editor = Editor(studio, opened)
    monkey = Monkey(editor, seed)
    editor.open(first_document(studio))
    try:
        for number in range(1, count + 1):
            monkey.act()
            if number % LOOK_EVERY == 0:
                monkey.look()
                monkey.settle()
                monkey.prune()
            if number % BACK_EVERY == 0:
                monkey.go_back_and_forth()
        monkey.go_back_and_forth()
    except BaseException:
        print(f"after {len(monkey.log)} things, seed {seed}; the last ones:")
        print("\n".join(monkey.log[-12:]))
        traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
        os._exit(1)
    editor.close()


def main() -> None:
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    # A thread of Mesa's own gains nothing where nothing is drawn.
    os.environ |= {"GALLIUM_NOOP": "true", "mesa_glthread": "false"}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, x_server("1280x1024") as display:
        os.environ["DISPLAY"] = display
        for name in ("CONFIG", "STATE", "CACHE"):
            os.environ[f"REGROOVE_{name}"] = f"{folder}/{name.lower()}"
        soak(seed, count)
        print("all is well", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
