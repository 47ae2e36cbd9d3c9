"""Arithmetic: what is typed into a number field: "-3+1.5", "2*440", "1,5k", "(20+40)/2 dB"."""

from __future__ import annotations

import math
import re

from nodegraph.editor.words import _

__all__ = ["ArithmeticProblem", "calculate"]

_NUMBER = re.compile(r"(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", ":": "/", "'": "", "\u00a0": " "})
# Nobody nests deeper by hand, and Python's own stack is never reached.
_DEEPEST = 50


class ArithmeticProblem(ValueError):
    """What was typed is no calculation; the text says why, for the user."""


def calculate(text: str, unit: str = "") -> float:
    """Return the value of a calculation.

    Parameters
    ----------
    text : str
        Numbers with a point or a comma, "k" for thousands, + − × ÷ ^ and brackets.
    unit : str
        May stand at the end and means nothing more.

    Raises
    ------
    ArithmeticProblem
        If it is none; the message is a sentence in the language in use.
    """
    plain = text.translate(_SIGNS).strip()
    if unit and plain.casefold().endswith(unit.casefold()):
        plain = plain[: -len(unit)].rstrip()
    if not plain:
        raise ArithmeticProblem(_("Type a number, or a calculation such as -3+1.5."))
    reader = _Reader(plain)
    value = reader.sum()
    if reader.rest:
        raise ArithmeticProblem(
            _("“{text}” is no calculation: “{rest}” was not expected.").format(text=text, rest=reader.rest)
        )
    if isinstance(value, complex) or not math.isfinite(value):
        raise ArithmeticProblem(_("The result of “{text}” is no finite number.").format(text=text))
    return value


class _Reader:
    """Reads a calculation from the left to the right."""

    def __init__(self, text: str) -> None:
        self._text, self._place, self._depth = text, 0, 0

    @property
    def rest(self) -> str:
        return self._text[self._place :].strip()

    def _skip(self) -> str:
        """Skip blanks and return the next character, "" at the end."""
        while self._text[self._place : self._place + 1].isspace():
            self._place += 1
        return self._text[self._place : self._place + 1]

    def _take(self, signs: str) -> str:
        """Return the next character and step over it if it is one of `signs`, else ""."""
        sign = self._skip()
        if not sign or sign not in signs:
            return ""
        self._place += 1
        return sign

    def sum(self) -> float:
        value = self._product()
        while sign := self._take("+-"):
            other = self._product()
            value = value + other if sign == "+" else value - other
        return value

    def _product(self) -> float:
        value = self._signed()
        while sign := self._take("*/"):
            other = self._signed()
            if sign == "/" and other == 0:
                raise ArithmeticProblem(_("Nothing can be divided by 0."))
            value = value * other if sign == "*" else value / other
        return value

    def _signed(self) -> float:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ArithmeticProblem(_("This calculation is nested too deeply."))
        sign = self._take("+-")
        value = self._signed() if sign else self._power()
        self._depth -= 1
        return -value if sign == "-" else value

    def _power(self) -> float:
        base = self._atom()
        if not self._take("^"):
            return base
        try:
            return float(base ** self._signed())
        except (OverflowError, ZeroDivisionError, TypeError):
            raise ArithmeticProblem(
                _("The result of “{text}” is no finite number.").format(text=self._text)
            ) from None

    def _atom(self) -> float:
        if self._take("("):
            value = self.sum()
            if not self._take(")"):
                raise ArithmeticProblem(
                    _("A closing bracket is missing in “{text}”.").format(text=self._text)
                )
            return value
        self._skip()
        found = _NUMBER.match(self._text, self._place)
        if found is None:
            shown = self.rest
            if not shown:
                raise ArithmeticProblem(
                    _("“{text}” ends where a number is expected.").format(text=self._text)
                )
            raise ArithmeticProblem(_("“{rest}” is not a number.").format(rest=shown))
        self._place = found.end()
        value = float(found[0].replace(",", "."))
        return value * 1000 if self._take("kK") else value
