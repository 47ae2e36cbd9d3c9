"""Inbox: what other threads want done on the window's thread."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

__all__ = ["Inbox"]


class Inbox:
    """A queue of calls. Any thread posts; the window's thread drains it once per frame."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: OrderedDict[Hashable, Callable[[], None]] = OrderedDict()
        self._number = 0
        self.on_post: Callable[[], None] = _nothing
        """Called after each post, by the thread that posts: wakes a window that sleeps."""

    def post(self, call: Callable[[], None], key: Hashable | None = None) -> None:
        """Have `call` made on the window's thread.

        Parameters
        ----------
        call : callable
            Without arguments.
        key : hashable, optional
            A later call with the same key replaces one that still waits: the latest progress wins.
        """
        with self._lock:
            if key is None:
                self._number += 1
                key = (id(self), self._number)
            self._calls.pop(key, None)
            self._calls[key] = call
        self.on_post()

    def drain(self, budget_s: float = 0.005) -> int:
        """Make the waiting calls, oldest first, until the time is used up; return how many were made."""
        end = time.perf_counter() + budget_s
        made = 0
        while True:
            with self._lock:
                if not self._calls:
                    return made
                _, call = self._calls.popitem(last=False)
            call()
            made += 1
            if time.perf_counter() > end:
                return made


def _nothing() -> None:
    return
