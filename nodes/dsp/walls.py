"""The two walls of a mono groove: one signal twice, each time with noise of its own.

Both walls carry the same sound s, perhaps a little louder, later or upside down on one of them:

    left = s + n1      right = g · s(t − d) + n2

Once gain and delay are undone, the difference of the two is nothing but noise. Added to their mean M
in any share v, it leaves s alone, so that v is free to make the noise least, for each frequency and
each moment by itself:

    M + v · (left − right),   −1/2 ≤ v ≤ 1/2:  from the left wall alone to the right one alone.

Axis letters: C channels (2), T STFT frames, F bins, S stretches of time, B bands.

References
----------
C. H. Knapp and G. C. Carter, The generalized correlation method for estimation of time delay, IEEE
Trans. Acoust. Speech Signal Process. 24(4), 1976, table I: weights of the maximum likelihood.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Samples

__all__ = ["Alignment", "find_alignment", "find_shares", "stretch_middles"]

# Gain, delay and the walls' noise are looked at over stretches of this length (s).
STRETCH_S = 4.0
# Alignment is taken from the strongest bins, where noise does not count (share of the power).
_STRONGEST = 0.9
# Delays are looked for up to (s): 300 µs is a stylus 0.15 mm askew at the rim of a 78, and a lot.
_MOST_DELAY_S = 300e-6
# Alignments smaller than this are no fault: −100 dB of a sound at 5 kHz, −120 dB of its level.
_LEAST_DELAY_S = 1e-9
_LEAST_GAIN = 1e-6
# Stretches on each side that an alignment or a share is averaged with.
_NEIGHBOURS = 2
# Bands of a third of an octave.
_BANDS_PER_OCTAVE = 3
_LOWEST_HZ = 50.0
_ROUNDS = 6
_TINY = 1e-20
_BATCH_FRAMES = 32

_Values = npt.NDArray[np.float64]
_Spectra = npt.NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class Alignment:
    """How the right wall differs from the left one, over time.

    Parameters
    ----------
    times_s : ndarray, shape (stretches,)
        Middles of the stretches.
    delay_s, gain : ndarray, shape (stretches,)
        How much later and louder the right wall is.
    inverted : bool
        Whether it is upside down.
    likeness : float
        Share of the power that both walls have in common, 0 to 1.
    """

    times_s: _Values
    delay_s: _Values
    gain: _Values
    inverted: bool
    likeness: float

    @property
    def needed(self) -> bool:
        """Whether there is anything to undo."""
        off = np.abs(self.delay_s).max(initial=0.0) > _LEAST_DELAY_S
        return bool(off or np.abs(self.gain - 1.0).max(initial=0.0) > _LEAST_GAIN or self.inverted)


def stretch_middles(audio: Audio) -> _Values:
    """Return the middles of the stretches that a recording is looked at in (s)."""
    count = max(1, round(audio.seconds / STRETCH_S))
    return (np.arange(count) + 0.5) * audio.seconds / count


def find_alignment(audio: Audio, n_fft: int, *, progress: Progress) -> Alignment:
    """Find gain, delay and polarity of the right wall against the left one.

    Parameters
    ----------
    audio : Audio
        Two channels.
    n_fft : int
        Length of the spectra that are looked at.
    progress : Progress
        Told after every stretch.
    """
    middles = stretch_middles(audio)
    found = []
    for done, item in enumerate(progress.map(_aligner(audio, n_fft, progress.check), _cuts(audio)), 1):
        found.append(item)
        progress(done / middles.size)
    delay, gain, sign, likeness, weight = (np.array(column) for column in zip(*found, strict=True))
    inverted = bool((sign * weight).sum() < 0.0)
    # A stretch of silence, or of noise alone, says nothing: its neighbours speak for it.
    knows = (weight > 1e-6 * weight.max(initial=0.0)) & (likeness > 0.1) & ((sign < 0.0) == inverted)
    common = float((likeness * weight).sum() / weight.sum()) if weight.any() else 1.0
    if not knows.any():
        return Alignment(middles, np.zeros(middles.size), np.ones(middles.size), False, common)
    return Alignment(
        times_s=middles,
        delay_s=_settled(delay, knows),
        gain=np.exp(_settled(np.log(np.where(knows, gain, 1.0)), knows)),
        inverted=inverted,
        likeness=common,
    )


def _settled(values: _Values, knows: npt.NDArray[np.bool_]) -> _Values:
    """Return for each stretch the median of those around it that know."""
    places = np.flatnonzero(knows)
    result = np.empty(values.size)
    for index in range(values.size):
        near = places[np.abs(places - index) <= _NEIGHBOURS]
        if not near.size:
            near = places[[int(np.argmin(np.abs(places - index)))]]
        result[index] = np.median(values[near])
    return result


def _cuts(audio: Audio) -> list[tuple[int, int]]:
    edges = np.round(np.linspace(0, audio.frames, stretch_middles(audio).size + 1)).astype(int)
    return [(int(a), int(b)) for a, b in itertools.pairwise(edges)]


def _spectra(samples: Samples, n_fft: int, check: Callable[[], None]) -> Iterator[_Spectra]:
    """Yield Hann-windowed spectra, half overlapped, in batches of shape (2, frames, bins)."""
    from scipy.fft import rfft

    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(n_fft) + 0.5) / n_fft)).astype(np.float32)
    padded = np.pad(samples, ((0, 0), (0, max(0, n_fft - samples.shape[1]))))
    rows = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=1)[:, :: n_fft // 2]
    for begin in range(0, rows.shape[1], _BATCH_FRAMES):
        check()
        yield rfft(rows[:, begin : begin + _BATCH_FRAMES] * window, axis=2)


def _aligner(
    audio: Audio, n_fft: int, check: Callable[[], None]
) -> Callable[[tuple[int, int]], tuple[float, float, float, float, float]]:
    def align(cut: tuple[int, int]) -> tuple[float, float, float, float, float]:
        cross: _Spectra = np.zeros(n_fft // 2 + 1, np.complex128)
        powers = np.zeros((2, n_fft // 2 + 1))
        loud: list[_Values] = []
        for left, right in _spectra(audio.samples[:, cut[0] : cut[1]], n_fft, check):
            own = np.stack([(x.real**2 + x.imag**2) for x in (left, right)])
            cross += (right * left.conj()).sum(axis=0)
            powers += own.sum(axis=1)
            loud.append(_strong(own))
        delay, sign, likeness = _delay(cross, powers, audio.sample_rate)
        left_power, right_power = np.sum(loud, axis=0)
        gain = np.sqrt(right_power / left_power) if left_power > _TINY and right_power > _TINY else 1.0
        return delay, float(gain), sign, likeness, float(np.sqrt(left_power * right_power))

    return align


def _strong(powers: _Values) -> _Values:
    """Return both walls' power in the bins that hold most of it, shape (2,): noise is below them."""
    both = powers[0] * powers[1]
    flat = np.sort(both, axis=None)[::-1]
    total = np.cumsum(np.sqrt(flat))
    least = flat[min(flat.size - 1, int(np.searchsorted(total, _STRONGEST * total[-1])))]
    return np.asarray(powers[:, both >= least].sum(axis=1))


