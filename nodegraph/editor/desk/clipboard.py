"""Clipboard: what is selected as text, and text as nodes. Only text matters: it may come from another window.

The text is a graph file of what was copied, so that it can also be kept in a file or sent to somebody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nodegraph.document import Document, Place
from nodegraph.document_file import from_json, to_json
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.edits_canvas import bounds
from nodegraph.editor.desk.edits_parts import extract, feeding, put_in
from nodegraph.editor.words import _, told
from nodegraph.errors import DocumentError
from nodegraph.graph import Graph, Link
from nodegraph.library import Library

__all__ = ["Clip", "copied", "paste", "read_clip"]

_MARK = "clipboard"
# Far more than anybody copies; the text of a whole film script must not be searched for JSON (characters).
_LONGEST = 16 << 20
# A copy that would lie exactly on its original is put beside it.
_ASIDE = 32.0


@dataclass(frozen=True)
class Clip:
    """What a clipboard's text holds.

    Parameters
    ----------
    part : Document
        Nodes, links, frames, notes.
    outside : tuple of Link
        What fed the nodes from outside where they were copied.
    """

    part: Document
    outside: tuple[Link, ...] = ()


def copied(document: Document, selection: Selection) -> str:
    """Return the text of what is selected.

    Parameters
    ----------
    document : Document
        With a place for every node: `edits_canvas.settled`.
    selection : Selection
        Nodes, frames, notes.
    """
    outside = [
        [link.source, link.source_port, link.target, link.target_port]
        for link in feeding(document.graph, selection.nodes)
    ]
    return to_json(replace(extract(document, selection), extra={_MARK: {"outside": outside}}))


def read_clip(text: str, library: Library) -> Clip:
    """Read the text of a clipboard: what was copied here or in another window, or a whole graph file.

    Raises
    ------
    DocumentError
        If it is neither; the message is a sentence for the user.
    """
    if not text.strip():
        raise DocumentError(_("The clipboard is empty."))
    if not text.lstrip().startswith("{") or len(text) > _LONGEST:
        raise DocumentError(_("The clipboard holds no nodes."))
    try:
        document = from_json(text, library)
    except DocumentError as error:
        reason = _("The clipboard holds no nodes: {reason}").format(reason=told(str(error)))
        raise DocumentError(reason) from error
    part = replace(document, extra={})
    if not (part.graph.nodes or part.frames or part.notes):
        raise DocumentError(_("The graph in the clipboard is empty."))
    return Clip(part, _outside(document.extra.get(_MARK)))


def _outside(record: Any) -> tuple[Link, ...]:
    """Return the links that a clip tells of; what is malformed tells of none."""
    listed = record.get("outside") if isinstance(record, Mapping) else None
    return tuple(
        Link(*ends)
        for ends in (listed if isinstance(listed, tuple) else ())
        if isinstance(ends, tuple) and len(ends) == 4 and all(isinstance(word, str) for word in ends)
    )


def paste(
    document: Document, clip: Clip, place: Place, library: Library, *, linked: bool
) -> tuple[Document, Selection]:
    """Put a clip into a document.

    Parameters
    ----------
    document : Document
        Takes it.
    clip : Clip
        With a place for every node.
    place : (x, y)
        Where its top left corner comes to lie, or beside it where a copy is there already.
    library : Library
        The kinds of node.
    linked : bool
        The nodes are fed by what fed them where they were copied, as far as it is in this document.

    Returns
    -------
    document : Document
        With the clip.
    selection : Selection
        What was put in.
    """
    part = clip.part
    corners = [(x, y, x, y) for x, y in part.positions.values()]
    corners += [(each.x, each.y, each.x, each.y) for each in part.frames]
    corners += [(each.x, each.y, each.x, each.y) for each in part.notes]
    left, top, _right, _bottom = bounds(corners)
    dx, dy = place[0] - left, place[1] - top
    taken = set(document.positions.values())
    while any((x + dx, y + dy) in taken for x, y in part.positions.values()):
        dx, dy = dx + _ASIDE, dy + _ASIDE
    outside = [link for link in clip.outside if _still_fits(document, part, link, library)] if linked else []
    return put_in(document, part, (dx, dy), outside)


def _still_fits(document: Document, part: Document, link: Link, library: Library) -> bool:
    """Return whether a link from a document into a part can be, as the judge of links sees it."""
    giver, taker = document.graph.nodes.get(link.source), part.graph.nodes.get(link.target)
    if giver is None or taker is None:
        return False
    both = Graph({"giver": giver, "taker": taker})
    return both.link_problem(Link("giver", link.source_port, "taker", link.target_port), library) is None
