"""How the listening panel is divided: nothing is cut off, however small the window is."""

import pytest

from nodegraph.editor.space.panes import divide
from nodegraph.editor.space.rooms import controls, lanes, meter_plan, rooms

SIZES = [
    (width, height, scale)
    for width, height in ((1280, 800), (1440, 900), (1920, 1080))
    for scale in (1.0, 1.25, 1.5, 1.75)
]
# The peak is needed most.
BY_WEIGHT = (3, 2, 1, 0)


def panel(width, height, scale, pictures="both"):
    """Return the rooms of the panel as it is at first in a window."""
    pane = divide(width, height, 27 * scale, {}, scale)["bottom"]
    stand = controls(pane.width, pane.height, scale, one_row=1220 * scale)
    return pane, rooms(pane.width, pane.height, scale, pictures, two_rows=stand == "rows")


@pytest.mark.parametrize(("width", "height", "scale"), SIZES)
def test_lanes_are_higher_than_their_names(width, height, scale):
    _pane, room = panel(width, height, scale)
    count = lanes(2, room.waveform.height, scale)
    assert room.waveform.height / count >= 20 * scale


@pytest.mark.parametrize(("width", "height", "scale"), SIZES)
@pytest.mark.parametrize("pictures", ["waveform", "spectrogram", "both"])
def test_pictures_are_seen_and_lie_inside_of_the_panel(width, height, scale, pictures):
    pane, room = panel(width, height, scale, pictures)
    shown = [each for each in (room.waveform, room.spectrogram) if each is not None]
    for each in shown:
        assert each.height >= 30 * scale
        assert each.y >= room.ruler.y + room.ruler.height
        assert each.y + each.height <= pane.height
    assert room.pictures.height >= sum(each.height for each in shown)


@pytest.mark.parametrize(("width", "height", "scale"), SIZES)
def test_all_four_meters_are_seen_whole_and_the_volume_too(width, height, scale):
    _pane, room = panel(width, height, scale)
    assert room.meters is not None
    plan = meter_plan(room.meters.height, scale, BY_WEIGHT)
    assert plan.shown == (0, 1, 2, 3)
    assert plan.volume
    assert plan.height + 28 * scale <= room.meters.height
    # Of a row the text takes 13 and a gap 3: the bar reaches into no other row.
    assert 16 * scale + plan.bar <= plan.pitch or plan.bar == 0


def test_what_weighs_least_goes_first():
    heights = {count: meter_plan(16.0 * count + 2, 1.0, BY_WEIGHT) for count in (1, 2, 3, 4)}
    assert {count: plan.shown for count, plan in heights.items()} == {
        1: (3,),
        2: (2, 3),
        3: (1, 2, 3),
        4: (0, 1, 2, 3),
    }
    assert not any(plan.volume for plan in heights.values())


def test_a_high_pane_has_bars_and_no_more_air_than_needed():
    plan = meter_plan(400.0, 1.0, BY_WEIGHT)
    assert (plan.pitch, plan.bar) == (29.0, 7.0)


def test_the_overview_goes_before_the_pictures_become_low():
    high = rooms(1400, 292, 1.0, "both", two_rows=False)
    low = rooms(1400, 170, 1.0, "both", two_rows=False)
    assert high.overview.height == 22
    assert low.overview.height == 0
    assert low.waveform.height >= 44


@pytest.mark.parametrize(
    ("width", "height", "stand"), [(1300, 170, "words"), (1000, 170, "icons"), (1000, 292, "rows")]
)
def test_a_low_panel_gives_up_words_rather_than_pictures(width, height, stand):
    assert controls(width, height, 1.0, one_row=1220.0) == stand


def test_channels_that_would_be_too_low_share_a_lane():
    assert lanes(2, 40.0, 1.0) == 2
    assert lanes(2, 39.0, 1.0) == 1
    assert lanes(2, 40.0, 1.75) == 1
