"""Doorbell: waits until the user touches the window or a thread has something to say.

A window that sleeps between rare frames would be late when somebody comes back. On Linux it waits for its
connection to the X server instead, and wakes with the first event: DearPyGui's wheel exports GLFW's
functions, so that the connection is known. Elsewhere the wait is cut into pieces.
"""

from __future__ import annotations

import ctypes
import os
import select
import sys
import threading
import time
from types import TracebackType
from typing import Any, Literal

__all__ = ["Doorbell"]

# Where input cannot be waited for it is looked for so often (s).
_LOOK_S = 1 / 8
# XEventsQueued: what was read already and what can be read without waiting (Xlib.h, QueuedAfterReading).
_AFTER_READING = 1


class Doorbell:
    """Wakes the window. To be entered and left on the window's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pipe: tuple[int, int] | None = None
        self._rung = threading.Event()
        self._server = _server()

    def __enter__(self) -> Doorbell:
        if self._server is not None:
            self._pipe = os.pipe()
            for end in self._pipe:
                os.set_blocking(end, False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            ends, self._pipe = self._pipe or (), None
            for end in ends:
                os.close(end)

    def ring(self) -> None:
        """Have `wait` return. Any thread may."""
        with self._lock:
            self._rung.set()
            if self._pipe is not None:
                try:
                    os.write(self._pipe[1], b"\0")
                except BlockingIOError:
                    # It is full of rings that nobody has heard yet: one more says nothing new.
                    pass

    def wait(self, seconds: float) -> Literal["", "rung", "input"]:
        """Return when the time is over or something happens; say what it was."""
        if self._server is None or self._pipe is None:
            if not self._rung.wait(min(seconds, _LOOK_S)):
                return ""
            self._rung.clear()
            return "rung"
        end = time.monotonic() + seconds
        # What was read together with something else wakes no one.
        while not self._server.has_events():
            left = end - time.monotonic()
            if left <= 0.0:
                return ""
            ready, _, _ = select.select([self._server.connection, self._pipe[0]], [], [], left)
            if self._pipe[0] in ready:
                os.read(self._pipe[0], 1 << 16)
                return "rung"
        return "input"


class _Server:
    """The window's connection to the X server."""

    def __init__(self, x11: Any, display: int) -> None:
        self._events_queued, self._display = x11.XEventsQueued, ctypes.c_void_p(display)
        self.connection: int = x11.XConnectionNumber(self._display)

    def has_events(self) -> bool:
        """Return whether an event waits to be taken."""
        return bool(self._events_queued(self._display, _AFTER_READING))


def _server() -> _Server | None:
    """Return the connection of the window that is open, or None."""
    if not sys.platform.startswith("linux"):
        return None
    import dearpygui._dearpygui as native

    try:
        library, x11 = ctypes.CDLL(native.__file__), ctypes.CDLL("libX11.so.6")
        library.glfwGetX11Display.restype = ctypes.c_void_p
        display = library.glfwGetX11Display()
    except (OSError, AttributeError):
        return None
    return _Server(x11, display) if display else None
