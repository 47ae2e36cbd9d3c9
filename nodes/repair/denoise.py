"""Hiss, surface noise, rumble: stationary noise taken out by what it was like where it was alone.

The gains come from `nodes.dsp.suppression`, in three windows at once: a short one that keeps strokes
sharp, a long one that keeps tones clean, and one between. Stein's estimate of what each gets wrong,
averaged over wide tiles of the time-frequency plane, says how much each contributes there.

One gain for all channels, made from their summed power, so that the stereo image holds.

Axis letters: C channels, T STFT frames (or sample frames where said), F bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, AudioError, NoiseProfile, Progress, Range, Samples, no_progress, node
from nodes.dsp.noise import find_noise, noise_power, profile_of
from nodes.dsp.overlap_add import Block, map_blocks
from nodes.dsp.removed import Repaired, blended, repaired
from nodes.dsp.stft import Spectra, Stft, nearest_n_fft
from nodes.dsp.suppression import REACH_FRAMES, Cells, attenuations, risks

__all__ = ["denoise"]

# The short window (ms); the others are 4 and 16 times as long.
_SHORT_MS = 11.6
_FACTORS = (1, 4, 16)
# A tile is half the long window long and this many bins of the short window wide (93 ms × 345 Hz).
_TILE_BINS = 4
# Weights of neighbouring tiles, in time and in frequency: risks are averaged over about 0.3 s × 1 kHz.
_TILE_WEIGHTS = (1.0, 2.0, 3.0, 2.0, 1.0)
# Tiles to either side that a block needs: those weights, the interpolation, and the windows' overlap.
_TILE_REACH = 5
# Differences of a tile's risk (noise powers) at which a window counts clearly less.
_SOFTNESS = 0.05
# Where the gains of a whole neighbourhood of tiles let less through than this (noise powers), it is
# noise that slipped through: in pure noise it is one or two thousandths, and without this guard such
# leaks twinkle over the floor. A larger guard costs faint partials (SDR and LSD).
_LEAST_PASSED = 0.03
# No noise is quieter than this (power of a bin); keeps digital silence from dividing by zero.
_TINY = 1e-20
# A line of the profile stands this much (factor) above the bins around it.
_LINE_FACTOR = 4.0


@dataclass(frozen=True)
class _Window:
    """One of the windows, with the noise and the least gain of each of its bins."""

    stft: Stft
    noise: Cells
    floor: Cells
    frames_per_tile: int
    bins_per_tile: int


@node(version=1, linked=True, neutral={"strength": 0.0})
def denoise(
    audio: Audio,
    profile: NoiseProfile | None = None,
    *,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    reduction_db: Annotated[float, Range(0, 60)] = 28.0,
    tonal_reduction_db: Annotated[float, Range(0, 60)] = 28.0,
    sensitivity_db: Annotated[float, Range(-12, 12)] = 0.0,
    noise_begin_s: Annotated[float, Range(0, 86400)] = 0.0,
    noise_length_s: Annotated[float, Range(0, 600)] = 0.0,
    progress: Progress = no_progress,
) -> Repaired:
    """Take steady noise out of a recording: tape hiss, surface noise, rumble, a fan.

    What the noise is like comes from the linked profile, else from the passage that the parameters
    name, else from a passage that is found: the first if it is noise alone, or the quietest that is.
    Where there is none the sound stays as it is, and a note says so.

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
    noise_begin_s : float, s
        Where a passage of noise alone begins, if no profile is linked.
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
        If the profile is of another sample rate or number of channels, or the passage does not lie
        in the recording.

    References
    ----------
    G. Yu, S. Mallat, E. Bacry, "Audio denoising by time-frequency block thresholding", IEEE Trans.
    Signal Process. 56(5), 2008. Further ones in `nodes.dsp.suppression`.
    """
    if profile is None:
        profile = _learned(audio, noise_begin_s, noise_length_s, progress.part(0.0, 0.1))
    if profile is None or not profile.power.any():
        progress.note("No passage of noise alone was found: nothing was removed. Name one or link a profile.")
        return repaired(audio, audio.samples, progress=progress.part(0.1, 1.0))
    _check_fits(profile, audio)
    windows = _windows(profile, reduction_db, tonal_reduction_db, sensitivity_db)

    def clean(shown: Samples, block: Block) -> tuple[Samples, Samples]:
        return blended(shown[:, block.inner], _cleaned(shown, block, windows), strength)

    kept, removed = map_blocks(
        audio.samples,
        clean,
        outputs=(audio.channels,) * 2,
        context_frames=max(window.stft.context_frames for window in windows),
        align_frames=windows[-1].stft.n_fft // 2,
        progress=progress.part(0.1, 1.0),
    )
    return Repaired(Audio.trusted(kept, audio.sample_rate), Audio.trusted(removed, audio.sample_rate))


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
    profile: NoiseProfile, reduction_db: float, tonal_reduction_db: float, sensitivity_db: float
) -> tuple[_Window, ...]:
    short = nearest_n_fft(_SHORT_MS, profile.sample_rate)
    tile = short * _FACTORS[-1] // 2
    found = []
    for factor in _FACTORS:
        n_fft = short * factor
        per_tile = tile * 4 // n_fft
        stft = Stft(n_fft, look_frames=_TILE_REACH * per_tile + REACH_FRAMES)
        noise = noise_power(profile, n_fft).mean(axis=0)
        floor_db = np.where(_lines(noise), tonal_reduction_db, reduction_db)
        found.append(
            _Window(
                stft=stft,
                noise=np.maximum(noise * 10.0 ** (sensitivity_db / 10.0), _TINY).astype(np.float32),
                floor=(10.0 ** (-floor_db / 20.0)).astype(np.float32),
                frames_per_tile=per_tile,
                bins_per_tile=_TILE_BINS * factor,
            )
        )
    return tuple(found)


def _lines(noise: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    width = min(noise.size, 31)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(noise, width // 2, mode="reflect"), width)
    return np.asarray(noise > _LINE_FACTOR * np.median(around, axis=1)[: noise.size], np.bool_)


def _cleaned(shown: Samples, block: Block, windows: tuple[_Window, ...]) -> Samples:
    seen = [_look(shown, block, window) for window in windows]
    tiles = min(len(look.risk) for look in seen)
    weights = _weights(np.stack([_tile_average(look.risk[:tiles]) for look in seen]))
    total = np.zeros((shown.shape[0], block.end - block.begin), np.float32)
    for window, look, weight in zip(windows, seen, weights, strict=True):
        passed = _tile_average(look.passed[:tiles])
        heard = weight * (passed / (passed + np.float32(_LEAST_PASSED)))
        mask = np.maximum(
            look.gain * _spread(heard, window, look.gain.shape),
            window.floor * _spread(weight, window, look.gain.shape),
        )
        total += window.stft.synthesise(look.spectra * mask, block)
    return total


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
        each tile, from `_TILE_REACH` tiles before the block.
    """

    spectra: Spectra
    gain: Cells
    risk: Cells
    passed: Cells


