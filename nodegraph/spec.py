"""`@node`: a typed function is the node. Its signature and docstring are read into a NodeSpec.

Before the `*` of the signature stand the input ports, after it the parameters; the fields of the
returned NamedTuple are the output ports. Nothing is declared twice.
"""

from __future__ import annotations

import difflib
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from nodegraph.audio import Audio, Report
from nodegraph.docstring import Docstring, read_docstring
from nodegraph.errors import ParameterError
from nodegraph.param import InputFile, OutputFile, Param, ParamType, ParamValue, PerTrack, Range
from nodegraph.progress import Progress
from nodegraph.requirement import Requirement

__all__ = ["NodeSpec", "Port", "Resource", "node", "options_of", "read_spec"]

_NOTHING = Requirement()

Requires = Callable[[Mapping[str, ParamValue]], Requirement]

Migration = Callable[[dict[str, Any]], dict[str, Any]]

Resource = Literal["cpu", "torch"]
"""What a node takes up while it runs; one torch job runs at a time."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


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
class NodeOptions:
    """What `@node` was told. See `node`."""

    version: int
    kind: str | None
    effect: bool
    needs: tuple[str, ...]
    requires: Requires | None
    neutral: Mapping[str, ParamValue] | None
    linked: bool
    reshapes: bool
    resource: Resource
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
        Import names of packages that may be missing and that it needs whatever its settings.
    requires : callable, optional
        Takes the settings and returns what else is needed with them. Pure and quick.
    neutral : mapping, optional
        The parameter values with which the first output is the first input, bit for bit.
    linked : bool
        Channels influence each other (one gain for both ears).
    reshapes : bool
        Its purpose is to change length, rate or channels.
    resource : {"cpu", "torch"}
        What it takes up while it runs.
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
    requires: Requires | None = None
    neutral: Mapping[str, ParamValue] | None = None
    linked: bool = False
    reshapes: bool = False
    resource: Resource = "cpu"
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
            if port.many and re.fullmatch(rf"{port.name}\.[1-9][0-9]{{0,5}}", name):
                return port
        return None

    def output(self, name: str) -> Port | None:
        """Return the output port called `name`, or None."""
        return next((port for port in self.outputs if port.name == name), None)

    def requirement(self, settings: Mapping[str, ParamValue] | None = None) -> Requirement:
        """Return what the node needs with these settings, by default with those that it comes with."""
        if self.requires is None and not self.needs:
            return _NOTHING
        needed = Requirement(self.needs)
        if self.requires is not None:
            needed |= self.requires(self.settings({}) if settings is None else settings)
        return needed

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
    requires: Requires | None = None,
    neutral: Mapping[str, ParamValue] | None = None,
    linked: bool = False,
    reshapes: bool = False,
    resource: Resource = "cpu",
    migrations: Mapping[int, Migration] | None = None,
) -> Callable[[_Function], _Function]:
    """Mark a function as a node. The function itself stays as it is.

    Parameters
    ----------
    version : int
        1 at first; raise it when the sound or the meaning of a parameter changes.
    kind : str, optional
        Its name in graphs; by default the packages below the library's root and the function's name.
    effect, needs, requires, neutral, linked, reshapes, resource, migrations
        See `NodeSpec`.
    """
    options = NodeOptions(
        version=version,
        kind=kind,
        effect=effect,
        needs=needs,
        requires=requires,
        neutral=neutral,
        linked=linked,
        reshapes=reshapes,
        resource=resource,
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
    doc = read_docstring(inspect.getdoc(function) or "")
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
        requires=options.requires,
        neutral=options.neutral,
        linked=options.linked,
        reshapes=options.reshapes,
        resource=options.resource,
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
        track_default=per_track.default if per_track else 0.0,
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


def _read_outputs(hint: Any, doc: Docstring) -> tuple[tuple[Port, ...], bool]:
    if hint is None or hint is type(None):
        return (), False
    if isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        fields = typing.get_type_hints(hint)
        return tuple(Port(name, kind, text=doc.returns.get(name, "")) for name, kind in fields.items()), True
    # numpydoc names what is returned: "profile : NoiseProfile".
    names = {Audio: "audio", Report: "report"}
    name = names.get(hint) or next(iter(doc.returns), "value")
    return (Port(name, hint, text=" ".join(doc.returns.values())),), False
