"""German is complete, and fits where the English stood."""

import re
import string

import pytest
from messages import from_graphs, from_library, from_sources, german, plurals

from nodegraph.editor.words import _, ngettext, use_language
from nodegraph.editor.words.catalogue import read_po


@pytest.fixture
def in_german():
    use_language("de")
    yield
    use_language("en")


def fields(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}


def test_every_text_of_the_editor_has_its_german():
    have = german()
    missing = {text: places for text, places in from_sources().items() if not all(have.get(text, ("",)))}
    assert not missing


def test_every_name_and_explanation_of_a_node_has_its_german(library):
    have = german()
    missing = {text: of for text, of in from_library(library).items() if not all(have.get(text, ("",)))}
    assert not missing


def test_what_is_filled_in_is_the_same_in_both_languages():
    wrong = {}
    said, many = from_sources(), plurals()
    for text, forms in german().items():
        if text not in said:
            continue
        known = fields(text) | fields(many.get(text, ""))
        for form in forms:
            if fields(form) - known or (len(forms) == 1 and fields(form) != known):
                wrong[text] = form
    assert not wrong


def test_every_shipped_graph_has_its_german(library):
    have = german()
    missing = {text: of for text, of in from_graphs(library).items() if not all(have.get(text, ("",)))}
    assert not missing


def test_no_german_stands_for_what_is_not_said_any_more(library):
    said = {*from_sources(), *from_library(library), *from_graphs(library)}
    assert not {text for text in german() if text not in said}


def test_texts_with_a_plural_have_both_forms():
    have = german()
    assert not [text for text in plurals() if len(have.get(text, ())) != 2]


def test_nothing_is_marked_that_was_put_together_before():
    """An f-string inside of `_()` would look up a text that no catalogue can have."""
    import ast

    from messages import ROOT

    found = []
    for path in (ROOT / "nodegraph" / "editor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
                found += [f"{path.name}:{node.lineno}" for arg in node.args if isinstance(arg, ast.JoinedStr)]
    assert not found


def test_german_is_used_once_it_is_chosen(in_german):
    assert _("Undo") == "Rückgängig"
    assert re.match(r"3 ", ngettext("{count} node", "{count} nodes", 3).format(count=3))
    assert _("a text that nobody translated") == "a text that nobody translated"


def test_a_catalogue_is_read_as_gettext_writes_it():
    content = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

#: here.py:1
msgid "Save"
msgstr "Speichern"

#, fuzzy
msgid "Old"
msgstr "Alt"

msgid ""
"long "
"text"
msgstr ""
"langer "
"Text \\"so\\""

msgid "{count} node"
msgid_plural "{count} nodes"
msgstr[0] "{count} Knoten"
msgstr[1] "{count} Knoten"
"""
    assert read_po(content) == {
        "Save": ("Speichern",),
        "long text": ('langer Text "so"',),
        "{count} node": ("{count} Knoten", "{count} Knoten"),
    }
