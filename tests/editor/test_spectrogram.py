"""Spectrograms: tones stand where they are, coarse pictures come first, memory is bounded."""

from __future__ import annotations

import queue

import numpy as np
import pytest
from sounds import as_sound, noise, tone

from nodegraph.editor.listen.background import Background
from nodegraph.editor.listen.frequencies import hz_at, place_of, ticks
from nodegraph.editor.listen.sound import Difference
from nodegraph.editor.listen.spectrogram import Look, Span, Spectrogram, window_frames
from nodegraph.editor.look.colormaps import MAPS, colour_map

RATE = 48_000
GREY = Look(scale="linear", floor_db=-120.0, ceiling_db=0.0, colours="grey")


class Viewer:
    """Somebody who looks until the picture is as good as it gets."""

    def __init__(self, **settings) -> None:
        self.inbox: queue.SimpleQueue = queue.SimpleQueue()
        self.background = Background(self.inbox.put)
        self.changes = 0
        self.spectrogram = Spectrogram(self.background, self._changed, **settings)

    def _changed(self) -> None:
        self.changes += 1

    def look(self, source, span: Span, how: Look = GREY, until: str = "exact"):
        picture = self.spectrogram.picture(source, span, how)
        while picture.state not in (until, "exact"):
            self.inbox.get(timeout=60)()
            picture = self.spectrogram.picture(source, span, how)
        return picture


@pytest.fixture
def viewer():
    viewer = Viewer()
    yield viewer
    viewer.background.close()


def loudest(picture, column: int) -> int:
    """Return the row of the lightest colour, from the top."""
    return int(np.argmax(picture.rgba[:, column, 1]))


def level_db(picture, row: int, column: int) -> float:
    """Return the level that a colour of GREY stands for."""
    greys = colour_map("grey")[:, 1]
    return float(np.argmin(np.abs(greys - picture.rgba[row, column, 1]))) / 255 * 120 - 120


@pytest.mark.parametrize("scale", ["linear", "log", "mel"])
@pytest.mark.parametrize("hz", [220.0, 1_000.0, 9_000.0])
def test_a_tone_stands_at_its_height(viewer, scale, hz):
    how = Look(scale, -120.0, 0.0, "grey")
    picture = viewer.look(tone(2.0, hz=hz), Span(0.5, 1.5, 50, 256), how)
    height = 1 - (loudest(picture, 25) + 0.5) / 256
    # One row, and half of a bin of 23 Hz where that is more.
    off = abs(place_of(hz + 12, scale, RATE) - place_of(hz, scale, RATE))
    assert height == pytest.approx(place_of(hz, scale, RATE), abs=1 / 256 + off)


def test_a_full_scale_sine_is_0_db(viewer):
    bin_hz = RATE / window_frames(RATE)
    picture = viewer.look(tone(2.0, hz=43 * bin_hz, gain=1.0), Span(0.5, 1.5, 50, 256))
    assert level_db(picture, loudest(picture, 25), 25) == pytest.approx(0.0, abs=0.8)


def test_a_picture_has_the_asked_size_and_is_transparent_outside_of_the_sound(viewer):
    picture = viewer.look(tone(1.0), Span(-1.0, 2.0, 300, 123))
    assert picture.rgba.shape == (123, 300, 4)
    assert picture.rgba.dtype == np.float32
    opaque = picture.rgba[0, :, 3] > 0
    assert np.array_equal(opaque, (np.arange(300) >= 100) & (np.arange(300) < 200))


def test_time_is_where_it_belongs(viewer):
    samples = np.zeros((1, 4 * RATE))
    samples[0, 3 * RATE] = 1.0
    picture = viewer.look(as_sound(samples, RATE, begin_s=10.0), Span(12.0, 14.0, 200, 256))
    bright = picture.rgba[128, :, 1]
    place = (np.flatnonzero(bright > bright.min() + 0.2) + 0.5).mean()
    assert place == pytest.approx(100, abs=1.5)


