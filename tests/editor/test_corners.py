"""The minimap hides nothing that one works on, and nothing at all after everything was shown."""

import numpy as np
import pytest

from nodegraph.editor.space.corners import HOME, Corner, clear_of_map, corner_for, map_size
from nodegraph.editor.space.view import View

SIZE = map_size(1.0)
VIEW = View(0.0, 0.0, 1.0, 1000.0, 600.0)
UPPER_RIGHT = Corner(right=True, lower=False)


def boxes(*each):
    return np.array(each, dtype=np.float64).reshape(-1, 4)


def hidden(view, corner, nodes, size=SIZE):
    """Return how many nodes lie below the minimap."""
    left, top, right, bottom = size.box(corner, view.width, view.height)
    count = 0
    for x0, y0, x1, y1 in nodes:
        (a, b), (c, d) = view.to_pixels(x0, y0), view.to_pixels(x1, y1)
        count += a < right and c > left and b < bottom and d > top
    return count


def grid(columns, rows, width=216.0, height=150.0):
    """Return a graph without gaps that a minimap could stand in."""
    return boxes(
        *((x * 240, y * 170, x * 240 + width, y * 170 + height) for x in range(columns) for y in range(rows))
    )


def bounds(nodes):
    return (*nodes[:, :2].min(axis=0).tolist(), *nodes[:, 2:].max(axis=0).tolist())


@pytest.mark.parametrize("scale", [1.0, 1.75])
@pytest.mark.parametrize("window", [(560, 420), (900, 500), (1600, 460), (2200, 1300)])
@pytest.mark.parametrize("shape", [(1, 1), (4, 2), (9, 1), (2, 8), (12, 9)])
def test_no_node_is_hidden_after_everything_was_shown(shape, window, scale):
    size, canvas = map_size(scale), (window[0] * scale, window[1] * scale)
    assert size.fits(*canvas)
    nodes = grid(*shape)
    view = View(0, 0, scale, *canvas)
    view = clear_of_map(view, bounds(nodes), nodes, size, margin=32 * scale, most=1.1 * scale)
    corner = corner_for(view, size, nodes, boxes())
    assert hidden(view, corner, nodes, size) == 0
    left, top, right, bottom = view.box
    x0, y0, x1, y1 = bounds(nodes)
    assert (left <= x0, top <= y0, right >= x1, bottom >= y1) == (True,) * 4
    assert (view.width, view.height) == canvas


def test_everything_is_as_large_as_without_a_minimap_where_a_corner_is_free():
    nodes = boxes((0, 0, 900, 200), (0, 0, 300, 560))
    plain = VIEW.fitted(bounds(nodes), 32, 1.1)
    assert clear_of_map(VIEW, bounds(nodes), nodes, SIZE, margin=32, most=1.1) == plain


def test_it_stands_in_its_own_corner_while_nothing_is_there():
    assert corner_for(VIEW, SIZE, boxes((0, 0, 300, 300)), boxes(), now=UPPER_RIGHT) == HOME


def test_it_goes_where_no_node_is():
    assert corner_for(VIEW, SIZE, boxes((850, 480, 990, 590)), boxes()) == UPPER_RIGHT


def test_where_all_corners_are_taken_it_leaves_only_what_is_selected():
    everywhere = boxes((-5000, -5000, 5000, 5000))
    assert corner_for(VIEW, SIZE, everywhere, boxes()) == HOME
    assert corner_for(VIEW, SIZE, everywhere, boxes((850, 480, 990, 590))) == UPPER_RIGHT
    assert corner_for(VIEW, SIZE, everywhere, everywhere, now=UPPER_RIGHT) == UPPER_RIGHT


def test_it_goes_out_of_the_way_of_a_drag():
    everywhere = boxes((-5000, -5000, 5000, 5000))
    assert corner_for(VIEW, SIZE, everywhere, boxes(), pointer=(900, 540)) == UPPER_RIGHT
    assert corner_for(VIEW, SIZE, everywhere, boxes(), pointer=(500, 300)) == HOME
