"""Edits of nodes: document → document. What stands in a document is whole after each of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from nodegraph.document import Document, Place
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.edits_links import PortEnd, around, bridges, first_link, link, without_links
from nodegraph.errors import ParameterError
from nodegraph.graph import Graph, Link, Node, NodeId
from nodegraph.library import Library
from nodegraph.param import ParamValue
from nodegraph.spec import NodeSpec

__all__ = [
    "add_linked",
    "add_node",
    "alternatives",
    "delete",
    "delete_heal",
    "remove_nodes",
    "rename",
    "reset_param",
    "retitle",
    "set_param",
    "swap",
    "toggle_bypass",
    "toggle_collapse",
]


# --- adding ---------------------------------------------------------------------------------------


def add_node(
    document: Document,
    kind: str,
    place: Place,
    library: Library,
    params: dict[str, ParamValue] | None = None,
) -> tuple[Document, NodeId]:
    """Add a node.

    Parameters
    ----------
    document : Document
        Takes it.
    kind : str
        Of the node.
    place : (x, y)
        Its top left corner.
    library : Library
        The kinds of node.
    params : dict, optional
        What is not at its default.

    Returns
    -------
    document : Document
        With the node.
    node_id : str
        The node's.

    Raises
    ------
    UnknownKindError
        If there is no such kind.
    ParameterError
        If a parameter is refused.
    """
    spec = library.find(kind)
    checked = {name: spec.param(name).check(value) for name, value in (params or {}).items()}
    node_id = document.graph.new_id(kind)
    graph = document.graph.add(node_id, Node(kind, checked, version=spec.version))
    return document.with_graph(graph).move(node_id, *place), node_id


def add_linked(
    document: Document, kind: str, place: Place, end: PortEnd, library: Library
) -> tuple[Document, NodeId]:
    """Add a node and link it to a port: by the first of its ports that fits, if one does.

    Parameters
    ----------
    document, kind, place, library
        See `add_node`.
    end : PortEnd
        An output that feeds the node, or an input that it feeds; a link that is there is replaced.
    """
    document, node_id = add_node(document, kind, place, library)
    new = first_link(document.graph, end, node_id, library)
    return (link(document, new, library) if new is not None else document), node_id


# --- removing -------------------------------------------------------------------------------------


def remove_nodes(graph: Graph, ids: Collection[NodeId]) -> Graph:
    """Return the graph without nodes and their links."""
    gone = frozenset(ids)
    return Graph(
        {node_id: node for node_id, node in graph.nodes.items() if node_id not in gone},
        tuple(each for each in graph.links if each.source not in gone and each.target not in gone),
    )


def delete(document: Document, selection: Selection) -> Document:
    """Return the document without what is selected."""
    graph = document.graph
    if selection.links:
        graph = without_links(graph, selection.links)
    if selection.nodes:
        graph = remove_nodes(graph, selection.nodes)
    if selection.frames or selection.notes:
        frames = (frame for index, frame in enumerate(document.frames) if index not in selection.frames)
        notes = (note for index, note in enumerate(document.notes) if index not in selection.notes)
        document = replace(document, frames=tuple(frames), notes=tuple(notes))
    return around(document, graph)


def delete_heal(document: Document, selection: Selection, library: Library) -> Document:
    """Return the document without what is selected; what went through the nodes goes on without them."""
    carried = bridges(without_links(document.graph, selection.links), selection.nodes, library)
    document = delete(document, selection)
    graph = document.graph
    return around(document, replace(graph, links=(*graph.links, *carried))) if carried else document


# --- another kind ---------------------------------------------------------------------------------


def swap(document: Document, node_id: NodeId, kind: str, library: Library) -> tuple[Document, NodeId]:
    """Put a node of another kind in a node's place.

    Links stay by the names of their ports, else by type and order: no output takes the place of two, since
    a mix of stems would have one of them twice. Parameters of the same name stay where the value is
    allowed. The label, the place and what listens to its first outputs stay. An id that was made from the
    old kind is made anew from the new one.

    Returns
    -------
    document : Document
        With the other node.
    node_id : str
        The node's, perhaps another.
    """
    graph, spec = document.graph, library.find(kind)
    old = graph.nodes[node_id]
    params = {
        name: value
        for name, value in old.params.items()
        if any(param.name == name and _allows(spec, name, value) for param in spec.params)
    }
    rest = {other: node for other, node in graph.nodes.items() if other != node_id}
    own = node_id if not _was_made_from(node_id, old.kind) else Graph(rest).new_id(kind)
    node = Node(kind, params, spec.version, old.bypassed, old.extra)
    nodes = {
        (own if other == node_id else other): (node if other == node_id else each)
        for other, each in graph.nodes.items()
    }
    bare = tuple(each for each in graph.links if node_id not in (each.source, each.target))
    swapped = Graph(nodes, bare)
    kept: dict[Link, Link] = {each: each for each in bare}
    outputs = _stand_ins(graph, node_id, spec, library)
    for each in (*graph.incoming(node_id), *graph.outgoing(node_id)):
        new = _relinked(swapped, each, node_id, own, library, outputs=outputs)
        if new is not None:
            swapped = swapped.connect(new, library)
            kept[each] = new
    return _renamed(document, swapped, node_id, own, kept), own


def _allows(spec: NodeSpec, name: str, value: Any) -> bool:
    try:
        spec.param(name).check(value)
    except ParameterError:
        return False
    return True


def _was_made_from(node_id: NodeId, kind: str) -> bool:
    base = Graph().new_id(kind)
    return re.fullmatch(re.escape(base) + "[0-9]*", node_id) is not None


def alternatives(document: Document, node_id: NodeId, library: Library) -> tuple[str, ...]:
    """Return the kinds of a node's family that can run here and take what it takes, the likest first.

    For a node that cannot run here: one that it can be swapped for at once.
    """
    kind = document.graph.nodes[node_id].kind
    spec = library.get(kind)
    family, dot, _name = kind.rpartition(".")
    if spec is None or not dot:
        return ()
    needed = {port.type for port in spec.inputs if not port.optional}
    names = {port.name for port in spec.outputs}

    def likeness(other: NodeSpec) -> tuple[int, str]:
        return -len(names & {port.name for port in other.outputs}), other.kind

    found = [
        other
        for other in library.specs.values()
        if other.kind.rpartition(".")[0] == family
        and other.kind != kind
        and needed == {port.type for port in other.inputs if not port.optional}
        and library.unavailable(other) is None
    ]
    return tuple(other.kind for other in sorted(found, key=likeness))


def _stand_ins(graph: Graph, node_id: NodeId, spec: NodeSpec, library: Library) -> dict[str, str]:
    """Return which output of `spec` stands in for which linked output of a node."""
    linked = list(dict.fromkeys(link.source_port for link in graph.outgoing(node_id)))
    old = library.get(graph.nodes[node_id].kind)
    ports = [port for port in old.outputs if port.name in linked] if old else []
    # What is unknown here has no order of its own.
    names = [port.name for port in ports] if old else linked
    types = {port.name: port.type for port in ports}
    found = {name: name for name in names if spec.output(name) is not None}
    free = [port for port in spec.outputs if port.name not in found]
    for name in names:
        if name not in found:
            fitting = (port for port in free if name not in types or issubclass(port.type, types[name]))
            port = next(fitting, None)
            if port is not None:
                found[name] = port.name
                free.remove(port)
    return found


def _relinked(
    graph: Graph, old: Link, node_id: NodeId, own: NodeId, library: Library, *, outputs: Mapping[str, str]
) -> Link | None:
    """Return the link that takes an old one's place at a swapped node, or None."""
    spec = library.find(graph.nodes[own].kind)
    if old.target == node_id:
        inputs = (graph.free_port(own, port) for port in spec.inputs)
        candidates = [Link(old.source, old.source_port, own, name) for name in (old.target_port, *inputs)]
    else:
        given = outputs.get(old.source_port)
        candidates = [Link(own, given, old.target, old.target_port)] if given else []
    return next((each for each in candidates if graph.link_problem(each, library) is None), None)


