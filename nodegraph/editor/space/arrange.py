"""Arrange: places for nodes that have none, or whose places became a mess.

Nodes stand in columns by the longest way to them (Sugiyama, Tagawa, Toda, "Methods for visual
understanding of hierarchical system structures", 1981). In each column they are ordered by where their
links come from, which lessens crossings, and stand as near to that as they can without overlap: least
squares under an order, by pooling adjacent violators (Barlow et al., "Statistical inference under order
restrictions", 1972). The same graph always comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nodegraph.document import Document, Place
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.edits_canvas import (
    GRID,
    Box,
    bounds,
    carried_by,
    frame_around,
    place_nodes,
    settled,
)
from nodegraph.editor.space.shape import ROW, NodeShape
from nodegraph.graph import Graph, Link, NodeId

__all__ = ["COLUMN", "GAP", "arrange", "arranged"]

COLUMN = 288.0
"""From one column to the next: a node's width and room for links."""
GAP = 32.0
"""Between nodes of a column, and twice between parts of a graph that are not linked."""

_SWEEPS = 4
# Links that pass columns are given room in them, up to so many per node; beyond, the time is not worth it.
_MOST_PASSINGS = 4


_Neighbour = tuple["_Spot", float, float]
# A spot to the left or right, where the link meets that one, and where it meets this one.


@dataclass
class _Spot:
    """A node in its column, or the room of a link that passes the column."""

    height: float
    y: float = 0.0
    left: list[_Neighbour] = field(default_factory=list)
    right: list[_Neighbour] = field(default_factory=list)


def arrange(
    graph: Graph, shapes: Mapping[NodeId, NodeShape], chosen: Collection[NodeId] | None = None
) -> dict[NodeId, Place]:
    """Return places for nodes, the uppermost and leftmost at 0.

    Parameters
    ----------
    graph : Graph
        The graph.
    shapes : mapping of node id to NodeShape
        Of all nodes.
    chosen : collection of node id, optional
        Those to place; by default all. Links to others do not count.
    """
    inside = set(graph.nodes if chosen is None else chosen)
    nodes = [node_id for node_id in graph.order if node_id in inside]
    links = [link for link in graph.links if link.source in inside and link.target in inside]
    rank = {node_id: number for number, node_id in enumerate(graph.nodes)}
    places: dict[NodeId, Place] = {}
    top = 0.0
    for part in _parts(nodes, links, rank):
        placed, height = _arranged(part, shapes)
        places |= {node_id: (x, y + top) for node_id, (x, y) in placed.items()}
        top += height + 2 * GAP
    return places


@dataclass(frozen=True)
class _Part:
    """Nodes that hang together, each after those that feed it, and the links between them."""

    nodes: list[NodeId]
    links: list[Link]


def _parts(nodes: list[NodeId], links: list[Link], rank: Mapping[NodeId, int]) -> list[_Part]:
    """Return what hangs together, in the order in which the graph names it."""
    root = {node_id: node_id for node_id in nodes}

    def find(node_id: NodeId) -> NodeId:
        while root[node_id] != node_id:
            root[node_id] = root[root[node_id]]
            node_id = root[node_id]
        return node_id

    for link in links:
        a, b = find(link.source), find(link.target)
        if a != b:
            later, earlier = (a, b) if rank[a] > rank[b] else (b, a)
            root[later] = earlier
    parts: dict[NodeId, _Part] = {}
    for node_id in nodes:
        parts.setdefault(find(node_id), _Part([], [])).nodes.append(node_id)
    for link in links:
        parts[find(link.source)].links.append(link)
    return [parts[first] for first in sorted(parts, key=rank.__getitem__)]


def _arranged(part: _Part, shapes: Mapping[NodeId, NodeShape]) -> tuple[dict[NodeId, Place], float]:
    """Return the places in a part, and how high it is."""
    column_of = _columns(part)
    spots = {node_id: _Spot(shapes[node_id].height) for node_id in part.nodes}
    columns: list[list[_Spot]] = [[] for _ in range(max(column_of.values()) + 1)]
    for node_id in part.nodes:
        columns[column_of[node_id]].append(spots[node_id])
    spans = sum(column_of[link.target] - column_of[link.source] - 1 for link in part.links)
    for link in part.links:
        _join(link, spots, shapes, column_of, columns if spans <= _MOST_PASSINGS * len(spots) else None)
    for column in columns:
        _stack(column, [0.0] * len(column))
    for _sweep in range(_SWEEPS):
        for column in columns[1:]:
            _settle(column, lambda spot: spot.left)
        for column in reversed(columns[:-1]):
            _settle(column, lambda spot: spot.right)
    for column in columns:
        _stack(column, [_mean(_level(*spot.left, *spot.right), spot.y) for spot in column])
    top = min(spot.y for spot in spots.values())
    places = {
        node_id: (column_of[node_id] * COLUMN, round((spot.y - top) / GRID) * GRID)
        for node_id, spot in spots.items()
    }
    return places, max(y + spots[node_id].height for node_id, (_x, y) in places.items())


def _columns(part: _Part) -> dict[NodeId, int]:
    """Return the column of each node: one further right than all that feed it."""
    column = dict.fromkeys(part.nodes, 0)
    giving: dict[NodeId, list[NodeId]] = {}
    fed = set[NodeId]()
    for link in part.links:
        giving.setdefault(link.source, []).append(link.target)
        fed.add(link.target)
    for node_id in part.nodes:
        for target in giving.get(node_id, ()):
            column[target] = max(column[target], column[node_id] + 1)
    # What nothing feeds stands beside what it feeds, not far left of it.
    for node_id in part.nodes:
        if node_id not in fed and node_id in giving:
            column[node_id] = min(column[target] for target in giving[node_id]) - 1
    return column


