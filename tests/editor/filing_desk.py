"""A window with the parts that files need, and what its tests have in common."""

from pathlib import Path

import dearpygui.dearpygui as dpg
import numpy as np
import soundfile

from nodegraph.document import Document
from nodegraph.document_file import save_document
from nodegraph.editor.desk.edits import add_node
from nodegraph.editor.panels.dialogs import Dialogs
from nodegraph.editor.panels.dropping import Dropping
from nodegraph.editor.panels.filing import Filing
from nodegraph.editor.panels.start_page import StartPage
from nodegraph.editor.window.window import Window
from nodegraph.editor.work.asking import Choice, Question
from nodegraph.graph import Graph, Node

GRAPHS = Path(__file__).parents[2] / "graphs"
QUESTION = Question(
    "Save the changes?",
    "“Größe” was changed.",
    (Choice("cancel", "Cancel"), Choice("discard", "Don’t save", "danger"), Choice("save", "Save")),
    default="save",
    cancel="cancel",
)


class Blank:
    def build(self, parent):
        dpg.add_text("…", parent=parent)

    def place(self, pane):
        pass

    def update(self):
        pass


class Editor:
    """A window with the parts that files need, and the user in front of it."""

    def __init__(self, studio, open_window) -> None:
        self.studio, self.quits = studio, []
        self.dialogs = Dialogs(studio)
        self.filing = Filing(studio, self.dialogs)
        self.start_page = StartPage(studio, self.filing)
        self.dropping = Dropping(studio, self.filing, self.start_page)
        studio.quit = lambda: self.quits.append(True)
        overlays = (self.filing, self.start_page, self.dropping, self.dialogs)
        self.user = open_window(Window(studio, {"canvas": Blank()}, overlays))

    def do(self, name: str) -> None:
        assert self.studio.actions.do(name)
        self.user.frames(4)

    def button(self, text: str) -> int:
        buttons = (i for i in dpg.get_all_items() if dpg.get_item_type(i) == "mvAppItemType::mvButton")
        found = [item for item in buttons if dpg.get_item_label(item) == text]
        assert found, f"there is no button {text!r}"
        return found[-1]

    def press(self, text: str) -> None:
        self.user.frames(3)
        self.user.click_item(self.button(text))
        self.user.frames(3)

    def says(self, text: str) -> bool:
        return any(text in str(dpg.get_value(item)) for item in texts()) or any(
            text in notice.text for notice in self.studio.desk.notices
        )

    def edit(self) -> Document:
        document, _ids = add_node(self.studio.desk.document, "gain", (0.0, 0.0), self.studio.library)
        self.studio.desk.edit(document, "Add node")
        self.user.frames(2)
        return document


def texts() -> list[int]:
    return [item for item in dpg.get_all_items() if dpg.get_item_type(item) == "mvAppItemType::mvText"]


def make_music(folder: Path) -> Path:
    """Return a new folder with sounds and a graph."""
    folder = folder / "Müsik"
    (folder / "Bänder").mkdir(parents=True)
    for name in ("Grüße.wav", "Seite 2.wav", "Seite 10.wav"):
        soundfile.write(folder / name, np.zeros(800, np.float32), 8000)
    save_document(Document(Graph({"gain": Node("gain")}), "Größe"), folder / "Größe.json")
    return folder
