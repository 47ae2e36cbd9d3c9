"""The user's own packages: what `regroove pip` brings into the overlay, and takes out of it.

pip looks at Regroove's environment to find what is missing; that, and nothing of what Regroove works
with, goes into the overlay. It is looked at before (what pip would install) and after (what the wheels
really hold).
"""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution
from pathlib import Path

from nodegraph.errors import InstallError, InstallRefusal
from nodegraph.extras import installing
from nodegraph.installed import canonical, here, line_names, look_again
from nodegraph.overlay import overlay_folder, use_overlay
from nodegraph.pip import Planned, bring, resolve, run_pip
from nodegraph.progress import Progress, no_progress
from nodegraph.requirement import Extra
from nodegraph.wheels import top_names

__all__ = ["install_own", "intruders", "own_packages", "uninstall_own"]

_PYTHON = Path(sys.executable)
# Never in the overlay, also where Regroove has no torch yet.
_ALWAYS = frozenset({"numpy", "scipy", "torch"})
_ITS_MODULES = frozenset({"app", "nodegraph", "nodes"})
# What many packages carry by mistake: it is imported by nobody.
_STRAY = frozenset({"tests", "test", "docs", "examples", "benchmarks", "share", "lib"})


def own_packages() -> dict[str, str]:
    """Return what lies in the overlay: versions by canonical name."""
    return {name: each.version for name, each in sorted(_in_overlay().items())}


def _in_overlay() -> dict[str, Distribution]:
    return {canonical(each.metadata["Name"]): each for each in _distributions(overlay_folder())}


def _distributions(folder: Path) -> Iterable[Distribution]:
    return importlib.metadata.distributions(path=[str(folder)])


def intruders(extras: Iterable[Extra], folder: Path | None = None) -> tuple[str, ...]:
    """Return the names in the overlay (or another folder) that belong to Regroove.

    Distributions as well as what is imported: a package may hold a module of another's name.
    """
    folder = overlay_folder() if folder is None else folder
    if not folder.is_dir():
        return ()
    extras = tuple(extras)
    names = {canonical(each.metadata["Name"]) for each in _distributions(folder)} & _owned(extras)
    return tuple(sorted(names | (top_names(folder) & _modules(extras))))


def _owned(extras: Iterable[Extra]) -> set[str]:
    lines = [line for extra in extras if not extra.isolated for line in extra.lines]
    return {*_ALWAYS, *here(), *line_names(lines), "regroove"}


def _modules(extras: Iterable[Extra]) -> set[str]:
    installed = here()
    modules = {
        name
        for name, owners in importlib.metadata.packages_distributions().items()
        if any(canonical(owner) in installed for owner in owners)
    }
    brought = (package for extra in extras if not extra.isolated for package in extra.packages)
    return {*_ALWAYS, *_ITS_MODULES, *modules, *brought} - _STRAY


def install_own(
    words: Sequence[str], extras: Iterable[Extra], progress: Progress = no_progress
) -> tuple[str, ...]:
    """Bring packages into the overlay, and return what came ("name version").

    Parameters
    ----------
    words : sequence of str
        Requirements, wheels or folders, and `-r FILE`.
    extras : iterable of Extra
        All that there are: what they bring is Regroove's.
    progress : Progress
        Told the step and the share; its cancel leaves the overlay as it was.

    Raises
    ------
    InstallRefusal
        If something of Regroove would be replaced, another installation runs, or pip is asked for more.
    InstallError
        If pip fails. The overlay is as it was.
    Cancelled
        If the user cancelled.
    """
    extras = tuple(extras)
    arguments = _checked(words)
    _require_none(intruders(extras), "The overlay holds {}, which belongs to Regroove. Take it out first.")
    with installing() as scratch:
        progress.note("Looking up what is needed")
        planned = resolve(arguments, scratch, progress)
        owned = _owned(extras)
        _require_none(
            tuple(each.name for each in planned if each.name in owned),
            "This would bring {}, which belongs to Regroove. Nothing was installed.",
        )
        stage = _staged(planned, scratch, progress) if planned else None
        if stage is not None:
            _require_none(
                intruders(extras, stage),
                "One of these packages holds {}, which belongs to Regroove. Nothing was installed.",
            )
            _move_in(stage)
    use_overlay()
    look_again()
    progress(1.0)
    return tuple(f"{each.name} {each.version}" for each in planned)


