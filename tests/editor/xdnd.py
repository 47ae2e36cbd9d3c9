"""Drops files on a window as a file manager does: `xdnd.py TITLE X Y FILE…` (X11, XDND version 5).

The place is counted from the screen's corner.

Run as a program, so that it is another client of the X server, as the real one is.

References
----------
freedesktop.org, "Drag-and-Drop Protocol for the X Window System", version 5.
"""

from __future__ import annotations

import ctypes as c
import sys
import time
from pathlib import Path

x = c.CDLL("libX11.so.6")
_Id = c.c_ulong
CLIENT_MESSAGE, SELECTION_REQUEST, SELECTION_NOTIFY = 33, 30, 31


class Client(c.Structure):
    _fields_ = (
        ("type", c.c_int),
        ("serial", c.c_ulong),
        ("send_event", c.c_int),
        ("display", c.c_void_p),
        ("window", _Id),
        ("message_type", _Id),
        ("format", c.c_int),
        ("data", c.c_long * 5),
    )


class Request(c.Structure):
    _fields_ = (
        ("type", c.c_int),
        ("serial", c.c_ulong),
        ("send_event", c.c_int),
        ("display", c.c_void_p),
        ("owner", _Id),
        ("requestor", _Id),
        ("selection", _Id),
        ("target", _Id),
        ("property", _Id),
        ("time", _Id),
    )


class Notify(c.Structure):
    _fields_ = (
        ("type", c.c_int),
        ("serial", c.c_ulong),
        ("send_event", c.c_int),
        ("display", c.c_void_p),
        ("requestor", _Id),
        ("selection", _Id),
        ("target", _Id),
        ("property", _Id),
        ("time", _Id),
    )


class Event(c.Union):
    _fields_ = (
        ("type", c.c_int),
        ("client", Client),
        ("request", Request),
        ("notify", Notify),
        ("pad", c.c_long * 24),
    )


for name, result, arguments in (
    ("XOpenDisplay", c.c_void_p, [c.c_char_p]),
    ("XDefaultRootWindow", _Id, [c.c_void_p]),
    ("XInternAtom", _Id, [c.c_void_p, c.c_char_p, c.c_int]),
    ("XCreateSimpleWindow", _Id, [c.c_void_p, _Id, *[c.c_int] * 2, *[c.c_uint] * 3, _Id, _Id]),
    ("XSetSelectionOwner", c.c_int, [c.c_void_p, _Id, _Id, _Id]),
    ("XSendEvent", c.c_int, [c.c_void_p, _Id, c.c_int, c.c_long, c.c_void_p]),
    ("XNextEvent", c.c_int, [c.c_void_p, c.c_void_p]),
    ("XPending", c.c_int, [c.c_void_p]),
    ("XFlush", c.c_int, [c.c_void_p]),
    ("XFree", c.c_int, [c.c_void_p]),
    (
        "XGetWindowProperty",
        c.c_int,
        [c.c_void_p, _Id, _Id, c.c_long, c.c_long, c.c_int, _Id, *[c.c_void_p] * 5],
    ),
    ("XQueryTree", c.c_int, [c.c_void_p, _Id, *[c.c_void_p] * 4]),
    ("XChangeProperty", c.c_int, [c.c_void_p, _Id, _Id, _Id, c.c_int, c.c_int, c.c_char_p, c.c_int]),
):
    function = getattr(x, name)
    function.restype, function.argtypes = result, arguments


class Source:
    """Who drops."""

    def __init__(self) -> None:
        self.display = x.XOpenDisplay(None)
        self.root = x.XDefaultRootWindow(self.display)
        self.window = x.XCreateSimpleWindow(self.display, self.root, 0, 0, 1, 1, 0, 0, 0)

    def atom(self, name: str) -> int:
        return x.XInternAtom(self.display, name.encode(), 0)

    def name(self, window: int) -> str:
        """Return a window's title; the older WM_NAME holds no dashes."""
        kind, form, count, rest, text = _Id(), c.c_int(), c.c_ulong(), c.c_ulong(), c.c_char_p()
        ends = [c.byref(each) for each in (kind, form, count, rest, text)]
        x.XGetWindowProperty(self.display, window, self.atom("_NET_WM_NAME"), 0, 256, 0, 0, *ends)
        found = (text.value or b"").decode()
        if text:
            x.XFree(text)
        return found

    def find(self, title: str, parent: int = 0) -> int:
        parent = parent or self.root
        if title in self.name(parent):
            return parent
        ignored, children, count = _Id(), c.POINTER(_Id)(), c.c_uint()
        ends = (c.byref(ignored), c.byref(ignored), c.byref(children), c.byref(count))
        x.XQueryTree(self.display, parent, *ends)
        found = (self.find(title, children[i]) for i in range(count.value))
        return next((each for each in found if each), 0)

    def send(self, target: int, name: str, *data: int) -> None:
        event = Event()
        event.client.type, event.client.window = CLIENT_MESSAGE, target
        event.client.message_type, event.client.format = self.atom(name), 32
        for index, value in enumerate((self.window, *data)):
            event.client.data[index] = value
        x.XSendEvent(self.display, target, 0, 0, c.byref(event))
        x.XFlush(self.display)

    def wait(self, name: str, uris: bytes, timeout_s: float = 30.0) -> None:
        """Answer requests for what is dropped until a message of that name comes."""
        end, event = time.monotonic() + timeout_s, Event()
        while time.monotonic() < end:
            if not x.XPending(self.display):
                time.sleep(0.01)
                continue
            x.XNextEvent(self.display, c.byref(event))
            if event.type == CLIENT_MESSAGE and event.client.message_type == self.atom(name):
                return
            if event.type == SELECTION_REQUEST:
                self.answer(event.request, uris)
        raise SystemExit(f"no {name} came")

    def answer(self, request: Request, uris: bytes) -> None:
        x.XChangeProperty(
            self.display, request.requestor, request.property, request.target, 8, 0, uris, len(uris)
        )
        event = Event()
        event.notify.type, event.notify.requestor = SELECTION_NOTIFY, request.requestor
        event.notify.selection, event.notify.target = request.selection, request.target
        event.notify.property, event.notify.time = request.property, request.time
        x.XSendEvent(self.display, request.requestor, 0, 0, c.byref(event))
        x.XFlush(self.display)


def drop(title: str, px: int, py: int, files: list[Path]) -> None:
    source = Source()
    target = source.find(title)
    if not target:
        raise SystemExit(f"no window is called {title}")
    uris = "".join(f"{file.absolute().as_uri()}\r\n" for file in files).encode()
    now = 0
    x.XSetSelectionOwner(source.display, source.atom("XdndSelection"), source.window, now)
    source.send(target, "XdndEnter", 5 << 24, source.atom("text/uri-list"), 0, 0)
    source.send(target, "XdndPosition", 0, px << 16 | py, now, source.atom("XdndActionCopy"))
    source.wait("XdndStatus", uris)
    source.send(target, "XdndDrop", 0, now)
    source.wait("XdndFinished", uris)


if __name__ == "__main__":
    drop(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), [Path(name) for name in sys.argv[4:]])
