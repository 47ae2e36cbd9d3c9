"""What is seen on a node: texts that fit, states in words, widgets for parameters."""

import dataclasses
import math

import pytest

from nodegraph.document import Document
from nodegraph.editor.desk.entering import entered, range_text, text_to_edit
from nodegraph.editor.desk.states import Loudness, NodeState, PortRef
from nodegraph.editor.look.typesetting import text_width
from nodegraph.editor.space.face import (
    INSET,
    REASON_SIZE,
    ROW_SIZE,
    STRIP_SIZE,
    TITLE_SIZE,
    face_of,
    filled_share,
    level_of,
)
from nodegraph.editor.space.hints import hint_of
from nodegraph.editor.space.hit import Hit
from nodegraph.editor.space.shape import HEAD, shape_of
from nodegraph.editor.words import told, use_language
from nodegraph.editor.words.values import decimal, duration_text, level_text, number_text, value_text
from nodegraph.graph import Graph, Link, Node
from nodegraph.param import Param, Range

LONG = "Rauschunterdrückungsschwellenwertautomatik der linken Rille"


@pytest.fixture
def seen(library):
    """Return a function that makes the face of one node."""

    def make(kind, params=None, *, document=None, state=None, listened=None, bypassed=False, **changes):
        graph = Graph({"n": Node(kind, params or {}, bypassed=bypassed)})
        document = dataclasses.replace(document or Document(graph), **changes)
        shape = shape_of(document, "n", library)
        return face_of(document, "n", shape, library, state=state, listened=listened)

    return make


def row(face, name):
    return next(row for row in face.rows if row.name == name)


STATES = (
    NodeState("clean", seconds=3725.0, loudness={"audio": Loudness(-100.25, -100.25)}),
    NodeState("running", fraction=1.0),
    NodeState("failed", reason=LONG * 4 + ". And more."),
    NodeState("blocked", reason=LONG * 3),
    NodeState("unavailable", reason="needs torch, which is not installed."),
    NodeState("stale"),
)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.status)
def test_nothing_on_a_node_of_any_kind_is_wider_than_its_place(library, seen, state):
    for kind in library.specs:
        face = seen(kind, state=state, labels={"n": LONG})
        inner = face.width - 2 * INSET
        assert text_width(face.title, TITLE_SIZE, bold=True) <= face.width - 20
        for each in face.rows:
            both = text_width(each.name, ROW_SIZE) + text_width(each.value, ROW_SIZE)
            assert both <= inner - 8
        strip = text_width(face.text, STRIP_SIZE) + text_width(face.figures, STRIP_SIZE)
        assert strip <= inner - 18
        assert all(text_width(line, face.far_size, bold=True) <= inner for line in face.far)
        assert face.far_size * len(face.far) <= face.height - HEAD
        assert all(text_width(line, REASON_SIZE) <= face.width for line in face.reason)
        for port in face.ports:
            same = [other for other in face.ports if other.place.y == port.place.y]
            assert sum(text_width(other.name, ROW_SIZE) for other in same) <= face.width - 30


def test_the_users_name_is_the_title(seen):
    assert seen("repair.declick", labels={"n": "Große Knackser"}).title == "Große Knackser"


def test_a_kind_that_is_unknown_here_is_named_and_has_no_family(seen):
    face = seen("acme.magic_thing")
    assert (face.title, face.known, face.family) == ("Magic thing", False, "other")


@pytest.mark.parametrize(
    ("kind", "name", "looks"),
    [
        ("repair.declick", "Threshold", "slider"),
        ("repair.denoise", "Noise", "choice"),
        ("load", "File", "file"),
        ("speed.draw", "Points", "field"),
    ],
)
def test_a_parameter_looks_like_what_it_is(seen, kind, name, looks):
    assert row(seen(kind), name).kind == looks


def test_a_files_name_is_shown_without_its_folder(seen):
    face = seen("load", {"file": "/home/me/music/side a.wav"})
    assert row(face, "File").value == "side a.wav"


def test_a_missing_file_is_told_quietly(seen):
    file = row(seen("load"), "File")
    assert (file.value, file.quiet) == ("No file", True)


def test_a_value_that_is_refused_is_shown_all_the_same(seen):
    assert row(seen("gain", {"gain_db": 1e9}), "Gain").value.endswith("dB")


def test_a_logarithmic_slider_is_filled_by_ratios():
    param = Param("from_hz", "float", 100.0, Range(10, 1000, "log"))
    assert filled_share(param, 100.0) == pytest.approx(0.5)


def test_a_linear_slider_is_filled_by_differences():
    param = Param("gain_db", "float", 0.0, Range(-20, 20))
    assert [filled_share(param, value) for value in (-20, 0, 20, 99)] == [0, 0.5, 1, 1]


def test_more_parameters_than_fit_are_counted(seen):
    assert seen("tone.eq").more == "… 10 more"


def test_a_clean_node_tells_how_long_it_took_and_how_loud_it_is(seen):
    face = seen("gain", state=NodeState("clean", seconds=1.24, loudness={"audio": Loudness(-1.0, -18.04)}))
    assert (face.text, face.figures) == ("1.2 s", "−1.0 dBFS · −18.0 LUFS")


def test_silence_has_no_loudness(seen):
    loudness = {"audio": Loudness(-math.inf, -math.inf)}
    assert seen("gain", state=NodeState("clean", loudness=loudness)).figures == "silence"


