"""A window that nobody touches sleeps, and wakes with the first event."""

import ctypes
import threading
import time

import pytest

from nodegraph.editor.window.doorbell import Doorbell
from nodegraph.editor.window.window import Window

LONG_S = 30.0


class Pointer:
    """Another program that moves the pointer."""

    def __init__(self, screen):
        self.x11 = ctypes.CDLL("libX11.so.6")
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        self.x11.XDefaultRootWindow.restype = ctypes.c_ulong
        self.display = ctypes.c_void_p(self.x11.XOpenDisplay(screen.encode()))
        self.root = ctypes.c_ulong(self.x11.XDefaultRootWindow(self.display))
        self.at = 100

    def move(self):
        self.at += 7
        nowhere = ctypes.c_ulong(0)
        self.x11.XWarpPointer(self.display, nowhere, self.root, 0, 0, 0, 0, self.at, self.at)
        self.x11.XSync(self.display, 0)

    def close(self):
        self.x11.XCloseDisplay(self.display)


@pytest.fixture
def pointer(screen):
    pointer = Pointer(screen)
    yield pointer
    pointer.close()


def settled(bell, pump):
    """Draw until no event is left."""
    while bell.wait(0.3):
        pump()


def test_the_pointer_wakes_the_window(editor, pointer):
    with Doorbell() as bell:
        settled(bell, editor.user.pump)
        threading.Timer(0.1, pointer.move).start()
        assert bell.wait(LONG_S) == "input"


def test_an_event_from_before_the_wait_wakes_it_too(editor, pointer):
    with Doorbell() as bell:
        settled(bell, editor.user.pump)
        pointer.move()
        # It was read together with something else, and lies in this process.
        assert bell._server.has_events()
        assert bell.wait(LONG_S) == "input"


def test_a_thread_wakes_the_window(editor):
    with Doorbell() as bell:
        settled(bell, editor.user.pump)
        threading.Timer(0.1, bell.ring).start()
        assert bell.wait(LONG_S) == "rung"
        assert bell.wait(0.05) == ""


def test_more_rings_than_anybody_hears_do_not_hold_up_who_rings(editor):
    with Doorbell() as bell:
        settled(bell, editor.user.pump)
        for _ring in range(100_000):
            bell.ring()
        assert bell.wait(LONG_S) == "rung"
    bell.ring()


def test_without_a_window_a_thread_is_heard():
    with Doorbell() as bell:
        bell._server = None
        bell.ring()
        assert bell.wait(LONG_S) == "rung"
        assert bell.wait(0.01) == ""


class Watch:
    """Counts the frames of a window's own loop; ends it after some seconds."""

    def __init__(self, window, seconds, meanwhile=lambda: None):
        self.window, self.frames, self.meanwhile = window, 0, meanwhile
        self.begin, self.seconds = time.monotonic(), seconds

    def busy(self):
        past = time.monotonic() - self.begin
        self.frames += past > self.seconds / 2
        if past > self.seconds:
            self.window.running = False
        self.meanwhile()
        return False


def test_a_window_that_nobody_touches_draws_twice_a_second(editor):
    watch = Watch(editor.window, 4.0)
    editor.window.running = True
    editor.window.run(watch.busy)
    assert 1 <= watch.frames <= 6


def test_what_a_thread_posts_is_done_though_nobody_touches_the_window(editor, monkeypatch):
    monkeypatch.setattr("nodegraph.editor.window.window._IDLE_S", LONG_S)
    monkeypatch.setattr("nodegraph.editor.window.window._AWAKE_S", 0.1)
    window: Window = editor.window
    window.running = True
    begin = time.monotonic()
    threading.Timer(1.0, lambda: window.studio.inbox.post(window.quit)).start()
    window.run()
    assert time.monotonic() - begin < LONG_S / 2
