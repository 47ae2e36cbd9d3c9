"""Rooms: how the listening panel is divided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nodegraph.editor.space.panes import Pane

__all__ = [
    "Controls",
    "MeterPlan",
    "Pictures",
    "Rooms",
    "controls",
    "lane_middles",
    "lanes",
    "meter_plan",
    "rooms",
]

Pictures = Literal["waveform", "spectrogram", "both"]
"""What of a sound is shown."""

Controls = Literal["words", "rows", "icons"]
"""How the controls stand: in one row with words, in two with words, or in one with icons only."""

_EDGE, _GAP = 8.0, 8.0
_ROW = 34.0
_OVERVIEW, _RULER, _GUTTER, _METERS = 22.0, 20.0, 52.0, 196.0
# A narrow window keeps its pictures and loses the meters.
_LEAST_PICTURE = 320.0
# A low panel gives the height of the overview to its pictures before these are lower than this.
_LEAST_PICTURE_HEIGHT = 44.0
# A lane must be as high as its name; lower ones become one.
_LEAST_LANE = 20.0
# A panel as high as this has room for a second row of controls.
_HIGH_FOR_ROWS = 230.0
# Of meters: a row at most and at least, what its text takes of it, the bar, and the volume below.
_METER, _LEAST_METER, _METER_TEXT, _METER_BAR, _VOLUME = 29.0, 16.0, 17.0, 7.0, 28.0
_LEAST_BAR = 2.5


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
        All of the sound; times. The overview has no height where the pictures need it.
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
    count = 2 if pictures == "both" else 1
    left_high = height - top - overview_high - ruler_high - edge - gap / 2 * (count - 1)
    if left_high < count * _LEAST_PICTURE_HEIGHT * scale:
        overview_high = 0
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


def controls(width: float, height: float, scale: float, *, one_row: float) -> Controls:
    """Return how the controls stand.

    Parameters
    ----------
    width, height : float
        Of the panel, in pixels.
    scale : float
        Pixels on the screen per pixel at 100 %.
    one_row : float
        How wide the panel must be for all words to stand in one row, in pixels.
    """
    if one_row <= width:
        return "words"
    return "rows" if height >= _HIGH_FOR_ROWS * scale else "icons"


def lanes(channels: int, height: float, scale: float) -> int:
    """Return how many lanes the waveform is drawn in: one where one for each channel would be too low."""
    return channels if height >= channels * _LEAST_LANE * scale else 1


def lane_middles(channels: int) -> list[float]:
    """Return where the zero lines of the channels lie, 0 (top) to 1 (bottom) of the waveform's height."""
    return [(channel + 0.5) / channels for channel in range(channels)]


@dataclass(frozen=True)
class MeterPlan:
    """Which meters have room, and how they stand.

    Parameters
    ----------
    shown : tuple of int
        Numbers of the meters, from above.
    pitch, bar : float
        From one to the next, and how thick its bar is, in pixels; 0 for none.
    volume : bool
        Whether the volume stands below.
    """

    shown: tuple[int, ...]
    pitch: float
    bar: float
    volume: bool

    @property
    def height(self) -> float:
        """Of all meters, in pixels."""
        return self.pitch * len(self.shown)


def meter_plan(height: float, scale: float, by_weight: tuple[int, ...]) -> MeterPlan:
    """Return which meters have room: bars become thinner and go, then the volume, then what weighs least.

    Parameters
    ----------
    height : float
        Of the meters' pane, in pixels.
    scale : float
        Pixels on the screen per pixel at 100 %.
    by_weight : tuple of int
        Numbers of the meters, the one that is needed most first.
    """
    room, count = height / scale, len(by_weight)
    volume = room >= count * _LEAST_METER + _VOLUME
    pitch = min(_METER, (room - (_VOLUME if volume else 0.0)) / count)
    if pitch < _LEAST_METER:
        pitch = _LEAST_METER
        count = max(1, int(room / pitch))
    bar = min(_METER_BAR, pitch - _METER_TEXT - 1)
    return MeterPlan(
        tuple(sorted(by_weight[:count])), pitch * scale, bar * scale if bar >= _LEAST_BAR else 0.0, volume
    )