def _look(shown: Samples, block: Block, window: _Window) -> _Look:
    stft = window.stft
    spectra, before, after = stft.analyse(shown, block)
    power = np.mean(spectra.real**2 + spectra.imag**2, axis=0)
    snr = power / window.noise
    look = stft.look_frames
    # Beyond the signal's ends the spectrogram is mirrored: the sound does not end with the file.
    snr = np.pad(snr, ((look - before, look - after), (0, 0)), mode="symmetric")
    gain = attenuations(snr)
    # One frame sounds before the block's first own one, hence before its first tile.
    known, own = gain[1:, :-1], snr[REACH_FRAMES + 1 : -REACH_FRAMES, :-1]
    reach = look - REACH_FRAMES
    inside = slice(before, spectra.shape[1] - after)
    return _Look(
        spectra=spectra[:, inside],
        gain=gain[reach : len(gain) - reach],
        risk=_tiled(risks(own, known), window),
        passed=_tiled(known * known * own, window),
    )


def _tiled(risk: Cells, window: _Window) -> Cells:
    """Return the mean of each tile, shape (tiles, tile bins)."""
    tiles, step = len(risk) // window.frames_per_tile, window.frames_per_tile
    rows = risk[: tiles * step].reshape(tiles * step, -1, window.bins_per_tile).sum(axis=2)
    # Added frame by frame: the order is the same in every block.
    total = rows[0::step].copy()
    for frame in range(1, step):
        total += rows[frame::step]
    return np.asarray(total / np.float32(step * window.bins_per_tile), np.float32)


def _tile_average(risk: Cells) -> Cells:
    """Return the weighted average over neighbouring tiles; in time, only where all of them are known."""
    half, total = len(_TILE_WEIGHTS) // 2, np.float32(sum(_TILE_WEIGHTS))
    bins = risk.shape[1]
    mirrored = np.pad(risk, ((0, 0), (half, half)), mode="symmetric")
    across = sum(np.float32(w / total) * mirrored[:, i : i + bins] for i, w in enumerate(_TILE_WEIGHTS))
    rows = len(risk) - 2 * half
    return np.asarray(
        sum(np.float32(w / total) * np.asarray(across)[i : i + rows] for i, w in enumerate(_TILE_WEIGHTS)),
        np.float32,
    )


def _weights(risk: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return how much each window contributes to each tile, from its risk, shape (windows, tiles, bins)."""
    above = risk - risk.min(axis=0)
    base = np.float32(1.0) / (np.float32(1.0) + above / np.float32(3.0 * _SOFTNESS))
    weights = base**4
    return np.asarray(weights / weights.sum(axis=0), np.float32)


def _spread(weight: Cells, window: _Window, shape: tuple[int, ...]) -> Cells:
    """Return a window's weights by frame and bin, linear between the middles of the tiles."""
    # The first tile of `weight`, in tiles from the block's begin; frame 0 lies one hop before it.
    first = len(_TILE_WEIGHTS) // 2 - _TILE_REACH
    at = (np.arange(shape[0]) - 1) / window.frames_per_tile - 0.5 - first
    across = (np.arange(shape[1]) + 0.5) / window.bins_per_tile - 0.5
    across = np.clip(across, 0.0, weight.shape[1] - 1.0)
    rows = _between(weight, at)
    return np.ascontiguousarray(_between(np.ascontiguousarray(rows.T), across).T)


def _between(rows: Cells, at: npt.NDArray[np.float64]) -> Cells:
    low = np.clip(np.floor(at).astype(np.int64), 0, max(0, len(rows) - 2))
    share = (at - low).astype(np.float32)[:, np.newaxis]
    return np.asarray(rows[low] * (1 - share) + rows[np.minimum(low + 1, len(rows) - 1)] * share, np.float32)
