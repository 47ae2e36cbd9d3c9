"""Edits of links: document → document. `Graph.link_problem` is the one judge of what can be linked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from nodegraph.document import Document
from nodegraph.errors import LinkError
from nodegraph.graph import Graph, Link, NodeId
from nodegraph.library import Library
from nodegraph.spec import NodeSpec

__all__ = [
    "PortEnd",
    "around",
    "bridges",
    "connect_in_order",
    "descendants",
    "first_link",
    "insert",
    "insertion",
    "legal_ends",
    "link",
    "pull_out",
    "unlink",
    "without_links",
]

PortEnd = tuple[NodeId, Literal["input", "output"], str]
"""A port: the node, which side of it, the port's name."""


def around(document: Document, graph: Graph) -> Document:
    """Return the document around another graph, without what belonged to nodes and links that are gone."""
    old = document.graph
    if graph is old:
        return document
    if graph.nodes.keys() == old.nodes.keys() and graph.links == old.links:
        return document.with_graph(graph)
    nodes, links = graph.nodes, set(graph.links)
    return replace(
        document,
        graph=graph,
        positions={node_id: place for node_id, place in document.positions.items() if node_id in nodes},
        labels={node_id: label for node_id, label in document.labels.items() if node_id in nodes},
        collapsed=document.collapsed & nodes.keys(),
        routes={each: route for each, route in document.routes.items() if each in links},
        link_extra={each: extra for each, extra in document.link_extra.items() if each in links},
    )


def without_links(graph: Graph, links: Collection[Link]) -> Graph:
    """Return the graph without some links; those that it does not have do no harm."""
    gone = frozenset(links)
    kept = tuple(each for each in graph.links if each not in gone)
    return graph if len(kept) == len(graph.links) else replace(graph, links=kept)


def unlink(document: Document, links: Collection[Link]) -> Document:
    """Return the document without some links."""
    return around(document, without_links(document.graph, links))


def _freed(graph: Graph, node_id: NodeId, port: str) -> Graph:
    """Return the graph without the link that an input port has."""
    return without_links(graph, [each for each in graph.incoming(node_id) if each.target_port == port])


def link(document: Document, new: Link, library: Library) -> Document:
    """Return the document with a link, in place of the one that its input had.

    Raises
    ------
    LinkError
        If it cannot be made; the message is the judge's.
    """
    if new in document.graph.links:
        return document
    return around(document, _freed(document.graph, new.target, new.target_port).connect(new, library))


# --- which links can be ---------------------------------------------------------------------------


def first_link(graph: Graph, end: PortEnd, other: NodeId, library: Library) -> Link | None:
    """Return the first link between a port and a node that can be made, or None.

    Free inputs go before those whose link it would replace.
    """
    candidates = list(_links_to(graph, end, other, library))
    for each in candidates:
        if graph.link_problem(each, library) is None:
            return each
    for each in candidates:
        if graph.link_problem(each, library, taken="replaced") is None:
            return each
    return None


def _links_to(graph: Graph, end: PortEnd, other: NodeId, library: Library) -> Iterator[Link]:
    """Yield a port's links to each port of a node, whether or not they can be."""
    node_id, side, name = end
    spec = library.get(graph.nodes[other].kind)
    if spec is None:
        return
    if side == "output":
        for port in spec.inputs:
            yield Link(node_id, name, other, graph.free_port(other, port))
    else:
        for port in spec.outputs:
            yield Link(other, port.name, node_id, name)


def legal_ends(graph: Graph, end: PortEnd, library: Library) -> frozenset[PortEnd]:
    """Return the ports to which a link from a port can go, also in place of a link that is there.

    Parameters
    ----------
    graph : Graph
        Without the link that is being pulled.
    end : PortEnd
        Where it begins: an output, or an input.
    library : Library
        The kinds of node.
    """
    node_id, side, _name = end
    # Neither what feeds the node nor what it feeds needs to be asked again for each port.
    loop = graph.ancestors([node_id]) if side == "output" else descendants(graph, node_id)
    found = set[PortEnd]()
    for other in graph.nodes.keys() - loop:
        for each in _all_links(graph, end, other, library):
            if graph.link_problem(each, library, taken="replaced") is None:
                output = side == "output"
                found.add(
                    (other, "input", each.target_port) if output else (other, "output", each.source_port)
                )
    return frozenset(found)


def descendants(graph: Graph, node_id: NodeId) -> set[NodeId]:
    """Return a node and all nodes that depend on it."""
    found = set[NodeId]()
    pending = [node_id]
    while pending:
        at = pending.pop()
        if at not in found:
            found.add(at)
            pending += (each.target for each in graph.outgoing(at))
    return found


