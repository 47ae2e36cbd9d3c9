"""Open-Unmix as a backend: a network for each source, and a Wiener filter over all of them.

The package hears a whole recording at once, which takes 25 MB for every second. Here it hears blocks
whose borders lie on those of its Wiener filter's own windows, with one such window of context: the filter
then works on exactly the same spectra, and what the networks' memory hears differs by less than −60 dB.

References
----------
F.-R. Stöter, S. Uhlich, A. Liutkus, Y. Mitsufuji, "Open-Unmix: a reference implementation for music source
separation", Journal of Open Source Software 4(41), 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nodegraph import ParameterError, Samples, WeightsError
from nodes._torch import check_name, construction, device_of, read_checkpoint
from nodes._torchaudio import ensure_torchaudio
from nodes.dsp.separation.backend import Segment, blocks

__all__ = ["OpenUnmixBackend", "Spectrograms", "load_spectrograms"]

# STFT frames that the Wiener filter sees at a time (openunmix.model.Separator's default).
_WIENER_FRAMES = 300
# Of these windows: a block, and its context on either side (28 s and 7 s at 44.1 kHz).
_BLOCK_WINDOWS, _CONTEXT_WINDOWS = 4, 1


@dataclass(frozen=True)
class _Family:
    """What the files of a model do not tell (openunmix/__init__.py)."""

    sample_rate: int
    hops_per_window: int
    targets: Mapping[str, str]


_MUSIC = {name: name for name in ("vocals", "drums", "bass", "other")}
_FAMILIES = {
    "umxhq": _Family(44100, 4, _MUSIC),
    "umx": _Family(44100, 4, _MUSIC),
    "umxl": _Family(44100, 4, _MUSIC),
    "umxse": _Family(16000, 2, {"speech": "vocals", "noise": "other"}),
}


@dataclass(frozen=True)
class Spectrograms:
    """The networks of one model, each for the spectrogram of one source.

    Parameters
    ----------
    networks : mapping of str to Module
        By the name of the source.
    sources : tuple of str
        What the outputs are called, in the networks' order.
    sample_rate, channels, n_fft, hop_length : int
        What they hear.
    """

    networks: Mapping[str, Any]
    sources: tuple[str, ...]
    sample_rate: int
    channels: int
    n_fft: int
    hop_length: int


class OpenUnmixBackend:
    """See `nodes.dsp.separation.backend.Backend`.

    Parameters
    ----------
    model : Spectrograms
        The networks.
    niter : int
        Rounds of expectation and maximisation of the Wiener filter.
    device : str
        See `device_of`.
    check : callable
        Called before each network of each block, which takes seconds; may raise to cancel.

    Raises
    ------
    ParameterError
        If the device is not there.
    """

    standardised = False

    def __init__(
        self, model: Spectrograms, *, niter: int, device: str, check: Callable[[], None] = lambda: None
    ) -> None:
        ensure_torchaudio()
        from openunmix.model import Separator

        self.sample_rate, self.channels = model.sample_rate, model.channels
        self.sources = model.sources
        self._n_fft = model.n_fft
        self._window = _WIENER_FRAMES * model.hop_length
        # The last block may be half as long again.
        self.window_frames = (3 * _BLOCK_WINDOWS // 2 + 2 * _CONTEXT_WINDOWS) * self._window
        self._device = device_of(device)
        separator = Separator(
            target_models={name: _Checked(network, check) for name, network in model.networks.items()},
            niter=niter,
            sample_rate=float(model.sample_rate),
            n_fft=model.n_fft,
            n_hop=model.hop_length,
            nb_channels=model.channels,
            wiener_win_len=_WIENER_FRAMES,
        )
        separator.freeze()
        self._separator = separator.to(self._device)

    def segments(self, frames: int) -> Iterator[Segment]:
        """Yield blocks on the grid of the Wiener filter's windows."""
        length, context = _BLOCK_WINDOWS * self._window, _CONTEXT_WINDOWS * self._window
        return blocks(frames, length=length, context=context, fade=2 * self._n_fft)

    def separate(self, shown: Samples, model: int) -> npt.NDArray[np.float32]:
        """Ask all networks and filter."""
        frames = shown.shape[1]
        # The package mirrors half a window at the ends, which must be there.
        padded = np.pad(shown, ((0, 0), (0, max(0, self._n_fft - frames))))
        try:
            with torch.inference_mode():
                answer = self._separator(torch.from_numpy(padded)[None].to(self._device))
                return np.asarray(answer[0, :, :, :frames].cpu().numpy(), np.float32)
        except torch.OutOfMemoryError as error:
            raise ParameterError(
                f"The device has too little memory for {frames / self.sample_rate:.0f} s of sound: "
                "choose the device cpu."
            ) from error


class _Checked(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A network that asks first whether it is still wanted."""

    def __init__(self, network: torch.nn.Module, check: Callable[[], None]) -> None:
        super().__init__()
        self._network, self._check = network, check

    def forward(self, heard: Any) -> Any:
        self._check()
        return self._network(heard)


def load_spectrograms(name: str, folder: Path) -> Spectrograms:
    """Load a model's networks.

    Parameters
    ----------
    name : str
        "umxhq", "umx", "umxl" or "umxse".
    folder : Path
        With the official files, `TARGET-DIGEST.pth`.

    Raises
    ------
    WeightsError
        If a file is missing, damaged, or not what it should be.
    """
    family = _FAMILIES[name]
    networks = {target: _load_network(_file_of(target, folder, name), name) for target in family.targets}
    shapes = {(net.nb_output_bins, net.fc3.out_features // net.nb_output_bins) for net in networks.values()}
    if len(shapes) != 1:
        raise WeightsError(f"The weights {name} do not fit together: they are of several models.")
    ((bins, channels),) = shapes
    n_fft = 2 * (bins - 1)
    return Spectrograms(
        networks=networks,
        sources=tuple(family.targets.values()),
        sample_rate=family.sample_rate,
        channels=channels,
        n_fft=n_fft,
        hop_length=n_fft // family.hops_per_window,
    )


def _file_of(target: str, folder: Path, name: str) -> Path:
    found = sorted([*folder.glob(f"{target}-*.pth"), *folder.glob(f"{target}_*.pth")])
    if len(found) == 1:
        return found[0]
    if found:
        raise WeightsError(f"{name} has both {found[0].name} and {found[1].name}: remove one of them.")
    raise WeightsError(f"The weights {name} lack {target}-….pth. Run: regroove models fetch {name}")


def _load_network(path: Path, name: str) -> Any:
    ensure_torchaudio()
    from openunmix.model import OpenUnmix

    check_name(path, path.stem, name)
    state = read_checkpoint(path)
    try:
        hidden, inputs = state["fc1.weight"].shape
        bins, kept = len(state["output_mean"]), len(state["input_mean"])
        with construction():
            network = OpenUnmix(nb_bins=bins, nb_channels=inputs // kept, hidden_size=hidden, max_bin=kept)
        # Files of older versions also hold their window and sample rate. The package takes any state, and
        # would leave a network random that is not in the file.
        layers = {key.split(".")[0] for key in network.state_dict()}
        network.load_state_dict({key: value for key, value in state.items() if key.split(".")[0] in layers})
    except (KeyError, TypeError, RuntimeError, ValueError, AttributeError) as error:
        reason = str(error).strip().splitlines()[-1].strip() if str(error).strip() else type(error).__name__
        raise WeightsError(f"The weights {path.name} do not fit their network: {reason}") from error
    return network.eval()
