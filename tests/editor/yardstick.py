"""A yardstick for processor time: a bar is said for one machine, and is as far away on a slower one."""

import json
import statistics
import time
from collections.abc import Callable
from hashlib import blake2b

__all__ = ["plain_seconds"]

# What `_plain_work` takes on the machine that the bars were set on (s).
_PLAIN_S = 0.0055
_TRIES = 9


def plain_seconds(work: Callable[[], object]) -> float:
    """Return how long this thread would compute on the machine that the bars were set on.

    The work and a plain piece of Python are done in turns, so that both meet the same moments of a busy
    machine; the middle one of the tries counts.
    """
    ratios = []
    for _ in range(_TRIES):
        plain = _own(_plain_work)
        ratios.append(_own(work) / plain)
    return statistics.median(ratios) * _PLAIN_S


def _own(work: Callable[[], object]) -> float:
    begin = time.thread_time()
    work()
    return time.thread_time() - begin


def _plain_work() -> int:
    """Do what the bars' owners do most: make mappings, write JSON, and take digests of it."""
    found = {}
    for number in range(600):
        settings = {f"p{place}": float(place * number) for place in range(4)}
        text = json.dumps([str(number), settings, [["audio", str(number), "x"]]], sort_keys=True)
        found[blake2b(text.encode()).hexdigest()] = settings
    return len(found)
