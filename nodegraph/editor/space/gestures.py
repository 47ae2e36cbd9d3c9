"""Gestures: what the mouse does on the canvas. Plain Python: whoever polls the mouse calls this.

A press chooses what a drag would be; nothing begins before the pointer has moved a little, so that a
click stays a click. Edits go to the desk, one step of the history per gesture.
"""

from __future__ import annotations

from typing import Literal

from nodegraph.document import Document, Place
from nodegraph.editor.desk.edits import reset_param, set_param
from nodegraph.editor.desk.edits_canvas import add_route_point, remove_route_point
from nodegraph.editor.desk.edits_links import PortEnd
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.desk.step import Step
from nodegraph.editor.space.hit import Hit
from nodegraph.editor.space.linking import Knife, LinkDrag
from nodegraph.editor.space.moving import Moved, MoveDrag, ResizeDrag, RouteDrag
from nodegraph.editor.space.overlay import Overlay
from nodegraph.editor.space.selecting import Drag, Lasso, is_selected, select_hit
from nodegraph.editor.space.snap import to_grid
from nodegraph.editor.space.surface import NOTHING_HELD, Asks, Held, Surface
from nodegraph.editor.space.turning import ParamDrag, is_number
from nodegraph.editor.words import _
from nodegraph.editor.words.names import param_name
from nodegraph.graph import Link, NodeId
from nodegraph.param import Param

__all__ = ["NOTHING_HELD", "Asks", "Button", "Gestures", "Held", "PortEnd", "Surface"]

Button = Literal["left", "right"]
"""The middle button and the wheel move the view: no gesture."""

# The pointer moves so far before a press becomes a drag (pixels).
_SLACK = 4.0