def _checked(words: Sequence[str]) -> list[str]:
    """Return pip's arguments, with paths that hold wherever pip runs."""
    if not words:
        raise InstallRefusal("Name the packages to install: regroove pip install NAME…")
    arguments = []
    for before, word in zip(("", *words), words, strict=False):
        if word.startswith("-") and word != "-r":
            raise InstallRefusal(
                f"regroove pip install knows packages and -r FILE, not {word}. pip's settings count as "
                "always (PIP_INDEX_URL, pip.conf)."
            )
        is_path = before == "-r" or ("/" in word or "\\" in word or word.endswith(".whl"))
        arguments.append(str(Path(word).absolute()) if is_path and Path(word).exists() else word)
    return arguments


def _require_none(names: tuple[str, ...], text: str) -> None:
    if names:
        raise InstallRefusal(text.format(", ".join(names)))


def _staged(planned: Sequence[Planned], scratch: Path, progress: Progress) -> Path:
    wheels = bring(planned, scratch, progress)
    stage = scratch / "stage"
    progress.note(f"Installing {len(wheels)} packages")
    words = ["install", "--no-deps", "--no-index", "--progress-bar", "off", "--target", str(stage)]
    run_pip(_PYTHON, [*words, *map(str, wheels)], progress, scratch=scratch)
    return stage


def _move_in(stage: Path) -> None:
    folder = overlay_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = _in_overlay()
        for each in _distributions(stage):
            older = there.get(canonical(each.metadata["Name"]))
            if older is not None:
                _take_out(older, folder)
        for path in [path for path in stage.rglob("*") if not path.is_dir()]:
            target = folder / path.relative_to(stage)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)
    except OSError as error:
        raise InstallError(f"{folder} cannot be written: {error.strerror or error}.") from error


def uninstall_own(names: Sequence[str]) -> tuple[str, ...]:
    """Take packages out of the overlay, and return their names.

    Raises
    ------
    InstallRefusal
        If one is not there, or another installation runs.
    InstallError
        If a file cannot be removed.
    """
    if not names:
        raise InstallRefusal("Name the packages to take out: regroove pip uninstall NAME…")
    with installing():
        there = _in_overlay()
        wanted = tuple(dict.fromkeys(map(canonical, names)))
        absent = ", ".join(name for name in wanted if name not in there)
        if absent:
            raise InstallRefusal(f"{absent} is not among your own packages (regroove pip list shows them).")
        folder = overlay_folder()
        try:
            for name in wanted:
                _take_out(there[name], folder)
        except OSError as error:
            raise InstallError(f"{folder} cannot be written: {error.strerror or error}.") from error
    look_again()
    return wanted


def _take_out(distribution: Distribution, folder: Path) -> None:
    """Remove the files of a distribution, and the folders that are empty then."""
    emptied = set[Path]()
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file))).absolute()
        # A record may name programs outside of the folder (../../bin/…): they are not in it.
        if ".." in path.parts or not path.is_relative_to(folder):
            continue
        path.unlink(missing_ok=True)
        emptied |= {each for each in path.parents if each.is_relative_to(folder) and each != folder}
    for each in sorted(emptied, key=lambda path: len(path.parts), reverse=True):
        compiled = each / "__pycache__"
        if compiled.is_dir():
            shutil.rmtree(compiled)
        if each.is_dir() and not any(each.iterdir()):
            each.rmdir()