def _delay(cross: _Spectra, powers: _Values, sample_rate: int) -> tuple[float, float, float]:
    """Return delay in s, sign, and the coherent share of the power, from the phase of the cross spectrum."""
    size = 2 * (cross.size - 1)
    power = powers[0] * powers[1]
    coherence = np.minimum((cross.real**2 + cross.imag**2) / np.maximum(power, _TINY), 1.0 - 1e-9)
    # An offset is no sound that two walls have in common.
    power[[0, -1]] = 0.0
    coherence[power <= _TINY] = 0.0
    if not coherence.any():
        return 0.0, 1.0, 0.0
    # Knapp and Carter 1976: C / (1 − C) is what the phase of a bin is worth.
    worth = coherence / (1.0 - coherence)
    direction = cross / np.maximum(np.abs(cross), _TINY)
    fine = 16
    most = max(2, round(_MOST_DELAY_S * sample_rate)) * fine
    correlation = np.fft.irfft(worth * direction, size * fine)
    lags = np.arange(-most, most + 1)
    near = correlation[lags]
    best = int(np.argmax(np.abs(near)))
    sign = 1.0 if near[best] >= 0.0 else -1.0
    turns = 2.0 * np.pi * np.arange(cross.size) / size
    delay = lags[best] / fine
    for _ in range(3):
        # The phase that is left, as a slope over frequency by least squares.
        rest = np.angle(sign * direction * np.exp(1j * turns * delay))
        delay -= float((worth * turns * rest).sum() / (worth * turns * turns).sum())
    total = power.sum()
    return delay / sample_rate, sign, float((coherence * power).sum() / total) if total > 0.0 else 0.0


