"""Spectrogram: a picture of what sounds at which frequency, for any span of any sound at once.

Pictures are put together from tiles of 256 columns, at steps that are powers of two, as in a map. Tiles
are made on a thread behind; until they are there, the picture is made of coarser or finer ones that are.
Where columns lie further apart than a window is long, one window of each is looked at first, more later.

Axis letters: C channels, T frames, F bins.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from nodegraph.audio import Samples
from nodegraph.editor.listen.background import Background, Stop
from nodegraph.editor.listen.frequencies import Scale, hz_at
from nodegraph.editor.listen.sound import Audible, here_and_there
from nodegraph.editor.look.colormaps import MapName, colour_map

__all__ = ["Look", "Picture", "Span", "Spectrogram"]

_TILE = 256
# A window is about so long (s): 2048 frames at 44.1 and 48 kHz.
_WINDOW_S = 0.043
# Columns closer than this part of a window show nothing new.
_FINEST_PART = 64
# A column longer than a window is the mean of so many windows at last.
_MOST_WINDOWS = 8
# The first look at a long span has so many times fewer columns.
_OVERVIEW = 8
# Windows further apart than this gain nothing from what the system reads ahead (256 kB).
_READ_AHEAD_FRAMES = 1 << 16
# Levels are kept in steps of half a decibel from here on: 254 reaches +7 dB.
_LOWEST_DB = -120.0
_PER_DB = 2.0
_HIGHEST = 254
# Pictures up to so high are made of the fewer rows.
_ROWS = (256, 512)
_LIMIT_BYTES = 8 << 20

_Levels = npt.NDArray[np.uint8]
_Power = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Span:
    """What is looked at.

    Parameters
    ----------
    begin_s, end_s : float
        In seconds of the whole file.
    width, height : int
        Of the picture (px).
    """

    begin_s: float
    end_s: float
    width: int
    height: int


@dataclass(frozen=True)
class Look:
    """How it is shown.

    Parameters
    ----------
    scale : {"linear", "log", "mel"}
        How frequencies stand above each other.
    floor_db, ceiling_db : float
        The levels that get the first and the last colour; a full-scale sine is 0 dB.
    colours : str
        A map of `look.colormaps`.
    paper : {"dark", "light"}
        What silence looks like.
    """

    scale: Scale = "log"
    floor_db: float = -100.0
    ceiling_db: float = -10.0
    colours: MapName = "ember"
    paper: Literal["dark", "light"] = "dark"


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture.

    Parameters
    ----------
    rgba : ndarray, shape (height, width, 4)
        float32, 0 to 1; the highest frequency on top. Transparent where nothing is known.
    state : {"empty", "coarse", "exact"}
        Whether a better one will follow.
    """

    rgba: npt.NDArray[np.float32]
    state: Literal["empty", "coarse", "exact"]


@dataclass(frozen=True)
class _Place:
    """Which tile: of which sound, at which step, on which frequency scale."""

    key: str
    scale: Scale
    rows: int
    step: int
    number: int


@dataclass(frozen=True, eq=False)
class _Tile:
    levels: _Levels
    exact: bool


