"""Hearing: which port is heard, what it is called, and why there is nothing to hear yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nodegraph.audio import Audio
from nodegraph.document import Document
from nodegraph.editor.desk.states import NodeState, PortRef, RunState
from nodegraph.editor.listen.sound import Sound
from nodegraph.editor.words import _, told
from nodegraph.editor.words.names import kind_name, port_name
from nodegraph.library import Library

__all__ = ["Heard", "Sounds", "first_audio", "port_before", "port_title", "removed_port", "why_silent"]


class Sounds(Protocol):
    """Where sounds come from: `Runner`."""

    def sound(self, port: PortRef) -> Sound | None:
        """Return what an output gives to hear, or None."""

    def why_not(self, port: PortRef) -> str:
        """Return why an output gives nothing, in words; "" if it does."""

    def listen_at(self, position_s: float) -> None:
        """Take where the listener is."""


@dataclass(frozen=True)
class Heard:
    """A port that is listened to.

    Parameters
    ----------
    ref : PortRef
        Which one.
    title : str
        "Declick · Audio".
    sound : Sound or None
        What there is to hear.
    reason : str
        Why there is nothing yet, or nothing but a preview; in words.
    fraction : float or None
        How far it is while it is being made, 0 to 1.
    """

    ref: PortRef
    title: str
    sound: Sound | None = None
    reason: str = ""
    fraction: float | None = None


def port_title(document: Document, ref: PortRef) -> str:
    """Return "Declick · Audio": the node as the user knows it, and the port."""
    node = document.graph.nodes.get(ref.node_id)
    kind = kind_name(node.kind) if node else ref.node_id
    name = document.labels.get(ref.node_id) or kind
    return _("{node} · {port}").format(node=name, port=port_name(ref.port))


def first_audio(document: Document, library: Library, node_id: str) -> PortRef | None:
    """Return the first output of a node that can be heard, or None."""
    node = document.graph.nodes.get(node_id)
    spec = library.get(node.kind) if node else None
    ports = spec.outputs if spec else ()
    return next((PortRef(node_id, port.name) for port in ports if port.type is Audio), None)


def removed_port(document: Document, library: Library, ref: PortRef) -> PortRef | None:
    """Return the output that gives what the node took away, or None."""
    node = document.graph.nodes.get(ref.node_id)
    spec = library.get(node.kind) if node else None
    port = spec.output("removed") if spec else None
    return PortRef(ref.node_id, "removed") if port and port.type is Audio else None


def port_before(document: Document, library: Library, ref: PortRef) -> PortRef | None:
    """Return the output that feeds the node's first input for sound: what it was before, or None."""
    node = document.graph.nodes.get(ref.node_id)
    spec = library.get(node.kind) if node else None
    if spec is None:
        return None
    for link in document.graph.incoming(ref.node_id):
        port = spec.input(link.target_port)
        if port and port.type is Audio:
            return PortRef(link.source, link.source_port)
    return None


def why_silent(state: NodeState, run: RunState, title: str, otherwise: str) -> tuple[str, float | None]:
    """Say why a port has no whole sound.

    Parameters
    ----------
    state : NodeState
        Of its node.
    run : RunState
        What is going on.
    title : str
        What the port is called.
    otherwise : str
        What is said where the state does not tell.

    Returns
    -------
    reason : str
        A sentence; "" where it is all there.
    fraction : float or None
        How far it is while it is being made.
    """
    match state.status:
        case "running":
            return _("{port} is being made…").format(port=title), state.fraction
        case "failed":
            return _("{port} could not be made: {reason}").format(port=title, reason=told(state.reason)), None
        case "unavailable" | "blocked":
            return told(state.reason) or otherwise, None
        case "stale" if run.what != "idle":
            return _("{port} is being made…").format(port=title), run.fraction
        case _:
            return otherwise, None