def band_edges(n_fft: int, sample_rate: int) -> npt.NDArray[np.int64]:
    """Return the bins at which bands of a third of an octave begin, and one past the last."""
    top = sample_rate / 2.0
    count = max(1, int(np.log2(top / _LOWEST_HZ) * _BANDS_PER_OCTAVE))
    hz = top * 2.0 ** (-np.arange(count, -1, -1) / _BANDS_PER_OCTAVE)
    edges = np.unique(np.concatenate([[0], np.round(hz * n_fft / sample_rate).astype(np.int64)]))
    edges[-1] = n_fft // 2 + 1
    return edges


def find_shares(aligned: Audio, n_fft: int, *, progress: Progress) -> _Values:
    """Find which share of the difference makes the noise least, shape (stretches, bands).

    The mean of the walls is fitted by their difference. Bins count the less, the louder the sound is
    in them: it is the noise between the partials that tells.

    Parameters
    ----------
    aligned : Audio
        Both walls, gain and delay undone.
    n_fft : int
        Length of the spectra that are looked at.
    progress : Progress
        Told after every stretch.
    """
    edges = band_edges(n_fft, aligned.sample_rate)

    def work(cut: tuple[int, int]) -> tuple[_Values, _Values]:
        part = aligned.samples[:, cut[0] : cut[1]]
        batches = list(_spectra(part, n_fft, progress.check))
        left, right = np.concatenate(batches, axis=1)
        return _shares_loop()(left, right, edges)

    found = []
    cuts = _cuts(aligned)
    for done, item in enumerate(progress.map(work, cuts), 1):
        found.append(item)
        progress(done / len(cuts))
    share, sure = (np.array(column) for column in zip(*found, strict=True))
    # Averages over neighbouring stretches, each as it is sure; then towards 0 by what chance may be.
    total, weight = np.zeros_like(share), np.zeros_like(share)
    for shift in range(-_NEIGHBOURS, _NEIGHBOURS + 1):
        into = slice(max(0, shift), len(share) + min(0, shift))
        out = slice(max(0, -shift), len(share) + min(0, -shift))
        if into.stop > into.start:
            total[out] += share[into] * sure[into]
            weight[out] += sure[into]
    value = total / np.maximum(weight, _TINY)
    chance = 1.0 / np.maximum(weight, _TINY)
    shrunk = value * value**2 / (value**2 + chance + _TINY)
    return np.clip(np.where(weight > 0.0, shrunk, 0.0), -0.5, 0.5)


# --- loops over bins ------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _shares_loop() -> Callable[[_Spectra, _Spectra, npt.NDArray[np.int64]], tuple[_Values, _Values]]:
    from numba import njit

    compiled: Callable[[_Spectra, _Spectra, npt.NDArray[np.int64]], tuple[_Values, _Values]] = njit(
        cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"}
    )(_shares)
    return compiled


def _shares(left: _Spectra, right: _Spectra, edges: npt.NDArray[np.int64]) -> tuple[_Values, _Values]:
    """Return the best share of the difference in each band, and one over its variance."""
    share, sure = np.zeros(edges.size - 1), np.zeros(edges.size - 1)
    most = left.shape[0] * int(np.max(np.diff(edges)))
    sound, both, power = np.empty(most), np.empty(most), np.empty(most)
    for band in range(share.size):
        count = 0
        noise = loudness = 0.0
        for frame in range(left.shape[0]):
            for k in range(edges[band], edges[band + 1]):
                a, b = left[frame, k], right[frame, k]
                mean_re, mean_im = 0.5 * (np.float64(a.real) + b.real), 0.5 * (np.float64(a.imag) + b.imag)
                off_re, off_im = np.float64(a.real) - b.real, np.float64(a.imag) - b.imag
                sound[count] = mean_re * mean_re + mean_im * mean_im
                both[count] = mean_re * off_re + mean_im * off_im
                power[count] = off_re * off_re + off_im * off_im
                noise += power[count]
                loudness += sound[count]
                count += 1
        noise, loudness = noise / max(1, count), loudness / max(1, count)
        # No difference to speak of (−140 dB of the sound): there is nothing to gain.
        if noise <= 1e-14 * loudness + _TINY:
            continue
        v = error = information = 0.0
        for number in range(_ROUNDS + 1):
            common = information = error = 0.0
            for i in range(count):
                # What is left of the mean with that share of the difference: |M + v D|².
                rest = sound[i] + v * (2.0 * both[i] + v * power[i])
                weight = 1.0 / (rest + noise)
                common += weight * both[i]
                information += weight * power[i]
                error += weight * weight * power[i] * rest
            if number < _ROUNDS:
                v = min(0.6, max(-0.6, -common / information))
        share[band] = v
        sure[band] = information * information / max(error, _TINY)
    return share, sure
