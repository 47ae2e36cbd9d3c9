"""How the window is divided."""

import pytest

from nodegraph.editor.space.panes import Pane, card_beside, divide


@pytest.mark.parametrize("scale", [0.75, 1.0, 1.75, 2.5])
@pytest.mark.parametrize("size", [(1024, 640), (1440, 900), (3840, 2160)])
def test_panes_lie_side_by_side_inside_of_the_window(size, scale):
    panes = divide(*size, 27 * scale, {}, scale)
    boxes = [(p.x, p.y, p.x + p.width, p.y + p.height) for p in panes.values()]
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert right <= max(size[0], left + 200)
        assert bottom <= size[1]
        for l2, t2, r2, b2 in boxes[number + 1 :]:
            assert right <= l2 or r2 <= left or bottom <= t2 or b2 <= top or size[0] < 1100 * scale


@pytest.mark.parametrize("scale", [1.0, 1.75])
def test_the_graph_has_the_most_room_until_somebody_pulls(scale):
    panes = divide(1440, 900, 27, {}, scale)
    assert panes["canvas"].height > panes["bottom"].height
    assert panes["canvas"].width > max(panes["left"].width, panes["right"].width)
    pulled = divide(1440, 900, 27, {"bottom": 600.0}, scale)
    assert pulled["bottom"].height > panes["bottom"].height


def test_a_closed_pane_leaves_its_room_to_the_graph():
    every = divide(1440, 900, 27, {}, 1.0)
    fewer = divide(1440, 900, 27, {"left": 0.0, "right": 0.0, "bottom": 0.0}, 1.0)
    assert set(fewer) == {"toolbar", "canvas", "status"}
    assert fewer["canvas"].width > every["canvas"].width
    assert fewer["canvas"].height > every["canvas"].height


@pytest.mark.parametrize("about", ["left", "canvas", "bottom", "toolbar", "right"])
@pytest.mark.parametrize("scale", [1.0, 1.75])
@pytest.mark.parametrize("size", [(1280, 800), (1440, 900), (1920, 1080)])
def test_a_card_covers_nothing_of_what_it_is_about(size, scale, about):
    panes = divide(*size, 27 * scale, {}, scale)
    card = card_beside(about, panes, 364 * scale, 170 * scale, 12 * scale)
    # Where everything is large the graph and the card share a small window.
    most = 0.2 if about == "canvas" and scale > 1 else 0.0
    assert card.shared(panes[about]) <= most * panes[about].width * panes[about].height
    assert card.shared(Pane(0, 0, *size)) == pytest.approx(card.width * card.height)


def test_a_card_about_a_closed_pane_speaks_beside_the_graph():
    panes = divide(1440, 900, 27, {"left": 0.0}, 1.0)
    assert card_beside("left", panes, 364, 170, 12) == card_beside("canvas", panes, 364, 170, 12)
