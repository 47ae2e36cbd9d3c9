"""Library: the node functions of a package, looked up by kind.

It says what a node needs that is not installed and how to get it, and it fingerprints the source
that a node's sound depends on, so that cached results die with the code that made them.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType

from nodegraph.errors import UnknownKindError
from nodegraph.spec import NodeSpec, options_of, read_spec

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
    install : mapping of str to str
        Import name of a package that may be missing → the command that adds it.

    Raises
    ------
    TypeError
        If two nodes have the same kind.
    """

    def __init__(self, specs: Iterable[NodeSpec], install: Mapping[str, str] | None = None) -> None:
        found: dict[str, NodeSpec] = {}
        for spec in specs:
            if spec.kind in found:
                raise TypeError(
                    f"Two nodes are called {spec.kind}: {found[spec.kind].function} and {spec.function}."
                )
            found[spec.kind] = spec
        self.specs: Mapping[str, NodeSpec] = MappingProxyType(dict(sorted(found.items())))
        self._install = dict(install or {})

    @classmethod
    def from_package(
        cls, package: ModuleType, *, skip: tuple[str, ...] = (), install: Mapping[str, str] | None = None
    ) -> Library:
        """Collect the node functions of a package.

        Parameters
        ----------
        package : module
            For example `nodes`. Its modules are imported, but for those whose name begins with an
            underscore (the backends of heavy packages).
        skip : tuple of str
            Sub-packages that hold no nodes.
        install : mapping of str to str
            See the class.
        """
        modules = (importlib.import_module(name) for name in _module_names(package, skip))
        functions = (
            thing
            for module in modules
            for thing in vars(module).values()
            if inspect.isfunction(thing) and thing.__module__ == module.__name__ and options_of(thing)
        )
        return cls((read_spec(function) for function in functions), install)

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

    def missing(self, spec: NodeSpec) -> tuple[str, ...]:
        """Return the packages that the node needs and that are not installed."""
        return tuple(need for need in spec.needs if not _installed(need))

    def how_to_install(self, package: str) -> str:
        """Return the command that adds a package."""
        return self._install.get(package, f"pip install {package}")

    def unavailable(self, spec: NodeSpec) -> str | None:
        """Return why the node cannot run here and what to do, or None if it can."""
        missing = self.missing(spec)
        if not missing:
            return None
        commands = dict.fromkeys(self.how_to_install(need) for need in missing)
        return f"{spec.kind} needs {', '.join(missing)}, which is not installed. Run: {' && '.join(commands)}"

    def recipe(self, spec: NodeSpec) -> tuple[str | int, ...]:
        """Return what, besides parameters and inputs, decides the node's results."""
        versions = [f"{need} {_version(need)}" for need in spec.needs]
        return (spec.kind, spec.version, code_digest(spec.function.__module__), *versions)


def _module_names(package: ModuleType, skip: tuple[str, ...]) -> list[str]:
    names = []
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        parts = found.name.split(".")[1:]
        if parts[0] not in skip and not any(part.startswith("_") for part in parts):
            names.append(found.name)
    return names


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


@cache
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


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
