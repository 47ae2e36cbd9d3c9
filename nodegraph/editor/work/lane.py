"""Lane: one thing at a time in the background, and always the latest one that was asked for."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from nodegraph.errors import Cancelled

__all__ = ["Lane", "Task", "checking"]

Task = Callable[[threading.Event], None]
"""Something to do; it looks at the event and ends soon after that is set."""

# The window's thread draws first; on Linux a thread has a niceness of its own, which the threads that
# it starts inherit.
_NICENESS = 5


class Lane:
    """A thread that does the latest task that it was given; a new task cancels the one before.

    Parameters
    ----------
    name : str
        Of the thread, as debuggers show it.
    raised : callable
        Takes what a task raises; called on the lane's thread. A task that ends by `Cancelled` has
        ended as it should.
    """

    def __init__(self, name: str, raised: Callable[[Exception], None]) -> None:
        self._name, self._raised = name, raised
        self._lock = threading.Lock()
        self._waiting: tuple[Task, threading.Event] | None = None
        self._doing: threading.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether it does something or is about to."""
        return self._thread is not None

    def do(self, task: Task) -> None:
        """Do `task` instead of whatever is done or waits."""
        with self._lock:
            if self._doing is not None:
                self._doing.set()
            self._waiting = (task, threading.Event())
            if self._thread is None:
                # It ends when nothing waits: an idle editor has no idle threads.
                self._thread = threading.Thread(target=self._work, name=f"regroove-{self._name}", daemon=True)
                self._thread.start()

    def cancel(self) -> None:
        """Stop what is done, and forget what waits."""
        with self._lock:
            self._waiting = None
            if self._doing is not None:
                self._doing.set()

    def _next(self) -> tuple[Task, threading.Event] | None:
        with self._lock:
            following, self._waiting = self._waiting, None
            self._doing = following[1] if following is not None else None
            if following is None:
                self._thread = None
            return following

    def _work(self) -> None:
        if hasattr(os, "setpriority"):
            try:
                usual = os.getpriority(os.PRIO_PROCESS, os.getpid())
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), usual + _NICENESS)
            except OSError:
                # Only Linux gives each thread a niceness of its own; elsewhere all threads are equal.
                pass
        while (following := self._next()) is not None:
            task, cancel = following
            try:
                task(cancel)
            except Cancelled:
                continue
            except Exception as error:
                self._raised(error)


def checking(cancel: threading.Event) -> Callable[[], None]:
    """Return a function that raises `Cancelled` once the event is set."""

    def check() -> None:
        if cancel.is_set():
            raise Cancelled

    return check
