"""Safekeeping: the journal of this window, and the offer of what others left behind."""

from __future__ import annotations

from collections.abc import Callable

from nodegraph.editor.desk.folders import date_text
from nodegraph.editor.desk.journal import Journal
from nodegraph.editor.desk.recovery import Recovery, discard, left_behind
from nodegraph.editor.panels.dialogs import Dialogs
from nodegraph.editor.words import _, ngettext, told
from nodegraph.editor.work.asking import Choice, Question
from nodegraph.editor.work.studio import Studio

__all__ = ["Safekeeping"]


class Safekeeping:
    """Keeps every edit, and offers what windows left behind that did not end as they should.

    Parameters
    ----------
    studio : Studio
        Its desk holds the document.
    dialogs : Dialogs
        Asks the user.
    on_recover : callable
        Takes what the user wants back.
    """

    def __init__(self, studio: Studio, dialogs: Dialogs, on_recover: Callable[[Recovery], None]) -> None:
        self._studio, self._dialogs, self._on_recover = studio, dialogs, on_recover
        self._journal = Journal()
        self._offers = list(left_behind())

    def keep(self) -> None:
        """Write down the document as it is now, or nothing if it is saved."""
        desk = self._studio.desk
        if desk.history.dirty:
            self._journal.record(desk.document, desk.path, desk.history.edits)
        else:
            self._journal.clear()

    def forget(self) -> None:
        """Forget this window's edits: they are not wanted."""
        self._journal.clear()

    def recovered(self, recovery: Recovery) -> None:
        """Remove what was left behind, once its document, now on the desk, is in this window's journal."""
        self.keep()
        if self._journal.flush():
            discard(recovery)

    def update(self) -> None:
        """Tell of trouble; offer what was left behind."""
        trouble = self._journal.take_trouble()
        if trouble:
            text = _("Edits cannot be kept for recovery after a crash: {reason}.")
            self._studio.desk.tell(text.format(reason=told(trouble)), "warning")
        if self._offers and not self._dialogs.showing:
            self._offer(self._offers.pop(0))

    def close(self) -> None:
        """End cleanly: nothing is left to recover."""
        self._journal.close()

    def _offer(self, recovery: Recovery) -> None:
        name = recovery.path.name if recovery.path else recovery.title or _("Untitled")
        text = ngettext(
            "The editor did not end as it should. {count} edit was not saved, made on {date}.",
            "The editor did not end as it should. {count} edits were not saved, the last one made on {date}.",
            recovery.edits,
        )
        question = Question(
            _("Recover “{name}”?").format(name=name),
            text.format(count=recovery.edits, date=date_text(recovery.time_s)),
            (
                Choice("later", _("Later")),
                Choice("discard", _("Discard"), "danger"),
                Choice("recover", _("Recover")),
            ),
            default="recover",
            cancel="later",
            icon="history",
            details=str(recovery.path) if recovery.path else "",
        )
        self._dialogs.ask(question, lambda choice: self._answer(recovery, choice))

    def _answer(self, recovery: Recovery, choice: str) -> None:
        if choice == "discard":
            discard(recovery)
        elif choice == "recover":
            self._on_recover(recovery)
