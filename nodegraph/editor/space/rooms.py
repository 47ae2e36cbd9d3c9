"""Rooms: how the listening panel is divided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nodegraph.editor.space.panes import Pane

__all__ = ["Pictures", "Rooms", "lane_middles", "rooms"]

Pictures = Literal["waveform", "spectrogram", "both"]
"""What of a sound is shown."""

_EDGE, _GAP = 8.0, 8.0
_ROW = 34.0
_OVERVIEW, _RULER, _GUTTER, _METERS = 22.0, 20.0, 52.0, 196.0
# A narrow window keeps its pictures and loses the meters.
_LEAST_PICTURE = 320.0


@dataclass(frozen=True)
class Rooms:
    """Where the pieces of the listening panel lie, in pixels from its top left corner.

    Parameters
    ----------
    first_row, second_row : Pane
        Of controls. The second is the rest of the first where everything fits in one.
    glass : Pane
        Overview, ruler, pictures and their axes: all that the mouse draws on.
    overview, ruler : Pane
        All of the sound; times.
    waveform, spectrogram : Pane, optional
        The pictures that are shown.
    meters : Pane, optional
        Missing where the panel is too narrow.
    gutter : float
        Width of the axes left of the pictures.
    """

    first_row: Pane
    second_row: Pane
    glass: Pane
    overview: Pane
    ruler: Pane
    waveform: Pane | None
    spectrogram: Pane | None
    meters: Pane | None
    gutter: float

    @property
    def pictures(self) -> Pane:
        """All pictures together, without their axes."""
        shown = [each for each in (self.waveform, self.spectrogram) if each is not None]
        top, last = shown[0], shown[-1]
        return Pane(top.x, top.y, top.width, last.y + last.height - top.y)


def rooms(width: float, height: float, scale: float, pictures: Pictures, *, two_rows: bool) -> Rooms:
    """Divide the listening panel.

    Parameters
    ----------
    width, height : float
        Of the panel, in pixels.
    scale : float
        Pixels on the screen per pixel at 100 %.
    pictures : Pictures
        What is shown.
    two_rows : bool
        Whether the controls need two rows.
    """
    edge, gap, row = (round(size * scale) for size in (_EDGE, _GAP, _ROW))
    overview_high, ruler_high = round(_OVERVIEW * scale), round(_RULER * scale)
    gutter, meters_wide = round(_GUTTER * scale), round(_METERS * scale)
    inside = max(width - 2 * edge, 1.0)
    first = Pane(edge, edge, inside, row)
    second = Pane(edge, edge + row + gap / 2, inside, row) if two_rows else first
    top = second.y + row + gap
    has_meters = inside - gutter - meters_wide - gap >= _LEAST_PICTURE * scale
    right = width - edge - (meters_wide + gap if has_meters else 0)
    x = edge + gutter
    wide = max(right - x, 10.0)
    overview = Pane(x, top, wide, overview_high)
    ruler = Pane(x, overview.y + overview_high, wide, ruler_high)
    below = ruler.y + ruler_high
    free = max(height - below - edge, 10.0)
    waveform = spectrogram = None
    if pictures == "both":
        half = (free - gap / 2) // 2
        waveform = Pane(x, below, wide, half)
        spectrogram = Pane(x, height - edge - half, wide, half)
    elif pictures == "waveform":
        waveform = Pane(x, below, wide, free)
    else:
        spectrogram = Pane(x, below, wide, free)
    glass = Pane(edge, top, gutter + wide, height - edge - top)
    meters = Pane(width - edge - meters_wide, top, meters_wide, height - edge - top)
    return Rooms(
        first, second, glass, overview, ruler, waveform, spectrogram, meters if has_meters else None, gutter
    )


def lane_middles(channels: int) -> list[float]:
    """Return where the zero lines of the channels lie, 0 (top) to 1 (bottom) of the waveform's height."""
    return [(channel + 0.5) / channels for channel in range(channels)]
