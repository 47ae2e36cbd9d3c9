"""Overlay: what is drawn over the canvas while a gesture goes on."""

from __future__ import annotations

from dataclasses import dataclass

from nodegraph.document import Place
from nodegraph.editor.space.view import Box
from nodegraph.graph import Link, NodeId

__all__ = ["LinkDraft", "Overlay"]


@dataclass(frozen=True)
class LinkDraft:
    """A link that is being pulled.

    Parameters
    ----------
    begin, end : (x, y)
        From the output's side to the input's side, on the canvas.
    type_name : str
        Of the value.
    legal : bool or None
        Whether it could end where the pointer is; None over nothing.
    """

    begin: Place
    end: Place
    type_name: str
    legal: bool | None = None


@dataclass(frozen=True)
class Overlay:
    """What is drawn over the canvas while a gesture goes on.

    Parameters
    ----------
    draft : LinkDraft, optional
        A link that is being pulled.
    lit : frozenset of (node id, side, port)
        Ports where it could end; all others are dimmed while there is a draft.
    reason : str
        Why it cannot end where the pointer is, shown beside the pointer.
    lasso : Box, optional
        The box in which things are being selected.
    guides : tuple of Box
        Lines along which what is dragged has snapped.
    split : Link, optional
        The link into which a dropped node will be inserted.
    knife : tuple of (x, y)
        The path of the knife that cuts links.
    hovered_node, hovered_port, hovered_link : optional
        What is under the pointer.
    """

    draft: LinkDraft | None = None
    lit: frozenset[tuple[NodeId, str, str]] = frozenset()
    reason: str = ""
    lasso: Box | None = None
    guides: tuple[Box, ...] = ()
    split: Link | None = None
    knife: tuple[Place, ...] = ()
    hovered_node: NodeId | None = None
    hovered_port: tuple[NodeId, str, str] | None = None
    hovered_link: Link | None = None
