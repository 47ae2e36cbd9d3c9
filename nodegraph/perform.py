"""Perform: runs one node's function on its inputs and keeps the result; lets effects write files."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nodegraph.audio import allocating
from nodegraph.cache import Cache, Entry, Facts
from nodegraph.document import Document
from nodegraph.embed import embed_document
from nodegraph.errors import DocumentError, OutputError
from nodegraph.files import aside_for, publish
from nodegraph.library import Library
from nodegraph.progress import Progress
from nodegraph.recipe import Places, Recipe, track_values
from nodegraph.spec import NodeSpec

__all__ = ["Session", "call_node", "perform"]


@dataclass(frozen=True)
class Session:
    """With what, and where, a document is run.

    Parameters
    ----------
    library : Library
        The kinds.
    cache : Cache
        Where results are kept. `cache.flush()` after a run makes them durable.
    places : Places
        Where files lie.
    name : str
        Under which the run is remembered, to explain and estimate the next: the document's path.
    """

    library: Library
    cache: Cache
    places: Places = field(default_factory=Places)
    name: str = ""


def perform(
    recipe: Recipe, inputs: Mapping[str, Any], progress: Progress, document: Document, session: Session
) -> Entry:
    """Run one node and store its result.

    Parameters
    ----------
    recipe : Recipe
        What to make.
    inputs : mapping of port name to value
        In the recipe's order.
    progress : Progress
        Handed to the function.
    document : Document
        Embedded in the file that an effect writes.
    session : Session
        Where results and files go.

    Raises
    ------
    Exception
        Whatever the node's function raises; nothing is stored then.
    """
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        progress.note(text)

    noting = progress.with_note(note)
    begin = time.perf_counter()
    values: Mapping[str, Any] = {}
    files: dict[str, tuple[int, int]] = {}
    with session.cache.workspace() as space, allocating(space.allocate):
        if recipe.output_path is not None:
            files = _write(recipe, inputs, noting, document, session)
        else:
            values = call_node(recipe.spec, _settings(recipe), inputs, noting)
        facts = Facts(recipe.spec.kind, time.perf_counter() - begin, tuple(notes), files)
        entry = Entry(values, facts)
        session.cache.store(recipe.key, entry, space)
    return entry


def _settings(recipe: Recipe) -> dict[str, Any]:
    """Return the parameters as the function takes them: files by their full paths."""
    return dict(recipe.settings) | {name: str(recipe.paths[name]) for name in recipe.files}


def _write(
    recipe: Recipe, inputs: Mapping[str, Any], progress: Progress, document: Document, session: Session
) -> dict[str, tuple[int, int]]:
    """Let an effect write aside, embed the graph, and publish the file in one step."""
    path = recipe.output_path
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = aside_for(path)
    try:
        settings = _settings(recipe)
        settings |= {param.name: str(aside) for param in recipe.spec.params if param.type == "output_file"}
        call_node(recipe.spec, settings, inputs, progress)
        try:
            embed_document(document, aside, session.library)
        except DocumentError as error:
            reason = str(error).replace(aside.name, path.name)
            progress.note(f"The graph is not kept in the file: {reason}")
        progress.check()
        if not publish(aside, path, overwrite=session.places.overwrite):
            raise OutputError(f"{path} exists already; it appeared while this ran. Name another file.")
    finally:
        aside.unlink(missing_ok=True)
    stat = path.stat()
    return {str(path): (stat.st_size, stat.st_mtime_ns)}


def call_node(
    spec: NodeSpec, settings: Mapping[str, Any], inputs: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """Call a node's function and return its outputs by port.

    Parameters
    ----------
    spec : NodeSpec
        The kind.
    settings : mapping
        Every parameter, as `NodeSpec.settings` gives them.
    inputs : mapping of port name to value
        "tracks.1", "tracks.2", … in order for a many-port.
    progress : Progress
        Handed to the function if it takes one.

    Raises
    ------
    TypeError
        If the function returns something else than its signature says.
    """
    args: list[Any] = []
    for port in spec.inputs:
        if port.many:
            args += (value for name, value in inputs.items() if name.partition(".")[0] == port.name)
        else:
            args.append(inputs.get(port.name))
    keywords = dict(settings)
    for param in spec.params:
        if param.type == "per_track":
            keywords[param.name] = track_values(param, settings[param.name], inputs)
    if spec.wants_progress:
        keywords["progress"] = progress
    returned = spec.function(*args, **keywords)
    if not spec.outputs:
        return {}
    parts = returned if spec.returns_tuple else (returned,)
    values = {port.name: value for port, value in zip(spec.outputs, parts, strict=True)}
    for port in spec.outputs:
        if not isinstance(values[port.name], port.type):
            found = type(values[port.name]).__name__
            raise TypeError(f"{spec.kind} gave {found} at {port.name}, not {port.type.__name__}")
    return values
