"""Room for results: how much they may take, where they lie and how full that is; and a button to clear it."""

from __future__ import annotations

import threading
from functools import partial

import dearpygui.dearpygui as dpg

from nodegraph.editor.panels.fields import TextBox, labelled, words
from nodegraph.editor.words import _, told
from nodegraph.editor.words.values import decimal
from nodegraph.editor.work.lane import Lane
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.errors import CacheError
from nodegraph.shelf import chosen_limit

__all__ = ["Room"]

_GB = 10**9
# Less would not hold one long recording.
_LEAST_GB = 0.5
_LABEL = 0.45


class Room:
    """A part of the preferences.

    Parameters
    ----------
    studio : Studio
        Its cache.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio, self._shelf = studio, studio.cache.shelf
        # What is too much is removed there: that may be many files.
        self._lane = Lane("room", self._raised)
        self._field: TextBox | None = None

    def build(self, parent: Tag) -> None:
        """Make its items."""
        studio = self._studio
        cell = labelled(studio, parent, _("At most (GB)"), width=_LABEL)
        self._field = TextBox(cell, "", self._take, tag="preferences.room", hint=_("Automatic"))
        if chosen_limit() is not None:
            # Whoever started the program decided it.
            dpg.configure_item("preferences.room", enabled=False)
            words(parent, _("REGROOVE_CACHE_GB says it."), colour=studio.colours.quiet)
        words(parent, "", colour=studio.colours.warning, tag="preferences.room.refusal")
        words(parent, "", colour=studio.colours.quiet, tag="preferences.room.used")
        dpg.add_button(
            label=studio.actions["run.clear_cache"].text,
            parent=parent,
            tag="preferences.room.clear",
            callback=partial(studio.actions.do, "run.clear_cache"),
        )
        self._show("")

    def _show(self, refusal: str) -> None:
        """Show what there is; also after the sheet was closed."""
        if self._field is None or not dpg.does_item_exist(self._field.item):
            return
        shelf, kept = self._shelf, chosen_limit() or self._shelf.kept_limit
        self._field.show("" if kept is None else decimal(f"{kept / _GB:g}"), _("Automatic"))
        dpg.set_value("preferences.room.refusal", refusal)
        dpg.configure_item("preferences.room.refusal", show=bool(refusal))
        text = _("{used} of {limit} GB in {folder}").format(
            used=decimal(f"{shelf.used_bytes() / _GB:.1f}"),
            limit=decimal(f"{shelf.limit_bytes / _GB:.3g}"),
            folder=shelf.folder,
        )
        dpg.set_value("preferences.room.used", text)

    def _take(self, text: str) -> None:
        text = text.strip().replace(",", ".")
        try:
            limit = float(text) if text else None
        except ValueError:
            limit = 0.0
        if limit is not None and not _LEAST_GB <= limit < float("inf"):
            self._show(
                _("Enter a number of gigabytes, {least} or more.").format(least=decimal(f"{_LEAST_GB:g}"))
            )
            return

        def keep(_cancel: threading.Event) -> None:
            self._shelf.keep_within(None if limit is None else round(limit * _GB))
            self._studio.inbox.post(partial(self._show, ""))

        self._lane.do(keep)

    def _raised(self, error: Exception) -> None:
        def on_the_windows_thread() -> None:
            if not isinstance(error, CacheError):
                raise error
            self._show(told(str(error)))

        self._studio.inbox.post(on_the_windows_thread)
