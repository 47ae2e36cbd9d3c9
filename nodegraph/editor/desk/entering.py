"""Entering: a parameter's value as text, and the value that a text stands for."""

from __future__ import annotations

from nodegraph.editor.desk.arithmetic import ArithmeticProblem, calculate
from nodegraph.editor.words import _
from nodegraph.editor.words.values import decimal
from nodegraph.param import Param, ParamValue

__all__ = ["entered", "range_text", "text_to_edit"]


def entered(param: Param, text: str) -> ParamValue:
    """Return the value that a text stands for.

    Parameters
    ----------
    param : Param
        Whose value it is: a number, a text or a file.
    text : str
        A calculation for numbers; nothing, or "auto", for one that is found by itself.

    Raises
    ------
    ArithmeticProblem
        If it stands for none; the message is a sentence in the language in use.
    """
    if param.type not in ("float", "int", "per_track"):
        return text
    if param.nullable and text.strip().casefold() in ("", "auto", _("Automatic").casefold()):
        return None
    value = calculate(text, param.unit or "")
    if param.type == "int" and value != int(value):
        raise ArithmeticProblem(_("{value} is not a whole number.").format(value=decimal(f"{value:g}")))
    bounds = param.range
    if bounds is not None and not bounds.low <= value <= bounds.high:
        raise ArithmeticProblem(
            _("{value} is out of range. Allowed: {range}.").format(
                value=decimal(f"{value:g}"), range=range_text(param)
            )
        )
    return int(value) if param.type == "int" else value


def text_to_edit(param: Param, value: object) -> str:
    """Return a value as it stands in a field, without its unit and without losing anything."""
    if value is None:
        return ""
    if isinstance(value, float):
        # With the minus of the keyboard.
        return _plain(value).replace("−", "-")
    return str(value)


def range_text(param: Param) -> str:
    """Return "6 to 60 dB", or "" for what has no range."""
    bounds = param.range
    if bounds is None:
        return ""
    text = _("{low} to {high}").format(low=_plain(bounds.low), high=_plain(bounds.high))
    return f"{text} {param.unit}" if param.unit else text


def _plain(value: float) -> str:
    return decimal(f"{value:.10g}")
