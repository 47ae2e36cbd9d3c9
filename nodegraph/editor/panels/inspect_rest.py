"""What else the inspector shows: several nodes, a link, or the document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk import edits
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.edits_links import unlink
from nodegraph.editor.desk.outline_text import node_name, obstacle_text
from nodegraph.editor.look.colours import port_colour
from nodegraph.editor.panels.fields import TextBox, heading, icon_button, tip, words
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import _, ngettext, told
from nodegraph.editor.words.names import english_name, kind_name, port_name
from nodegraph.editor.words.values import duration_text
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import Link, NodeId

__all__ = ["fill_document", "fill_link", "fill_several"]


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


def fill_document(studio: Studio, parent: Tag) -> tuple[TextBox, ...]:
    """Show the document: its title and comment, and what would run. Returns the fields for texts."""
    desk = studio.desk
    document = desk.document
    words(parent, _("This graph"), font=FONTS.title)
    words(parent, _("Title"), colour=studio.colours.quiet, font=FONTS.small)

    def retitle(text: str) -> None:
        desk.edit(edits.retitle(desk.document, text), _("Change the title"))

    def write(text: str) -> None:
        if text.rstrip() != desk.document.comment:
            desk.edit(replace(desk.document, comment=text.rstrip()), _("Write a comment"))

    title = TextBox(parent, document.title, retitle, hint=_("Untitled"), tag="inspector.title")
    comment = _add_comment(studio, parent, write)
    _add_facts(studio, parent)
    return title, comment


def _add_comment(studio: Studio, parent: Tag, write: Callable[[str], None]) -> TextBox:
    """Show the comment to be read; the field to write it opens beside it, as it breaks no lines."""
    text = studio.desk.document.comment
    row = dpg.add_group(parent=parent, horizontal=True)
    words(row, _("Comment"), colour=studio.colours.quiet, font=FONTS.small)

    def open_field() -> None:
        dpg.configure_item("inspector.comment", show=not dpg.is_item_shown("inspector.comment"))

    if text:
        icon_button(studio, row, "pencil", _("Write the comment"), open_field, tag="inspector.write")
        # The comments of shipped graphs are translated.
        words(parent, _(text), font=FONTS.small)
    height = round(96 * studio.scale)
    return TextBox(parent, text, write, tag="inspector.comment", multiline=True, height=height, show=not text)


def _add_facts(studio: Studio, parent: Tag) -> None:
    document, run = studio.desk.document, studio.desk.run_state
    heading(studio, parent, _("What would run"))
    nodes, links = len(document.graph.nodes), len(document.graph.links)
    facts = [
        ngettext("{count} node", "{count} nodes", nodes).format(count=nodes),
        ngettext("{count} link", "{count} links", links).format(count=links),
    ]
    words(parent, ", ".join(facts), colour=studio.colours.quiet)
    if run.obstacle is not None:
        words(parent, obstacle_text(document, run.obstacle))
    if not run.to_run:
        if not nodes:
            words(parent, _("There is nothing to run."))
        elif run.obstacle is None:
            words(parent, _("Nothing would run: every result is there."))
        return
    text = ngettext("{count} node would run.", "{count} nodes would run.", run.to_run)
    words(parent, text.format(count=run.to_run))
    if run.expected_s is not None:
        about = _("It would take about {duration}.").format(duration=duration_text(run.expected_s))
        words(parent, about, colour=studio.colours.quiet)
    for node_id in document.graph.order:
        state = studio.desk.states.get(node_id)
        if state is not None and state.status == "stale" and state.reason:
            words(
                parent,
                f"{node_name(document, node_id)}: {told(state.reason)}",
                colour=studio.colours.quiet,
                font=FONTS.small,
            )
