"""Opening: puts the editor together and opens it."""

from __future__ import annotations

from pathlib import Path

from nodegraph.cache import Cache
from nodegraph.editor.canvas.canvas import Canvas
from nodegraph.editor.canvas.sights import Sights
from nodegraph.editor.desk.files import open_file
from nodegraph.editor.desk.templates import in_users_language
from nodegraph.editor.panels.dialogs import Dialogs
from nodegraph.editor.panels.dropping import Dropping
from nodegraph.editor.panels.filing import Filing
from nodegraph.editor.panels.listening import ListeningPanel
from nodegraph.editor.panels.panels import Panels
from nodegraph.editor.panels.start_page import StartPage
from nodegraph.editor.window.allocation import share_memory
from nodegraph.editor.window.clipboard import system_clipboard
from nodegraph.editor.window.window import Window
from nodegraph.editor.work.editing import add_editing_actions
from nodegraph.editor.work.run_actions import add_run_actions
from nodegraph.editor.work.studio import Studio
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
    share_memory()
    studio = Studio(library, graphs, cache)
    if file is not None:
        document, own = open_file(file, library)
        # A shipped graph is a template: what is made of it is saved elsewhere.
        if own is not None and own.parent == graphs:
            document, own = in_users_language(document), None
        studio.desk.open(document, own)
    window = make_window(studio)
    window.open()
    window.run(lambda: studio.player.playing)
    window.close()
    studio.player.close()
    return 0


def make_window(studio: Studio) -> Window:
    """Return the window with all its parts, not opened yet."""
    dialogs = Dialogs(studio)
    filing = Filing(studio, dialogs)
    start_page = StartPage(studio, filing)
    add_run_actions(studio)
    sights = Sights(studio)
    panels = Panels(studio, sights)
    canvas = Canvas(studio, sights)
    canvas.ask(panels.asks.asks())
    add_editing_actions(studio, system_clipboard(), panels.pointed)
    listening = ListeningPanel(studio, studio.player, studio.runner)
    parts = {**panels.parts, "canvas": canvas, "bottom": listening}
    overlays = (filing, start_page, Dropping(studio, filing, start_page), panels.additions, dialogs)
    window = Window(studio, parts, overlays, on_close=filing.quit)
    studio.quit = window.quit
    return window
