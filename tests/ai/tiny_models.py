"""Small networks of the packages' own classes, random, in the packages' own files.

The folder is laid out as the official one: `htdemucs/955717e8-DIGEST.th`, `umxhq/vocals-DIGEST.pth`. What
comes out of them is no separation, but it is decided by every sample that goes in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
import yaml
from demucs import states
from demucs.demucs import Demucs
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs
from demucs.pretrained import REMOTE_ROOT

from nodes._torchaudio import ensure_torchaudio

FOUR = ["drums", "bass", "other", "vocals"]
SEGMENT = Fraction(11, 20)
# Long enough for several segments of every network.
SECONDS = 1.3


def ht_demucs(sources: Sequence[str] = tuple(FOUR), segment: Fraction = SEGMENT) -> HTDemucs:
    return HTDemucs(
        list(sources),
        channels=8,
        growth=2,
        depth=3,
        nfft=512,
        t_layers=1,
        t_heads=2,
        bottom_channels=0,
        segment=segment,
        dconv_mode=3,
    )


def h_demucs() -> HDemucs:
    return HDemucs(FOUR, channels=8, depth=4, nfft=256, segment=1)


def time_demucs() -> Demucs:
    return Demucs(FOUR, channels=8, depth=3, lstm_layers=0, segment=1)


def bag_of(name: str) -> dict[str, Any]:
    return yaml.safe_load((Path(REMOTE_ROOT) / f"{name}.yaml").read_text())


def package_of(network: Any) -> dict[str, Any]:
    """Return what Demucs' own files hold (`states.serialize_model` needs packages of the training)."""
    args, kwargs = network._init_args_kwargs
    state = states.get_state(network, None, half=True)
    # The official ones also hold the training's settings and scores.
    training = {"epochs": 360, "dset": {"samplerate": 44100, "names": ["a", "b"]}}
    return {
        "klass": type(network),
        "args": args,
        "kwargs": kwargs,
        "state": state,
        "training_args": training,
        "metrics": [{"valid": {"nsdr": 6.5, "best": torch.tensor(0.25)}}],
    }


def write_demucs(folder: Path, signature: str, network: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    states.save_with_checksum(package_of(network), folder / f"{signature}.th")
    (path,) = folder.glob(f"{signature}-*.th")
    return path


def write_open_unmix(
    folder: Path, targets: Sequence[str], *, channels: int = 2, mark: str = "-", n_fft: int = 256
) -> None:
    ensure_torchaudio()
    from openunmix.model import OpenUnmix

    folder.mkdir(parents=True, exist_ok=True)
    bins = n_fft // 2 + 1
    for target in targets:
        network = OpenUnmix(nb_bins=bins, nb_channels=channels, hidden_size=16, max_bin=bins * 3 // 4)
        state = dict(network.state_dict())
        # As in the files of the package's first version.
        state["stft.window"] = torch.hann_window(n_fft)
        state["sample_rate"] = torch.tensor(44100.0)
        draft = folder / f"{target}.draft"
        torch.save(state, draft)
        digest = hashlib.sha256(draft.read_bytes()).hexdigest()[:8]
        draft.rename(folder / f"{target}{mark}{digest}.pth")


def write_all(root: Path) -> None:
    """Write a model under each official name that the tests use."""
    torch.manual_seed(7)
    write_demucs(root / "htdemucs", *bag_of("htdemucs")["models"], ht_demucs())
    for signature in bag_of("htdemucs_ft")["models"]:
        write_demucs(root / "htdemucs_ft", signature, ht_demucs())
    six = ["drums", "bass", "other", "vocals", "guitar", "piano"]
    write_demucs(root / "htdemucs_6s", *bag_of("htdemucs_6s")["models"], ht_demucs(six))
    write_demucs(root / "hdemucs_mmi", *bag_of("hdemucs_mmi")["models"], h_demucs())
    for number, signature in enumerate(bag_of("mdx")["models"]):
        write_demucs(root / "mdx", signature, time_demucs() if number < 2 else h_demucs())
    for name in ("umxhq", "umxl"):
        write_open_unmix(root / name, ["vocals", "drums", "bass", "other"])
    write_open_unmix(root / "umxse", ["speech", "noise"], channels=1, mark="_", n_fft=128)
