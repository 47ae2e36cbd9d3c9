"""Graph: nodes and links, immutable. Every edit returns a new graph; one judge decides about links.

A graph holds what decides the sound and nothing else: no positions, no titles. It may hold nodes of
kinds that the library does not have, so that a file from elsewhere survives being opened and saved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Any, Literal

from nodegraph.errors import GraphError, LinkError, ParameterError
from nodegraph.library import Library
from nodegraph.param import ParamValue
from nodegraph.spec import NodeSpec, Port

__all__ = ["Graph", "Link", "Node", "NodeId", "Problem"]

NodeId = str
"""Letters, digits, `_` and `-`; at most 64."""

_NODE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Node:
    """One node of a graph.

    Parameters
    ----------
    kind : str
        For example "repair.declick".
    params : mapping
        The parameters that differ from "absent"; defaults fill the rest.
    version : int
        The version of the kind with which the parameters were set.
    bypassed : bool
        Its first input passes to its first output of the same type.
    extra : mapping
        Keys of a file that this version does not know, kept as they are.
    """

    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    bypassed: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("params", "extra"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def settings(self, spec: NodeSpec) -> Mapping[str, ParamValue]:
        """Return `spec.settings` of its parameters. Remembered: an edit changes one node of a thousand.

        Raises
        ------
        ParameterError
            If a value is refused or a name unknown.
        """
        known: tuple[NodeSpec, Mapping[str, ParamValue]] | None = self.__dict__.get("_settings")
        if known is None or known[0] is not spec:
            known = (spec, MappingProxyType(spec.settings(self.params)))
            self.__dict__["_settings"] = known
        return known[1]


@dataclass(frozen=True, order=True)
class Link:
    """A link from an output port to an input port.

    Parameters
    ----------
    source, source_port : str
        The node that gives, and its output.
    target, target_port : str
        The node that takes, and its input; "tracks.1" for the first of many.
    """

    source: NodeId
    source_port: str
    target: NodeId
    target_port: str

    def __str__(self) -> str:
        return f"{self.source}.{self.source_port} to {self.target}.{self.target_port}"


@dataclass(frozen=True)
class Problem:
    """Something that keeps a node from running.

    Parameters
    ----------
    node_id : str
        The node.
    text : str
        What it is and what to do.
    """

    node_id: NodeId
    text: str

    def __str__(self) -> str:
        return f"{self.node_id}: {self.text}"


@dataclass(frozen=True)
class Graph:
    """Nodes by id, and links.

    Parameters
    ----------
    nodes : mapping of str to Node
        Kept in the given order.
    links : iterable of Link
        Kept sorted; each input port takes one link.

    Raises
    ------
    GraphError, LinkError
        If an id is malformed, a link ends nowhere, an input has two links, or links make a loop.
    """

    nodes: Mapping[NodeId, Node] = field(default_factory=dict)
    links: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", MappingProxyType(dict(self.nodes)))
        object.__setattr__(self, "links", tuple(sorted(self.links)))
        for node_id in self.nodes:
            if not _NODE_ID.fullmatch(node_id):
                raise GraphError(f"{node_id!r} cannot name a node: use 1 to 64 letters, digits, _ and -.")
        taken: dict[tuple[NodeId, str], Link] = {}
        for link in self.links:
            for end in (link.source, link.target):
                if end not in self.nodes:
                    raise LinkError(f"The link {link} ends at {end}, which is not in the graph.")
            first = taken.setdefault((link.target, link.target_port), link)
            if first is not link:
                raise LinkError(
                    f"{link.target}.{link.target_port} has two links, from "
                    f"{first.source}.{first.source_port} and from {link.source}.{link.source_port}. "
                    "Remove one of them."
                )
        self._refuse_loops()

    # --- questions ---------------------------------------------------------------------------

    # networkx takes 0.2 s to import; opening a graph, or applying one node to one file, does without it.

    @cached_property
    def _digraph(self) -> Any:
        import networkx as nx

        digraph: Any = nx.DiGraph()
        digraph.add_nodes_from(self.nodes)
        digraph.add_edges_from((link.source, link.target) for link in self.links)
        return digraph

    def _refuse_loops(self) -> None:
        sources: dict[NodeId, set[NodeId]] = {}
        for link in self.links:
            sources.setdefault(link.target, set()).add(link.source)
        try:
            TopologicalSorter(sources).prepare()
        except CycleError:
            self._refuse_loop()

    def _refuse_loop(self) -> None:
        import networkx as nx

        loop = [source for source, _ in nx.find_cycle(self._digraph)]
        raise LinkError(f"The links make a loop: {_path([*loop, loop[0]])}. Remove one of them.")

    @cached_property
    def order(self) -> tuple[NodeId, ...]:
        """All nodes, each after those that it depends on."""
        import networkx as nx

        return tuple(nx.topological_sort(self._digraph))

    @cached_property
    def _incoming(self) -> Mapping[NodeId, tuple[Link, ...]]:
        return _grouped(self.links, lambda link: link.target)

    @cached_property
    def _outgoing(self) -> Mapping[NodeId, tuple[Link, ...]]:
        return _grouped(self.links, lambda link: link.source)

    def incoming(self, node_id: NodeId) -> tuple[Link, ...]:
        """Return the links that end at a node."""
        return self._incoming.get(node_id, ())

    def outgoing(self, node_id: NodeId) -> tuple[Link, ...]:
        """Return the links that begin at a node."""
        return self._outgoing.get(node_id, ())

    def ancestors(self, targets: Iterable[NodeId]) -> set[NodeId]:
        """Return the targets and all nodes that they depend on."""
        found = set[NodeId]()
        pending = list(targets)
        while pending:
            node_id = pending.pop()
            if node_id not in found:
                found.add(node_id)
                pending += (link.source for link in self.incoming(node_id))
        return found

    def sinks(self) -> tuple[NodeId, ...]:
        """Return the nodes whose outputs go nowhere, in order."""
        return tuple(node_id for node_id in self.order if not self.outgoing(node_id))

    def node(self, node_id: NodeId) -> Node:
        """Return a node.

        Raises
        ------
        GraphError
            If there is none of that id.
        """
        try:
            return self.nodes[node_id]
        except KeyError:
            known = ", ".join(self.nodes) or "none at all"
            raise GraphError(f"There is no node {node_id} in the graph. There are: {known}.") from None

    def new_id(self, kind: str, taken: Collection[NodeId] = ()) -> NodeId:
        """Return a free id for a node of that kind: declick, then declick2; none of those in `taken`."""
        base = re.sub(r"[^A-Za-z0-9_-]", "_", kind.rsplit(".", 1)[-1])[:56] or "node"
        number = 1
        while (name := base if number == 1 else f"{base}{number}") in self.nodes or name in taken:
            number += 1
        return name

    def free_port(self, node_id: NodeId, port: Port) -> str:
        """Return the name under which a new link meets `port`: itself, or "tracks.3" for a many-port."""
        if not port.many:
            return port.name
        numbers = [
            int(link.target_port.rpartition(".")[2])
            for link in self.incoming(node_id)
            if re.fullmatch(rf"{port.name}\.[1-9][0-9]{{0,5}}", link.target_port)
        ]
        return f"{port.name}.{max(numbers, default=0) + 1}"

    def link_problem(
        self, link: Link, library: Library, taken: Literal["refused", "replaced"] = "refused"
    ) -> str | None:
        """Return why `link` cannot be made, or None if it can: the one judge of links.

        Parameters
        ----------
        link : Link
            The link.
        library : Library
            The kinds of node.
        taken : {"refused", "replaced"}
            Whether it may take the place of the link that its input has. Without that one the node would
            still feed whatever it feeds, so that loops stay loops.
        """
        begin = f"Cannot link {link}: "
        for end in (link.source, link.target):
            if end not in self.nodes:
                return f"{begin}there is no node {end}."
            if library.get(self.nodes[end].kind) is None:
                return f"{begin}the kind {self.nodes[end].kind} is unknown here."
        mismatch = self._port_problem(link, library)
        if mismatch:
            return begin + mismatch
        for other in self.incoming(link.target):
            if other.target_port == link.target_port and taken == "refused":
                return (
                    f"{begin}it is already linked from {other.source}.{other.source_port}. Remove that first."
                )
        if link.source == link.target:
            return f"{begin}a node cannot feed itself."
        if link.target in self.ancestors([link.source]):
            import networkx as nx

            loop = [link.source, *nx.shortest_path(self._digraph, link.target, link.source)]
            return f"{begin}that would make a loop ({_path(loop)}). Remove one of these links first."
        return None

    def _port_problem(self, link: Link, library: Library) -> str | None:
        giver = library.find(self.nodes[link.source].kind)
        taker = library.find(self.nodes[link.target].kind)
        output, entry = giver.output(link.source_port), taker.input(link.target_port)
        if output is None:
            return f"{link.source} has no output {link.source_port} (it has {_names(giver.outputs)})."
        if entry is None:
            return f"{link.target} has no input {link.target_port} (it has {_names(taker.inputs)})."
        if not issubclass(output.type, entry.type):
            return f"{output.name} is {output.type.__name__}, but {entry.name} takes {entry.type.__name__}."
        return None

    def problems(self, library: Library) -> tuple[Problem, ...]:
        """Return what keeps nodes from running, in the order of the nodes."""
        found: list[Problem] = []
        for node_id in self.nodes:
            texts = self.node_problems(node_id, library, self.incoming(node_id))
            found += (Problem(node_id, text) for text in texts)
        return tuple(found)

    def node_problems(self, node_id: NodeId, library: Library, links: tuple[Link, ...]) -> Iterator[str]:
        """Yield what keeps a node from running if `links` are all that feed it."""
        node = self.nodes[node_id]
        spec = library.get(node.kind)
        if spec is None:
            yield f"The kind {node.kind} is unknown here. It is kept as it is; swap it or remove it to run."
            return
        if node.version > spec.version:
            yield (
                f"It was made with version {node.version} of {node.kind}; this is version {spec.version}. "
                "Update Regroove."
            )
        try:
            missing = library.unavailable(spec, node.settings(spec))
        except ParameterError as error:
            missing = str(error)
        if missing:
            yield missing
        for link in links:
            # A link from a kind that is unknown here cannot be judged; the unknown node says so itself.
            if library.get(self.nodes[link.source].kind) is not None:
                mismatch = self._port_problem(link, library)
                if mismatch:
                    yield f"The link {link} does not fit: {mismatch}"
        linked = {port.name for link in links if (port := spec.input(link.target_port)) is not None}
        for port in spec.inputs:
            if port.name not in linked and (port.many or not port.optional):
                yield f"Nothing is linked to its input {port.name}."

    # --- edits -------------------------------------------------------------------------------

    def add(self, node_id: NodeId, node: Node) -> Graph:
        """Return the graph with one more node.

        Raises
        ------
        GraphError
            If the id is taken or malformed.
        """
        if node_id in self.nodes:
            raise GraphError(f"There is already a node {node_id}.")
        return replace(self, nodes={**self.nodes, node_id: node})

    def remove(self, node_id: NodeId) -> Graph:
        """Return the graph without a node and its links."""
        self.node(node_id)
        return Graph(
            {name: node for name, node in self.nodes.items() if name != node_id},
            tuple(link for link in self.links if node_id not in (link.source, link.target)),
        )

    def connect(self, link: Link, library: Library) -> Graph:
        """Return the graph with one more link.

        Raises
        ------
        LinkError
            If the judge refuses it; the message is the judge's.
        """
        problem = self.link_problem(link, library)
        if problem:
            raise LinkError(problem)
        return replace(self, links=(*self.links, link))

    def disconnect(self, link: Link) -> Graph:
        """Return the graph without a link.

        Raises
        ------
        LinkError
            If there is no such link.
        """
        if link not in self.links:
            raise LinkError(f"There is no link {link}.")
        return replace(self, links=tuple(other for other in self.links if other != link))

    def set_param(self, node_id: NodeId, name: str, value: ParamValue, library: Library) -> Graph:
        """Return the graph with one parameter changed.

        Raises
        ------
        GraphError, UnknownKindError
            If there is no such node or kind.
        ParameterError
            If the value is refused; the message names the node.
        """
        node = self.node(node_id)
        spec = library.find(node.kind)
        try:
            checked = spec.param(name).check(value)
        except ParameterError as error:
            raise ParameterError(f"{node_id}: {error}") from None
        return self.put(node_id, replace(node, params={**node.params, name: checked}))

    def put(self, node_id: NodeId, node: Node) -> Graph:
        """Return the graph with the node of that id replaced; its links stay."""
        self.node(node_id)
        # Ids and links stay as they are, and with them all that was checked and derived from them.
        graph = object.__new__(Graph)
        graph.__dict__.update(self.__dict__, nodes=MappingProxyType({**self.nodes, node_id: node}))
        return graph

    def bypass(self, node_id: NodeId, *, bypassed: bool) -> Graph:
        """Return the graph with a node bypassed, or not."""
        return self.put(node_id, replace(self.node(node_id), bypassed=bypassed))


def _grouped(links: Iterable[Link], end: Callable[[Link], NodeId]) -> Mapping[NodeId, tuple[Link, ...]]:
    groups: dict[NodeId, list[Link]] = {}
    for link in links:
        groups.setdefault(end(link), []).append(link)
    return {node_id: tuple(group) for node_id, group in groups.items()}


def _path(nodes: Iterable[NodeId]) -> str:
    return " → ".join(nodes)


def _names(ports: tuple[Port, ...]) -> str:
    return ", ".join(port.name + (".1" if port.many else "") for port in ports) or "none"