class Gestures:
    """What the mouse does on the canvas.

    Parameters
    ----------
    surface : Surface
        What it works on.

    Attributes
    ----------
    overlay : Overlay
        What is drawn over the canvas now.
    hit : Hit
        What lies under the pointer.
    """

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self.overlay = Overlay()
        self.hit = Hit("nothing")
        self._pressed: tuple[Button, Place, Held] | None = None
        self._drag: Drag | None = None
        # What this gesture left on the desk.
        self._left: Document | None = None

    @property
    def busy(self) -> bool:
        """Whether a button is down or a drag goes on: Escape cancels it then."""
        return self._pressed is not None

    def press(self, place: Place, button: Button, held: Held = NOTHING_HELD) -> None:
        """Begin a gesture."""
        if self.busy:
            self.cancel()
        self.hit = self.surface.hit(place)
        self._pressed, self._left = (button, place, held), self._document
        # With Shift or Ctrl a box adds to what is selected, or takes away.
        keeps = held.shift or (held.ctrl and self.hit.what == "nothing")
        if button == "left" and not keeps and not is_selected(self.surface.desk.selection, self.hit):
            select_hit(self.surface, self.hit, held)

    def move(self, place: Place, held: Held = NOTHING_HELD) -> None:
        """Follow the pointer, with or without a button."""
        self._look_around()
        if self._pressed is None:
            self._hover(place)
            return
        button, begin, at_press = self._pressed
        if self._drag is None:
            slack = _SLACK / self.surface.view().zoom
            if max(abs(place[0] - begin[0]), abs(place[1] - begin[1])) < slack:
                return
            self._drag = self._begin(button, begin, at_press)
        if self._drag is not None:
            self.overlay = self._drag.move(place, held)
            self._left = self._document

    def release(self, place: Place, button: Button, held: Held = NOTHING_HELD) -> None:
        """End a gesture."""
        self._look_around()
        if self._pressed is None or self._pressed[0] != button:
            return
        drag, self._drag, self._pressed = self._drag, None, None
        if drag is not None:
            drag.release(place, held)
        else:
            self._click(place, button, held)
        self._hover(place)

    def double_click(self, place: Place, held: Held = NOTHING_HELD) -> None:
        """Do what a double click means there; the release that follows means nothing more."""
        self.cancel()
        self.hit = hit = self.surface.hit(place)
        asks = self.surface.asks
        match hit:
            case Hit(what="nothing"):
                asks.search(place, None)
            case Hit(what="title", node_id=str(node_id)):
                asks.rename(node_id)
            case Hit(what="param", node_id=str(node_id), param=str(name)):
                self._double_click_param(node_id, name, held)
            case Hit(what="frame", index=index):
                asks.rename_frame(index)
            case Hit(what="note", index=index):
                asks.edit_note(index)
            case Hit(what="link", link=Link() as link, index=index):
                self._edit(add_route_point(self._document, link, index, to_grid(place)), _("Route a link"))
            case Hit(what="route", link=Link() as link, index=index):
                self._edit(remove_route_point(self._document, link, index), _("Straighten a link"))
            case _:
                pass

    def cancel(self) -> bool:
        """End the gesture as if it had not begun; return whether there was one."""
        if not self.busy:
            return False
        drag, self._drag, self._pressed = self._drag, None, None
        if drag is not None:
            drag.cancel()
        self.overlay = Overlay()
        return True

    # --- parts -------------------------------------------------------------------------------

    def _look_around(self) -> None:
        """End the gesture where it is if somebody else has edited meanwhile: keys, or another document."""
        if self._pressed is not None and self._document is not self._left:
            self._drag = self._pressed = None
            self.overlay = Overlay()

    @property
    def _document(self) -> Document:
        return self.surface.desk.document

    def _edit(self, document: Document, label: str) -> None:
        self.surface.desk.edit(document, label)

    def _begin(self, button: Button, begin: Place, held: Held) -> Drag | None:
        """Return what a drag from there does; None if nothing."""
        surface, hit = self.surface, self.hit
        if button == "right":
            return Knife(surface, begin) if held.ctrl else None
        match hit:
            case Hit(what="nothing"):
                return Lasso(surface, begin)
            case Hit(what="port", node_id=str(node_id), side=str(side), port=str(port)):
                return LinkDrag(surface, (node_id, side, port))
            case Hit(what="param", node_id=str(node_id)) if (param := self._param()) and is_number(param):
                return ParamDrag(surface, node_id, param, begin)
            case Hit(what="frame_edge" | "note_edge"):
                return ResizeDrag(surface, hit, begin)
            case Hit(what="route", link=Link() as link, index=index):
                return RouteDrag(surface, link, index)
            case Hit(what="link", link=Link() as link, index=index):
                return self._new_route_point(link, index, begin) if held.alt else None
            case _:
                if not is_selected(surface.desk.selection, hit):
                    select_hit(surface, hit, held)
                return MoveDrag(surface, hit, begin, _moved(held))

    def _new_route_point(self, link: Link, index: int, place: Place) -> Drag:
        step = Step(self.surface.desk, _("Route a link"))
        step.show(add_route_point(step.base, link, index, to_grid(place)))
        return RouteDrag(self.surface, link, index, step)

    def _click(self, place: Place, button: Button, held: Held) -> None:
        surface, hit = self.surface, self.hit
        if button == "right":
            if not is_selected(surface.desk.selection, hit):
                select_hit(surface, hit, NOTHING_HELD)
            surface.asks.menu(place, hit)
            return
        select_hit(surface, hit, held)
        if held.shift:
            return
        match hit:
            case Hit(what="port", node_id=str(node_id), side="output", port=str(port)):
                self._listen(PortRef(node_id, port), held)
            case Hit(what="param", node_id=str(node_id), param=str(name)):
                self._click_param(node_id, name)
            case Hit(what="link", link=Link() as link, index=index) if held.alt:
                self._edit(add_route_point(self._document, link, index, to_grid(place)), _("Route a link"))
            case Hit(what="route", link=Link() as link, index=index) if held.alt:
                self._edit(remove_route_point(self._document, link, index), _("Straighten a link"))
            case _:
                pass

    def _listen(self, ref: PortRef, held: Held) -> None:
        """Listen to an output; with Ctrl compare with it."""
        desk = self.surface.desk
        if held.ctrl:
            desk.listen_to(desk.monitor, ref)
        else:
            desk.listen_to(ref, desk.compare)

    # --- parameters --------------------------------------------------------------------------

    def _param(self) -> Param | None:
        """Return the parameter under the pointer."""
        node_id = self.hit.node_id
        spec = self.surface.desk.library.get(self._document.graph.nodes[node_id].kind) if node_id else None
        return next((param for param in spec.params if param.name == self.hit.param), None) if spec else None

    def _click_param(self, node_id: NodeId, name: str) -> None:
        """Switch what can be switched, open what can be chosen or written; a number waits for more."""
        param = self._param()
        if param is None or is_number(param):
            return
        if param.type == "choice":
            self.surface.asks.choose(node_id, name)
        elif param.type == "bool":
            value = self._document.graph.nodes[node_id].params.get(name, param.default)
            document = set_param(self._document, node_id, name, not value, self.surface.desk.library)
            self._edit(document, _("Change {name}").format(name=param_name(name)))
        else:
            self.surface.asks.edit_param(node_id, name)

    def _double_click_param(self, node_id: NodeId, name: str, held: Held) -> None:
        param = self._param()
        if param is None:
            return
        if held.ctrl:
            label = _("Reset {name}").format(name=param_name(name))
            self._edit(reset_param(self._document, node_id, name), label)
        elif is_number(param):
            self.surface.asks.edit_param(node_id, name)

    def _hover(self, place: Place) -> None:
        self.hit = hit = self.surface.hit(place)
        port = None
        if hit.node_id is not None and hit.side is not None and hit.port is not None:
            port = (hit.node_id, hit.side, hit.port)
        link = hit.link if hit.what in ("link", "route") else None
        seen = Overlay(hovered_node=hit.node_id, hovered_port=port, hovered_link=link)
        if seen != self.overlay:
            self.overlay = seen


def _moved(held: Held) -> Moved:
    """Return what a drag moves, by the keys that were held when it began."""
    if not held.alt:
        return "selected"
    return "copies" if held.ctrl else "pulled_out"
