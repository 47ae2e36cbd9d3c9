"""Files dropped on the window by the operating system.

DearPyGui's GLFW accepts the drop and discards it. On Linux its wheel exports GLFW's functions, so that
a callback can be set; where that is not so, there is no drop and everything else works.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["FileDrop"]

_Callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p))


class FileDrop:
    """Hands on what is dropped.

    Parameters
    ----------
    on_drop : callable
        Takes the paths, on the window's thread, while a frame is drawn: post to the inbox in it.
    """

    def __init__(self, on_drop: Callable[[tuple[Path, ...]], None]) -> None:
        self._on_drop = on_drop
        # GLFW keeps a pointer only: this must live as long as the window.
        self._callback = _Callback(self._dropped)

    def attach(self) -> bool:
        """Listen to the window that was opened last; return whether that works here."""
        library = _glfw()
        window = library.glfwGetCurrentContext() if library else None
        if not window:
            return False
        library.glfwSetDropCallback(window, self._callback)
        return True

    def _dropped(self, _window: Any, count: int, names: Any) -> None:
        # GLFW hands out UTF-8; a name that is none keeps its bytes.
        self._on_drop(tuple(Path(names[i].decode(errors="surrogateescape")) for i in range(count)))


def _glfw() -> Any:
    """Return the library that holds GLFW, or None."""
    if not sys.platform.startswith("linux"):
        return None
    import dearpygui._dearpygui as native

    try:
        library = ctypes.CDLL(native.__file__)
        library.glfwGetCurrentContext.restype = ctypes.c_void_p
        library.glfwSetDropCallback.restype = ctypes.c_void_p
        library.glfwSetDropCallback.argtypes = [ctypes.c_void_p, _Callback]
    except (OSError, AttributeError):
        return None
    return library
