"""The U-Net of Spleeter: what share of each cell of a spectrogram is one instrument's.

Six halvings of time and frequency, each a convolution, and six doublings back, each of which also sees
what the halving of its size had seen; the last one is followed by a dilated convolution. All parts are
convolutions: any number of frames and bins will do that is a multiple of 64.

Axis letters: I inputs, O outputs of a layer; C channels, T STFT frames, F bins.

References
----------
A. Jansson et al., "Singing voice separation with deep U-Net convolutional networks", ISMIR 2017.
R. Hennequin, A. Khlif, F. Voituret, M. Moussallam, "Spleeter: a fast and efficient music source separation
tool with pre-trained models", Journal of Open Source Software 5 (50), 2154 (2020).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from nodegraph import WeightsError

__all__ = ["GRAIN", "LEVELS", "Layer", "Network", "UNet"]

LEVELS = 6
GRAIN = 2**LEVELS
"""Frames and bins are multiples of this."""

# Kernel of a halving and of a doubling, and of the last convolution with its dilation.
_KERNEL, _LAST_KERNEL, _LAST_DILATION = 5, 4, 2
# "same" of TensorFlow for a halving: one before, two after.
_BEFORE, _AFTER = 1, 2
# Keras' default; the published weights are trained with it.
_NORM_EPSILON = 1e-3
# Slope of the leaky activation below zero.
_LEAK = 0.2

_Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution with its normalisation, as numbers.

    Parameters
    ----------
    kernel : ndarray, shape (O, I, 5, 5), or (I, O, 5, 5) of a doubling
        Over time and frequency.
    bias : ndarray, shape (O,)
        Added after it.
    norm : mapping of str to ndarray, shape (O,)
        "gamma", "beta", "mean", "variance" of the batch normalisation; empty where there is none.
    """

    kernel: _Array
    bias: _Array
    norm: Mapping[str, _Array]


@dataclass(frozen=True, eq=False)
class Network:
    """The layers of one instrument's network: 6 halvings, 6 doublings, the last convolution."""

    down: Sequence[Layer]
    up: Sequence[Layer]
    last: Layer


