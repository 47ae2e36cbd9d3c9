"""Outline: the graph as a list beside the canvas, one row per node, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.desk import Selection, Topic
from nodegraph.editor.desk.finding import find
from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.desk.outline_text import OutlineRow, node_candidates, outline, outline_text
from nodegraph.editor.desk.states import NodeState
from nodegraph.editor.look.colours import Colour
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.look.typesetting import fitting
from nodegraph.editor.panels.fields import icon_button, text_field, tip, words
from nodegraph.editor.panels.rows import list_theme
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import _, ngettext
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import NodeId

__all__ = ["Outline", "state_mark"]

# Who looks for one of more nodes types a letter of its name.
_MOST_ROWS = 250
# Of names, and what stands beside them: the mark, gaps, the scroll bar; at 100 %.
_NAME_SIZE, _AROUND = 16.0, 44


def state_mark(studio: Studio, state: NodeState | None) -> tuple[str, Colour]:
    """Return the icon and the colour that stand for a node's state."""
    colours = studio.colours
    marks = {
        "clean": ("circle-check", colours.good),
        "stale": ("circle", colours.quiet),
        "running": ("loader", colours.accent),
        "failed": ("circle-x", colours.bad),
        "unavailable": ("download", colours.warning),
        "blocked": ("circle-alert", colours.warning),
        "bypassed": ("ban", colours.quiet),
    }
    return marks[state.status if state else "stale"]


