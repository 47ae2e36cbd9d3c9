"""Linking: a link that is pulled from a port, or cut by the knife."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nodegraph.document import Document, Place
from nodegraph.editor.desk.edits_links import first_link, legal_ends, link, unlink
from nodegraph.editor.desk.step import Step
from nodegraph.editor.space.hit import Hit
from nodegraph.editor.space.overlay import LinkDraft, Overlay
from nodegraph.editor.space.scene import Scene
from nodegraph.editor.space.surface import Held, PortEnd, Surface
from nodegraph.editor.words import _, ngettext
from nodegraph.graph import Link

__all__ = ["Knife", "LinkDrag", "links_cut"]


class LinkDrag:
    """Pulls a link from a port: from an output, from an input, or off an input that has one.

    Parameters
    ----------
    surface : Surface
        Where it happens.
    end : PortEnd
        The port that was taken hold of.
    """

    def __init__(self, surface: Surface, end: PortEnd) -> None:
        desk = surface.desk
        self._surface = surface
        self._picked = _link_at(desk.document, end)
        self._step = Step(desk, _("Link"))
        self._document = desk.document
        if self._picked is not None:
            # It is off while it is pulled; what it ends at then is told by the document.
            end = (self._picked.source, "output", self._picked.source_port)
            self._document = unlink(self._document, [self._picked])
            self._step.show(self._document, _("Unlink"))
        self._end = end
        self._lit = legal_ends(self._document.graph, end, desk.library)
        node_id, side, name = end
        port = surface.scene.shapes[node_id].port(side, name)
        self._type_name = port.type_name if port else ""

    def move(self, place: Place, held: Held) -> Overlay:
        """See Drag."""
        hit = self._surface.hit(place)
        new, reason = self._judged(hit)
        begin, end = self._place_of(self._end), place
        port = None if new is None else self._other_end(new)
        if port is not None:
            end = self._place_of(port)
        if self._end[1] == "input":
            begin, end = end, begin
        legal = True if new is not None else False if reason else None
        return Overlay(
            draft=LinkDraft(begin, end, self._type_name, legal),
            lit=self._lit,
            reason=reason,
            hovered_node=hit.node_id,
            hovered_port=port,
        )

    def release(self, place: Place, held: Held) -> None:
        """See Drag."""
        surface, hit = self._surface, self._surface.hit(place)
        new, reason = self._judged(hit)
        if new is not None:
            self._step.show(link(self._document, new, surface.desk.library), _("Link"))
            self._step.keep()
        elif reason:
            self._step.drop()
        elif self._picked is not None:
            self._step.keep()
        else:
            surface.asks.search(place, self._end)

    def cancel(self) -> None:
        """See Drag."""
        self._step.drop()

    def _judged(self, hit: Hit) -> tuple[Link | None, str]:
        """Return the link that a release would make, or why it makes none; "" over nothing."""
        if hit.node_id is None:
            return None, ""
        graph, library = self._document.graph, self._surface.desk.library
        if hit.side is not None and hit.port is not None:
            return self._judged_port((hit.node_id, hit.side, hit.port))
        if hit.node_id == self._end[0]:
            return None, ""
        new = first_link(graph, self._end, hit.node_id, library)
        return new, "" if new else _("No port of this node takes this link.")

    def _judged_port(self, other: PortEnd) -> tuple[Link | None, str]:
        if other == self._end:
            return None, ""
        if other[1] == self._end[1]:
            return None, _("A link goes from an output to an input.")
        giver, taker = (self._end, other) if self._end[1] == "output" else (other, self._end)
        new = Link(giver[0], giver[2], taker[0], taker[2])
        if other in self._lit:
            return new, ""
        library = self._surface.desk.library
        return None, self._document.graph.link_problem(new, library, taken="replaced") or ""

    def _other_end(self, new: Link) -> PortEnd:
        if self._end[1] == "output":
            return new.target, "input", new.target_port
        return new.source, "output", new.source_port

    def _place_of(self, end: PortEnd) -> Place:
        return self._surface.scene.port_place(*end)


def _link_at(document: Document, end: PortEnd) -> Link | None:
    """Return the link that ends at an input."""
    node_id, side, name = end
    if side == "output":
        return None
    return next((each for each in document.graph.incoming(node_id) if each.target_port == name), None)


class Knife:
    """Cuts the links that its path crosses."""

    def __init__(self, surface: Surface, begin: Place) -> None:
        self._surface = surface
        self._path = [begin]

    def move(self, place: Place, held: Held) -> Overlay:
        """See Drag."""
        if place != self._path[-1]:
            self._path.append(place)
        return Overlay(knife=tuple(self._path))

    def release(self, place: Place, held: Held) -> None:
        """See Drag."""
        self.move(place, held)
        desk = self._surface.desk
        cut = links_cut(self._surface.scene, self._path)
        if cut:
            desk.edit(unlink(desk.document, cut), ngettext("Cut a link", "Cut links", len(cut)))

    def cancel(self) -> None:
        """See Drag."""


def links_cut(scene: Scene, path: Sequence[Place]) -> list[Link]:
    """Return the links that a path crosses."""
    xs, ys = zip(*path, strict=True)
    near = scene.links_near((min(xs), min(ys), max(xs), max(ys)))
    return [each for each, points in near if any(_crosses(points, a, b) for a, b in pairwise(path))]


def _crosses(points: npt.NDArray[np.float64], a: Place, b: Place) -> bool:
    """Return whether a polyline crosses the line from a to b."""
    begin, end = np.asarray(a), np.asarray(b)

    def side(
        of: npt.NDArray[np.float64], p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.bool_]:
        d, e = q - p, of - p
        result: npt.NDArray[np.bool_] = d[..., 0] * e[..., 1] > d[..., 1] * e[..., 0]
        return result

    apart = side(points, begin, end)
    first, last = points[:-1], points[1:]
    return bool(((apart[:-1] != apart[1:]) & (side(begin, first, last) != side(end, first, last))).any())
