"""The file dialog: DearPyGui's own cannot be used by keyboard and mistakes the name for its filter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.folders import (
    Entry,
    Order,
    crumbs,
    list_folder,
    matching,
    sort_entries,
    spots,
)
from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.look.colours import marked
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.look.typesetting import fitting, text_width
from nodegraph.editor.panels.button_row import ButtonRow
from nodegraph.editor.panels.entry_list import EntryList, head_place, list_theme
from nodegraph.editor.panels.fields import icon_button, text_field, tip, words
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import N_, _, told
from nodegraph.editor.work.asking import Asking, Choice, Picking, Question
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["FileDialog"]

_WIDTH, _LIST_HEIGHT, _SPOTS_WIDTH = 880, 366, 176
# Padding and a margin, left and right together.
_MARGINS = 72
# What the dialog takes besides the list (pixels at 100 %).
_AROUND = 330
_HEAD, _HEAD_SIZE, _TEXT_SIZE = 24, 14.0, 16.0
_HEADINGS: tuple[tuple[Order, str], ...] = (
    ("name", N_("Name")),
    ("size", N_("Size")),
    ("date", N_("Changed")),
)


class FileDialog:
    """A Sheet in which a file or a folder is picked.

    Parameters
    ----------
    studio : Studio
        Its settings remember the last folder.
    picking : Picking
        What is to be picked.
    asking : Asking
        Asks before a file is replaced, and for the name of a new folder.
    done : callable
        Takes what was picked, or None.
    """

    def __init__(
        self, studio: Studio, picking: Picking, asking: Asking, done: Callable[[Path | None], None]
    ) -> None:
        self._studio, self._picking, self._asking, self._on_done = studio, picking, asking, done
        self._folder = _first_folder(picking, studio)
        self._type = picking.types[0]
        self._order: Order = "name"
        self._hidden = False
        self._typed = ""
        self._name = picking.name
        self._all: tuple[Entry, ...] = ()
        self._problem = ""
        self._list = EntryList(studio, self._select, self._open)
        choices = (Choice("cancel", _("Cancel")), Choice("accept", picking.accept))
        self._buttons = ButtonRow(studio, choices, "accept", "cancel", self._press)
        self._crumbs: Tag = 0
        self._field: Tag = 0
        self._name_field: Tag = 0
        self._message: Tag = 0
        self._heads: dict[Order, Tag] = {}

    # --- Sheet -------------------------------------------------------------------------------

    @property
    def width(self) -> float:
        """As wide as it likes to be, or as the window leaves room for."""
        room: int = dpg.get_viewport_client_width()
        return min(_WIDTH, room / self._studio.scale - _MARGINS)

    def build(self, parent: Tag) -> None:
        """See Sheet."""
        scale = self._studio.scale
        words(parent, self._picking.title, font=FONTS.title)
        self._build_way(parent)
        body = dpg.add_group(horizontal=True, parent=parent)
        room = dpg.get_viewport_client_height() - round(_AROUND * scale)
        height = max(min(round(_LIST_HEIGHT * scale), room), round(140 * scale))
        self._build_spots(body, height)
        right = dpg.add_group(parent=body)
        width = round((self.width - _SPOTS_WIDTH - 8) * scale)
        self._field = text_field(
            right, self._typed, width=width, hint=_("Type to filter, or a path"), callback=self._filter
        )
        self._build_heads(right, width)
        self._list.build(right, width, height - round(72 * scale))
        self._message = words(right, "", colour=self._studio.colours.quiet, font=FONTS.small)
        self._build_foot(parent)
        self._go(self._folder)
        dpg.focus_item(self._name_field if self._picking.mode == "save" else self._field)

    def take(self, chord: Chord) -> bool:
        """See Sheet."""
        match str(chord):
            case "Down" | "Up":
                self._list.move(1 if chord.key == "Down" else -1)
            case "PageDown" | "PageUp":
                self._list.move(self._list.page if chord.key == "PageDown" else -self._list.page)
            case "Backspace" if not self._is_writing():
                self._up()
            case "Alt+Up":
                self._up()
            case "Left" | "Right" | "Tab" | "Shift+Tab":
                return False
            case _:
                return self._buttons.take(chord)
        return True

    def update(self) -> None:
        """See Sheet."""
        self._list.update()
        self._buttons.update()

    def dropped(self) -> None:
        """See Sheet."""
        self._list.close()

    # --- building --------------------------------------------------------------------------------

    def _build_way(self, parent: Tag) -> None:
        row = dpg.add_group(horizontal=True, parent=parent)
        icon_button(self._studio, row, "arrow-up", _("To the folder around this one (Backspace)"), self._up)
        if self._picking.mode != "open":
            icon_button(self._studio, row, "plus", _("New folder…"), self._new_folder)
        icon_button(self._studio, row, "eye", _("Show hidden files, or not"), self._toggle_hidden)
        self._crumbs = dpg.add_group(horizontal=True, parent=row)

    def _build_spots(self, parent: Tag, height: int) -> None:
        width = round(_SPOTS_WIDTH * self._studio.scale)
        box = dpg.add_child_window(parent=parent, width=width, height=height, border=False)
        for spot in spots(self._studio.settings.recent_files):
            row = dpg.add_group(horizontal=True, parent=box)
            words(row, ICONS[spot.icon], colour=self._studio.colours.quiet, font=FONTS.icons)
            scale = self._studio.scale
            item = dpg.add_selectable(
                label=fitting(_(spot.title), _TEXT_SIZE * scale, width - 44 * scale),
                parent=row,
                user_data=spot.path,
                callback=self._go_to_spot,
            )
            tip(self._studio, item, str(spot.path))

    def _build_heads(self, parent: Tag, width: int) -> None:
        scale = self._studio.scale
        box = dpg.add_child_window(
            parent=parent, width=width, height=round(_HEAD * scale), border=False, no_scrollbar=True
        )
        dpg.bind_item_theme(box, list_theme(marked(self._studio.colours)))
        for order, title in _HEADINGS:
            text = _(title)
            wide = text_width(text, _HEAD_SIZE * scale)
            place = head_place(order, wide, width, scale)
            self._heads[order] = dpg.add_selectable(
                label=text,
                parent=box,
                pos=(round(place), round(3 * scale)),
                width=round(wide + 2 * scale),
                user_data=order,
                callback=lambda _sender, _data, order: self._sort(order),
            )
            dpg.bind_item_font(self._heads[order], FONTS.small)
        self._show_order()

    def _build_foot(self, parent: Tag) -> None:
        scale = self._studio.scale
        types = [each.text for each in self._picking.types]
        if self._picking.mode == "save":
            row = dpg.add_group(horizontal=True, parent=parent)
            label = dpg.add_group(parent=row)
            dpg.add_spacer(height=round(1 * scale), parent=label)
            words(label, _("Name:"))
            self._name_field = text_field(row, self._name, callback=self._named)
        if len(types) > 1:
            dpg.add_combo(
                types,
                parent=parent,
                default_value=self._type.text,
                width=round(min(self._types_width(types), self.width) * scale),
                callback=self._choose_type,
            )
        self._buttons.build(parent, self.width * scale)

    @staticmethod
    def _types_width(types: list[str]) -> float:
        """Return how wide the list of types must be for the longest, at 100 %: its arrow takes the rest."""
        return max(text_width(text, _TEXT_SIZE) for text in types) + 56

    # --- where one is -----------------------------------------------------------------------------

    def _go(self, folder: Path) -> None:
        """Show a folder."""
        try:
            entries = list_folder(
                folder, self._type.suffixes, files=self._picking.mode != "folder", hidden=self._hidden
            )
        except OSError as error:
            self._say(
                _("{folder} cannot be read: {reason}.").format(
                    folder=folder, reason=told(str(error.strerror or error))
                )
            )
            return
        self._all, self._folder, self._typed = sort_entries(entries, self._order), folder, ""
        dpg.set_value(self._field, "")
        self._show_way()
        self._show_entries()

    def _go_to_spot(self, sender: Tag, _data: object, folder: Path) -> None:
        dpg.set_value(sender, value=False)
        self._go(folder)

    def _show_way(self) -> None:
        dpg.delete_item(self._crumbs, children_only=True)
        room = (self.width - 130) * self._studio.scale
        parts = list(crumbs(self._folder))
        shown: list[Path] = []
        # The innermost folders say most.
        size, around = _TEXT_SIZE * self._studio.scale, 44 * self._studio.scale
        while parts and (room := room - text_width(_label(parts[-1]), size) - around) > 0:
            shown.insert(0, parts.pop())
        for number, folder in enumerate(shown or crumbs(self._folder)[-1:]):
            if number or parts:
                words(self._crumbs, "›", colour=self._studio.colours.quiet)
            dpg.add_button(
                label=_label(folder),
                parent=self._crumbs,
                user_data=folder,
                callback=lambda _sender, _data, folder: self._go(folder),
            )

    def _show_entries(self) -> None:
        shown = matching(self._all, self._typed)
        self._list.show(shown, 0 if self._typed and shown else -1)
        if shown:
            self._say("")
        elif self._typed:
            self._say(_("Nothing here has “{typed}” in its name.").format(typed=self._typed))
        else:
            self._say(_("Nothing of that kind is in this folder."))

    def _say(self, text: str) -> None:
        dpg.set_value(self._message, text)

    def _up(self) -> None:
        came_from = self._folder
        if came_from.parent != came_from:
            self._go(came_from.parent)
            self._list.select(came_from)

    def _toggle_hidden(self) -> None:
        self._hidden = not self._hidden
        self._go(self._folder)

    def _choose_type(self, _sender: Tag, text: str) -> None:
        self._type = next(each for each in self._picking.types if each.text == text)
        self._go(self._folder)

    def _sort(self, order: Order) -> None:
        self._order, self._all = order, sort_entries(self._all, order)
        self._show_order()
        self._show_entries()

    def _show_order(self) -> None:
        for order, item in self._heads.items():
            dpg.set_value(item, order == self._order)

    def _done(self, path: Path | None) -> None:
        if path is not None:
            self._studio.prefer(folder=str(self._folder))
        self._on_done(path)

    # --- typing and picking ---------------------------------------------------------------------------

    def _is_writing(self) -> bool:
        """Return whether Backspace belongs to a text."""
        if self._picking.mode == "save" and dpg.is_item_focused(self._name_field):
            return True
        return bool(self._typed)

    def _filter(self, _sender: Tag, text: str) -> None:
        self._typed = text
        if not _is_path(text):
            self._show_entries()

    def _named(self, _sender: Tag, text: str) -> None:
        self._name = text

    def _select(self, entry: Entry) -> None:
        # A field that is being typed in keeps its text.
        if self._picking.mode == "save" and not entry.is_folder and not dpg.is_item_active(self._name_field):
            self._name = entry.name
            dpg.set_value(self._name_field, entry.name)

    def _open(self, entry: Entry) -> None:
        if entry.is_folder:
            self._go(entry.path)
            dpg.focus_item(self._field)
        elif self._picking.mode == "save":
            self._save(entry.path)
        else:
            self._done(entry.path)

    def _press(self, name: str) -> None:
        if name == "cancel":
            self._done(None)
        elif _is_path(self._typed):
            self._open_path(Path(self._typed).expanduser())
        elif self._picking.mode == "save":
            self._accept_name()
        elif self._picking.mode == "folder":
            chosen = self._list.selected
            self._done(chosen.path if chosen else self._folder)
        elif self._list.selected is not None:
            self._open(self._list.selected)
        else:
            self._say(_("Choose a file first."))

    def _open_path(self, path: Path) -> None:
        if path.is_dir():
            self._go(path)
        elif path.is_file() and self._picking.mode == "open":
            self._done(path)
        elif self._picking.mode == "save":
            self._save(path)
        else:
            self._say(_("{path} is not there.").format(path=path))

    def _accept_name(self) -> None:
        name = self._name.strip()
        selected = self._list.selected
        if selected is not None and selected.is_folder and not dpg.is_item_focused(self._name_field):
            self._go(selected.path)
        elif not name:
            self._say(_("Type a name first."))
        elif (self._folder / Path(name).expanduser()).is_dir():
            self._go(self._folder / Path(name).expanduser())
        else:
            self._save(self._folder / Path(name).expanduser())

    def _save(self, path: Path) -> None:
        suffix = self._picking.suffix
        if suffix and path.suffix.lower() != suffix:
            path = path.with_name(path.name + suffix)
        if not path.parent.is_dir():
            self._say(_("There is no folder {folder}.").format(folder=path.parent))
        elif path.exists():
            self._asking.ask(_overwrite(path), lambda name: self._replace(path, name), above=True)
        else:
            self._done(path)

    def _replace(self, path: Path, answer: str) -> None:
        if answer == "replace":
            self._done(path)

    def _new_folder(self) -> None:
        self._asking.enter(_("New folder"), _("New folder"), self._make_folder, above=True)

    def _make_folder(self, name: str | None) -> None:
        if name is None:
            return
        folder = self._folder / name
        try:
            folder.mkdir()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self._say(_("The folder cannot be made: {reason}.").format(reason=told(reason)))
        else:
            self._go(folder)


def _overwrite(path: Path) -> Question:
    return Question(
        _("Replace the file?"),
        _("“{name}” exists already.").format(name=path.name),
        (Choice("cancel", _("Cancel")), Choice("replace", _("Replace"), "danger")),
        default="cancel",
        cancel="cancel",
        icon="triangle-alert",
        details=str(path.parent),
    )


def _first_folder(picking: Picking, studio: Studio) -> Path:
    for folder in (picking.folder, Path(studio.settings.folder) if studio.settings.folder else None):
        if folder is not None and folder.is_dir():
            return folder.absolute()
    return Path.home()


def _label(folder: Path) -> str:
    return folder.name or str(folder)


def _is_path(text: str) -> bool:
    return text.startswith(("/", "~")) or Path(text).is_absolute()
