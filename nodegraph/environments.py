"""Environments of their own: where an isolated extra lies, and which versions it holds.

    FOLDER/NAME/environment.json     written last, once everything is installed; without it, nothing counts
    FOLDER/NAME/bin/python           (Scripts/python.exe on Windows)

Making and removing them is another module's business.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from nodegraph.errors import NotInstalledError

__all__ = ["FACTS", "environment_folder", "environment_python", "environment_versions", "environments_folder"]

FACTS = "environment.json"


def environments_folder() -> Path:
    """Return where environments are kept: `REGROOVE_ENVIRONMENTS`, or the user's data folder."""
    chosen = os.environ.get("REGROOVE_ENVIRONMENTS")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("regroove", appauthor=False)) / "environments"


def environment_folder(name: str) -> Path:
    """Return where the environment of an extra lies, whether it is there or not."""
    return environments_folder() / name


def environment_versions(name: str) -> Mapping[str, str] | None:
    """Return the packages of an environment and their versions, or None if it is not wholly there."""
    try:
        facts = json.loads((environment_folder(name) / FACTS).read_text(encoding="utf-8"))
        versions = facts["versions"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {str(key): str(value) for key, value in versions.items()} if isinstance(versions, dict) else None


def environment_python(name: str) -> Path:
    """Return the Python of an environment.

    Raises
    ------
    NotInstalledError
        If the environment is not there.
    """
    folder = environment_folder(name)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if environment_versions(name) is None or not python.exists():
        raise NotInstalledError(f"{name} is not installed. Run: regroove extras install {name}")
    return python
