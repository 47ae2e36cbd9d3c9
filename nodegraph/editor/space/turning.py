"""Turning: a parameter's value that is changed by dragging on its row in the node."""

from __future__ import annotations

from nodegraph.document import Place
from nodegraph.editor.desk.edits import set_param
from nodegraph.editor.desk.sliding import has_slider, share_of, value_at
from nodegraph.editor.desk.step import Step
from nodegraph.editor.space.overlay import Overlay
from nodegraph.editor.space.shape import WIDTH
from nodegraph.editor.space.surface import Held, Surface
from nodegraph.editor.words import _
from nodegraph.editor.words.names import param_name
from nodegraph.graph import NodeId
from nodegraph.param import Param

__all__ = ["ROW_MARGIN", "ParamDrag", "is_number"]

ROW_MARGIN = 10.0
"""Left and right of a slider in its row, in canvas units."""

_FINE = 0.1
# What a canvas unit is worth where a slider is of no use: a quarter of a whole number, a tenth (s).
_WHOLE_STEP, _STEP = 0.25, 0.1


def is_number(param: Param) -> bool:
    """Return whether a parameter's value can be dragged."""
    return param.type in ("float", "int")


class ParamDrag:
    """Changes a number: the whole width of the row is the whole range; Shift is ten times finer.

    Parameters
    ----------
    surface : Surface
        Where it happens.
    node_id : str
        Whose parameter.
    param : Param
        Which.
    begin : (x, y)
        Where it was taken hold of.
    """

    def __init__(self, surface: Surface, node_id: NodeId, param: Param, begin: Place) -> None:
        self._surface, self._node_id, self._param = surface, node_id, param
        self._step = Step(surface.desk, _("Change {name}").format(name=param_name(param.name)))
        self._slides = has_slider(param)
        value = self._step.base.graph.nodes[node_id].params.get(param.name, param.default)
        number = value if isinstance(value, (int, float)) else None
        if self._slides:
            # What is found by itself has no number yet: it begins in the middle.
            self._at = share_of(param, number) if number is not None else 0.5
        else:
            self._at = float(number or 0.0)
        self._x = begin[0]

    def move(self, place: Place, held: Held) -> Overlay:
        """See Drag."""
        # Way by way, so that pressing Shift on the way makes no jump.
        way = (place[0] - self._x) * (_FINE if held.shift else 1.0)
        self._x = place[0]
        if self._slides:
            self._at = min(max(self._at + way / (WIDTH - 2 * ROW_MARGIN), 0.0), 1.0)
            value = value_at(self._param, self._at)
        else:
            step = _WHOLE_STEP if self._param.type == "int" else _STEP
            self._at = self._kept(self._at + way * step)
            value = round(self._at) if self._param.type == "int" else round(self._at, 2)
        library = self._surface.desk.library
        self._step.show(set_param(self._step.base, self._node_id, self._param.name, value, library))
        return Overlay(hovered_node=self._node_id)

    def release(self, place: Place, held: Held) -> None:
        """See Drag."""
        self.move(place, held)
        self._step.keep()

    def cancel(self) -> None:
        """See Drag."""
        self._step.drop()

    def _kept(self, value: float) -> float:
        bounds = self._param.range
        return value if bounds is None else min(max(value, bounds.low), bounds.high)
