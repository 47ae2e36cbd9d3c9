"""A user inside of the process: moves the mouse, presses keys, types text; the window draws between.

The events enter where those of the operating system do: the Linux wheel of DearPyGui exports ImGui's
functions. Their mangled names belong to the pinned version.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from pathlib import Path

import dearpygui._dearpygui as native
import dearpygui.dearpygui as dpg

_LIBRARY = ctypes.CDLL(native.__file__)
# Within this time two clicks are one (Dear ImGui's own is 0.3 s).
_DOUBLE_CLICK_S = 0.35
_MODIFIERS = {
    "Ctrl": (1 << 12, dpg.mvKey_LControl),
    "Shift": (1 << 13, dpg.mvKey_LShift),
    "Alt": (1 << 14, dpg.mvKey_LAlt),
    "Space": (dpg.mvKey_Spacebar,),
}
# Dear ImGui's numbers where DearPyGui's constants are those of another library.
_KEYS = {
    "Enter": dpg.mvKey_Return,
    "Escape": dpg.mvKey_Escape,
    "Space": dpg.mvKey_Spacebar,
    "Backspace": dpg.mvKey_Back,
    "Delete": dpg.mvKey_Delete,
    "Tab": dpg.mvKey_Tab,
    "PageUp": dpg.mvKey_Down + 1,
    "PageDown": dpg.mvKey_Down + 2,
    "Grave": 606,
    "Plus": 602,
    "Minus": dpg.mvKey_Minus,
    "Period": dpg.mvKey_Period,
    "Comma": dpg.mvKey_Comma,
    "Slash": dpg.mvKey_Slash,
}


def _function(name: str, result: type | None, *arguments: type) -> Callable[..., object]:
    function = _LIBRARY[name]
    function.restype = result
    function.argtypes = list(arguments)
    return function


_c = ctypes
_io = _function("_ZN5ImGui5GetIOEv", _c.c_void_p)
_move = _function("_ZN7ImGuiIO16AddMousePosEventEff", None, _c.c_void_p, _c.c_float, _c.c_float)
_button = _function("_ZN7ImGuiIO19AddMouseButtonEventEib", None, _c.c_void_p, _c.c_int, _c.c_bool)
_wheel = _function("_ZN7ImGuiIO18AddMouseWheelEventEff", None, _c.c_void_p, _c.c_float, _c.c_float)
_key = _function("_ZN7ImGuiIO11AddKeyEventE8ImGuiKeyb", None, _c.c_void_p, _c.c_int, _c.c_bool)
_text = _function("_ZN7ImGuiIO22AddInputCharactersUTF8EPKc", None, _c.c_void_p, _c.c_char_p)
_window = _function("glfwGetCurrentContext", _c.c_void_p)
_set_cursor = _function("glfwSetCursorPos", None, _c.c_void_p, _c.c_double, _c.c_double)


def close_context() -> None:
    """Close DearPyGui so that it can be opened again in this process.

    Without this the operating system's window stays, and its next event kills the process
    (hoffstadt/DearPyGui issue 2662).
    """
    window = _window()
    _function("_Z26ImGui_ImplOpenGL3_Shutdownv", None)()
    _function("_Z23ImGui_ImplGlfw_Shutdownv", None)()
    _function("glfwDestroyWindow", None, _c.c_void_p)(window)
    _function("glfwTerminate", None)()
    dpg.destroy_context()


class User:
    """A user.

    Parameters
    ----------
    pump : callable
        Draws a frame and does what the window does between frames.
    """

    def __init__(self, pump: Callable[[], None]) -> None:
        self.pump = pump
        self._pulled_at = -_DOUBLE_CLICK_S
        # The real pointer is parked inside: a focused window reads it again each frame otherwise.
        for place in ((40, 40), (60, 60)):
            _set_cursor(_window(), *place)
            self.frames(2)

    def frames(self, count: int = 2) -> None:
        for _ in range(count):
            self.pump()

    def wait(self, condition: Callable[[], object], timeout_s: float = 30.0, what: str = "") -> None:
        """Draw until something holds; fail after a while."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, f"waited in vain for {what or condition}"
            self.pump()

    # --- mouse -------------------------------------------------------------------------------

    def move(self, x: float, y: float) -> None:
        _move(_io(), x, y)
        self.frames(2)

    def press(self, button: int = 0) -> None:
        _button(_io(), button, True)
        self.frames(2)

    def release(self, button: int = 0) -> None:
        _button(_io(), button, False)
        self.frames(2)

    def click(self, x: float, y: float, button: int = 0, held: str = "") -> None:
        self.move(x, y)
        self._hold(held, True)
        self.press(button)
        self.release(button)
        self._hold(held, False)

    def double_click(self, x: float, y: float) -> None:
        self.move(x, y)
        for down in (True, False, True, False):
            _button(_io(), 0, down)
            self.frames(1)
        self.frames(2)

    def drag(
        self,
        begin: tuple[float, float],
        end: tuple[float, float],
        button: int = 0,
        steps: int = 6,
        held: str = "",
    ) -> None:
        self.move(*begin)
        # Who pulls at the same place again takes longer than a double click may.
        while time.monotonic() - self._pulled_at < _DOUBLE_CLICK_S:
            self.pump()
        self._pulled_at = time.monotonic()
        self._hold(held, True)
        self.press(button)
        for step in range(1, steps + 1):
            share = step / steps
            self.move(begin[0] + (end[0] - begin[0]) * share, begin[1] + (end[1] - begin[1]) * share)
        self.release(button)
        self._hold(held, False)

    def wheel(self, x: float, y: float, notches: float) -> None:
        self.move(x, y)
        _wheel(_io(), 0, notches)
        self.frames(2)

    # --- keys --------------------------------------------------------------------------------

    def key(self, chord: str) -> None:
        """Press a key as in "Ctrl+Shift+Z"."""
        *held, name = chord.split("+")
        code = _KEYS.get(name) or getattr(dpg, f"mvKey_{name}")
        self._hold("+".join(held), True)
        # Dear ImGui takes them in two frames, however long those last: it repeats a key that is held.
        _key(_io(), code, True)
        _key(_io(), code, False)
        self.frames(3)
        self._hold("+".join(held), False)
        self.frames(1)

    def hold(self, chord: str, repeats: int = 3) -> None:
        """Hold a key until Dear ImGui has repeated it so many times."""
        *held, name = chord.split("+")
        code = _KEYS.get(name) or getattr(dpg, f"mvKey_{name}")
        presses: list[int] = []
        with dpg.handler_registry() as registry:
            dpg.add_key_press_handler(code, callback=lambda: presses.append(code))
        self._hold("+".join(held), True)
        _key(_io(), code, True)
        self.wait(lambda: len(presses) > repeats, what=f"{chord} to repeat")
        _key(_io(), code, False)
        self.frames(3)
        self._hold("+".join(held), False)
        self.frames(1)
        dpg.delete_item(registry)

    def type(self, text: str) -> None:
        _text(_io(), text.encode())
        self.frames(2)

    def _hold(self, names: str, down: bool) -> None:
        for name in filter(None, names.split("+")):
            for code in _MODIFIERS[name] if down else reversed(_MODIFIERS[name]):
                _key(_io(), code, down)
        if names:
            self.frames(1)

    # --- looking -----------------------------------------------------------------------------

    def middle(self, item: int | str) -> tuple[float, float]:
        """Return the middle of an item on the screen."""
        x, y = dpg.get_item_rect_min(item)
        width, height = dpg.get_item_rect_size(item)
        return x + width / 2, y + height / 2

    def click_item(self, item: int | str) -> None:
        self.click(*self.middle(item))

    def shot(self, path: Path) -> Path:
        """Write a picture of the window."""
        path.unlink(missing_ok=True)
        dpg.output_frame_buffer(str(path))
        self.wait(lambda: path.exists() and path.stat().st_size > 0, what="the picture")
        return path
