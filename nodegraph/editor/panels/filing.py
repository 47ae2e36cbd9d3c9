"""Filing: the document's way to the disk and back: new, open, save, quit, and what goes on meanwhile.

It keeps the journal, notices when somebody else changes the file, and asks before anything is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from nodegraph.document import Document
from nodegraph.editor.desk.actions import Action
from nodegraph.editor.desk.desk import Topic
from nodegraph.editor.desk.files import (
    GRAPH_SUFFIX,
    SHARE_SUFFIX,
    SOUND_SUFFIXES,
    OnDisk,
    add_loads,
    file_kind,
    open_file,
    remembered,
    save_file,
)
from nodegraph.editor.desk.recovery import Recovery, recover
from nodegraph.editor.desk.relocate import with_whole_paths
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.desk.templates import in_users_language
from nodegraph.editor.panels.dialogs import Dialogs
from nodegraph.editor.panels.list_sheet import ListRow, ListSheet
from nodegraph.editor.panels.recordings import Recordings
from nodegraph.editor.panels.safekeeping import Safekeeping
from nodegraph.editor.panels.sharing import Sharing
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.words import N_, _, told
from nodegraph.editor.work.asking import Choice, FileType, Picking, Question
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.errors import DocumentError

__all__ = ["Filing"]

# The file is looked at this often (s).
_LOOK_EVERY_S = 1.0

Then = Callable[[], None]


def _nothing() -> None:
    """Go on with nothing."""


class Filing:
    """A Part without a pane: files.

    Parameters
    ----------
    studio : Studio
        Its desk holds the document; gets the actions of the file menu.
    dialogs : Dialogs
        Asks the user.
    """

    def __init__(self, studio: Studio, dialogs: Dialogs) -> None:
        self._studio, self._dialogs = studio, dialogs
        self._watch = studio.desk.watch()
        self._disk: OnDisk | None = None
        self._look_at = 0.0
        self._safekeeping = Safekeeping(
            studio, dialogs, lambda recovery: self.leave(lambda: self._recover(recovery))
        )
        self.recordings = Recordings(studio, dialogs)
        self._sharing = Sharing(studio, dialogs, self.recordings, self.begin)
        self._add_actions()

    def _add_actions(self) -> None:
        desk = self._studio.desk
        self._studio.actions.add(
            Action("file.new", N_("New"), self.new, icon="file-plus"),
            Action("file.open", N_("Open…"), self.open, icon="folder-open"),
            Action(
                "file.open_recent",
                N_("Open recent…"),
                self.open_recent,
                enabled=lambda: bool(self._studio.settings.recent_files),
                icon="history",
            ),
            Action("file.save", N_("Save"), self.save, icon="save", group=1),
            Action("file.save_as", N_("Save as…"), self.save_as, icon="save", group=1),
            Action(
                "file.share",
                N_("Share…"),
                self._sharing.share,
                enabled=lambda: bool(desk.document.graph.nodes),
                icon="share-2",
                group=2,
            ),
            Action(
                "file.relocate",
                N_("Find missing recordings…"),
                self.recordings.relocate,
                enabled=lambda: bool(self.recordings.missing),
                icon="file-warning",
                group=2,
            ),
            Action("file.quit", N_("Quit"), self.quit, icon="log-out", group=3),
        )

    # --- Part --------------------------------------------------------------------------------

    def build(self, parent: Tag) -> None:
        """See Part."""

    def place(self, pane: Pane) -> None:
        """See Part."""

    def update(self) -> None:
        """See Part."""
        changed = self._watch.take()
        path = self._studio.desk.path
        if path != (self._disk.path if self._disk else None):
            self._disk = OnDisk(path) if path else None
        if changed & (Topic.DOCUMENT | Topic.FILE):
            self._safekeeping.keep()
            self.recordings.follow()
        self._safekeeping.update()
        self._look_at_disk()

    def close(self) -> None:
        """End cleanly: nothing is left to recover."""
        self._safekeeping.close()
        self.recordings.close()
        self._sharing.close()

    # --- new and open --------------------------------------------------------------------------

    def new(self) -> None:
        """Begin with an empty document."""
        self.leave(lambda: self.begin(Document()))

    def begin(
        self, document: Document, monitor: PortRef | None = None, compare: PortRef | None = None
    ) -> None:
        """Begin with an untitled document, and listen to it."""
        desk = self._studio.desk
        desk.open(document, None)
        self._studio.start_page_shown = False
        desk.listen_to(monitor, compare)

    def begin_with_sounds(self, sounds: tuple[Path, ...]) -> None:
        """Begin with an untitled document that loads sound files, and listen to the first."""
        document, added = add_loads(Document(), sounds, (0.0, 0.0), self._studio.library)
        self.begin(document, PortRef(added[0], "audio"))

    def open(self) -> None:
        """Have a file picked and open it."""
        picking = Picking(
            "open",
            _("Open"),
            _("Open"),
            (
                FileType(_("Graphs, shared files, exported sounds"), _OPENED),
                FileType(_("Graphs"), (GRAPH_SUFFIX, SHARE_SUFFIX)),
                FileType(_("All files")),
            ),
        )
        self._dialogs.pick(picking, lambda path: self.open_path(path) if path else None)

    def open_recent(self) -> None:
        """Have one of the recent files chosen and open it."""
        rows = tuple(
            ListRow(name, Path(name).name, str(Path(name).parent), "file")
            for name in self._studio.settings.recent_files
        )

        def done(name: str | None) -> None:
            self._dialogs.close(sheet)
            if name is not None:
                self.open_path(Path(name))

        sheet = ListSheet(self._studio, _("Open recent"), rows, _("Open"), done)
        self._dialogs.show(sheet)

    def open_path(self, path: Path, *, untitled: bool = False) -> None:
        """Open a graph, a shared file, or the graph of a sound file; first ask about unsaved work.

        `untitled` has a graph file opened as a new document.
        """
        self.leave(lambda: self._open(path, untitled=untitled))

    def _open(self, path: Path, *, untitled: bool = False) -> None:
        if file_kind(path) == "shared":
            self._sharing.open(path)
            return
        try:
            document, own = open_file(path, self._studio.library)
        except DocumentError as error:
            self._refuse(_("This file cannot be opened."), error)
            self._forget(path)
            return
        # A shipped graph is a template: what is made of it is saved elsewhere.
        if path.absolute().parent == self._studio.graphs:
            document, untitled = in_users_language(document), True
        if untitled and own is not None:
            document, own = with_whole_paths(document, own.parent, self._studio.library), None
        self._studio.start_page_shown = False
        self._studio.desk.open(document, own)
        self._disk = OnDisk(own) if own else None
        self._remember(path)
        if own is None and not untitled:
            text = _("This is the graph that made “{name}”, as a new document.")
            self._studio.desk.tell(text.format(name=path.name))
        self.recordings.heal()

    def leave(self, then: Then) -> None:
        """Do something that takes the document off the desk; first ask whether to save it."""
        if not self._studio.desk.history.dirty:
            then()
            return
        question = Question(
            _("Save the changes?"),
            _("“{name}” was changed. The changes are lost if they are not saved.").format(name=self._name()),
            (
                Choice("cancel", _("Cancel")),
                Choice("discard", _("Don’t save"), "danger"),
                Choice("save", _("Save")),
            ),
            default="save",
            cancel="cancel",
            icon="triangle-alert",
        )

        def answered(choice: str) -> None:
            if choice == "save":
                self.save(then)
            elif choice == "discard":
                self._safekeeping.forget()
                then()

        self._dialogs.ask(question, answered)

    # --- save ------------------------------------------------------------------------------------

    def save(self, then: Then = _nothing) -> None:
        """Save under the document's own name, or ask for one; then go on."""
        path = self._studio.desk.path
        if path is None:
            self.save_as(then)
        elif self._disk is not None and self._disk.changed() == "changed":
            self._ask_about_change(then)
        else:
            self._save(path, then)

    def save_as(self, then: Then = _nothing) -> None:
        """Ask for a name, save under it, and go on."""
        picking = Picking(
            "save",
            _("Save as"),
            _("Save"),
            (FileType(_("Graphs"), (GRAPH_SUFFIX,)),),
            folder=self._studio.desk.path.parent if self._studio.desk.path else None,
            name=self._name() + GRAPH_SUFFIX,
            suffix=GRAPH_SUFFIX,
        )
        self._dialogs.pick(picking, lambda path: self._save(path, then) if path else None)

    def _save(self, path: Path, then: Then) -> None:
        desk = self._studio.desk
        moved = self.recordings.for_folder(desk.document, path.parent)
        if moved is not desk.document:
            desk.edit(moved, N_("Save as"))
        try:
            path = save_file(self.recordings.remembered(desk.document), path)
        except DocumentError as error:
            self._refuse(_("The document was not saved."), error)
            return
        desk.saved(path)
        self._disk = OnDisk(path)
        self._remember(path)
        desk.tell(_("Saved “{name}”.").format(name=path.name))
        then()

    # --- quit, crash, somebody else's changes ---------------------------------------------------------

    def quit(self) -> None:
        """Ask about unsaved work and end."""
        self.leave(self._end)

    def _end(self) -> None:
        self.close()
        self._studio.quit()

    def _recover(self, recovery: Recovery) -> None:
        desk = self._studio.desk
        try:
            document = recover(recovery, self._studio.library)
        except DocumentError as error:
            self._refuse(_("The document cannot be recovered."), error)
            return
        self._studio.start_page_shown = False
        desk.open(document, recovery.path)
        desk.history.mark_unsaved()
        desk.touch(Topic.FILE)
        self._disk = OnDisk(recovery.path) if recovery.path else None
        self._safekeeping.recovered(recovery)

    def _look_at_disk(self) -> None:
        now = time.monotonic()
        if self._disk is None or now < self._look_at or self._dialogs.showing:
            return
        self._look_at = now + _LOOK_EVERY_S
        match self._disk.changed():
            case "changed":
                self._ask_about_change(_nothing)
            case "gone":
                self._disk.accept()
                self._studio.desk.history.mark_unsaved()
                self._studio.desk.touch(Topic.FILE)
                text = _("“{name}” is no longer on the disk. Save to write it again.")
                self._studio.desk.tell(text.format(name=self._name()), "warning")

    def _ask_about_change(self, then: Then) -> None:
        question = Question(
            _("The file was changed by somebody else"),
            _("“{name}” on the disk is not what this window knows.").format(name=self._name()),
            (
                Choice("reload", _("Reload"), "danger" if self._studio.desk.history.dirty else "plain"),
                Choice("save_as", _("Save mine as…")),
                Choice("keep", _("Keep mine")),
            ),
            default="keep",
            cancel="keep",
            icon="triangle-alert",
            details=str(self._studio.desk.path),
        )
        self._dialogs.ask(question, lambda choice: self._answer_change(choice, then))

    def _answer_change(self, choice: str, then: Then) -> None:
        path = self._studio.desk.path
        assert path is not None
        if self._disk is not None:
            self._disk.accept()
        match choice:
            case "reload":
                self._open(path)
                then()
            case "save_as":
                self.save_as(then)
            case "keep" if then is not _nothing:
                self._save(path, then)
            case _:
                self._studio.desk.history.mark_unsaved()
                self._studio.desk.touch(Topic.FILE)

    # --- small things -----------------------------------------------------------------------------------

    def _name(self) -> str:
        desk = self._studio.desk
        return desk.path.stem if desk.path else desk.document.title.replace("/", "-") or _("Untitled")

    def _remember(self, path: Path) -> None:
        self._studio.prefer(recent_files=remembered(self._studio.settings.recent_files, path))

    def _forget(self, path: Path) -> None:
        recent = self._studio.settings.recent_files
        if str(path) in recent and not path.exists():
            self._studio.prefer(recent_files=tuple(name for name in recent if name != str(path)))

    def _refuse(self, title: str, error: Exception) -> None:
        ok = (Choice("ok", _("OK")),)
        self._dialogs.ask(
            Question(title, told(str(error)), ok, "ok", "ok", "circle-alert"), lambda _choice: None
        )


_OPENED = (GRAPH_SUFFIX, SHARE_SUFFIX, *SOUND_SUFFIXES)
