"""Parameters of nodes: their types, ranges and units, and the one place where a value is checked."""

from __future__ import annotations

import difflib
import math
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nodegraph.errors import ParameterError

__all__ = [
    "UNITS",
    "InputFile",
    "OutputFile",
    "Param",
    "ParamType",
    "ParamValue",
    "PerTrack",
    "Range",
    "TrackValues",
]

UNITS: Mapping[str, str] = {
    "db": "dB",
    "hz": "Hz",
    "khz": "kHz",
    "ms": "ms",
    "s": "s",
    "cents": "cents",
    "percent": "%",
    "lufs": "LUFS",
    "lu": "LU",
    "dbfs": "dBFS",
    "dbtp": "dBTP",
    "rpm": "rpm",
    "us": "µs",
    "kbps": "kbit/s",
    "rate": "Hz",
}
"""Unit by the last word of a parameter's name."""

TrackValues = Mapping[str, float]
"""Values by input-port name, for example {"tracks.2": -3.0}."""

ParamValue = float | int | bool | str | TrackValues | None
"""What a parameter holds in a graph: what JSON can hold, nothing else."""

ParamType = Literal["float", "int", "bool", "choice", "text", "input_file", "output_file", "per_track"]


@dataclass(frozen=True)
class Range:
    """The values that a numeric parameter may take, both ends included.

    Parameters
    ----------
    low, high : float
        In the parameter's unit.
    scale : {"linear", "log"}
        How a slider spreads them.
    unit : str, optional
        Only where the name's suffix does not tell: "" for a plain number, "×" for a factor.
    """

    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"
    unit: str | None = None


@dataclass(frozen=True)
class InputFile:
    """Marks a path parameter as a file that the node reads: its content is part of the cache key."""


@dataclass(frozen=True)
class OutputFile:
    """Marks a path parameter as a file that the node writes."""


@dataclass(frozen=True)
class PerTrack:
    """Marks a tuple parameter that holds one value per link of a many-port.

    In the graph the values go by port name ({"tracks.2": -3.0}); the function gets a tuple in the
    order of its tracks.

    Parameters
    ----------
    port : str
        The many-port.
    default : float
        For tracks without a value.
    """

    port: str
    default: float = 0.0


@dataclass(frozen=True)
class Param:
    """A parameter of a node.

    Parameters
    ----------
    name : str
        Its identity in files; the last word is the unit.
    type : str
        One of "float", "int", "bool", "choice", "text", "input_file", "output_file", "per_track".
    default : object
        What an absent value means.
    range : Range, optional
        For numbers.
    choices : tuple of str
        For "choice".
    nullable : bool
        None is allowed ("found by itself").
    track_port, track_default : str, float
        For "per_track": the many-port, and the value of tracks that have none.
    text : str
        From the docstring: the tooltip.
    """

    name: str
    type: ParamType
    default: ParamValue
    range: Range | None = None
    choices: tuple[str, ...] = ()
    nullable: bool = False
    track_port: str = ""
    track_default: float = 0.0
    text: str = ""

    @property
    def unit(self) -> str | None:
        """The unit as shown, "" for a plain number, None where the name tells none."""
        if self.range is not None and self.range.unit is not None:
            return self.range.unit
        return UNITS.get(self.name.rsplit("_", 1)[-1])

    def check(self, value: object) -> ParamValue:
        """Return `value` in its canonical form, so that 24 and 24.0 are one.

        Raises
        ------
        ParameterError
            If it is of the wrong type or out of range.
        """
        if value is None:
            if self.nullable:
                return None
            raise self._refused(value, "a value")
        match self.type:
            case "float" | "int":
                return self._check_number(value)
            case "bool":
                if isinstance(value, bool):
                    return value
                raise self._refused(value, "true or false")
            case "choice":
                if isinstance(value, str) and value in self.choices:
                    return value
                near = difflib.get_close_matches(str(value), self.choices, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise self._refused(value, "one of " + ", ".join(self.choices) + hint)
            case "per_track":
                return self._check_tracks(value)
            case _:
                if isinstance(value, str) and "\0" not in value:
                    return value
                raise self._refused(value, "text")

    def parse(self, text: str) -> ParamValue:
        """Return the value that `text` stands for, as typed on a command line.

        Raises
        ------
        ParameterError
            If it stands for none.
        """
        word = text.strip()
        if self.nullable and word.lower() in ("none", "auto"):
            return None
        if self.type == "bool":
            known = {"true": True, "yes": True, "on": True, "1": True}
            known |= {"false": False, "no": False, "off": False, "0": False}
            if word.lower() not in known:
                raise self._refused(text, "true or false")
            return known[word.lower()]
        if self.type in ("float", "int"):
            return self.check(self._number(word))
        if self.type == "per_track":
            pairs = [pair.partition("=") for pair in word.split(",") if pair]
            return self.check({name.strip(): self._number(number) for name, _, number in pairs})
        return self.check(text)

    def _number(self, word: str) -> float:
        try:
            # A long seed would be rounded on its way through float.
            return int(word) if self.type == "int" and re.fullmatch(r"[+-]?[0-9]+", word) else float(word)
        except ValueError:
            raise self._refused(word, "a number") from None

    def _check_number(self, value: object) -> float | int:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._refused(value, "a number")
        if isinstance(value, float) and not math.isfinite(value):
            raise self._refused(value, "a finite number")
        if self.type == "int" and value != int(value):
            raise self._refused(value, "a whole number")
        if self.range is not None and not self.range.low <= value <= self.range.high:
            limits = f"{self.range.low:g} to {self.range.high:g} {self.unit or ''}".rstrip()
            raise self._refused(value, limits)
        if self.type == "int":
            return int(value)
        # An int of hundreds of digits has no float; without a range nothing has refused it yet.
        try:
            return float(value) + 0.0
        except OverflowError:
            raise self._refused("a huge number", "a number that a float can hold") from None

    def _check_tracks(self, value: object) -> TrackValues:
        if not isinstance(value, Mapping):
            raise self._refused(value, f'values by track, as in {{"{self.track_port}.1": 0}}')
        checked: dict[str, float] = {}
        for name, number in value.items():
            if not isinstance(name, str) or not re.fullmatch(rf"{self.track_port}\.[1-9][0-9]{{0,5}}", name):
                raise self._refused(name, f"a track as in {self.track_port}.1")
            checked[name] = float(self._check_number(number))
        return types.MappingProxyType(dict(sorted(checked.items())))

    def _refused(self, value: object, wanted: str) -> ParameterError:
        shown = repr(value)
        if len(shown) > 60:
            shown = shown[:57] + "…"
        return ParameterError(f"{self.name} must be {wanted}, not {shown}.")
