"""Parts of documents: cut out of one, put into another or into the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nodegraph.document import Document, Place
from nodegraph.editor.desk.desk import Selection
from nodegraph.graph import Graph, Link, NodeId

__all__ = ["duplicate", "extract", "feeding", "put_in"]


def extract(document: Document, selection: Selection) -> Document:
    """Return what is selected as a document of its own: nodes, the links between them, frames, notes."""
    ids = selection.nodes
    links = tuple(link for link in document.graph.links if link.source in ids and link.target in ids)
    kept = frozenset(links)
    return Document(
        graph=Graph(
            {node_id: node for node_id, node in document.graph.nodes.items() if node_id in ids}, links
        ),
        positions={node_id: place for node_id, place in document.positions.items() if node_id in ids},
        labels={node_id: label for node_id, label in document.labels.items() if node_id in ids},
        collapsed=document.collapsed & ids,
        frames=tuple(frame for index, frame in enumerate(document.frames) if index in selection.frames),
        notes=tuple(note for index, note in enumerate(document.notes) if index in selection.notes),
        routes={link: route for link, route in document.routes.items() if link in kept},
        link_extra={link: extra for link, extra in document.link_extra.items() if link in kept},
    )


def feeding(graph: Graph, ids: Iterable[NodeId]) -> tuple[Link, ...]:
    """Return the links from elsewhere into nodes."""
    inside = frozenset(ids)
    return tuple(link for link in graph.links if link.target in inside and link.source not in inside)


def put_in(
    document: Document, part: Document, shift: Place, outside: Iterable[Link] = ()
) -> tuple[Document, Selection]:
    """Put a part into a document.

    Parameters
    ----------
    document : Document
        Takes it.
    part : Document
        Its nodes get fresh ids.
    shift : (x, y)
        Added to all places of the part.
    outside : iterable of Link
        From nodes of the document into nodes of the part (by their ids there); what feeds a node that
        the document does not have is left out.

    Returns
    -------
    document : Document
        With the part.
    selection : Selection
        What was put in.
    """
    graph = document.graph
    nodes = dict(graph.nodes)
    names: dict[NodeId, NodeId] = {}
    for node_id, node in part.graph.nodes.items():
        names[node_id] = graph.new_id(node.kind, nodes.keys()) if node_id in nodes else node_id
        nodes[names[node_id]] = node
    renamed = {
        link: replace(link, source=names[link.source], target=names[link.target]) for link in part.graph.links
    }
    fed = [
        replace(link, target=names[link.target])
        for link in outside
        if link.source in graph.nodes and link.target in names
    ]
    dx, dy = shift

    def moved(place: Place) -> Place:
        return place[0] + dx, place[1] + dy

    first_frame, first_note = len(document.frames), len(document.notes)
    frames = (replace(frame, x=frame.x + dx, y=frame.y + dy) for frame in part.frames)
    notes = (replace(note, x=note.x + dx, y=note.y + dy) for note in part.notes)
    together = replace(
        document,
        graph=Graph(nodes, (*graph.links, *renamed.values(), *fed)),
        positions={**document.positions, **{names[key]: moved(at) for key, at in part.positions.items()}},
        labels={**document.labels, **{names[key]: label for key, label in part.labels.items()}},
        collapsed=document.collapsed | {names[node_id] for node_id in part.collapsed},
        frames=(*document.frames, *frames),
        notes=(*document.notes, *notes),
        routes={
            **document.routes,
            **{renamed[link]: tuple(map(moved, route)) for link, route in part.routes.items()},
        },
        link_extra={
            **document.link_extra,
            **{renamed[link]: extra for link, extra in part.link_extra.items()},
        },
    )
    return together, Selection(
        nodes=frozenset(names.values()),
        frames=frozenset(range(first_frame, len(together.frames))),
        notes=frozenset(range(first_note, len(together.notes))),
    )


def duplicate(
    document: Document, selection: Selection, shift: Place, *, linked: bool
) -> tuple[Document, Selection]:
    """Duplicate what is selected.

    Parameters
    ----------
    document : Document
        Holds it.
    selection : Selection
        Nodes, frames, notes.
    shift : (x, y)
        From the originals to the copies.
    linked : bool
        The copies are fed by what feeds the originals.
    """
    outside = feeding(document.graph, selection.nodes) if linked else ()
    return put_in(document, extract(document, selection), shift, outside)
