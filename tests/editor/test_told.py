"""What the engine and the nodes say comes out in German, completely."""

import re
from dataclasses import replace

import numpy as np
import pytest
from engine_messages import templates
from messages import WORDS

from nodegraph import Audio
from nodegraph.document_file import from_json, load_document
from nodegraph.editor.desk.entering import entered
from nodegraph.editor.words import told, use_language
from nodegraph.editor.words.catalogue import read_po
from nodegraph.errors import NodeError, RegrooveError
from nodegraph.graph import Graph, Link, Node

_PLACE = re.compile(r"\{(\w+)(?::\w+)?\}")
# English words that no German sentence of the catalogue holds.
_ENGLISH = re.compile(r"\b(the|is|are|was|were|not|has|have|that|which|this|of|and|its|it|with|must|be)\b")


@pytest.fixture(autouse=True)
def in_german():
    use_language("de")
    yield
    use_language("en")


def entries():
    return read_po((WORDS / "engine.de.po").read_text(encoding="utf-8"))


def assert_german(message, *kept):
    """Check that nothing English is left, apart from what is filled in."""
    german = told(message)
    assert german != message
    left = german
    for text in kept:
        left = left.replace(text, "")
    assert not _ENGLISH.search(left), german


def test_every_message_of_the_engine_has_its_german():
    have = entries()
    assert not {text: of for text, of in templates().items() if not all(have.get(text, ("",)))}


def test_no_german_stands_for_what_the_engine_does_not_say_any_more():
    assert not [text for text in entries() if text not in templates()]


def test_what_is_filled_in_is_the_same_in_both_languages():
    places = {text: (_PLACE.findall(text), _PLACE.findall(german)) for text, (german,) in entries().items()}
    assert not {text: both for text, both in places.items() if set(both[0]) != set(both[1])}


@pytest.mark.parametrize("text", sorted(templates()))
def test_a_template_finds_its_own_messages(text):
    message = _PLACE.sub(lambda place: "12" if place[1].startswith("number") else "x" + place[1], text)
    german = told(message)
    assert german != message or _PLACE.sub("", entries()[text][0]) == _PLACE.sub("", text)


def test_english_stays_english():
    use_language("en")
    assert told("No clicks were found.") == "No clicks were found."


def test_what_is_not_known_stays_as_it_is():
    assert told("This was never said. Nobody knows: why.") == "This was never said. Nobody knows: why."
    assert told("") == ""


def test_a_name_that_is_filled_in_is_the_name_that_the_editor_shows():
    assert told("threshold_db must be 0 to 10 dB, not 50.") == "„Schwelle“ muss 0 bis 10 dB sein, nicht 50."
    assert told("Nothing is linked to its input audio.") == "Mit dem Eingang „Ton“ ist nichts verbunden."


def test_several_sentences_are_told_one_by_one():
    one, two = "No clicks were found.", "Nothing is linked to its input audio."
    assert told(f"{one} {two}") == f"{told(one)} {told(two)}"
    assert told(f"{one} {two} {one}") == f"{told(one)} {told(two)} {told(one)}"


def test_a_reason_behind_a_colon_is_told():
    assert told("/a.json: the file is nested too deeply to be a graph.").startswith("/a.json: Die Datei ist")


# --- errors that are really met -------------------------------------------------------------------


def _graph(library, **kinds):
    return Graph({name: Node(kind, {}, library.find(kind).version) for name, kind in kinds.items()})


def test_a_loop_a_wrong_type_and_a_taken_port_are_told(library):
    graph = _graph(library, one="gain", two="gain", told="measure")
    graph = graph.connect(Link("one", "audio", "two", "audio"), library)
    for link in (
        Link("two", "audio", "one", "audio"),
        Link("one", "audio", "one", "audio"),
        Link("told", "report", "one", "audio"),
        Link("one", "audio", "two", "audio"),
        Link("one", "nothing", "two", "audio"),
        Link("gone", "audio", "two", "audio"),
    ):
        problem = graph.link_problem(link, library)
        assert problem is not None
        assert_german(problem)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("gain", "gain_db", 1e6),
        ("gain", "gain_db", "loud"),
        ("gain", "gain_db", float("nan")),
        ("channels", "mode", "mona"),
        ("source.demo", "seed", 1.5),
        ("load", "file", 3),
    ],
)
def test_a_refused_parameter_is_told(library, kind, name, value):
    with pytest.raises(RegrooveError) as refused:
        library.find(kind).param(name).check(value)
    assert_german(str(refused.value), "mona")


def test_a_value_that_is_typed_out_of_range_is_told(library):
    with pytest.raises(Exception) as refused:
        entered(library.find("gain").param("gain_db"), "1000000")
    assert not _ENGLISH.search(told(str(refused.value)))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"format": "regroove.graph", "version": 99}',
        '{"format": "regroove.graph", "version": 1, "nodes": {"a": 3}}',
        '{"format": "regroove.graph", "version": 1, "nodes": {"a": {"kind": 3}}}',
        '{"format": "regroove.graph", "version": 1, "version": 2}',
        '{"format": "regroove.graph", "version": NaN}',
    ],
)
def test_a_damaged_document_is_told(library, content):
    with pytest.raises(RegrooveError) as refused:
        from_json(content, library)
    # What Python's own reader says of the place stays as it is.
    said = str(refused.value)
    german = told(said)
    assert german != said


def test_a_file_that_is_gone_is_told(library, tmp_path):
    with pytest.raises(RegrooveError) as refused:
        load_document(tmp_path / "gone.json", library)
    assert_german(str(refused.value), str(tmp_path))


def test_problems_of_nodes_are_told(library):
    graph = _graph(library, load="load", lost="load", gain="gain", new="gain")
    graph = graph.put("lost", replace(graph.node("lost"), params={"file": "gone.wav"}))
    graph = graph.put("new", replace(graph.node("new"), version=99))
    graph = graph.add("odd", Node("nobody.knows", {}, 1))
    for problem in graph.problems(library):
        assert_german(problem.text)


def test_what_is_not_installed_is_told(library):
    spec = library.find("gain")
    need = replace(spec, needs=("no_such_package",))
    assert_german(library.unavailable(need), "no_such_package")


def test_a_failure_is_told_whole_and_by_its_cause(library):
    sound = Audio(np.zeros((1, 48000), np.float32), 48000)
    with pytest.raises(RegrooveError) as refused:
        library.find("trim").function(sound, start_s=3.0)
    assert_german(str(refused.value))
    assert_german(str(NodeError("cut", "trim", {"start_s": 3.0}, refused.value)), "start_s")
    with pytest.raises(RegrooveError) as refused:
        library.find("channels").function(sound, mode="swap")
    assert_german(str(refused.value))