class Spectrogram:
    """Pictures of spectra. Its methods are for the window's thread; tiles are made on the background's.

    Parameters
    ----------
    background : Background
        Makes the tiles.
    changed : callable
        Called on the window's thread when a better picture can be had.
    limit_bytes : int
        Of the tiles that are kept.
    """

    def __init__(
        self, background: Background, changed: Callable[[], None], limit_bytes: int = _LIMIT_BYTES
    ) -> None:
        self._background, self._changed = background, changed
        self._tiles = _Tiles(limit_bytes)
        self._asked: list[_Place] = []

    @property
    def held_bytes(self) -> int:
        """Size of the tiles that are kept."""
        return self._tiles.size

    def picture(self, source: Audible, span: Span, look: Look) -> Picture:
        """Return the best picture that can be had now, and have a better one made if there can be one.

        Parameters
        ----------
        source : Sound or Difference
            What is looked at; without reading it on this thread.
        span : Span
            A new one replaces what is still being made for the last.
        look : Look
            Other levels and colours need no new tiles.
        """
        rows = _ROWS[0] if span.height <= 1.5 * _ROWS[0] else _ROWS[1]
        step = _step(source, span)
        middles = (np.arange(span.width) + 0.5) / span.width * (span.end_s - span.begin_s)
        frames = (span.begin_s + middles - source.begin_s) * source.sample_rate
        inside = (frames >= 0) & (frames < source.frames)
        wanted = [
            _Place(source.key, look.scale, rows, step, int(number))
            for number in np.unique(frames[inside].astype(np.int64) // (step * _TILE))
        ]
        self._ask(source, wanted)
        levels = np.zeros((rows, span.width), np.uint8)
        missing = inside.copy()
        for other in _steps_near(source, step):
            self._paint(levels, missing, frames, _Place(source.key, look.scale, rows, other, 0))
            if not missing.any():
                break
        shown = inside & ~missing
        rgba = _coloured(levels, span.height, shown, look)
        if wanted and not shown.any():
            return Picture(rgba, "empty")
        return Picture(rgba, "exact" if self._all_exact(wanted) else "coarse")

    def forget(self) -> None:
        """Give up what is being made."""
        self._asked = []
        self._background.cancel(self)

    # --- inside ----------------------------------------------------------------------------------

    def _ask(self, source: Audible, wanted: list[_Place]) -> None:
        if self._all_exact(wanted):
            self._asked = []
            self._background.cancel(self)
        elif wanted != self._asked:
            self._asked = wanted
            self._background.ask(
                self, lambda stop: self._make(source, wanted, stop), self._made, self._failed
            )

    def _all_exact(self, wanted: list[_Place]) -> bool:
        return all(tile is not None and tile.exact for tile in map(self._tiles.get, wanted))

    def _make(self, source: Audible, wanted: list[_Place], stop: Stop) -> None:
        """Make the tiles: a few far coarser ones, then all of them coarse, then all exact."""
        rounds = [(_overview(source, wanted), False), (wanted, False), (wanted, True)]
        for places, exact in rounds:
            for place in places:
                known = self._tiles.get(place)
                if stop():
                    return
                if known is None or (exact and not known.exact):
                    tile = _tile(source, place, exact, stop)
                    if tile is None:
                        return
                    self._tiles.put(place, tile)
                    self._background.post(self._changed)

    def _made(self, _nothing: None) -> None:
        self._asked = []
        self._changed()

    def _failed(self, error: Exception) -> None:
        self._asked = []
        raise error

    def _paint(
        self, levels: _Levels, missing: npt.NDArray[np.bool_], frames: npt.NDArray[np.float64], like: _Place
    ) -> None:
        """Paint columns that are still missing from the tiles of one step."""
        columns = (frames // like.step).astype(np.int64)
        numbers = columns // _TILE
        for number in np.unique(numbers[missing]):
            tile = self._tiles.get(_Place(like.key, like.scale, like.rows, like.step, int(number)))
            if tile is not None:
                here = missing & (numbers == number)
                levels[:, here] = tile.levels[:, columns[here] - number * _TILE]
                missing &= ~here


class _Tiles:
    """The tiles that are kept, bounded; those unused for longest go first."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit, self.size = limit_bytes, 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Place, _Tile] = OrderedDict()

    def get(self, place: _Place) -> _Tile | None:
        with self._lock:
            tile = self._kept.get(place)
            if tile is not None:
                self._kept.move_to_end(place)
            return tile

    def put(self, place: _Place, tile: _Tile) -> None:
        with self._lock:
            old = self._kept.pop(place, None)
            self.size += tile.levels.nbytes - (old.levels.nbytes if old else 0)
            self._kept[place] = tile
            while self.size > self._limit and len(self._kept) > 1:
                self.size -= self._kept.popitem(last=False)[1].levels.nbytes


def window_frames(sample_rate: int) -> int:
    """Return the length of a window: a power of two."""
    return 1 << max(5, round(math.log2(sample_rate * _WINDOW_S)))


def _step(source: Audible, span: Span) -> int:
    """Return the power of two that is nearest to the frames of a pixel."""
    per_pixel = (span.end_s - span.begin_s) * source.sample_rate / max(1, span.width)
    finest = window_frames(source.sample_rate) // _FINEST_PART
    return 1 << max(round(math.log2(max(per_pixel, 1.0))), finest.bit_length() - 1)


def _steps_near(source: Audible, step: int) -> Iterator[int]:
    """Yield the step itself, then coarser ones, then finer ones."""
    yield step
    coarser = step * 2
    while coarser * _TILE <= 4 * max(source.frames, _TILE):
        yield coarser
        coarser *= 2
    yield from (step // 2, step // 4) if step >= 4 else ()


def _overview(source: Audible, wanted: list[_Place]) -> list[_Place]:
    """Return the coarser tiles that show all of a long span first: each column is read from disk."""
    if not wanted or wanted[0].step < _OVERVIEW * window_frames(source.sample_rate):
        return []
    numbers = sorted({place.number // _OVERVIEW for place in wanted})
    return [replace(wanted[0], step=wanted[0].step * _OVERVIEW, number=number) for number in numbers]


def _tile(source: Audible, place: _Place, exact: bool, stop: Stop) -> _Tile | None:
    """Make a tile, or None when it is no longer wanted."""
    length = window_frames(source.sample_rate)
    most = max(1, min(_MOST_WINDOWS, place.step // length))
    count = most if exact else 1
    power = np.zeros((length // 2 + 1, _TILE), np.float32)
    first = place.number * _TILE * place.step
    for part in range(count):
        if stop():
            return None
        centres = first + np.arange(_TILE) * place.step + (2 * part + 1) * place.step // (2 * count)
        apart = place.step // count > _READ_AHEAD_FRAMES
        with here_and_there(source) if apart else nullcontext():
            power += _powers(source, centres - length // 2, length) / np.float32(count)
    return _Tile(_levels(power, place.scale, place.rows, source.sample_rate), exact or most == 1)


def _powers(source: Audible, begins: npt.NDArray[np.int64], length: int) -> _Power:
    """Return the power of a window at each place, mean of the channels; a full-scale sine is 1."""
    begins = begins[begins < source.frames]
    found = np.zeros((length // 2 + 1, _TILE), np.float32)
    if not begins.size:
        return found
    window = _hann(length)
    for channel in _windows(source, begins, length):
        spectrum = np.fft.rfft(channel * window, axis=1)
        found[:, : begins.size] += (np.square(spectrum.real) + np.square(spectrum.imag)).T
    return found / np.float32(source.channels)


def _windows(source: Audible, begins: npt.NDArray[np.int64], length: int) -> Samples:
    """Return the frames of each window, shape (channels, windows, length)."""
    step = int(begins[1] - begins[0]) if begins.size > 1 else length
    if step <= length:
        near = source.read(int(begins[0]), int(begins[-1]) + length)
        return np.lib.stride_tricks.sliding_window_view(near, length, axis=1)[:, ::step]
    return np.stack([source.read(begin, begin + length) for begin in begins.tolist()], axis=1)


@lru_cache(maxsize=4)
def _hann(length: int) -> npt.NDArray[np.float32]:
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    window *= 2.0 / window.sum()
    return window.astype(np.float32)


def _levels(power: _Power, scale: Scale, rows: int, sample_rate: int) -> _Levels:
    """Return the levels of each row, highest frequency first."""
    level = 10.0 * np.log10(np.maximum(power, 1e-13))
    wide, starts, low, part = _rows(scale, rows, power.shape[0], sample_rate)
    shown = level[low] * (1 - part)[:, None] + level[low + 1] * part[:, None]
    # A row of several bins shows the loudest of them: no tone is lost between rows.
    shown[wide] = np.maximum.reduceat(level, starts, axis=0)[wide]
    return np.clip((shown[::-1] - _LOWEST_DB) * _PER_DB + 0.5, 0, _HIGHEST).astype(np.uint8)


@lru_cache(maxsize=16)
def _rows(
    scale: Scale, rows: int, bins: int, sample_rate: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return which rows have several bins, where these begin, and where the other rows lie between two."""
    per_bin = sample_rate / 2 / (bins - 1)
    edges = hz_at(np.arange(rows + 1) / rows, scale, sample_rate) / per_bin
    middle = (edges[1:] + edges[:-1]) / 2
    low = np.minimum(middle.astype(np.int64), bins - 2)
    starts = np.minimum(np.ceil(edges[:-1]).astype(np.int64), bins - 1)
    return np.diff(edges) > 1.0, starts, low, (middle - low).astype(np.float32)


def _coloured(
    levels: _Levels, height: int, shown: npt.NDArray[np.bool_], look: Look
) -> npt.NDArray[np.float32]:
    rows = ((np.arange(height) + 0.5) * levels.shape[0] / height).astype(np.int64)
    rgba: npt.NDArray[np.float32] = np.take(_palette(look), levels[rows], axis=0)
    if not shown.all():
        rgba *= shown[:, None]
    return rgba


@lru_cache(maxsize=8)
def _palette(look: Look) -> npt.NDArray[np.float32]:
    """Return the colour of each level."""
    level = np.arange(256) / _PER_DB + _LOWEST_DB
    place = np.clip((level - look.floor_db) / max(look.ceiling_db - look.floor_db, 1.0), 0.0, 1.0)
    colours = colour_map(look.colours, look.paper)[np.round(place * 255).astype(np.int64)]
    return np.hstack([colours, np.ones((256, 1), np.float32)])
