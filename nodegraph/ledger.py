"""Ledger: small facts remembered between runs: digests of files, what ran last and how long it took.

Losing a page costs a little time and never a result, so pages are written without fsync and a
damaged page counts as none.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from stat import S_ISREG
from typing import Any

__all__ = ["Ledger"]

# A file whose time stamp is this fresh may change again within the clock's resolution, so that size
# and time would not show it (s). Git re-reads "racily clean" files for the same reason.
_RACY_S = 2.0
_HASH_BLOCK = 1 << 20


class Ledger:
    """Pages of JSON by name.

    Parameters
    ----------
    folder : Path
        Must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> dict[str, Any]:
        """Return the page of that name, {} if there is none."""
        try:
            page = json.loads(self._path(name).read_bytes())
        except (OSError, ValueError):
            # Absent, or cut short by a crash or a full disk: the same as never written.
            return {}
        return page if isinstance(page, dict) else {}

    def write(self, name: str, page: Mapping[str, Any]) -> None:
        """Replace the page of that name. A full disk loses the page and nothing else."""
        aside = self._folder / f".{secrets.token_hex(8)}.tmp"
        try:
            aside.write_bytes(json.dumps(page).encode())
            os.replace(aside, self._path(name))
        except OSError:
            # Nothing depends on a page; the next run remembers again.
            aside.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget everything."""
        for path in self._folder.iterdir():
            path.unlink(missing_ok=True)

    def digest(self, path: Path, check: Callable[[], None] = lambda: None) -> str:
        """Return a digest of a file's content, remembered by path, size and time of change.

        Parameters
        ----------
        path : Path
            The file.
        check : callable
            Called between blocks; may raise to cancel.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        # `Path.resolve` raises RuntimeError at links that go in circles, `realpath` does not.
        path = Path(os.path.realpath(path))
        stat = path.stat()
        if not S_ISREG(stat.st_mode):
            # A pipe or a device may have no end.
            raise OSError(errno.EINVAL, "it is not a file")
        # The change time tells of writers that put the old time stamp back (tag editors do).
        stamp = [str(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        page = self.read(f"file {path}")
        if page.get("stamp") == stamp and isinstance(page.get("digest"), str):
            return str(page["digest"])
        digest = hashlib.blake2b(digest_size=20)
        with open(path, "rb") as file:
            while block := file.read(_HASH_BLOCK):
                check()
                digest.update(block)
        if time.time() - max(stat.st_mtime, stat.st_ctime) > _RACY_S:
            self.write(f"file {path}", {"stamp": stamp, "digest": digest.hexdigest()})
        return digest.hexdigest()

    def _path(self, name: str) -> Path:
        digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=16)
        return self._folder / f"{digest.hexdigest()}.json"
