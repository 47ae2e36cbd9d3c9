"""One node in the inspector: what it is, how it is, what comes out of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.audio import Audio, Report
from nodegraph.editor.desk import edits
from nodegraph.editor.desk.outline_text import node_name
from nodegraph.editor.desk.states import Loudness, NodeState, PortRef
from nodegraph.editor.look.colours import family_colour, on_top_of
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.look.typesetting import text_width
from nodegraph.editor.panels.fields import TextBox, heading, icon_button, tip, words
from nodegraph.editor.panels.outline import state_mark
from nodegraph.editor.panels.report import add_report
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import _, told
from nodegraph.editor.words.names import family_name, family_of, kind_name, port_name
from nodegraph.editor.words.statuses import status_name
from nodegraph.editor.words.values import duration_text, level_text
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import NodeId
from nodegraph.param import ParamValue
from nodegraph.requirement import Requirement
from nodegraph.spec import NodeSpec, Port

__all__ = ["NodeSheet", "Remedies"]


# Offered in place of a node that cannot run here.
_MOST_ALTERNATIVES = 2


def _nothing(*_about: object) -> None:
    return


@dataclass(frozen=True)
class Remedies:
    """What can be done about a node that cannot run here.

    Parameters
    ----------
    get : callable
        Offers to get what the node needs and is not here.
    swap : callable
        Takes a node and the kind to put in its place.
    """

    get: Callable[[Requirement], None] = _nothing
    swap: Callable[[NodeId, str], None] = _nothing


# Of an output's name, at 100 %; one that is wider leaves no room for the level beside it.
_NAME_SIZE, _LEAVES_ROOM = 16.0, 84.0


class NodeSheet:
    """One node in the inspector, but for its parameters.

    Parameters
    ----------
    studio : Studio
        Its document and states.
    node_id : str
        The node.
    value : callable
        Returns what an output port gave, if it is known.
    remedies : Remedies
        Offered where the node cannot run here.
    narrow : bool
        Whether the pane is too narrow for an output's level to stand beside its name.

    Attributes
    ----------
    params_place : int or str
        Where the parameters' fields belong.
    """

    def __init__(
        self,
        studio: Studio,
        node_id: NodeId,
        value: Callable[[PortRef], object],
        remedies: Remedies,
        *,
        narrow: bool = False,
    ) -> None:
        self._narrow = narrow
        self._studio, self._node_id, self._value, self._remedies = studio, node_id, value, remedies
        self.params_place: Tag = "inspector.params"
        self._shown_reports: tuple[object, ...] = ()

    @property
    def _spec(self) -> NodeSpec | None:
        return self._studio.library.get(self._studio.desk.document.graph.nodes[self._node_id].kind)

    def build(self, parent: Tag) -> None:
        """Make the items."""
        studio, spec = self._studio, self._spec
        self._add_title(parent)
        if spec is not None:
            words(parent, _(spec.summary), colour=studio.colours.quiet, font=FONTS.small)
        dpg.add_group(parent=parent, tag="inspector.state")
        if spec is not None and spec.params:
            heading(studio, parent, _("Parameters"))
        dpg.add_group(parent=parent, tag="inspector.params")
        if spec is not None and spec.outputs:
            heading(studio, parent, _("Outputs"))
            for port in spec.outputs:
                self._add_output(parent, port)
        dpg.add_group(parent=parent, tag="inspector.reports")
        self._shown_reports = ()

    def _add_title(self, parent: Tag) -> None:
        studio, desk = self._studio, self._studio.desk
        kind = desk.document.graph.nodes[self._node_id].kind
        family = family_of(kind)
        table = dpg.add_table(
            parent=parent, header_row=False, policy=dpg.mvTable_SizingFixedFit, pad_outerX=False
        )
        dpg.add_table_column(parent=table, width_stretch=True)
        dpg.add_table_column(parent=table, width_fixed=True)
        bar = dpg.add_table_row(parent=table)
        chip = dpg.add_button(label=family_name(family), parent=bar)
        dpg.bind_item_theme(chip, _chip_theme(studio, family))
        self._add_buttons(dpg.add_group(parent=bar, horizontal=True))
        name = node_name(desk.document, self._node_id)
        self._label = TextBox(parent, name, self._rename, tag="inspector.label")
        dpg.bind_item_font("inspector.label", FONTS.bold)
        # The field cuts what is too long: it is told whole beside the pointer.
        hint = _("Leave it empty for the usual name.")
        tip(studio, "inspector.label", name, _("Name of the node"), hint)
        if name != kind_name(kind):
            words(parent, kind_name(kind), colour=studio.colours.quiet, font=FONTS.small)

    def _add_buttons(self, row: Tag) -> None:
        studio = self._studio
        bypassed = studio.desk.document.graph.nodes[self._node_id].bypassed
        icon_button(
            studio,
            row,
            "power-off" if bypassed else "power",
            _("Use the node again") if bypassed else _("Bypass the node"),
            self._bypass,
            colour=studio.colours.warning if bypassed else None,
            tag="inspector.bypass",
        )
        icon_button(studio, row, "circle-help", _("Help for this node"), self._help, tag="inspector.help")

    def _add_output(self, parent: Tag, port: Port) -> None:
        studio, desk = self._studio, self._studio.desk
        ref = PortRef(self._node_id, port.name)
        row = dpg.add_group(parent=parent, horizontal=True)
        name = words(row, port_name(port.name), beside=True)
        tip(studio, name, port_name(port.name), _(port.text))
        if port.type is not Audio:
            return
        for letter, tag, listen in (
            (_("A"), f"inspector.listen_a.{port.name}", lambda: desk.listen_to(ref, desk.compare)),
            (_("B"), f"inspector.listen_b.{port.name}", lambda: desk.listen_to(desk.monitor, ref)),
        ):
            dpg.add_button(label=letter, parent=row, tag=tag, callback=listen, small=True)
        tip(studio, f"inspector.listen_a.{port.name}", _("Listen to it (A)"))
        tip(studio, f"inspector.listen_b.{port.name}", _("Compare with it (B)"))
        below = self._narrow or text_width(port_name(port.name), _NAME_SIZE) > _LEAVES_ROOM
        words(
            parent if below else row,
            "",
            colour=studio.colours.quiet,
            font=FONTS.small,
            wrap=0 if below else -1,
            beside=not below,
            tag=f"inspector.level.{port.name}",
        )

    # --- what is known -----------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what is known of the node now."""
        state = self._studio.desk.states.get(self._node_id, NodeState())
        dpg.delete_item("inspector.state", children_only=True)
        self._add_state(state)
        spec = self._spec
        for port in spec.outputs if spec else ():
            if port.type is Audio:
                self._show_output(port, state.loudness.get(port.name))
        self._show_reports(spec)

    def _add_state(self, state: NodeState) -> None:
        studio, parent = self._studio, "inspector.state"
        icon, colour = state_mark(studio, state)
        row = dpg.add_group(parent=parent, horizontal=True)
        words(row, ICONS[icon], colour=colour, font=FONTS.icons)
        text = status_name(state.status)
        if state.status == "running" and state.fraction > 0:
            text = _("{what}: {percent} %").format(what=text, percent=round(100 * state.fraction))
        elif state.seconds is not None:
            text = _("{what} · took {duration}").format(what=text, duration=duration_text(state.seconds))
        words(row, text)
        if state.reason:
            strong = state.status in ("failed", "blocked", "unavailable")
            words(
                parent, told(state.reason), colour=None if strong else studio.colours.quiet, font=FONTS.small
            )
        command = self._install_command() if state.status == "unavailable" else ""
        if command:
            dpg.add_button(
                label=_("Get what is missing…"), parent=parent, tag="inspector.get", callback=self._offer
            )
            dpg.add_button(
                label=_("Copy the install command"),
                parent=parent,
                tag="inspector.install",
                callback=lambda: self._copy(command),
            )
            tip(studio, "inspector.install", command)
            self._add_alternatives(parent)
        for note in state.notes:
            words(parent, told(note), colour=studio.colours.quiet, font=FONTS.small)

    def _add_alternatives(self, parent: Tag) -> None:
        document, library = self._studio.desk.document, self._studio.library
        for kind in edits.alternatives(document, self._node_id, library)[:_MOST_ALTERNATIVES]:
            tag = f"inspector.instead.{kind}"
            dpg.add_button(
                label=_("Use {name} instead").format(name=kind_name(kind)),
                parent=parent,
                tag=tag,
                user_data=kind,
                callback=lambda _sender, _data, kind: self._remedies.swap(self._node_id, kind),
            )
            tip(self._studio, tag, _("Its links stay where it has outputs for them."))

    def _install_command(self) -> str:
        spec = self._spec
        return self._studio.library.remedy(spec, self._settings(spec)) if spec is not None else ""

    def _settings(self, spec: NodeSpec) -> Mapping[str, ParamValue]:
        return self._studio.desk.document.graph.nodes[self._node_id].settings(spec)

    def _offer(self) -> None:
        if self._spec is not None:
            self._remedies.get(self._spec.requirement(self._settings(self._spec)))

    def _show_output(self, port: Port, loudness: Loudness | None) -> None:
        desk, colours = self._studio.desk, self._studio.colours
        ref = PortRef(self._node_id, port.name)
        for letter, heard in (("a", desk.monitor == ref), ("b", desk.compare == ref)):
            colour = colours.wave_a if letter == "a" else colours.wave_b
            theme = _letter_theme(self._studio, letter, colour) if heard else 0
            dpg.bind_item_theme(f"inspector.listen_{letter}.{port.name}", theme)
        dpg.set_value(f"inspector.level.{port.name}", _loudness_text(loudness) if loudness else "")

    def _show_reports(self, spec: NodeSpec | None) -> None:
        ports = [port for port in spec.outputs if port.type is Report] if spec else []
        refs = [PortRef(self._node_id, port.name) for port in ports]
        found = [value for ref in refs if isinstance(value := self._value(ref), Report)]
        if tuple(map(id, found)) == self._shown_reports:
            return
        self._shown_reports = tuple(map(id, found))
        dpg.delete_item("inspector.reports", children_only=True)
        for report in found:
            add_report(self._studio, "inspector.reports", report)

    # --- what the user does ------------------------------------------------------------------

    def finish(self) -> None:
        """Take what is still being typed: the fields are about to go."""
        if self._node_id in self._studio.desk.document.graph.nodes:
            self._label.finish()

    def _rename(self, text: str) -> None:
        desk = self._studio.desk
        text = " ".join(text.split())
        bare = edits.rename(desk.document, self._node_id, "")
        # The usual name is no name: it must follow the language.
        label = "" if text == node_name(bare, self._node_id) else text
        desk.edit(edits.rename(desk.document, self._node_id, label), _("Rename a node"))

    def _bypass(self) -> None:
        desk = self._studio.desk
        desk.edit(edits.toggle_bypass(desk.document, [self._node_id]), _("Bypass"))

    def _help(self) -> None:
        self._studio.actions.do("node.help")

    def _copy(self, command: str) -> None:
        dpg.set_clipboard_text(command)
        self._studio.desk.tell(_("Copied: {text}").format(text=command))