class UNet:
    """One instrument's network, ready to be asked.

    Parameters
    ----------
    network : Network
        Its layers.
    activation : {"leaky", "elu"}
        "leaky" of the model with 2 stems (leaky on the way down, rectifying on the way up), "elu" of the
        others, on both ways.
    device : torch.device
        Where it computes.
    name : str
        Of the weights, for messages.

    Raises
    ------
    WeightsError
        If the layers do not fit each other.
    """

    def __init__(
        self, network: Network, *, activation: Literal["leaky", "elu"], device: torch.device, name: str
    ) -> None:
        _check(network, name)

        def put(values: _Array) -> Any:
            tensor = torch.from_numpy(np.array(values, np.float32)).to(device)
            # Convolutions run a fifth faster on this layout (measured).
            return tensor.to(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor

        self._down = [(put(layer.kernel), put(layer.bias)) for layer in network.down]
        self._up = [(put(_phases(layer.kernel)), put(np.repeat(layer.bias, 4))) for layer in network.up]
        self._last = put(network.last.kernel), put(network.last.bias)
        # The innermost halving is normalised by nobody: what it finds goes straight to the doublings.
        self._down_norms = [_affine(layer.norm, put) for layer in network.down[:-1]]
        self._up_norms = [_affine(layer.norm, put) for layer in network.up]
        self._down_active: Callable[[Any], Any]
        self._up_active: Callable[[Any], Any]
        if activation == "elu":
            self._down_active = self._up_active = functional.elu_
        else:
            self._down_active = lambda x: functional.leaky_relu_(x, _LEAK)
            self._up_active = functional.relu_

    def logits(self, magnitudes: Any, check: Callable[[], None]) -> Any:
        """Return how strongly each cell belongs to the instrument, before the sigmoid or softmax.

        Parameters
        ----------
        magnitudes : Tensor, shape (1, 2, T, F)
            Of the mix. T and F are multiples of `GRAIN`.
        check : callable
            Called before every layer; may raise.
        """
        seen: list[Any] = []
        inner = magnitudes.contiguous(memory_format=torch.channels_last)
        for level, (kernel, bias) in enumerate(self._down):
            check()
            padded = functional.pad(inner, (_BEFORE, _AFTER, _BEFORE, _AFTER))
            inner = functional.conv2d(padded, kernel, bias, stride=2)
            seen.append(inner)
            if level < LEVELS - 1:
                gain, offset = self._down_norms[level]
                inner = self._down_active(torch.addcmul(offset, inner, gain))
        for level, (kernel, bias) in enumerate(self._up):
            check()
            if level:
                inner = torch.cat([seen[LEVELS - 1 - level], inner], dim=1)
            inner = functional.pixel_shuffle(functional.conv2d(inner, kernel, bias, padding=1), 2)
            inner = self._up_active(inner)
            gain, offset = self._up_norms[level]
            inner = torch.addcmul(offset, inner, gain)
        check()
        reach = _LAST_DILATION * (_LAST_KERNEL - 1) // 2
        padded = functional.pad(inner, (reach, reach, reach, reach))
        return functional.conv2d(padded, *self._last, dilation=_LAST_DILATION)


def _phases(kernel: _Array) -> _Array:
    """Return the kernel of a doubling as one of four convolutions, shape (4 O, I, 3, 3).

    Of every two outputs in a row one meets the taps 3 and 1 of the kernel, the other 4, 2 and 0: the same
    sums as a transposed convolution, cut as TensorFlow cuts it, in three quarters of its time (measured).
    """
    # Two phases of three taps each, along both axes; the sixth tap is none.
    taps = ((3, 1, 5), (4, 2, 0))
    padded = np.pad(kernel, ((0, 0), (0, 0), (0, 1), (0, 1)))
    phases = padded[:, :, taps][:, :, :, :, taps]
    inputs, outputs = kernel.shape[:2]
    return phases.transpose(1, 2, 4, 0, 3, 5).reshape(4 * outputs, inputs, 3, 3)


def _affine(norm: Mapping[str, _Array], put: Callable[[_Array], Any]) -> tuple[Any, Any]:
    """Return a batch normalisation as a gain and an offset for each output."""
    gain = norm["gamma"] / np.sqrt(norm["variance"] + np.float32(_NORM_EPSILON))
    offset = norm["beta"] - norm["mean"] * gain
    return put(gain.reshape(1, -1, 1, 1)), put(offset.reshape(1, -1, 1, 1))


def _check(network: Network, name: str) -> None:
    """Raise a WeightsError unless every layer's output is what the next one takes."""
    down = [layer.bias.size for layer in network.down]
    # Two channels go in; each doubling but the first also sees the halving of its own size.
    inputs = [2, *down[:-1]]
    up = [*down[-2::-1], 1]
    taken = [down[-1], *(2 * size for size in down[-2::-1])]
    shapes = [(size, seen, _KERNEL, _KERNEL) for size, seen in zip(down, inputs, strict=True)]
    shapes += [(seen, size, _KERNEL, _KERNEL) for size, seen in zip(up, taken, strict=True)]
    shapes.append((2, 1, _LAST_KERNEL, _LAST_KERNEL))
    layers = [*network.down, *network.up, network.last]
    sizes = [*down, *up, 2]
    for layer, shape, size in zip(layers, shapes, sizes, strict=True):
        wrong = {layer.bias.shape, *(values.shape for values in layer.norm.values())} - {(size,)}
        if layer.kernel.shape != shape or wrong:
            reason = f"{layer.kernel.shape} ≠ {shape}"
            raise WeightsError(f"The weights {name} do not fit their network: {reason}")
