"""Where nothing but noise sounds in a recording, and what its spectrum is like.

A passage counts as noise alone when the power of its frequencies varies from moment to moment as
that of Gaussian noise does: the logarithm of the mean power lies 0.577 (Euler's constant) above the
mean of the logarithm. Tones and drones vary less, music and speech more.

Axis letters: C channels, T frames, F bins.

References
----------
P. D. Welch, The use of fast Fourier transform for the estimation of power spectra, IEEE Trans. Audio
Electroacoust. 15(2), 1967. M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 1964,
6.3.2: the mean of the logarithm of an exponential variable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, AudioError, NoiseProfile, Progress, Samples, no_progress

__all__ = ["find_noise", "noise_power", "profile_of"]

_Values = npt.NDArray[np.float64]

# Window of a profile (s): as long as the longest of the denoiser's.
_PROFILE_WINDOW_S = 0.186
# Noise spectra are smooth: a profile is averaged over this share of an octave, but lines that stand
# out of it by this factor stay (whistles, hum, a whirring motor).
_SMOOTH_OCTAVES = 1.0 / 12.0
_LEAST_SMOOTH_BINS = 11
_LINE_FACTOR = 6.0
# Passages are looked for in steps of about this long (s), and are as long as this many steps at first.
_STEP_S = 0.046
_STEPS = 20
_MOST_STEPS = 100
_BANDS = 24
_LOWEST_BAND_HZ = 60.0
# How far the first passage may lie above the quietest and still be taken (dB): lead-in grooves and
# leaders are what engineers sample, and a fade-out is often quieter than the noise of the record.
_FIRST_GRACE_DB = 1.0
# A step joins a passage when it is no louder than this over its mean (dB), in any band than that.
_JOIN_DB = 1.0
_JOIN_BAND_DB = 7.0
# Log of the mean less mean of the log of the power of noise (nepers), and how far a passage may be off.
# For a steady tone the two are equal; what swells and fades lies above.
_EULER = 0.5772
_EULER_GRACE = 0.16
_CANDIDATES = 12
# Power below which a step is digital silence: no recording's noise (full scale², −170 dB).
_SILENCE = 1e-17


@dataclass(frozen=True)
class _Steps:
    """Band powers, shape (steps, bands), of a recording; a step is `size` frames long."""

    powers: _Values
    size: int


def find_noise(audio: Audio, *, progress: Progress = no_progress) -> tuple[float, float] | None:
    """Return where noise sounds alone, as begin and end in seconds, or None if it nowhere does.

    The first passage of the recording is taken if it is as quiet as any, else the quietest.
    """
    steps = _band_powers(audio, progress)
    if len(steps.powers) < _STEPS:
        return None
    sums = np.concatenate([np.zeros((1, steps.powers.shape[1])), np.cumsum(steps.powers, axis=0)])
    means = np.maximum(sums[_STEPS:] - sums[:-_STEPS], _SILENCE) / _STEPS
    silent = (steps.powers.sum(axis=1) <= _SILENCE).astype(np.float64)
    usable = np.convolve(silent, np.ones(_STEPS), "valid") < 0.5
    if not usable.any():
        return None
    level_db = np.where(usable, (10.0 * np.log10(means)).mean(axis=1), np.inf)
    for first in _candidates(level_db):
        if _is_noise(audio, first * steps.size, steps.size):
            begin, end = _grown(steps, first)
            return begin * steps.size / audio.sample_rate, end * steps.size / audio.sample_rate
    return None


def profile_of(
    audio: Audio, begin_s: float, end_s: float, *, progress: Progress = no_progress
) -> NoiseProfile:
    """Return the spectrum of a passage, smoothed as noise spectra are.

    Raises
    ------
    AudioError
        If the passage does not lie in the recording.
    """
    begin = round(begin_s * audio.sample_rate)
    end = min(audio.frames, round(end_s * audio.sample_rate))
    if end - begin < 16:
        raise AudioError(
            f"The noise passage {begin_s:.2f} s to {end_s:.2f} s has nothing to learn from: the recording "
            f"is {audio.seconds:.2f} s long. Choose a passage inside it where only the noise sounds."
        )
    wanted = round(np.log2(_PROFILE_WINDOW_S * audio.sample_rate))
    size = 1 << int(np.clip(min(wanted, np.log2((end - begin) / 2)), 3, 20))
    power = _welch(audio.samples[:, begin:end], size, progress)
    hz_per_bin = audio.sample_rate / size
    density = power / (audio.sample_rate / 2.0 * 0.375 * size)
    smoothed = np.stack([_smoothed(row, hz_per_bin) for row in density])
    return NoiseProfile(audio.sample_rate, smoothed, begin / audio.sample_rate, end / audio.sample_rate)


def noise_power(profile: NoiseProfile, n_fft: int) -> _Values:
    """Return the mean power of a Hann-windowed spectrum of that noise, shape (channels, n_fft / 2 + 1)."""
    bins = profile.power.shape[1]
    density = profile.power
    at = np.linspace(0.0, bins - 1.0, n_fft // 2 + 1)
    half = (bins - 1.0) / (n_fft // 2) / 2.0
    # The mean over the width of a bin, from the integral of the density.
    integral = np.concatenate([np.zeros((len(density), 1)), np.cumsum(density, axis=1)], axis=1)
    edges = np.arange(bins + 1) - 0.5
    low, high = np.maximum(at - max(half, 0.5), -0.5), np.minimum(at + max(half, 0.5), bins - 0.5)
    mean = np.stack([np.interp(high, edges, row) - np.interp(low, edges, row) for row in integral])
    scale = profile.sample_rate / 2.0 * 0.375 * n_fft
    return np.asarray(mean / (high - low) * scale, np.float64)


def _welch(samples: Samples, size: int, progress: Progress) -> _Values:
    from scipy.fft import rfft

    window = np.hanning(size + 1)[:-1].astype(np.float32)
    hop = size // 4
    count = 1 + (samples.shape[1] - size) // hop
    total = np.zeros((samples.shape[0], size // 2 + 1))
    windows = np.lib.stride_tricks.sliding_window_view(samples, size, axis=1)
    for number in range(count):
        spectra = rfft(windows[:, number * hop] * window, axis=1)
        total += spectra.real.astype(np.float64) ** 2 + spectra.imag.astype(np.float64) ** 2
        if number % 16 == 0:
            progress(number / count)
    return np.asarray(total / count, np.float64)


def _smoothed(density: _Values, hz_per_bin: float) -> _Values:
    bins = np.arange(density.size)
    half = np.maximum(_LEAST_SMOOTH_BINS // 2, bins * (2.0 ** (_SMOOTH_OCTAVES / 2) - 1.0)).astype(np.int64)
    low, high = np.maximum(0, bins - half), np.minimum(density.size, bins + half + 1)

    def mean(values: _Values) -> _Values:
        sums = np.concatenate([[0.0], np.cumsum(values)])
        found: _Values = (sums[high] - sums[low]) / (high - low)
        return found

    lines = density > _LINE_FACTOR * np.exp(mean(np.log(density + 1e-30)))
    around = mean(lines.astype(np.float64))
    broad = mean(np.where(lines, 0.0, density)) / np.maximum(1.0 - around, 1e-9)
    return np.where(lines | (around >= 1.0), density, broad)


def _band_powers(audio: Audio, progress: Progress) -> _Steps:
    from scipy.fft import next_fast_len, rfft

    # No power of two: at some sample rates that would be half as long again, and no lead-in long enough.
    size = max(32, next_fast_len(round(_STEP_S * audio.sample_rate), real=True))
    count = audio.frames // size
    top = audio.sample_rate / 2.0
    low = min(_LOWEST_BAND_HZ, top / 4.0)
    edges = np.unique(np.round(np.geomspace(low, top, _BANDS + 1) * size / audio.sample_rate).astype(int))
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    powers = np.zeros((count, edges.size - 1))
    # About a second of sound in one go: a cancel is felt at once.
    chunk = 16
    for begin in range(0, count, chunk):
        end = min(count, begin + chunk)
        rows = audio.samples[:, begin * size : end * size].reshape(audio.channels, end - begin, size)
        spectra = rfft(rows * window, axis=2)
        power = (spectra.real.astype(np.float64) ** 2 + spectra.imag.astype(np.float64) ** 2).mean(axis=0)
        sums = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
        powers[begin:end] = sums / (0.375 * size * size / 2.0)
        progress(end / count)
    return _Steps(powers, size)


def _candidates(level_db: _Values) -> list[int]:
    """Return first steps of passages, the most promising first, none overlapping an earlier one."""
    level_db = level_db.copy()
    found = []
    if level_db[0] <= level_db.min() + _FIRST_GRACE_DB:
        level_db[0] = -np.inf
    for _ in range(_CANDIDATES):
        best = int(np.argmin(level_db))
        if not level_db[best] < np.inf:
            break
        found.append(best)
        level_db[max(0, best - _STEPS // 2) : best + _STEPS // 2] = np.inf
    return found


def _is_noise(audio: Audio, begin: int, size: int) -> bool:
    from scipy.fft import rfft

    stretch = audio.samples[:, begin : begin + _STEPS * size].reshape(audio.channels, _STEPS, size)
    spectra = rfft(stretch * np.hanning(size + 1)[:-1].astype(np.float32), axis=2)[:, :, 2:-2]
    power = spectra.real.astype(np.float64) ** 2 + spectra.imag.astype(np.float64) ** 2
    heard = power.mean(axis=1) > _SILENCE * size
    if not heard.any():
        return False
    gap = np.log(power.mean(axis=1) + 1e-300) - np.log(power + 1e-300).mean(axis=1)
    # The logarithm of a mean of 20 exponential values lies 1 / (2 · 20) below that of the true mean.
    return bool(abs(float(gap[heard].mean()) + 0.5 / _STEPS - _EULER) <= _EULER_GRACE)


def _grown(steps: _Steps, first: int) -> tuple[int, int]:
    """Return the passage around its first steps, as long as nothing else sounds."""
    begin, end = first, first + _STEPS
    mean_db = 10.0 * np.log10(np.maximum(steps.powers[begin:end], _SILENCE).mean(axis=0))

    def joins(step: int) -> bool:
        above = 10.0 * np.log10(np.maximum(steps.powers[step], _SILENCE)) - mean_db
        return bool(abs(above.mean()) <= _JOIN_DB and above.max() <= _JOIN_BAND_DB)

    while end < len(steps.powers) and end - begin < _MOST_STEPS and joins(end):
        end += 1
    while begin > 0 and end - begin < _MOST_STEPS and joins(begin - 1):
        begin -= 1
    # What joins last may be the beginning of a fade-in.
    return begin, max(first + _STEPS, end - 1)
