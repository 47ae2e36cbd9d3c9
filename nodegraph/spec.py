"""`@node`: a typed function is the node. Its signature and docstring are read into a NodeSpec.

Before the `*` of the signature stand the input ports, after it the parameters; the fields of the
returned NamedTuple are the output ports. Nothing is declared twice.
"""

from __future__ import annotations

import difflib
import inspect
import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from nodegraph.audio import Audio, Report
from nodegraph.errors import ParameterError
from nodegraph.progress import Progress

__all__ = [
    "UNITS",
    "InputFile",
    "NodeSpec",
    "OutputFile",
    "Param",
    "ParamValue",
    "PerTrack",
    "Port",
    "Range",
    "TrackValues",
    "node",
    "read_spec",
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

Migration = Callable[[dict[str, Any]], dict[str, Any]]

_Function = TypeVar("_Function", bound=Callable[..., Any])


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
class Port:
    """An input or output of a node.

    Parameters
    ----------
    name : str
        Its identity in links. A link to a many-port names it with a number: "tracks.1".
    type : type
        `Audio`, `Report`, …
    optional : bool
        The node runs without it.
    many : bool
        Takes any number of links.
    text : str
        From the docstring.
    """

    name: str
    type: type
    optional: bool = False
    many: bool = False
    text: str = ""


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
    track_port : str
        For "per_track": the many-port.
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
            return float(word)
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
            if not isinstance(name, str) or not re.fullmatch(rf"{self.track_port}\.[1-9]\d{{0,5}}", name):
                raise self._refused(name, f"a track as in {self.track_port}.1")
            checked[name] = float(self._check_number(number))
        return types.MappingProxyType(dict(sorted(checked.items())))

    def _refused(self, value: object, wanted: str) -> ParameterError:
        shown = repr(value)
        if len(shown) > 60:
            shown = shown[:57] + "…"
        return ParameterError(f"{self.name} must be {wanted}, not {shown}.")


@dataclass(frozen=True)
class NodeOptions:
    """What `@node` was told. See `node`."""

    version: int
    kind: str | None
    effect: bool
    needs: tuple[str, ...]
    neutral: Mapping[str, ParamValue] | None
    linked: bool
    reshapes: bool
    migrations: Mapping[int, Migration]


@dataclass(frozen=True)
class NodeSpec:
    """Everything the engine knows of a kind of node.

    Parameters
    ----------
    kind : str
        Its name in graphs, for example "repair.declick".
    function : callable
        The plain Python function.
    version : int
        Raised by the author when the sound or the meaning of a parameter changes.
    summary, text : str
        First line and body of the docstring.
    references : str
        The docstring's references.
    inputs, outputs : tuple of Port
        In the order of the signature.
    params : tuple of Param
        Likewise.
    effect : bool
        It changes the world (writes a file); its results are not cached.
    needs : tuple of str
        Import names of packages that may be missing.
    neutral : mapping, optional
        The parameter values with which the first output is the first input, bit for bit.
    linked : bool
        Channels influence each other (one gain for both ears).
    reshapes : bool
        Its purpose is to change length, rate or channels.
    migrations : mapping of int to callable
        From that version to the next: parameters → parameters.
    wants_progress : bool
        The function takes `progress`.
    returns_tuple : bool
        The function returns a NamedTuple of its outputs rather than the one output.
    """

    kind: str
    function: Callable[..., Any]
    version: int
    summary: str
    text: str
    references: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    params: tuple[Param, ...]
    effect: bool = False
    needs: tuple[str, ...] = ()
    neutral: Mapping[str, ParamValue] | None = None
    linked: bool = False
    reshapes: bool = False
    migrations: Mapping[int, Migration] = field(default_factory=dict)
    wants_progress: bool = False
    returns_tuple: bool = False

    def param(self, name: str) -> Param:
        """Return the parameter called `name`.

        Raises
        ------
        ParameterError
            If there is none; names the nearest.
        """
        for param in self.params:
            if param.name == name:
                return param
        near = difflib.get_close_matches(name, [param.name for param in self.params], 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ParameterError(f"{self.kind} has no parameter {name}.{hint}")

    def input(self, name: str) -> Port | None:
        """Return the input port that a link to `name` meets ("tracks.2" meets "tracks"), or None."""
        for port in self.inputs:
            if name == port.name and not port.many:
                return port
            if port.many and re.fullmatch(rf"{port.name}\.[1-9]\d{{0,5}}", name):
                return port
        return None

    def output(self, name: str) -> Port | None:
        """Return the output port called `name`, or None."""
        return next((port for port in self.outputs if port.name == name), None)

    def settings(self, params: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
        """Return every parameter in its canonical form, defaults filled in.

        Raises
        ------
        ParameterError
            If a value is refused or a name unknown.
        """
        for name in params:
            self.param(name)
        return {
            param.name: param.check(params[param.name]) if param.name in params else param.default
            for param in self.params
        }


def node(
    *,
    version: int,
    kind: str | None = None,
    effect: bool = False,
    needs: tuple[str, ...] = (),
    neutral: Mapping[str, ParamValue] | None = None,
    linked: bool = False,
    reshapes: bool = False,
    migrations: Mapping[int, Migration] | None = None,
) -> Callable[[_Function], _Function]:
    """Mark a function as a node. The function itself stays as it is.

    Parameters
    ----------
    version : int
        1 at first; raise it when the sound or the meaning of a parameter changes.
    kind : str, optional
        Its name in graphs; by default the packages below the library's root and the function's name.
    effect, needs, neutral, linked, reshapes, migrations
        See `NodeSpec`.
    """
    options = NodeOptions(
        version=version,
        kind=kind,
        effect=effect,
        needs=needs,
        neutral=neutral,
        linked=linked,
        reshapes=reshapes,
        migrations=dict(migrations or {}),
    )

    def mark(function: _Function) -> _Function:
        function.__dict__["__regroove_node__"] = options
        return function

    return mark


def options_of(thing: object) -> NodeOptions | None:
    """Return what `@node` was told, or None if `thing` is no node function."""
    found = getattr(thing, "__regroove_node__", None)
    return found if isinstance(found, NodeOptions) else None


def read_spec(function: Callable[..., Any]) -> NodeSpec:
    """Read a node function's signature and docstring.

    Raises
    ------
    TypeError
        If the function is not a well-formed node: the message says what to change.
    """
    options = options_of(function)
    if options is None:
        raise TypeError(f"{function.__qualname__} is not marked with @node.")
    doc = _read_docstring(inspect.getdoc(function) or "")
    hints = typing.get_type_hints(function, include_extras=True)
    inputs: list[Port] = []
    params: list[Param] = []
    wants_progress = False
    for argument in inspect.signature(function).parameters.values():
        if argument.name not in hints:
            raise TypeError(f"{function.__qualname__}: {argument.name} has no type.")
        hint, text = hints[argument.name], doc.parameters.get(argument.name, "")
        if hint is Progress:
            wants_progress = True
        elif argument.kind is argument.KEYWORD_ONLY:
            params.append(_read_param(function.__qualname__, argument, hint, text))
        else:
            inputs.append(_read_port(argument, hint, text))
    outputs, returns_tuple = _read_outputs(hints.get("return"), doc)
    return NodeSpec(
        kind=options.kind or _kind_of(function),
        function=function,
        version=options.version,
        summary=doc.summary,
        text=doc.text,
        references=doc.references,
        inputs=tuple(inputs),
        outputs=outputs,
        params=tuple(params),
        effect=options.effect,
        needs=options.needs,
        neutral=options.neutral,
        linked=options.linked,
        reshapes=options.reshapes,
        migrations=options.migrations,
        wants_progress=wants_progress,
        returns_tuple=returns_tuple,
    )


def _kind_of(function: Callable[..., Any]) -> str:
    # nodes.repair.declick:declick → repair.declick; nodes.mix:gain → gain.
    packages = function.__module__.split(".")[1:-1]
    return ".".join([*packages, function.__name__])


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Return `X, True` for `X | None`, else `hint, False`."""
    if get_origin(hint) in (typing.Union, types.UnionType):
        rest = [part for part in get_args(hint) if part is not type(None)]
        if len(rest) == 1 and len(get_args(hint)) == 2:
            return rest[0], True
    return hint, False


def _read_port(argument: inspect.Parameter, hint: Any, text: str) -> Port:
    kind, optional = _without_none(hint)
    if not isinstance(kind, type):
        raise TypeError(f"Port {argument.name}: {hint} is not a type of value.")
    many = argument.kind is argument.VAR_POSITIONAL
    return Port(argument.name, kind, optional=optional or many, many=many, text=text)


def _read_param(owner: str, argument: inspect.Parameter, hint: Any, text: str) -> Param:
    # None may stand inside or outside of Annotated.
    hint, outer = _without_none(hint)
    marks: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        marks = tuple(rest)
    hint, inner = _without_none(hint)
    if argument.default is argument.empty:
        raise TypeError(f"{owner}: parameter {argument.name} needs a default.")
    bounds = next((mark for mark in marks if isinstance(mark, Range)), None)
    per_track = next((mark for mark in marks if isinstance(mark, PerTrack)), None)
    kind, choices = _param_type(owner, argument.name, hint, marks, per_track)
    default = argument.default
    if per_track is not None:
        default = types.MappingProxyType({})
    elif isinstance(default, Path):
        default = str(default) if str(default) != "." else ""
    param = Param(
        name=argument.name,
        type=kind,
        default=default,
        range=bounds,
        choices=choices,
        nullable=outer or inner,
        track_port=per_track.port if per_track else "",
        text=text,
    )
    canonical = param.check(default) if default != "" else ""
    return Param(**{**param.__dict__, "default": canonical})


def _param_type(
    owner: str, name: str, hint: Any, marks: tuple[Any, ...], per_track: PerTrack | None
) -> tuple[ParamType, tuple[str, ...]]:
    if per_track is not None:
        return "per_track", ()
    if any(isinstance(mark, InputFile) for mark in marks):
        return "input_file", ()
    if any(isinstance(mark, OutputFile) for mark in marks):
        return "output_file", ()
    if get_origin(hint) is Literal:
        return "choice", tuple(get_args(hint))
    plain: dict[Any, ParamType] = {bool: "bool", int: "int", float: "float", str: "text"}
    if hint not in plain:
        raise TypeError(f"{owner}: parameter {name} has type {hint}, which no graph file can hold.")
    return plain[hint], ()


def _read_outputs(hint: Any, doc: _Docstring) -> tuple[tuple[Port, ...], bool]:
    if hint is None or hint is type(None):
        return (), False
    if isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        fields = typing.get_type_hints(hint)
        return tuple(Port(name, kind, text=doc.returns.get(name, "")) for name, kind in fields.items()), True
    names = {Audio: "audio", Report: "report"}
    name = names.get(hint, getattr(hint, "__name__", "value").lower())
    return (Port(name, hint, text=" ".join(doc.returns.values())),), False


# --- numpydoc ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Docstring:
    summary: str
    text: str
    parameters: Mapping[str, str]
    returns: Mapping[str, str]
    references: str


_HEADING = re.compile(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", re.MULTILINE)


def _read_docstring(doc: str) -> _Docstring:
    head, *rest = _HEADING.split(doc)
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    summary, _, text = head.strip().partition("\n\n")
    return _Docstring(
        summary=" ".join(summary.split()),
        text=text.strip(),
        parameters=_read_entries(sections.get("Parameters", "")),
        returns=_read_entries(sections.get("Returns", "")),
        references=sections.get("References", "").strip(),
    )


def _read_entries(section: str) -> dict[str, str]:
    """Read `name, other : type` lines, each followed by indented text."""
    entries: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line and not line[0].isspace():
            names = [name.strip().lstrip("*") for name in line.partition(":")[0].split(",")]
            entries.update(dict.fromkeys(names, ""))
        else:
            for name in names:
                entries[name] = f"{entries[name]} {line.strip()}".strip()
    return entries