def test_a_running_node_tells_its_percent(seen):
    face = seen("gain", state=NodeState("running", fraction=0.424))
    assert (face.status, face.figures, face.fraction) == ("running", "42 %", 0.424)


def test_a_failed_node_tells_the_first_sentence_of_its_reason(seen):
    face = seen(
        "mix", state=NodeState("failed", reason="Track 2 has another rate. Put a Resample node there.")
    )
    assert " ".join(face.reason) == "Track 2 has another rate."


def test_a_blocked_node_says_why_in_its_strip(seen):
    face = seen("gain", state=NodeState("blocked", reason="audio has no link. Link it."))
    assert face.text == "audio has no link."


def test_the_signal_of_a_bypassed_node_passes_from_its_first_input(seen):
    face = seen("repair.declick", bypassed=True)
    assert face.status == "bypassed"
    assert face.through == (face.ports[0].place.y, face.ports[0].place.y)


def test_listened_outputs_have_badges(seen):
    face = seen("repair.declick", listened={PortRef("n", "audio"): "A", PortRef("n", "removed"): "B"})
    badges = {port.place.name: port.badge for port in face.ports if port.place.side == "output"}
    assert badges == {"audio": "A", "removed": "B", "clicks": ""}


def test_a_collapsed_node_shows_its_title_only(seen):
    face = seen("repair.declick", collapsed=frozenset({"n"}))
    assert face.rows == ()
    assert all(not port.name for port in face.ports)


def test_equal_nodes_have_equal_faces(seen):
    assert seen("repair.declick") == seen("repair.declick")
    assert seen("repair.declick") != seen("repair.declick", {"threshold_db": 10.0})


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.0, "12"), (-3.5, "−3.5"), (0.05, "0.05"), (44100, "44100"), (1234.56, "1235"), (1e9, "1e+09")],
)
def test_numbers_are_short(value, text):
    assert number_text(value) == text


def test_german_numbers_have_a_comma_and_versions_a_point():
    use_language("de")
    assert number_text(-3.5) == "−3,5"
    assert duration_text(1.24) == "1,2 s"
    assert level_text(-math.inf) == "−∞"
    assert decimal("0.05") == "0,05"
    assert [decimal(text) for text in ("1.2.3", "a.wav", "2.x", "")] == ["1.2.3", "a.wav", "2.x", ""]
    gain = Param("gain_db", "float", 0.0, range=Range(-1.5, 48))
    assert range_text(gain) == "−1,5 bis 48 dB"
    assert entered(gain, text_to_edit(gain, -1.25)) == -1.25
    assert told("2 dropouts were repaired, 1.5 % of the sound.").endswith("1,5 % des Tons.")


def test_nothing_is_automatic():
    assert value_text(Param("level_dbfs", "float", None, nullable=True), None) == "Automatic"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0001, "1 ms"),
        (0.04, "40 ms"),
        (0.999, "1.0 s"),
        (1.24, "1.2 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1:00 min"),
        (185, "3:05 min"),
        (3599.6, "1:00 h"),
        (3725, "1:02 h"),
    ],
)
def test_durations_are_short(seconds, text):
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("hit", "begins"),
    [
        (Hit("title", node_id="d"), "Replace clicks"),
        (Hit("param", node_id="d", param="threshold_db"), "How"),
        (Hit("strip", node_id="d"), "The file is missing."),
        (Hit("title", node_id="x"), "This version does not know nodes of the kind acme.thing."),
        (Hit("nothing"), ""),
    ],
    ids=lambda value: value.what if isinstance(value, Hit) else "",
)
def test_what_rests_under_the_pointer_is_explained(library, hit, begins):
    nodes = {"d": Node("repair.declick"), "x": Node("acme.thing")}
    document = Document(Graph(nodes, (Link("x", "audio", "d", "audio"),)))
    states = {"d": NodeState("blocked", reason="The file is missing.")}
    hint = hint_of(hit, document, library, states)
    assert hint.startswith(begins)
    assert bool(hint) == bool(begins)


@pytest.mark.parametrize("scale", [1.0, 1.5, 1.75, 2.5])
def test_a_title_that_can_be_read_is_seen_at_any_size_of_everything(scale):
    assert level_of(0.27, scale) == "far"
    assert level_of(0.15, scale) == "farther"


@pytest.mark.parametrize(
    ("zoom", "scale", "level"), [(0.6, 1.0, "near"), (0.6, 1.75, "far"), (0.9, 1.75, "near")]
)
def test_rows_are_seen_as_large_as_everything_else(zoom, scale, level):
    assert level_of(zoom, scale) == level


@pytest.mark.parametrize("collapsed", [False, True])
def test_the_whole_title_is_read_from_afar_wherever_it_has_room(seen, collapsed):
    for title in ("Gehalten / geschlagen", "Pegel Melodie", "Demo-Aufnahme", "Mix"):
        face = seen("level.limiter", labels={"n": title}, collapsed=frozenset({"n"} if collapsed else ()))
        read = "".join("".join(face.far).split())
        assert read == title.replace(" ", "") or (collapsed and read.endswith("…"))
        assert face.far_size >= (20 if collapsed else 24)


def test_short_titles_are_larger_than_long_ones(seen):
    sizes = [
        seen("level.limiter", labels={"n": title}).far_size for title in ("Mix", "Geschwindigkeit", LONG)
    ]
    assert sizes[0] == 40
    assert sizes[0] > sizes[1] > sizes[2]
