"""Additions: a sheet with a card for each extra and each model's weights, to get it and to remove it."""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.folders import size_text
from nodegraph.editor.look.colours import Colour
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.panels.fields import heading, tip, words
from nodegraph.editor.panels.popup import Sheet
from nodegraph.editor.panels.styling import FONTS, card_theme
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.words import N_, _, told
from nodegraph.editor.work.additions import Addition, Additions
from nodegraph.editor.work.asking import Choice, Picking, Question
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.requirement import Requirement

__all__ = ["AdditionsSheet"]

_WIDTH, _HEIGHT, _PADDING, _BUTTON = 760, 700, 12, 132

_STATES = {
    "here": (N_("Installed"), "circle-check"),
    "partly": (N_("Not complete"), "circle-alert"),
    "missing": (N_("Not installed"), "download"),
    "unfit": (N_("Not for this computer"), "circle-alert"),
}


class AdditionsSheet:
    """What can be added to Regroove on this computer.

    Parameters
    ----------
    studio : Studio
        What the parts share.
    additions : Additions
        What there is, and the job.
    """

    def __init__(self, studio: Studio, additions: Additions) -> None:
        self._studio, self._additions = studio, additions
        self._shown = -1
        self._shape: tuple[object, ...] = ()
        self.sheet = Sheet(studio, "additions", self._fill, (_WIDTH, _HEIGHT))

    def open(self) -> None:
        """Show them."""
        self._additions.look_again()
        self.sheet.open(lambda: _("Extras and models"))

    def ask(self, needed: Requirement) -> None:
        """Offer to get what is missing of it."""
        self.open()
        lacking = self._additions.lacking(needed)
        if lacking:
            self._get(lacking[0])

    # --- Part ------------------------------------------------------------------------------------

    def build(self, parent: Tag) -> None:
        """See Part."""
        self.sheet.refresh()

    def place(self, pane: Pane) -> None:
        """See Part."""

    def update(self) -> None:
        """See Part."""
        # Filled anew, the sheet would come to lie above a dialog that it asked for.
        if not self.sheet.is_open or self._shown == self._additions.version or self._studio.dialogs.showing:
            return
        if self._shape != self._shape_now():
            self.sheet.refresh()
        else:
            self._show_progress()

    def _shape_now(self) -> tuple[object, ...]:
        """Return what the cards look like but for the progress of the job."""
        job = self._additions.job
        doing = (job.kind, job.name, job.removing) if job else None
        return (doing, self._additions.problem, *((each.name, each.state) for each in self._additions.all))

    # --- cards ---------------------------------------------------------------------------------

    def _fill(self, body: Tag) -> None:
        self._shape = self._shape_now()
        text = _(
            "Everything classical works without these. They add models that have learned from recordings. "
            "Nothing is loaded until you ask for it here."
        )
        wrap = round((_WIDTH - 60) * self._studio.scale)
        words(body, text, colour=self._studio.colours.quiet, wrap=wrap)
        if self._additions.problem:
            problem = told(self._additions.problem)
            words(body, problem, colour=self._studio.colours.warning, wrap=wrap, tag="additions.problem")
        if not self._additions.all:
            words(body, _("Looking at what is here…"), colour=self._studio.colours.quiet)
        for kind, title in (("extra", _("Extras")), ("weights", _("Weights of models"))):
            those = [each for each in self._additions.all if each.kind == kind]
            if not those:
                continue
            heading(self._studio, body, title)
            for addition in those:
                self._add_card(body, addition)
        dpg.add_spacer(parent=body, height=round(6 * self._studio.scale))
        button = dpg.add_button(
            label=_("Take weights from a folder…"), parent=body, tag="additions.import", callback=self._import
        )
        tip(self._studio, button, _("For computers without a network: files are known by their content."))
        self._show_progress()

    def _add_card(self, body: Tag, addition: Addition) -> None:
        colours, scale = self._studio.colours, self._studio.scale
        card = dpg.add_child_window(parent=body, auto_resize_y=True, border=True, no_scrollbar=True)
        dpg.bind_item_theme(card, card_theme(scale, _PADDING, 6))
        table = dpg.add_table(
            parent=card, header_row=False, policy=dpg.mvTable_SizingStretchProp, pad_outerX=False
        )
        dpg.add_table_column(parent=table, init_width_or_weight=1.0)
        dpg.add_table_column(parent=table, width_fixed=True, init_width_or_weight=round(_BUTTON * scale))
        row = dpg.add_table_row(parent=table)
        left, right = dpg.add_group(parent=row), dpg.add_group(parent=row)
        head = dpg.add_group(parent=left, horizontal=True)
        label, icon = _STATES[addition.state.what]
        words(head, ICONS[icon], colour=self._colour(addition), font=FONTS.icons)
        words(head, addition.name, font=FONTS.bold)
        words(head, _(label), colour=self._colour(addition), font=FONTS.small, beside=False)
        width = round((_WIDTH - _BUTTON - 90) * scale)
        words(left, told(addition.text), wrap=width)
        words(left, _facts(addition), colour=colours.quiet, font=FONTS.small, wrap=width)
        if addition.state.reason and addition.state.what != "missing":
            words(left, told(addition.state.reason), colour=colours.warning, font=FONTS.small, wrap=width)
        job = self._additions.job
        if job is not None and (job.kind, job.name) == (addition.kind, addition.name):
            dpg.add_progress_bar(parent=left, tag="additions.progress", width=width)
            words(left, "", colour=colours.quiet, font=FONTS.small, wrap=width, tag="additions.note")
            self._button(right, addition, _("Cancel"), self._additions.cancel, "cancel")
            return
        if addition.state.what in ("missing", "partly"):
            self._button(right, addition, _("Get"), lambda: self._get(addition), "get")
        if addition.state.what in ("here", "partly"):
            self._button(right, addition, _("Remove"), lambda: self._remove(addition), "remove")

    def _button(
        self, parent: Tag, addition: Addition, label: str, callback: Callable[[], None], name: str
    ) -> None:
        dpg.add_button(
            label=label,
            parent=parent,
            tag=f"additions.{name}.{addition.kind}.{addition.name}",
            width=-1,
            enabled=name == "cancel" or self._additions.job is None,
            callback=callback,
        )

    def _colour(self, addition: Addition) -> Colour:
        colours = self._studio.colours
        by_state = {"here": colours.good, "partly": colours.warning, "unfit": colours.warning}
        return by_state.get(addition.state.what, colours.quiet)

    def _show_progress(self) -> None:
        self._shown = self._additions.version
        job = self._additions.job
        if job is not None and dpg.does_item_exist("additions.progress"):
            dpg.set_value("additions.progress", job.fraction)
            dpg.configure_item("additions.progress", overlay=f"{round(100 * job.fraction)} %")
            dpg.set_value("additions.note", told(job.note))

    # --- what they do ----------------------------------------------------------------------------

    def _get(self, addition: Addition) -> None:
        question = Question(
            _("Get {name}?").format(name=addition.name),
            _sizes(addition),
            (Choice("cancel", _("Cancel")), Choice("get", _("Get"))),
            default="get",
            cancel="cancel",
            icon="download",
            details=_facts(addition),
        )
        self._studio.dialogs.ask(
            question, lambda choice: self._additions.get(addition) if choice == "get" else None
        )

    def _remove(self, addition: Addition) -> None:
        question = Question(
            _("Remove {name}?").format(name=addition.name),
            _("Graphs that need it will say so, and can get it again."),
            (Choice("cancel", _("Cancel")), Choice("remove", _("Remove"))),
            default="cancel",
            cancel="cancel",
            icon="triangle-alert",
        )
        self._studio.dialogs.ask(
            question, lambda choice: self._additions.remove(addition) if choice == "remove" else None
        )

    def _import(self) -> None:
        picking = Picking("folder", _("Where do the weights lie?"), _("Take from here"))
        self._studio.dialogs.pick(
            picking, lambda path: self._additions.import_from(path) if path is not None else None
        )


def _sizes(addition: Addition) -> str:
    if not addition.download_bytes:
        return _("How much is loaded is not known.")
    text = _("{download} are loaded; on the disk it takes up {disk}.")
    return text.format(download=size_text(addition.download_bytes), disk=size_text(addition.disk_bytes))


def _facts(addition: Addition) -> str:
    parts = [size_text(addition.disk_bytes)] if addition.disk_bytes else []
    parts.append(_("Licence: {licence}").format(licence=addition.licence))
    if not addition.commercial:
        parts.append(_("not for commercial use"))
    return "  ·  ".join(parts)
