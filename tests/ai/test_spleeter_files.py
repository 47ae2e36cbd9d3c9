"""Official files of Spleeter: read as TensorFlow reads them, refused in one sentence if they are not whole.

The archives beside this file were written by TensorFlow for networks of Spleeter 2.4.2 with 2 or 3 channels
a layer and random weights; `shares.npz` holds what these networks said, in every fifth frame from the
fourth on and every fifth bin from the third on.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from nodegraph import Audio, WeightsError
from nodes.catalogue import WEIGHTS
from nodes.separate._spleeter import SpleeterModel, load_archive, load_packaged
from nodes.separate._spleeter_unet import UNet
from nodes.separate.spleeter import spleeter

FILES = Path(__file__).parent / "spleeter_files"
MODELS = {
    "4stems": SpleeterModel("4stems", ("vocals", "drums", "bass", "other"), "elu", together=False),
    "5stems": SpleeterModel("5stems", ("vocals", "piano", "drums", "bass", "other"), "elu", together=True),
}
CPU = torch.device("cpu")


def sound(frames: int = 60000, sample_rate: int = 48000) -> Audio:
    samples = 0.1 * np.random.default_rng(1).standard_normal((2, frames))
    return Audio.from_array(samples, sample_rate)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of weights with the small archives in it."""
    monkeypatch.setenv("REGROOVE_MODELS", str(tmp_path))
    for name in MODELS:
        (tmp_path / f"spleeter_{name}").mkdir()
        shutil.copy(FILES / f"{name}.tar.gz", tmp_path / f"spleeter_{name}")
    return tmp_path


def change(models: Path, edit: Callable[[dict[str, bytes]], object]) -> None:
    """Write the archive of four stems anew with other contents."""
    path = models / "spleeter_4stems" / "4stems.tar.gz"
    with tarfile.open(path) as archive:
        contents = {each.name: archive.extractfile(each).read() for each in archive if each.isfile()}
    edit(contents)
    with tarfile.open(path, "w:gz") as archive:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize("name", MODELS)
def test_networks_say_what_they_say_in_tensorflow(name):
    model = MODELS[name]
    number = np.arange(64 * 64 * 2).reshape(64, 64, 2)
    heard = (np.abs(np.sin(0.37 * number)) * (1 + number % 7)).astype(np.float32).transpose(2, 0, 1)
    nets = [UNet(network, activation="elu", device=CPU, name=name) for network in load_archive(model, FILES)]
    logits = torch.cat([net.logits(torch.from_numpy(heard)[None], lambda: None) for net in nets])
    shares = torch.softmax(logits, dim=0) if model.together else torch.sigmoid(logits)
    wanted = np.load(FILES / "shares.npz")[name]
    np.testing.assert_allclose(shares.numpy()[:, :, 3::5, 2::5], wanted, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_the_stems_of_a_model_and_the_residual_add_up(models, name):
    parts = spleeter(sound(), model=name)._asdict()
    assert {stem.samples.shape for stem in parts.values()} == {(2, 60000)}
    stems = [parts[source].samples.astype(np.float64) for source in MODELS[name].sources]
    assert all(stem.any() for stem in stems)
    assert np.abs(sum(stems) + parts["residual"].samples - sound().samples).max() <= 1e-6
    accompanied = parts["vocals"].samples.astype(np.float64) + parts["accompaniment"].samples
    assert np.abs(accompanied - sound().samples).max() <= 1e-6
    # The filter shares everything out: what is left over are the resamplers' ends and top.
    assert np.square(parts["residual"].samples).mean() < 0.15 * np.square(sound().samples).mean()
    assert parts["piano"].samples.any() == (name == "5stems")


def test_the_catalogue_lists_the_official_archives():
    known = {each.name: each for each in WEIGHTS}
    for name in MODELS:
        (file,) = known[f"spleeter_{name}"].files
        assert file.name == f"{name}.tar.gz"
        assert file.url == f"https://github.com/deezer/spleeter/releases/download/v1.4.0/{name}.tar.gz"
        assert len(file.sha256) == 64


def test_the_package_holds_two_whole_networks():
    vocals, accompaniment = load_packaged(
        SpleeterModel("2stems", ("vocals", "accompaniment"), "leaky", False)
    )
    assert [layer.bias.size for layer in vocals.down] == [16, 32, 64, 128, 256, 512]
    assert not np.array_equal(vocals.last.kernel, accompaniment.last.kernel)


def test_missing_weights_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("REGROOVE_MODELS", str(tmp_path))
    with pytest.raises(WeightsError, match="regroove models fetch spleeter_4stems"):
        spleeter(sound(), model="4stems")


@pytest.mark.parametrize("kept", [0, 100, 20000])
def test_a_torn_archive_is_refused(models, kept):
    path = models / "spleeter_4stems" / "4stems.tar.gz"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"4stems.tar.gz"):
        spleeter(sound(), model="4stems")


def without_data(contents: dict[str, bytes]) -> None:
    del contents["./model.data-00000-of-00001"]


def short_data(contents: dict[str, bytes]) -> None:
    contents["./model.data-00000-of-00001"] = contents["./model.data-00000-of-00001"][:-400]


def short_index(contents: dict[str, bytes]) -> None:
    contents["./model.index"] = contents["./model.index"][:-1]


def flipped_index(contents: dict[str, bytes]) -> None:
    index = bytearray(contents["./model.index"])
    index[1000] ^= 4
    contents["./model.index"] = bytes(index)


def empty_index(contents: dict[str, bytes]) -> None:
    contents["./model.index"] = b""


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (without_data, "lack model.index or model.data"),
        (short_data, "are torn at"),
        (short_index, "no checkpoint of TensorFlow, or are torn"),
        (flipped_index, "no checkpoint of TensorFlow, or are torn"),
        (empty_index, "no checkpoint of TensorFlow, or are torn"),
    ],
)
def test_a_damaged_checkpoint_is_refused(models, edit, said):
    change(models, edit)
    with pytest.raises(WeightsError, match=said):
        spleeter(sound(), model="4stems")


def test_a_checkpoint_of_fewer_networks_is_refused(models):
    """Under five stems' name, four stems' file: the networks of the fifth are not in it."""
    folder = models / "spleeter_5stems"
    shutil.copy(FILES / "4stems.tar.gz", folder / "5stems.tar.gz")
    with pytest.raises(WeightsError, match="do not fit their network: they lack conv2d_28/kernel"):
        spleeter(sound(), model="5stems")
