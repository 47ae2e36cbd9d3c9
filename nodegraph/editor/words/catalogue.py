"""Translations: gettext catalogues, read from their `.po` text so that nothing has to be compiled.

English is the source. `_("Save as…")` looks a text up when it is shown; `N_("Save as…")` only marks one
that is kept as data and looked up later.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

__all__ = [
    "LANGUAGES",
    "N_",
    "Language",
    "_",
    "catalogue_file",
    "in_all_languages",
    "language_in_use",
    "ngettext",
    "read_po",
    "use_language",
]

Language = Literal["en", "de"]

LANGUAGES: Mapping[Language, str] = {"en": "English", "de": "Deutsch"}
"""Each language by its own name."""

_FOLDER = Path(__file__).parent


class _Catalogue:
    """The texts of the language in use."""

    def __init__(self) -> None:
        self.language: Language = "en"
        self.texts: Mapping[str, tuple[str, ...]] = {}

    def find(self, text: str, form: int = 0) -> str | None:
        forms = self.texts.get(text)
        return forms[form] if forms and forms[form] else None


_used = _Catalogue()


def use_language(language: Language) -> None:
    """Say everything in that language from now on. What is drawn already has to be drawn again."""
    _used.language, _used.texts = language, _texts(language)


def language_in_use() -> Language:
    """Return the language in which everything is said now."""
    return _used.language


@cache
def _texts(language: Language) -> Mapping[str, tuple[str, ...]]:
    merged: dict[str, tuple[str, ...]] = {}
    if language != "en":
        for name in ("nodes", "editor"):
            merged |= catalogue_file(name, language)
    return merged


def catalogue_file(name: str, language: Language) -> dict[str, tuple[str, ...]]:
    """Return the entries of one catalogue of this folder: "nodes", "editor" or "engine"."""
    return read_po((_FOLDER / f"{name}.{language}.po").read_text(encoding="utf-8"))


def in_all_languages(text: str) -> tuple[str, ...]:
    """Return a text as each language has it, English first: who searches may think in another one."""
    others = (_texts(language).get(text, ("",))[0] for language in LANGUAGES)
    return (text, *filter(None, others))


def _(text: str) -> str:
    """Return a text in the language in use, or as it is where no translation is known."""
    return _used.find(text) or text


def N_(text: str) -> str:  # noqa: N802 - gettext's name
    """Mark a text that is looked up later."""
    return text


def ngettext(one: str, many: str, count: int) -> str:
    """Return the form that fits a count. English and German have the same two."""
    form = int(count != 1)
    return _used.find(one, form) or (many if form else one)


def read_po(content: str) -> dict[str, tuple[str, ...]]:
    """Read a gettext catalogue.

    Parameters
    ----------
    content : str
        Of a `.po` file.

    Returns
    -------
    dict of str to tuple of str
        msgid → its translations, one per plural form; "" where there is none yet. The header and
        fuzzy or obsolete entries are left out.
    """
    return {entry["msgid"]: _forms(entry) for entry in _entries(content) if entry.get("msgid")}


def _forms(entry: Mapping[str, str]) -> tuple[str, ...]:
    plural = tuple(entry[name] for name in ("msgstr[0]", "msgstr[1]") if name in entry)
    return plural or (entry.get("msgstr", ""),)


def _entries(content: str) -> Iterator[dict[str, str]]:
    for block in content.replace("\r\n", "\n").split("\n\n"):
        entry: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith("#, ") and "fuzzy" in line:
                break
            if line.startswith("#"):
                continue
            word, quote, rest = line.partition('"')
            if quote:
                name = word.strip() or name
                entry[name] = entry.get(name, "") + ast.literal_eval('"' + rest)
        else:
            if entry:
                yield entry
