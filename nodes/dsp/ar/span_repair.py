"""Run a repair of short spans over a long signal, block by block, and keep account of what it touched.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, new_samples
from nodes.dsp.ar.interpolate import Spans
from nodes.dsp.ar.model import Array
from nodes.dsp.overlap_add import Block, cut_blocks
from nodes.dsp.removed import blended

__all__ = ["Mended", "SpanRepair", "mend"]

SpanRepair = Callable[[list[Array], int], tuple[list[Array], list[Spans]]]
"""Takes the channels of a stretch and the frame at which it begins; returns them repaired, and where."""


@dataclass(frozen=True, eq=False)
class Mended:
    """A repaired signal.

    Parameters
    ----------
    audio, removed : Audio
        As in `nodes.dsp.removed.Repaired`.
    spans : ndarray, shape (spans, 3)
        int64: channel, first frame and the frame after the last, sorted.
    """

    audio: Audio
    removed: Audio
    spans: npt.NDArray[np.int64]

    @property
    def share(self) -> float:
        """The touched share of all samples."""
        touched = int(np.sum(self.spans[:, 2] - self.spans[:, 1]))
        return touched / max(1, self.audio.frames * self.audio.channels)


def mend(
    audio: Audio,
    repair: SpanRepair,
    *,
    hop: int,
    context_hops: int,
    strength: float,
    progress: Progress,
) -> Mended:
    """Repair a signal in blocks whose borders leave no trace.

    Parameters
    ----------
    audio : Audio
        Any sound.
    repair : SpanRepair
        What to do with a stretch. It sees stretches that begin at a multiple of the hop, and what it
        does to a frame may depend on `context_hops` to either side.
    hop, context_hops : int
        The grid of the repair.
    strength : float
        0 takes nothing away, 1 all that the repair would.
    progress : Progress
        Told after every block.

    Raises
    ------
    Cancelled
        If the user cancelled.
    """
    kept, removed = (new_samples(audio.channels, audio.frames) for _ in range(2))

    def work(block: Block) -> tuple[int, npt.NDArray[np.int64]]:
        shown = audio.samples[:, block.outer_begin : block.outer_end]
        restored, spans = repair([row.astype(np.float64) for row in shown], block.outer_begin)
        part = np.stack([row[block.inner] for row in restored]).astype(np.float32)
        own = slice(block.begin, block.end)
        kept[:, own], removed[:, own] = blended(audio.samples[:, own], part, strength)
        return block.end, _within(spans, block)

    found = [np.zeros((0, 3), np.int64)]
    blocks = cut_blocks(audio.frames, audio.channels, context_frames=context_hops * hop, align_frames=hop)
    progress(0.0)
    for done, rows in progress.map(work, blocks):
        found.append(rows)
        progress(done / audio.frames)
    every = np.concatenate(found)
    rate = audio.sample_rate
    return Mended(
        Audio.trusted(kept, rate),
        Audio.trusted(removed, rate),
        every[np.lexsort((every[:, 1], every[:, 0]))],
    )


def _within(spans: list[Spans], block: Block) -> npt.NDArray[np.int64]:
    """Return the spans that begin in a block, as (channel, begin, end) in the whole signal."""
    rows = [np.insert(found + block.outer_begin, 0, channel, axis=1) for channel, found in enumerate(spans)]
    every = np.concatenate(rows)
    return every[(every[:, 1] >= block.begin) & (every[:, 1] < block.end)]
