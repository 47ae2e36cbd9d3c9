"""Every text that the editor can show, collected from the sources: what a translation has to have.

`python tests/editor/messages.py` prints the catalogue entries that German still lacks.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from babel.messages.extract import extract_from_dir

ROOT = Path(__file__).parents[2]
WORDS = ROOT / "nodegraph" / "editor" / "words"
_KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}


@cache
def from_sources() -> dict[str, list[str]]:
    """Return the texts marked in the editor: msgid → where; of plural forms, the first."""
    found: dict[str, list[str]] = {}
    rows = extract_from_dir(str(ROOT / "nodegraph" / "editor"), keywords=_KEYWORDS)
    for file, line, message, _comments, _context in rows:
        text = message[0] if isinstance(message, tuple) else message
        found.setdefault(text, []).append(f"{file}:{line}")
    return found


@cache
def plurals() -> dict[str, str]:
    """Return the plural form of each text that has one."""
    rows = extract_from_dir(str(ROOT / "nodegraph" / "editor"), keywords={"ngettext": (1, 2)})
    return {message[0]: message[1] for _f, _l, message, _c, _x in rows if isinstance(message, tuple)}


def from_library(library) -> dict[str, list[str]]:
    """Return the names and explanations of all nodes: msgid → whose."""
    from nodegraph.editor.words.names import english_kind, english_name
    from nodegraph.editor.words.prose import paragraphs

    found: dict[str, list[str]] = {}

    def add(text: str, of: str) -> None:
        if text:
            found.setdefault(text, []).append(of)

    for kind, spec in library.specs.items():
        add(english_kind(kind), kind)
        add(spec.summary, kind)
        for paragraph in paragraphs(spec.text):
            add(paragraph, kind)
        for port in (*spec.inputs, *spec.outputs):
            add(english_name(port.name), f"{kind}.{port.name}")
            add(port.text, f"{kind}.{port.name}")
            add(english_name(port.type.__name__), f"{kind}.{port.name}")
        for param in spec.params:
            add(english_name(param.name, unit=True), f"{kind}.{param.name}")
            add(param.text, f"{kind}.{param.name}")
            for choice in param.choices:
                add(english_name(choice), f"{kind}.{param.name}")
    return found


def from_graphs(library) -> dict[str, list[str]]:
    """Return the texts of the shipped graphs: msgid → which graph."""
    from nodegraph.editor.desk.templates import load_templates, texts_of

    found: dict[str, list[str]] = {}
    for template in load_templates(ROOT / "graphs", library):
        for text in filter(None, (template.title, template.text, *texts_of(template.document))):
            found.setdefault(text, []).append(f"{template.name}.json")
    return found


def german() -> dict[str, tuple[str, ...]]:
    """Return all German entries but those of the engine's messages."""
    from nodegraph.editor.words.catalogue import catalogue_file

    return catalogue_file("nodes", "de") | catalogue_file("editor", "de")


def quoted(text: str) -> str:
    """Return a text as a catalogue spells it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def main() -> None:
    import nodes
    from nodegraph.library import Library

    library = Library.from_package(nodes, skip=("dsp",))
    have, many = german(), plurals()
    for text, places in {**from_library(library), **from_graphs(library), **from_sources()}.items():
        if all(have.get(text, ("",))):
            continue
        print(f"#: {' '.join(places[:2])}\nmsgid {quoted(text)}")
        if text in many:
            print(f'msgid_plural {quoted(many[text])}\nmsgstr[0] ""\nmsgstr[1] ""\n')
        else:
            print('msgstr ""\n')


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
