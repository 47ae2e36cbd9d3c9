"""Finding: what matches a few typed letters, best first. Used for kinds, commands and nodes alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from nodegraph.editor.words.catalogue import in_all_languages
from nodegraph.editor.words.names import english_kind, family_name, family_of
from nodegraph.editor.words.prose import paragraphs
from nodegraph.library import Library
from nodegraph.spec import NodeSpec

__all__ = ["Candidate", "find", "fold", "kind_candidates", "rank"]

# How good a match is, best first; also how far apart the classes lie.
_EXACT, _PREFIX, _WORD, _INSIDE, _TEXT, _FUZZY = range(6)
# Two letters begin too many words to mean one of them.
_LEAST_FUZZY = 3
_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Candidate:
    """Something that can be found.

    Parameters
    ----------
    key : str
        What it is: a kind, the name of an action, the id of a node.
    names : tuple of str
        What it is called, also in other languages.
    text : str
        What else is known of it: words of it count less.
    """

    key: str
    names: tuple[str, ...]
    text: str = ""
    _folded: tuple[tuple[str, ...], tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = tuple(dict.fromkeys(" ".join(_words(name)) for name in self.names))
        object.__setattr__(self, "_folded", (names, tuple(_words(self.text))))


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return a text without capitals and accents: "Räume" and "raume" are one, "ß" is "ss"."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))


def find(query: str, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return what matches, best first; equals keep their order. An empty query matches everything."""
    ranked = ((rank(query, candidate), candidate) for candidate in candidates)
    found = [(value, candidate) for value, candidate in ranked if value is not None]
    return [candidate for _, candidate in sorted(found, key=lambda pair: pair[0])]


def rank(query: str, candidate: Candidate) -> float | None:
    """Return how well a query matches, less is better; None if it does not.

    The whole query is looked for first, then each of its words: all of them must be found. The beginning
    of a name is better than the beginning of one of its words, that better than letters inside of a
    word, that better than a word of the text, and that better than letters in the right order.
    """
    names, text = candidate._folded
    words = _words(query)
    if not words:
        return 0.0
    whole = " ".join(words)
    best = [_rank_of(whole, name) for name in names]
    sure = [value for value in best if value is not None and value < _TEXT]
    if sure:
        return min(sure)
    total = 0.0
    for word in words:
        ranks = [value for name in names if (value := _rank_of(word, name)) is not None]
        if len(word) >= _LEAST_FUZZY and any(each.startswith(word) for each in text):
            ranks.append(_TEXT)
        if not ranks:
            return None
        total += min(ranks)
    # What matches only in parts comes after what matches as a whole.
    return total + (_INSIDE if len(words) > 1 else 0)


def kind_candidates(library: Library) -> tuple[Candidate, ...]:
    """Return all kinds of node as candidates, by their names in every language."""
    return tuple(
        Candidate(
            kind,
            (*in_all_languages(english_kind(kind)), kind),
            " ".join((family_name(family_of(kind)), *_prose_of(spec))),
        )
        for kind, spec in library.specs.items()
    )


def _prose_of(spec: NodeSpec) -> Iterator[str]:
    for text in (spec.summary, *paragraphs(spec.text)):
        yield from in_all_languages(text)


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(fold(text)) if word]


def _rank_of(query: str, name: str) -> float | None:
    """Return how well a query matches one name. Shorter names win among equals."""
    length = len(name) / 1000
    if query == name:
        return _EXACT
    if name.startswith(query):
        return _PREFIX + length
    if f" {query}" in f" {name}":
        return _WORD + length
    if query in name:
        return _INSIDE + length
    gaps = _gaps(query, name) if len(query) >= _LEAST_FUZZY else None
    return None if gaps is None else _FUZZY + min(gaps / 100, 0.9)


def _gaps(query: str, name: str) -> int | None:
    """Return how many letters lie between those of the query, in their order; None if they are not there.

    More gaps than letters is no match: "rock" is not meant by "restore older clicks".
    """
    place, first = -1, 0
    for number, letter in enumerate(query.replace(" ", "")):
        place = name.find(letter, place + 1)
        if place < 0:
            return None
        if number == 0:
            first = place
    gaps = place - first + 1 - len(query)
    return gaps if gaps <= len(query) else None
