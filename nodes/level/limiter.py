"""True-peak limiter: the last node before an export, so that no converter or codec clips.

The gain is found in decibels of reduction ("depth"), in four steps:

1. *need*: what each frame needs so that the sound between it and its neighbours stays under the
   ceiling, by two interpolators at 16 points per frame;
2. *attack*: a ramp of at most 2 dB/ms that leads up to each need, held for the look-ahead to either
   side (dilations: never less than the need);
3. *release*: back quickly after a single peak, slowly where peaks follow each other;
4. *smoothing*: two moving averages over the look-ahead. As the depth was held that long, the average
   is never less than the need: the ceiling holds without a clipper behind it.

The limited sound is then measured again, and what its own in-between peaks still exceed is taken off
in the same way, without the release.

Steps 1, 2 and 4 look at a finite stretch and run block by block, side by side; the release carries
its state from block to block. Averages are sums of whole numbers, so that they are the same
wherever a block begins, and come back to exactly zero: there the samples pass untouched.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, Samples, new_samples, no_progress, node
from nodes.dsp.overlap_add import Block, cut_blocks
from nodes.dsp.true_peak import CONTEXT_FRAMES, GENTLE, SHARP, interpolated_peaks

__all__ = ["limiter"]

# The gain moves no faster than this (dB/ms): 20 dB in 10 ms, below which a fade is heard, not a click.
_SLEW_DB_PER_MS = 2.0
# Needs above this begin their ramp late (dB): a block must know how far ahead it has to look.
_DEEPEST_RAMP_DB = 100.0
# After a single peak the gain comes back with this time constant (ms): short enough that a click in
# the sound does not punch a hole into it.
_QUICK_RELEASE_MS = 10.0
# Where peaks follow each other the gain stays at this multiple of the average depth: 1 is loudest,
# and from about 3 on it stays at the depth of the highest peak. With 1.5, six recordings driven 12 dB
# into the ceiling come out 0.6 LU louder than with a single release of equal SI-SDR.
_HELD_SHARE = 1.5
# Depths below this are none (dB): a release would never end, and samples never pass untouched.
_LEAST_DEPTH_DB = 0.005
# Depths are averaged as whole numbers of this many per dB.
_STEPS_PER_DB = 1 << 20

_Depth = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Settings:
    """The node's parameters in frames and factors."""

    ceiling: float
    reach: int
    slew_db: float
    ramp: int
    quick: float
    slow: float

    @property
    def attack_context(self) -> int:
        """How far steps 1 and 2 look to either side, in frames."""
        return self.reach + self.ramp + CONTEXT_FRAMES + 1

    @property
    def check_context(self) -> int:
        """How far the second look at the limited sound reaches, in frames."""
        return 2 * self.reach + CONTEXT_FRAMES + 1


@node(version=1, linked=True)
def limiter(
    audio: Audio,
    *,
    ceiling_dbtp: Annotated[float, Range(-24, 0)] = -1.0,
    look_ahead_ms: Annotated[float, Range(1, 10)] = 3.0,
    release_ms: Annotated[float, Range(20, 5000, "log")] = 800.0,
    progress: Progress = no_progress,
) -> Audio:
    """Keep every peak, also between the samples, below a ceiling.

    All channels get the same gain, so that the stereo image stays where it is. There is no delay.
    A sound that is under the ceiling already comes out as it is, bit for bit.

    Parameters
    ----------
    audio : Audio
        Any sound.
    ceiling_dbtp : float, dBTP
        The level that no peak exceeds: more is louder and leaves less room for lossy codecs, which
        add up to 1 dB.
    look_ahead_ms : float, ms
        How long before a peak the gain begins to fall: more keeps bass notes cleaner, less keeps
        more of the level around each peak.
    release_ms : float, ms
        How long the gain stays down where loud peaks follow each other: more sounds steadier and
        softer, less is louder and begins to pump. After a single peak it comes back at once.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels, frames and rate; samples that need no reduction are untouched.

    References
    ----------
    ITU-R BS.1770-5, 2023, Annex 2 (true peak). D. Giannoulis, M. Massberg, J. D. Reiss, Digital
    Dynamic Range Compressor Design, JAES 60(6), 2012 (level detection in decibels, smooth release).
    """
    settings = _read_settings(audio.sample_rate, ceiling_dbtp, look_ahead_ms, release_ms)
    samples = audio.samples
    result = new_samples(audio.channels, audio.frames)
    blocks = cut_blocks(audio.frames, audio.channels, context_frames=settings.attack_context)

    def attack(block: Block) -> tuple[Block, _Depth]:
        return block, _attack_depth(samples, block, settings)

    def finish(piece: _Piece) -> tuple[int, float]:
        block = piece.block
        limited, deepest = _limited(samples, piece, settings)
        result[:, block.begin : block.end] = limited
        return block.end, deepest

    released = _release(progress.map(attack, blocks), settings)
    pieces = _with_context(released, settings.check_context + settings.reach)
    deepest_db = 0.0
    for done, deepest in progress.map(finish, pieces):
        deepest_db = max(deepest_db, deepest)
        progress(done / audio.frames)
    if deepest_db > 0:
        progress.note(f"The loudest peak was taken down by {deepest_db:.1f} dB.")
    return Audio.trusted(result, audio.sample_rate)


