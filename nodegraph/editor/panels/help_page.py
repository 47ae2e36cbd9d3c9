"""Help page: what the docstring of a node says, as a page: text, ports, parameters, references."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.entering import range_text
from nodegraph.editor.panels.fields import heading, words
from nodegraph.editor.panels.popup import Sheet
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import _, told
from nodegraph.editor.words.names import (
    choice_name,
    english_name,
    family_name,
    family_of,
    kind_name,
    param_name,
    port_name,
)
from nodegraph.editor.words.prose import paragraphs
from nodegraph.editor.words.values import value_text
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.param import Param
from nodegraph.spec import NodeSpec, Port

__all__ = ["HelpPage"]


class HelpPage:
    """A node's own help page.

    Parameters
    ----------
    studio : Studio
        Its library and colours.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._kind = ""
        self.sheet = Sheet(studio, "help", self._fill, (640, 680))

    def open(self, kind: str) -> None:
        """Show the page of a kind."""
        if kind in self._studio.library.specs:
            self._kind = kind
            self.sheet.open(lambda: kind_name(kind))

    def _fill(self, body: Tag) -> None:
        studio = self._studio
        spec = studio.library.specs[self._kind]
        quiet = studio.colours.quiet
        words(body, f"{family_name(family_of(spec.kind))} · {spec.kind}", colour=quiet, font=FONTS.small)
        missing = studio.library.unavailable(spec)
        if missing:
            words(body, told(missing), colour=studio.colours.warning)
        words(body, _(spec.summary), font=FONTS.bold)
        for paragraph in paragraphs(spec.text):
            words(body, _(paragraph))
        if spec.params:
            heading(studio, body, _("Parameters"))
            for param in spec.params:
                self._add_param(body, param)
        self._add_ports(body, _("Inputs"), spec.inputs)
        self._add_ports(body, _("Outputs"), spec.outputs)
        self._add_references(body, spec)

    def _add_param(self, body: Tag, param: Param) -> None:
        facts = [text for text in (range_text(param), self._choices(param)) if text]
        default = _("usually {value}").format(value=value_text(param, param.default))
        if param.default not in ("", None) and param.type != "per_track":
            facts.append(default)
        row = dpg.add_group(parent=body, horizontal=True)
        words(row, param_name(param.name))
        words(row, " · ".join(facts), colour=self._studio.colours.quiet, font=FONTS.small)
        self._indented(body, _(param.text))

    @staticmethod
    def _choices(param: Param) -> str:
        return ", ".join(map(choice_name, param.choices)) if len(param.choices) <= 4 else ""

    def _add_ports(self, body: Tag, title: str, ports: tuple[Port, ...]) -> None:
        if not ports:
            return
        heading(self._studio, body, title)
        for port in ports:
            facts = [_(english_name(port.type.__name__))]
            facts += [_("any number of links")] if port.many else [_("optional")] if port.optional else []
            row = dpg.add_group(parent=body, horizontal=True)
            words(row, port_name(port.name))
            words(row, " · ".join(facts), colour=self._studio.colours.quiet, font=FONTS.small)
            self._indented(body, _(port.text))

    def _indented(self, body: Tag, text: str) -> None:
        if text:
            group = dpg.add_group(parent=body, indent=round(16 * self._studio.scale))
            words(group, text, colour=self._studio.colours.quiet)

    def _add_references(self, body: Tag, spec: NodeSpec) -> None:
        if spec.references:
            heading(self._studio, body, _("References"))
            for paragraph in paragraphs(spec.references):
                words(body, paragraph, colour=self._studio.colours.quiet)
