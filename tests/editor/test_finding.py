"""What a few typed letters find, and in which order."""

import pytest

from nodegraph.editor.desk.finding import Candidate, find, fold, kind_candidates
from nodegraph.editor.words import catalogue

THINGS = [
    Candidate("inside", ("Undeclared",)),
    Candidate("word", ("Auto declick",)),
    Candidate("prefix", ("Declicker",)),
    Candidate("exact", ("Decl",)),
    Candidate("text", ("Clean",), "Declares war on noise."),
    Candidate("fuzzy", ("Dexexcxl",)),
]


def keys(query, candidates):
    return [candidate.key for candidate in find(query, candidates)]


def test_better_matches_come_first():
    assert keys("decl", THINGS) == ["exact", "prefix", "word", "inside", "text", "fuzzy"]


def test_an_empty_query_finds_everything_in_its_order():
    assert keys("  ", THINGS) == [thing.key for thing in THINGS]


def test_capitals_accents_and_separators_mean_nothing():
    assert fold("RÄUMEN") == "raumen"
    assert keys("übergang", [Candidate("a", ("Ubergang",)), Candidate("b", ("ÜBERGANG",))]) == ["a", "b"]
    assert keys("two walls", [Candidate("a", ("stereo.two_walls",))]) == ["a"]


def test_all_words_must_be_found():
    one = Candidate("one", ("Load audio",), "Load a sound file.")
    assert keys("audio load", [one]) == ["one"]
    assert keys("load sound", [one]) == ["one"]
    assert keys("load video", [one]) == []


def test_letters_that_are_far_apart_are_no_match():
    assert keys("rock", [Candidate("a", ("Restore older clicks",))]) == []


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("declick", "repair.declick"),
        ("dcl", "repair.declip"),
        ("hiss", "repair.denoise"),
        ("equal", "tone.eq"),
        ("hum", "repair.dehum"),
        ("load", "load"),
        ("old record", "tone.eq"),
        ("Flackern", "repair.codec"),
    ],
)
def test_kinds_are_found_by_name_and_explanation(library, query, kind):
    assert kind in keys(query, kind_candidates(library))[:3]


def test_kinds_are_found_by_their_german_names_while_the_editor_speaks_english(library, monkeypatch):
    german = {"Gain": ("Verstärkung",), "Declick": ("Knackser entfernen",)}
    monkeypatch.setattr(catalogue, "_texts", lambda language: german if language == "de" else {})
    candidates = kind_candidates(library)
    assert keys("verstark", candidates) == ["gain"]
    assert keys("Knackser", candidates) == ["repair.declick"]


def test_every_kind_is_found_first_by_its_own_name(library):
    for candidate in (candidates := kind_candidates(library)):
        assert keys(candidate.names[0], candidates)[0] == candidate.key
