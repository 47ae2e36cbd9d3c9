"""Studio: what all parts of the window share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nodegraph.cache import Cache
from nodegraph.document import Place
from nodegraph.editor.desk.actions import Actions
from nodegraph.editor.desk.desk import Desk, Topic
from nodegraph.editor.desk.inbox import Inbox
from nodegraph.editor.desk.keymap import Chord, Keymap
from nodegraph.editor.desk.settings import Settings, load_settings, save_settings
from nodegraph.editor.listen.player import Player
from nodegraph.editor.look.colours import THEMES, Colours
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.space.scene import Scene
from nodegraph.editor.space.view import View
from nodegraph.editor.words import _, told, use_language
from nodegraph.editor.work.asking import Asking, Unattended
from nodegraph.editor.work.runner import Runner
from nodegraph.library import Library

__all__ = ["Studio"]


class Studio:
    """What all parts of the window share. Lives on the window's thread.

    Parameters
    ----------
    library : Library
        The kinds of node.
    graphs : Path
        The folder of the shipped graphs.
    cache : Cache, optional
        Where results are kept; by default the user's.
    """

    def __init__(self, library: Library, graphs: Path, cache: Cache | None = None) -> None:
        self.library, self.graphs = library, graphs
        self.cache = cache or Cache()
        self.settings: Settings = load_settings()
        self.keymap = Keymap(self.settings.preset, self.settings.keys)
        self.desk = Desk(library)
        self.actions = Actions()
        self.inbox = Inbox()
        self.view = View()
        # Where on the screen the canvas is: the window says it.
        self.canvas = Pane(0, 0, 1, 1)
        # Each chord is offered to these before the keymap has it, the latest first: an open popup's.
        self.takers: list[Callable[[Chord], bool]] = []
        self.scene = Scene(library)
        self.dialogs: Asking = Unattended()
        self.runner = Runner(self)
        self.player = Player()
        self.start_page_shown = False
        self.quit: Callable[[], None] = lambda: None
        use_language(self.settings.language)

    @property
    def covered(self) -> bool:
        """Whether a dialog or the start page lies above the panes: the mouse is not theirs then."""
        return self.start_page_shown or self.dialogs.showing

    @property
    def colours(self) -> Colours:
        """The colours of the theme in use."""
        return THEMES[self.settings.theme]

    @property
    def scale(self) -> float:
        """Pixels on the screen per pixel at 100 %."""
        return self.settings.ui_scale

    def to_screen(self, place: Place) -> Place:
        """Return where a place of the canvas is seen, in pixels of the window."""
        x, y = self.view.to_pixels(*place)
        return self.canvas.x + x, self.canvas.y + y

    def to_canvas(self, pixel: Place) -> Place:
        """Return what place of the canvas is seen at a pixel of the window."""
        return self.view.to_canvas(pixel[0] - self.canvas.x, pixel[1] - self.canvas.y)

    def seen_at(self, pixel: Place) -> Place | None:
        """Return the place of the canvas at a pixel of the window, or None if another part is there."""
        return self.to_canvas(pixel) if self.canvas.contains(*pixel) else None

    def prefer(self, **changes: Any) -> None:
        """Change settings and keep them."""
        self.settings = replace(self.settings, **changes)
        self.keymap = Keymap(self.settings.preset, self.settings.keys)
        use_language(self.settings.language)
        try:
            save_settings(self.settings)
        except OSError as error:
            reason = told(str(error.strerror or error))
            self.desk.tell(_("The settings cannot be saved: {reason}.").format(reason=reason), "warning")
        self.desk.touch(Topic.SETTINGS)
