"""Widths of texts, and how they are cut to fit."""

import pytest

from nodegraph.editor.look.typesetting import (
    filling,
    first_sentence,
    fitting,
    fitting_apart,
    text_width,
    wrapped,
)

TEXTS = ("Größe", "Threshold 12.5 dB", "„Nadel“ – 78 U/min …", "Ærø × €", "Wow & flutter")


def test_a_width_is_the_sum_of_the_fonts_advances():
    # 1800 + 1640 + 1716 units of an em of which 3408 are one size: Inter's own table.
    assert text_width("Reg", 3408) == pytest.approx(1800 + 1640 + 1716)


def test_semi_bold_is_wider():
    assert text_width("Threshold", 16, bold=True) > text_width("Threshold", 16)


@pytest.mark.parametrize("room", [0, 5, 20, 60, 200])
@pytest.mark.parametrize("text", [*TEXTS, "名前の長いノード", "🎵🎵🎵🎵"])
def test_a_fitted_text_never_is_wider_than_its_room(text, room):
    assert text_width(fitting(text, 15, room), 15) <= max(room, text_width("…", 15))


def test_what_fits_is_not_cut():
    assert fitting("Mix", 15, 100) == "Mix"


def test_what_does_not_fit_ends_with_an_ellipsis():
    assert fitting("Knackser der ersten Minute", 15, 100) == "Knackser der e…"


def test_lines_are_broken_between_words_and_the_rest_is_cut():
    lines = wrapped("Erst die Knackser, dann das Rauschen, zuletzt der Pegel.", 15, 120, 2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
    assert all(text_width(line, 15) <= 120 for line in lines)


def test_line_breaks_of_a_text_are_kept():
    assert wrapped("one\n\ntwo", 15, 100, 9) == ("one", "", "two")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Put 1.5 s of noise before it. Then run again.", "Put 1.5 s of noise before it."),
        ("No end", "No end"),
        ("One\nTwo", "One"),
        ("", ""),
    ],
)
def test_the_first_sentence_ends_at_its_full_stop(text, first):
    assert first_sentence(text) == first


@pytest.mark.parametrize("box", [(196, 60), (196, 200), (80, 30), (400, 34)])
@pytest.mark.parametrize(
    "text", ["Demo-Aufnahme", "Gehalten / geschlagen", "Geschwindigkeitsschwankung", "A B C"]
)
def test_a_text_fills_its_box_and_never_leaves_it(text, box):
    lines, size = filling(text, *box, most=40, least=12, bold=True)
    assert 12 <= size <= 40
    assert len(lines) * size <= box[1]
    assert all(text_width(line, size, bold=True) <= box[0] for line in lines)
    whole = "".join("".join(lines).split()) == "".join(text.split())
    assert whole or (size == 12 and lines[-1].endswith("…"))


def test_a_line_may_end_after_a_hyphen():
    assert filling("Demo-Aufnahme", 196, 100, most=40, least=20)[0] == ("Demo-", "Aufnahme")


def test_names_that_begin_alike_are_told_apart_when_they_are_cut():
    names = ["Geschwindigkeit laden", "Geschwindigkeit zeichnen", "Ton laden", "Geschwindigkeit"]
    rooms = [text_width("Geschwindigkeit", 16) + 5] * len(names)
    lines = fitting_apart(names, 16, rooms)
    assert len(set(lines)) == len(names)
    assert lines[0].endswith("… laden")
    assert lines[1].endswith("… zeichnen")
    assert lines[2:] == names[2:]
    assert all(text_width(line, 16) <= room for line, room in zip(lines, rooms, strict=True))
