"""What the engine and the nodes say, in the user's language.

They know no gettext: they say English sentences in which names and numbers are filled in. `told` finds the
template that made a sentence, in the catalogue `engine.*.po`, and fills the same into the template's
translation. What was filled in may be told as well: a piece of a sentence, a reason, a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from nodegraph.editor.words.catalogue import Language, _, catalogue_file, language_in_use
from nodegraph.editor.words.names import choice_name, english_name, kind_name, param_name, port_name
from nodegraph.editor.words.values import decimal

__all__ = ["told"]

_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
# What may stand in a place, where its name or its role says so: else a short template fits everything.
_NUMBER, _NUMBERS = "number", r"[-+−]?[0-9.e+-]+"
_NAMES = r"(?:[\w -]|[.](?! ))+?"
_ANYTHING = ".*?"
_LONGEST = 4000


def told(message: str) -> str:
    """Return an English message of the engine or of a node in the language in use.

    Parameters
    ----------
    message : str
        One sentence or several. What is not known stays as it is.
    """
    language = language_in_use()
    return message if language == "en" else _told(message, language)


@dataclass(frozen=True)
class _Template:
    """A template with its translation.

    Parameters
    ----------
    constants : tuple of str
        Its constant parts: none of its messages is without them.
    pattern : re.Pattern
        Takes the whole message.
    translation : str
        With the same places. One may say what stands there: "{kind:kind}".
    """

    constants: tuple[str, ...]
    pattern: re.Pattern[str]
    translation: str


@dataclass(frozen=True)
class _Phrases:
    """All that is known in one language: whole messages, and templates, the most telling first."""

    whole: Mapping[str, str]
    templates: tuple[_Template, ...]


@cache
def _phrases(language: Language) -> _Phrases:
    whole, templates = dict[str, str](), list[_Template]()
    for text, (translation, *_plural) in catalogue_file("engine", language).items():
        if not translation:
            continue
        if _PLACE.search(text):
            templates.append(_template(text, translation))
        else:
            whole[text] = translation
    templates.sort(key=lambda each: (-max(map(len, each.constants)), -sum(map(len, each.constants))))
    return _Phrases(whole, tuple(templates))


def _template(text: str, translation: str) -> _Template:
    pattern, at, seen = "", 0, set[str]()
    constants = []
    named = {place[1] for place in _PLACE.finditer(translation) if place[2]}
    for place in _PLACE.finditer(text):
        name = place[1]
        constants.append(text[at : place.start()])
        taken = _NUMBERS if name.startswith(_NUMBER) else _NAMES if name in named else _ANYTHING
        pattern += re.escape(constants[-1])
        pattern += f"(?P=at_{name})" if name in seen else f"(?P<at_{name}>{taken})"
        seen.add(name)
        at = place.end()
    constants.append(text[at:])
    whole = re.compile(pattern + re.escape(constants[-1]), re.DOTALL)
    return _Template(tuple(filter(None, constants)), whole, translation)


@lru_cache(maxsize=2048)
def _told(message: str, language: Language) -> str:
    if len(message) > _LONGEST:
        return message
    known = _phrases(language)
    found = _as_one(message, known)
    return found if found is not None else _in_parts(message, known)


def _as_one(message: str, known: _Phrases) -> str | None:
    """Return the translation of what one template made, None if none did."""
    if message in known.whole:
        return known.whole[message]
    for template in known.templates:
        if all(constant in message for constant in template.constants):
            match = template.pattern.fullmatch(message)
            if match is not None:
                return _filled(template.translation, match, known)
    return None


def _in_parts(message: str, known: _Phrases) -> str:
    """Return several sentences one by one, or a reason behind a colon; the message if none is known."""
    for mark, keep in ((". ", 1), (": ", 2)):
        at = message.find(mark)
        while at >= 0:
            head, tail = message[: at + keep], message[at + keep :]
            space = " " if tail.startswith(" ") else ""
            first = _as_one(head, known)
            rest = _as_one(tail, known) if mark == ": " else _told_tail(tail, space, known)
            # A name may stand before a colon; sentences have to be known all.
            if rest is not None and (first is not None or mark == ": "):
                return (head if first is None else first) + rest
            at = message.find(mark, at + 1)
    return message


def _told_tail(tail: str, space: str, known: _Phrases) -> str | None:
    whole = _as_one(tail, known)
    if whole is not None:
        return whole
    sentence = tail.removeprefix(space)
    one = _as_one(sentence, known)
    if one is not None:
        return space + one
    parts = _in_parts(sentence, known)
    return space + parts if parts != sentence else None


def _filled(translation: str, match: re.Match[str], known: _Phrases) -> str:
    def fill(place: re.Match[str]) -> str:
        said = match[f"at_{place[1]}"]
        return _ROLES[place[2]](said) if place[2] else _said_again(said, known)

    return _PLACE.sub(fill, translation)


def _said_again(said: str, known: _Phrases) -> str:
    """Return what was filled in, told itself if it is known."""
    if not said or said.isdigit():
        return said
    number = decimal(said)
    if number != said:
        return number
    found = _as_one(said, known)
    return found if found is not None else _in_parts(said, known)


def _type_name(name: str) -> str:
    return _(english_name(name))


_ROLES: Mapping[str, Callable[[str], str]] = {
    "kind": kind_name,
    "param": param_name,
    "port": port_name,
    "choice": lambda name: choice_name(name.replace(" ", "_")),
    "type": _type_name,
}
