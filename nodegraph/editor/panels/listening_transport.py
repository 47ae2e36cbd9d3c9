"""The controls of the listening panel: transport, what is heard, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.keymap import chord_text
from nodegraph.editor.desk.settings import Settings
from nodegraph.editor.listen.transport import Choice
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.look.typesetting import fitting, text_width
from nodegraph.editor.panels.listening_faces import Faces
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.space.rooms import Controls, Rooms
from nodegraph.editor.space.timeline import clock
from nodegraph.editor.words import N_, _
from nodegraph.editor.words.values import level_text
from nodegraph.editor.work.listening import Listening
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Transport"]

_BASE = 16.0
_PAD = 14.0
_NAME, _MOST_NAME = 132.0, 300.0
_BETWEEN = 4.0


@dataclass(frozen=True)
class _Sizes:
    """Of buttons and the gaps between them, in pixels at 100 %."""

    icon: float = 38.0
    gap: float = 6.0
    wide_gap: float = 16.0
    least_name: float = 96.0


_ROOMY, _TIGHT = _Sizes(), _Sizes(34.0, 4.0, 8.0, 60.0)

_TRANSPORT = (
    ("listen.begin", "skip-back", N_("Go to the beginning")),
    ("listen.play", "play", N_("Play or pause")),
    ("listen.loop", "repeat", N_("Loop the passage")),
)
_PICTURES = (
    ("waveform", "audio-waveform", N_("Waveform")),
    ("spectrogram", "activity", N_("Spectrogram")),
    ("both", "layers", N_("Waveform and spectrogram")),
)
_CHOICES: tuple[Choice, ...] = ("a", "b", "difference")
# Buttons with words become these where there is no room for words.
_ICONS_OF_WORDS = {"listen.match": "gauge", "listen.removed": "ear"}


@dataclass(frozen=True)
class _Look:
    """All that the controls show."""

    playing: bool
    looping: bool
    choice: Choice
    names: tuple[str, str, str]
    enabled: tuple[bool, bool, bool]
    match: str
    matching: bool
    can_match: bool
    removed: bool
    can_remove: bool
    pictures: str


class Transport:
    """The controls.

    Parameters
    ----------
    studio : Studio
        Its actions and settings.
    show_settings : callable
        Opens what can be chosen of the spectrogram, given the button.

    Attributes
    ----------
    stand : Controls
        How they stand; to be set before `place`.
    """

    def __init__(self, studio: Studio, show_settings: Callable[[Tag], None]) -> None:
        self._studio, self._show_settings = studio, show_settings
        self._looks: _Look | None = None
        self._time = ("", "")
        self._buttons: dict[str, Tag] = {}
        self._name_widths = [_NAME] * 3
        self.stand: Controls = "words"

    # --- making -----------------------------------------------------------------------------------

    def build(self, parent: Tag, faces: Faces, listening: Listening) -> None:
        """Make the items."""
        self._faces, self._looks, self._time = faces, None, ("", "")
        self._listening = listening
        self._buttons = {}
        for name, icon, hint in _TRANSPORT:
            self._add(parent, name, ICONS[icon], hint, partial(self._studio.actions.do, name))
        for choice in _CHOICES:
            self._add(parent, choice, "", "", partial(listening.choose, choice))
        self._add(parent, "listen.match", "", _MATCH_HINT, lambda: self._studio.actions.do("listen.match"))
        self._add(
            parent, "listen.removed", "", _REMOVED_HINT, lambda: self._studio.actions.do("listen.removed")
        )
        for name, icon, hint in _PICTURES:
            self._add(parent, name, ICONS[icon], hint, partial(self._show_pictures, name))
        self._add(
            parent,
            "settings",
            ICONS["sliders-horizontal"],
            N_("How the spectrogram is shown"),
            lambda: self._show_settings(self._buttons["settings"]),
        )
        self._now = dpg.add_text("", parent=parent, tag="listening.position")
        self._length = dpg.add_text("", parent=parent, tag="listening.length")
        dpg.bind_item_font(self._now, FONTS.bold)
        dpg.configure_item(self._length, color=(*self._studio.colours.quiet, 255))

    def _add(self, parent: Tag, name: str, label: str, hint: str, do: Callable[[], object]) -> None:
        button = dpg.add_button(label=label, parent=parent, tag=f"listening.{name}", callback=do)
        self._buttons[name] = button
        if label:
            dpg.bind_item_font(button, FONTS.icons)
        if name in _CHOICES:
            dpg.bind_item_font(button, FONTS.bold)
        dpg.bind_item_theme(button, self._faces.plain)
        with dpg.tooltip(button):
            text = self._hint(name, hint) if hint else ""
            dpg.add_text(text, tag=f"listening.{name}.hint", wrap=int(340 * self._studio.scale))

    def _hint(self, name: str, hint: str) -> str:
        """Return what is told beside the pointer: what a button does, and its key."""
        chords = self._studio.keymap.chords(name)
        return _(hint) + (f"   {chord_text(chords[0])}" if chords else "")

    def _show_pictures(self, name: str) -> None:
        self._studio.prefer(pictures=name)

    # --- placing ----------------------------------------------------------------------------------

    @property
    def width_of_words(self) -> float:
        """How wide the panel must be for everything to stand in one row with words, in pixels."""
        s, z = self._studio.scale, _ROOMY
        words = sum(self._text_widths(s)) + (3 * _NAME + 7 * (z.icon + z.gap) + 6 * z.wide_gap + 16) * s
        return words + self._clock_width(s)

    @property
    def _has_words(self) -> bool:
        return self.stand != "icons"

    @property
    def _sizes(self) -> _Sizes:
        return _ROOMY if self._has_words else _TIGHT

    def _clock_width(self, s: float) -> float:
        now = text_width("00:00.000", _BASE * s, bold=True)
        return now + (text_width(" / 00:00.000", _BASE * s) + 6 * s if self._has_words else 0.0)

    def _text_widths(self, s: float) -> tuple[float, float]:
        """Return the widths of the two buttons with words, wide enough for all that they may say."""
        longest = max((_match_words(-88.8), _match_words(None)), key=lambda each: text_width(each, _BASE))
        return tuple(  # type: ignore[return-value]
            text_width(text, _BASE * s) + 2 * _PAD * s for text in (longest, _("Hear what was removed"))
        )

    def place(self, rooms: Rooms) -> None:
        """Take their place."""
        s, z = self._studio.scale, self._sizes
        row, second = rooms.first_row, rooms.second_row
        x = row.x
        for name, _icon, _hint in _TRANSPORT:
            x = self._put(name, x, row, z.icon * s) + z.gap * s
        x += (z.wide_gap - z.gap) * s
        self._clock_at = x, row.y + (row.height - _BASE * s * 1.25) / 2 - 3 * s
        self._time = ("", "")
        x += self._clock_width(s) + z.wide_gap * s
        right = second.x + second.width
        for name in ("settings", *(name for name, _icon, _hint in reversed(_PICTURES))):
            right -= z.icon * s
            self._put(name, right, second, z.icon * s)
            right -= (z.wide_gap if name == "settings" else 2) * s
        match, removed = self._text_widths(s) if self._has_words else (z.icon * s, z.icon * s)
        if second is row:
            left = right - (z.wide_gap - 2 + z.gap) * s - match - removed
            room = left - z.wide_gap * s - x
        else:
            left, room = second.x, row.x + row.width - x
        self._put("listen.match", left, second, match)
        self._put("listen.removed", left + match + z.gap * s, second, removed)
        for name in _ICONS_OF_WORDS:
            dpg.bind_item_font(self._buttons[name], FONTS.regular if self._has_words else FONTS.icons)
        self._place_choices(x, row, room)
        self._looks = None

    def _place_choices(self, x: float, row: Pane, room: float) -> None:
        """Give A, B and their difference the room there is; where it is little A and B need it more."""
        s, z = self._studio.scale, self._sizes
        room -= 2 * _BETWEEN * s
        difference = room / 3
        if not self._has_words:
            difference = min(difference, text_width(_SHORT_DIFFERENCE, _BASE * s, bold=True) + 2 * _PAD * s)
        widths = ((room - difference) / 2, (room - difference) / 2, difference)
        self._name_widths = [min(max(width, z.least_name * s), _MOST_NAME * s) for width in widths]
        for choice, width in zip(_CHOICES, self._name_widths, strict=True):
            x = self._put(choice, x, row, width) + _BETWEEN * s

    def _put(self, name: str, x: float, row: Pane, width: float) -> float:
        dpg.configure_item(
            self._buttons[name], pos=(int(x), int(row.y)), width=int(width), height=int(row.height)
        )
        return x + width

    # --- showing ----------------------------------------------------------------------------------

    def update(self) -> None:
        """Show what is so now."""
        listening = self._listening
        self._show_time(listening)
        looks = _looks(listening, self._studio.settings)
        if looks == self._looks:
            return
        self._looks = looks
        faces = self._faces
        dpg.set_item_label(self._buttons["listen.play"], ICONS["pause" if looks.playing else "play"])
        self._face("listen.play", looks.playing)
        self._face("listen.loop", looks.looping)
        for index, choice in enumerate(_CHOICES):
            self._show_choice(choice, looks, index)
        for name, text in (("listen.match", looks.match), ("listen.removed", _("Hear what was removed"))):
            label = text if self._has_words else ICONS[_ICONS_OF_WORDS[name]]
            dpg.set_item_label(self._buttons[name], label)
        dpg.configure_item(self._buttons["listen.match"], enabled=looks.can_match)
        self._face("listen.match", looks.matching and looks.can_match)
        told = listening.match.text or _(_MATCH_HINT)
        dpg.set_value("listening.listen.match.hint", told if self._has_words else f"{looks.match}\n{told}")
        told = self._hint("listen.removed", _REMOVED_HINT)
        if not self._has_words:
            told = _("Hear what was removed") + "\n" + told
        dpg.set_value("listening.listen.removed.hint", told)
        dpg.configure_item(self._buttons["listen.removed"], enabled=looks.can_remove)
        self._face("listen.removed", looks.removed)
        for name, _icon, _hint in _PICTURES:
            dpg.bind_item_theme(self._buttons[name], faces.on if looks.pictures == name else faces.plain)

    def _face(self, name: str, on: bool) -> None:
        dpg.bind_item_theme(self._buttons[name], self._faces.on if on else self._faces.plain)

    def _show_choice(self, choice: Choice, looks: _Look, index: int) -> None:
        s = self._studio.scale
        button, name = self._buttons[choice], looks.names[index]
        room = self._name_widths[index] - 1.4 * _PAD * s
        if choice == "difference" and not self._has_words:
            name = _SHORT_DIFFERENCE
        if text_width(name, _BASE * s, bold=True) > room:
            name = name.partition(" · ")[0]
        label = fitting(name, _BASE * s, room, bold=True)
        dpg.set_item_label(button, label)
        dpg.configure_item(button, enabled=looks.enabled[index])
        face = choice + ("_on" if looks.choice == choice else "")
        dpg.bind_item_theme(button, getattr(self._faces, face))
        dpg.set_value(f"listening.{choice}.hint", _choice_hint(self._listening, choice, looks.names[index]))

    def _show_time(self, listening: Listening) -> None:
        extent = listening.extent
        now = clock(listening.player.position_s) if extent else "–"
        shown = (now, " / " + clock(extent[1]) if extent and self._has_words else "")
        if shown != self._time:
            self._time = shown
            dpg.set_value(self._now, shown[0])
            dpg.set_value(self._length, shown[1])
            # Digits differ in width: the place is that of zeros, so that nothing trembles.
            size = _BASE * self._studio.scale
            x, y = self._clock_at
            wide = text_width(re.sub(r"\d", "0", now), size, bold=True)
            dpg.set_item_pos(self._now, [int(x), int(y)])
            dpg.set_item_pos(self._length, [int(x + wide + size / 4), int(y)])


_SHORT_DIFFERENCE = "A − B"
_MATCH_HINT = N_("Compares A and B at one loudness: what is louder seems better otherwise.")
_REMOVED_HINT = N_("What this node took away, at the same position; again to go back.")


def _looks(listening: Listening, settings: Settings) -> _Look:
    player = listening.player
    a, b = listening.a, listening.b
    both = player.sounds[0] is not None and player.sounds[1] is not None
    can_b = b is not None or listening.before is not None
    known = both and listening.match.lufs[0] is not None and listening.match.lufs[1] is not None
    gain = min(listening.match.gains_db, default=0.0) if known else None
    matching = settings.match_loudness
    return _Look(
        playing=player.playing,
        looping=listening.looping,
        choice=player.choice,
        names=_names(listening),
        enabled=(a is not None, can_b, not player.why_not("difference")),
        match=_match_words(gain if matching else None, "B" if listening.match.gains_db[1] < 0 else "A"),
        matching=matching,
        can_match=both,
        removed=listening.hears_removed,
        can_remove=listening.removed is not None,
        pictures=settings.pictures,
    )


def _names(listening: Listening) -> tuple[str, str, str]:
    a, b = listening.a, listening.b
    return (
        _("A: {port}").format(port=a.title) if a else "A",
        _("B: {port}").format(port=b.title) if b else _("B: before") if listening.before else "B",
        _("Difference"),
    )


def _choice_hint(listening: Listening, choice: Choice, name: str) -> str:
    why = listening.player.why_not(choice)
    if choice == "b" and listening.b is None and listening.before is not None:
        return _("Compares with what goes into this node.")
    return f"{name}\n{why}" if why else name


def _match_words(gain_db: float | None, which: str = "B") -> str:
    if gain_db is None:
        return _("Match loudness")
    return _("Loudness matched: {which} {gain} dB").format(which=which, gain=level_text(gain_db))
