"""Preferences: language, theme, scale, keys, listening, room for results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.actions import MENUS
from nodegraph.editor.desk.keymap import Chord, chord_text
from nodegraph.editor.panels.fields import heading, labelled, text_field, words
from nodegraph.editor.panels.popup import Sheet
from nodegraph.editor.panels.room import Room
from nodegraph.editor.words import LANGUAGES, N_, _
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Preferences"]

_THEMES = {"dark": N_("Dark"), "light": N_("Light")}
_PRESETS = {"regroove": "Regroove", "blender": "Blender", "nuke": "Nuke", "comfyui": "ComfyUI"}
_SCALES = (0.75, 0.9, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5)
_LABEL = 0.45


class Preferences:
    """How the user likes the editor.

    Parameters
    ----------
    studio : Studio
        Its settings and actions.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._room = Room(studio)
        self._waiting = ""
        self._conflict = ""
        self._query = ""
        self.sheet = Sheet(studio, "preferences", self._fill, (660, 700))
        self.sheet.on_chord = self._on_chord

    def open(self) -> None:
        """Show them."""
        self._waiting = self._conflict = self._query = ""
        self.sheet.open(lambda: _("Preferences"))

    # --- general -----------------------------------------------------------------------------

    def _fill(self, body: Tag) -> None:
        studio, settings = self._studio, self._studio.settings
        heading(studio, body, _("Look"))
        self._choice(body, "language", _("Language"), dict(LANGUAGES), settings.language)
        self._choice(
            body, "theme", _("Theme"), {key: _(text) for key, text in _THEMES.items()}, settings.theme
        )
        scales = {scale: f"{round(scale * 100)} %" for scale in _SCALES}
        self._choice(body, "ui_scale", _("Size of everything"), scales, settings.ui_scale)
        self._toggle(body, "glide", _("Let the view glide to what one goes to"), settings.glide)
        heading(studio, body, _("Listening"))
        self._toggle(body, "live", _("Hear a changed parameter at once"), settings.live)
        self._toggle(body, "match_loudness", _("Compare A and B at one loudness"), settings.match_loudness)
        heading(studio, body, _("Room for results"))
        self._room.build(body)
        heading(studio, body, _("Keys"))
        self._choice(body, "preset", _("Like those of"), _PRESETS, settings.preset)
        self._add_keys(body)

    def _choice(self, body: Tag, name: str, title: str, choices: Mapping[Any, str], value: object) -> None:
        keys, texts = list(choices), list(choices.values())
        cell = labelled(self._studio, body, title, width=_LABEL)
        dpg.add_combo(
            texts,
            parent=cell,
            tag=f"preferences.{name}",
            width=-1,
            default_value=choices.get(value, str(value)),
            callback=lambda _sender, text: self._prefer(name, keys[texts.index(text)]),
        )

    def _toggle(self, body: Tag, name: str, title: str, value: bool) -> None:
        cell = labelled(self._studio, body, title, width=_LABEL)
        dpg.add_checkbox(
            parent=cell,
            tag=f"preferences.{name}",
            default_value=value,
            callback=lambda _sender, on: self._prefer(name, on),
        )

    def _prefer(self, name: str, value: object) -> None:
        self._studio.prefer(**{name: value})
        # What changes the look is drawn anew by the window, this sheet with it; a preset is seen only here.
        if name == "preset":
            self._fill_keys()

    # --- keys --------------------------------------------------------------------------------

    def _add_keys(self, body: Tag) -> None:
        words(
            body,
            _("Click a key to change it, then press the new one. Escape leaves it, Delete takes it away."),
            colour=self._studio.colours.quiet,
        )
        row = dpg.add_group(parent=body, horizontal=True)
        text_field(
            row,
            self._query,
            hint=_("Search for a command…"),
            tag="preferences.query",
            width=round(300 * self._studio.scale),
            callback=self._typed,
        )
        dpg.add_button(
            label=_("All keys of the preset"), parent=row, tag="preferences.reset", callback=self._reset
        )
        words(body, "", colour=self._studio.colours.warning, tag="preferences.conflict")
        dpg.add_group(parent=body, tag="preferences.keys")
        self._fill_keys()

    def _fill_keys(self) -> None:
        studio = self._studio
        dpg.set_value("preferences.conflict", self._conflict)
        dpg.configure_item("preferences.conflict", show=bool(self._conflict))
        dpg.delete_item("preferences.keys", children_only=True)
        wanted = self._query.casefold().strip()
        for menu, title in MENUS:
            actions = [
                each for each in studio.actions if each.menu == menu and wanted in each.text.casefold()
            ]
            if not actions:
                continue
            heading(studio, "preferences.keys", _(title))
            for action in actions:
                cell = labelled(studio, "preferences.keys", action.text, width=0.55)
                dpg.add_button(
                    label=self._key_text(action.name),
                    parent=cell,
                    tag=f"preferences.key.{action.name}",
                    width=-1,
                    user_data=action.name,
                    callback=self._wait_for_key,
                )

    def _key_text(self, action: str) -> str:
        if action == self._waiting:
            return _("Press a key…")
        return ", ".join(map(chord_text, self._studio.keymap.chords(action))) or "–"

    def _typed(self, _sender: Tag, query: str) -> None:
        self._query = query
        if self.sheet.is_open:
            self._fill_keys()

    def _wait_for_key(self, _sender: Tag, _data: object, action: str) -> None:
        before, self._waiting, self._conflict = self._waiting, action, ""
        for each in filter(None, (before, action)):
            if dpg.does_item_exist(f"preferences.key.{each}"):
                dpg.configure_item(f"preferences.key.{each}", label=self._key_text(each))

    def _on_chord(self, chord: Chord) -> bool:
        """Take the key that was asked for."""
        if not self._waiting:
            return False
        action, self._waiting = self._waiting, ""
        if chord.key != "Escape":
            self._remap(action, () if chord == Chord("Delete") else (str(chord),))
        self._fill_keys()
        return True

    def _remap(self, action: str, chords: tuple[str, ...]) -> None:
        studio = self._studio
        taken = studio.keymap.action(Chord.parse(chords[0])) if chords else None
        self._conflict = ""
        keys = {**studio.settings.keys, action: chords}
        if taken is not None and taken != action:
            name = studio.actions[taken].text if taken in studio.actions else taken
            self._conflict = _("{key} did “{command}” before. Now that has no such key.").format(
                key=chord_text(Chord.parse(chords[0])), command=name
            )
            kept = tuple(str(each) for each in studio.keymap.chords(taken) if str(each) != chords[0])
            keys[taken] = kept
        studio.prefer(keys=keys)

    def _reset(self) -> None:
        self._conflict = ""
        self._studio.prefer(keys={})
        self._fill_keys()
