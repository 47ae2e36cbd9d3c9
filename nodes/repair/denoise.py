"""Hiss, surface noise, rumble: noise taken out by what it was like where it lay open.

The gains come from `nodes.dsp.noise.suppression`, in three windows at once: a short one that keeps strokes
sharp, a long one that keeps tones clean, and one between. Stein's estimate of what each gets wrong,
averaged over wide tiles of the time-frequency plane, says how much each contributes there.

One gain for all channels, made from their summed power, so that the stereo image holds.

Axis letters: C channels, T STFT frames (or sample frames where said), F bins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, AudioError, NoiseProfile, Progress, Range, Samples, no_progress, node
from nodes.dsp.noise.course import Course, course_of
from nodes.dsp.noise.profile import find_noise, noise_power, profile_of
from nodes.dsp.noise.suppression import REACH_FRAMES, Cells, attenuations
from nodes.dsp.noise.tiles import TILE_REACH, Grid, apply, average, measure, ratios, shares, spread
from nodes.dsp.overlap_add import Block, map_blocks
from nodes.dsp.removed import Repaired, blended, untouched
from nodes.dsp.stft import Spectra, Stft, nearest_n_fft

__all__ = ["denoise"]

# The short window (ms); the others are 4 and 16 times as long.
_SHORT_MS = 11.6
_FACTORS = (1, 4, 16)
# A tile is half the long window long and this many bins of the short window wide (93 ms × 690 Hz).
_TILE_BINS = 8
# Where the gains of a whole neighbourhood of tiles let less through than this (noise powers), it is
# noise that slipped through: in pure noise it is some thousandths, and without this guard such leaks
# twinkle over the floor. A larger guard costs faint partials (SDR and LSD); a steep one parts both.
_LEAST_PASSED = 0.03
# No noise is quieter than this (power of a bin); keeps digital silence from dividing by zero.
_TINY = 1e-20
# A line of the profile stands this much (factor) above the bins around it.
_LINE_FACTOR = 4.0

_Source = Literal["steady", "adaptive"]


@dataclass(frozen=True)
class _Steady:
    """Noise that is the same all along: its power in the cells of any window."""

    profile: NoiseProfile
    frames_per_knot: int = 1

    def power(self, n_fft: int, begin: int, end: int) -> npt.NDArray[np.float64]:
        """Return the power as `Course.power` does, shape (1, n_fft / 2 + 1)."""
        return np.asarray(noise_power(self.profile, n_fft).mean(axis=0, keepdims=True), np.float64)


@dataclass(frozen=True)
class _Window:
    """One of the windows, with the least gain of each of its bins."""

    stft: Stft
    floor: Cells
    grid: Grid


@dataclass(frozen=True)
class _Knowledge:
    """What is known of the noise, and the factor (power) by which it is taken to be louder."""

    noise: Course | _Steady
    factor: float


@node(version=1, linked=True, neutral={"strength": 0.0})
def denoise(
    audio: Audio,
    profile: NoiseProfile | None = None,
    *,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    reduction_db: Annotated[float, Range(0, 60)] = 32.0,
    tonal_reduction_db: Annotated[float, Range(0, 60)] = 32.0,
    sensitivity_db: Annotated[float, Range(-12, 12)] = 0.0,
    noise: _Source = "steady",
    noise_begin_s: Annotated[float, Range(0, 86400)] = 0.0,
    noise_length_s: Annotated[float, Range(0, 600)] = 0.0,
    progress: Progress = no_progress,
) -> Repaired:
    """Take steady noise out of a recording: tape hiss, surface noise, rumble, a fan.

    What steady noise is like comes from the linked profile, else from the passage that the parameters
    name, else from a passage that is found: the first if it is noise alone, or the quietest that is.
    Where there is none the sound stays as it is, and a note says so. Noise that changes along the
    recording, or is nowhere alone, is followed in the gaps between the notes.

    Parameters
    ----------
    audio : Audio
        A recording with steady noise.
    profile : NoiseProfile, optional
        What the noise is like, from a Noise profile node.
    strength : float
        How much of what is found to be noise is taken away. 0 leaves every sample as it is.
    reduction_db : float, dB
        How deep the noise is pushed where it is alone: more makes pauses quieter, less leaves an even
        bed of the old noise, which hides what is left of it between the notes.
    tonal_reduction_db : float, dB
        The same for whistles and other lines that stand out of the noise's spectrum.
    sensitivity_db : float, dB
        How loud the noise is taken to be: more removes noise that has grown since the profile and
        dulls faint overtones, less keeps them and more of the noise.
    noise : {"steady", "adaptive"}
        Where the knowledge of the noise comes from. Steady takes out the same noise all along, and
        cleans deepest. Adaptive follows noise that grows or fades, and needs no passage of noise
        alone; sound that rustles on for seconds without a gap, such as rain or applause, is taken for
        noise. It goes without a profile, and has no lines: whistles are left to steady.
    noise_begin_s : float, s
        Where a passage of noise alone begins, if the noise is steady and no profile is linked.
    noise_length_s : float, s
        How long that passage is: longer is steadier. At 0 s it is found by itself.
    progress : Progress
        Told after every block, and where the noise was found.

    Returns
    -------
    audio : Audio
        Without the noise: same channels, frames and rate.
    removed : Audio
        The noise: input − audio.

    Raises
    ------
    AudioError
        If the profile is of another sample rate or number of channels, or is linked although the
        noise is adaptive, or the passage does not lie in the recording.

    References
    ----------
    G. Yu, S. Mallat, E. Bacry, "Audio denoising by time-frequency block thresholding", IEEE Trans.
    Signal Process. 56(5), 2008. Further ones in `nodes.dsp.noise.suppression` and
    `nodes.dsp.noise.course`.
    """
    known = _known(audio, profile, noise, (noise_begin_s, noise_length_s), progress.part(0.0, 0.1))
    if known is None:
        return untouched(audio)
    knowledge = _Knowledge(known, 10.0 ** (sensitivity_db / 10.0))
    windows = _windows(known, audio.sample_rate, reduction_db, tonal_reduction_db)

    def clean(shown: Samples, block: Block) -> tuple[Samples, Samples]:
        return blended(shown[:, block.inner], _cleaned(shown, block, windows, knowledge), strength)

    kept, removed = map_blocks(
        audio.samples,
        clean,
        outputs=(audio.channels,) * 2,
        context_frames=max(window.stft.context_frames for window in windows),
        align_frames=windows[-1].stft.n_fft // 2,
        progress=progress.part(0.1, 1.0),
    )
    return Repaired(Audio.trusted(kept, audio.sample_rate), Audio.trusted(removed, audio.sample_rate))


def _known(
    audio: Audio,
    profile: NoiseProfile | None,
    noise: _Source,
    passage_s: tuple[float, float],
    progress: Progress,
) -> Course | _Steady | None:
    """Return the noise, or None, with a note, if there is nothing to take out."""
    if noise == "adaptive":
        if profile is not None:
            raise AudioError(
                "denoise: the noise is followed along the recording (noise is adaptive), so the linked "
                "profile would not be used. Remove the link, or set noise to steady."
            )
        course = course_of(audio, progress=progress)
        if course is None or not course.density.any():
            progress.note("Too short or too silent to follow the noise: nothing was removed.")
            return None
        return course
    if profile is None:
        profile = _learned(audio, *passage_s, progress)
    if profile is None or not profile.power.any():
        progress.note("No passage of noise alone was found: nothing was removed. Name one or link a profile.")
        return None
    _check_fits(profile, audio)
    return _Steady(profile)


def _learned(audio: Audio, begin_s: float, length_s: float, progress: Progress) -> NoiseProfile | None:
    if length_s > 0.0:
        return profile_of(audio, begin_s, begin_s + length_s, progress=progress)
    found = find_noise(audio, progress=progress)
    if found is None:
        return None
    progress.note(f"The noise was learned from {found[0]:.2f} s to {found[1]:.2f} s.")
    return profile_of(audio, *found, progress=progress)


def _check_fits(profile: NoiseProfile, audio: Audio) -> None:
    if profile.sample_rate != audio.sample_rate:
        raise AudioError(
            f"denoise: the noise profile was learned at {profile.sample_rate} Hz but the sound is "
            f"{audio.sample_rate} Hz. Learn it from a sound of that rate."
        )
    if profile.power.shape[0] not in (1, audio.channels):
        raise AudioError(
            f"denoise: the noise profile has {profile.power.shape[0]} channels but the sound has "
            f"{audio.channels}. Learn it from a sound of as many channels, or of one."
        )


def _windows(
    noise: Course | _Steady, sample_rate: int, reduction_db: float, tonal_reduction_db: float
) -> tuple[_Window, ...]:
    short = nearest_n_fft(_SHORT_MS, sample_rate)
    tile = short * _FACTORS[-1] // 2
    found = []
    for factor in _FACTORS:
        n_fft = short * factor
        per_tile = tile * 4 // n_fft
        # A course is smooth over a third of an octave: it has no lines.
        lines = np.zeros(n_fft // 2 + 1, np.bool_)
        if isinstance(noise, _Steady):
            lines = _lines(noise.power(n_fft, 0, 1)[0])
        floor_db = np.where(lines, tonal_reduction_db, reduction_db)
        found.append(
            _Window(
                stft=Stft(n_fft, look_frames=TILE_REACH * per_tile + REACH_FRAMES),
                floor=(10.0 ** (-floor_db / 20.0)).astype(np.float32),
                grid=Grid(per_tile, _TILE_BINS * factor),
            )
        )
    return tuple(found)


def _lines(noise: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    width = min(noise.size, 31)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(noise, width // 2, mode="reflect"), width)
    return np.asarray(noise > _LINE_FACTOR * np.median(around, axis=1)[: noise.size], np.bool_)


def _cleaned(shown: Samples, block: Block, windows: tuple[_Window, ...], knowledge: _Knowledge) -> Samples:
    seen = [_look(shown, block, window, knowledge) for window in windows]
    tiles = min(len(look.risk) for look in seen)
    weights = shares(np.stack([average(look.risk[:tiles]) for look in seen]))
    total = np.zeros((shown.shape[0], block.end - block.begin), np.float32)
    for window, look, weight in zip(windows, seen, weights, strict=True):
        heard = weight * _trusted(average(look.passed[:tiles]))
        bins = window.stft.bins
        least = window.floor * spread(weight, window.grid, bins)
        masked = apply(look.spectra, look.gain, spread(heard, window.grid, bins), least, window.grid)
        total += window.stft.synthesise(masked, block)
    return total


def _trusted(passed: Cells) -> Cells:
    """Return 0 where what passed is leaked noise, to 1 where it is more."""
    # Beyond a thousandfold nothing changes, and the power stays finite.
    power = np.minimum(passed / np.float32(_LEAST_PASSED), np.float32(1e3)) ** 4
    return np.asarray(power / (power + np.float32(1.0)), np.float32)


@dataclass(frozen=True)
class _Look:
    """What one window sees of a block.

    Parameters
    ----------
    spectra : ndarray, shape (channels, stft_frames, bins)
        complex64, those that sound in the block.
    gain : ndarray, shape (stft_frames, bins)
        Of each of their cells.
    risk, passed : ndarray, shape (tiles, tile bins)
        Stein's risk, and the power that the gains let through, both in noise powers; on average over
        each tile, from `TILE_REACH` tiles before the block.
    """

    spectra: Spectra
    gain: Cells
    risk: Cells
    passed: Cells


def _look(shown: Samples, block: Block, window: _Window, knowledge: _Knowledge) -> _Look:
    stft = window.stft
    spectra, before, after = stft.analyse(shown, block)
    first = stft.span(block)[0] - before
    snr = _snr(spectra, first, window, knowledge)
    look = stft.look_frames
    # Beyond the signal's ends the spectrogram is mirrored: the sound does not end with the file.
    snr = np.pad(snr, ((look - before, look - after), (0, 0)), mode="symmetric")
    gain = attenuations(snr)
    # One frame sounds before the block's first own one, hence before its first tile.
    risk, passed = measure(snr[REACH_FRAMES + 1 : -REACH_FRAMES], gain[1:], window.grid)
    reach = look - REACH_FRAMES
    return _Look(
        spectra=spectra[:, before : spectra.shape[1] - after],
        gain=gain[reach : len(gain) - reach],
        risk=risk,
        passed=passed,
    )


def _snr(spectra: Spectra, first: int, window: _Window, knowledge: _Knowledge) -> Cells:
    """Return power over noise power of STFT frames from number `first` on."""
    stft, step = window.stft, knowledge.noise.frames_per_knot
    # Knot k speaks for the middle of its stretch, k + 1/2.
    at = (first + np.arange(spectra.shape[1])) * stft.hop_length / step - 0.5
    begin, end = math.floor(at[0]), math.floor(at[-1]) + 2
    noise = np.maximum(knowledge.noise.power(stft.n_fft, begin, end) * knowledge.factor, _TINY)
    return ratios(spectra, noise.astype(np.float32), (at - begin).astype(np.float32))
