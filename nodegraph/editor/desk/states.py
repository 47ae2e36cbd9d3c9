"""What is known of each node and of a run: shown on the canvas, in the toolbar and the status line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from nodegraph.graph import NodeId

__all__ = ["Loudness", "NodeState", "PlanLine", "PortRef", "RunState", "Status"]

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
class PlanLine:
    """One node that would run, or that could not.

    Parameters
    ----------
    node_id : node id
        The node.
    why : str
        Why it runs, in the user's language; or what keeps it from running, as the engine says it.
    expected_s : float, optional
        How long it will take, if that can be told.
    blocked : bool
        It cannot run.
    """

    node_id: NodeId
    why: str
    expected_s: float | None = None
    blocked: bool = False


@dataclass(frozen=True)
class RunState:
    """What is going on in the background, and what would run if one asked for everything.

    Parameters
    ----------
    what : {"idle", "region", "run"}
        "region" is a preview of the looped region, "run" makes whole files.
    fraction : float
        How far it is, 0 to 1.
    eta_s : float, optional
        When it will be done, if that can be told.
    lines : tuple of PlanLine
        What would run, in order, and what could not.
    """

    what: Literal["idle", "region", "run"] = "idle"
    fraction: float = 0.0
    eta_s: float | None = None
    lines: tuple[PlanLine, ...] = ()

    @property
    def to_run(self) -> int:
        """How many nodes would run."""
        return sum(not line.blocked for line in self.lines)

    @property
    def expected_s(self) -> float | None:
        """How long that would take (s), if that can be told."""
        known = [line.expected_s for line in self.lines if not line.blocked]
        return None if None in known else sum(filter(None, known))

    @property
    def obstacle(self) -> PlanLine | None:
        """The first node that could not run."""
        return next((line for line in self.lines if line.blocked), None)
