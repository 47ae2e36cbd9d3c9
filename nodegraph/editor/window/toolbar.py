"""The toolbar: run, cancel, undo, redo, progress with the time that is left."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from nodegraph.document import Document
from nodegraph.editor.desk.desk import Desk, Topic
from nodegraph.editor.desk.keymap import chord_text
from nodegraph.editor.desk.outline_text import obstacle_text
from nodegraph.editor.desk.states import RunState
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.look.typesetting import fitting, text_width
from nodegraph.editor.panels.styling import FONTS, accent_theme, flat_theme, on_theme
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.words import _, ngettext
from nodegraph.editor.words.values import duration_text
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Toolbar", "run_text", "title_of"]

_BAR, _TIP = 180, 420
# Of buttons, the spaces between groups of them, and the gap after each; of the bar's edge.
_BUTTON, _SPACE, _GAP, _EDGE = 38, 6, 6, 8
_TEXT_SIZE = 16.0
# What goes on leaves the title that much, if it needs it.
_TITLE_ROOM = 180
# Of the texts: DearPyGui sets them some pixels below their place, where a button's text would be.
_TEXT_TOP = 9


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
        self._said = self._title = ""

    def build(self, parent: Tag) -> None:
        """See Part."""
        scale, actions = self._studio.scale, self._studio.actions
        colours = self._studio.colours
        self._themes = accent_theme(colours), on_theme(colours), flat_theme(colours)
        row = dpg.add_group(
            horizontal=True, parent=parent, tag="toolbar.row", horizontal_spacing=_GAP * scale
        )
        for name, icon in self._BUTTONS:
            if not name:
                dpg.add_spacer(width=int(_SPACE * scale), parent=row)
                continue
            if name not in actions:
                continue
            button = dpg.add_button(
                label=ICONS[icon],
                width=int(_BUTTON * scale),
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
        dpg.add_spacer(width=int(_SPACE * scale), parent=row)
        dpg.add_progress_bar(
            parent=row, tag="toolbar.progress", width=int(_BAR * scale), height=int(30 * scale), show=False
        )
        for name, font, whole in (("state", FONTS.regular, "said"), ("title", FONTS.bold, "titled")):
            dpg.add_text("", tag=f"toolbar.{name}", parent=parent)
            dpg.bind_item_font(f"toolbar.{name}", font)
            with dpg.tooltip(f"toolbar.{name}"):
                dpg.add_text("", tag=f"toolbar.{whole}", wrap=int(_TIP * scale))
        self._watch.renew()

    def place(self, pane: Pane) -> None:
        """See Part."""
        self._width = pane.width
        dpg.set_item_pos("toolbar.row", [int(_EDGE * self._studio.scale), int(7 * self._studio.scale)])
        self._place_texts()

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
            self._title = title_of(self._studio.desk)
            self._place_texts()

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

    def _place_texts(self) -> None:
        """Put what goes on after the buttons, and the title at the right; the pointer shows what is cut."""
        scale = self._studio.scale
        size, top = _TEXT_SIZE * scale, int(_TEXT_TOP * scale)
        spaces = sum(not name for name, _icon in self._BUTTONS) + 1
        left = _EDGE + len(self._buttons) * (_BUTTON + _GAP) + spaces * (_SPACE + _GAP) + _EDGE
        if self._studio.desk.run_state.what != "idle":
            left += _BAR + _GAP
        x, right = left * scale, self._width - 2 * _EDGE * scale
        room, whole = right - x - 3 * _EDGE * scale, text_width(self._title, size, bold=True)
        said = fitting(self._said, size, room - min(whole, _TITLE_ROOM * scale))
        title = fitting(self._title, size, room - text_width(said, size), bold=True)
        at = right - text_width(title, size, bold=True)
        for name, text, place in (("state", said, x), ("title", title, at)):
            dpg.set_value(f"toolbar.{name}", text)
            dpg.set_item_pos(f"toolbar.{name}", [int(place), top])
        dpg.set_value("toolbar.said", self._said)
        dpg.set_value("toolbar.titled", self._title)

    def _do(self, _sender: Tag, _data: object, name: str) -> None:
        self._studio.actions.do(name)
