"""Asks a window to close, as window managers do: `xclose.py TITLE` (X11, ICCCM 4.2.8.1)."""

from __future__ import annotations

import ctypes
import sys

from xdnd import CLIENT_MESSAGE, Event, Source, x


def close(title: str) -> None:
    client = Source()
    target = client.find(title)
    if not target:
        raise SystemExit(f"no window is called {title}")
    event = Event()
    event.client.type, event.client.window = CLIENT_MESSAGE, target
    event.client.message_type, event.client.format = client.atom("WM_PROTOCOLS"), 32
    event.client.data[0] = client.atom("WM_DELETE_WINDOW")
    x.XSendEvent(client.display, target, 0, 0, ctypes.byref(event))
    x.XFlush(client.display)
    x.XCloseDisplay(ctypes.c_void_p(client.display))


if __name__ == "__main__":
    close(sys.argv[1])
