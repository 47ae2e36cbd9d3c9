"""Face: everything that is seen on a node, as plain values: two equal faces need no drawing.

All texts are cut here so that they fit, with the widths of the font; whoever draws only places them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nodegraph.document import Document
from nodegraph.editor.desk.outline_text import node_name
from nodegraph.editor.desk.states import NodeState, PortRef
from nodegraph.editor.look.typesetting import filling, first_sentence, fitting, text_width, wrapped
from nodegraph.editor.space.shape import HEAD, NodeShape, PortPlace
from nodegraph.editor.words import _, ngettext, told
from nodegraph.editor.words.names import family_of, param_name, port_name
from nodegraph.editor.words.statuses import status_name
from nodegraph.editor.words.values import duration_text, level_text, value_text
from nodegraph.errors import ParameterError
from nodegraph.graph import Node, NodeId
from nodegraph.library import Library
from nodegraph.param import Param
from nodegraph.spec import NodeSpec

__all__ = [
    "FAR_STATUS",
    "INSET",
    "REASON_SIZE",
    "ROW_SIZE",
    "STRIP_SIZE",
    "TITLE_SIZE",
    "Level",
    "NodeFace",
    "PortFace",
    "RowFace",
    "face_of",
    "filled_share",
    "level_of",
]

TITLE_SIZE, ROW_SIZE, STRIP_SIZE, REASON_SIZE = 16.0, 15.0, 13.0, 14.0
"""Sizes of text, in canvas units."""
FAR_STATUS = 25.0
"""Of the icon of its status in a node that is seen from afar."""
INSET = 10.0
"""Between a node's side and the bars of its parameters."""

_PADDING = 8.0
_ICON = 18.0
_PORT_INSET = 14.0
_SWITCH = 40.0
_CHEVRON = 18.0
_REASON_LINES = 3
# The title of a node that is seen from afar, between these sizes; that of a collapsed one stands in its bar.
_FAR_SIZES, _FAR_BAR_SIZES = (40.0, 24.0), (26.0, 20.0)
_FAR_AIR = 8.0
# From this zoom on, at 100 %, every row of a node is seen; and in pixels of the screen, whatever the size of
# everything, from this one on its title is: below it letters are lower than seven pixels.
_NEAR_FROM, _FAR_FROM = 0.5, 0.19

Level = Literal["farther", "far", "near"]
"""How a node is seen: a coloured box, its title in large letters, or all of it."""

RowKind = Literal["slider", "toggle", "choice", "field", "file"]


@dataclass(frozen=True)
class RowFace:
    """A parameter's row.

    Parameters
    ----------
    kind : str
        What it looks like.
    y : float
        Its top.
    name, value : str
        At its left and its right.
    share : float
        How far a slider is filled; 1 for a toggle that is on.
    quiet : bool
        The value stands for nothing yet: "Automatic", "No file".
    """

    kind: RowKind
    y: float
    name: str
    value: str
    share: float = 0.0
    quiet: bool = False


@dataclass(frozen=True)
class PortFace:
    """A port: where it is, what it is called, and whether it is listened to (A) or compared with (B)."""

    place: PortPlace
    name: str
    badge: str = ""


@dataclass(frozen=True)
class NodeFace:
    """Everything that is seen on a node.

    Parameters
    ----------
    title, family : str
        In the title bar, and whose colour that has.
    known : bool
        Whether the kind is known here.
    width, height, strip_y : float
        As in NodeShape.
    collapsed, bypassed : bool
        Only the title is seen; the signal passes it by.
    ports : tuple of PortFace
        All ports.
    rows : tuple of RowFace
        The parameters that are shown.
    more, more_y : str, float
        "… 10 more", and the top of that row.
    status : str
        As in NodeState; "" where nothing is known yet.
    text, figures : str
        At the strip's left and right.
    fraction : float
        How far a running node is.
    reason : tuple of str
        Lines below the node: why it failed.
    far, far_size : tuple of str, float
        The title in large letters, for a node that is seen from afar, and how large.
    through : tuple of float
        Heights at which the signal of a bypassed node enters and leaves, or ().
    """

    title: str
    family: str
    known: bool
    width: float
    height: float
    strip_y: float
    collapsed: bool
    bypassed: bool
    ports: tuple[PortFace, ...]
    rows: tuple[RowFace, ...]
    more: str
    more_y: float
    status: str
    text: str
    figures: str
    fraction: float
    reason: tuple[str, ...]
    far: tuple[str, ...]
    far_size: float
    through: tuple[float, ...]


