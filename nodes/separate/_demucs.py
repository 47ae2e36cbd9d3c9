"""Demucs as a backend: its networks, its files, and the segments of `demucs.apply.apply_model`.

Nothing here asks the network: networks come from a folder with the official files,
`SIGNATURE-DIGEST.th` or `SIGNATURE.safetensors`, and bags of them are defined by the package's own lists.

References
----------
S. Rouard, F. Massa, A. Défossez, "Hybrid transformers for music source separation", ICASSP 2023.
A. Défossez, "Hybrid spectrogram and waveform source separation", ISMIR 2021 workshop on MDX.
"""

from __future__ import annotations

import inspect
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from demucs.demucs import Demucs
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs
from demucs.pretrained import REMOTE_ROOT

from nodegraph import ParameterError, Samples, WeightsError
from nodes._torch import check_name, construction, device_of, read_checkpoint, unseen_random
from nodes.dsp.separation.backend import Segment, merged, triangles

__all__ = ["Bag", "DemucsBackend", "DemucsSettings", "load_bag"]

_CLASSES = {f"{each.__module__}.{each.__name__}": each for each in (Demucs, HDemucs, HTDemucs)}
# What official files hold besides tensors and plain values: the class, HTDemucs' segment, and scores of
# the training as numbers of numpy.
_ALLOWED: tuple[Any, ...] = (
    *_CLASSES.values(),
    Fraction,
    np.dtype,
    np.dtypes.Float32DType,
    np.dtypes.Float64DType,
    (np.float64(0).__reduce__()[0], "numpy.core.multiarray.scalar"),
    (np.float64(0).__reduce__()[0], "numpy._core.multiarray.scalar"),
)
# Shifts are up to this long (demucs.apply.apply_model).
_SHIFT_S = 0.5


@dataclass(frozen=True)
class DemucsSettings:
    """The node's parameters of the same names."""

    shifts: int
    seed: int
    overlap: float
    segment_s: float | None
    device: str
    precision: str


@dataclass(frozen=True)
class Bag:
    """Networks whose answers are averaged.

    Parameters
    ----------
    name : str
        For messages.
    networks : sequence of Module
        They have the same sources, rate and channels.
    weights : sequence of sequence of float
        How much each network counts for each source.
    segment_s : float, optional
        What the bag's definition asks for instead of the networks' own segments.
    """

    name: str
    networks: Sequence[Any]
    weights: Sequence[Sequence[float]]
    segment_s: float | None = None


class DemucsBackend:
    """See `nodes.dsp.separation.backend.Backend`.

    Parameters
    ----------
    bag : Bag
        The networks.
    settings : DemucsSettings
        How they are asked.

    Raises
    ------
    ParameterError
        If the segment is longer than a network takes, or the device is not there.
    """

    standardised = True

    def __init__(self, bag: Bag, settings: DemucsSettings) -> None:
        first = bag.networks[0]
        self.sample_rate = int(first.samplerate)
        self.channels = int(first.audio_channels)
        self.sources = tuple(first.sources)
        self._bag, self._settings = bag, settings
        self._device = device_of(settings.device)
        self._half = settings.precision == "auto" and self._device.type == "cuda"
        self._grids = [self._grid(network) for network in bag.networks]
        self.window_frames = max(window(length) for length, window in self._grids)
        for network in bag.networks:
            network.to(self._device)

    def segments(self, frames: int) -> Iterator[Segment]:
        """Yield the segments of all networks and shifts."""
        settings = self._settings
        generator = random.Random(settings.seed)  # noqa: S311
        longest = int(_SHIFT_S * self.sample_rate)
        totals = [sum(column) for column in zip(*self._bag.weights, strict=True)]
        grids = []
        for model, (length, window) in enumerate(self._grids):
            weights = zip(self._bag.weights[model], totals, strict=True)
            gains = tuple(weight / total / max(1, settings.shifts) for weight, total in weights)
            # As apply_model draws them, network by network.
            begins = [generator.randint(0, longest) - longest for _ in range(settings.shifts)] or [0]
            stride = max(1, int((1 - settings.overlap) * length))
            grids += [
                triangles(
                    frames,
                    length=length,
                    stride=stride,
                    window=window,
                    begin=begin,
                    gains=gains,
                    model=model,
                )
                for begin in begins
            ]
        return merged(*grids)

    def separate(self, shown: Samples, model: int) -> npt.NDArray[np.float32]:
        """Ask one network."""
        half = torch.autocast(self._device.type, torch.float16) if self._half else nullcontext()
        try:
            with torch.inference_mode(), half, unseen_random():
                answer = self._bag.networks[model](torch.from_numpy(shown)[None].to(self._device))
                return np.asarray(answer[0].float().cpu().numpy(), np.float32)
        except torch.OutOfMemoryError as error:
            seconds = shown.shape[1] / self.sample_rate
            raise ParameterError(
                f"The device has too little memory for segments of {seconds:.1f} s: "
                "lower segment_s, or choose the device cpu."
            ) from error

    def _grid(self, network: Any) -> tuple[int, Callable[[int], int]]:
        """Return the length of a network's segments, and how many frames it wants to be shown for some."""
        own_s, wanted_s = float(network.segment), self._settings.segment_s
        transformer = isinstance(network, HTDemucs)
        if wanted_s is not None and transformer and wanted_s > own_s:
            raise ParameterError(
                f"segment_s is {wanted_s:g} s, but {self._bag.name} takes {own_s:g} s at most: lower it."
            )
        segment: Any = network.segment
        if wanted_s is not None:
            segment = wanted_s
        elif self._bag.segment_s is not None and (not transformer or self._bag.segment_s <= own_s):
            segment = self._bag.segment_s
        length = int(self.sample_rate * segment)
        if wanted_s is not None and transformer:
            return length, lambda _: length
        return length, getattr(network, "valid_length", int)


