"""Work through a signal of any length in blocks, each with context, so that memory stays bounded.

Every node that touches samples goes through `map_blocks`. A block sees `context_frames` of its
neighbours on both sides; what it returns for its own frames is written to a result that lies in a
file when it is long. With enough context the blocks' edges are nowhere to be found in the sound:
block-wise equals whole-file.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nodegraph import Audio, AudioError, Progress, Samples, new_samples, no_progress, wanted_block_frames

__all__ = ["Block", "block_frames", "cut_blocks", "map_audio", "map_blocks"]

# Values (channels × frames) in one block: 2 MiB of float32. Small enough that a cancel is felt at
# once and that a dozen working copies fit in memory, large enough that Python's own time vanishes.
_BLOCK_VALUES = 1 << 19


@dataclass(frozen=True)
class Block:
    """A stretch of a signal.

    Parameters
    ----------
    begin, end : int
        The frames that this block is to produce.
    outer_begin, outer_end : int
        With context: the frames that it is shown. Cut at the signal's ends.
    total : int
        The signal's length in frames.
    """

    begin: int
    end: int
    outer_begin: int
    outer_end: int
    total: int

    @property
    def inner(self) -> slice:
        """Where the block's own frames lie in what it is shown."""
        return slice(self.begin - self.outer_begin, self.end - self.outer_begin)


def block_frames(channels: int, *, align_frames: int = 1) -> int:
    """Return the length of a block for that many channels, a multiple of `align_frames`."""
    wanted = wanted_block_frames() or max(1, _BLOCK_VALUES // max(1, channels))
    return max(1, wanted // align_frames) * align_frames


def cut_blocks(
    total: int, channels: int, *, context_frames: int = 0, align_frames: int = 1
) -> Iterator[Block]:
    """Yield the blocks of a signal. Their borders are multiples of `align_frames`."""
    size = block_frames(channels, align_frames=align_frames)
    for begin in range(0, total, size):
        end = min(total, begin + size)
        yield Block(begin, end, max(0, begin - context_frames), min(total, end + context_frames), total)


def map_blocks(
    samples: Samples,
    function: Callable[[Samples, Block], Sequence[Samples]],
    *,
    outputs: Sequence[int],
    context_frames: int = 0,
    align_frames: int = 1,
    progress: Progress = no_progress,
) -> tuple[Samples, ...]:
    """Run `function` over the blocks of a signal, side by side, and put its results together.

    Parameters
    ----------
    samples : ndarray, shape (channels, frames)
        The signal.
    function : callable
        Takes a block with context, shape (channels, outer frames), and its Block; returns for each
        output an array of shape (output channels, end − begin). Must not modify its input, keep
        state, or depend on the order of calls.
    outputs : sequence of int
        The number of channels of each output.
    context_frames : int
        How far the function looks to either side.
    align_frames : int
        Borders between blocks are multiples of this (the hop of an STFT).
    progress : Progress
        Told after every block.

    Returns
    -------
    tuple of ndarray, each of shape (output channels, frames)
        float32, finite.

    Raises
    ------
    AudioError
        If a result is not finite.
    Cancelled
        If the user cancelled.
    """
    channels, total = samples.shape
    results = tuple(new_samples(count, total) for count in outputs)
    blocks = cut_blocks(total, channels, context_frames=context_frames, align_frames=align_frames)

    def work(block: Block) -> int:
        parts = function(samples[:, block.outer_begin : block.outer_end], block)
        for result, part in zip(results, parts, strict=True):
            if not np.isfinite(part).all():
                raise AudioError(f"A result is not finite near frame {block.begin}.")
            result[:, block.begin : block.end] = part
        return block.end

    progress(0.0)
    for done in progress.map(work, blocks):
        progress(done / total)
    progress(1.0)
    return results


def map_audio(
    audio: Audio,
    function: Callable[[Samples, Block], Samples],
    *,
    context_frames: int = 0,
    align_frames: int = 1,
    progress: Progress = no_progress,
) -> Audio:
    """Run `function` over the blocks of `audio` as `map_blocks` does, for one output of like channels."""
    (result,) = map_blocks(
        audio.samples,
        lambda shown, block: (function(shown, block),),
        outputs=(audio.channels,),
        context_frames=context_frames,
        align_frames=align_frames,
        progress=progress,
    )
    return Audio.trusted(result, audio.sample_rate)
