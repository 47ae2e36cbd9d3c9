"""What is known of each node and of a run: shown on the canvas, in the toolbar and the status line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from nodegraph.graph import NodeId

__all__ = ["Loudness", "NodeState", "Obstacle", "PortRef", "RunState", "Status"]

Status = Literal["clean", "stale", "running", "failed", "unavailable", "blocked", "bypassed"]
"""clean: its results are there. stale: it would run. unavailable: something must be installed first.
blocked: it cannot run yet (an input or a file is missing)."""


@dataclass(frozen=True)
class PortRef:
    """An output port of a node."""

    node_id: NodeId
    port: str


@dataclass(frozen=True)
class Loudness:
    """How loud an output is.

    Parameters
    ----------
    peak_dbfs : float
        Its highest sample; -inf for silence.
    lufs : float
        Integrated loudness; -inf for silence or what is too short.
    """

    peak_dbfs: float
    lufs: float


@dataclass(frozen=True)
class NodeState:
    """What is known of one node.

    Parameters
    ----------
    status : Status
        See there.
    fraction : float
        How far it is while running, 0 to 1.
    reason : str
        Why it is stale, failed, unavailable or blocked, in words.
    seconds : float, optional
        How long it took last time.
    loudness : mapping of port to Loudness
        Of its audio outputs, where they are there.
    notes : tuple of str
        What it told when it ran.
    """

    status: Status = "stale"
    fraction: float = 0.0
    reason: str = ""
    seconds: float | None = None
    loudness: Mapping[str, Loudness] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Obstacle:
    """A node that cannot run, and keeps those behind it from running.

    Parameters
    ----------
    node_id : node id
        The node.
    reason : str
        Why it cannot, as the engine says it.
    """

    node_id: NodeId
    reason: str


@dataclass(frozen=True)
class RunState:
    """What is going on in the background.

    Parameters
    ----------
    what : {"idle", "region", "run"}
        "region" is a preview of the looped region, "run" makes whole files.
    fraction : float
        How far it is, 0 to 1.
    eta_s : float, optional
        When it will be done, if that can be told.
    to_run : int
        How many nodes would run now if one asked for everything.
    expected_s : float, optional
        How long that would take, if that can be told.
    obstacle : Obstacle, optional
        The first node that could not run then.
    """

    what: Literal["idle", "region", "run"] = "idle"
    fraction: float = 0.0
    eta_s: float | None = None
    to_run: int = 0
    expected_s: float | None = None
    obstacle: Obstacle | None = None
