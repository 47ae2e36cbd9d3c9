"""Terminal: what every command of the command line works with, and the codes with which it ends."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from nodegraph.library import Library
from nodegraph.records import jsonable

__all__ = [
    "CANCELLED",
    "NODE_FAILED",
    "NO_CACHE",
    "NO_EDITOR",
    "OUTPUT_REFUSED",
    "REFUSED",
    "Editor",
    "Tools",
    "cancel_on_interrupt",
]

NODE_FAILED, REFUSED, OUTPUT_REFUSED, NO_CACHE, CANCELLED = 1, 3, 4, 5, 130


@dataclass(frozen=True)
class Editor:
    """How the editor is opened; the command line itself knows none.

    Parameters
    ----------
    open : callable
        Opens it on a file, or on nothing, and returns when it is closed.
    refusal : callable
        Why no window can be opened here, or None.
    """

    open: Callable[[Path | None], int]
    refusal: Callable[[], str | None]


NO_EDITOR = Editor(lambda file: REFUSED, lambda: "This command line has no editor.")


@dataclass(frozen=True)
class Tools:
    """What every command works with.

    Parameters
    ----------
    library : Library
        The kinds.
    graphs : Path
        The folder of shipped graphs: they may be named without folder and suffix.
    out, err : Console
        Results, and everything else.
    editor : Editor
        Opens the editor.
    """

    library: Library
    graphs: Path
    out: Console
    err: Console
    editor: Editor

    def emit(self, record: Any) -> None:
        """Print one JSON object."""
        self.out.print_json(json.dumps(jsonable(record)), indent=2)


@contextmanager
def cancel_on_interrupt() -> Iterator[threading.Event]:
    """Let Ctrl-C (and a polite kill) set an event instead of breaking in anywhere."""
    cancel = threading.Event()

    def ask(number: int, frame: object) -> None:
        cancel.set()

    kept: dict[signal.Signals, Callable[..., Any] | int | None] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        kept[number] = signal.signal(number, ask)
    try:
        yield cancel
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
