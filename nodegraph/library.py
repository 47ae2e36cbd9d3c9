"""Library: the node functions of a package, looked up by kind.

It says what a node needs that is not here (packages, environments, weights) and how to get it, and it
fingerprints the source that a node's sound depends on, so that cached results die with the code that made
them.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import importlib
import inspect
import pkgutil
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType

from nodegraph.environments import environment_versions
from nodegraph.errors import UnknownKindError
from nodegraph.installed import is_installed, version_of
from nodegraph.param import ParamValue
from nodegraph.requirement import Extra, Requirement
from nodegraph.spec import NodeSpec, options_of, read_spec
from nodegraph.weights import Weights, absent_files, models_folder, size_text

__all__ = ["Library"]

# All threads share one counter of how deep a syntax tree is: two that parse at once fail by SystemError
# now and then (seen with Python 3.11; compare python/cpython#106905).
_PARSING = threading.Lock()


class Library:
    """The kinds of node that there are.

    Parameters
    ----------
    specs : iterable of NodeSpec
        Kinds must differ.
    extras : iterable of Extra
        What may be installed beside.
    weights : iterable of Weights
        What models may need.

    Raises
    ------
    TypeError
        If two nodes have the same kind.
    """

    def __init__(
        self, specs: Iterable[NodeSpec], *, extras: Iterable[Extra] = (), weights: Iterable[Weights] = ()
    ) -> None:
        found: dict[str, NodeSpec] = {}
        for spec in specs:
            if spec.kind in found:
                raise TypeError(
                    f"Two nodes are called {spec.kind}: {found[spec.kind].function} and {spec.function}."
                )
            found[spec.kind] = spec
        self.specs: Mapping[str, NodeSpec] = MappingProxyType(dict(sorted(found.items())))
        self.extras: Mapping[str, Extra] = MappingProxyType({extra.name: extra for extra in extras})
        self.weights: Mapping[str, Weights] = MappingProxyType({each.name: each for each in weights})

    @classmethod
    def from_package(
        cls,
        package: ModuleType,
        *,
        skip: tuple[str, ...] = (),
        extras: Iterable[Extra] = (),
        weights: Iterable[Weights] = (),
    ) -> Library:
        """Collect the node functions of a package.

        Parameters
        ----------
        package : module
            For example `nodes`. Its modules are imported, but for those whose name begins with an
            underscore (the backends of heavy packages).
        skip : tuple of str
            Sub-packages that hold no nodes.
        extras, weights
            See the class.
        """
        modules = (importlib.import_module(name) for name in _module_names(package, skip))
        functions = (
            thing
            for module in modules
            for thing in vars(module).values()
            if inspect.isfunction(thing) and thing.__module__ == module.__name__ and options_of(thing)
        )
        return cls((read_spec(function) for function in functions), extras=extras, weights=weights)

    def get(self, kind: str) -> NodeSpec | None:
        """Return the node of that kind, or None."""
        return self.specs.get(kind)

    def find(self, kind: str) -> NodeSpec:
        """Return the node of that kind.

        Raises
        ------
        UnknownKindError
            If there is none; names the nearest.
        """
        spec = self.specs.get(kind)
        if spec is None:
            near = difflib.get_close_matches(kind, list(self.specs), 3, 0.5)
            near += [name for name in self.specs if name.rsplit(".", 1)[-1] == kind and name not in near]
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise UnknownKindError(f"There is no node of the kind {kind}.{hint}")
        return spec

    def missing(self, spec: NodeSpec, settings: Mapping[str, ParamValue] | None = None) -> tuple[str, ...]:
        """Return the packages that the node needs with these settings and that are not installed."""
        return tuple(need for need in spec.requirement(settings).packages if not is_installed(need))

    def extra_of(self, package: str) -> Extra | None:
        """Return the extra of that name or that brings that package, if one does."""
        found = (extra for extra in self.extras.values() if package in (extra.name, *extra.packages))
        return next(found, None)

    def extras_of(self, packages: Iterable[str]) -> tuple[Extra, ...]:
        """Return the fewest extras that bring these packages; of those that bring as many, the smallest."""
        left = {package for package in packages if self.extra_of(package) is not None}
        found = list[Extra]()

        def gain(extra: Extra) -> tuple[int, int]:
            return len(left & {extra.name, *extra.packages}), -extra.disk_bytes

        while left:
            best = max(self.extras.values(), key=gain)
            found.append(best)
            left -= {best.name, *best.packages}
        return tuple(found)

    def how_to_install(self, *packages: str) -> str:
        """Return the command that adds packages."""
        alone = (package for package in packages if self.extra_of(package) is None)
        commands = [f"regroove extras install {extra.name}" for extra in self.extras_of(packages)]
        return " && ".join([*commands, *(f"pip install {package}" for package in alone)])

    def unavailable(self, spec: NodeSpec, settings: Mapping[str, ParamValue] | None = None) -> str | None:
        """Return why the node cannot run here with these settings and what to do, or None if it can."""
        lack = self._lack(spec, settings)
        return lack and lack[0]

    def remedy(self, spec: NodeSpec, settings: Mapping[str, ParamValue] | None = None) -> str:
        """Return the command that makes the node available; "" if it is."""
        lack = self._lack(spec, settings)
        return lack[1] if lack else ""

    def _lack(self, spec: NodeSpec, settings: Mapping[str, ParamValue] | None) -> tuple[str, str] | None:
        """Return what is missing, as a sentence, and the command that gets it."""
        if spec.requires is None and not spec.needs:
            return None
        missing = self.missing(spec, settings)
        needed = spec.requirement(settings)
        name = needed.environment
        if missing or (name and environment_versions(name) is None):
            absent = missing or (name,)
            names, command = ", ".join(absent), self.how_to_install(*absent)
            if len(absent) > 1:
                return f"{spec.kind} needs {names}, which are not installed. Run: {command}", command
            return f"{spec.kind} needs {names}, which is not installed. Run: {command}", command
        for name in needed.weights:
            lacking = absent_files(self.weights[name])
            if lacking:
                files = ", ".join(f"{file.name} ({size_text(file.size)})" for file in lacking)
                command = f"regroove models fetch {name}"
                return f"{spec.kind} needs the weights {name}: {files}. Run: {command}", command
        return None

    def weights_paths(self, needed: Requirement) -> tuple[Path, ...]:
        """Return the files of all weights that are needed, in the catalogue's order."""
        found = (self.weights[name] for name in needed.weights)
        return tuple(
            models_folder() / weights.name / file.name for weights in found for file in weights.files
        )

    def recipe(
        self, spec: NodeSpec, settings: Mapping[str, ParamValue] | None = None
    ) -> tuple[str | int, ...]:
        """Return what, besides parameters, inputs and weights, decides the node's results."""
        needed = spec.requirement(settings)
        versions = [f"{need} {version_of(need)}" for need in needed.packages]
        if needed.environment:
            inside = environment_versions(needed.environment) or {}
            versions += (f"{needed.environment}: {name} {inside[name]}" for name in sorted(inside))
        return (spec.kind, spec.version, code_digest(spec.function.__module__), *versions)


