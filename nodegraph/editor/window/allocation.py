"""Allocation: how the C library hands out memory to the threads of the editor."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["share_memory"]

# mallopt(3): the most arenas that there may be.
_M_ARENA_MAX, _ARENAS = -8, 2


def share_memory() -> bool:
    """Have all threads share two arenas; return whether the C library can do that.

    By default glibc gives each thread one of its own, up to eight per processor, and what is freed in
    one helps no other: passages are made by ever new threads, and the editor grew by 15 MB within two
    minutes' work, where it grows by 3 MB now, and begins 27 MB lower.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS))
    except AttributeError:
        # Not every C library on Linux has arenas.
        return False
