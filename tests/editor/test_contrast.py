"""Every text is read on its ground (WCAG 2.2, 1.4.3: 4.5 to 1), every mark on its own (1.4.11: 3 to 1)."""

import pytest

from nodegraph.editor.look.colours import THEMES, contrast, dimmed, marked, mixed, on_top_of

TEXT, MARK = 4.5, 3.0


@pytest.fixture(params=THEMES)
def colours(request):
    return THEMES[request.param]


@pytest.mark.parametrize("ground", ["window", "panel", "raised", "hovered", "canvas", "node", "field"])
@pytest.mark.parametrize("ink", ["text", "quiet"])
def test_text_is_read_on_every_ground(colours, ground, ink):
    assert contrast(getattr(colours, ink), getattr(colours, ground)) >= TEXT


def test_text_is_read_in_marked_rows_and_filled_sliders(colours):
    assert contrast(colours.quiet, marked(colours)) >= TEXT
    assert contrast(colours.text, colours.fill) >= TEXT


def test_text_is_read_on_what_one_is_meant_to_press(colours):
    assert contrast(colours.on_accent, colours.accent) >= TEXT
    assert contrast(colours.panel, colours.bad) >= TEXT


def test_warnings_and_errors_are_read(colours):
    for ink in (colours.bad, colours.warning):
        for ground in (colours.panel, colours.raised, colours.window):
            assert contrast(ink, ground) >= TEXT


def test_titles_are_read_on_every_family(colours):
    assert all(contrast((255, 255, 255), each) >= TEXT for each in colours.families.values())


def test_letters_are_read_on_the_colours_of_a_and_b(colours):
    for each in (colours.wave_a, colours.wave_b, colours.good, colours.warning):
        assert contrast(on_top_of(each), each) >= TEXT


def test_a_bypassed_node_is_read_and_quieter_than_others(colours):
    ground, ink = dimmed(colours)
    assert TEXT <= contrast(ink, ground) < contrast(colours.text, colours.node)


def test_names_of_links_are_read_in_their_colour(colours):
    assert all(contrast(each, colours.panel) >= TEXT for each in colours.ports.values())


def test_marks_are_seen(colours):
    for ground in (colours.panel, colours.raised, colours.canvas):
        assert contrast(colours.accent, ground) >= MARK
    for ink in (colours.good, colours.wave_a, colours.wave_b):
        assert contrast(ink, colours.panel) >= MARK


def test_titles_of_frames_are_read(colours):
    ground = mixed(colours.canvas, colours.accent, 20 / 255)
    assert contrast(mixed(colours.accent, colours.text, 0.55), ground) >= TEXT
