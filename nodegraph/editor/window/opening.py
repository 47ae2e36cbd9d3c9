"""Opening: puts the editor together and opens it."""

from __future__ import annotations

from pathlib import Path

import dearpygui.dearpygui as dpg

from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.editor.canvas.canvas import Canvas
from nodegraph.editor.panels.listening import ListeningPanel
from nodegraph.editor.panels.panels import Panels
from nodegraph.editor.window.window import Window
from nodegraph.editor.work.editing import Clipboard, add_editing_actions
from nodegraph.editor.work.run_actions import add_run_actions
from nodegraph.editor.work.studio import Studio
from nodegraph.embed import open_document
from nodegraph.library import Library

__all__ = ["make_window", "open_editor"]


def open_editor(library: Library, graphs: Path, file: Path | None = None, cache: Cache | None = None) -> int:
    """Open the editor and return when it is closed.

    Parameters
    ----------
    library : Library
        The kinds of node.
    graphs : Path
        The folder of the shipped graphs.
    file : Path, optional
        A graph, or a sound file that holds one, to begin with.
    cache : Cache, optional
        Where results are kept; by default the user's.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    DocumentError
        If the file cannot be opened.
    """
    document = open_document(file, library) if file is not None else Document()
    studio = Studio(library, graphs, cache)
    studio.desk.open(document, file)
    window = make_window(studio)
    window.open()
    window.run(lambda: studio.player.playing)
    window.close()
    studio.player.close()
    return 0


def make_window(studio: Studio) -> Window:
    """Return the window with all its parts, not opened yet."""
    add_run_actions(studio)
    panels = Panels(studio)
    canvas = Canvas(studio)
    canvas.ask(panels.asks.asks())
    add_editing_actions(studio, Clipboard(dpg.get_clipboard_text, dpg.set_clipboard_text), panels.pointed)
    listening = ListeningPanel(studio, studio.player, studio.runner)
    return Window(studio, {**panels.parts, "canvas": canvas, "bottom": listening})
