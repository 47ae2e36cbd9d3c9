"""Keys: what is pressed becomes a Chord, and a chord the action that the keymap has for it."""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Keys"]

# Dear ImGui's numbers: DearPyGui 2.3.1 gives those of GLFW for these four, which never come.
_PAGE_UP, _PAGE_DOWN, _EQUAL, _GRAVE = 517, 518, 602, 606
_NAMED = {
    "Enter": dpg.mvKey_Return,
    "KeypadEnter": dpg.mvKey_NumPadEnter,
    "Escape": dpg.mvKey_Escape,
    "Space": dpg.mvKey_Spacebar,
    "Backspace": dpg.mvKey_Back,
    "Delete": dpg.mvKey_Delete,
    "Insert": dpg.mvKey_Insert,
    "Tab": dpg.mvKey_Tab,
    "Grave": _GRAVE,
    "Plus": _EQUAL,
    "Minus": dpg.mvKey_Minus,
    "Period": dpg.mvKey_Period,
    "Comma": dpg.mvKey_Comma,
    "Slash": dpg.mvKey_Slash,
    "Home": dpg.mvKey_Home,
    "End": dpg.mvKey_End,
    "PageUp": _PAGE_UP,
    "PageDown": _PAGE_DOWN,
    "Up": dpg.mvKey_Up,
    "Down": dpg.mvKey_Down,
    "Left": dpg.mvKey_Left,
    "Right": dpg.mvKey_Right,
}
_LETTERS = {letter: getattr(dpg, f"mvKey_{letter}") for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}
_FUNCTION_KEYS = {f"F{number}": getattr(dpg, f"mvKey_F{number}") for number in range(1, 13)}
_CODES = {**_NAMED, **_LETTERS, **_FUNCTION_KEYS}
# The keypad's Enter does what Enter does.
_SAME = {"KeypadEnter": "Enter"}
# With Ctrl, these edit the text that is being typed.
_TEXT_KEYS = frozenset({"A", "C", "V", "X", "Z", "Y", "Left", "Right", "Backspace", "Delete"})
# These go step by step while they are held, whoever takes them. All others are done once per press, unless
# their action says that it repeats: an Enter that closed a list must not press what comes into its place.
_STEPPING = frozenset({"Up", "Down", "Left", "Right", "PageUp", "PageDown"})
# Space pans while the mouse is dragged with it, and plays when it was only tapped.
_ON_RELEASE = "Space"


class Keys:
    """Listens to the keyboard.

    Parameters
    ----------
    studio : Studio
        Its keymap and actions; its `takers` have each chord first.
    typing : callable
        Whether a text is being typed: then keys belong to the text.
    """

    def __init__(self, studio: Studio, typing: Callable[[], bool]) -> None:
        self._studio, self._typing = studio, typing
        self._space_dragged = False
        # By name: pressed, and not let go since.
        self._held: set[str] = set()

    def build(self) -> Tag:
        """Register the handlers; return their registry."""
        registry: Tag = dpg.add_handler_registry()
        for name, code in _CODES.items():
            dpg.add_key_press_handler(code, parent=registry, user_data=name, callback=self._pressed)
        dpg.add_key_release_handler(_NAMED[_ON_RELEASE], parent=registry, callback=self._space_released)
        dpg.add_mouse_click_handler(parent=registry, callback=self._clicked)
        return registry

    def update(self) -> None:
        """Learn which keys were let go: called once per frame, before the presses of that frame are told."""
        self._held = {name for name in self._held if dpg.is_key_down(_CODES[name])}

    def _clicked(self) -> None:
        if dpg.is_key_down(_NAMED[_ON_RELEASE]):
            self._space_dragged = True

    def _space_released(self) -> None:
        if not self._space_dragged:
            self._press(self._chord(_ON_RELEASE))
        self._space_dragged = False

    def _pressed(self, _sender: Tag, _data: object, name: str) -> None:
        if name == _ON_RELEASE:
            return
        repeated = name in self._held
        self._held.add(name)
        chord = self._chord(_SAME.get(name, name))
        if not repeated or chord.key in _STEPPING or self._repeats(chord):
            self._press(chord)

    def _repeats(self, chord: Chord) -> bool:
        action = self._studio.keymap.action(chord)
        return action is not None and action in self._studio.actions and self._studio.actions[action].repeats

    def _press(self, chord: Chord) -> None:
        # A taker may take itself off the list.
        if any(taker(chord) for taker in reversed(list(self._studio.takers))):
            return
        if self._typing() and _belongs_to_text(chord):
            return
        action = self._studio.keymap.action(chord)
        if action is not None and action in self._studio.actions:
            self._studio.actions.do(action)

    @staticmethod
    def _chord(name: str) -> Chord:
        def held(*codes: int) -> bool:
            return any(dpg.is_key_down(code) for code in codes)

        return Chord(
            name,
            ctrl=held(dpg.mvKey_LControl, dpg.mvKey_RControl),
            shift=held(dpg.mvKey_LShift, dpg.mvKey_RShift),
            alt=held(dpg.mvKey_LAlt, dpg.mvKey_RAlt),
        )


def _belongs_to_text(chord: Chord) -> bool:
    """Return whether a text field takes this key. Ctrl+S and function keys reach the editor even so."""
    if chord.key in _FUNCTION_KEYS:
        return False
    return not chord.ctrl or chord.key in _TEXT_KEYS
