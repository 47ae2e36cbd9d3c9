"""Writing files so that a crash at any instant leaves the old content or the new, never a piece."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from pathlib import Path

__all__ = ["aside_for", "publish", "sync_folder", "write_atomically"]

# A temporary file of an earlier save that is this old belongs to a process that died (s).
_ABANDONED_S = 600.0


def write_atomically(path: Path, content: bytes, *, backup: Path | None = None) -> None:
    """Replace the content of a file, or create it.

    Parameters
    ----------
    path : Path
        A symbolic link is followed. The file's permissions are kept.
    content : bytes
        The whole new content.
    backup : Path, optional
        Where the old content goes, in the same folder; an older backup there is replaced.

    Raises
    ------
    OSError
        If it cannot be written. The old file is whole then, and nothing else is left.
    """
    # `Path.resolve` raises RuntimeError at links that go in circles, `realpath` does not.
    path = Path(os.path.realpath(path))
    _sweep(path)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with open(aside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, aside)
            if backup is not None:
                _copy_aside(path, backup)
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def aside_for(path: Path) -> Path:
    """Return an unused name in the same folder and with the same suffix, to write to before `publish`."""
    for leftover in path.parent.glob(f".{_escaped(path.stem)}.*.part{_escaped(path.suffix)}"):
        _remove_if_old(leftover)
    return path.with_name(f".{path.stem}.{secrets.token_hex(6)}.part{path.suffix}")


def publish(aside: Path, path: Path, *, overwrite: bool) -> bool:
    """Give a finished file its name, in one step.

    Parameters
    ----------
    aside : Path
        The finished file, in the same folder. It is gone afterwards, unless False is returned.
    path : Path
        The name.
    overwrite : bool
        Replace a file that is there.

    Returns
    -------
    bool
        False if there is a file of that name and it may not be replaced.
    """
    with open(aside, "rb+") as file:
        os.fsync(file.fileno())
    if overwrite:
        os.replace(aside, path)
    else:
        try:
            # Unlike a rename, a hard link never replaces what is there.
            os.link(aside, path)
            aside.unlink()
        except FileExistsError:
            return False
        except OSError:
            # The file system has no hard links (FAT, some network shares).
            if path.exists():
                return False
            aside.rename(path)
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` durable, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_aside(path: Path, backup: Path) -> None:
    aside = backup.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        try:
            os.link(path, aside)
        except OSError:
            # The file system has no hard links (FAT, some network shares).
            shutil.copy2(path, aside)
        os.replace(aside, backup)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _sweep(path: Path) -> None:
    """Remove what a killed process left beside `path`."""
    for leftover in path.parent.glob(f".{_escaped(path.name)}.*.tmp"):
        _remove_if_old(leftover)


def _remove_if_old(leftover: Path) -> None:
    try:
        if time.time() - leftover.stat().st_mtime > _ABANDONED_S:
            leftover.unlink()
    except FileNotFoundError:
        # Another process swept it first.
        return


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
