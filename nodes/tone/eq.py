"""Equaliser: the playback curves of old records and tapes, cuts, a tilt and three bands, in one filter.

All that is asked for is added up in decibels, by the formulas of the analogue circuits, and made into
one minimum-phase filter whose gains are these to within rounding, up to half the sample rate. The
usual digital equaliser warps the treble instead: at 44.1 kHz, RIAA made by the bilinear transform is
1.6 dB too low at 10 kHz and 13 dB at 20 kHz.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, Samples, no_progress, node
from nodes.dsp.curves import CURVES, CurveName
from nodes.dsp.fir import Fir, minimum_phase
from nodes.dsp.overlap_add import Block, map_audio

__all__ = ["eq", "response_db"]

# Length of the filter (s), rounded to a power of two: a resonance of Q 8 at 30 Hz has died away by
# 75 dB after 0.75 s, all curves and cuts much sooner.
_FILTER_S = 0.75
# The frequencies at which the filter is designed lie this many times closer than its length needs, so
# that what it does before time 0 and after its end is nothing.
_DENSITY = 4
# Cuts are Butterworth filters of this order: 24 dB per octave.
_ORDER = 4
# A curve lifts the bass where it is higher here than at 1 kHz (Hz).
_BASS_HZ = 20.0
# The tilt turns about the middle of hearing and stops at its ends (Hz).
_TILT_HZ = (20.0, 1000.0, 20000.0)
# What a tape loses at the top by age and by a head that is not quite upright (Hz, dB), coarsely.
_TAPE_SHELF = (8000.0, 3.0)

_Values = npt.NDArray[np.float64]


@node(
    version=1,
    neutral={
        "preset": "none",
        "curve": "flat",
        "mode": "apply",
        "low_cut_hz": 0.0,
        "high_cut_hz": None,
        "tilt_db": 0.0,
        "low_db": 0.0,
        "mid_db": 0.0,
        "high_db": 0.0,
    },
)
def eq(
    audio: Audio,
    *,
    preset: Literal["none", "shellac", "tape"] = "none",
    curve: CurveName = "flat",
    mode: Literal["apply", "convert_from_riaa"] = "apply",
    subsonic_hz: Annotated[float, Range(0, 60)] = 15.0,
    low_cut_hz: Annotated[float, Range(0, 2000)] = 0.0,
    high_cut_hz: Annotated[float, Range(500, 40000, "log")] | None = None,
    tilt_db: Annotated[float, Range(-3, 3, unit="dB/oct")] = 0.0,
    low_hz: Annotated[float, Range(30, 1000, "log")] = 120.0,
    low_db: Annotated[float, Range(-24, 24)] = 0.0,
    low_q: Annotated[float, Range(0.1, 8, "log", unit="")] = 0.7,
    mid_hz: Annotated[float, Range(100, 10000, "log")] = 1000.0,
    mid_db: Annotated[float, Range(-24, 24)] = 0.0,
    mid_q: Annotated[float, Range(0.1, 8, "log", unit="")] = 0.7,
    high_hz: Annotated[float, Range(500, 20000, "log")] = 6000.0,
    high_db: Annotated[float, Range(-24, 24)] = 0.0,
    high_q: Annotated[float, Range(0.1, 8, "log", unit="")] = 0.7,
    progress: Progress = no_progress,
) -> Audio:
    """Play an old record or tape through the curve it was made for, and shape its tone.

    Repair clicks before this: a curve that turns the treble down also rounds them off. There is no
    delay and no ringing before the sound (minimum phase).

    Parameters
    ----------
    audio : Audio
        Any sound. For a record's curve, a transfer made without any equalisation.
    preset : {"none", "shellac", "tape"}
        A quick start, on top of the rest: shellac takes off rumble below 50 Hz and surface noise
        above 8 kHz, tape takes off what is below 25 Hz and lifts the worn treble by 3 dB.
    curve : str
        The playback curve: flat for acoustic recordings (before 1925) and modern files; riaa for LPs
        since 1955; columbia_lp, nab_lp and aes_lp for LPs before; decca_78 (ffrr), columbia_78,
        rca_78, ccir_78, european_250 (HMV), blumlein_300 and turnover_500 for 78s; tape_nab,
        tape_iec_15ips, tape_iec_7ips, cassette_type_1 (120 µs) and cassette_type_2 (70 µs) for tapes
        that were transferred without equalisation.
    mode : {"apply", "convert_from_riaa"}
        Whether the transfer is flat, or was made through an ordinary phono input, which has applied
        RIAA already: that is then taken back, and the curve applied instead.
    subsonic_hz : float, Hz
        Where a curve lifts the bass, what lies below this is cut: more takes off more rumble, and at
        last the deepest notes. 0 is off.
    low_cut_hz : float, Hz
        What lies below is cut by 24 dB per octave: more sounds thinner and takes off rumble. 0 is off.
    high_cut_hz : float, Hz
        What lies above is cut by 24 dB per octave: less sounds duller and takes off hiss. None is off.
    tilt_db : float, dB/oct
        More makes the whole sound brighter and thinner, less darker and fuller, about 1 kHz.
    low_hz, mid_hz, high_hz : float, Hz
        The middle of each band: more moves it up.
    low_db, mid_db, high_db : float, dB
        The gain of each band: more brings it forward. 0 dB leaves the band as it is.
    low_q, mid_q, high_q : float
        More makes the band narrower: 0.7 is two octaves wide, 8 is a sixth of an octave.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels, frames and rate; may exceed full scale.

    References
    ----------
    P. Copeland, Manual of Analogue Sound Restoration Techniques, British Library, 2008, chapter 6.
    IEC 60098, 1987. R. Bristow-Johnson, Audio EQ cookbook, W3C note, 2021 (analogue prototypes).
    """
    bands = ((low_hz, low_db, low_q), (mid_hz, mid_db, mid_q), (high_hz, high_db, high_q))

    def gains_at(hz: _Values) -> _Values:
        total = response_db(hz, curve=curve, mode=mode, subsonic_hz=subsonic_hz)
        total += _preset_db(hz, preset) + _tilt_db(hz, tilt_db)
        total += _low_cut_db(hz, low_cut_hz) + _high_cut_db(hz, high_cut_hz)
        return total + sum(_band_db(hz, *band) for band in bands)

    taps = 1 << max(6, round(math.log2(_FILTER_S * audio.sample_rate)))
    gains_db = gains_at(np.linspace(0.0, audio.sample_rate / 2, _DENSITY * taps // 2 + 1))
    if not gains_db.any():
        return audio
    fir = minimum_phase(gains_db, taps)

    return _filtered(audio, fir, progress)


def _filtered(audio: Audio, fir: Fir, progress: Progress) -> Audio:
    def work(shown: Samples, block: Block) -> Samples:
        return fir.apply(shown, block).astype(np.float32)

    return map_audio(
        audio, work, context_frames=fir.context_frames, align_frames=fir.align_frames, progress=progress
    )


def response_db(
    hz: _Values,
    *,
    curve: CurveName,
    mode: Literal["apply", "convert_from_riaa"] = "apply",
    subsonic_hz: float = 0.0,
) -> _Values:
    """Return the gain of a playback curve at each frequency, with its subsonic filter.

    Parameters
    ----------
    hz : ndarray, shape (bins,)
        Frequencies.
    curve, mode, subsonic_hz
        As in `eq`.

    Returns
    -------
    ndarray, shape (bins,)
        In dB; from a curve to itself it is exactly 0 everywhere.
    """
    applied, present = CURVES[curve], CURVES["riaa" if mode == "convert_from_riaa" else "flat"]
    if applied == present:
        return np.zeros(hz.shape)
    lift_db = float(applied.gains_db(_BASS_HZ) - present.gains_db(_BASS_HZ))
    total = applied.gains_db(hz) - present.gains_db(hz)
    return total + _low_cut_db(hz, subsonic_hz) if lift_db > 0.0 else total


def _preset_db(hz: _Values, preset: str) -> _Values:
    if preset == "shellac":
        return _low_cut_db(hz, 50.0) + _high_cut_db(hz, 8000.0)
    if preset == "tape":
        return _low_cut_db(hz, 25.0) + _shelf_db(hz, *_TAPE_SHELF)
    return np.zeros(hz.shape)


def _low_cut_db(hz: _Values, corner_hz: float) -> _Values:
    if corner_hz <= 0.0:
        return np.zeros(hz.shape)
    # At 0 Hz the gain is nothing at all; a millionth of the corner stands for it.
    ratio = corner_hz / np.maximum(hz, 1e-6 * corner_hz)
    return np.asarray(-10.0 * np.log10(1.0 + ratio ** (2 * _ORDER)))


def _high_cut_db(hz: _Values, corner_hz: float | None) -> _Values:
    if corner_hz is None:
        return np.zeros(hz.shape)
    return np.asarray(-10.0 * np.log10(1.0 + (hz / corner_hz) ** (2 * _ORDER)))


def _shelf_db(hz: _Values, corner_hz: float, gain_db: float) -> _Values:
    """Return a first-order treble shelf: half its gain at the corner."""
    square, factor = (hz / corner_hz) ** 2, 10.0 ** (gain_db / 20.0)
    return np.asarray(10.0 * np.log10((1.0 + square * factor) / (1.0 + square / factor)))


def _tilt_db(hz: _Values, db_per_octave: float) -> _Values:
    low, pivot, high = _TILT_HZ
    return np.asarray(db_per_octave * np.log2(np.clip(hz, low, high) / pivot))


def _band_db(hz: _Values, centre_hz: float, gain_db: float, q: float) -> _Values:
    """Return the cookbook's peaking filter, (s² + s A/Q + 1) / (s² + s/(A Q) + 1)."""
    ratio, amplitude = hz / centre_hz, 10.0 ** (gain_db / 40.0)
    apart = (1.0 - ratio**2) ** 2
    over = apart + (ratio * amplitude / q) ** 2
    under = apart + (ratio / (amplitude * q)) ** 2
    return np.asarray(10.0 * np.log10(over / under))
