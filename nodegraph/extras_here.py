"""Extras that live in the environment of Regroove itself: brought in so that nothing of it changes.

    site-packages/regroove-extras.json       which extras are wanted, and which packages came with them
    site-packages/regroove-installing.json   what an installation that broke off may have left behind

Until all wheels lie on the disk nothing is touched. Then they are installed; whatever goes wrong, what
came is taken away again, at the latest when extras are looked at the next time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nodegraph.errors import InstallError, InstallRefusal
from nodegraph.files import write_atomically
from nodegraph.installed import TOOLS, base_names, canonical, here, line_names, needed_by
from nodegraph.pip import Planned, bring, pip_check, resolve, run_pip
from nodegraph.progress import Progress
from nodegraph.requirement import Extra
from nodegraph.weights import size_text
from nodegraph.wheels import site_folder, take_away, unpacked_bytes, written_paths

__all__ = [
    "constraints_file",
    "cuda_bytes",
    "install_here",
    "mend",
    "removable",
    "remove_here",
    "require_space",
    "require_unchanged",
    "want",
]

_PYTHON = Path(sys.executable)
# What torch's build for CUDA is larger than the one for processors: with torch 2.14.1, on Linux x86-64, what
# pip told of 25 wheels, and the disk that they took up.
_CUDA_DOWNLOAD_BYTES, _CUDA_DISK_BYTES = 2_800_000_000, 4_600_000_000
# Shares of the whole that the steps end at; most time goes into downloading.
_RESOLVED, _BROUGHT, _INSTALLED = 0.05, 0.75, 0.97


@dataclass(frozen=True)
class Record:
    """What extras did to this environment.

    Parameters
    ----------
    wanted : tuple of str
        Extras that were asked for and not removed.
    brought : tuple of str
        Distributions that came with any of them.
    """

    wanted: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()


def constraints_file() -> Path:
    """Return the versions that were tried together, of a checkout or of an installed Regroove.

    Raises
    ------
    InstallError
        If it is not there.
    """
    package = Path(__file__).parent
    for path in (package / "constraints.txt", package.parent / "constraints.txt"):
        if path.is_file():
            return path
    raise InstallError(f"constraints.txt is missing beside {package}: install Regroove anew.")


def install_here(extra: Extra, progress: Progress, scratch: Path) -> None:
    """Bring an extra into this environment.

    Parameters
    ----------
    extra : Extra
        It is not isolated.
    progress : Progress
        Told the step and the share that is done; its cancel takes everything back.
    scratch : Path
        An empty folder, on a disk with room for the downloads.

    Raises
    ------
    InstallRefusal
        If the disk is too small, or a package of Regroove would change.
    InstallError
        If pip fails, or finds packages that do not fit. Nothing stays.
    Cancelled
        If the user cancelled. Nothing stays.
    """
    site = site_folder()
    if not os.access(site, os.W_OK):
        raise InstallRefusal(f"{site} cannot be written: nothing can be installed beside this Regroove.")
    require_space(extra.name, {scratch: extra.download_bytes, site: extra.disk_bytes})
    before = here()
    progress.note("Looking up what is needed")
    planned = resolve(["--constraint", str(_constraints(scratch, before)), *extra.lines], scratch, progress)
    require_unchanged(planned, before)
    download, disk = cuda_bytes(planned)
    if download:
        progress.note(f"torch comes in its build for CUDA here: {size_text(download)} more to load")
        require_space(extra.name, {scratch: extra.download_bytes + download, site: extra.disk_bytes + disk})
    progress(_RESOLVED)
    wheels = bring(
        planned,
        scratch,
        progress.part(_RESOLVED, _BROUGHT),
        expected_bytes=extra.download_bytes + download,
    )
    require_space(extra.name, {site: unpacked_bytes(wheels)})
    if wheels:
        # A newer setuptools replaces the one that is there, and stays.
        kept = TOOLS & set(before)
        new = [wheel for wheel in wheels if canonical(wheel.name.partition("-")[0]) not in kept]
        _install_wheels(wheels, written_paths(new), {each.name for each in planned}, progress, scratch)
    want(extra, brought={each.name for each in planned} - TOOLS)
    progress(1.0)


def want(extra: Extra, *, brought: Iterable[str] = ()) -> None:
    """Record that an extra is asked for by itself, and what came with it."""
    record = _read_record()
    wanted = dict.fromkeys((*record.wanted, extra.name))
    _write_record(Record(tuple(wanted), tuple(sorted({*record.brought, *brought}))))


def cuda_bytes(planned: Iterable[Planned]) -> tuple[int, int]:
    """Return how much more comes with a build for CUDA: to load, and on the disk."""
    if any(each.name.startswith("nvidia-") for each in planned):
        return _CUDA_DOWNLOAD_BYTES, _CUDA_DISK_BYTES
    return 0, 0


def _install_wheels(
    wheels: Sequence[Path],
    written: Sequence[Path],
    names: Collection[str],
    progress: Progress,
    scratch: Path,
) -> None:
    progress(_BROUGHT)
    _write_pending(written)
    try:
        progress.note(f"Installing {len(wheels)} packages")
        words = ["install", "--no-deps", "--no-index", "--progress-bar", "off", *map(str, wheels)]
        run_pip(_PYTHON, words, progress, scratch=scratch)
        progress(_INSTALLED)
        progress.note("Checking that everything fits together")
        # What did not fit before is nobody's business here.
        broken = [line for line in pip_check(_PYTHON, scratch, progress) if _names_one(line, names)]
        if broken:
            raise InstallError(f"What was installed does not fit together: {' '.join(broken)}")
    except BaseException:
        progress.note("Taking away what came")
        mend()
        raise
    _pending_file().unlink()


def _names_one(line: str, names: Collection[str]) -> bool:
    words = {
        canonical(word.strip(",.;()")) for word in re.split(r"[\s<>=!~\[]+", line) if word.strip(",.;()")
    }
    return not words.isdisjoint(names)


def require_space(name: str, needed: Mapping[Path, int]) -> None:
    """Refuse what does not fit on the disk.

    Parameters
    ----------
    name : str
        What wants to come.
    needed : mapping of Path to int
        Bytes by folder; folders on one disk share it.

    Raises
    ------
    InstallRefusal
        If there is not enough room.
    """
    disks = dict[int, tuple[Path, int]]()
    for folder, size in needed.items():
        device = folder.stat().st_dev
        disks[device] = (folder, disks.get(device, (folder, 0))[1] + size)
    for folder, size in disks.values():
        free = shutil.disk_usage(folder).free
        if free < size:
            raise InstallRefusal(
                f"{name} needs {size_text(size)} on the disk of {folder}, where {size_text(free)} are free. "
                "Make room, then try again."
            )


def require_unchanged(planned: Iterable[Planned], before: Iterable[str]) -> None:
    """Refuse a plan that would change what is installed.

    Raises
    ------
    InstallRefusal
        Names what would change.
    """
    changed = sorted({each.name for each in planned} & set(before) - TOOLS)
    if changed:
        raise InstallRefusal(
            f"This would change packages that Regroove works with: {', '.join(changed)}. "
            "Nothing was installed."
        )


def _constraints(scratch: Path, installed: Iterable[str]) -> Path:
    """Write the constraints of what is not installed yet; what is, pip leaves alone as long as it fits."""
    names = set(installed)
    lines = [
        line
        for line in constraints_file().read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#") and canonical(line.partition("==")[0]) not in names
    ]
    path = scratch / "constraints.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# --- taking away -----------------------------------------------------------------------------------------


def removable(extra: Extra, extras: Iterable[Extra]) -> tuple[str, ...]:
    """Return the distributions that came with an extra and that nobody else needs.

    Raises
    ------
    InstallRefusal
        If nothing says what it brought.
    """
    installed, record = here(), _read_record()
    own = needed_by(line_names(extra.lines), installed)
    recorded = extra.name in record.wanted
    if not recorded and "regroove" not in installed:
        raise InstallRefusal(
            f"Nothing is recorded of what {extra.name} brought. Take it away as it was installed."
        )
    # What came as regroove[ai] is in no record: all that Regroove's own metadata does not claim.
    brought = set(record.brought) if recorded else own
    others = [
        name
        for each in extras
        if each.name in record.wanted and each != extra
        for name in line_names(each.lines)
    ]
    going = own & brought - base_names(installed) - needed_by(others, installed)
    while True:
        # Whatever stays keeps what it needs; that may in turn need something.
        kept = needed_by(set(installed) - going, installed)
        if not going & kept:
            return tuple(sorted(going))
        going -= kept


def remove_here(extra: Extra, extras: Iterable[Extra], progress: Progress, scratch: Path) -> tuple[str, ...]:
    """Take an extra out of this environment, and return what went.

    Raises
    ------
    InstallRefusal
        See `removable`.
    InstallError
        If pip fails.
    """
    going = removable(extra, extras)
    if going:
        progress.note(f"Removing {len(going)} packages")
        run_pip(_PYTHON, ["uninstall", "--yes", *going], progress, scratch=scratch)
    record = _read_record()
    _write_record(
        Record(
            tuple(name for name in record.wanted if name != extra.name),
            tuple(name for name in record.brought if name not in going),
        )
    )
    progress(1.0)
    return going


def mend() -> None:
    """Take away what an installation left that broke off."""
    path = _pending_file()
    try:
        paths = json.loads(path.read_text(encoding="utf-8"))["paths"]
    except FileNotFoundError:
        return
    take_away(Path(each) for each in paths)
    path.unlink()


def _pending_file() -> Path:
    return site_folder() / "regroove-installing.json"


def _write_pending(paths: Iterable[Path]) -> None:
    _write_json(_pending_file(), {"paths": [str(path) for path in paths]})


def _record_file() -> Path:
    return site_folder() / "regroove-extras.json"


def _read_record() -> Record:
    try:
        found = json.loads(_record_file().read_text(encoding="utf-8"))
        return Record(tuple(map(str, found["wanted"])), tuple(map(str, found["brought"])))
    except (OSError, ValueError, KeyError, TypeError):
        # Extras that came as regroove[ai] have none.
        return Record()


def _write_record(record: Record) -> None:
    if record == Record():
        _record_file().unlink(missing_ok=True)
        return
    _write_json(_record_file(), {"wanted": record.wanted, "brought": record.brought})


def _write_json(path: Path, facts: Mapping[str, object]) -> None:
    write_atomically(path, json.dumps(facts, indent=1).encode() + b"\n")
