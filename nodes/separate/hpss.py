"""Harmonic/percussive separation: what holds its pitch against what strikes.

In a spectrogram a held tone is a horizontal line and a stroke is a vertical one. A median along
time keeps the former, a median along frequency the latter; of each time-frequency cell, every
output gets the share that its median has of the two. Refinements over the textbook method:

- the frequency median is wide, save in the bass, where a drum is itself a narrow resonance;
- the medians decide by prior odds where they cannot tell: noise is a cymbal at the top, where tones
  have no energy left, and more likely a voice or an instrument in the middle register;
- one mask for all channels, made from their mean power, so that the stereo image holds.

Axis letters: C channels, T STFT frames (or sample frames where said), F bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, Samples, no_progress, node
from nodes.dsp.median import running_median, running_remedian
from nodes.dsp.overlap_add import Block, map_blocks
from nodes.dsp.stft import Spectra, Stft, nearest_n_fft

__all__ = ["HarmonicPercussive", "hpss"]

_Array = npt.NDArray[np.float32]

# Window (ms): resolves the partials of a bass, and a stroke still fills a few of its hops.
_WINDOW_MS = 93.0
# Width of the frequency median (Hz) up to the split, above it this many such medians in a row.
_STROKE_HZ = 75.0
_STROKE_TIMES = 5
_SPLIT_HZ = 300.0
# Exponent of the magnitudes in the soft masks. 2 (Fitzgerald 2010, eq. 8) is a Wiener filter for
# known spectra; medians are uncertain estimates, for which a softer decision errs less.
_EXPONENT = 1.5
# Prior odds of percussive against harmonic by frequency (Hz, dB): the long-term spectra of drums
# and of voices and pitched instruments in a mix, coarsely. Round figures from a plateau: all of them
# 3 dB up or down costs less than half a decibel of SDR, without them it is one decibel.
_PRIOR_HZ = (150.0, 400.0, 2500.0, 5000.0, 10000.0)
_PRIOR_DB = (-1.5, -6.0, -6.0, 2.0, 10.0)
# Keeps digital silence from dividing by zero: power 200 dB below a full-scale sine's bin.
_TINY = 1e-20


class HarmonicPercussive(NamedTuple):
    """The three parts of a sound; their sum is the sound."""

    harmonic: Audio
    percussive: Audio
    residual: Audio


@dataclass(frozen=True)
class _Masking:
    """The settings of one run, in STFT units.

    Parameters
    ----------
    stft : Stft
        Its `look_frames` is half the time median.
    stroke_bins, split_bin : int
        Width of the basic frequency median (odd), and where the wide one takes over.
    odds : ndarray, shape (bins,)
        Prior odds of percussive against harmonic, to the mask's exponent.
    margin : float
        Likewise to the mask's exponent; 1 leaves no residual.
    """

    stft: Stft
    stroke_bins: int
    split_bin: int
    odds: _Array
    margin: float


@node(version=1, linked=True)
def hpss(
    audio: Audio,
    *,
    margin: Annotated[float, Range(1, 10, "log", unit="×")] = 1.0,
    balance_db: Annotated[float, Range(-24, 24)] = 0.0,
    tone_ms: Annotated[float, Range(100, 1000, "log")] = 275.0,
    progress: Progress = no_progress,
) -> HarmonicPercussive:
    """Split the sound into held tones, strokes, and what is neither.

    The three outputs add up to the input. All channels share one mask, which keeps every sound
    where it is in the stereo image.

    Parameters
    ----------
    audio : Audio
        Any sound.
    margin : float, ×
        How clearly a sound must be one or the other. At 1 everything is shared out between harmonic
        and percussive; the higher, the purer these two and the more breath, room and noise go
        to the residual.
    balance_db : float, dB
        Who gets the doubtful sounds: more makes percussive fuller and harmonic drier, less the
        other way round.
    tone_ms : float, ms
        How long a sound must hold its pitch to count as a tone: longer sends short notes and
        vibrato to percussive, shorter sends the tails of drums to harmonic.
    progress : Progress
        Told after every block.

    Returns
    -------
    harmonic : Audio
        Voices, strings, bass, held notes. Same channels, frames and rate.
    percussive : Audio
        Drums, attacks, clicks.
    residual : Audio
        The input less the other two; but for rounding, silent at margin 1.

    References
    ----------
    D. Fitzgerald, "Harmonic/percussive separation using median filtering", DAFx 2010.
    J. Driedger, M. Müller, S. Ewert, "Extending harmonic-percussive separation of audio signals",
    ISMIR 2014: margin and residual (section 3).
    """
    masking = _masking(audio.sample_rate, margin=margin, balance_db=balance_db, tone_ms=tone_ms)

    def split(shown: Samples, block: Block) -> tuple[Samples, Samples, Samples]:
        return _split(shown, block, masking)

    parts = map_blocks(
        audio.samples,
        split,
        outputs=(audio.channels,) * 3,
        context_frames=masking.stft.context_frames,
        align_frames=masking.stft.hop_length,
        progress=progress,
    )
    return HarmonicPercussive(*(Audio.trusted(part, audio.sample_rate) for part in parts))


def _masking(sample_rate: int, *, margin: float, balance_db: float, tone_ms: float) -> _Masking:
    n_fft = nearest_n_fft(_WINDOW_MS, sample_rate)
    hop_ms, bin_hz = 1e3 * n_fft / 4 / sample_rate, sample_rate / n_fft
    hz = bin_hz * np.maximum(1, np.arange(n_fft // 2 + 1))
    odds_db = np.interp(np.log(hz), np.log(_PRIOR_HZ), _PRIOR_DB) + balance_db
    return _Masking(
        stft=Stft(n_fft, look_frames=max(1, round(tone_ms / hop_ms / 2))),
        stroke_bins=2 * max(1, round(_STROKE_HZ / bin_hz / 2)) + 1,
        split_bin=min(n_fft // 2, round(_SPLIT_HZ / bin_hz)),
        odds=(10.0 ** (_EXPONENT * odds_db / 20.0)).astype(np.float32),
        margin=margin**_EXPONENT,
    )


def _split(shown: Samples, block: Block, masking: _Masking) -> tuple[Samples, Samples, Samples]:
    stft = masking.stft
    spectra, before, after = stft.analyse(shown, block)
    inside = slice(before, spectra.shape[1] - after)
    tones, strokes = _evidence(spectra, before, after, masking)
    spectra = spectra[:, inside]
    source = shown[:, block.inner]

    harmonic = stft.synthesise(spectra * _share(tones, strokes, masking.margin), block)
    if masking.margin == 1.0:
        percussive = source - harmonic
    else:
        percussive = stft.synthesise(spectra * _share(strokes, tones, masking.margin), block)
    # Taken last and in double precision, so that the three add up to the input.
    residual = (source.astype(np.float64) - harmonic - percussive).astype(np.float32)
    return harmonic, percussive, residual


def _evidence(spectra: Spectra, before: int, after: int, masking: _Masking) -> tuple[_Array, _Array]:
    """Return how strongly each cell is tone and stroke, both of shape (stft_frames, bins)."""
    power = np.mean(spectra.real**2 + spectra.imag**2, axis=0)
    look = masking.stft.look_frames
    # Beyond the signal's ends the spectrogram is mirrored: a tone does not end with the file.
    mirrored = np.pad(power, ((look - before, look - after), (0, 0)), mode="symmetric")
    tones = running_median(mirrored, 2 * look + 1)
    strokes = _along_frequency(power[before : len(power) - after], masking)
    exponent = np.float32(_EXPONENT / 2)
    return tones**exponent, strokes**exponent * masking.odds


def _along_frequency(power: _Array, masking: _Masking) -> _Array:
    narrow, wide = masking.stroke_bins, masking.stroke_bins * _STROKE_TIMES
    # The spectrum of a real signal is its own mirror image about 0 Hz and half the sample rate.
    mirrored = np.pad(power.T, ((wide // 2, wide // 2), (0, 0)), mode="reflect")
    split, skip = masking.split_bin, (wide - narrow) // 2
    low = running_median(mirrored[skip : skip + split + narrow - 1], narrow)
    high = running_remedian(mirrored[split:], narrow, _STROKE_TIMES)
    return np.concatenate([low, high]).T


def _share(wanted: _Array, other: _Array, margin: float) -> _Array:
    """Return the soft mask of one part against the other (Driedger et al. 2014, eq. 4 and 5, softened)."""
    total = wanted + np.float32(margin) * other + np.float32(_TINY)
    return np.divide(wanted, total, dtype=np.float32)
