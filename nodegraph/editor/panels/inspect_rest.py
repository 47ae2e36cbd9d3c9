"""What the inspector shows of several nodes, and of links."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.edits_links import unlink
from nodegraph.editor.desk.outline_text import node_name
from nodegraph.editor.look.colours import port_colour
from nodegraph.editor.panels.fields import heading, tip, words
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import _, ngettext
from nodegraph.editor.words.names import english_name, kind_name, port_name
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import Link, NodeId

__all__ = ["fill_link", "fill_several"]


def fill_several(studio: Studio, parent: Tag, nodes: Sequence[NodeId]) -> Tag:
    """Show what can be done with several nodes; return where their common parameters belong."""
    desk = studio.desk
    text = ngettext("{count} node", "{count} nodes", len(nodes)).format(count=len(nodes))
    words(parent, text, font=FONTS.title)
    kinds = sorted({kind_name(desk.document.graph.nodes[each].kind) for each in nodes})
    words(parent, ", ".join(kinds), colour=studio.colours.quiet, font=FONTS.small)
    row = dpg.add_group(parent=parent, horizontal=True)
    for name in ("node.bypass", "edit.delete"):
        _action_button(studio, row, name, studio.actions[name].text)
    heading(studio, parent, _("Align"))
    _add_alignments(studio, parent)
    heading(studio, parent, _("Parameters that all of them have"))
    place: Tag = dpg.add_group(parent=parent, tag="inspector.params")
    return place


def _action_button(studio: Studio, parent: Tag, name: str, title: str, width: int = 0) -> None:
    """Add a button that does an action."""
    action = studio.actions[name]
    item = dpg.add_button(
        label=title,
        parent=parent,
        width=width,
        tag=f"inspector.{name}",
        callback=partial(studio.actions.do, name),
        enabled=action.enabled(),
    )
    tip(studio, item, "" if title == action.text else action.text)


def _add_alignments(studio: Studio, parent: Tag) -> None:
    table = dpg.add_table(parent=parent, header_row=False, policy=dpg.mvTable_SizingStretchSame)
    for _column in range(3):
        dpg.add_table_column(parent=table)
    ways = (
        (("left", _("Left")), ("centre", _("Centre")), ("right", _("Right"))),
        (("top", _("Top")), ("middle", _("Middle")), ("bottom", _("Bottom"))),
    )
    for line in ways:
        row = dpg.add_table_row(parent=table)
        for how, title in line:
            _action_button(studio, row, f"node.align_{how}", title, -1)
    row = dpg.add_group(parent=parent, horizontal=True)
    for direction, title in (("across", _("Spread across")), ("down", _("Spread down"))):
        _action_button(studio, row, f"node.distribute_{direction}", title)


def fill_link(studio: Studio, parent: Tag, links: Sequence[Link]) -> None:
    """Show links: where from, where to, of what type."""
    desk = studio.desk
    title = ngettext("A link", "{count} links", len(links)).format(count=len(links))
    words(parent, title, font=FONTS.title)
    graph, document = desk.document.graph, desk.document
    for link in links:
        spec = studio.library.get(graph.nodes[link.source].kind)
        port = spec.output(link.source_port) if spec else None
        heading(studio, parent, _(english_name(port.type.__name__)) if port else _("Unknown type"))
        colour = port_colour(studio.colours, port.type.__name__ if port else "")
        words(parent, f"{node_name(document, link.source)} · {port_name(link.source_port)}", colour=colour)
        words(parent, f"→ {node_name(document, link.target)} · {port_name(link.target_port)}")

    def remove() -> None:
        desk.edit(unlink(desk.document, links), _("Remove links"))

    def go(node_id: NodeId) -> None:
        desk.select(Selection(frozenset({node_id})))

    dpg.add_spacer(parent=parent, height=round(4 * studio.scale))
    row = dpg.add_group(parent=parent, horizontal=True)
    dpg.add_button(label=_("Remove"), parent=row, tag="inspector.unlink", callback=remove)
    if len(links) == 1:
        link = links[0]
        dpg.add_button(label=_("Its source"), parent=row, callback=lambda: go(link.source))
        dpg.add_button(label=_("Its target"), parent=row, callback=lambda: go(link.target))
