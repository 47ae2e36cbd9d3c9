"""Mains hum as a pilot tone: hum that was recorded runs with the recording, at a rate that is known.

Each harmonic of the hum is moved down to 0 Hz by what is known of the speed so far and made narrow;
the phase that is left is what the speed was not known by. The low harmonics come first: they swing
little. The high ones follow, which tell the same with less error. A harmonic counts by how steady
its level is, as music in the same band makes it waver.

Axis letters: C channels, T frames, H harmonics.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, no_progress
from nodes.dsp.speed.partials import CENTS

__all__ = ["pilot_deviation"]

# Harmonics up to this rate are used (Hz).
_HIGHEST_HZ = 1200.0
# Bands around the harmonics are taken out this wide (share of the distance of two harmonics) …
_WIDE = 0.9
# … and made narrow to a Gaussian of this standard deviation (Hz) in each round, of these harmonics.
_ROUNDS = ((3.0, 2), (3.0, 4), (4.0, 10), (5.0, 1000), (5.0, 1000))
# The hum is followed over stretches of this length, with a margin on both sides (s).
_STRETCH_S = 20.0
_MARGIN_S = 2.0
# A harmonic whose level wavers by more than this (standard deviation over mean) is not a hum. A band
# of noise has 0.52.
_MOST_WAVER = 0.45
# Once the speed is known, this many must be steadier than that, or what was followed was music.
_STEADY_WAVER = 0.3
_LEAST_STEADY = 3
# Harmonics are weighed this often by how they agree, over this time around each moment (s).
_AGREEMENTS = 4
_AROUND_S = 0.3
# What is told of this time at both ends of a stretch (s) is not believed, but what is told beside it.
_END_S = 0.05
# The deviation is only told if two halves of the harmonics disagree by less than this share of it.
_MOST_DISAGREEMENT = 0.3
# … and if it is as sure as this: music that is as loud as the hum leads astray at 0.3.
_LEAST_SURE = 0.5
# Where the slope towards the mains' own wandering begins, as a share of the lowest rate.
_CORNER = 0.125

_Values = npt.NDArray[np.float64]
_Waves = npt.NDArray[np.complex128]


def pilot_deviation(
    audio: Audio,
    mains_hz: float,
    times: _Values,
    *,
    lowest_hz: float,
    highest_hz: float,
    progress: Progress = no_progress,
) -> tuple[_Values, _Values]:
    """Follow the hum through a recording.

    Parameters
    ----------
    audio : Audio
        The recording.
    mains_hz : float
        50 or 60.
    times : ndarray, shape (points,)
        Where to tell the deviation (s), evenly spaced.
    lowest_hz, highest_hz : float
        Slower and faster modulations are not told: mains wander by themselves.
    progress : Progress
        Told after every stretch.

    Returns
    -------
    cents, confidence : ndarray, shape (points,)
        The deviation from the mean; 0 and 0 where there is no hum.
    """
    from scipy.interpolate import CubicSpline

    cents, confidence, weights = np.zeros(times.size), np.zeros(times.size), np.zeros(times.size)
    count = max(1, math.ceil(audio.seconds / _STRETCH_S))
    begins = [i * audio.seconds / count for i in range(count)]
    length = audio.seconds / count

    def work(begin: float) -> tuple[float, _Values, _Values, float]:
        first = max(0, round((begin - _MARGIN_S) * audio.sample_rate))
        last = min(audio.frames, round((begin + length + _MARGIN_S) * audio.sample_rate))
        return begin, *_follow(audio.samples[:, first:last], audio.sample_rate, mains_hz, first, progress)

    progress(0.0)
    for done, (begin, at, own, sure) in enumerate(progress.map(work, begins), 1):
        progress(done / count)
        if sure == 0.0 or not at.size:
            continue
        # Faded over the margins into the neighbours.
        fade = np.minimum(times - (begin - _MARGIN_S), begin + length + _MARGIN_S - times) / (2.0 * _MARGIN_S)
        weight = np.clip(fade, 0.0, 1.0)
        weight[(times < _MARGIN_S) & (begin <= 0.0)] = 1.0
        weight[(times > audio.seconds - _MARGIN_S) & (begin + 1.5 * length > audio.seconds)] = 1.0
        # A spline's slope keeps a flutter that straight differences would make smaller.
        inside = slice(*np.searchsorted(times, [at[0], at[-1]]))
        slope = CubicSpline(at, own)(np.clip(times[inside], at[0] + _END_S, at[-1] - _END_S), 1)
        cents[inside] += weight[inside] * np.log1p(np.clip(slope, -0.5, 0.5)) * CENTS
        confidence += weight * sure
        weights += weight
    known = weights > 0.0
    cents[known] /= weights[known]
    confidence[known] /= weights[known]
    return _banded(cents, times, lowest_hz, highest_hz), confidence


def _follow(
    shown: npt.NDArray[np.float32], sample_rate: int, mains_hz: float, first: int, progress: Progress
) -> tuple[_Values, _Values, float]:
    """Return times, how far the recording has run ahead by then (s), and the confidence, of one stretch."""
    waves, rate = _bands(shown, sample_rate, mains_hz, progress)
    count = waves.shape[2]
    at = first / sample_rate + np.arange(count) / rate
    if count < 4.0 * rate:
        return at, np.zeros(count), 0.0
    number = np.arange(1, waves.shape[1] + 1)
    turned = np.zeros(count)
    disagreement, waver = 0.0, np.ones((1, 1))
    for width_hz, most in _ROUNDS:
        progress.check()
        some = waves[:, :most] * np.exp(-1j * number[:most, np.newaxis] * turned)
        narrow = _narrowed(some, width_hz, rate)
        level = np.abs(narrow)
        waver = level.std(axis=2) / np.maximum(level.mean(axis=2), 1e-30)
        # What a harmonic tells of the speed grows with its number, its error with the waver.
        trust = np.where(waver < _MOST_WAVER, number[:most] / np.maximum(waver, 1e-4), 0.0) ** 2
        if not trust.any():
            return at, np.zeros(count), 0.0
        step = np.angle(narrow[..., 1:] * narrow[..., :-1].conj()) / number[:most, np.newaxis]
        turned += np.append(0.0, np.cumsum(_consensus(step, trust[..., np.newaxis], rate)))
        disagreement = _disagreement(step, trust[..., np.newaxis], rate)
    if np.count_nonzero(waver < _STEADY_WAVER) < _LEAST_STEADY:
        return at, np.zeros(count), 0.0
    told = np.diff(turned)[round(rate * _END_S) : -round(rate * _END_S)].std()
    sure = 1.0 - disagreement / max(float(told), 1e-12) / _MOST_DISAGREEMENT
    if sure < _LEAST_SURE:
        return at, np.zeros(count), 0.0
    return at, turned / (2.0 * np.pi * mains_hz), sure


def _consensus(step: _Values, trust: _Values, rate: float) -> _Values:
    """Return the step that harmonics agree on, shape (T,), each weighed by how it keeps to it around then."""
    weight = trust * np.ones_like(step)
    both = (0, 1)
    for _ in range(_AGREEMENTS):
        common = (weight * step).sum(axis=both) / weight.sum(axis=both)
        error = _smoothed((step - common) ** 2, _AROUND_S * rate)
        # Below the error of the best there is no telling them apart.
        weight = (trust > 0.0) / (error + 0.1 * np.where(trust > 0.0, error, np.inf).min(axis=both) + 1e-18)
    return np.asarray((weight * step).sum(axis=both) / weight.sum(axis=both))


def _disagreement(step: _Values, trust: _Values, rate: float) -> float:
    """Return by how much the two halves of the harmonics differ from their mean, per step."""
    trusted = np.flatnonzero(trust[..., 0])
    halves = []
    for half in (trusted[0::2], trusted[1::2]):
        if not half.size:
            return float("inf")
        own = np.zeros(trust.size)
        own[half] = trust.reshape(-1)[half]
        halves.append(_consensus(step, own.reshape(trust.shape), rate))
    inner = slice(round(rate * _END_S), -round(rate * _END_S))
    return 0.5 * float((halves[0] - halves[1])[inner].std())


def _smoothed(values: _Values, sigma: float) -> _Values:
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(values, sigma, axis=-1, mode="nearest"))


def _bands(
    shown: npt.NDArray[np.float32], sample_rate: int, mains_hz: float, progress: Progress
) -> tuple[_Waves, float]:
    """Return the band around each harmonic, moved to 0 Hz: shape (channels, harmonics, T), and its rate."""
    from scipy.fft import ifft, next_fast_len, rfft

    frames = next_fast_len(shown.shape[1], real=True)
    seconds = frames / sample_rate
    wide = max(2, round(_WIDE * mains_hz * seconds / 2.0) * 2)
    highest = min(_HIGHEST_HZ, 0.45 * sample_rate)
    harmonics = max(1, int(highest / mains_hz))
    count = max(1, int(shown.shape[1] / frames * wide))
    waves = np.empty((shown.shape[0], harmonics, count), np.complex128)
    for row, into in zip(shown, waves, strict=True):
        progress.check()
        spectrum = rfft(row.astype(np.float64), frames)
        for number in range(1, harmonics + 1):
            middle = round(number * mains_hz * seconds)
            band = np.zeros(wide, np.complex128)
            bins = np.arange(middle - wide // 2, middle + wide // 2)
            inside = (bins > 0) & (bins < spectrum.size)
            band[inside] = spectrum[bins[inside]]
            wave = ifft(np.fft.ifftshift(band))
            # The middle bin is not quite the harmonic: turn the difference away.
            off = 2.0 * np.pi * (middle / seconds - number * mains_hz)
            wave *= np.exp(1j * off * np.arange(wide) * seconds / wide)
            into[number - 1] = wave[:count]
    return waves, wide / seconds


def _narrowed(waves: _Waves, width_hz: float, rate: float) -> _Waves:
    """Smooth by a Gaussian of that width; at the ends, what lies beyond does not count."""
    from scipy.fft import fft, fftfreq, ifft, next_fast_len

    count = waves.shape[-1]
    size = next_fast_len(count + round(2.0 * rate / width_hz))
    shape = np.exp(-0.5 * (fftfreq(size, 1.0 / rate) / width_hz) ** 2)
    inside = ifft(fft(np.ones(count), size) * shape).real[:count]
    return np.asarray(ifft(fft(waves, size, axis=-1) * shape, axis=-1)[..., :count] / inside)


def _banded(cents: _Values, times: _Values, lowest_hz: float, highest_hz: float) -> _Values:
    """Keep the modulations of a range of rates; the ends are mirrored."""
    from scipy.fft import irfft, rfft

    if cents.size < 4 or not cents.any():
        return np.zeros(cents.size)
    mirrored = np.concatenate([cents, cents[::-1]])
    hz = np.arange(mirrored.size // 2 + 1) / (mirrored.size * (times[1] - times[0]))
    # Slopes without delay. The mains wander over minutes, far more slowly than the lowest rate that is
    # told, which leaves room for a slope that does not ring at the recording's ends.
    rise = 1.0 / (1.0 + (_CORNER * lowest_hz / np.maximum(hz, 1e-9)) ** 4)
    fall = 1.0 / (1.0 + (hz / highest_hz) ** 8)
    return np.asarray(irfft(rfft(mirrored) * rise * fall, mirrored.size)[: cents.size])
