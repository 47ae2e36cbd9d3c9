"""Reading: how strong one frequency is at one moment, for the pointer over a spectrogram."""

from __future__ import annotations

import math

import numpy as np

from nodegraph.editor.listen.sound import Audible
from nodegraph.editor.listen.spectrogram import window_frames

__all__ = ["level_db"]

_LEAST_POWER = 1e-15


def level_db(source: Audible, at_s: float, hz: float) -> float:
    """Return the level (dB) of the frequency's bin in the window around a time; a full-scale sine is 0.

    Parameters
    ----------
    source : Sound or Difference
        What is looked at; one window of it is read.
    at_s : float
        In seconds of the whole file.
    hz : float
        At most half the sample rate.
    """
    length = window_frames(source.sample_rate)
    begin = round((at_s - source.begin_s) * source.sample_rate) - length // 2
    window = np.hanning(length + 1)[:-1]
    near = source.read(begin, begin + length) * (window * (2.0 / window.sum()))
    number = min(round(hz * length / source.sample_rate), length // 2)
    # One bin of the spectrum only.
    wave = np.exp(-2j * math.pi * number / length * np.arange(length))
    power = float(np.mean(np.abs(near @ wave) ** 2))
    return 10.0 * math.log10(max(power, _LEAST_POWER))
