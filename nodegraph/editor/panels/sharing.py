"""Sharing: the dialog that writes one file to be given away, and what happens when one is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import dearpygui.dearpygui as dpg

from nodegraph.document import Document
from nodegraph.editor.desk.files import SHARE_SUFFIX
from nodegraph.editor.desk.folders import size_text
from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.desk.relocate import InputFile
from nodegraph.editor.desk.share import Excerpt, Shared, read_shared, unpack, write_shared
from nodegraph.editor.panels.button_row import ButtonRow
from nodegraph.editor.panels.dialogs import Dialogs
from nodegraph.editor.panels.fields import labelled, words
from nodegraph.editor.panels.recordings import Recordings
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.panels.waiting import Waiting
from nodegraph.editor.words import _, ngettext, told
from nodegraph.editor.work.asking import Choice, FileType, Picking, Question
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.errors import DocumentError

__all__ = ["Sharing"]

_WIDTH = 500
_SECONDS, _MOST_SECONDS = 20.0, 120.0


@dataclass
class _Wish:
    with_excerpts: bool = True
    begin_s: float = 0.0
    seconds: float = _SECONDS


class Sharing:
    """Writes and opens shared files.

    Parameters
    ----------
    studio : Studio
        Its desk holds the document.
    dialogs : Dialogs
        Asks the user.
    recordings : Recordings
        What the document reads.
    begin : callable
        Takes an untitled document to the desk.
    """

    def __init__(
        self, studio: Studio, dialogs: Dialogs, recordings: Recordings, begin: Callable[[Document], None]
    ) -> None:
        self._studio, self._dialogs = studio, dialogs
        self._recordings, self._begin = recordings, begin
        self._waiting = Waiting(studio, dialogs)

    # --- giving -------------------------------------------------------------------------------

    def share(self) -> None:
        """Ask what to give along and where to write it, and write it."""
        self._recordings.look()
        missing = {each.path for each in self._recordings.missing}
        files = tuple(each for each in self._recordings.files if each.path not in missing)
        wish = _Wish(bool(files), self._begin_of_region())

        def done(accepted: bool) -> None:
            self._dialogs.close(sheet)
            if accepted:
                self._pick(wish, files)

        sheet = _ShareSheet(self._studio, wish, files, done)
        self._dialogs.show(sheet)

    def _begin_of_region(self) -> float:
        region = self._studio.desk.region
        return region[0] if region else 0.0

    def _pick(self, wish: _Wish, files: tuple[InputFile, ...]) -> None:
        desk = self._studio.desk
        name = desk.path.stem if desk.path else desk.document.title.replace("/", "-") or _("Untitled")
        picking = Picking(
            "save",
            _("Share as"),
            _("Share"),
            (FileType(_("Shared files"), (SHARE_SUFFIX,)),),
            name=name + SHARE_SUFFIX,
            suffix=SHARE_SUFFIX,
        )
        self._dialogs.pick(picking, lambda path: self._write(path, wish, files) if path else None)

    def _write(self, path: Path, wish: _Wish, files: tuple[InputFile, ...]) -> None:
        chosen = files if wish.with_excerpts else ()
        excerpts = [Excerpt(each, wish.begin_s, wish.seconds) for each in chosen]
        document, library = self._studio.desk.document, self._studio.library

        def write(progress: Callable[[float], None]) -> tuple[str, ...]:
            # The file dialog has asked whether an existing file may be replaced.
            return write_shared(document, path, library, excerpts, overwrite=True, progress=progress)

        self._waiting.wait_for(
            _("Writing “{name}”…").format(name=path.name),
            write,
            partial(self._tell_written, path),
            partial(self._refuse, _("Nothing was shared.")),
        )

    def _tell_written(self, path: Path, left_out: tuple[str, ...]) -> None:
        desk = self._studio.desk
        size = size_text(path.stat().st_size)
        desk.tell(_("“{name}” can be given away now ({size}).").format(name=path.name, size=size))
        if left_out:
            text = ngettext(
                "Of {names} no excerpt could be made; it is left out.",
                "Of {names} no excerpts could be made; they are left out.",
                len(left_out),
            )
            desk.tell(text.format(names=", ".join(left_out)), "warning")

    # --- receiving --------------------------------------------------------------------------------

    def open(self, path: Path) -> None:
        """Open a shared file as an untitled document; ask where its excerpts go."""
        try:
            shared = read_shared(path, self._studio.library)
        except DocumentError as error:
            self._refuse(_("This file cannot be opened."), error)
            return
        if not shared.excerpts:
            self._begin(shared.document)
            self._recordings.heal()
            return
        count = len(shared.excerpts)
        text = ngettext(
            "It holds an excerpt of a recording ({size}).",
            "It holds excerpts of {count} recordings ({size}).",
            count,
        ).format(count=count, size=size_text(shared.bytes))
        question = Question(
            _("Unpack the excerpts?"),
            text + " " + _("They go into a new folder beside the file, unless you choose another place."),
            (
                Choice("cancel", _("Cancel")),
                Choice("other", _("Choose a folder…")),
                Choice("here", _("Unpack")),
            ),
            default="here",
            cancel="cancel",
            icon="package",
            details=str(path.parent),
        )
        self._dialogs.ask(question, lambda choice: self._answer(shared, choice))

    def _answer(self, shared: Shared, choice: str) -> None:
        if choice == "here":
            self._unpack(shared, shared.path.parent)
        elif choice == "other":
            picking = Picking("folder", _("Where do the excerpts go?"), _("Unpack here"))
            self._dialogs.pick(picking, lambda path: self._unpack(shared, path) if path else None)

    def _unpack(self, shared: Shared, folder: Path) -> None:
        self._waiting.wait_for(
            _("Unpacking the excerpts…"),
            partial(unpack, shared, folder, self._studio.library),
            self._begin,
            partial(self._refuse, _("The excerpts were not unpacked.")),
        )

    def close(self) -> None:
        """Give up what is being written or unpacked."""
        self._waiting.close()

    def _refuse(self, title: str, error: Exception) -> None:
        ok = (Choice("ok", _("OK")),)
        self._dialogs.ask(
            Question(title, told(str(error)), ok, "ok", "ok", "circle-alert"), lambda _choice: None
        )


class _ShareSheet:
    width = _WIDTH

    def __init__(
        self, studio: Studio, wish: _Wish, files: tuple[InputFile, ...], done: Callable[[bool], None]
    ) -> None:
        self._studio, self._wish, self._files, self._done = studio, wish, files, done
        choices = (Choice("cancel", _("Cancel")), Choice("share", _("Share…")))
        self._buttons = ButtonRow(
            studio, choices, "share", "cancel", lambda name: self._done(name == "share")
        )
        self._fields: list[Tag] = []

    def build(self, parent: Tag) -> None:
        studio, wish = self._studio, self._wish
        width = round(_WIDTH * studio.scale)
        words(parent, _("Share"), font=FONTS.title)
        text = _(
            "One file with the graph, for somebody else or for another computer. Names of your folders and "
            "your user name are left out."
        )
        words(parent, text, wrap=width)
        dpg.add_spacer(height=round(6 * studio.scale), parent=parent)
        dpg.add_checkbox(
            label=_("With short excerpts of the recordings"),
            parent=parent,
            default_value=wish.with_excerpts,
            enabled=bool(self._files),
            callback=self._toggle,
        )
        names = ", ".join(each.path.name for each in self._files)
        words(
            parent,
            names or _("No recording is there that an excerpt could be made of."),
            colour=studio.colours.quiet,
            font=FONTS.small,
            wrap=width,
        )
        self._fields = [
            self._number(parent, "begin_s", _("From (s)"), 0.0, 36_000.0),
            self._number(parent, "seconds", _("Length (s)"), 0.1, _MOST_SECONDS),
        ]
        self._toggle(0, wish.with_excerpts)
        self._buttons.build(parent, width)

    def _number(self, parent: Tag, name: str, label: str, least: float, most: float) -> Tag:
        """Add a field for what is wished, by the wish's name for it."""
        cell = labelled(self._studio, parent, label)
        field: Tag = dpg.add_input_float(
            parent=cell,
            tag=f"share.{name}",
            default_value=getattr(self._wish, name),
            min_value=least,
            max_value=most,
            min_clamped=True,
            max_clamped=True,
            step=0,
            format="%.1f",
            width=round(120 * self._studio.scale),
            callback=lambda _sender, value: setattr(self._wish, name, value),
        )
        return field

    def _toggle(self, _sender: Tag, on: bool) -> None:
        self._wish.with_excerpts = on
        for field in self._fields:
            dpg.configure_item(field, enabled=on)

    def take(self, chord: Chord) -> bool:
        return str(chord) not in ("Left", "Right") and self._buttons.take(chord)

    def update(self) -> None:
        self._buttons.update()

    def dropped(self) -> None:
        pass
