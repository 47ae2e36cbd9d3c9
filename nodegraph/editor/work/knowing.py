"""Knowing: has it found out in the background what is known of each node, and how loud results are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.listen.sound import Sound
from nodegraph.editor.work.knowledge import Inquiry, Knowledge, Known
from nodegraph.editor.work.lane import Lane, checking
from nodegraph.editor.work.levels import Levels
from nodegraph.perform import Session

__all__ = ["Knowing"]

Post = Callable[[Callable[[], None], str], None]
"""Has a call made on the window's thread; a later one under the same name replaces it."""


class Knowing:
    """Two lanes: one finds out what is known, one measures what has not been measured.

    Parameters
    ----------
    cache : Cache
        Asked what is there.
    post : callable
        See `Post`.
    raised : callable
        Takes what kept a lane from its work; called on that lane's thread.
    """

    def __init__(self, cache: Cache, post: Post, raised: Callable[[Exception], None]) -> None:
        self._cache, self._post = cache, post
        self._knowledge, self._levels = Knowledge(cache), Levels(cache.ledger)
        self._knowing, self._measuring = Lane("knowing", raised), Lane("measuring", raised)

    def know(
        self,
        document: Document,
        session: Session,
        ports: frozenset[PortRef],
        failures: dict[str, str],
        take: Callable[[Known], None],
    ) -> None:
        """Find out what is known; `take` is called with it on the window's thread."""

        def task(cancel: threading.Event) -> None:
            self._levels.recall()
            inquiry = Inquiry(document, session, ports, failures, self._levels.known)
            known = self._knowledge.answer(inquiry, checking(cancel))
            self._post(partial(take, known), "known")

        self._knowing.do(task)

    def measure(self, known: Known, measured: Callable[[], None]) -> None:
        """Measure how loud the results are that are there, unless that is being done.

        `measured` is called on the window's thread whenever there is something new to know.
        """
        wanted = {level: types for level, types in known.audible.items() if level not in self._levels.known}
        if not wanted or self._measuring.busy:
            return

        def task(cancel: threading.Event) -> None:
            try:
                for level, types in wanted.items():
                    entry = self._cache.load(level[0], types)
                    if entry is not None:
                        self._levels.measure(level, Sound(entry.values[level[1]], level[0]), cancel)
                        self._post(measured, "measured")
            finally:
                self._levels.keep()

        self._measuring.do(task)

    def rest(self) -> None:
        """Stop measuring: something more urgent needs the processors."""
        self._measuring.cancel()
