"""The menu bar: all actions by menu, with their keys, and whether they can be done now."""

from __future__ import annotations

import time
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.actions import MENUS, Action
from nodegraph.editor.desk.keymap import chord_text
from nodegraph.editor.words import _
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["MenuBar"]

# What can be done is asked this often (s).
_EVERY_S = 0.15


@dataclass(frozen=True)
class _Shown:
    label: str
    enabled: bool
    checked: bool


class MenuBar:
    """The menu bar.

    Parameters
    ----------
    studio : Studio
        Its actions.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._items: list[tuple[Tag, Action]] = []
        self._shown: dict[Tag, _Shown] = {}
        self._next = 0.0

    def build(self, parent: Tag) -> None:
        """Make its items."""
        self._items, self._shown = [], {}
        bar = dpg.add_menu_bar(parent=parent, tag="menu")
        for name, title in MENUS:
            actions = [action for action in self._studio.actions if action.menu == name and action.listed]
            if not actions:
                continue
            menu = dpg.add_menu(label=_(title), parent=bar, tag=f"menu.{name}")
            self._items += self._fill(menu, actions)

    def _fill(self, menu: Tag, actions: list[Action]) -> list[tuple[Tag, Action]]:
        items = []
        ordered = sorted(actions, key=lambda action: action.group)
        for before, action in zip([None, *ordered], ordered, strict=False):
            if before is not None and before.group != action.group:
                dpg.add_separator(parent=menu)
            chords = self._studio.keymap.chords(action.name)
            item = dpg.add_menu_item(
                label=action.text,
                parent=menu,
                tag=f"menu.{action.name}",
                shortcut=chord_text(chords[0]) if chords else "",
                check=action.checked is not None,
                user_data=action.name,
                callback=self._do,
            )
            items.append((item, action))
        return items

    def _do(self, _sender: Tag, _data: object, name: str) -> None:
        self._studio.actions.do(name)

    def update(self) -> None:
        """Show what can be done now."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY_S
        for item, action in self._items:
            checked = action.checked() if action.checked is not None else False
            shown = _Shown(self._label(action), action.enabled(), checked)
            if shown != self._shown.get(item):
                self._shown[item] = shown
                dpg.configure_item(item, label=shown.label, enabled=shown.enabled)
                dpg.set_value(item, shown.checked)

    def _label(self, action: Action) -> str:
        history = self._studio.desk.history
        done = {"edit.undo": history.undo_label, "edit.redo": history.redo_label}.get(action.name)
        return _("{action}: {what}").format(action=action.text, what=_(done)) if done else action.text
