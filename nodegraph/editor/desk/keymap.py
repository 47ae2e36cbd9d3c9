"""Keymap: which keys do what. Presets for those who come from other node editors; each can be remapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nodegraph.editor.words import N_, _

__all__ = ["PRESETS", "Chord", "Keymap", "chord_text"]

_MODIFIERS = ("Ctrl", "Shift", "Alt")
_ARROWS = {"Up": "↑", "Down": "↓", "Left": "←", "Right": "→"}
_WORDS = {
    "Backspace": N_("Backspace"),
    "Delete": N_("Del"),
    "End": N_("End"),
    "Enter": N_("Enter"),
    "Escape": N_("Esc"),
    "Home": N_("Home"),
    "Insert": N_("Ins"),
    "PageDown": N_("Page down"),
    "PageUp": N_("Page up"),
    "Space": N_("Space"),
    "Tab": N_("Tab"),
}
_SIGNS = {"Plus": "+", "Minus": "−", "Period": ".", "Comma": ",", "Slash": "/", "Grave": "`"}


@dataclass(frozen=True)
class Chord:
    """A key with its modifiers.

    Parameters
    ----------
    key : str
        "Z", "F2", "Delete", "Space", "Up", "1", ".", "Comma" ….
    ctrl, shift, alt : bool
        Held with it.
    """

    key: str
    ctrl: bool = False
    shift: bool = False
    alt: bool = False

    @classmethod
    def parse(cls, text: str) -> Chord:
        """Read "Ctrl+Shift+Z".

        Raises
        ------
        ValueError
            If there is no key in it, or an unknown modifier.
        """
        *held, key = text.split("+")
        if not key or set(held) - set(_MODIFIERS):
            raise ValueError(f"{text!r} is no key: it is written as in Ctrl+Shift+Z")
        return cls(key, "Ctrl" in held, "Shift" in held, "Alt" in held)

    def __str__(self) -> str:
        held = zip(_MODIFIERS, (self.ctrl, self.shift, self.alt), strict=True)
        return "+".join([*(name for name, on in held if on), self.key])


_BASE: Mapping[str, tuple[str, ...]] = {
    "file.new": ("Ctrl+N",),
    "file.open": ("Ctrl+O",),
    "file.save": ("Ctrl+S",),
    "file.save_as": ("Ctrl+Shift+S",),
    "file.quit": ("Ctrl+Q",),
    "edit.undo": ("Ctrl+Z",),
    "edit.redo": ("Ctrl+Shift+Z", "Ctrl+Y"),
    "edit.cut": ("Ctrl+X",),
    "edit.copy": ("Ctrl+C",),
    "edit.paste": ("Ctrl+V",),
    "edit.paste_linked": ("Ctrl+Shift+V",),
    "edit.duplicate": ("Ctrl+D",),
    "edit.duplicate_linked": ("Ctrl+Shift+D",),
    "edit.delete": ("Delete", "Backspace"),
    "edit.delete_heal": ("Ctrl+Delete",),
    "edit.select_all": ("Ctrl+A",),
    "edit.select_upstream": ("Ctrl+Up",),
    "edit.select_downstream": ("Ctrl+Down",),
    "edit.select_none": ("Ctrl+Shift+A",),
    "edit.go_left": ("Alt+Left",),
    "edit.go_right": ("Alt+Right",),
    "edit.go_up": ("Alt+Up",),
    "edit.go_down": ("Alt+Down",),
    "edit.find": ("Ctrl+F",),
    "node.add": ("Tab", "Shift+A"),
    "node.swap": ("Shift+S",),
    "node.bypass": ("M", "B"),
    "node.collapse": ("H",),
    "node.rename": ("F2",),
    "node.frame": ("Ctrl+G", "Ctrl+J"),
    "node.comment": ("C",),
    "node.help": ("F1",),
    "node.link_from": ("O",),
    "node.link_to": ("I",),
    "node.link_chain": ("K",),
    "node.unlink": ("U",),
    "node.pull_out": ("Shift+U",),
    "node.nudge_left": ("Left",),
    "node.nudge_right": ("Right",),
    "node.nudge_up": ("Up",),
    "node.nudge_down": ("Down",),
    "node.nudge_left_far": ("Shift+Left",),
    "node.nudge_right_far": ("Shift+Right",),
    "node.nudge_up_far": ("Shift+Up",),
    "node.nudge_down_far": ("Shift+Down",),
    "view.fit_all": ("Home",),
    "view.fit_selection": ("F",),
    "view.zoom_in": ("Ctrl+Plus",),
    "view.zoom_out": ("Ctrl+Minus",),
    "view.zoom_reset": ("Ctrl+0",),
    "view.arrange": ("Ctrl+L",),
    "view.outline": ("Ctrl+Shift+O",),
    "view.commands": ("Ctrl+Shift+P",),
    "run.all": ("Ctrl+Enter",),
    "run.selected": ("Shift+Enter",),
    "run.cancel": ("Escape", "Ctrl+Period"),
    "listen.play": ("Space",),
    "listen.monitor": ("L",),
    "listen.compare": ("Shift+L",),
    "listen.switch": ("Grave",),
    "listen.removed": ("R",),
    "listen.loop": ("Ctrl+R",),
    "help.keys": ("Ctrl+Slash",),
    "edit.preferences": ("Ctrl+Comma",),
    "node.edit": ("Enter",),
}

PRESETS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "regroove": _BASE,
    "blender": {
        **_BASE,
        "node.add": ("Shift+A",),
        "edit.duplicate": ("Shift+D",),
        "edit.duplicate_linked": ("Ctrl+Shift+D",),
        "edit.delete": ("X", "Delete"),
        "edit.delete_heal": ("Ctrl+X",),
        "edit.cut": (),
        "edit.select_all": ("A", "Ctrl+A"),
        "node.frame": ("Ctrl+J",),
        "node.bypass": ("M",),
        "view.commands": ("F3",),
        "view.fit_selection": ("Period",),
    },
    "nuke": {
        **_BASE,
        "node.add": ("Tab",),
        "node.bypass": ("D",),
        "view.arrange": ("L",),
        "listen.monitor": ("1",),
        "listen.compare": ("2",),
        "edit.duplicate": ("Alt+C",),
        "edit.duplicate_linked": ("Alt+Shift+C",),
    },
    "comfyui": {
        **_BASE,
        "node.bypass": ("Ctrl+B", "Ctrl+M"),
        "node.collapse": ("Alt+C",),
        "node.frame": ("Ctrl+G",),
        "view.fit_selection": ("Period",),
    },
}
"""By name of the preset: action → chords."""


class Keymap:
    """A preset with the user's own changes.

    Parameters
    ----------
    preset : str
        A name of PRESETS.
    changes : mapping of action name to tuple of str
        Chords that replace the preset's.
    """

    def __init__(
        self, preset: str = "regroove", changes: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self.preset = preset
        self.changes = dict(changes or {})
        named = {**PRESETS[preset], **self.changes}
        self._chords = {action: tuple(map(Chord.parse, texts)) for action, texts in named.items()}
        self._actions: dict[Chord, str] = {}
        # What the user chose wins over the preset.
        for action in sorted(self._chords, key=lambda name: name in self.changes):
            self._actions.update(dict.fromkeys(self._chords[action], action))

    def action(self, chord: Chord) -> str | None:
        """Return the name of the action that a chord does, or None."""
        return self._actions.get(chord)

    def chords(self, action: str) -> tuple[Chord, ...]:
        """Return the chords that do an action."""
        return tuple(chord for chord in self._chords.get(action, ()) if self._actions.get(chord) == action)


def chord_text(chord: Chord) -> str:
    """Return a chord as it is shown, its words in the language in use: "Ctrl+↑"."""
    held = [
        word for word, on in ((_("Ctrl"), chord.ctrl), (_("Shift"), chord.shift), (_("Alt"), chord.alt)) if on
    ]
    key = _ARROWS.get(chord.key) or _SIGNS.get(chord.key) or _(_WORDS.get(chord.key, chord.key))
    return "+".join([*held, key])