def _join(
    link: Link,
    spots: Mapping[NodeId, _Spot],
    shapes: Mapping[NodeId, NodeShape],
    column_of: Mapping[NodeId, int],
    columns: list[list[_Spot]] | None,
) -> None:
    """Note a link in the spots of its ends, and in spots of its own in the columns that it passes."""
    begin, end = spots[link.source], spots[link.target]
    output = shapes[link.source].port("output", link.source_port)
    entry = shapes[link.target].port("input", link.target_port)
    leaves = output.y if output else begin.height / 2
    meets = entry.y if entry else end.height / 2
    before, at = begin, leaves
    if columns is not None:
        for number in range(column_of[link.source] + 1, column_of[link.target]):
            passing = _Spot(ROW)
            columns[number].append(passing)
            _neighbours(before, at, passing, ROW / 2)
            before, at = passing, ROW / 2
    _neighbours(before, at, end, meets)


def _neighbours(left: _Spot, leaves: float, right: _Spot, meets: float) -> None:
    left.right.append((right, meets, leaves))
    right.left.append((left, leaves, meets))


def _settle(column: list[_Spot], side: Callable[[_Spot], list[_Neighbour]]) -> None:
    """Order a column by where its links to one side come from, and place it as near to that as it fits."""
    heights = {
        id(spot): _mean((other.y + at for other, at, _here in side(spot)), spot.y + spot.height / 2)
        for spot in column
    }
    column.sort(key=lambda spot: heights[id(spot)])
    _stack(column, [_mean(_level(*side(spot)), spot.y) for spot in column])


def _level(*neighbours: _Neighbour) -> Iterable[float]:
    """Yield where a spot's top would be so that each of its links is level."""
    return (other.y + at - here for other, at, here in neighbours)


def _mean(values: Iterable[float], otherwise: float) -> float:
    found = list(values)
    return sum(found) / len(found) if found else otherwise


def _stack(column: Sequence[_Spot], wanted: Sequence[float]) -> None:
    """Place a column in its order, nowhere overlapping, as near as can be to where each is wanted."""
    # In coordinates from which the heights above are taken off, "not overlapping" means "not falling".
    above, offsets = 0.0, []
    pools: list[list[float]] = []
    for spot, y in zip(column, wanted, strict=True):
        offsets.append(above)
        pools.append([y - above, 1.0])
        above += spot.height + GAP
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, m), (b, n) = pools[-2], pools.pop()
            pools[-1] = [(a * m + b * n) / (m + n), m + n]
    tops = (top for top, count in pools for _ in range(round(count)))
    for spot, top, offset in zip(column, tops, offsets, strict=True):
        spot.y = top + offset


def arranged(
    document: Document,
    shapes: Mapping[NodeId, NodeShape],
    positions: Mapping[NodeId, Place],
    chosen: Collection[NodeId] | None = None,
) -> Document:
    """Return the document with nodes arranged where they are; frames follow what lies in them.

    Parameters
    ----------
    document : Document
        The document.
    shapes, positions : mapping
        Of all nodes.
    chosen : collection of node id, optional
        Those to arrange; by default all. The links between them become straight.
    """
    before = {node_id: _boxed(at, shapes[node_id]) for node_id, at in positions.items()}
    inside = frozenset(document.graph.nodes if chosen is None else chosen)
    if not inside:
        return document
    left, top, _right, _bottom = bounds(before[node_id] for node_id in inside)
    x0, y0 = round(left / GRID) * GRID, round(top / GRID) * GRID
    places = {
        node_id: (x0 + x, y0 + y) for node_id, (x, y) in arrange(document.graph, shapes, inside).items()
    }
    routes = {
        link: route
        for link, route in document.routes.items()
        if link.source not in inside or link.target not in inside
    }
    moved = replace(place_nodes(settled(document, positions), places), routes=routes)
    after = {node_id: _boxed(at, shapes[node_id]) for node_id, at in moved.positions.items()}
    return _framed(document, moved, before, after)


def _boxed(place: Place, shape: NodeShape) -> Box:
    return place[0], place[1], place[0] + shape.width, place[1] + shape.height


def _framed(
    old: Document, new: Document, before: Mapping[NodeId, Box], after: Mapping[NodeId, Box]
) -> Document:
    """Return the new document with frames around what lay in them in the old one, and notes moved along."""
    frames, notes = list(old.frames), list(old.notes)
    order = sorted(range(len(frames)), key=lambda index: frames[index].width * frames[index].height)
    for index in order:
        carried = carried_by(old, Selection(frames=frozenset({index})), before)
        if all(before[node_id] == after[node_id] for node_id in carried.nodes):
            continue
        frame = old.frames[index]
        inner = (frames[other] for other in carried.frames - {index})
        boxes = [after[node_id] for node_id in carried.nodes]
        boxes += [(each.x, each.y, each.x + each.width, each.y + each.height) for each in inner]
        frames[index] = replace(frame_around(boxes, frame.title), extra=frame.extra)
        dx, dy = frames[index].x - frame.x, frames[index].y - frame.y
        for note in carried.notes:
            notes[note] = replace(old.notes[note], x=old.notes[note].x + dx, y=old.notes[note].y + dy)
    return replace(new, frames=tuple(frames), notes=tuple(notes))
