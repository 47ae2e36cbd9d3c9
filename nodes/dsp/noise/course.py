"""How loud the noise under a recording is from moment to moment, without a passage of noise alone.

Between the partials and between the strokes of music its noise lies open. In each band and moment a
low quantile of the cells' powers sees those valleys; the course of the noise is what never falls
short for a while: the morphological opening of the valleys over some seconds, and over an octave.
A recording lies there as a whole, so windows reach to both sides: noise that swells slowly is followed
without lag, where causal minimum statistics (Martin 2001) come late by their whole window. What the
quantile and the opening give for white noise of known power is their bias, and is taken out.

Dense music fills its own valleys, but not as noise does: the depth of the deepest cells under the low
quantile is a constant of Gaussian noise (6.4 dB for one in five over one in twenty), and a decibel more
in music. Where the valleys are not those of noise they do not count, and the course is what the noise
around them lets expect; where there is none around, nothing is known, and nothing is taken out.

Axis letters: K moments (knots), B bands, F bins.

References
----------
R. Martin, "Noise power spectral density estimation based on optimal smoothing and minimum
statistics", IEEE Trans. Speech Audio Process. 9(5), 2001. I. Cohen, "Noise spectrum estimation in
adverse environments: improved minima controlled recursive averaging", IEEE Trans. Speech Audio
Process. 11(5), 2003. J. Serra, Image Analysis and Mathematical Morphology, 1982: openings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Samples, no_progress
from nodes.dsp.stft import nearest_n_fft

__all__ = ["Course", "course_of"]

_Values = npt.NDArray[np.float64]

# Window that looks into the valleys (ms), with 50 % overlap, and windows to a knot (0.19 s).
_WINDOW_MS = 46.0
_HOPS_PER_KNOT = 8
# Bands: a third of an octave, and at least this many bins, so that a valley is one of many cells.
_OCTAVES = 1.0 / 3.0
_LEAST_BINS = 6
# The share of a band's cells that lies in its valleys. Fewer would be a matter of chance.
_VALLEY = 0.2
# Music that fills a band's valleys for longer than this (s), or for wider than this (bands: an octave),
# is taken for noise. Longer is safer under dense music, and slower after a step of the noise.
_OPENING_S = 3.0
_OPENING_BANDS = 3
# The share of a band's cells that are its deepest, and how far (dB) their distance from the valley may
# be from that of noise, averaged over so many knots (5.6 s) and bands (an octave): full trust within
# the first, none beyond the second. Noise alone strays by about 0.2 dB; most bands of music
# without noise lie 0.7 to 3 dB off.
_DEEPEST = 0.05
_FULL_TRUST_DB, _NO_TRUST_DB = 0.3, 0.6
_TRUST_KNOTS, _TRUST_BANDS = 31, 3
# Knots (11 s) and bands (two octaves) around a place that speak for it where its own do not, and the
# share of them that has to be trusted.
_AROUND_KNOTS, _AROUND_BANDS = 61, 7
_LEAST_TRUSTED = 0.02
# Noise is broad: the share of all bands, around a moment, that have to be trusted before anything is
# taken for noise, and from which on all of it is. Music without noise has mostly less than a quarter
# (dense synthesisers half: they cannot be told from noise), noise 20 dB under the music nearly half.
_NO_SHARE, _FULL_SHARE = 0.30, 0.45
# Knots (60 s) over which that share is taken: noise swells and fades, but does not come and go as a
# cymbal does.
_SHARE_KNOTS = 321
# Power of a cell under which it is digital silence (full scale², −170 dB): says nothing of the noise.
_SILENCE = 1e-17
# Seconds of white noise from which the bias is learned: its error is below 0.1 dB.
_BIAS_S = 30.0


@dataclass(frozen=True)
class Course:
    """The noise of a recording along time.

    Parameters
    ----------
    density : ndarray, shape (knots, bands)
        Power per hertz (full scale² / Hz), on average over the channels.
    centres_hz : ndarray, shape (bands,)
        The bands' middles.
    frames_per_knot : int
        Knot k stands for the sample frames from k times this on.
    sample_rate : int
        Hz.
    """

    density: _Values
    centres_hz: _Values
    frames_per_knot: int
    sample_rate: int

    def power(self, n_fft: int, begin: int, end: int) -> npt.NDArray[np.float64]:
        """Return the power of Hann-windowed spectra of that noise, from knot `begin` to `end`.

        Shape (end − begin, n_fft / 2 + 1); knots before the first and after the last are like these.
        """
        rows = self.density[np.clip(np.arange(begin, end), 0, len(self.density) - 1)]
        hz = np.arange(n_fft // 2 + 1) * self.sample_rate / n_fft
        at = np.interp(np.log(np.maximum(hz, 1.0)), np.log(self.centres_hz), np.arange(len(self.centres_hz)))
        low = np.minimum(at.astype(np.int64), max(0, rows.shape[1] - 2))
        share = at - low
        logs = np.log(rows + 1e-30)
        mixed = logs[:, low] * (1.0 - share) + logs[:, np.minimum(low + 1, rows.shape[1] - 1)] * share
        return np.asarray(np.exp(mixed) * (self.sample_rate / 2.0 * 0.375 * n_fft), np.float64)


def course_of(audio: Audio, *, progress: Progress = no_progress) -> Course | None:
    """Return the course of a recording's noise, or None if it is too short to have one."""
    size = nearest_n_fft(_WINDOW_MS, audio.sample_rate)
    edges = _band_edges(size, audio.sample_rate)
    valleys = _valleys(audio.samples, size, edges, progress)
    if not valleys.shape[1]:
        return None
    knot_s = _HOPS_PER_KNOT * (size // 2) / audio.sample_rate
    bias = _bias(size, audio.sample_rate)
    opened = _opened(valleys[0], max(1, round(_OPENING_S / knot_s))) / bias.level
    trust = _trust(_gap_db(valleys) - bias.gap_db)
    density = _believed(opened, trust) / (audio.sample_rate / 2.0 * 0.375 * size)
    centres = np.sqrt(np.maximum(edges[:-1], 1) * (edges[1:] - 1.0)) * audio.sample_rate / size
    return Course(density, centres, _HOPS_PER_KNOT * (size // 2), audio.sample_rate)


def _band_edges(size: int, sample_rate: int) -> npt.NDArray[np.int64]:
    """Return the first bin of each band, and one past the last's last."""
    edges = [1]
    while edges[-1] < size // 2:
        edges.append(max(edges[-1] + _LEAST_BINS, round(edges[-1] * 2.0**_OCTAVES)))
    if len(edges) > 2 and edges[-1] > size // 2:
        # What is left at the top is too narrow for a band of its own.
        edges = [*edges[:-2], size // 2]
    edges[-1] = size // 2
    return np.array(edges, np.int64)


def _valleys(samples: Samples, size: int, edges: npt.NDArray[np.int64], progress: Progress) -> _Values:
    """Return two low quantiles of each band's cells around each knot, shape (2, knots, bands)."""
    from scipy.fft import rfft

    hop, channels = size // 2, samples.shape[0]
    knots = max(0, samples.shape[1] - hop) // (hop * _HOPS_PER_KNOT)
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    found = np.empty((2, knots, edges.size - 1))
    for knot in range(knots):
        begin = knot * hop * _HOPS_PER_KNOT
        cut = samples[:, begin : begin + (_HOPS_PER_KNOT + 1) * hop]
        rows = np.lib.stride_tricks.sliding_window_view(cut, size, axis=1)[:, ::hop]
        spectra = rfft(rows * window, axis=2)
        power = spectra.real**2 + spectra.imag**2
        for band, (low, high) in enumerate(pairwise(edges)):
            # Channel by channel: the quantile of their sum depends on how alike they are.
            cells = power[:, :, low:high].reshape(channels, -1)
            ranks = [int(share * cells.shape[1]) for share in (_VALLEY, _DEEPEST)]
            found[:, knot, band] = np.partition(cells, ranks, axis=1)[:, ranks].mean(axis=0)
        if knot % 8 == 0:
            progress(knot / knots)
    return found


def _opened(valleys: _Values, knots: int) -> _Values:
    """Return the opening over so many knots and over an octave; silence has no say in it."""
    floor = _SILENCE
    heard = np.where(valleys <= floor, np.inf, valleys)
    opened = _opening(_opening(heard, knots).T, _OPENING_BANDS).T
    return np.where(np.isfinite(opened), opened, 0.0)


def _opening(rows: _Values, length: int) -> _Values:
    """Return, for each row, the greatest of the least values of all stretches of rows that it is in."""
    length = min(length, len(rows))
    least = np.lib.stride_tricks.sliding_window_view(rows, length, axis=0).min(axis=-1)
    padded = np.pad(least, ((length - 1, length - 1), (0, 0)), constant_values=-np.inf)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, length, axis=0).max(axis=-1))


def _gap_db(valleys: _Values) -> _Values:
    """Return how far the deepest cells lie under the valley, averaged over the neighbourhood, in dB."""
    gap_db = 10.0 * (np.log10(valleys[0] + _SILENCE) - np.log10(valleys[1] + _SILENCE))
    return _around(gap_db, _TRUST_KNOTS, _TRUST_BANDS)


def _trust(off_db: _Values) -> _Values:
    """Return how much the valleys count as those of noise, 0 to 1."""
    found: _Values = (_NO_TRUST_DB - np.abs(off_db)) / (_NO_TRUST_DB - _FULL_TRUST_DB)
    return np.clip(found, 0.0, 1.0)


def _believed(opened: _Values, trust: _Values) -> _Values:
    """Return the power where it is trusted, and elsewhere what its trusted neighbours let expect at most."""
    logs = np.log(opened + _SILENCE)
    trusted = _around(trust, _AROUND_KNOTS, _AROUND_BANDS)
    expected = _around(trust * logs, _AROUND_KNOTS, _AROUND_BANDS) / np.maximum(trusted, 1e-9)
    expected = np.minimum(logs, expected)
    believed = np.exp(trust * logs + (1.0 - trust) * expected)
    share = _around(trust.mean(axis=1, keepdims=True), _SHARE_KNOTS, 1)
    broad = np.clip((share - _NO_SHARE) / (_FULL_SHARE - _NO_SHARE), 0.0, 1.0)
    return np.where((trusted >= _LEAST_TRUSTED) & (opened > 0.0), believed * broad, 0.0)


def _around(values: _Values, knots: int, bands: int) -> _Values:
    from scipy.ndimage import uniform_filter

    return np.asarray(uniform_filter(values, (knots, bands), mode="reflect"), np.float64)


@dataclass(frozen=True)
class _Bias:
    """What the steps make of white noise of power 1 in each cell, by band."""

    level: _Values
    gap_db: _Values


@lru_cache(maxsize=8)
def _bias(size: int, sample_rate: int) -> _Bias:
    noise = np.random.default_rng(0).standard_normal((1, int(_BIAS_S * sample_rate)))
    valleys = _valleys(noise.astype(np.float32), size, _band_edges(size, sample_rate), no_progress)
    knot_s = _HOPS_PER_KNOT * (size // 2) / sample_rate
    opened = _opened(valleys[0], max(1, round(_OPENING_S / knot_s)))
    # By itself, not as an average over bands: the narrow ones differ.
    gap_db = 10.0 * np.log10(valleys[0] / valleys[1]).mean(axis=0)
    return _Bias(opened.mean(axis=0) / (0.375 * size), _around(gap_db[np.newaxis], 1, _TRUST_BANDS)[0])
