"""Templates: the shipped graphs, as the start page offers them, and what begins with one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nodegraph.document import Document
from nodegraph.document_file import load_document
from nodegraph.editor.desk.outline_text import node_name
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.words import _
from nodegraph.errors import DocumentError
from nodegraph.graph import Graph, Node, NodeId
from nodegraph.library import Library

__all__ = ["Begun", "Template", "begin", "in_users_language", "load_templates", "texts_of"]

_FIRST = "first_steps"
_ICONS: Mapping[str, str] = {
    "first_steps": "wand-sparkles",
    "shellac_78": "disc-3",
    "vinyl": "disc-3",
    "cassette": "cassette-tape",
    "open_reel_tape": "cassette-tape",
    "speech_lecture": "mic",
    "per_stem_restore": "split",
    "two_stems": "git-branch",
    "vocals_restore": "split",
    "karaoke": "mic",
    "lofi_to_hifi": "wand-sparkles",
    "clipped_master": "activity",
    "lossy_leftover": "file-audio",
}


@dataclass(frozen=True)
class Template:
    """A shipped graph.

    Parameters
    ----------
    name : str
        Of its file, without ending.
    title, text : str
        English gettext texts: what it is, and one sentence about it.
    icon : str
        A name of ICONS.
    document : Document
        The graph.
    source : str or None
        The node that gives way to a `load` when the user brings a recording.
    """

    name: str
    title: str
    text: str
    icon: str
    document: Document
    source: NodeId | None


@dataclass(frozen=True)
class Begun:
    """A document to begin with.

    Parameters
    ----------
    document : Document
        Untitled.
    after, before : PortRef or None
        What is heard first: the end of the chain, and the recording as it came.
    """

    document: Document
    after: PortRef | None
    before: PortRef | None


def load_templates(folder: Path, library: Library) -> tuple[Template, ...]:
    """Return the graphs of a folder: the first steps first, then by title."""
    found = list(_read_all(folder, library))
    return tuple(sorted(found, key=lambda each: (each.name != _FIRST, each.title)))


def begin(template: Template, library: Library, recording: Path | None = None) -> Begun:
    """Return a document that begins with a template.

    Parameters
    ----------
    template : Template
        Which.
    library : Library
        The kinds.
    recording : Path, optional
        Takes the place of the demo recording.
    """
    document = in_users_language(template.document)
    if recording is not None and template.source is not None:
        document = _with_recording(document, template.source, recording, library)
    before = PortRef(template.source, "audio") if template.source else None
    return Begun(document, _last_sound(document.graph, library), before)


def _read_all(folder: Path, library: Library) -> Iterator[Template]:
    for path in sorted(folder.glob("*.json")):
        try:
            document = load_document(path, library)
        except DocumentError:
            # A damaged one must not take the others with it.
            continue
        yield Template(
            path.stem,
            document.title or path.stem,
            document.comment.split("\n\n")[0].split(". ")[0].rstrip(".") + ".",
            _ICONS.get(path.stem, "audio-waveform"),
            document,
            _source(document.graph, library),
        )


def texts_of(document: Document) -> Iterator[str]:
    """Yield the English texts of a shipped graph: gettext texts that `begin` puts in the user's language."""
    yield document.title
    yield from (_about(document, line)[1] for line in document.comment.split("\n"))
    yield from document.labels.values()
    yield from (frame.title for frame in document.frames)
    yield from (note.text for note in document.notes)


def in_users_language(document: Document) -> Document:
    """Return a shipped graph with its title, comment, labels, frames and notes in the language in use."""
    comment = []
    for line in document.comment.split("\n"):
        node_id, text = _about(document, line)
        comment.append(f"{node_name(document, node_id)}: {_(text)}" if node_id else _(text))
    return replace(
        document,
        title=_(document.title),
        comment="\n".join(comment),
        labels={node_id: _(label) for node_id, label in document.labels.items()},
        frames=tuple(replace(frame, title=_(frame.title)) for frame in document.frames),
        notes=tuple(replace(note, text=_(note.text)) for note in document.notes),
    )


def _about(document: Document, line: str) -> tuple[NodeId, str]:
    """Return the node that a line of the comment is about, "" for all of them, and what it says."""
    node_id, colon, text = line.partition(": ")
    return (node_id, text) if colon and node_id in document.graph.nodes else ("", line)


def _source(graph: Graph, library: Library) -> NodeId | None:
    """Return the first node that makes sound out of nothing."""
    for node_id in graph.order:
        spec = library.get(graph.nodes[node_id].kind)
        if spec is not None and not spec.inputs and spec.output("audio") is not None:
            return node_id
    return None


def _with_recording(document: Document, source: NodeId, recording: Path, library: Library) -> Document:
    node = Node("load", {"file": str(recording.absolute())}, library.find("load").version)
    graph = document.graph.put(source, node)
    exports = [node_id for node_id, node in graph.nodes.items() if node.kind == "export"]
    for node_id in exports if len(exports) == 1 else ():
        graph = graph.set_param(node_id, "file", f"{recording.stem} restored.wav", library)
    labels = {**document.labels, source: recording.stem}
    return replace(document, graph=graph, labels=labels, title=recording.stem)


def _last_sound(graph: Graph, library: Library) -> PortRef | None:
    """Return the output that an export would write, or the last sound of the graph."""
    for node_id in reversed(graph.order):
        spec = library.get(graph.nodes[node_id].kind)
        if spec is None:
            continue
        if spec.effect:
            for link in graph.incoming(node_id):
                return PortRef(link.source, link.source_port)
        elif spec.output("audio") is not None:
            return PortRef(node_id, "audio")
    return None
