"""What the inspector shows of the document: its title and comment, and what would run, why, and how long."""

from __future__ import annotations

from dataclasses import replace

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk import edits
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.outline_text import node_name
from nodegraph.editor.desk.states import PlanLine
from nodegraph.editor.look.typesetting import fitting, text_width
from nodegraph.editor.panels.fields import TextBox, heading, icon_button, tip, words
from nodegraph.editor.panels.rows import list_theme, name_room
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import _, ngettext, told
from nodegraph.editor.words.values import duration_text
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import NodeId

__all__ = ["DocumentSheet"]

# Nobody reads more of them; the canvas shows the state of every node.
_MOST_LINES = 60
# Of names and of durations, and the edges of the pane; at 100 %.
_NAME_SIZE, _ASIDE_SIZE, _EDGES = 16.0, 14.0, 20


class DocumentSheet:
    """The sheet of the document.

    Parameters
    ----------
    studio : Studio
        Its document, and what is known of it.
    width : float
        Of the pane, in pixels.
    """

    def __init__(self, studio: Studio, width: float) -> None:
        self._studio, self._width = studio, width
        self._boxes: tuple[TextBox, ...] = ()
        self._shown: object = None

    def build(self, parent: Tag) -> None:
        """Make its items."""
        document, colours = self._studio.desk.document, self._studio.colours
        words(parent, _("This graph"), font=FONTS.title)
        words(parent, _("Title"), colour=colours.quiet, font=FONTS.small)
        title = TextBox(parent, document.title, self._retitle, hint=_("Untitled"), tag="inspector.title")
        self._boxes = title, self._add_comment(parent)
        heading(self._studio, parent, _("What would run"))
        dpg.add_group(parent=parent, tag="inspector.plan")
        self._shown = None
        self.refresh()

    def fit(self, width: float) -> None:
        """Cut names that do not fit into a pane so wide; they are told whole beside the pointer."""
        self._width = width
        self.refresh()

    def refresh(self) -> None:
        """Show anew what would run, if that is another than before."""
        document, run = self._studio.desk.document, self._studio.desk.run_state
        names = {line.node_id: node_name(document, line.node_id) for line in run.lines[:_MOST_LINES]}
        shown = run.lines, names, len(document.graph.nodes), len(document.graph.links), self._width
        if shown == self._shown or not dpg.does_item_exist("inspector.plan"):
            return
        self._shown = shown
        dpg.delete_item("inspector.plan", children_only=True)
        self._add_summary()
        if run.lines:
            self._add_lines(run.lines, names)

    def finish(self) -> None:
        """Take what is still being typed: the fields are about to go."""
        for box in self._boxes:
            box.finish()

    # --- title and comment -------------------------------------------------------------------

    def _retitle(self, text: str) -> None:
        desk = self._studio.desk
        desk.edit(edits.retitle(desk.document, text), _("Change the title"))

    def _write(self, text: str) -> None:
        desk = self._studio.desk
        if text.rstrip() != desk.document.comment:
            desk.edit(replace(desk.document, comment=text.rstrip()), _("Write a comment"))

    def _add_comment(self, parent: Tag) -> TextBox:
        """Show the comment to be read; the field to write it opens beside it, as it breaks no lines."""
        studio = self._studio
        text = studio.desk.document.comment
        row = dpg.add_group(parent=parent, horizontal=True)
        words(row, _("Comment"), colour=studio.colours.quiet, font=FONTS.small)

        def open_field() -> None:
            dpg.configure_item("inspector.comment", show=not dpg.is_item_shown("inspector.comment"))

        if text:
            icon_button(studio, row, "pencil", _("Write the comment"), open_field, tag="inspector.write")
            # The comments of shipped graphs are translated.
            words(parent, _(text), font=FONTS.small)
        options = {"multiline": True, "height": round(96 * studio.scale), "show": not text}
        return TextBox(parent, text, self._write, tag="inspector.comment", **options)

    # --- what would run ----------------------------------------------------------------------

    def _add_summary(self) -> None:
        document, run = self._studio.desk.document, self._studio.desk.run_state
        quiet = self._studio.colours.quiet
        nodes, links = len(document.graph.nodes), len(document.graph.links)
        facts = [
            ngettext("{count} node", "{count} nodes", nodes).format(count=nodes),
            ngettext("{count} link", "{count} links", links).format(count=links),
        ]
        words("inspector.plan", ", ".join(facts), colour=quiet)
        if not run.lines:
            all_there = _("Nothing would run: every result is there.")
            words("inspector.plan", all_there if nodes else _("There is nothing to run."))
        if run.to_run:
            text = ngettext("{count} node would run.", "{count} nodes would run.", run.to_run)
            words("inspector.plan", text.format(count=run.to_run))
            if run.expected_s is not None:
                about = _("It would take about {duration}.").format(duration=duration_text(run.expected_s))
                words("inspector.plan", about, colour=quiet)

    def _add_lines(self, lines: tuple[PlanLine, ...], names: dict[NodeId, str]) -> None:
        """List the nodes in the order in which they run, those that cannot among them."""
        studio = self._studio
        dpg.add_spacer(parent="inspector.plan", height=round(2 * studio.scale))
        table = dpg.add_table(
            parent="inspector.plan", header_row=False, policy=dpg.mvTable_SizingFixedFit, pad_outerX=False
        )
        dpg.add_table_column(parent=table, width_stretch=True)
        dpg.add_table_column(parent=table, width_fixed=True)
        dpg.bind_item_theme(table, list_theme(studio))
        listed = lines[:_MOST_LINES]
        lasts = ["" if line.expected_s is None else duration_text(line.expected_s) for line in listed]
        aside = max(text_width(last, _ASIDE_SIZE * studio.scale) for last in lasts)
        width = self._width - _EDGES * studio.scale
        room = name_room(width, studio.scale, aside, swatches=False)
        for line, last in zip(listed, lasts, strict=True):
            row = dpg.add_table_row(parent=table)
            self._add_line(row, line, names[line.node_id], room)
            words(row, last, colour=studio.colours.quiet, font=FONTS.small, wrap=-1)
        more = len(lines) - len(listed)
        if more > 0:
            text = ngettext("{count} more node.", "{count} more nodes.", more).format(count=more)
            words("inspector.plan", text, colour=studio.colours.quiet, font=FONTS.small)

    def _add_line(self, row: Tag, line: PlanLine, name: str, room: float) -> None:
        studio = self._studio
        cell = dpg.add_group(parent=row)

        def select() -> None:
            studio.desk.select(Selection(frozenset({line.node_id})))

        label = fitting(name, _NAME_SIZE * studio.scale, room)
        item = dpg.add_selectable(
            label=label, parent=cell, tag=f"inspector.plan.{line.node_id}", callback=select
        )
        if label != name:
            tip(studio, item, name)
        why = told(line.why)
        if line.blocked:
            why = _("It cannot run: {reason}").format(reason=why)
        colour = studio.colours.warning if line.blocked else studio.colours.quiet
        words(cell, why, colour=colour, font=FONTS.small)
        dpg.add_spacer(parent=cell, height=round(2 * studio.scale))
