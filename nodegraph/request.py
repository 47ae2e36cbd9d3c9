"""What a command line asks of a graph: other files, other parameters, another folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.embed import open_document
from nodegraph.errors import GraphError, ParameterError
from nodegraph.graph import Graph, Node, NodeId
from nodegraph.library import Library
from nodegraph.perform import Session
from nodegraph.recipe import Places

__all__ = ["Request", "assignment", "prepare"]


@dataclass(frozen=True)
class Request:
    """A graph and what is said about it.

    Parameters
    ----------
    graph : Path
        A graph file, a sound file that holds one, or the name of a shipped graph.
    inputs, outputs : list of str
        NODE=FILE, or FILE where only one node has one. An input may also replace a node that makes
        sound out of nothing, such as the demo recording.
    params : list of str
        NODE.NAME=VALUE, or NODE.NAME.TRACK=VALUE.
    into : Path
        The folder for results that name none.
    overwrite : bool
        Existing files may be replaced.
    """

    graph: Path
    inputs: list[str] | None = None
    outputs: list[str] | None = None
    params: list[str] | None = None
    into: Path = Path()
    overwrite: bool = False


def prepare(request: Request, library: Library, graphs: Path) -> tuple[Document, Session]:
    """Read a graph and apply what is said about it.

    Parameters
    ----------
    request : Request
        The command line's.
    library : Library
        The kinds.
    graphs : Path
        The folder of shipped graphs.

    Raises
    ------
    DocumentError
        If the graph cannot be read.
    GraphError, ParameterError
        If what is said does not fit it.
    """
    path = request.graph
    shipped = graphs / f"{path}.json"
    if not path.exists() and path.name == str(path) and shipped.exists():
        path = shipped
    document = open_document(path, library)
    graph = document.graph
    for text in request.inputs or []:
        node_id, file = _file_assignment(graph, library, text, "input_file")
        graph = _set_source(graph, library, node_id, str(Path(file).absolute()))
    chosen: dict[NodeId, Path] = {}
    for text in request.outputs or []:
        node_id, file = _file_assignment(graph, library, text, "output_file")
        graph = _set_file(graph, library, node_id, "output_file", Path(file).name)
        chosen[node_id] = Path(file)
    for text in request.params or []:
        graph = _set_param(graph, library, text)
    places = Places(path.resolve().parent, request.into, chosen, request.overwrite)
    session = Session(library, Cache(), places, str(path.resolve()))
    return document.with_graph(graph), session


def assignment(text: str, form: str) -> tuple[str, str]:
    """Split NAME=VALUE.

    Raises
    ------
    ParameterError
        If it is nothing of that form.
    """
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ParameterError(f"{text!r} should be {form}.")
    return name, value


def _file_assignment(graph: Graph, library: Library, text: str, kind: str) -> tuple[NodeId, str]:
    """Read NODE=FILE, or FILE alone where only one node has a file of that kind."""
    node_id, sign, file = text.partition("=")
    if sign and node_id in graph.nodes:
        return node_id, file
    owners = [
        name
        for name, owner in graph.nodes.items()
        if _file_param(library, owner.kind, kind)
        or (kind == "input_file" and _is_source(library, owner.kind))
    ]
    if len(owners) == 1 and not (sign and "/" not in node_id and "." not in node_id):
        return owners[0], text
    raise GraphError(
        f"{text!r} should be NODE=FILE, where NODE is one of: {', '.join(owners) or 'none here'}."
    )


def _file_param(library: Library, node_kind: str, kind: str) -> str | None:
    spec = library.get(node_kind)
    return next((param.name for param in spec.params if param.type == kind), None) if spec else None


def _set_file(graph: Graph, library: Library, node_id: NodeId, kind: str, file: str) -> Graph:
    name = _file_param(library, graph.node(node_id).kind, kind)
    if name is None:
        what = "reads" if kind == "input_file" else "writes"
        raise GraphError(f"{node_id} ({graph.node(node_id).kind}) {what} no file.")
    return graph.set_param(node_id, name, file, library)


def _is_source(library: Library, kind: str) -> bool:
    """Return whether a kind makes sound out of nothing; a file can stand in for it."""
    spec = library.get(kind)
    return spec is not None and not spec.inputs and spec.output("audio") is not None


def _set_source(graph: Graph, library: Library, node_id: NodeId, file: str) -> Graph:
    """Let a node read `file`. A node that makes sound out of nothing gives way to a `load`."""
    if _file_param(library, graph.node(node_id).kind, "input_file") is None and _is_source(
        library, graph.node(node_id).kind
    ):
        graph = graph.put(node_id, Node("load", version=library.find("load").version))
    return _set_file(graph, library, node_id, "input_file", file)


def _set_param(graph: Graph, library: Library, text: str) -> Graph:
    """Apply NODE.NAME=VALUE, or NODE.NAME.TRACK=VALUE for one track of many."""
    place, value = assignment(text, "NODE.NAME=VALUE")
    node_id, dot, name = place.partition(".")
    if not dot:
        raise ParameterError(f"{text!r} should be NODE.NAME=VALUE.")
    node = graph.node(node_id)
    name, _, track = name.partition(".")
    param = library.find(node.kind).param(name)
    if track and param.type == "per_track":
        parsed = param.parse(f"{track}={value}")
        assert isinstance(parsed, Mapping)
        return graph.set_param(node_id, name, {**(node.params.get(name) or {}), **parsed}, library)
    return graph.set_param(node_id, name, param.parse(value), library)
