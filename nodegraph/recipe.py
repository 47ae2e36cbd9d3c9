"""Recipes: what each node's result is made of, and the key under which it is cached.

A key is a digest of the recipe: the kind with its code's digest, all parameters, the content of the
files that are read, and, per input port, the upstream key and output. Node ids, positions and titles
are not in it. A node that changes nothing is transparent: who reads it reads its input.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nodegraph.errors import OutputError, ParameterError
from nodegraph.graph import Graph, Link, Node, NodeId
from nodegraph.ledger import Ledger
from nodegraph.library import Library
from nodegraph.param import Param, ParamValue
from nodegraph.requirement import Requirement
from nodegraph.spec import NodeSpec, Port

__all__ = ["Places", "Recipe", "Recipes", "Ref", "make_recipes"]


@dataclass(frozen=True)
class Places:
    """Where a document's files lie in this run.

    Parameters
    ----------
    inputs : Path
        The folder against which relative input paths are read: the document's own.
    outputs : Path
        The folder that the user picked for results; a document cannot choose a place outside it.
    chosen : mapping of node id to Path
        Outputs that the user named in this very run: these may lie anywhere.
    overwrite : bool
        The user allowed, in this very run, that existing files are replaced.
    """

    inputs: Path = field(default_factory=Path)
    outputs: Path = field(default_factory=Path)
    chosen: Mapping[NodeId, Path] = field(default_factory=dict)
    overwrite: bool = False


@dataclass(frozen=True)
class Ref:
    """One output of one result.

    Parameters
    ----------
    key : str
        The result's key.
    port : str
        The output port.
    node_id : str
        The node that makes it.
    """

    key: str
    port: str
    node_id: NodeId


@dataclass(frozen=True)
class Recipe:
    """How one node's result is made.

    Parameters
    ----------
    node_id : str
        The node.
    spec : NodeSpec
        Its kind.
    settings : mapping
        All parameters, defaults filled in, as the function takes them but for tracks and files.
    inputs : mapping of port name to Ref
        "tracks.1", "tracks.2", … in order for many-ports.
    files : mapping of parameter name to str
        Digests of the files that it reads.
    paths : mapping of parameter name to Path
        Where the files lie that it reads or writes.
    code : str
        Version and digest of the code, for explanations.
    key : str
        The digest of all that.
    """

    node_id: NodeId
    spec: NodeSpec
    settings: Mapping[str, ParamValue]
    inputs: Mapping[str, Ref]
    files: Mapping[str, str]
    paths: Mapping[str, Path]
    code: str
    key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", _key(self))

    @property
    def output_path(self) -> Path | None:
        """The file that an effect writes, or None."""
        return next(
            (
                self.paths[p.name]
                for p in self.spec.params
                if p.type == "output_file" and p.name in self.paths
            ),
            None,
        )


@dataclass(frozen=True)
class Recipes:
    """The recipes of a graph.

    Parameters
    ----------
    made : mapping of node id to Recipe
        In an order in which each comes after those that it depends on.
    refs : mapping of node id to mapping of output port to Ref
        What somebody gets who reads that output.
    problems : mapping of node id to str
        Nodes that cannot run, and why; those after them are in none of the mappings.
    """

    made: Mapping[NodeId, Recipe]
    refs: Mapping[NodeId, Mapping[str, Ref]]
    problems: Mapping[NodeId, str]


def make_recipes(
    graph: Graph,
    library: Library,
    ledger: Ledger,
    places: Places,
    targets: Iterable[NodeId],
    *,
    check: Callable[[], None] = lambda: None,
) -> Recipes:
    """Return the recipes of the targets and of all that they depend on.

    Parameters
    ----------
    graph : Graph
        The graph.
    library : Library
        The kinds.
    ledger : Ledger
        Remembers digests of files.
    places : Places
        Where files lie.
    targets : iterable of str
        Node ids.
    check : callable
        Called while large files are read; may raise to cancel.
    """
    wanted = graph.ancestors(targets)
    maker = _Maker(graph, library, ledger, places, check)
    for node_id in graph.order:
        if node_id in wanted:
            maker.make(node_id)
    return Recipes(maker.made, maker.refs, maker.problems)


class _Maker:
    def __init__(
        self, graph: Graph, library: Library, ledger: Ledger, places: Places, check: Callable[[], None]
    ) -> None:
        self._graph = graph
        self._library = library
        self._ledger = ledger
        self._places = places
        self._check = check
        self.made: dict[NodeId, Recipe] = {}
        self.refs: dict[NodeId, dict[str, Ref]] = {}
        self.problems: dict[NodeId, str] = {}
        self._blocked: set[NodeId] = set()
        self._codes: dict[tuple[str, Requirement], str] = {}

    def make(self, node_id: NodeId) -> None:
        node, links = self._graph.nodes[node_id], self._graph.incoming(node_id)
        if any(link.source in self._blocked for link in links):
            self._blocked.add(node_id)
            return
        spec = self._library.get(node.kind)
        if spec is not None and node.bypassed:
            self._pass_through(node_id, spec, links)
            return
        links = tuple(link for link in links if not self._is_silent(link))
        problem = next(iter(self._graph.node_problems(node_id, self._library, links)), None)
        if problem is None and spec is not None:
            problem = self._make(node_id, node, spec, links)
        if problem is not None:
            self.problems[node_id] = problem
            self._blocked.add(node_id)

    def _pass_through(self, node_id: NodeId, spec: NodeSpec, links: tuple[Link, ...]) -> None:
        """Let each type's first output be that type's first linked input; other outputs are silent."""
        given: dict[type, Ref] = {}
        for link in _in_port_order(spec, links):
            port, ref = spec.input(link.target_port), self._ref(link)
            if port is not None and ref is not None:
                given.setdefault(port.type, ref)
        outputs = ((port.name, given.pop(port.type, None)) for port in spec.outputs)
        self.refs[node_id] = {name: ref for name, ref in outputs if ref is not None}

    def _ref(self, link: Link) -> Ref | None:
        return self.refs[link.source].get(link.source_port)

    def _is_silent(self, link: Link) -> bool:
        """Return whether the link begins at an output that a bypassed node has nothing for."""
        if self._ref(link) is not None:
            return False
        spec = self._library.find(self._graph.nodes[link.source].kind)
        return spec.output(link.source_port) is not None

    def _make(self, node_id: NodeId, node: Node, spec: NodeSpec, links: tuple[Link, ...]) -> str | None:
        """Make one recipe; return what keeps it from being made, if anything does."""
        settings = node.settings(spec)
        linked = ((link.target_port, self._ref(link)) for link in _in_port_order(spec, links))
        inputs = {name: ref for name, ref in linked if ref is not None}
        files, paths = dict[str, str](), dict[str, Path]()
        for param in spec.params:
            if param.type in ("input_file", "output_file"):
                try:
                    paths[param.name] = self._path(node_id, param, str(settings[param.name]))
                    if param.type == "input_file":
                        files[param.name] = self._ledger.digest(paths[param.name], self._check)
                except (OSError, ValueError, ParameterError, OutputError) as error:
                    return _file_problem(param, str(settings[param.name]), error)
        try:
            code = self._code(spec, settings)
        except OSError as error:
            return f"The weights of {spec.kind} cannot be read: {error.strerror or error}."
        recipe = Recipe(node_id, spec, settings, inputs, files, paths, code)
        self.made[node_id] = recipe
        self.refs[node_id] = {port.name: Ref(recipe.key, port.name, node_id) for port in spec.outputs}
        if _is_neutral(spec, settings) and spec.inputs[0].name in inputs:
            self.refs[node_id][spec.outputs[0].name] = inputs[spec.inputs[0].name]
        return None

    def _code(self, spec: NodeSpec, settings: Mapping[str, ParamValue]) -> str:
        """Return what the library tells of the kind, and digests of the weights that it needs."""
        needed = spec.requirement(settings)
        name = (spec.kind, needed)
        if name not in self._codes:
            paths = self._library.weights_paths(needed)
            digests = [self._ledger.digest(path, self._check) for path in paths]
            self._codes[name] = json.dumps([*self._library.recipe(spec, settings), *digests])
        return self._codes[name]

    def _path(self, node_id: NodeId, param: Param, value: str) -> Path:
        if param.type == "output_file":
            return self._output_path(node_id, value)
        if not value:
            raise ParameterError(f"No {param.name} is chosen. Choose a file.")
        return self._places.inputs / value

    def _output_path(self, node_id: NodeId, value: str) -> Path:
        chosen = self._places.chosen.get(node_id)
        if chosen is not None:
            return chosen.absolute()
        # `Path.resolve` raises RuntimeError at links that go in circles, `realpath` does not.
        folder = Path(os.path.realpath(self._places.outputs))
        path = Path(os.path.normpath(folder / value))
        # A link inside the folder may still point out of it.
        inside = Path(os.path.realpath(path)).is_relative_to(folder) and path != folder
        if not value or not inside or Path(value).is_absolute() or "\\" in value:
            raise OutputError(
                f"The graph wants {node_id} to write to {value!r}, which is not inside {folder}. "
                "Name that file yourself if it is what you want."
            )
        return path


def _is_neutral(spec: NodeSpec, settings: Mapping[str, ParamValue]) -> bool:
    neutral = spec.neutral
    return neutral is not None and all(settings[name] == value for name, value in neutral.items())


# `json.dumps` would make one for every key.
_ENCODER = json.JSONEncoder(sort_keys=True)


def _key(recipe: Recipe) -> str:
    hashed: dict[str, Any] = dict(recipe.settings)
    for param in recipe.spec.params:
        name = param.name
        if param.type == "input_file":
            # The suffix may decide who decodes it; the rest of the name decides nothing.
            hashed[name] = [recipe.files[name], recipe.paths[name].suffix.lower()]
        elif param.type == "output_file":
            hashed[name] = str(recipe.paths[name])
        elif param.type == "per_track":
            hashed[name] = track_values(param, recipe.settings[name], recipe.inputs)
    # Numbers of tracks are names, not sound: only their order counts.
    ports = [[name.partition(".")[0], ref.key, ref.port] for name, ref in recipe.inputs.items()]
    text = _ENCODER.encode([recipe.code, hashed, ports])
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=20).hexdigest()


def track_values(param: Param, values: ParamValue, ports: Iterable[str]) -> tuple[float, ...]:
    """Return one value per linked track, in the tracks' order."""
    assert isinstance(values, Mapping)
    tracks = [name for name in ports if name.partition(".")[0] == param.track_port]
    return tuple(values.get(name, param.track_default) for name in tracks)


def _in_port_order(spec: NodeSpec, links: Iterable[Link]) -> list[Link]:
    def place(link: Link) -> tuple[int, int]:
        port: Port | None = spec.input(link.target_port)
        number = link.target_port.rpartition(".")[2]
        position = spec.inputs.index(port) if port is not None else len(spec.inputs)
        return position, int(number) if port is not None and port.many else 0

    return sorted(links, key=place)


def _file_problem(param: Param, value: str, error: Exception) -> str:
    if isinstance(error, (ParameterError, OutputError)):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return f"{param.name}: {value} is not there. Choose where it is now."
    reason = getattr(error, "strerror", None) or str(error)
    return f"{param.name}: {value} cannot be read: {reason}."