def _module_names(package: ModuleType, skip: tuple[str, ...]) -> list[str]:
    names = []
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        parts = found.name.split(".")[1:]
        if parts[0] not in skip and not any(part.startswith("_") for part in parts):
            names.append(found.name)
    return names


@cache
def code_digest(module: str) -> str:
    """Return a digest of a module's source and of all it imports from its own top-level package."""
    pending, sources = [module], dict[str, bytes]()
    while pending:
        name = pending.pop()
        path = _source_file(name)
        if path is None or name in sources:
            continue
        sources[name] = path.read_bytes()
        pending += _own_imports(sources[name], name)
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + hashlib.blake2b(sources[name]).digest())
    return digest.hexdigest()


def _source_file(module: str) -> Path | None:
    """Return where a module lies, without importing it; None if there is no such module."""
    root, *rest = module.split(".")
    origin = getattr(sys.modules.get(root), "__file__", None)
    if origin is None:
        # A node typed in at a prompt has no file; it lives as long as the process does.
        return None
    if not rest:
        return Path(origin)
    base = Path(origin).parent.joinpath(*rest)
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def _own_imports(source: bytes, module: str) -> set[str]:
    """Return the names under the module's own top-level package that its source may import."""
    root = module.split(".", 1)[0]
    names = set[str]()
    with _PARSING:
        tree = ast.parse(source)
    for statement in _statements(tree):
        if isinstance(statement, ast.Import):
            names.update(alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            # `from nodes.dsp import stft` may name a module or something inside one.
            names.add(statement.module)
            names.update(f"{statement.module}.{alias.name}" for alias in statement.names)
    return {name for name in names if name.split(".", 1)[0] == root}


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield all statements, however deep. `ast.walk` would look at ten times as many expressions."""
    pending: list[ast.AST] = [tree]
    while pending:
        block = pending.pop()
        yield block
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(block, name, ())
            # The body of a conditional expression is no list.
            pending += inner if isinstance(inner, list) else ()
