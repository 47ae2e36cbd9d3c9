"""What a running node talks to: it tells how far it is, learns of a cancel, and borrows threads.

A node function takes `progress: Progress = no_progress` after its parameters. The executor hands in
a live one; called as plain Python, the default never cancels and uses every processor.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TypeVar

from nodegraph.errors import Cancelled

__all__ = ["Progress", "blocks_of", "no_progress", "wanted_block_frames"]

# A cancel is noticed within this time while a node waits for its blocks (s).
_POLL_S = 0.02

_wanted_block_frames: ContextVar[int | None] = ContextVar("regroove_block_frames", default=None)

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@contextmanager
def blocks_of(frames: int) -> Iterator[None]:
    """Have nodes work in blocks of about `frames` inside the `with` block.

    For a passage that would be a single block, so that all processors have some of it; and for tests.
    """
    token = _wanted_block_frames.set(frames)
    try:
        yield
    finally:
        _wanted_block_frames.reset(token)


def wanted_block_frames() -> int | None:
    """Return how long blocks are to be (frames), or None where nobody has said."""
    return _wanted_block_frames.get()


def _ignore(_: object) -> None:
    return


class Progress:
    """A running node's line to whoever runs it.

    Parameters
    ----------
    report : callable
        Takes the share that is done, 0 to 1.
    note : callable
        Takes one sentence for the user (what was found, what was converted on the way).
    cancel : threading.Event
        Set by whoever wants the node to stop.
    pool : Executor, optional
        Threads for `map`; by default one pool for the whole process.
    workers : int
        How many threads `map` may keep busy.
    """

    def __init__(
        self,
        *,
        report: Callable[[float], None] = _ignore,
        note: Callable[[str], None] = _ignore,
        cancel: threading.Event | None = None,
        pool: Executor | None = None,
        workers: int | None = None,
    ) -> None:
        self._report = report
        self._note = note
        self._cancel = cancel or threading.Event()
        self._pool = pool
        self.workers = workers or os.cpu_count() or 1

    def __call__(self, fraction: float) -> None:
        """Tell that `fraction` (0 to 1) is done.

        Raises
        ------
        Cancelled
            If the user cancelled. Call this at least ten times a second.
        """
        self.check()
        self._report(min(1.0, max(0.0, fraction)))

    def check(self) -> None:
        """Raise `Cancelled` if the user cancelled."""
        if self._cancel.is_set():
            raise Cancelled

    def note(self, text: str) -> None:
        """Tell the user one sentence about this result. It is kept with the result."""
        self._note(text)

    def part(self, begin: float, end: float) -> Progress:
        """Return a progress whose 0 to 1 is `begin` to `end` of this one."""

        def scaled(fraction: float) -> None:
            self._report(begin + fraction * (end - begin))

        return Progress(
            report=scaled, note=self._note, cancel=self._cancel, pool=self._pool, workers=self.workers
        )

    def with_note(self, note: Callable[[str], None]) -> Progress:
        """Return this progress with its notes going to `note`."""
        return Progress(
            report=self._report, note=note, cancel=self._cancel, pool=self._pool, workers=self.workers
        )

    def map(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
        """Yield `function(item)` in order, with up to `workers` of them running side by side.

        At most `workers` + 1 results are in flight, so memory stays bounded however long `items` is.
        `function` itself must not call `map`: its thread would wait for threads that wait for it.

        Raises
        ------
        Cancelled
            If the user cancelled, within 20 ms, without waiting for what is in flight.
        """
        if self.workers == 1 and self._pool is None:
            for item in items:
                self.check()
                yield function(item)
            return
        pool = self._pool or _process_pool()
        in_flight: deque[Future[_Result]] = deque()
        try:
            for item in items:
                self.check()
                in_flight.append(pool.submit(function, item))
                if len(in_flight) > self.workers:
                    yield self._await(in_flight.popleft())
            while in_flight:
                yield self._await(in_flight.popleft())
        finally:
            for future in in_flight:
                future.cancel()

    def _await(self, future: Future[_Result]) -> _Result:
        while True:
            try:
                return future.result(timeout=_POLL_S)
            except FutureTimeout:
                if future.done():
                    # Either it ended between the time-out and now, or it raised a TimeoutError itself.
                    return future.result()
                self.check()


@lru_cache(maxsize=1)
def _process_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="regroove-block")


no_progress = Progress()
