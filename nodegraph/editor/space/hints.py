"""Hints: what is told of the thing under the pointer, once it has rested there."""

from __future__ import annotations

from collections.abc import Mapping

from nodegraph.document import Document
from nodegraph.editor.desk.states import NodeState
from nodegraph.editor.look.typesetting import first_sentence
from nodegraph.editor.space.hit import Hit
from nodegraph.editor.words import _, told
from nodegraph.errors import ParameterError
from nodegraph.graph import NodeId
from nodegraph.library import Library
from nodegraph.spec import NodeSpec

__all__ = ["hint_of"]


def hint_of(hit: Hit, document: Document, library: Library, states: Mapping[NodeId, NodeState]) -> str:
    """Return what is told of what lies under the pointer, or ""."""
    node = document.graph.nodes.get(hit.node_id or "")
    if node is None or hit.node_id is None:
        return ""
    spec = library.get(node.kind)
    match hit.what:
        case "strip":
            state = states.get(hit.node_id)
            return " ".join(map(told, filter(None, (state.reason, *state.notes)))) if state else ""
        case "title":
            unknown = _("This version does not know nodes of the kind {kind}.").format(kind=node.kind)
            return _(spec.summary) if spec is not None else unknown
        case "param" if spec is not None and hit.param is not None:
            return _param_text(spec, hit.param)
        case "port" if spec is not None and hit.port is not None:
            name = hit.port.partition(".")[0]
            ports = spec.inputs if hit.side == "input" else spec.outputs
            return next((first_sentence(_(port.text)) for port in ports if port.name == name), "")
        case _:
            return ""


def _param_text(spec: NodeSpec, name: str) -> str:
    try:
        return _(spec.param(name).text)
    except ParameterError:
        return ""
