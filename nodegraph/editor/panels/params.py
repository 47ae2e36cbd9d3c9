"""Parameters in the inspector: the right widget for each, for one node or for what several have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk import edits
from nodegraph.editor.desk.arithmetic import ArithmeticProblem
from nodegraph.editor.desk.entering import entered, range_text, text_to_edit
from nodegraph.editor.desk.outline_text import node_name
from nodegraph.editor.desk.sliding import has_slider, share_of, value_at
from nodegraph.editor.panels.fields import TextBox, handlers, icon_button, tip, words
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import _, told
from nodegraph.editor.words.names import choice_name, param_name, port_name
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.errors import ParameterError
from nodegraph.graph import NodeId
from nodegraph.param import Param, ParamValue

__all__ = ["ParamFields", "PickFile"]

PickFile = Callable[[NodeId, Param], None]
"""Lets the user pick a file for a parameter of a node."""

_LABEL = 0.36
_FIELD, _RESET, _GAP = 78.0, 20.0, 4.0
# While Shift is held a slider moves that much slower than the pointer.
_FINE = 0.1


@dataclass(frozen=True)
class _Row:
    """A row: a parameter, or one track of a parameter that has a value per track."""

    param: Param
    track: str = ""

    @property
    def name(self) -> str:
        return f"{self.param.name}.{self.track}" if self.track else self.param.name

    def tag(self, what: str) -> str:
        return f"param.{self.name}.{what}"


class ParamFields:
    """The fields of one node's parameters, or of those that several have in common.

    Parameters
    ----------
    studio : Studio
        Its document and colours.
    nodes : sequence of str
        Their ids; the values shown are the first one's.
    params : sequence of Param
        Which to show.
    pick_file : PickFile
        See there.
    stacked : bool
        Whether each name stands above its field: the pane is narrow.
    """

    def __init__(
        self,
        studio: Studio,
        nodes: Sequence[NodeId],
        params: Sequence[Param],
        pick_file: PickFile,
        *,
        stacked: bool = False,
    ) -> None:
        self._stacked = stacked
        self._studio, self._nodes, self._pick_file = studio, tuple(nodes), pick_file
        self._rows = [row for param in params for row in self._rows_of(param)]
        self._boxes: dict[str, TextBox] = {}
        self._dragged: _Row | None = None
        self._drags = 0
        self._fine: tuple[float, float] | None = None

    def _rows_of(self, param: Param) -> list[_Row]:
        if param.type != "per_track":
            return [_Row(param)]
        graph = self._studio.desk.document.graph
        tracks = [link.target_port for link in graph.incoming(self._nodes[0])]
        own = [track for track in tracks if track.partition(".")[0] == param.track_port]
        return [_Row(param, track) for track in sorted(own, key=lambda track: int(track.rpartition(".")[2]))]

    # --- making ------------------------------------------------------------------------------

    def build(self, parent: Tag) -> None:
        """Make the rows."""
        table = dpg.add_table(
            parent=parent, header_row=False, policy=dpg.mvTable_SizingStretchProp, pad_outerX=False
        )
        for weight in (1.0,) if self._stacked else (_LABEL, 1 - _LABEL):
            dpg.add_table_column(parent=table, init_width_or_weight=weight)
        for row in self._rows:
            line = dpg.add_table_row(parent=table)
            cell = dpg.add_group(parent=line)
            self._add_label(cell, row)
            if not self._stacked:
                cell = dpg.add_group(parent=line)
            self._add_field(cell, row)
            refusal = words(
                cell, "", colour=self._studio.colours.bad, font=FONTS.small, tag=row.tag("refusal")
            )
            dpg.configure_item(refusal, show=False)
        self.refresh()

    def _add_label(self, cell: Tag, row: _Row) -> None:
        studio, param = self._studio, row.param
        title = self._track_title(row) if row.track else param_name(param.name)
        label = words(
            cell, title, colour=studio.colours.quiet, tag=row.tag("label"), beside=not self._stacked
        )
        facts = [_(param.text), range_text(param), _("Double-click: back to the default.")]
        tip(studio, label, title, *facts)
        with handlers(label):
            dpg.add_item_double_clicked_handler(dpg.mvMouseButton_Left, callback=lambda: self._reset(row))

    def _track_title(self, row: _Row) -> str:
        document = self._studio.desk.document
        for link in document.graph.incoming(self._nodes[0]):
            if link.target_port == row.track:
                return f"{port_name(row.track)} ← {node_name(document, link.source)}"
        return port_name(row.track)

    def _add_field(self, cell: Tag, row: _Row) -> None:
        param = row.param
        if param.nullable:
            dpg.add_checkbox(
                label=_("Automatic"),
                parent=cell,
                tag=row.tag("auto"),
                callback=lambda _sender, on: self._set_auto(row, on),
            )
        line = dpg.add_group(parent=cell, horizontal=True, tag=row.tag("line"))
        dpg.bind_item_theme(line, self._tight_theme())
        match param.type:
            case "bool":
                dpg.add_checkbox(
                    parent=line, tag=row.tag("toggle"), callback=lambda _sender, on: self._set(row, on)
                )
            case "choice":
                names = [choice_name(choice) for choice in param.choices]
                dpg.add_combo(
                    names,
                    parent=line,
                    tag=row.tag("choice"),
                    width=self._rest(_RESET),
                    callback=lambda _sender, name: self._set(row, param.choices[names.index(name)]),
                )
            case "text":
                self._add_text(line, row, self._rest(_RESET), multiline=True)
            case "input_file" | "output_file":
                self._add_text(line, row, self._rest(_RESET + 28 + _GAP))
                icon_button(self._studio, line, "folder-open", _("Browse…"), lambda: self._browse(row))
            case _:
                self._add_number(line, row)
        self._add_reset(line, row)

    def _add_number(self, line: Tag, row: _Row) -> None:
        if has_slider(row.param):
            dpg.add_slider_float(
                parent=line,
                tag=row.tag("slider"),
                format="",
                max_value=1.0,
                clamped=True,
                no_input=True,
                width=self._rest(_FIELD + _RESET + _GAP),
                callback=lambda _sender, share: self._slide(row, share),
            )
            tip(self._studio, row.tag("slider"), _("Drag to change; hold Shift to change it finely."))
        self._add_text(
            line, row, round(_FIELD * self._studio.scale) if has_slider(row.param) else self._rest(_RESET)
        )

    def _add_text(self, line: Tag, row: _Row, width: int, *, multiline: bool = False) -> None:
        options: dict[str, object] = {
            "width": width,
            "tag": row.tag("text"),
            "auto_select_all": not multiline,
        }
        if multiline:
            options |= {"multiline": True, "height": round(84 * self._studio.scale)}
        self._boxes[row.name] = TextBox(line, "", lambda text: self._take_text(row, text), **options)

    def _add_reset(self, line: Tag, row: _Row) -> None:
        side = round(_RESET * self._studio.scale)
        icon_button(
            self._studio,
            line,
            "rotate-ccw",
            _("Back to the default"),
            lambda: self._reset(row),
            tag=row.tag("reset"),
            width=side,
            height=round(28 * self._studio.scale),
        )

    def _rest(self, used: float) -> int:
        """Return the width that leaves so much (at 100 %) at the right."""
        return -round((used + _GAP) * self._studio.scale)

    # --- what is shown -----------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the values of the document, but for those that are being typed."""
        for row in self._rows:
            self._show(row)

    def update(self) -> None:
        """End the step of the history when a slider is let go. Called once per frame."""
        if self._dragged is not None and not dpg.is_item_active(self._dragged.tag("slider")):
            row, self._dragged, self._fine = self._dragged, None, None
            self._studio.desk.history.close_step()
            self._show(row)

    def finish(self) -> None:
        """Take what is still being typed: the fields are about to go."""
        if all(node_id in self._studio.desk.document.graph.nodes for node_id in self._nodes):
            for box in self._boxes.values():
                box.finish()

    def _show(self, row: _Row) -> None:
        param, value = row.param, self._value(row)
        changed = not self._is_default(row)
        dpg.configure_item(row.tag("reset"), show=changed)
        colours = self._studio.colours
        dpg.configure_item(row.tag("label"), color=colours.text if changed else colours.quiet)
        if param.nullable:
            dpg.set_value(row.tag("auto"), value is None)
            dpg.configure_item(row.tag("line"), show=value is not None)
        if param.type == "bool":
            dpg.set_value(row.tag("toggle"), bool(value))
        elif param.type == "choice":
            known = value in param.choices
            dpg.set_value(row.tag("choice"), choice_name(str(value)) if known else str(value))
        else:
            self._show_text(row, value)
        slider = row.tag("slider")
        if dpg.does_item_exist(slider) and isinstance(value, (int, float)) and not dpg.is_item_active(slider):
            dpg.set_value(slider, share_of(param, float(value)))

    def _show_text(self, row: _Row, value: object) -> None:
        if not self._all_alike(row):
            self._boxes[row.name].show("", hint=_("different"))
            return
        text = text_to_edit(row.param, value)
        numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
        self._boxes[row.name].show(f"{text} {row.param.unit}" if numeric and row.param.unit else text)

    def _value(self, row: _Row, node_id: NodeId | None = None) -> ParamValue:
        node = self._studio.desk.document.graph.nodes[node_id or self._nodes[0]]
        value: ParamValue = node.params.get(row.param.name, row.param.default)
        if row.track:
            return value.get(row.track, row.param.track_default) if isinstance(value, Mapping) else 0.0
        return value

    def _all_alike(self, row: _Row) -> bool:
        return all(self._value(row, other) == self._value(row) for other in self._nodes[1:])

    def _is_default(self, row: _Row) -> bool:
        default = row.param.track_default if row.track else row.param.default
        return all(self._value(row, node_id) == default for node_id in self._nodes)

    def _tight_theme(self) -> Tag:
        tag = f"theme.tight.{self._studio.scale}"
        if not dpg.does_item_exist(tag):
            with dpg.theme(tag=tag), dpg.theme_component(dpg.mvAll):
                gap = _GAP * self._studio.scale
                dpg.add_theme_style(dpg.mvStyleVar_ItemSpacing, gap, gap)
                dpg.add_theme_style(
                    dpg.mvStyleVar_FramePadding, 6 * self._studio.scale, 5 * self._studio.scale
                )
        return tag

    # --- what the user does ------------------------------------------------------------------

    def _slide(self, row: _Row, share: float) -> None:
        if self._dragged != row:
            self._dragged, self._fine = row, None
            self._drags += 1
        if dpg.is_key_down(dpg.mvKey_LShift) or dpg.is_key_down(dpg.mvKey_RShift):
            if self._fine is None:
                value = self._value(row)
                begin = share_of(row.param, float(value)) if isinstance(value, (int, float)) else share
                self._fine = share, begin
            share = self._fine[1] + (share - self._fine[0]) * _FINE
        else:
            self._fine = None
        self._set(row, value_at(row.param, share), merge=(id(self), row.name, self._drags))

    def _take_text(self, row: _Row, text: str) -> None:
        if not text.strip() and not self._all_alike(row):
            return
        try:
            self._set(row, entered(row.param, text))
        except (ArithmeticProblem, ParameterError) as error:
            self._refuse(row, told(str(error)))
            return
        self._show(row)

    def _refuse(self, row: _Row, reason: str) -> None:
        dpg.set_value(row.tag("refusal"), reason)
        dpg.configure_item(row.tag("refusal"), show=bool(reason))

    def _set_auto(self, row: _Row, on: bool) -> None:
        param = row.param
        if on:
            self._set(row, None)
        elif param.range is not None:
            self._set(row, param.default if param.default is not None else value_at(param, 0.5))

    def _set(self, row: _Row, value: ParamValue, merge: object = None) -> None:
        desk, library = self._studio.desk, self._studio.library
        document = desk.document
        for node_id in self._nodes:
            whole: ParamValue = value
            if row.track:
                held = document.graph.nodes[node_id].params.get(row.param.name) or {}
                assert isinstance(value, (int, float))
                whole = {**held, row.track: float(value)}
            document = edits.set_param(document, node_id, row.param.name, whole, library)
        desk.edit(document, _("Change {name}").format(name=param_name(row.param.name)), merge)
        self._refuse(row, "")
        self._show(row)

    def _reset(self, row: _Row) -> None:
        if row.track:
            self._set(row, row.param.track_default)
            return
        desk = self._studio.desk
        document = desk.document
        for node_id in self._nodes:
            document = edits.reset_param(document, node_id, row.param.name)
        desk.edit(document, _("Reset {name}").format(name=param_name(row.param.name)))
        self._refuse(row, "")
        self._show(row)

    def _browse(self, row: _Row) -> None:
        self._pick_file(self._nodes[0], row.param)