def _all_links(graph: Graph, end: PortEnd, other: NodeId, library: Library) -> Iterator[Link]:
    """Yield a port's links to each port of a node, also to the taken places of a many-port."""
    node_id, side, name = end
    yield from _links_to(graph, end, other, library)
    spec = library.get(graph.nodes[other].kind)
    if side == "output" and spec is not None:
        for taken in graph.incoming(other):
            port = spec.input(taken.target_port)
            if port is not None and port.many:
                yield Link(node_id, name, other, taken.target_port)


# --- links that go through nodes ------------------------------------------------------------------


def insertion(graph: Graph, node_id: NodeId, split: Link, library: Library) -> tuple[Link, Link] | None:
    """Return the two links by which a node would stand in a link, or None if it cannot."""
    spec = library.get(graph.nodes[node_id].kind)
    if spec is None or node_id in (split.source, split.target) or split not in graph.links:
        return None
    opened = without_links(graph, [split])
    for port in spec.inputs:
        first = Link(split.source, split.source_port, node_id, opened.free_port(node_id, port))
        if opened.link_problem(first, library) is not None:
            continue
        half = opened.connect(first, library)
        for output in spec.outputs:
            second = Link(node_id, output.name, split.target, split.target_port)
            if output.type is port.type and half.link_problem(second, library) is None:
                return first, second
    return None


def insert(document: Document, node_id: NodeId, split: Link, library: Library) -> Document:
    """Return the document with a node standing in a link.

    Raises
    ------
    LinkError
        If it cannot.
    """
    pair = insertion(document.graph, node_id, split, library)
    if pair is None:
        raise LinkError(f"{node_id} cannot stand in the link {split}.")
    graph = without_links(document.graph, [split])
    return around(document, replace(graph, links=(*graph.links, *pair)))


def bridges(graph: Graph, through: Collection[NodeId], library: Library) -> tuple[Link, ...]:
    """Return the links that carry on what goes through nodes, as it does when they are bypassed."""
    inside = frozenset(through)
    found = []
    for each in graph.links:
        if each.source in inside and each.target not in inside:
            origin = _origin(graph, each, inside, library)
            if origin is not None:
                found.append(Link(*origin, each.target, each.target_port))
    return tuple(found)


def _origin(
    graph: Graph, leaving: Link, inside: frozenset[NodeId], library: Library
) -> tuple[NodeId, str] | None:
    """Return the output outside from which comes what leaves by a link, or None."""
    at: Link | None = leaving
    while at is not None and at.source in inside:
        spec = library.get(graph.nodes[at.source].kind)
        at = _passing(graph, at, spec) if spec is not None else None
    return None if at is None else (at.source, at.source_port)


def _passing(graph: Graph, leaving: Link, spec: NodeSpec) -> Link | None:
    """Return the link by which comes what leaves a node: its type's first output gives the first input."""
    output = spec.output(leaving.source_port)
    first = next((port for port in spec.outputs if output is not None and port.type is output.type), None)
    if output is None or first is not output:
        return None
    incoming = sorted(graph.incoming(leaving.source), key=lambda each: _port_rank(spec, each.target_port))
    for each in incoming:
        port = spec.input(each.target_port)
        if port is not None and port.type is output.type:
            return each
    return None


def _port_rank(spec: NodeSpec, name: str) -> tuple[int, int]:
    port = spec.input(name)
    number = name.rpartition(".")[2]
    rank = spec.inputs.index(port) if port is not None else len(spec.inputs)
    return rank, int(number) if number.isdigit() else 0


def pull_out(document: Document, ids: Collection[NodeId], library: Library) -> Document:
    """Return the document with nodes taken out of their links to others, which are healed."""
    graph, inside = document.graph, frozenset(ids)
    carried = bridges(graph, inside, library)
    crossing = [each for each in graph.links if (each.source in inside) != (each.target in inside)]
    rest = without_links(graph, crossing)
    return around(document, replace(rest, links=(*rest.links, *carried)) if carried else rest)


def connect_in_order(document: Document, ids: Sequence[NodeId], library: Library) -> Document:
    """Return the document with each node linked to the next where one output fits a free input.

    Nodes between which there is a link already are left as they are.
    """
    for source, target in pairwise(ids):
        if not any(each.target == target for each in document.graph.outgoing(source)):
            spec = library.get(document.graph.nodes[source].kind)
            for port in spec.outputs if spec else ():
                new = first_link(document.graph, (source, "output", port.name), target, library)
                if new is not None and document.graph.link_problem(new, library) is None:
                    document = link(document, new, library)
                    break
    return document
