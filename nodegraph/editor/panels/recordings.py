"""Recordings: the files that the document reads: remembered, missed, and found again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nodegraph.document import Document
from nodegraph.editor.desk.relocate import (
    InputFile,
    Missing,
    find_files,
    input_files,
    missing_files,
    relocated,
    remember_files,
    with_whole_paths,
)
from nodegraph.editor.panels.dialogs import Dialogs
from nodegraph.editor.panels.list_sheet import ListRow, ListSheet
from nodegraph.editor.words import N_, _, ngettext
from nodegraph.editor.work.asking import Choice, FileType, Picking, Question
from nodegraph.editor.work.studio import Studio
from nodegraph.errors import Cancelled
from nodegraph.graph import Graph, NodeId

__all__ = ["Recordings"]

Found = dict[tuple[NodeId, str], Path]


class Recordings:
    """The files that the document reads.

    Parameters
    ----------
    studio : Studio
        Its desk holds the document.
    dialogs : Dialogs
        Asks where files are.
    """

    def __init__(self, studio: Studio, dialogs: Dialogs) -> None:
        self._studio, self._dialogs = studio, dialogs
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="recordings")
        self._digests: dict[Path, str] = {}
        self._asked: set[Path] = set()
        self._closing = threading.Event()
        self._base, self._path = Path(), studio.desk.path
        self._seen: tuple[Graph | None, Path | None] = (None, None)
        self._looked_at: tuple[InputFile, ...] = ()
        self.missing: tuple[Missing, ...] = ()

    @property
    def files(self) -> tuple[InputFile, ...]:
        """Those of the document on the desk."""
        return input_files(self._studio.desk.document, self._base, self._studio.library)

    def follow(self) -> None:
        """Look if the document reads other files than before."""
        desk = self._studio.desk
        seen = (desk.document.graph, desk.path)
        if seen[0] is self._seen[0] and seen[1] == self._seen[1]:
            return
        self._seen = seen
        if self.files != self._looked_at or desk.path != self._path:
            self.look()

    def look(self) -> None:
        """See what the document reads now, and have digests made in the background."""
        desk = self._studio.desk
        self._path = desk.path
        self._base = desk.path.parent if desk.path else Path()
        self._looked_at = self.files
        self.missing = missing_files(desk.document, self._base, self._studio.library)
        for each in self._looked_at:
            if each.path not in self._asked and each.path.is_file():
                self._asked.add(each.path)
                self._pool.submit(self._digest, each.path)

    def remembered(self, document: Document) -> Document:
        """Return the document with what is to be remembered of its files."""
        return remember_files(document, self.files, self._digests)

    def for_folder(self, document: Document, folder: Path) -> Document:
        """Return the document as it reads the same files from another folder."""
        if self._base.absolute() == folder.absolute():
            return document
        return with_whole_paths(document, self._base, self._studio.library)

    def close(self) -> None:
        """Give up what goes on in the background."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    # --- missing ones ------------------------------------------------------------------------------

    def heal(self) -> None:
        """Look beside the document for what is missing in it, and say what is still missing then."""
        self.look()
        if not self.missing:
            return
        if self._studio.desk.path is None:
            self._tell_missing()
            return
        self._search([self._base], self._healed)

    def _healed(self, found: Found) -> None:
        self._take(found)
        if self.missing:
            self._tell_missing()

    def _tell_missing(self) -> None:
        text = ngettext(
            "A recording is missing: {name}. File, Find missing recordings… looks for it.",
            "{count} recordings are missing, such as {name}. File, Find missing recordings… looks for them.",
            len(self.missing),
        )
        text = text.format(count=len(self.missing), name=self.missing[0].name)
        self._studio.desk.tell(text, "warning")

    def relocate(self) -> None:
        """Have the place of missing files shown, one of them or the folder that holds all."""
        self.look()
        if not self.missing:
            return
        rows = tuple(
            ListRow(
                f"{number}", each.name, _("was in {folder}").format(folder=each.path.parent), "file-warning"
            )
            for number, each in enumerate(self.missing)
        )
        rows = (
            ListRow("folder", _("Search a folder for all of them"), _("and the folders in it"), "search"),
            *rows,
        )

        def done(name: str | None) -> None:
            self._dialogs.close(sheet)
            if name == "folder":
                self._pick_folder()
            elif name is not None:
                self._pick_file(self.missing[int(name)])

        sheet = ListSheet(self._studio, _("Find missing recordings"), rows, _("Choose…"), done)
        self._dialogs.show(sheet)

    def _pick_folder(self) -> None:
        picking = Picking("folder", _("Where are the recordings?"), _("Search here"))
        self._dialogs.pick(picking, lambda path: self._search([path], self._searched) if path else None)

    def _pick_file(self, missing: Missing) -> None:
        types = (FileType(_("Sounds like it"), (missing.path.suffix.lower(),)), FileType(_("All files")))
        title = _("Where is “{name}” now?").format(name=missing.name)
        picking = Picking("open", title, _("Choose"), types)
        self._dialogs.pick(picking, lambda path: self._place(missing, path) if path else None)

    def _place(self, missing: Missing, path: Path) -> None:
        """Take a file for a missing one, and look beside it for the others."""
        self._take({(missing.node_id, missing.param): path})
        if self.missing:
            self._search([path.parent], self._searched_more)

    def _searched_more(self, found: Found) -> None:
        self._take(found)

    def _searched(self, found: Found) -> None:
        self._take(found)
        if found:
            text = ngettext("{count} recording was found.", "{count} recordings were found.", len(found))
            self._studio.desk.tell(text.format(count=len(found)))
            return
        question = Question(
            _("Nothing was found"),
            _("None of the missing recordings is there. A file that was changed is not taken for it."),
            (Choice("ok", _("OK")), Choice("again", _("Another folder…"))),
            default="again",
            cancel="ok",
            icon="search",
        )
        self._dialogs.ask(question, lambda choice: self._pick_folder() if choice == "again" else None)

    def _take(self, found: Found) -> None:
        desk = self._studio.desk
        still = {key: path for key, path in found.items() if key[0] in desk.document.graph.nodes}
        if still:
            desk.edit(relocated(desk.document, still, self._studio.library), N_("Find recordings"))
        self.look()

    # --- in the background --------------------------------------------------------------------------

    def _search(self, folders: Iterable[Path], done: Callable[[Found], None]) -> None:
        missing, folders = self.missing, tuple(folders)
        document = self._studio.desk.history

        def work() -> None:
            try:
                found = find_files(missing, folders, self._studio.cache.ledger, self._check)
            except Cancelled:
                return
            self._studio.inbox.post(lambda: finish(found))

        def finish(found: Found) -> None:
            # Another document may have come to the desk meanwhile.
            if self._studio.desk.history is document:
                done(found)

        self._pool.submit(work)

    def _digest(self, path: Path) -> None:
        try:
            digest = self._studio.cache.ledger.digest(path, self._check)
        except (OSError, Cancelled):
            # Not readable now: it is remembered by its name and size.
            return
        self._studio.inbox.post(lambda: self._digests.update({path: digest}))

    def _check(self) -> None:
        if self._closing.is_set():
            raise Cancelled
