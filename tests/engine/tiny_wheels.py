"""Tiny wheels, made on the spot, and a throw-away environment in which pip finds nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path


def write_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    needs: tuple[str, ...] = (),
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a wheel that pip installs: by default a module of its own name."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    content = dict(files or {f"{module}/__init__.py": f"__version__ = {version!r}\n"})
    content[f"{info}/METADATA"] = "\n".join(
        [
            "Metadata-Version: 2.1",
            f"Name: {name}",
            f"Version: {version}",
            *(f"Requires-Dist: {n}" for n in needs),
        ]
    )
    content[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    content[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*content, f"{info}/RECORD"])
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in content.items():
            archive.writestr(each, text)
    return path


SLOW_BACKEND = """
import pathlib, time
def build_wheel(folder, settings=None, metadata=None):
    pathlib.Path({sign!r}).touch()
    time.sleep(600)
def prepare_metadata_for_build_wheel(folder, settings=None):
    info = pathlib.Path(folder) / "slow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: slow\\nVersion: 1.0\\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return info.name
"""


def write_slow_source(folder: Path, sign: Path) -> Path:
    """Write a source distribution whose build takes ten minutes; it says by a file that it has begun."""
    import io
    import tarfile

    files = {
        "slow-1.0/pyproject.toml": (
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "slow"\nversion = "1.0"\n'
        ),
        "slow-1.0/backend.py": SLOW_BACKEND.format(sign=str(sign)),
        "slow-1.0/PKG-INFO": "Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n",
    }
    path = folder / "slow-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def make_environment(folder: Path) -> Path:
    """Make an environment that sees all that the tests' own has, pip included; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    sites = [entry for entry in sys.path if entry.endswith("site-packages")]
    (site_of(folder) / "tests.pth").write_text("\n".join(sites) + "\n")
    return python


def site_of(folder: Path) -> Path:
    """Return where the environment's own packages lie."""
    return next(folder.rglob("site-packages"))


def listing(folder: Path) -> set[str]:
    """Return all files of a folder, without what Python compiles by itself."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
