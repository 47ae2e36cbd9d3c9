"""Shape: how large a node is and where its ports and parameters lie in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nodegraph.document import Document, Place
from nodegraph.graph import NodeId
from nodegraph.library import Library
from nodegraph.param import Param
from nodegraph.spec import NodeSpec, Port

__all__ = [
    "HEAD",
    "ROW",
    "STRIP",
    "WIDTH",
    "NodeShape",
    "ParamPlace",
    "PortPlace",
    "Side",
    "port_at",
    "shape_of",
]

WIDTH = 216.0
"""Of every node, in canvas units; at 100 % these are pixels."""
HEAD = 30.0
"""Height of the title bar."""
ROW = 24.0
"""Height of a port's or a parameter's row."""
STRIP = 22.0
"""Height of the line at the bottom that tells the node's state."""
_GAP = 4.0
# More parameters than this are edited in the inspector; the node says how many there are.
_MOST_PARAMS = 6

Side = Literal["input", "output"]


@dataclass(frozen=True)
class PortPlace:
    """A port in a node.

    Parameters
    ----------
    side : {"input", "output"}
        Left or right.
    name : str
        As links name it: "tracks.2" for a many-port's second link.
    type_name : str
        Of the values that it takes or gives: "Audio"; "" where nobody knows.
    x, y : float
        From the node's top left corner.
    optional : bool
        The node runs without it.
    free : bool
        The place of a many-port where the next link will end.
    """

    side: Side
    name: str
    type_name: str
    x: float
    y: float
    optional: bool = False
    free: bool = False


@dataclass(frozen=True)
class ParamPlace:
    """A parameter's row in a node: its top, from the node's top; the row is ROW high."""

    name: str
    y: float


@dataclass(frozen=True)
class NodeShape:
    """How large a node is and where its parts lie.

    Parameters
    ----------
    width, height : float
        Of the node.
    ports : tuple of PortPlace
        All of them, also of a collapsed node (there they lie on the title bar).
    params : tuple of ParamPlace
        Those that are shown in the node.
    more : int
        How many parameters are only in the inspector.
    more_y : float
        Where that is said: the top of its row.
    strip_y : float
        Top of the line that tells the state.
    collapsed : bool
        Only the title bar is shown.
    """

    width: float
    height: float
    ports: tuple[PortPlace, ...]
    params: tuple[ParamPlace, ...] = ()
    more: int = 0
    more_y: float = 0.0
    strip_y: float = 0.0
    collapsed: bool = False

    def port(self, side: Side, name: str) -> PortPlace | None:
        """Return a port's place, or None."""
        return next((port for port in self.ports if port.side == side and port.name == name), None)


def shape_of(document: Document, node_id: NodeId, library: Library) -> NodeShape:
    """Return the shape of a node.

    A node of a kind that is unknown here has the ports that its links name.
    """
    spec = library.get(document.graph.nodes[node_id].kind)
    inputs = _inputs(document, node_id, spec)
    outputs = _outputs(document, node_id, spec)
    if node_id in document.collapsed:
        piled = (*_piled(inputs, "input", 0.0), *_piled(outputs, "output", WIDTH))
        return NodeShape(WIDTH, HEAD, piled, collapsed=True)
    y = HEAD + _GAP
    ports: list[PortPlace] = []
    # Inputs and outputs share rows: the signal passes from the left to the right.
    for row in range(max(len(inputs), len(outputs))):
        middle = y + ROW / 2
        if row < len(inputs):
            ports.append(_placed(inputs[row], "input", 0.0, middle))
        if row < len(outputs):
            ports.append(_placed(outputs[row], "output", WIDTH, middle))
        y += ROW
    shown = [param for param in spec.params if _fits(param)] if spec else []
    places = []
    for param in shown[:_MOST_PARAMS]:
        places.append(ParamPlace(param.name, y))
        y += ROW
    more = len(spec.params) - len(places) if spec else 0
    more_y = y
    if more:
        y += ROW
    y += _GAP
    return NodeShape(WIDTH, y + STRIP, tuple(ports), tuple(places), more, more_y, y)


@dataclass(frozen=True)
class _Entry:
    name: str
    type_name: str
    optional: bool = False
    free: bool = False


def _fits(param: Param) -> bool:
    """Return whether a parameter can be shown in one row of a node."""
    return param.type != "per_track"


def _inputs(document: Document, node_id: NodeId, spec: NodeSpec | None) -> list[_Entry]:
    linked = [link.target_port for link in document.graph.incoming(node_id)]
    if spec is None:
        return [_Entry(name, "") for name in linked]
    entries = []
    for port in spec.inputs:
        if not port.many:
            entries.append(_Entry(port.name, port.type.__name__, port.optional))
            continue
        tracks = sorted(
            (name for name in linked if name.partition(".")[0] == port.name),
            key=lambda name: int(name.rpartition(".")[2]),
        )
        entries += (_Entry(name, port.type.__name__) for name in tracks)
        free = document.graph.free_port(node_id, port)
        entries.append(_Entry(free, port.type.__name__, optional=True, free=True))
    known = {entry.name for entry in entries}
    # A link to a port that this version does not have must still be seen to be removed.
    return entries + [_Entry(name, "") for name in linked if name not in known]


def _outputs(document: Document, node_id: NodeId, spec: NodeSpec | None) -> list[_Entry]:
    entries = [_Entry(port.name, _type_name(port)) for port in spec.outputs] if spec else []
    known = {entry.name for entry in entries}
    linked = dict.fromkeys(link.source_port for link in document.graph.outgoing(node_id))
    return entries + [_Entry(name, "") for name in linked if name not in known]


def _type_name(port: Port) -> str:
    return port.type.__name__


def _placed(entry: _Entry, side: Side, x: float, y: float) -> PortPlace:
    return PortPlace(side, entry.name, entry.type_name, x, y, entry.optional, entry.free)


def _piled(entries: list[_Entry], side: Side, x: float) -> list[PortPlace]:
    return [_placed(entry, side, x, HEAD / 2) for entry in entries]


def port_at(
    document: Document, shapes: Mapping[NodeId, NodeShape], node_id: NodeId, side: Side, name: str
) -> Place:
    """Return where a port lies on the canvas; the middle of the node's side where it has no such port."""
    x, y = document.positions.get(node_id, (0.0, 0.0))
    shape = shapes[node_id]
    place = shape.port(side, name)
    if place is None:
        return (x if side == "input" else x + shape.width), y + shape.height / 2
    return x + place.x, y + place.y
