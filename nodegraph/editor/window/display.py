"""Display: whether a window can be opened here."""

from __future__ import annotations

import ctypes
import os
import sys

from nodegraph.editor.words import _

__all__ = ["no_display"]


def no_display() -> str | None:
    """Return why no window can be opened here, or None if one can.

    DearPyGui aborts the process where there is no display, so that it has to be asked before.
    """
    if not sys.platform.startswith("linux"):
        return None
    if not os.environ.get("DISPLAY"):
        return _("No display: DISPLAY is not set. (Under Wayland, XWayland provides it.)")
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return _("libX11 is not installed, which opens windows. On Debian and Ubuntu: apt install libx11-6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    connection = x11.XOpenDisplay(None)
    if connection is None:
        return _("The display {name} cannot be reached.").format(name=os.environ["DISPLAY"])
    x11.XCloseDisplay(ctypes.c_void_p(connection))
    return None
