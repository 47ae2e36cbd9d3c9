"""Background: one thread for slow work. Of what is asked under one name only the latest counts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["Background", "Post", "Stop"]

Stop = Callable[[], bool]
"""Says whether the work is no longer wanted; asked by the work itself, often."""

Post = Callable[[Callable[[], None]], None]
"""Has a call made on the window's thread, such as `Inbox.post`."""

_Result = TypeVar("_Result")


@dataclass(eq=False)
class _Job:
    work: Callable[[Stop], Any]
    done: Callable[[Any], None]
    failed: Callable[[Exception], None]
    unwanted: bool = False

    def stop(self) -> bool:
        return self.unwanted


class Background:
    """One thread for slow work. The thread begins with the first work.

    Parameters
    ----------
    post : callable
        How a result comes to the window's thread.
    name : str
        Of the thread.
    """

    def __init__(self, post: Post, name: str = "listening") -> None:
        self.post, self._name = post, name
        self._changed = threading.Condition()
        self._waiting: OrderedDict[Hashable, _Job] = OrderedDict()
        # The latest of each name, until its result was taken.
        self._latest: dict[Hashable, _Job] = {}
        self._working = False
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(
        self,
        name: Hashable,
        work: Callable[[Stop], _Result],
        done: Callable[[_Result], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Have work done. It replaces what waits or runs under the same name.

        Parameters
        ----------
        name : hashable
            What the work is for.
        work : callable
            Given `stop`, returns the result; on the background's thread.
        done : callable
            Given the result, on the window's thread; not called when the work was replaced meanwhile.
        failed : callable
            Given the error, likewise.
        """
        with self._changed:
            if self._closed:
                return
            self._drop(name)
            self._waiting[name] = self._latest[name] = _Job(work, done, failed)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def cancel(self, name: Hashable) -> None:
        """Give up what is asked under a name, also a result that was not taken yet."""
        with self._changed:
            self._drop(name)

    @property
    def busy(self) -> bool:
        """Whether anything waits or runs."""
        with self._changed:
            return bool(self._waiting) or self._working

    def close(self) -> None:
        """Give everything up and end the thread."""
        with self._changed:
            self._closed = True
            for name in list(self._latest):
                self._drop(name)
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout=5.0)

    def _drop(self, name: Hashable) -> None:
        self._waiting.pop(name, None)
        latest = self._latest.pop(name, None)
        if latest is not None:
            latest.unwanted = True

    def _work(self) -> None:
        while True:
            with self._changed:
                self._working = False
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                name, job = self._waiting.popitem(last=False)
                self._working = True
            try:
                self._hand_over(name, job, job.done, job.work(job.stop))
            except Exception as error:
                self._hand_over(name, job, job.failed, error)

    def _hand_over(self, name: Hashable, job: _Job, take: Callable[[Any], None], result: object) -> None:
        def call() -> None:
            with self._changed:
                # It may have been replaced while it lay in the inbox.
                if job.unwanted:
                    return
                self._latest.pop(name, None)
            take(result)

        if not job.unwanted:
            self.post(call)
