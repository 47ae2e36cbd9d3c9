"""Outline: the graph as text, for the list beside the canvas, for screen readers, and to be copied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nodegraph.document import Document
from nodegraph.editor.desk.finding import Candidate
from nodegraph.editor.desk.states import NodeState, PlanLine
from nodegraph.editor.words import _, ngettext, told
from nodegraph.editor.words.names import kind_name, port_name
from nodegraph.editor.words.statuses import status_name
from nodegraph.graph import Link, NodeId

__all__ = [
    "OutlineRow",
    "link_text",
    "node_candidates",
    "node_name",
    "obstacle_text",
    "outline",
    "outline_text",
]


@dataclass(frozen=True)
class OutlineRow:
    """One node in the outline.

    Parameters
    ----------
    node_id : str
        The node.
    name, kind : str
        What it is called, and what it is, in the language in use; the same where it has no name.
    inputs : tuple of str
        "Audio ← Denoise · Removed".
    """

    node_id: NodeId
    name: str
    kind: str
    inputs: tuple[str, ...]


def node_name(document: Document, node_id: NodeId) -> str:
    """Return what a node is called: the user's name for it, or that of its kind.

    Where several nodes without a name are of one kind, the number of the node's id tells them apart.
    """
    if label := document.labels.get(node_id, "").strip():
        return label
    node = document.graph.nodes.get(node_id)
    if node is None:
        return node_id
    base = node.kind.rpartition(".")[2]
    number = node_id[len(base) :] if node_id.startswith(base) else ""
    return f"{kind_name(node.kind)} {number}" if number.isdigit() else kind_name(node.kind)


def obstacle_text(document: Document, obstacle: PlanLine) -> str:
    """Return "Load audio cannot run: No file is chosen. Choose a file."."""
    node, reason = node_name(document, obstacle.node_id), told(obstacle.why)
    return _("{node} cannot run: {reason}").format(node=node, reason=reason)


def link_text(document: Document, link: Link) -> str:
    """Return "Denoise · Audio → Mix · Tracks 2"."""
    return (
        f"{node_name(document, link.source)} · {port_name(link.source_port)} → "
        f"{node_name(document, link.target)} · {port_name(link.target_port)}"
    )


def outline(document: Document) -> tuple[OutlineRow, ...]:
    """Return all nodes, each after those that it depends on."""
    graph = document.graph
    return tuple(
        OutlineRow(
            node_id,
            node_name(document, node_id),
            kind_name(graph.nodes[node_id].kind),
            tuple(
                f"{port_name(link.target_port)} ← "
                f"{node_name(document, link.source)} · {port_name(link.source_port)}"
                for link in graph.incoming(node_id)
            ),
        )
        for node_id in graph.order
    )


def outline_text(document: Document, states: Mapping[NodeId, NodeState] | None = None) -> str:
    """Return the whole document as text."""
    rows = outline(document)
    head = [document.title or _("Untitled"), *([document.comment] if document.comment else [])]
    count = ngettext("{count} node", "{count} nodes", len(rows)).format(count=len(rows))
    lines = [*head, count]
    for number, row in enumerate(rows, 1):
        named = row.name if row.kind in row.name else f"{row.name} ({row.kind})"
        state = (states or {}).get(row.node_id)
        mark = f" [{status_name(state.status)}]" if state else ""
        lines += ["", f"{number}. {named}{mark}", *(f"   {entry}" for entry in row.inputs)]
        if state and state.reason:
            lines.append(f"   {told(state.reason)}")
    lines += [line for note in document.notes for line in ("", note.text)]
    return "\n".join(lines) + "\n"


def node_candidates(document: Document) -> tuple[Candidate, ...]:
    """Return the nodes of a document as candidates, in the outline's order."""
    return tuple(Candidate(row.node_id, (row.name, row.kind, row.node_id)) for row in outline(document))
