"""The multichannel Wiener filter: where a sound comes from helps to tell it from the others.

A model says what share of each cell of the spectrogram is whose. The filter learns from these shares at
which places each source sits in every band (its covariance between the channels), and takes out of each
cell what fits both the share and the place. The sources still add up to the mix; where the channels are
alike the result is what the shares alone would give.

Axis letters: S sources, C = 2 channels, F bins, T STFT frames.

References
----------
N. Q. K. Duong, E. Vincent, R. Gribonval, "Under-determined reverberant audio source separation using a
full-rank spatial covariance model", IEEE Trans. Audio Speech Lang. Process. 18 (7), 2010, eq. 4 and 5.
A. Liutkus, F.-R. Stöter, "Norbert: multichannel Wiener filtering", 2019: one iteration of EM.
"""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["wiener"]

# A source is at least so much (of its power) everywhere: as a share of 30 dB less. Keeps the matrices
# invertible where all sound comes from one place.
_DIFFUSE = 1e-3
# Keeps a source that is not there from being divided by zero (power, 300 dB below a full-scale bin).
_TINY = 1e-30


def wiener(spectra: Any, shares: Any, wanted: int) -> Any:
    """Return the spectra of the first sources of a stereo mix.

    Parameters
    ----------
    spectra : Tensor, shape (2, F, T)
        complex64, the mix.
    shares : Tensor, shape (S, F, T)
        What part of each cell's power each source has, 0 to 1; they add up to 1.
    wanted : int
        How many sources are returned.

    Returns
    -------
    Tensor, shape (wanted, 2, F, T)
        All of them add up to the mix.
    """
    left, right = spectra[0], spectra[1]
    products = torch.stack([_power(left), _power(right)])
    cross = left * right.conj()
    weights = torch.stack([*products, cross.real, cross.imag])
    # Covariances (S, 4, F): left, right, and the real and imaginary part of what they have in common.
    covariances = torch.einsum("sft,kft->skf", shares, weights)
    power = 0.5 * (covariances[:, 0] + covariances[:, 1]) + _TINY
    covariances = covariances / power[:, None]
    covariances[:, :2] += _DIFFUSE
    # Of the mix, cell by cell. The cell's own power stands on both sides of the filter and cancels.
    mixed = torch.einsum("sft,skf->kft", shares, covariances)
    common = torch.complex(mixed[2], mixed[3])
    determinant = mixed[0] * mixed[1] - _power(common)
    whitened_left = (mixed[1] * left - common * right) / determinant
    whitened_right = (mixed[0] * right - common.conj() * left) / determinant
    found = torch.empty((wanted, *spectra.shape), dtype=spectra.dtype)
    for source in range(wanted):
        at_left, at_right, real, imaginary = (row[:, None] for row in covariances[source])
        between = torch.complex(real, imaginary)
        found[source, 0] = shares[source] * (at_left * whitened_left + between * whitened_right)
        found[source, 1] = shares[source] * (between.conj() * whitened_left + at_right * whitened_right)
    return found


def _power(values: Any) -> Any:
    return values.real.square() + values.imag.square()
