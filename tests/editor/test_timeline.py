"""Which passage is seen, what the rulers say, and what the mouse does on a picture of sound."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodegraph.editor.space.strip import Passage, Seek, Strip
from nodegraph.editor.space.timeline import Span, clock, frequency_words, time_ticks

MINUTE = Span.whole(0.0, 60.0, 48000)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0:00.000"),
        (62.5, "1:02.500"),
        (59.9996, "1:00.000"),
        (3661.25, "1:01:01.250"),
        (-0.25, "-0:00.250"),
    ],
)
def test_a_clock_shows_minutes_seconds_and_milliseconds(seconds, text):
    assert clock(seconds) == text


@given(st.floats(0.1, 20), st.floats(0, 60))
def test_what_is_under_the_pointer_stays_there_while_zooming_in(factor, at_s):
    zoomed = MINUTE.zoomed(4, 30).zoomed(max(factor, 1.0), min(max(at_s, 23), 37))
    before = MINUTE.zoomed(4, 30)
    at = min(max(at_s, 23), 37)
    assert zoomed.x(at, 1000) == pytest.approx(before.x(at, 1000), abs=1e-6)


@given(st.lists(st.tuples(st.floats(0.05, 20), st.floats(-100, 100)), max_size=12))
def test_a_view_never_leaves_the_sound(steps):
    span = MINUTE
    for factor, by_s in steps:
        span = span.zoomed(factor, span.at(300, 1000)).panned(by_s)
        assert span.first_s - 1e-9 <= span.begin_s < span.end_s <= span.last_s + 1e-9
        assert span.seconds >= 8 / 48000 - 1e-12


def test_zooming_in_ends_at_single_samples():
    assert MINUTE.zoomed(1e9, 12.0).seconds == pytest.approx(8 / 48000)


def test_a_view_of_all_becomes_a_view_of_all_of_another_sound():
    assert MINUTE.within(0, 10, 44100).is_whole


def test_a_passage_stays_in_view_when_another_sound_is_shown():
    passage = MINUTE.showing(20, 22, margin=0)
    other = passage.within(0, 30, 44100)
    assert (other.begin_s, other.end_s) == (20, 22)


def test_a_page_turns_when_playback_leaves_it():
    page = MINUTE.showing(10, 20, margin=0)
    assert page.following(15) is page
    assert page.following(20).begin_s == 20


@pytest.mark.parametrize("seconds", [0.0002, 0.003, 0.05, 1.0, 12.0, 60.0, 3600.0])
def test_ticks_keep_their_distance_and_say_different_times(seconds):
    span = Span(7.0, 7.0 + seconds, 0.0, 4000.0)
    named = [tick for tick in time_ticks(span, 1000) if tick.text]
    places = [span.x(tick.at, 1000) for tick in named]
    assert 2 <= len(named) <= 12
    assert all(later - earlier >= 89 for earlier, later in itertools.pairwise(places))
    assert len({tick.text for tick in named}) == len(named)


@pytest.mark.parametrize(("frequency_hz", "text"), [(50, "50"), (1000, "1k"), (2500, "2.5k")])
def test_frequencies_are_written_short(frequency_hz, text):
    assert frequency_words(frequency_hz) == text


def test_a_click_seeks():
    strip = Strip()
    strip.press(500, MINUTE, 1000, None)
    strip.move(502, MINUTE, 1000)
    assert strip.release(502, MINUTE, 1000) == Seek(30.0)


def test_a_drag_selects_in_either_direction():
    strip = Strip()
    strip.press(500, MINUTE, 1000, None)
    assert strip.move(250, MINUTE, 1000) == Passage((15.0, 30.0))
    assert strip.release(250, MINUTE, 1000) == Passage((15.0, 30.0))


def test_a_drag_beyond_the_side_selects_to_the_end_of_the_view():
    strip = Strip()
    strip.press(500, MINUTE, 1000, None)
    assert strip.release(5000, MINUTE, 1000) == Passage((30.0, 60.0))


def test_an_edge_of_the_region_is_pulled_and_the_other_one_stays():
    strip = Strip()
    assert strip.edge(251, MINUTE, 1000, (15.0, 30.0)) == "begin"
    strip.press(251, MINUTE, 1000, (15.0, 30.0))
    assert strip.release(100, MINUTE, 1000) == Passage((6.0, 30.0))


def test_a_double_click_selects_nothing():
    strip = Strip()
    strip.press(500, MINUTE, 1000, None)
    assert strip.double_click() == Passage(None)
    assert not strip.busy