def test_a_long_span_is_coarse_first_and_then_refined(viewer):
    sound = noise(60.0, channels=1)
    span = Span(0.0, 60.0, 100, 256)
    coarse = viewer.look(sound, span, until="coarse")
    assert coarse.state == "coarse"
    exact = viewer.look(sound, span)
    # Several windows of noise differ less from each other than single ones.
    assert np.std(exact.rgba[..., 1]) < 0.7 * np.std(coarse.rgba[..., 1])
    assert viewer.changes >= 2


def test_what_is_known_is_shown_while_a_closer_look_is_made(viewer):
    sound = noise(60.0, channels=1)
    viewer.look(sound, Span(0.0, 60.0, 400, 256))
    picture = viewer.spectrogram.picture(sound, Span(20.0, 21.0, 400, 256), GREY)
    assert picture.state == "coarse"
    assert np.all(picture.rgba[..., 3] == 1.0)


def test_other_colours_and_levels_need_nothing_new(viewer):
    sound = noise(2.0)
    viewer.look(sound, Span(0.0, 2.0, 200, 256))
    other = viewer.spectrogram.picture(
        sound, Span(0.0, 2.0, 200, 256), Look("linear", -60.0, -20.0, "ice", "light")
    )
    assert other.state == "exact"
    assert not viewer.background.busy


def test_a_new_view_replaces_the_old_one(viewer):
    sound = noise(60.0)
    for number in range(50):
        viewer.spectrogram.picture(sound, Span(number, number + 5.0, 1_000, 256), GREY)
    asked = viewer.spectrogram._asked
    assert {place.number for place in asked} <= {place.number for place in asked if place.number >= 30}
    viewer.look(sound, Span(49.0, 54.0, 1_000, 256))


def test_tiles_are_bounded_in_bytes():
    viewer = Viewer(limit_bytes=1 << 20)
    sound = noise(60.0, channels=1)
    for begin in range(0, 50, 5):
        viewer.look(sound, Span(begin, begin + 5.0, 1_000, 256))
        assert viewer.spectrogram.held_bytes <= 1 << 20
    viewer.background.close()


def test_the_difference_shows_only_what_was_removed(viewer):
    music, hum = tone(2.0, hz=5_000.0), tone(2.0, hz=10_000.0, gain=0.1)
    a = as_sound(music.audio.samples + hum.audio.samples, RATE)
    picture = viewer.look(Difference(a, music), Span(0.5, 1.5, 50, 256))
    height = 1 - (loudest(picture, 25) + 0.5) / 256
    assert height == pytest.approx(10_000 / 24_000, abs=1 / 128)
    row = round((1 - 5_000 / 24_000) * 256)
    assert level_db(picture, row, 25) < -100


def test_an_empty_span_is_an_empty_picture(viewer):
    sound = as_sound(np.zeros((2, 0)), RATE)
    picture = viewer.spectrogram.picture(sound, Span(0.0, 1.0, 10, 10), GREY)
    assert not np.any(picture.rgba)


@pytest.mark.parametrize("scale", ["linear", "log", "mel"])
def test_heights_and_frequencies_are_each_other_s_inverse(scale):
    for place in (0.1, 0.5, 0.9):
        assert place_of(float(hz_at(place, scale, RATE)), scale, RATE) == pytest.approx(place)
    heights = [height for _, height in ticks(scale, RATE)]
    assert heights == sorted(heights)
    assert len(heights) >= 4


@pytest.mark.parametrize("name", list(MAPS))
def test_colours_rise_evenly_in_lightness(name):
    red, green, blue = colour_map(name).T
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    assert np.all(np.diff(luma) > -1e-3)
    assert luma[0] < 0.03
    assert luma[-1] > 0.9
    assert np.array_equal(colour_map(name, "light"), colour_map(name)[::-1])
