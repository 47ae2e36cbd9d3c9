"""What is dragged lines up with what is near, else with the grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodegraph.editor.space.snap import snap, to_grid

NONE = np.zeros((0, 4))
ONE = np.array([[1000.0, 500.0, 1200.0, 700.0]])


def test_a_place_lands_on_the_grid():
    assert to_grid((13.0, -13.0)) == (16.0, -16.0)


def test_alone_a_box_lands_on_the_grid_without_guides():
    found = snap((13.0, 5.0, 229.0, 105.0), NONE)
    assert (found.dx, found.dy, found.guides) == (3.0, 3.0, ())


@pytest.mark.parametrize(
    ("left", "line"),
    [
        (1003.0, 1000.0),  # left to left
        (1197.0, 1200.0),  # left to right
        (897.0, 1000.0),  # right to left
        (1098.0, 1200.0),  # right to right
        (1048.0, 1100.0),  # middle to middle
    ],
)
def test_edges_and_middles_line_up(left, line):
    found = snap((left, 0.0, left + 100.0, 40.0), ONE)
    lines = (left + found.dx, left + found.dx + 50.0, left + found.dx + 100.0)
    assert line in lines
    ((x0, y0, x1, y1),) = found.guides
    assert x0 == x1
    assert (y0, y1) == (0.0, 700.0)


def test_what_is_too_far_does_not_line_up():
    assert snap((1010.0, 0.0, 1110.0, 40.0), ONE, near=6.0).guides == ()
    assert snap((1010.0, 0.0, 1110.0, 40.0), ONE, near=12.0).guides != ()


def test_both_axes_line_up_at_once():
    found = snap((1002.0, 502.0, 1102.0, 602.0), ONE)
    assert (found.dx, found.dy) == (-2.0, -2.0)
    assert len(found.guides) == 2


def test_the_nearest_of_many_wins():
    others = np.array([[0.0, 900.0, 100.0, 950.0], [3.0, 900.0, 103.0, 950.0]])
    assert snap((4.0, 0.0, 104.0, 50.0), others).dx == -1.0


@given(
    x=st.floats(-1e4, 1e4),
    y=st.floats(-1e4, 1e4),
    others=st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), max_size=5),
)
def test_nothing_moves_further_than_to_the_grid_or_what_is_near(x, y, others):
    boxes = np.array([(a, b, a + 216.0, b + 120.0) for a, b in others]).reshape(-1, 4)
    found = snap((x, y, x + 216.0, y + 90.0), boxes)
    assert abs(found.dx) <= 6.0
    assert abs(found.dy) <= 6.0
    assert len(found.guides) <= 2