def _renamed(document: Document, graph: Graph, old: NodeId, own: NodeId, links: dict[Link, Link]) -> Document:
    """Return the document around a graph in which a node is called otherwise."""

    def name(node_id: NodeId) -> NodeId:
        return own if node_id == old else node_id

    return replace(
        document,
        graph=graph,
        positions={name(node_id): place for node_id, place in document.positions.items()},
        labels={name(node_id): label for node_id, label in document.labels.items()},
        collapsed=frozenset(map(name, document.collapsed)),
        routes={links[each]: route for each, route in document.routes.items() if each in links},
        link_extra={links[each]: extra for each, extra in document.link_extra.items() if each in links},
    )


# --- what a node is -------------------------------------------------------------------------------


def set_param(
    document: Document, node_id: NodeId, name: str, value: ParamValue, library: Library
) -> Document:
    """Return the document with one parameter changed; the same document if it has that value already.

    Raises
    ------
    ParameterError
        If the value is refused.
    """
    graph = document.graph.set_param(node_id, name, value, library)
    return (
        document
        if _params(graph, node_id) == _params(document.graph, node_id)
        else document.with_graph(graph)
    )


def reset_param(document: Document, node_id: NodeId, name: str) -> Document:
    """Return the document with a parameter at its default."""
    node = document.graph.node(node_id)
    if name not in node.params:
        return document
    params = {other: value for other, value in node.params.items() if other != name}
    return document.with_graph(document.graph.put(node_id, replace(node, params=params)))


def _params(graph: Graph, node_id: NodeId) -> dict[str, Any]:
    # 1 and True are equal, and not the same.
    return {name: (type(value), value) for name, value in graph.nodes[node_id].params.items()}


def toggle_bypass(document: Document, ids: Collection[NodeId]) -> Document:
    """Return the document with nodes bypassed, or none of them if all are."""
    graph = document.graph
    bypassed = not all(graph.nodes[node_id].bypassed for node_id in ids)
    for node_id in ids:
        if graph.nodes[node_id].bypassed != bypassed:
            graph = graph.bypass(node_id, bypassed=bypassed)
    return around(document, graph)


def toggle_collapse(document: Document, ids: Collection[NodeId]) -> Document:
    """Return the document with nodes collapsed, or none of them if all are."""
    chosen = frozenset(ids)
    collapsed = document.collapsed - chosen if chosen <= document.collapsed else document.collapsed | chosen
    return replace(document, collapsed=collapsed) if collapsed != document.collapsed else document


def rename(document: Document, node_id: NodeId, label: str) -> Document:
    """Return the document with a node's label; an empty one takes it away."""
    document.graph.node(node_id)
    label = " ".join(label.split())
    if label == document.labels.get(node_id, ""):
        return document
    labels = {other: text for other, text in document.labels.items() if other != node_id}
    return replace(document, labels=labels | ({node_id: label} if label else {}))


def retitle(document: Document, title: str) -> Document:
    """Return the document with another title."""
    title = " ".join(title.split())
    return replace(document, title=title) if title != document.title else document
