"""Doctor: what is installed, what is missing and the command that adds it, and the debug log."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import locale
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nodegraph.cache import Cache
from nodegraph.environments import environments_folder
from nodegraph.execute import last_runs, run_pages
from nodegraph.extras import extras_states
from nodegraph.extras_apart import half_made
from nodegraph.library import Library
from nodegraph.models import model_state
from nodegraph.overlay import overlay_folder
from nodegraph.overlay_pip import intruders, own_packages
from nodegraph.weights import models_folder, size_text

__all__ = ["Finding", "debug_log", "examine"]

_PACKAGES = [
    "numpy",
    "scipy",
    "soundfile",
    "soxr",
    "networkx",
    "pyloudnorm",
    "librosa",
    "numba",
    "mutagen",
    "platformdirs",
    "filelock",
    "packaging",
    "typer",
    "rich",
]

# What makes more possible, and how to get it: (name, what for, command).
_EXTRAS = (
    ("dearpygui", "the editor", "pip install dearpygui"),
    ("miniaudio", "playback", "pip install miniaudio"),
    ("dask", "batches over many files", "pip install 'dask[distributed]'"),
)

_INSTALL_FFMPEG = {
    "Linux": "sudo apt-get install ffmpeg",
    "Darwin": "brew install ffmpeg",
    "Windows": "winget install ffmpeg",
}


@dataclass(frozen=True)
class Finding:
    """One thing that the doctor looked at.

    Parameters
    ----------
    name : str
        What.
    state : {"ok", "missing", "broken"}
        "missing" limits what can be done; "broken" must be mended.
    text : str
        Version, or what is not possible.
    command : str
        What adds or mends it; "" where nothing does.
    """

    name: str
    state: str
    text: str
    command: str = ""


def examine(library: Library, cache: Cache) -> list[Finding]:
    """Return all findings, the system first."""
    return [
        *_system(),
        *_packages(),
        *_programs(),
        *_extras(),
        *_features(library),
        _weights(library),
        *_nodes(library),
        _cache(cache),
    ]


def _system() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    python_ok = (3, 10) <= sys.version_info[:2] <= (3, 13)
    command = "" if python_ok else "Install Python 3.10 to 3.13"
    yield Finding("Regroove", "ok", _version("regroove") or "run from its folder")
    yield Finding("Python", "ok" if python_ok else "broken", version, command)
    yield Finding("System", "ok", f"{platform.system()} {platform.release()} {platform.machine()}")
    memory = f", {_memory_bytes() / 1e9:.0f} GB of memory" if _memory_bytes() else ""
    yield Finding("Machine", "ok", f"{os.cpu_count()} processors{memory}")
    yield Finding("Text", "ok", f"{locale.getpreferredencoding(False)}, files {sys.getfilesystemencoding()}")


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        version = _version(name)
        if version is None:
            yield Finding(name, "broken", "not installed", f"pip install {name}")
        else:
            yield Finding(name, "ok", version)
    try:
        import soundfile

        yield Finding("libsndfile", "ok", str(soundfile.__libsndfile_version__))
        if "MP3" not in soundfile.available_formats():
            yield Finding("MP3 by libsndfile", "missing", "MP3 goes through ffmpeg instead")
    except (ImportError, OSError) as error:
        yield Finding("libsndfile", "broken", str(error), "sudo apt-get install libsndfile1")


def _programs() -> Iterator[Finding]:
    program = shutil.which("ffmpeg")
    if program is None:
        command = _INSTALL_FFMPEG.get(platform.system(), "Install ffmpeg")
        yield Finding("ffmpeg", "missing", "files that libsndfile does not read cannot be loaded", command)
        return
    done = subprocess.run(
        [program, "-version"], capture_output=True, text=True, timeout=20, check=False, errors="replace"
    )
    first = (done.stdout.splitlines() or ["does not answer"])[0]
    yield Finding("ffmpeg", "ok" if done.returncode == 0 else "broken", first.removeprefix("ffmpeg version "))


def _extras() -> Iterator[Finding]:
    for name, purpose, command in _EXTRAS:
        version = _version(name)
        if version is None:
            yield Finding(name, "missing", f"not installed: {purpose}", command)
        else:
            yield Finding(name, "ok", f"{version}: {purpose}")
    yield _audio_device()


def _weights(library: Library) -> Finding:
    states = [model_state(weights) for weights in library.weights.values()]
    here = [state for state in states if state.state == "here"]
    used = sum(state.here_bytes for state in states)
    size = size_text(used) if used else "nothing"
    text = f"{len(here)} of {len(states)} models are here, {size} in {models_folder()}"
    return Finding("Model weights", "ok", text, "" if here else "regroove models")


def _audio_device() -> Finding:
    if importlib.util.find_spec("miniaudio") is None:
        return Finding(
            "Audio device", "missing", "cannot be looked for without miniaudio", "pip install miniaudio"
        )
    import miniaudio

    try:
        devices = [device["name"] for device in miniaudio.Devices().get_playbacks()]
    except miniaudio.MiniaudioError as error:
        return Finding("Audio device", "missing", f"none: {error}")
    if not devices:
        return Finding("Audio device", "missing", "none; everything but listening works")
    return Finding("Audio device", "ok", ", ".join(devices))


def _features(library: Library) -> Iterator[Finding]:
    """Tell of what `regroove extras` and `regroove pip` added."""
    extras = tuple(library.extras.values())
    begun = set(half_made())
    for state in extras_states(extras):
        extra = state.extra
        name = f"Extra {extra.name}"
        if state.state == "installed":
            versions = ", ".join(f"{each} {version}" for each, version in state.versions.items())
            yield Finding(name, "ok", f"{versions} ({size_text(state.disk_bytes)})")
            continue
        fits = state.state != "not for this Python"
        command = f"regroove extras install {extra.name}" if fits else ""
        yield Finding(name, "missing", state.reason or extra.text, command)
        begun.discard(extra.name)
    for name in sorted(begun - set(library.extras)):
        folder = environments_folder() / name
        yield Finding(f"Environment {name}", "missing", f"nobody knows what {folder} is for")
    own, wrong = own_packages(), intruders(extras)
    listed = ", ".join(f"{name} {version}" for name, version in own.items())
    yield Finding("Own packages", "ok", f"{listed}, in {overlay_folder()}" if own else "none")
    for name in wrong:
        command = f"regroove pip uninstall {name}" if name in own else f"Remove it from {overlay_folder()}"
        yield Finding("Own packages", "broken", f"{name} belongs to Regroove and is not used there", command)


def _nodes(library: Library) -> Iterator[Finding]:
    unavailable = [spec for spec in library.specs.values() if library.unavailable(spec)]
    yield Finding(
        "Nodes", "ok", f"{len(library.specs)} kinds, {len(library.specs) - len(unavailable)} available"
    )
    for spec in unavailable:
        lack = (library.unavailable(spec) or "").removeprefix(f"{spec.kind} ").partition(". Run: ")[0]
        yield Finding(spec.kind, "missing", lack, library.remedy(spec))


def _cache(cache: Cache) -> Finding:
    used, limit = cache.shelf.used_bytes(), cache.shelf.limit_bytes
    return Finding("Cache", "ok", f"{cache.shelf.folder}: {used / 1e9:.2f} of {limit / 1e9:.1f} GB")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _memory_bytes() -> int:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return 0
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


# --- the debug log -----------------------------------------------------------------------------------------


def debug_log(library: Library, cache: Cache) -> str:
    """Return what one attaches to a bug report: all findings, and what ran last.

    Folders below the user's home folder are shown as `~`.
    """
    lines = ["Regroove debug log", ""]
    for finding in examine(library, cache):
        fields = asdict(finding)
        lines.append("{name}: {state}: {text} {command}".format(**fields).rstrip())
    for name in last_runs(cache.ledger):
        lines += ["", f"run of {name or 'an unnamed graph'}"]
        pages = run_pages(cache.ledger, name)
        lines += (_page_line(node_id, page) for node_id, page in pages.items() if isinstance(page, dict))
    return "\n".join(lines).replace(str(Path.home()), "~") + "\n"


def _page_line(node_id: str, page: dict[str, Any]) -> str:
    sounds = ", ".join(
        f"{port} {rate} Hz × {channels} ch × {frames} frames"
        for port, (rate, channels, frames) in page.get("sounds", {}).items()
    )
    params = ", ".join(f"{name}={value}" for name, value in page.get("params", {}).items())
    return (
        f"  {node_id} ({page.get('kind')}): {page.get('seconds', 0):.3f} s; {sounds or 'no sound'}; {params}"
    )
