"""Lengths of sound files, looked up by a thread while a folder is shown."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

__all__ = ["Lengths"]


class Lengths:
    """Remembers how long sound files are (s), for as long as it lives."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="lengths")
        self._asked: dict[Path, Future[float | None]] = {}

    def of(self, path: Path) -> float | None:
        """Return the length if it is known; have it looked up otherwise. None for what is no sound."""
        asked = self._asked.get(path)
        if asked is None:
            asked = self._asked[path] = self._pool.submit(_look, path)
        return asked.result() if asked.done() and not asked.cancelled() else None

    def forget(self) -> None:
        """Give up what was asked for: another folder is shown."""
        for asked in self._asked.values():
            asked.cancel()
        self._asked.clear()

    def close(self) -> None:
        """End the thread."""
        self.forget()
        self._pool.shutdown(wait=False, cancel_futures=True)


def _look(path: Path) -> float | None:
    import soundfile

    try:
        return float(soundfile.info(path).duration)
    except (soundfile.SoundFileError, OSError, RuntimeError, ZeroDivisionError):
        # No sound, or one that only ffmpeg reads: its length is not cheap to tell.
        return None