class Outline:
    """The graph as a list.

    Parameters
    ----------
    studio : Studio
        Its document.
    go_to : callable
        Brings a node into view.
    edit : callable
        Lets the user edit the selected node.
    """

    def __init__(self, studio: Studio, go_to: Callable[[NodeId], None], edit: Callable[[], None]) -> None:
        self._studio, self._go_to, self._edit = studio, go_to, edit
        self._watch = studio.desk.watch()
        self._query = ""
        self._rows: list[OutlineRow] = []
        self._marks: dict[NodeId, tuple[str, Colour]] = {}
        self._built: tuple[object, ...] = ()
        self._width = float("inf")
        self._told: set[NodeId] = set()

    def build(self, parent: Tag) -> None:
        """Make its items."""
        bar = dpg.add_group(parent=parent, horizontal=True)
        text_field(
            bar,
            self._query,
            hint=_("Find a node…"),
            tag="outline.query",
            callback=self._typed,
            width=round(-36 * self._studio.scale),
        )
        icon_button(self._studio, bar, "copy", _("Copy the graph as text"), self._copy)
        dpg.add_child_window(parent=parent, tag="outline.list", border=False)
        self._built = ()
        if self._take not in self._studio.takers:
            self._studio.takers.insert(0, self._take)

    def fit(self, width: float) -> None:
        """Cut names that do not fit into so many pixels; they are told whole beside the pointer."""
        if width != self._width:
            self._width = width
            for row in self._rows:
                self._label(row)

    def _label(self, row: OutlineRow) -> None:
        size = _NAME_SIZE * self._studio.scale
        label = fitting(row.name, size, self._width - _AROUND * self._studio.scale)
        item = f"outline.row.{row.node_id}"
        dpg.configure_item(item, label=label)
        if label != row.name and row.node_id not in self._told:
            self._told.add(row.node_id)
            tip(self._studio, item, row.name)

    def focus(self) -> None:
        """Put the cursor into the field."""
        dpg.focus_item("outline.query")

    def update(self) -> None:
        """Bring what is shown up to date."""
        changed = self._watch.take()
        if Topic.DOCUMENT in changed or not self._built:
            self._fill()
        if Topic.STATES in changed:
            self._mark_states()
        if Topic.SELECTION in changed:
            self._mark_selected()

    # --- drawing -----------------------------------------------------------------------------

    def _fill(self) -> None:
        document = self._studio.desk.document
        rows = outline(document)
        if self._query.strip():
            found = {
                each.key: place for place, each in enumerate(find(self._query, node_candidates(document)))
            }
            rows = tuple(sorted((r for r in rows if r.node_id in found), key=lambda row: found[row.node_id]))
        built = (rows, self._query)
        if built == self._built:
            return
        self._built = built
        self._rows, self._marks, self._told = list(rows[:_MOST_ROWS]), {}, set()
        dpg.delete_item("outline.list", children_only=True)
        if not rows:
            self._say_empty()
            return
        table = dpg.add_table(
            parent="outline.list", header_row=False, policy=dpg.mvTable_SizingFixedFit, pad_outerX=False
        )
        dpg.add_table_column(parent=table, width_fixed=True)
        dpg.add_table_column(parent=table, width_stretch=True)
        dpg.bind_item_theme(table, list_theme(self._studio))
        for row in self._rows:
            self._add_row(table, row)
        if len(rows) > _MOST_ROWS:
            more = len(rows) - _MOST_ROWS
            text = ngettext(
                "{count} more node: type to find it.", "{count} more nodes: type to find them.", more
            )
            words("outline.list", text.format(count=more), colour=self._studio.colours.quiet)
        self._mark_states()
        self._mark_selected()

    def _say_empty(self) -> None:
        empty = _("The graph is empty. Add a node from the list, or press Tab on the canvas.")
        text = _("No node of this graph is called that.") if self._query.strip() else empty
        words("outline.list", text, colour=self._studio.colours.quiet)

    def _add_row(self, table: Tag, row: OutlineRow) -> None:
        line = dpg.add_table_row(parent=table)
        words(line, "", font=FONTS.icons, tag=f"outline.mark.{row.node_id}")
        cell = dpg.add_group(parent=line)
        dpg.add_selectable(
            parent=cell,
            tag=f"outline.row.{row.node_id}",
            user_data=row.node_id,
            callback=self._clicked,
        )
        self._label(row)
        for text in row.inputs:
            words(cell, text, colour=self._studio.colours.quiet, font=FONTS.small)
        if row.inputs:
            dpg.add_spacer(parent=cell, height=round(2 * self._studio.scale))

    def _mark_states(self) -> None:
        states = self._studio.desk.states
        for row in self._rows:
            state = states.get(row.node_id)
            mark = state_mark(self._studio, state)
            item = f"outline.mark.{row.node_id}"
            if mark != self._marks.get(row.node_id):
                self._marks[row.node_id] = mark
                dpg.configure_item(item, default_value=ICONS[mark[0]], color=mark[1])
                dpg.set_value(item, ICONS[mark[0]])

    def _mark_selected(self) -> None:
        selected = self._studio.desk.selection.nodes
        for row in self._rows:
            dpg.set_value(f"outline.row.{row.node_id}", row.node_id in selected)

    # --- what the user does ------------------------------------------------------------------

    def _typed(self, _sender: Tag, query: str) -> None:
        self._query = query
        if dpg.does_item_exist("outline.list"):
            self._fill()

    def _clicked(self, _sender: Tag, _data: object, node_id: NodeId) -> None:
        held = dpg.is_key_down(dpg.mvKey_LControl) or dpg.is_key_down(dpg.mvKey_LShift)
        nodes = self._studio.desk.selection.nodes
        chosen = nodes ^ {node_id} if held else frozenset({node_id})
        self._studio.desk.select(Selection(chosen))
        self._mark_selected()
        if dpg.is_mouse_button_double_clicked(dpg.mvMouseButton_Left):
            self._go_to(node_id)

    def _copy(self) -> None:
        desk = self._studio.desk
        dpg.set_clipboard_text(outline_text(desk.document, desk.states))
        desk.tell(_("The graph was copied as text."))

    def _step(self, count: int) -> None:
        if not self._rows:
            return
        selected = self._studio.desk.selection.nodes
        places = [place for place, row in enumerate(self._rows) if row.node_id in selected]
        place = max(0, min(places[0] + count, len(self._rows) - 1)) if places else 0
        node_id = self._rows[place].node_id
        self._studio.desk.select(Selection(frozenset({node_id})))
        self._go_to(node_id)

    def _take(self, chord: Chord) -> bool:
        """Move through the rows while the field has the focus."""
        if not dpg.does_item_exist("outline.query") or not dpg.is_item_focused("outline.query"):
            return False
        if chord.key in ("Up", "Down") and not chord.ctrl:
            self._step(1 if chord.key == "Down" else -1)
        elif chord.key == "Enter":
            if not self._studio.desk.selection.nodes:
                self._step(0)
            self._edit()
        elif chord.key == "Escape" and self._query:
            dpg.set_value("outline.query", "")
            self._typed("", "")
        else:
            return False
        return True
