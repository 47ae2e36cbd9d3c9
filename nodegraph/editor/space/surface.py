"""Surface: what gestures work on, and what they ask the window for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nodegraph.document import Place
from nodegraph.editor.desk.desk import Desk
from nodegraph.editor.desk.edits_links import PortEnd
from nodegraph.editor.space.hit import Hit
from nodegraph.editor.space.scene import Scene
from nodegraph.editor.space.view import View
from nodegraph.graph import NodeId

__all__ = ["NOTHING_HELD", "Asks", "Held", "PortEnd", "Surface"]


@dataclass(frozen=True)
class Held:
    """The modifier keys that are held."""

    ctrl: bool = False
    shift: bool = False
    alt: bool = False


NOTHING_HELD = Held()


@dataclass(frozen=True)
class Asks:
    """What gestures ask the window for.

    Parameters
    ----------
    search : callable
        (place, port or None): let the user find a node that is added there; with a port, one that fits
        it and is linked to it (`edits.add_linked`).
    edit_param, choose : callable
        (node id, parameter): let the user type a value; open a parameter's choices.
    rename : callable
        (node id): let the user name a node.
    rename_frame, edit_note : callable
        (index): let the user title a frame, write a note.
    menu : callable
        (place, hit): show the menu of what lies there; it has been selected already.
    """

    search: Callable[[Place, PortEnd | None], None]
    edit_param: Callable[[NodeId, str], None]
    choose: Callable[[NodeId, str], None]
    rename: Callable[[NodeId], None]
    rename_frame: Callable[[int], None]
    edit_note: Callable[[int], None]
    menu: Callable[[Place, Hit], None]


@dataclass(frozen=True)
class Surface:
    """What gestures work on.

    Parameters
    ----------
    desk : Desk
        Takes the edits.
    scene : Scene
        Knows where things are.
    asks : Asks
        What the window is asked for.
    view : callable
        Returns which part of the canvas is seen.
    """

    desk: Desk
    scene: Scene
    asks: Asks
    view: Callable[[], View]

    def hit(self, place: Place) -> Hit:
        """Return what lies at a place now."""
        self.scene.catch_up(self.desk.document)
        return self.scene.hit(place, self.view().zoom)
