"""History: undo and redo as a list of documents."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from nodegraph.document import Document

__all__ = ["History"]

# Documents share their parts, so that a step costs little; far beyond what anybody goes back.
_MOST_STEPS = 1000


@dataclass(frozen=True)
class _Step:
    document: Document
    label: str
    merge: Hashable | None


class History:
    """The documents that there have been.

    Parameters
    ----------
    document : Document
        The first.
    """

    def __init__(self, document: Document) -> None:
        self._steps = [_Step(document, "", None)]
        self._now = 0
        self._saved: Document | None = document
        self._edits = 0

    @property
    def document(self) -> Document:
        """The document as it is now."""
        return self._steps[self._now].document

    @property
    def edits(self) -> int:
        """How many edits, undos and redos there have been; a drag counts once."""
        return self._edits

    @property
    def dirty(self) -> bool:
        """Whether it differs from what was saved last."""
        return self.document is not self._saved and self.document != self._saved

    def mark_saved(self) -> None:
        """Take the document as it is now for saved."""
        self._saved = self.document
        self.close_step()

    def mark_unsaved(self) -> None:
        """Take what is on disk for lost: a recovered document, or a file that was removed."""
        self._saved = None

    def do(self, document: Document, label: str, merge: Hashable | None = None) -> None:
        """Add a step.

        Parameters
        ----------
        document : Document
            The new one.
        label : str
            What was done, as shown in the menu: "Undo: Move nodes".
        merge : hashable, optional
            A step with the merge key of the step before replaces it: one drag is one step.
        """
        now = self._steps[self._now]
        if document is now.document:
            return
        del self._steps[self._now + 1 :]
        if merge is not None and merge == now.merge and self._now > 0:
            self._steps[self._now] = _Step(document, label, merge)
            return
        self._edits += 1
        self._steps.append(_Step(document, label, merge))
        if len(self._steps) > _MOST_STEPS:
            del self._steps[0]
        self._now = len(self._steps) - 1

    def close_step(self) -> None:
        """Let nothing merge with the step before: the mouse button was released."""
        now = self._steps[self._now]
        self._steps[self._now] = _Step(now.document, now.label, None)

    @property
    def open(self) -> bool:
        """Whether more may merge with the newest step: something is being dragged."""
        return self._steps[self._now].merge is not None

    def abandon(self, merge: Hashable) -> bool:
        """Take the newest step back for good if it has that merge key; return whether it had.

        A gesture that is cancelled was never there: nothing can redo it.
        """
        if self._now == 0 or self._steps[self._now].merge != merge:
            return False
        del self._steps[self._now :]
        self._now -= 1
        return True

    @property
    def undo_label(self) -> str | None:
        """What `undo` would undo, or None."""
        return self._steps[self._now].label if self._now > 0 else None

    @property
    def redo_label(self) -> str | None:
        """What `redo` would do again, or None."""
        return self._steps[self._now + 1].label if self._now + 1 < len(self._steps) else None

    def undo(self) -> bool:
        """Go one step back; return whether there was one."""
        self.close_step()
        if self._now == 0:
            return False
        self._now -= 1
        self._edits += 1
        return True

    def redo(self) -> bool:
        """Go one step forth; return whether there was one."""
        if self._now + 1 == len(self._steps):
            return False
        self._now += 1
        self._edits += 1
        return True
