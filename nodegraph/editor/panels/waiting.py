"""Waiting: a dialog over something that is done in the background; it shows how far that is, and cancels."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.panels.button_row import ButtonRow
from nodegraph.editor.panels.dialogs import Dialogs
from nodegraph.editor.panels.fields import words
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import _
from nodegraph.editor.work.asking import Choice
from nodegraph.editor.work.lane import Lane, checking
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.errors import Cancelled, RegrooveError

__all__ = ["Waiting"]

_WIDTH = 420

_Made = TypeVar("_Made")


class Waiting:
    """Has something done on another thread while a dialog waits for it.

    Parameters
    ----------
    studio : Studio
        Its inbox brings what happens to the window's thread.
    dialogs : Dialogs
        Show it.
    """

    def __init__(self, studio: Studio, dialogs: Dialogs) -> None:
        self._studio, self._dialogs = studio, dialogs
        self._lane = Lane("waiting", self._raised)

    def wait_for(
        self,
        title: str,
        work: Callable[[Callable[[float], None]], _Made],
        then: Callable[[_Made], None],
        refused: Callable[[RegrooveError], None],
    ) -> None:
        """Do some work.

        Parameters
        ----------
        title : str
            What is done, in the language in use.
        work : callable
            Does it, on another thread. It calls what it is given with how far it is, 0 to 1, and often: that
            raises `Cancelled` once the user does not want it any more.
        then : callable
            Takes what was made, on the window's thread; not called if it was cancelled in time.
        refused : callable
            Takes why it could not be done.
        """
        # Not the lane's: that forgets a task that has not begun, and the dialog would wait for ever.
        unwanted = threading.Event()
        sheet = _WaitSheet(self._studio, title, unwanted.set)
        post = self._studio.inbox.post

        def end(call: Callable[[], None]) -> None:
            def ended() -> None:
                self._dialogs.close(sheet)
                call()

            post(ended)

        def task(cancel: threading.Event) -> None:
            checks = checking(cancel), checking(unwanted)

            def progress(share: float) -> None:
                for check in checks:
                    check()
                post(lambda: sheet.show(share), ("waiting", id(sheet)))

            try:
                progress(0.0)
                made = work(progress)
            except Cancelled:
                end(_nothing)
            except RegrooveError as error:
                # Python forgets the name at the end of this block.
                why = error
                end(lambda: refused(why))
            except Exception:
                end(_nothing)
                raise
            else:
                end(lambda: then(made))

        self._dialogs.show(sheet)
        self._lane.do(task)

    def close(self) -> None:
        """Give up what is being done."""
        self._lane.cancel()

    def _raised(self, error: Exception) -> None:
        def on_the_windows_thread() -> None:
            raise error

        self._studio.inbox.post(on_the_windows_thread)


def _nothing() -> None:
    """Go on with nothing."""


class _WaitSheet:
    width = _WIDTH

    def __init__(self, studio: Studio, title: str, cancel: Callable[[], None]) -> None:
        self._studio, self._title, self._cancel = studio, title, cancel
        self._buttons = ButtonRow(
            studio, (Choice("cancel", _("Cancel")),), "cancel", "cancel", lambda _name: self._cancel()
        )
        self._share, self._bar = 0.0, 0

    def build(self, parent: Tag) -> None:
        width = round(self.width * self._studio.scale)
        words(parent, self._title, font=FONTS.title, wrap=width)
        dpg.add_spacer(height=round(6 * self._studio.scale), parent=parent)
        self._bar = dpg.add_progress_bar(parent=parent, tag="waiting.progress", width=width)
        self.show(self._share)
        self._buttons.build(parent, width)

    def show(self, share: float) -> None:
        """Show how far it is; also when it is over, as this may have waited in the inbox."""
        self._share = share
        if self._bar and dpg.does_item_exist(self._bar):
            dpg.set_value(self._bar, share)
            dpg.configure_item(self._bar, overlay=f"{share * 100:.0f} %")

    def take(self, chord: Chord) -> bool:
        return self._buttons.take(chord)

    def update(self) -> None:
        self._buttons.update()

    def dropped(self) -> None:
        pass
