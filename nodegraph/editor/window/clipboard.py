"""The system's clipboard. Reading it must not end the editor.

`dpg.get_clipboard_text` makes a string of what GLFW returns, and GLFW returns nothing where the clipboard
is empty or holds a picture: the process is aborted. So GLFW is asked here, where its functions can be
reached (the Linux wheel exports them); Windows is asked first whether there is a text.
"""

from __future__ import annotations

import ctypes
import platform

import dearpygui.dearpygui as dpg

from nodegraph.editor.work.editing import Clipboard

__all__ = ["system_clipboard"]

_CF_UNICODETEXT = 13


def system_clipboard() -> Clipboard:
    """Return the system's clipboard; without a text on it, "" is read."""
    return Clipboard(_read, dpg.set_clipboard_text)


def _read() -> str:
    system = platform.system()
    if system == "Linux":
        return _read_by_glfw()
    if system == "Windows" and not _windows_has_text():
        return ""
    text: str = dpg.get_clipboard_text()
    return text


def _windows_has_text() -> bool:
    user32 = ctypes.CDLL("user32")
    return bool(user32.IsClipboardFormatAvailable(_CF_UNICODETEXT))


def _read_by_glfw() -> str:
    import dearpygui._dearpygui as native

    library = ctypes.CDLL(native.__file__)
    library.glfwGetClipboardString.restype = ctypes.c_char_p
    library.glfwGetClipboardString.argtypes = [ctypes.c_void_p]
    # The window is not needed since GLFW 3.3.
    found: bytes | None = library.glfwGetClipboardString(None)
    return (found or b"").decode("utf-8", errors="replace")