def _loudness_text(loudness: Loudness) -> str:
    if not math.isfinite(loudness.peak_dbfs):
        return _("Silence")
    peak = level_text(loudness.peak_dbfs)
    if not math.isfinite(loudness.lufs):
        return _("Peak {level} dBFS").format(level=peak)
    return f"{peak} dBFS · {level_text(loudness.lufs)} LUFS"


def _chip_theme(studio: Studio, family: str) -> Tag:
    colour = family_colour(studio.colours, family)
    tag = f"theme.chip.{family}.{studio.settings.theme}"
    if not dpg.does_item_exist(tag):
        with dpg.theme(tag=tag), dpg.theme_component(dpg.mvButton):
            for target in (dpg.mvThemeCol_Button, dpg.mvThemeCol_ButtonHovered, dpg.mvThemeCol_ButtonActive):
                dpg.add_theme_color(target, colour)
            dpg.add_theme_color(dpg.mvThemeCol_Text, (255, 255, 255))
            dpg.add_theme_style(dpg.mvStyleVar_FrameBorderSize, 0)
    return tag


def _letter_theme(studio: Studio, letter: str, colour: tuple[int, int, int]) -> Tag:
    tag = f"theme.letter.{letter}.{studio.settings.theme}"
    if not dpg.does_item_exist(tag):
        with dpg.theme(tag=tag), dpg.theme_component(dpg.mvButton):
            dpg.add_theme_color(dpg.mvThemeCol_Button, colour)
            dpg.add_theme_color(dpg.mvThemeCol_ButtonHovered, colour)
            dpg.add_theme_color(dpg.mvThemeCol_Text, on_top_of(colour))
    return tag