def face_of(
    document: Document,
    node_id: NodeId,
    shape: NodeShape,
    library: Library,
    *,
    state: NodeState | None = None,
    listened: Mapping[PortRef, str] | None = None,
) -> NodeFace:
    """Return what is seen on a node.

    Parameters
    ----------
    document, node_id, shape
        The node and its shape.
    library : Library
        The kinds.
    state : NodeState, optional
        What is known of it.
    listened : mapping of PortRef to str
        "A" or "B" for the ports that are heard.
    """
    node = document.graph.nodes[node_id]
    spec = library.get(node.kind)
    title = node_name(document, node_id)
    status = "bypassed" if node.bypassed else (state.status if state else "")
    text, figures = _strip(state, status, shape.width)
    far, far_size = _far(title, shape, bool(status))
    return NodeFace(
        title=fitting(title, TITLE_SIZE, shape.width - _title_taken(shape), bold=True),
        family=family_of(node.kind) if spec else "other",
        known=spec is not None,
        width=shape.width,
        height=shape.height,
        strip_y=shape.strip_y,
        collapsed=shape.collapsed,
        bypassed=node.bypassed,
        ports=_ports(node_id, shape, listened or {}),
        rows=_rows(node, spec, shape) if spec else (),
        more=_more(shape),
        more_y=shape.more_y,
        status=status,
        text=text,
        figures=figures,
        fraction=state.fraction if state and status == "running" else 0.0,
        reason=_reason(state, status, shape.width),
        far=far,
        far_size=far_size,
        through=_through(shape) if node.bypassed and spec else (),
    )


def level_of(zoom: float, scale: float) -> Level:
    """Return how nodes are seen.

    Parameters
    ----------
    zoom : float
        Pixels per canvas unit.
    scale : float
        Pixels on the screen per pixel at 100 %.
    """
    if zoom / scale >= _NEAR_FROM:
        return "near"
    # Whoever wants everything large loses no title that others can read.
    return "far" if zoom >= _FAR_FROM * min(scale, 1.0) else "farther"


def _far(title: str, shape: NodeShape, has_status: bool) -> tuple[tuple[str, ...], float]:
    """Return the title of a node that is seen from afar, as large as it has room, and how large."""
    if shape.collapsed:
        taken = 2 * _PORT_INSET + (FAR_STATUS if has_status else 0.0)
        most, least = _FAR_BAR_SIZES
        return filling(title, shape.width - taken, HEAD, most=most, least=least, bold=True)
    most, least = _FAR_SIZES
    room = shape.width - 2 * INSET, shape.height - HEAD - _FAR_AIR
    return filling(title, *room, most=most, least=least, bold=True)


def _title_taken(shape: NodeShape) -> float:
    """Return how much of the title bar's width is not the title's: of a collapsed node, also the ports'."""
    return 2 * _PORT_INSET + (_ICON + 4 if shape.collapsed else 0)


def _ports(node_id: NodeId, shape: NodeShape, listened: Mapping[PortRef, str]) -> tuple[PortFace, ...]:
    rows: dict[float, list[PortPlace]] = {}
    for port in shape.ports:
        rows.setdefault(port.y, []).append(port)
    faces = []
    for port in shape.ports:
        badge = listened.get(PortRef(node_id, port.name), "") if port.side == "output" else ""
        room = shape.width - 2 * _PORT_INSET - (_ICON if badge else 0)
        name = port_name(port.name)
        if len(rows[port.y]) > 1 and not shape.collapsed:
            # Two ports share the row: each may have what the other leaves, at least half.
            others = max(text_width(port_name(o.name), ROW_SIZE) for o in rows[port.y] if o.side != port.side)
            room = max(room / 2 - _PADDING, room - others - 2 * _PADDING)
        faces.append(PortFace(port, "" if shape.collapsed else fitting(name, ROW_SIZE, room), badge))
    return tuple(faces)


def _rows(node: Node, spec: NodeSpec, shape: NodeShape) -> tuple[RowFace, ...]:
    try:
        values: Mapping[str, object] = node.settings(spec)
    except ParameterError:
        # A file from elsewhere may hold what this version refuses: the node says so when it runs.
        values = {param.name: node.params.get(param.name, param.default) for param in spec.params}
    params = {param.name: param for param in spec.params}
    return tuple(_row(params[place.name], values[place.name], place.y, shape) for place in shape.params)


