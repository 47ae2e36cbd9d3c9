"""Additions: what can be added to this machine (extras, weights of models), and the job that adds it.

One job at a time, on a thread of its own; what it tells comes through the inbox.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nodegraph.editor.work.lane import Lane
from nodegraph.editor.work.studio import Studio
from nodegraph.environments import environment_versions
from nodegraph.errors import Cancelled, RegrooveError
from nodegraph.installed import is_installed
from nodegraph.progress import Progress
from nodegraph.requirement import Extra, Requirement
from nodegraph.weights import Weights, absent_files

# Loaded with the window: what only a sheet that is opened needs is imported then.
if TYPE_CHECKING:
    from nodegraph.extras import ExtraState

__all__ = ["Addition", "AdditionState", "Additions"]

Kind = Literal["extra", "weights"]
What = Literal["here", "partly", "missing", "unfit"]

_STATES: Mapping[str, What] = {
    "installed": "here",
    "partly": "partly",
    "missing": "missing",
    "not for this Python": "unfit",
}


@dataclass(frozen=True)
class AdditionState:
    """How an addition stands.

    Parameters
    ----------
    what : {"here", "partly", "missing", "unfit"}
        "unfit": it cannot be had on this machine.
    reason : str
        Of the latter, or what is still missing.
    """

    what: What
    reason: str = ""


@dataclass(frozen=True)
class Addition:
    """Something that can be added.

    Parameters
    ----------
    kind, name : str
        What it is: by these it is known.
    text : str
        What it makes possible; in English, as the catalogue has it.
    licence : str
        Of what it brings.
    commercial : bool
        The licence allows commercial use.
    download_bytes, disk_bytes : int
        0 where that is not known.
    state : AdditionState
        As it was when it was last looked at.
    get, remove : callable
        Add it, take it away; called on a thread of its own.
    """

    kind: Kind
    name: str
    text: str
    licence: str
    commercial: bool
    download_bytes: int
    disk_bytes: int
    state: AdditionState
    get: Callable[[Progress], object]
    remove: Callable[[Progress], object]


@dataclass(frozen=True)
class Job:
    """What is being done.

    Parameters
    ----------
    kind, name : str
        Of the addition; no name for weights that are looked for in a folder.
    removing : bool
        It is taken away.
    fraction : float
        How much is done.
    note : str
        What it is at.
    """

    kind: Kind
    name: str
    removing: bool
    fraction: float = 0.0
    note: str = ""


class Additions:
    """What can be added, for the window's thread.

    Parameters
    ----------
    studio : Studio
        Its library and inbox.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._cancel = threading.Event()
        self._looking = Lane("additions", self._raised)
        self.all: tuple[Addition, ...] = ()
        """Everything that can be added, extras first; nothing until it was looked at."""
        self.job: Job | None = None
        """What is being done now."""
        self.problem = ""
        """Why the last job failed, as the engine says it; "" if it did not."""
        self.version = 0
        """Grows whenever there is something new to show."""

    def lacking(self, needed: Requirement) -> tuple[Addition, ...]:
        """Return what must be added for a node that needs this, in the order in which to add it."""
        library = self._studio.library
        missing = [package for package in needed.packages if not is_installed(package)]
        if needed.environment and environment_versions(needed.environment) is None:
            missing.append(needed.environment)
        weights = (library.weights[name] for name in needed.weights if absent_files(library.weights[name]))
        return (
            *map(self._of_extra, library.extras_of(missing)),
            *map(_of_weights, weights),
        )

    def look_again(self) -> None:
        """Look anew at what is here: it takes a moment, and comes through the inbox."""
        library = self._studio.library

        def look(_cancel: threading.Event) -> None:
            from nodegraph.extras import extras_states

            states = {state.extra.name: state for state in extras_states(library.extras.values())}
            extras = (self._of_extra(extra, states[extra.name]) for extra in library.extras.values())
            found = (*extras, *map(_of_weights, library.weights.values()))
            self._studio.inbox.post(lambda: self._take_found(found), "additions found")

        self._looking.do(look)

    def get(self, addition: Addition) -> None:
        """Add it, unless something is being done."""
        self._begin(addition, removing=False)

    def remove(self, addition: Addition) -> None:
        """Take it away, unless something is being done."""
        self._begin(addition, removing=True)

    def import_from(self, place: Path) -> None:
        """Take weights from a folder or a file, unless something is being done."""
        from nodegraph.models import import_weights

        known = tuple(self._studio.library.weights.values())
        self._start(
            Job("weights", "", removing=False),
            lambda progress: import_weights(known, place, progress=progress),
        )

    def cancel(self) -> None:
        """Stop what is being done."""
        self._cancel.set()

    def _begin(self, addition: Addition, *, removing: bool) -> None:
        do = addition.remove if removing else addition.get
        self._start(Job(addition.kind, addition.name, removing), do)

    def _start(self, job: Job, do: Callable[[Progress], object]) -> None:
        if self.job is not None:
            return
        self.job, self.problem = job, ""
        self._cancel = threading.Event()
        self.version += 1
        progress = Progress(
            report=lambda fraction: self._tell(fraction=fraction),
            note=lambda text: self._tell(note=text),
            cancel=self._cancel,
        )
        threading.Thread(
            target=self._work, args=(do, progress), name="regroove-additions", daemon=True
        ).start()

    # --- the job's thread ------------------------------------------------------------------------

    def _work(self, do: Callable[[Progress], object], progress: Progress) -> None:
        problem = ""
        try:
            do(progress)
        except Cancelled:
            pass
        except Exception as error:
            # Faults of ours are told too: nothing else could be got while this job seemed to go on.
            problem = _said(error)
        self._studio.inbox.post(lambda: self._take_end(problem))

    def _tell(self, **news: float | str) -> None:
        self._studio.inbox.post(lambda: self._take_news(news), ("additions", *news))

    # --- the window's thread -----------------------------------------------------------------------

    def _take_news(self, news: dict[str, float | str]) -> None:
        if self.job is not None:
            self.job = replace(self.job, **news)  # type: ignore[arg-type]
            self.version += 1

    def _take_found(self, found: tuple[Addition, ...]) -> None:
        self.all = found
        self.version += 1

    def _take_end(self, problem: str) -> None:
        self.job, self.problem = None, problem
        self.version += 1
        self.look_again()
        # Nodes that waited for it can run now, or can no longer.
        self._studio.runner.look_again()

    def _raised(self, error: Exception) -> None:
        self._studio.inbox.post(lambda: self._take_problem(_said(error)))

    def _take_problem(self, problem: str) -> None:
        self.problem = problem
        self.version += 1

    def _of_extra(self, extra: Extra, state: ExtraState | None = None) -> Addition:
        from nodegraph.extras import install, remove

        everything = self._studio.library.extras.values()
        return Addition(
            "extra",
            extra.name,
            extra.text,
            extra.licence,
            True,
            extra.download_bytes,
            (state and state.disk_bytes) or extra.disk_bytes,
            AdditionState(_STATES[state.state], state.reason) if state else AdditionState("missing"),
            get=lambda progress: install(extra, progress),
            remove=lambda progress: remove(extra, everything, progress),
        )


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, RegrooveError) else f"{type(error).__name__}: {error}"


def _of_weights(weights: Weights) -> Addition:
    from nodegraph.models import fetch_weights, model_state, remove_weights

    state = model_state(weights)
    return Addition(
        "weights",
        weights.name,
        weights.text,
        weights.licence,
        weights.commercial,
        weights.size,
        weights.size,
        AdditionState(state.state, state.reason),
        get=lambda progress: fetch_weights(weights, progress=progress),
        remove=lambda progress: remove_weights(weights),
    )
