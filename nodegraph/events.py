"""What a run tells while it goes on, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nodegraph.errors import NodeError
from nodegraph.graph import NodeId

__all__ = ["RunEvent", "RunResult"]


@dataclass(frozen=True)
class RunEvent:
    """Something that happened in a run.

    Parameters
    ----------
    what : str
        "started", "progress", "note", "finished", "reused", "failed" or "skipped".
    node_id : str
        Where.
    fraction : float
        How far the node is, 0 to 1.
    seconds : float
        How long it took, or took when its result was made.
    text : str
        A note, a reason, an error.
    eta_s : float, optional
        When all will be done, if that can be told.
    """

    what: Literal["started", "progress", "note", "finished", "reused", "failed", "skipped"]
    node_id: NodeId
    fraction: float = 0.0
    seconds: float = 0.0
    text: str = ""
    eta_s: float | None = None


@dataclass(frozen=True)
class RunResult:
    """What a run did.

    Parameters
    ----------
    ran, reused : tuple of str
        Node ids, in the order in which they finished.
    failures : mapping of node id to NodeError
        What failed.
    skipped : mapping of node id to str
        What could not run, and why.
    why : mapping of node id to str
        Why each node had to run.
    values : mapping of (node id, port) to value
        The targets' outputs.
    written : mapping of node id to Path
        The files that effects wrote, or had written before.
    notes : tuple of (node id, text)
        What nodes told the user.
    seconds : mapping of node id to float
        How long each node ran.
    """

    ran: tuple[NodeId, ...] = ()
    reused: tuple[NodeId, ...] = ()
    failures: Mapping[NodeId, NodeError] = field(default_factory=dict)
    skipped: Mapping[NodeId, str] = field(default_factory=dict)
    why: Mapping[NodeId, str] = field(default_factory=dict)
    values: Mapping[tuple[NodeId, str], Any] = field(default_factory=dict)
    written: Mapping[NodeId, Path] = field(default_factory=dict)
    notes: tuple[tuple[NodeId, str], ...] = ()
    seconds: Mapping[NodeId, float] = field(default_factory=dict)