def _read_settings(sample_rate: int, ceiling_db: float, look_ahead_ms: float, release_ms: float) -> _Settings:
    frames_per_ms = sample_rate / 1000.0
    slew_db = _SLEW_DB_PER_MS / frames_per_ms
    return _Settings(
        ceiling=10.0 ** (ceiling_db / 20.0),
        reach=max(1, round(look_ahead_ms * frames_per_ms)),
        slew_db=slew_db,
        ramp=math.ceil(_DEEPEST_RAMP_DB / slew_db),
        quick=math.exp(-1.0 / (_QUICK_RELEASE_MS * frames_per_ms)),
        slow=math.exp(-1.0 / (release_ms * frames_per_ms)),
    )


# --- need and attack -----------------------------------------------------------------------------


def _need(shown: Samples, begin: int, end: int, ceiling: float) -> _Depth:
    """Return the depth (dB) that the frames begin … end of what is shown need, each for itself."""
    peaks = interpolated_peaks(
        shown,
        begin - 1,
        end - begin + 1,
        interpolators=(SHARP, GENTLE),
        over=ceiling,
        beyond="silence or mirror",
    ).astype(np.float64)
    around = np.maximum(peaks[1:], peaks[:-1])
    depth = np.zeros(around.size)
    over = around > ceiling
    depth[over] = 20.0 * np.log10(around[over] / ceiling)
    return depth


def _attack_depth(samples: Samples, block: Block, settings: _Settings) -> _Depth:
    """Return steps 1 and 2 for a block's own frames."""
    begin = max(0, block.begin - settings.reach)
    end = min(block.total, block.end + settings.reach + settings.ramp)
    shown = samples[:, block.outer_begin : block.outer_end]
    depth = _need(shown, begin - block.outer_begin, end - block.outer_begin, settings.ceiling)
    if not depth.any():
        return np.zeros(block.end - block.begin)
    _loops().ramp(depth, settings.slew_db, _DEEPEST_RAMP_DB)
    return _held(_Stretch(begin, depth), block.begin, block.end, settings.reach).values


@dataclass(frozen=True)
class _Stretch:
    """Values by frame, the first of them at frame `begin`."""

    begin: int
    values: _Depth

    def cut(self, begin: int, end: int) -> _Depth:
        """Return the values of the frames begin … end; those beyond an end are as the one there."""
        part = self.values[max(0, begin - self.begin) : end - self.begin]
        return np.pad(part, (max(0, self.begin - begin), end - max(begin, self.begin) - part.size), "edge")


def _held(depth: _Stretch, begin: int, end: int, reach: int) -> _Stretch:
    """Return, for the frames begin … end, the largest depth within `reach` to either side."""
    highest = depth.cut(begin - reach, end + reach)
    width = 1
    while width < 2 * reach + 1:
        step = min(width, 2 * reach + 1 - width)
        highest = np.maximum(highest[step:], highest[:-step])
        width += step
    return _Stretch(begin, highest)


# --- release -------------------------------------------------------------------------------------


def _release(parts: Iterable[tuple[Block, _Depth]], settings: _Settings) -> Iterator[tuple[Block, _Depth]]:
    """Run step 3 over the blocks, in order."""
    state = np.zeros(3)
    for block, depth in parts:
        if depth.any() or state.any():
            _loops().release(depth, state, settings.quick, settings.slow, settings.slew_db)
        yield block, depth


@dataclass(frozen=True)
class _Piece:
    """A block with the depth of its frames and of its neighbourhood."""

    block: Block
    depth: _Stretch