def _row(param: Param, value: object, y: float, shape: NodeShape) -> RowFace:
    kind = _row_kind(param)
    room = shape.width - 2 * INSET - 2 * _PADDING - {"toggle": _SWITCH, "choice": _CHEVRON}.get(kind, 0.0)
    if kind == "file":
        room -= _ICON
    name = param_name(param.name)
    text = "" if kind == "toggle" else value_text(param, value) or _empty(kind)
    # The value may have two thirds; the name gets what is left.
    text = fitting(text, ROW_SIZE, max(room * 2 / 3, room - text_width(name, ROW_SIZE) - _PADDING))
    name = fitting(name, ROW_SIZE, room - text_width(text, ROW_SIZE) - _PADDING)
    quiet = value is None or (kind in ("file", "field") and value == "")
    return RowFace(kind, y, name, text, filled_share(param, value), quiet)


def _row_kind(param: Param) -> RowKind:
    match param.type:
        case "bool":
            return "toggle"
        case "choice":
            return "choice"
        case "input_file" | "output_file":
            return "file"
        case "float" | "int" if param.range is not None and _spreads(param):
            return "slider"
        case _:
            return "field"


def _spreads(param: Param) -> bool:
    """Return whether a range is one for a bar: a seed's is not."""
    return param.range is not None and param.range.high - param.range.low < 1e6


def _empty(kind: RowKind) -> str:
    return _("No file") if kind == "file" else _("Empty")


def filled_share(param: Param, value: object) -> float:
    """Return how far a slider is filled, 0 to 1, on its own scale; 1 for what is on."""
    if isinstance(value, bool):
        return float(value)
    if not isinstance(value, (int, float)) or param.range is None:
        return 0.0
    low, high = param.range.low, param.range.high
    if param.range.scale == "log" and low > 0 and value > 0:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.0


def _more(shape: NodeShape) -> str:
    if not shape.more or shape.collapsed:
        return ""
    text = ngettext("… {count} more", "… {count} more", shape.more).format(count=shape.more)
    return fitting(text, STRIP_SIZE, shape.width - 2 * INSET)


def _strip(state: NodeState | None, status: str, width: float) -> tuple[str, str]:
    """Return what the strip says at its left and its right."""
    if not status:
        return "", ""
    room = width - 2 * INSET - _ICON
    text = status_name(status)
    if state is None or status == "bypassed":
        return fitting(text, STRIP_SIZE, room), ""
    if status == "running":
        percent = _("{percent} %").format(percent=round(100 * state.fraction))
        return fitting(text, STRIP_SIZE, room - text_width(percent, STRIP_SIZE) - _PADDING), percent
    if status in ("blocked", "unavailable") and state.reason:
        return fitting(first_sentence(told(state.reason)), STRIP_SIZE, room), ""
    figures = _loudness(state)
    if status == "clean" and state.seconds is not None:
        text = duration_text(state.seconds)
    figures = fitting(figures, STRIP_SIZE, room - _PADDING - 20) if figures else ""
    left = room - (text_width(figures, STRIP_SIZE) + _PADDING if figures else 0)
    return fitting(text, STRIP_SIZE, left), figures


def _loudness(state: NodeState) -> str:
    """Return peak and loudness of the first output that has them."""
    known = next(iter(state.loudness.values()), None)
    if known is None or state.status != "clean":
        return ""
    if known.peak_dbfs == -math.inf:
        return _("silence")
    peak = f"{level_text(known.peak_dbfs)} dBFS"
    return peak if known.lufs == -math.inf else f"{peak} · {level_text(known.lufs)} LUFS"


def _reason(state: NodeState | None, status: str, width: float) -> tuple[str, ...]:
    if state is None or status != "failed" or not state.reason:
        return ()
    return wrapped(first_sentence(told(state.reason)), REASON_SIZE, width - 12, _REASON_LINES)


def _through(shape: NodeShape) -> tuple[float, ...]:
    """Return where the signal passes a bypassed node: its first input, and the first output of that type."""
    first = next((port for port in shape.ports if port.side == "input"), None)
    if first is None:
        return ()
    outputs = (port for port in shape.ports if port.side == "output")
    last = next((port for port in outputs if port.type_name == first.type_name), None)
    return (first.y, last.y) if last else ()
