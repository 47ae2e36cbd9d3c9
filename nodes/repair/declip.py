"""Declipping: give waves that were cut off at a level their tops back.

1. *Finding* (nodes.dsp.clip.plateaus): the level of each channel and side, stretch by stretch.
2. *Filling in* (nodes.dsp.clip.sparse): only stretches with clipped samples are worked on; each sees its
   neighbourhood, and a clipped run belongs to the stretch in which it begins.
3. *Holding back* (nodes.dsp.clip.overshoot): long tops are lowered as far as the stretch itself shows
   to be right.

Stretches have a fixed length and place, so nothing depends on the blocks of a run, and undamaged
sound costs one look at its highest samples.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, new_samples, no_progress, node
from nodes.dsp.clip.overshoot import held_back, learnt_overshoot
from nodes.dsp.clip.plateaus import ClipLevel, Plateaus, agreed_levels, clipped_signs, find_plateaus
from nodes.dsp.clip.sparse import HOPS_PER_WINDOW, sparsest
from nodes.dsp.removed import Repaired, blended, untouched
from nodes.dsp.stft import nearest_n_fft

__all__ = ["declip"]

# Windows (ms): the longest resolves chords, the shortest consonants and drums.
_WINDOWS_MS = (35.0, 70.0, 139.0)
# A stretch is this many of the longest windows, and sees one more on either side.
_WINDOWS_IN_STRETCH = 12
# What is done depends on how much is missing around a clipped sample, within this many ms.
_AROUND_MS = 46.0
# By that share: iterations, and how far (dB) below the strongest partial the threshold begins. Where
# little is missing the solution is near, more iterations fit the model's errors, and the reliable
# samples lead from the start; where most is missing only the strongest partial is known at first.
_SHARES = (0.05, 0.25, 0.4, 0.5, 0.6)
_ITERATIONS = (45.0, 80.0, 100.0, 110.0, 155.0)
_START_DB = (8.0, 6.5, 5.5, 5.0, 0.0)
# Tops of at least this length (ms) may come out too high: they hide half a wave of a low partial.
_LONG_TOP_MS = 0.55
# Where more than these shares are missing, the tops that clipping once more would hide are less and
# less like those that are missing, and what they teach counts for less, at last for nothing.
_TAUGHT_SHARES = (0.25, 0.4)

_Wave = npt.NDArray[np.float32]
_Signs = npt.NDArray[np.int8]


@dataclass(frozen=True)
class _Stretch:
    """A part of one channel that is repaired in one go."""

    channel: int
    begin: int
    end: int


@dataclass(frozen=True)
class _Damage:
    """The clip levels of one channel."""

    positive: list[ClipLevel]
    negative: list[ClipLevel]


@node(version=1, neutral={"strength": 0.0})
def declip(
    audio: Audio,
    *,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    level_dbfs: Annotated[float | None, Range(-40, 20)] = None,
    progress: Progress = no_progress,
) -> Repaired:
    """Restore the tops of waves that were cut off because a recording was too loud.

    The level at which each channel was clipped is found by itself, above and below zero, also when
    the sound was made louder or softer later. Samples that were not cut off stay as they are. The
    restored peaks are higher than before, perhaps above full scale: nothing is lost by that here,
    and a limiter or a lower gain makes room before an export.

    Parameters
    ----------
    audio : Audio
        Any sound.
    strength : float
        How much of the lost height comes back: at 1 all that can be told, at 0 nothing changes.
    level_dbfs : float, dBFS
        The level at and above which samples count as clipped. Leave it empty to have it found. Lower
        restores more, and replaces sound that was good.
    progress : Progress
        Told after every stretch.

    Returns
    -------
    audio : Audio
        The repaired sound: same channels, frames and rate.
    removed : Audio
        Input − audio: the negative of what was added.

    References
    ----------
    P. Záviška, P. Rajmic, A. Ozerov, L. Rencker, A survey and an extensive evaluation of popular audio
    declipping methods, IEEE JSTSP 15(1), 2021. C. Laguna, A. Lerch, An efficient algorithm for clipping
    detection and declipping audio, AES 141, 2016 (levels from the distribution of the samples).
    """
    found = _find(audio, level_dbfs, progress.part(0.0, 0.05))
    if not any(damage.positive or damage.negative for damage in found):
        _tell([], 0, progress)
        return untouched(audio)
    outputs, accounts = _mend(audio, found, strength, progress.part(0.05, 1.0))
    _tell(accounts, audio.channels * audio.frames, progress)
    return outputs


def _windows(sample_rate: int) -> tuple[int, ...]:
    """Return the window lengths in samples; a low rate has fewer of them."""
    hops = {nearest_n_fft(window_ms / HOPS_PER_WINDOW, sample_rate) for window_ms in _WINDOWS_MS}
    return tuple(sorted(HOPS_PER_WINDOW * hop for hop in hops))


# --- finding -------------------------------------------------------------------------------------


def _find(audio: Audio, level_dbfs: float | None, progress: Progress) -> list[_Damage]:
    """Return the clip levels of every channel."""
    if level_dbfs is not None:
        given = [ClipLevel(10.0 ** (level_dbfs / 20.0), float("inf"))]
        return [_Damage(given, given)] * audio.channels
    stretches = _stretches(audio, _windows(audio.sample_rate)[-1])

    def look(stretch: _Stretch) -> tuple[_Stretch, Plateaus | None, Plateaus | None]:
        wave = audio.samples[stretch.channel, stretch.begin : stretch.end]
        return stretch, find_plateaus(wave), find_plateaus(-wave)

    above: list[list[Plateaus]] = [[] for _ in range(audio.channels)]
    below: list[list[Plateaus]] = [[] for _ in range(audio.channels)]
    for stretch, positive, negative in progress.map(look, stretches):
        above[stretch.channel] += [positive] if positive else []
        below[stretch.channel] += [negative] if negative else []
        progress(stretch.end / audio.frames)
    return [_Damage(agreed_levels(p), agreed_levels(n)) for p, n in zip(above, below, strict=True)]


def _stretches(audio: Audio, longest: int) -> Iterator[_Stretch]:
    size = _WINDOWS_IN_STRETCH * longest
    for begin in range(0, audio.frames, size):
        for channel in range(audio.channels):
            yield _Stretch(channel, begin, min(audio.frames, begin + size))


# --- filling in ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Account:
    """What was done to a stretch: clipped samples, and the highest restored one."""

    clipped: int
    peak: float


def _mend(
    audio: Audio, found: list[_Damage], strength: float, progress: Progress
) -> tuple[Repaired, list[_Account]]:
    """Restore every stretch, and return the outputs and one account for each stretch."""
    windows = _windows(audio.sample_rate)
    kept, removed = (new_samples(audio.channels, audio.frames) for _ in range(2))

    def work(stretch: _Stretch) -> tuple[int, _Account]:
        source = audio.samples[stretch.channel]
        own, restored, clipped = _restored(audio, stretch, found[stretch.channel], windows, progress.check)
        parts = blended(source[None, own], restored[None], strength)
        kept[stretch.channel, own], removed[stretch.channel, own] = parts[0][0], parts[1][0]
        return stretch.end, _Account(clipped, float(np.abs(parts[0]).max(initial=0.0)))

    accounts = []
    for done, account in progress.map(work, _stretches(audio, windows[-1])):
        accounts.append(account)
        progress(done / audio.frames)
    outputs = Repaired(Audio.trusted(kept, audio.sample_rate), Audio.trusted(removed, audio.sample_rate))
    return outputs, accounts


def _restored(
    audio: Audio, stretch: _Stretch, damage: _Damage, windows: tuple[int, ...], check: Callable[[], None]
) -> tuple[slice, _Wave, int]:
    """Return the frames that a stretch stands for, those frames restored, and how many were clipped.

    A run of clipped samples that crosses a border belongs to the stretch in which it begins.
    """
    size, longest = _WINDOWS_IN_STRETCH * windows[-1], windows[-1]
    first, last = max(0, stretch.begin - longest), min(audio.frames, stretch.end + longest)
    wave = np.array(audio.samples[stretch.channel, first:last])
    if not damage.positive and not damage.negative:
        own = slice(stretch.begin, stretch.end)
        return own, wave[stretch.begin - first : stretch.end - first], 0
    signs = _signs(audio, stretch.channel, (first, last), damage, size)
    begin = stretch.begin + _run_length(signs, stretch.begin - first) * (stretch.begin > 0)
    end = stretch.end + _run_length(signs, stretch.end - first) * (stretch.end < audio.frames)
    inside = slice(begin - first, max(begin, end) - first)
    clipped = int(np.count_nonzero(signs[inside]))
    if clipped:
        wave = _fill(wave, signs, windows, audio.sample_rate, check)
    return slice(begin, max(begin, end)), wave[inside], clipped


def _signs(audio: Audio, channel: int, shown: tuple[int, int], damage: _Damage, size: int) -> _Signs:
    """Return which samples of what is shown were clipped, stretch by stretch of the grid."""
    first, last = shown
    parts = []
    for begin in range(first // size * size, last, size):
        end = min(audio.frames, begin + size)
        wave = np.asarray(audio.samples[channel, begin:end])
        signs = clipped_signs(wave, damage.positive, damage.negative, audio.sample_rate)
        parts.append(signs[max(0, first - begin) : last - begin])
    return np.concatenate(parts)


def _run_length(signs: _Signs, at: int) -> int:
    """Return how many frames from `at` on belong to a clipped run that begins before it."""
    if at >= signs.size or at < 1 or not signs[at] or signs[at] != signs[at - 1]:
        return 0
    ends = np.flatnonzero(signs[at:] != signs[at])
    return int(ends[0]) if ends.size else signs.size - at


def _fill(
    wave: _Wave, signs: _Signs, windows: tuple[int, ...], sample_rate: int, check: Callable[[], None]
) -> _Wave:
    """Restore the clipped samples of one stretch."""
    share = _missing_around(signs, round(_AROUND_MS * 1e-3 * sample_rate))
    iterations = round(float(np.interp(share, _SHARES, _ITERATIONS)))
    start_db = float(np.interp(share, _SHARES, _START_DB))
    restored = sparsest(wave, signs, windows=windows, iterations=iterations, start_db=start_db, check=check)
    taught = float(np.interp(share, _TAUGHT_SHARES, (1.0, 0.0)))
    if taught == 0.0:
        return restored

    def restore(lower: _Wave, lower_signs: _Signs) -> _Wave:
        few = windows[-1::-2]
        return sparsest(
            lower, lower_signs, windows=few, iterations=iterations // 2, start_db=start_db, check=check
        )

    shortest = max(2, round(_LONG_TOP_MS * 1e-3 * sample_rate))
    overshoot = taught * learnt_overshoot(wave, signs, shortest=shortest, restore=restore)
    return held_back(wave, signs, restored, shortest=shortest, overshoot=overshoot)


def _missing_around(signs: _Signs, span: int) -> float:
    """Return the share of clipped samples in a span about a clipped sample, on average."""
    clipped = np.flatnonzero(signs)
    counts = np.concatenate([[0], np.cumsum(signs != 0)])
    begins, ends = np.maximum(0, clipped - span // 2), np.minimum(signs.size, clipped + span // 2 + 1)
    return float(np.mean((counts[ends] - counts[begins]) / (ends - begins)))


def _tell(accounts: list[_Account], values: int, progress: Progress) -> None:
    clipped = sum(account.clipped for account in accounts)
    if not clipped:
        progress.note("No clipping found.")
        return
    peak = max(account.peak for account in accounts)
    text = f"{clipped} samples ({100.0 * clipped / values:.2g} %) were clipped and are restored."
    if peak > 1.0:
        over_db = 20.0 * np.log10(peak)
        text += f" Peaks now reach {over_db:.1f} dB above full scale: lower the gain or limit before export."
    progress.note(text)