def _with_context(parts: Iterable[tuple[Block, _Depth]], reach: int) -> Iterator[_Piece]:
    """Yield each block as soon as the depth is known `reach` frames beyond its end."""
    waiting: deque[Block] = deque()
    known = _Stretch(0, np.zeros(0))
    for block, depth in parts:
        waiting.append(block)
        known = _Stretch(known.begin, np.concatenate([known.values, depth]))
        while waiting and min(block.total, waiting[0].end + reach) <= block.end:
            ready = waiting.popleft()
            first, last = max(0, ready.begin - reach), min(block.total, ready.end + reach)
            yield _Piece(ready, _Stretch(first, known.cut(first, last)))
            keep = max(0, ready.end - reach)
            known = _Stretch(keep, known.values[keep - known.begin :])


# --- smoothing and the second look ---------------------------------------------------------------


def _limited(samples: Samples, piece: _Piece, settings: _Settings) -> tuple[Samples, float]:
    """Return a block's limited samples and the deepest reduction (dB) in it."""
    block, reach = piece.block, settings.reach
    begin, end = block.begin, block.end
    if not piece.depth.values.any():
        return samples[:, begin:end], 0.0

    def around(frames: int) -> tuple[int, int]:
        return max(0, begin - frames), min(block.total, end + frames)

    outer_begin, outer_end = around(settings.check_context)
    depth = _smooth(piece.depth, outer_begin, outer_end, reach)
    limited = _reduced(samples[:, outer_begin:outer_end], depth)
    own = slice(begin - outer_begin, end - outer_begin)
    first, last = around(2 * reach)
    excess = _need(limited, first - outer_begin, last - outer_begin, settings.ceiling)
    limited = limited[:, own]
    if excess.any():
        held = _held(_Stretch(first, excess), *around(reach), reach)
        limited = _reduced(limited, _smooth(held, begin, end, reach))
    return limited, float(depth[own].max())


def _smooth(depth: _Stretch, begin: int, end: int, reach: int) -> _Depth:
    """Return, for the frames begin … end, the mean over `reach` to either side, weighted by a triangle.

    Depths are first rounded up to whole steps, so that no mean is below the lowest of them.
    """
    steps = np.ceil(depth.cut(begin - reach, end + reach) * _STEPS_PER_DB).astype(np.int64)
    for _ in range(2):
        sums = np.concatenate([[0], np.cumsum(steps)])
        steps = sums[reach + 1 :] - sums[: -reach - 1]
    mean: _Depth = steps / (float(reach + 1) ** 2 * _STEPS_PER_DB)
    return mean


def _reduced(samples: Samples, depth: _Depth) -> Samples:
    # A depth of 0 is a factor of exactly 1, which leaves a sample as it is.
    return np.asarray(samples * 10.0 ** (depth / -20.0), np.float32)


# --- loops over frames ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Loops:
    ramp: Callable[[_Depth, float, float], None]
    release: Callable[[_Depth, _Depth, float, float, float], None]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    from numba import njit

    compiled: Any = njit(cache=True, nogil=True)
    return _Loops(compiled(_lead_up), compiled(_let_go))


def _lead_up(depth: _Depth, slew: float, deepest: float) -> None:
    """Raise `depth` so that it climbs by at most `slew` per frame, up to `deepest`."""
    ramp = 0.0
    for n in range(depth.size - 1, -1, -1):
        ramp = max(min(depth[n], deepest), ramp - slew)
        depth[n] = max(depth[n], ramp)


def _let_go(depth: _Depth, state: _Depth, quick: float, slow: float, slew: float) -> None:
    """Raise `depth` so that it falls as a release does.

    `state` holds the quick release, its average, and the slow release of the peaks.
    """
    peak, average, held = state[0], state[1], state[2]
    for n in range(depth.size):
        peak = max(depth[n], peak * quick, peak - slew)
        average += (peak - average) * (1.0 - slow)
        held = max(depth[n], held * slow)
        total = max(peak, min(_HELD_SHARE * average, held))
        if depth[n] == 0.0 and total < _LEAST_DEPTH_DB:
            # Below this nothing is heard; at exactly zero the state ends and blocks are skipped.
            peak, average, held, total = 0.0, 0.0, 0.0, 0.0
        depth[n] = total
    state[0], state[1], state[2] = peak, average, held
