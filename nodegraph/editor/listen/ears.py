"""Ears: one sound as it is heard, for two ears and at the rate of the audio device.

Every frame is computed from its own number alone, without any state. So a switch between two sounds, a
seek or a loop never shifts time, whatever rate a sound has.

More than two channels are mixed down for listening only; files and nodes keep all of them.

Axis letters: C channels, T frames.

References
----------
ITU-R BS.775-4, Multichannel stereophonic sound system, 2022, Annex 4: the coefficients of the down-mix.
J. O. Smith, Digital audio resampling, ccrma.stanford.edu/~jos/resample, 2002: a windowed sinc by phases.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nodegraph.editor.listen.sound import Sound

__all__ = ["Ears", "Heard", "down_mix"]

Heard = npt.NDArray[np.float32]
"""float32, shape (frames, 2): interleaved, as devices take it."""

# Half the length of the interpolating filter in frames of the slower side. 90 dB of damping then need
# 9 % of the rate: flat to 20.1 kHz at 44.1 kHz.
_HALF_TAPS = 32
_KAISER_BETA = 9.0
# Rates whose ratio needs more phases are played at the nearest of so many: off by 1/8192 of a frame.
_MOST_PHASES = 4096

_SIDE = math.sqrt(0.5)
_LEFT: Mapping[int, tuple[float, ...]] = {
    3: (1, 0, _SIDE),  # L R C
    4: (1, 0, _SIDE, 0),  # L R Ls Rs
    5: (1, 0, _SIDE, _SIDE, 0),  # L R C Ls Rs
    6: (1, 0, _SIDE, 0, _SIDE, 0),  # L R C LFE Ls Rs
    8: (1, 0, _SIDE, 0, _SIDE, 0, _SIDE, 0),  # L R C LFE, back, side
}
_RIGHT: Mapping[int, tuple[float, ...]] = {
    3: (0, 1, _SIDE),
    4: (0, 1, 0, _SIDE),
    5: (0, 1, _SIDE, 0, _SIDE),
    6: (0, 1, _SIDE, 0, 0, _SIDE),
    8: (0, 1, _SIDE, 0, 0, _SIDE, 0, _SIDE),
}


def down_mix(channels: int) -> npt.NDArray[np.float32]:
    """Return what of each channel comes to the left and the right ear.

    One channel is heard in both, two as they are. Of more, the centre and the surround channels come
    3 dB lower (BS.775), low-frequency effects are left out, and all is lowered so that nothing can clip.
    Where it is not known what a number of channels means, all come to both ears alike.

    Returns
    -------
    ndarray, shape (2, channels)
    """
    if channels == 1:
        return np.ones((2, 1), np.float32)
    if channels == 2:
        return np.eye(2, dtype=np.float32)
    if channels not in _LEFT:
        return np.full((2, channels), 1.0 / channels, np.float32)
    matrix = np.array([_LEFT[channels], _RIGHT[channels]])
    matrix /= matrix.sum(axis=1, keepdims=True)
    return matrix.astype(np.float32)


class Ears:
    """One sound as it is heard. Frames are counted in the device's rate, from the whole file's beginning.

    Parameters
    ----------
    sound : Sound
        Only what is asked for is read of it.
    sample_rate : int
        Of the device (Hz).
    """

    def __init__(self, sound: Sound, sample_rate: int) -> None:
        self.sound, self.sample_rate = sound, sample_rate
        rate = sound.audio.sample_rate
        common = math.gcd(rate, sample_rate)
        # Frame m of the device lies at m · _down / _up in frames of the sound.
        self._up, self._down = sample_rate // common, rate // common
        self._first = round(sound.begin_s * rate)
        self._mix = down_mix(sound.audio.channels)
        self.begin = self._device_frame(self._first)
        self.end = self._device_frame(self._first + sound.audio.frames)

    def read(self, begin: int, count: int) -> Heard:
        """Return `count` frames from `begin` on; silence where the sound is not."""
        if self._up == self._down:
            return self._ears(self._source(begin, count))
        places = np.arange(begin, begin + count, dtype=np.int64) * self._down
        phases = min(self._up, _MOST_PHASES)
        table = _phases(self._up, self._down, phases)
        taps = table.shape[1]
        frames = places // self._up
        first = int(frames[0]) - taps // 2 + 1
        near = self._source(first, int(frames[-1]) - int(frames[0]) + taps)
        windows = np.lib.stride_tricks.sliding_window_view(near, taps, axis=1)[:, frames - frames[0]]
        weights = table[places % self._up * phases // self._up]
        return self._ears(np.einsum("ctk,tk->ct", windows, weights, optimize=False))

    def _device_frame(self, frame: int) -> int:
        return -(-frame * self._up // self._down)

    def _source(self, begin: int, count: int) -> npt.NDArray[np.float32]:
        samples = self.sound.audio.samples
        local = begin - self._first
        low, high = max(local, 0), min(local + count, samples.shape[1])
        if low == local and high == local + count:
            return samples[:, low:high]
        found = np.zeros((samples.shape[0], count), np.float32)
        if low < high:
            found[:, low - local : high - local] = samples[:, low:high]
        return found

    def _ears(self, samples: npt.NDArray[np.float32]) -> Heard:
        if samples.shape[0] == 2:
            return np.ascontiguousarray(samples.T)
        # Not by a library of matrices, which may wake threads of its own in the device's.
        heard: Heard = np.einsum("ec,ct->te", self._mix, samples)
        return np.ascontiguousarray(heard)


@lru_cache(maxsize=8)
def _phases(up: int, down: int, phases: int) -> npt.NDArray[np.float32]:
    """Return the interpolating filter at each place between two frames, shape (phases, taps)."""
    # Where the device is slower than the sound, the filter also has to keep out what it cannot carry.
    stretch = max(1.0, down / up)
    half = math.ceil(_HALF_TAPS * stretch)
    distance = np.arange(1 - half, half + 1) - np.arange(phases)[:, None] / phases
    inside = np.clip(1.0 - (distance / half) ** 2, 0.0, None)
    window = np.i0(_KAISER_BETA * np.sqrt(inside)) / np.i0(_KAISER_BETA)
    table = np.sinc(distance / stretch) * window
    table /= table.sum(axis=1, keepdims=True)
    return table.astype(np.float32)
