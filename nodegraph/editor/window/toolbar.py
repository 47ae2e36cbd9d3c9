"""The toolbar: run, cancel, undo, redo, progress with the time that is left."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from nodegraph.document import Document
from nodegraph.editor.desk.desk import Desk, Topic
from nodegraph.editor.desk.keymap import chord_text
from nodegraph.editor.desk.outline_text import obstacle_text
from nodegraph.editor.desk.states import RunState
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.panels.styling import FONTS, accent_theme, flat_theme, on_theme, shortened, text_width
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.words import _, ngettext
from nodegraph.editor.words.values import duration_text
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Toolbar", "run_text", "title_of"]

_BAR, _TIP = 180, 420


def run_text(state: RunState, document: Document) -> str:
    """Return in words what is going on, what would run, or what keeps everything from running."""
    if state.what == "idle":
        if not state.to_run and state.obstacle is not None:
            return obstacle_text(document, state.obstacle)
        if not state.to_run:
            return _("Everything is up to date.")
        waiting = ngettext("{count} node to run", "{count} nodes to run", state.to_run)
        text = waiting.format(count=state.to_run)
        if state.expected_s is None:
            return text
        return _("{nodes}, about {duration}").format(nodes=text, duration=duration_text(state.expected_s))
    doing = _("Preview of the passage") if state.what == "region" else _("Running")
    if state.eta_s is None:
        return doing
    return _("{doing}: {duration} left").format(doing=doing, duration=duration_text(state.eta_s))


def title_of(desk: Desk) -> str:
    """Return what the document is called, with a dot while it is not saved."""
    name = desk.document.title or (desk.path.stem if desk.path else _("Untitled"))
    return name + (" •" if desk.history.dirty else "")


class Toolbar:
    """The toolbar: a Part.

    Parameters
    ----------
    studio : Studio
        Its actions and what is going on.
    """

    _BUTTONS = (
        ("file.open", "folder-open"),
        ("file.save", "save"),
        ("", ""),
        ("edit.undo", "undo-2"),
        ("edit.redo", "redo-2"),
        ("", ""),
        ("view.commands", "search"),
        ("run.live", "ear"),
        ("", ""),
        ("run.all", "play"),
        ("run.cancel", "square"),
    )

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._watch = studio.desk.watch()
        self._said = ""

    def build(self, parent: Tag) -> None:
        """See Part."""
        scale, actions = self._studio.scale, self._studio.actions
        colours = self._studio.colours
        self._themes = accent_theme(colours), on_theme(colours), flat_theme(colours)
        row = dpg.add_group(horizontal=True, parent=parent, tag="toolbar.row", horizontal_spacing=6 * scale)
        for name, icon in self._BUTTONS:
            if not name:
                dpg.add_spacer(width=int(6 * scale), parent=row)
                continue
            if name not in actions:
                continue
            button = dpg.add_button(
                label=ICONS[icon],
                width=int(38 * scale),
                height=int(30 * scale),
                parent=row,
                tag=f"toolbar.{name}",
                user_data=name,
                callback=self._do,
            )
            dpg.bind_item_font(button, FONTS.icons)
            self._theme(name)
            chords = self._studio.keymap.chords(name)
            with dpg.tooltip(button):
                dpg.add_text(actions[name].text + (f"   {chord_text(chords[0])}" if chords else ""))
        dpg.add_spacer(width=int(6 * scale), parent=row)
        dpg.add_progress_bar(
            parent=row, tag="toolbar.progress", width=int(_BAR * scale), height=int(30 * scale), show=False
        )
        with dpg.group(parent=row):
            dpg.add_spacer(height=int(1 * scale))
            dpg.add_text("", tag="toolbar.state")
            with dpg.tooltip("toolbar.state"):
                dpg.add_text("", tag="toolbar.said", wrap=int(_TIP * scale))
        dpg.add_text("", tag="toolbar.title", parent=parent)
        dpg.bind_item_font("toolbar.title", FONTS.bold)
        self._watch.renew()

    def place(self, pane: Pane) -> None:
        """See Part."""
        self._width = pane.width
        dpg.set_item_pos("toolbar.row", [int(8 * self._studio.scale), int(7 * self._studio.scale)])
        self._place_title()

    def update(self) -> None:
        """See Part."""
        changed = self._watch.take()
        if Topic.SETTINGS in changed:
            for name in self._buttons:
                self._theme(name)
        if changed & (Topic.RUN | Topic.DOCUMENT):
            state = self._studio.desk.run_state
            self._said = run_text(state, self._studio.desk.document)
            dpg.configure_item(
                "toolbar.progress", show=state.what != "idle", overlay=f"{state.fraction * 100:.0f} %"
            )
            dpg.set_value("toolbar.progress", state.fraction)
        if changed & (Topic.FILE | Topic.DOCUMENT | Topic.RUN):
            for name in self._buttons:
                dpg.configure_item(f"toolbar.{name}", enabled=self._studio.actions[name].enabled())
            dpg.set_value("toolbar.title", title_of(self._studio.desk))
            self._place_title()

    @property
    def _buttons(self) -> list[str]:
        return [name for name, _icon in self._BUTTONS if name in self._studio.actions]

    def _theme(self, name: str) -> None:
        """Have a button look like what it does: it runs, it is on, or neither."""
        checked = self._studio.actions[name].checked
        if name == "run.all":
            theme = self._themes[0]
        else:
            theme = self._themes[1] if checked is not None and checked() else self._themes[2]
        dpg.bind_item_theme(f"toolbar.{name}", theme)

    def _show_said(self) -> None:
        """Show what is going on as far as there is room before the title; the pointer shows all of it."""
        begin = dpg.get_item_rect_min("toolbar.state")[0]
        room = dpg.get_item_pos("toolbar.title")[0] - begin - 24 * self._studio.scale
        # Nobody knows where it begins before the first frame.
        dpg.set_value("toolbar.state", shortened(self._said, room, FONTS.regular) if begin else self._said)
        dpg.set_value("toolbar.said", self._said)

    def _place_title(self) -> None:
        width = text_width(dpg.get_value("toolbar.title"), FONTS.bold)
        x = max(self._width - width - 16 * self._studio.scale, 0)
        dpg.set_item_pos("toolbar.title", [int(x), int(12 * self._studio.scale)])
        self._show_said()

    def _do(self, _sender: Tag, _data: object, name: str) -> None:
        self._studio.actions.do(name)