def load_bag(name: str, folder: Path) -> Bag:
    """Load a model, which is one network or several.

    Parameters
    ----------
    name : str
        "htdemucs", or another of the package's.
    folder : Path
        With the official files.

    Raises
    ------
    WeightsError
        If a file is missing, damaged, or not what it should be.
    """
    import yaml

    definition = Path(REMOTE_ROOT) / f"{name}.yaml"
    bag: Mapping[str, Any] = yaml.safe_load(definition.read_text(encoding="utf-8"))
    networks = [_load_network(_file_of(signature, folder, name), name) for signature in bag["models"]]
    even = [[1.0] * len(network.sources) for network in networks]
    return Bag(name, networks, bag.get("weights") or even, bag.get("segment"))


def _file_of(signature: str, folder: Path, name: str) -> Path:
    found = sorted([*folder.glob(f"{signature}-*.th"), *folder.glob(f"{signature}*.safetensors")])
    if len(found) == 1:
        return found[0]
    if found:
        raise WeightsError(f"{name} has both {found[0].name} and {found[1].name}: remove one of them.")
    raise WeightsError(f"The weights {name} lack {signature}-….th. Run: regroove models fetch {name}")


def _load_network(path: Path, name: str) -> Any:
    if path.suffix == ".safetensors":
        package = _read_safetensors(path)
    else:
        check_name(path, path.stem, name)
        package = read_checkpoint(path, _ALLOWED)
    try:
        made, args, kwargs, state = (package[key] for key in ("klass", "args", "kwargs", "state"))
        if made not in _CLASSES.values():
            raise WeightsError(f"The weights {path.name} are of no network of Demucs.")
        # Older files hold settings that the class has lost since; they were of the training.
        known = inspect.signature(made).parameters
        with construction():
            network = made(*args, **{key: value for key, value in kwargs.items() if key in known})
        network.load_state_dict(state)
    except (KeyError, TypeError, RuntimeError, ValueError, AttributeError) as error:
        reason = str(error).strip().splitlines()[-1].strip() if str(error).strip() else type(error).__name__
        raise WeightsError(f"The weights {path.name} do not fit their network: {reason}") from error
    return network.eval()


def _read_safetensors(path: Path) -> Mapping[str, Any]:
    """Return what the package's own files of this format hold (demucs.hf, tools/export_hf.py)."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            facts = file.metadata() or {}
            names = file.keys()
            state = {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"The weights {path.name} are no safetensors file, or are torn.") from error
    if "structure" in facts:
        raise WeightsError(f"The weights {path.name} are quantised, which is not supported.")
    values = {
        key: json.loads(facts[key], object_hook=_fraction) for key in ("args", "kwargs") if key in facts
    }
    return {**values, "klass": _CLASSES.get(facts.get("klass", "")), "state": state}


def _fraction(value: dict[str, Any]) -> Any:
    if value.get("_type") == "fraction":
        return Fraction(value["numerator"], value["denominator"])
    return value
