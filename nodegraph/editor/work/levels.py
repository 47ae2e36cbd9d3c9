"""Levels: how loud results are. Measured once for each, and remembered."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping

from nodegraph.editor.desk.states import Loudness
from nodegraph.editor.listen.loudness import LOWEST_RATE, SILENCE, blocks, integrated_lufs, measure_energies
from nodegraph.editor.listen.sound import Sound
from nodegraph.errors import Cancelled
from nodegraph.ledger import Ledger

__all__ = ["Level", "Levels"]

Level = tuple[str, str]
"""A result's key and its port."""

_PAGE = "loudness of results"
# About 100 bytes each; the ones measured longest ago are forgotten.
_MOST = 4000


class Levels:
    """What has been measured. One thread adds to it, another may look at `known` meanwhile.

    Parameters
    ----------
    ledger : Ledger
        Keeps it for the next session.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._recalled = False
        self.known: Mapping[Level, Loudness] = {}

    def recall(self) -> None:
        """Read what earlier sessions have measured, once."""
        if self._recalled:
            return
        self._recalled = True
        found = {}
        for name, values in self._ledger.read(_PAGE).items():
            key, _, port = name.partition(" ")
            if isinstance(values, list) and len(values) == 2:
                found[key, port] = Loudness(*(SILENCE if value is None else float(value) for value in values))
        self.known = {**found, **self.known}

    def measure(self, level: Level, sound: Sound, cancel: threading.Event) -> None:
        """Measure one result.

        Raises
        ------
        Cancelled
            If `cancel` was set meanwhile.
        """
        found = loudness_of(sound, cancel)
        self.known = {**self.known, level: found}

    def keep(self) -> None:
        """Write down what was measured."""
        latest = list(self.known.items())[-_MOST:]
        self._ledger.write(
            _PAGE,
            {
                f"{key} {port}": [_finite(level.peak_dbfs), _finite(level.lufs)]
                for (key, port), level in latest
            },
        )


def loudness_of(sound: Sound, cancel: threading.Event) -> Loudness:
    """Return the peak and the integrated loudness of a sound.

    Raises
    ------
    Cancelled
        If `cancel` was set meanwhile.
    """
    peak = 0.0
    for _first, samples in blocks(sound, 0, sound.frames, cancel.is_set):
        peak = max(peak, float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))
    lufs = SILENCE
    if sound.sample_rate >= LOWEST_RATE:
        energies = measure_energies(sound, 0, sound.frames, cancel.is_set)
        measured = None if cancel.is_set() else integrated_lufs(energies)
        lufs = SILENCE if measured is None else measured
    if cancel.is_set():
        raise Cancelled
    return Loudness(20.0 * math.log10(peak) if peak > 0.0 else SILENCE, lufs)


def _finite(value: float) -> float | None:
    """JSON knows no infinity."""
    return value if math.isfinite(value) else None
