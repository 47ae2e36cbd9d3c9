"""Board: brings together what is known of the nodes and what is being made, and tells the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nodegraph.editor.desk.desk import Desk, Topic
from nodegraph.editor.desk.states import NodeState, PortRef, RunState
from nodegraph.editor.listen.sound import Sound
from nodegraph.editor.words import _
from nodegraph.editor.work.knowledge import Known
from nodegraph.editor.work.making import Made, Making
from nodegraph.editor.work.region import Heard
from nodegraph.graph import NodeId

__all__ = ["Board"]


class Board:
    """What is known now. On the window's thread.

    Parameters
    ----------
    desk : Desk
        Is told the states, the run's state and that sounds have changed.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.failures: dict[str, str] = {}
        self.clear()

    def clear(self) -> None:
        """Forget everything: another document lies on the desk."""
        self._known: Known | None = None
        self._making: Making | None = None
        self._hearing: float | None = None
        self._sounds: dict[PortRef, Sound] = {}
        self._whole_keys: dict[PortRef, str] = {}
        self._values: Mapping[PortRef, Any] = {}
        self._silent: dict[PortRef, str] = {}
        self.failures.clear()
        self._show()

    # --- what others want to know ------------------------------------------------------------

    def sound(self, port: PortRef) -> Sound | None:
        """Return what an output gives to hear, if anything."""
        return self._sounds.get(port)

    def value(self, port: PortRef) -> Any:
        """Return what an output holds that is no sound, if anything."""
        return self._values.get(port)

    @property
    def previews(self) -> bool:
        """Whether any of what there is to hear is only a passage."""
        return any(sound.preview for sound in self._sounds.values())

    def why_not(self, port: PortRef) -> str:
        """Return why an output gives nothing, as far as its node's state tells."""
        state = self._desk.states.get(port.node_id)
        if state is not None and state.status in ("failed", "unavailable", "blocked"):
            return state.reason
        if port in self._silent:
            return self._silent[port]
        if state is not None and state.status == "bypassed":
            return _("The node is bypassed and has nothing to pass on here.")
        return ""

    # --- what has happened -------------------------------------------------------------------

    def take_known(self, known: Known, is_coming: Callable[[PortRef], bool]) -> None:
        """Take in what is known.

        Parameters
        ----------
        known : Known
            Perhaps of an earlier graph.
        is_coming : callable
            Whether something newer will come for a port by itself: then it keeps what it has.
        """
        self._known = known
        if known.graph is self._desk.document.graph:
            self._take_values(known, is_coming)
        self._show()

    def _take_values(self, known: Known, is_coming: Callable[[PortRef], bool]) -> None:
        before = dict(self._sounds), self._values
        for port in list(self._sounds):
            fresh = known.keys.get(port) == self._whole_keys.get(port)
            if port not in known.values and not fresh and not is_coming(port):
                del self._sounds[port]
        found = {port: value for port, value in known.values.items() if isinstance(value, Sound)}
        self._sounds.update(found)
        self._whole_keys.update(known.keys)
        self._values = {port: value for port, value in known.values.items() if port not in found}
        self._silent = {port: why for port, why in self._silent.items() if port not in found}
        if before != (self._sounds, self._values):
            self._desk.touch(Topic.SOUNDS)

    def take_heard(self, heard: Heard) -> None:
        """Take in the passage that was made."""
        self._hearing = None
        self._silent = dict(heard.why_not)
        self.failures.update(heard.failures)
        self._sounds.update(heard.sounds)
        self._whole_keys.update(heard.keys)
        for port in heard.why_not:
            self._sounds.pop(port, None)
        self._desk.touch(Topic.SOUNDS)
        self._show()

    def take_hearing(self, fraction: float | None) -> None:
        """Take in how far the passage is; None when it is not made any more."""
        self._hearing = fraction
        self._show()

    def take_making(self, making: Making | None) -> None:
        """Take in how far the run is; None when it is not made any more."""
        self._making = making
        self._show()

    def take_made(self, made: Made) -> None:
        """Take in how a run ended."""
        self.failures.update(made.failures)
        self.take_making(None)

    # --- the desk ----------------------------------------------------------------------------

    def _show(self) -> None:
        known = self._known
        states = self._states(known) if known is not None else {}
        self._desk.know(states)
        state = RunState(lines=known.lines if known is not None else ())
        if self._making is not None:
            state = replace(state, what="run", fraction=self._making.fraction, eta_s=self._making.eta_s)
        elif self._hearing is not None:
            state = replace(state, what="region", fraction=self._hearing)
        self._desk.know_run(state)

    def _states(self, known: Known) -> dict[NodeId, NodeState]:
        nodes = self._desk.document.graph.nodes
        states = {node_id: state for node_id, state in known.states.items() if node_id in nodes}
        making = self._making
        if making is None:
            return states
        for node_id, state in states.items():
            recipe = known.recipes.made.get(node_id)
            if recipe is not None and recipe.key in making.running:
                share = making.running[recipe.key]
                states[node_id] = replace(state, status="running", fraction=share, reason="")
            elif recipe is not None and recipe.key in making.made:
                states[node_id] = replace(state, status="clean", reason="")
        return states
