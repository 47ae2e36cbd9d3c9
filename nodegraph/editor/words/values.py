"""Values of parameters as they are shown: shortened, with their unit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from nodegraph.editor.words.catalogue import _, language_in_use, ngettext
from nodegraph.editor.words.names import choice_name
from nodegraph.param import Param

__all__ = ["decimal", "duration_text", "level_text", "number_text", "value_text"]

_MINUS = "−"
_NUMBER = re.compile(r"[-+−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def decimal(number: str) -> str:
    """Return a number as people write it: "−1.5", in German "−1,5". What is no number stays as it is."""
    if not _NUMBER.fullmatch(number):
        return number
    number = number.replace("-", _MINUS)
    return number.replace(".", ",") if language_in_use() == "de" else number


def value_text(param: Param, value: object) -> str:
    """Return "12.5 dB", "Steady", "song.wav", "Found by itself": what is shown of a value.

    Parameters
    ----------
    param : Param
        Whose it is.
    value : object
        As the graph holds it; what the parameter refuses is shown as it is.
    """
    if value is None:
        return _("Automatic")
    if isinstance(value, bool):
        return _("On") if value else _("Off")
    if isinstance(value, (int, float)):
        number = number_text(value)
        return f"{number} {param.unit}" if param.unit else number
    if isinstance(value, Mapping):
        return ngettext("{count} value", "{count} values", len(value)).format(count=len(value))
    if param.type == "choice":
        return choice_name(str(value))
    if param.type in ("input_file", "output_file"):
        return re.split(r"[/\\]", str(value))[-1]
    return str(value)


def number_text(value: float) -> str:
    """Return a number with about four digits, and a minus that is as wide as a plus."""
    if math.isnan(value):
        return "?"
    if math.isinf(value):
        return _MINUS + "∞" if value < 0 else "∞"
    if isinstance(value, int) or abs(value) >= 1000:
        text = f"{value:.0f}" if abs(value) < 1e7 else f"{value:.3g}"
    else:
        text = f"{value:.4g}" if abs(value) >= 1 else f"{value:.3g}"
    return decimal(text)


def level_text(level: float) -> str:
    """Return a level in decibels, always with one digit: "−1.0"; "−∞" for silence."""
    return _MINUS + "∞" if level == -math.inf else decimal(f"{level:.1f}")


def duration_text(seconds: float) -> str:
    """Return how long something takes, for people: "40 ms", "1.2 s", "14 s", "3:05 min", "1:02 h"."""
    if seconds < 0.995:
        return _("{milliseconds} ms").format(milliseconds=max(1, round(seconds * 1000)))
    if seconds < 9.95:
        return _("{seconds} s").format(seconds=decimal(f"{seconds:.1f}"))
    whole = round(seconds)
    if whole < 60:
        return _("{seconds} s").format(seconds=whole)
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return _("{minutes}:{seconds:02d} min").format(minutes=minutes, seconds=rest)
    hours, minutes = divmod(minutes, 60)
    return _("{hours}:{minutes:02d} h").format(hours=hours, minutes=minutes)
