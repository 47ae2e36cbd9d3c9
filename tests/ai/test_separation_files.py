"""Files of separation models: what is missing, damaged or foreign is refused in one clear sentence."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import tiny_models
import torch
import yaml
from demucs.pretrained import REMOTE_ROOT, ROOT_URL, _parse_remote_files
from safetensors.torch import save_file

from nodegraph import Audio, AudioError, ParameterError, WeightsError
from nodes.catalogue import WEIGHTS
from nodes.separate.demucs import demucs
from nodes.separate.open_unmix import open_unmix

SIGNATURE = "955717e8"
SOUND = Audio.from_array(0.1 * np.random.default_rng(1).standard_normal((2, 30000)), 44100)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGROOVE_MODELS", str(tmp_path))
    return tmp_path / "htdemucs"


@pytest.fixture
def model(folder: Path) -> Path:
    return tiny_models.write_demucs(folder, SIGNATURE, tiny_models.ht_demucs())


@pytest.fixture
def umx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGROOVE_MODELS", str(tmp_path))
    tiny_models.write_open_unmix(tmp_path / "umxhq", ["vocals", "drums", "bass", "other"])
    return tmp_path / "umxhq"


def rewrite(path: Path, content: bytes) -> None:
    """Give a file another content, and the name that fits it."""
    path.unlink()
    stem, mark, _ = re.split("([-_])", path.stem)
    digest = hashlib.sha256(content).hexdigest()[:8]
    path.with_name(f"{stem}{mark}{digest}{path.suffix}").write_bytes(content)


def saved(content: object, folder: Path) -> bytes:
    torch.save(content, folder / "draft")
    content_bytes = (folder / "draft").read_bytes()
    (folder / "draft").unlink()
    return content_bytes


def refused(separator, match: str, kind: type[Exception] = WeightsError, **settings) -> None:
    with pytest.raises(kind, match=match) as caught:
        separator(SOUND, **settings)
    text = str(caught.value)
    # One sentence, perhaps with what to do behind it; no traceback and no list of keys.
    assert "\n" not in text
    assert len(text) < 250


# --- missing and damaged ---------------------------------------------------------------------------------


def test_a_model_that_is_not_there_is_named_with_the_command_that_gets_it(folder, umx):
    refused(demucs, r"The weights htdemucs are not here. Run: regroove models fetch htdemucs")
    refused(open_unmix, r"umxl are not here. Run: regroove models fetch umxl", model="umxl")


def test_a_file_that_is_missing_is_named(model, umx):
    model.unlink()
    refused(demucs, rf"htdemucs lack {SIGNATURE}-….th. Run: regroove models fetch htdemucs")
    next(umx.glob("bass-*.pth")).unlink()
    refused(open_unmix, r"umxhq lack bass-….pth. Run: regroove models fetch umxhq")


def test_a_file_that_is_not_what_its_name_says_is_damaged(model, umx):
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    refused(demucs, r"955717e8-\w{8}.th are damaged: their SHA-256 begins with \w{8}, not \w{8}. Run:")
    path = next(umx.glob("vocals-*.pth"))
    path.write_bytes(path.read_bytes()[:-1])
    refused(open_unmix, r"vocals-\w{8}.pth are damaged: their SHA-256 begins with")


def test_two_files_for_one_network_are_refused(model, umx):
    (model.parent / f"{SIGNATURE}-00000000.th").write_bytes(b"")
    refused(demucs, r"htdemucs has both 955717e8-.* and 955717e8-.*: remove one of them")
    (umx / "vocals_1.pth").write_bytes(b"")
    refused(open_unmix, r"umxhq has both vocals-.* and vocals_1.pth: remove one of them")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", pickle.dumps({"klass": 1})])
def test_a_file_of_another_kind_is_refused(model, umx, content):
    rewrite(model, content)
    refused(demucs, r"are no file of torch, or are torn|do not fit")
    rewrite(next(umx.glob("drums-*.pth")), content)
    refused(open_unmix, r"are no file of torch, or are torn|do not fit")


# --- foreign ---------------------------------------------------------------------------------------------


class Program:
    """What a file must not be able to run."""

    ran = False

    def __reduce__(self):
        return print_it, ("run",)


def print_it(_: str) -> None:
    Program.ran = True


def test_a_file_with_a_program_in_it_is_not_opened(model, umx):
    package = tiny_models.package_of(tiny_models.ht_demucs())
    rewrite(model, saved({**package, "training_args": Program()}, model.parent))
    refused(demucs, r"hold \S*print_it, which such files do not have: they were not opened")
    path = next(umx.glob("other-*.pth"))
    rewrite(path, saved({"input_mean": Program()}, umx))
    refused(open_unmix, r"hold \S*print_it, which such files do not have")
    assert not Program.ran


def test_a_network_that_is_none_of_demucs_is_refused(model):
    package = tiny_models.package_of(tiny_models.ht_demucs())
    rewrite(model, saved({**package, "klass": dict}, model.parent))
    refused(demucs, r"955717e8-\w{8}.th (are of no network of Demucs|hold dict)")


def test_weights_that_do_not_fit_their_network_are_refused(model, umx):
    package = tiny_models.package_of(tiny_models.ht_demucs())
    state = dict(package["state"])
    state.pop(next(iter(state)))
    rewrite(model, saved({**package, "state": state}, model.parent))
    refused(demucs, r"do not fit their network: Missing key")


@pytest.mark.parametrize("key", ["fc2.weight", "lstm.weight_hh_l1", "bn3.running_var", "input_scale"])
def test_a_key_that_open_unmix_would_leave_random_is_missed(umx, key):
    """The package loads with `strict=False`: the network would run with random numbers there."""
    path = next(umx.glob("bass-*.pth"))
    state = torch.load(path, weights_only=True)
    state.pop(key)
    rewrite(path, saved(state, umx))
    refused(open_unmix, rf"bass-\w{{8}}.pth do not fit their network: Missing key.*{key}")


def test_a_layer_too_many_is_refused_as_well(umx):
    path = next(umx.glob("bass-*.pth"))
    state = torch.load(path, weights_only=True)
    state["lstm.weight_ih_l3"] = state["lstm.weight_ih_l2"]
    rewrite(path, saved(state, umx))
    refused(open_unmix, r"do not fit their network: Unexpected key")


def test_networks_of_several_models_are_refused(umx):
    for path in umx.glob("bass-*"):
        path.unlink()
    tiny_models.write_open_unmix(umx, ["bass"], n_fft=1024)
    refused(open_unmix, r"umxhq do not fit together")


# --- settings --------------------------------------------------------------------------------------------


def test_a_segment_that_is_too_long_is_refused(model):
    refused(demucs, r"segment_s is 2 s, but htdemucs takes 0.55 s at most", ParameterError, segment_s=2.0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this computer has the device")
def test_a_device_that_is_not_there_is_refused(model, umx):
    refused(demucs, r"device is cuda, which this computer does not have", ParameterError, device="cuda")
    refused(open_unmix, r"device is cuda, which this computer does not have", ParameterError, device="cuda")


def test_double_precision_is_refused_where_sound_comes_in():
    with pytest.raises(AudioError, match=r"Samples must be float32 .*, not float64"):
        Audio(np.zeros((2, 100)), 44100)


# --- the other format ------------------------------------------------------------------------------------


def write_safetensors(folder: Path, network, **facts: str) -> None:
    args, kwargs = network._init_args_kwargs
    packed = {key: value for key, value in kwargs.items() if key != "segment"}
    segment = kwargs["segment"]
    packed["segment"] = {
        "_type": "fraction",
        "numerator": segment.numerator,
        "denominator": segment.denominator,
    }
    metadata = {
        "klass": "demucs.htdemucs.HTDemucs",
        "args": json.dumps(list(args)),
        "kwargs": json.dumps(packed),
        **facts,
    }
    state = {key: value.contiguous() for key, value in network.state_dict().items()}
    save_file(state, str(folder / f"{SIGNATURE}.safetensors"), metadata=metadata)


def test_safetensors_give_the_same_network_as_the_other_format(model):
    network = tiny_models.ht_demucs()
    # The other format is in half precision.
    network.load_state_dict({key: value.half() for key, value in network.state_dict().items()})
    model.unlink()
    path = tiny_models.write_demucs(model.parent, SIGNATURE, network)
    first = demucs(SOUND)
    path.unlink()
    write_safetensors(model.parent, network)
    second = demucs(SOUND)
    np.testing.assert_array_equal(first.vocals.samples, second.vocals.samples)


@pytest.mark.parametrize(
    ("facts", "match"),
    [({"klass": "os.system"}, "are of no network of Demucs"), ({"structure": "{}"}, "are quantised")],
)
def test_safetensors_of_something_else_are_refused(model, facts, match):
    model.unlink()
    write_safetensors(model.parent, tiny_models.ht_demucs(), **facts)
    refused(demucs, match)


def test_torn_safetensors_are_refused(model):
    model.unlink()
    (model.parent / f"{SIGNATURE}.safetensors").write_bytes(b"torn")
    refused(demucs, "are no safetensors file, or are torn")


# --- the catalogue ---------------------------------------------------------------------------------------

CATALOGUE = {weights.name: weights for weights in WEIGHTS}
DEMUCS = ("htdemucs", "htdemucs_ft", "htdemucs_6s", "hdemucs_mmi", "mdx", "mdx_extra")
UMX = ("umxhq", "umx", "umxl", "umxse")


@pytest.mark.parametrize("name", DEMUCS)
def test_the_catalogue_lists_the_files_that_the_package_loads(name):
    addresses = _parse_remote_files(Path(REMOTE_ROOT) / "files.txt")
    wanted = yaml.safe_load((Path(REMOTE_ROOT) / f"{name}.yaml").read_text())["models"]
    assert [file.url for file in CATALOGUE[name].files] == [addresses[each] for each in wanted]
    assert all(file.url.startswith(ROOT_URL) for file in CATALOGUE[name].files)


@pytest.mark.parametrize("name", UMX)
def test_the_catalogue_lists_the_addresses_that_open_unmix_has(name):
    source = (Path(open_unmix_folder()) / "__init__.py").read_text()
    body = source[source.index(f"def {name}_spec") :].split("\n\n\n")[0]
    assert sorted(file.url for file in CATALOGUE[name].files) == sorted(
        re.findall(r'"(https://[^"]+)"', body)
    )


def open_unmix_folder() -> str:
    import importlib.util

    spec = importlib.util.find_spec("openunmix")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return next(iter(spec.submodule_search_locations))


@pytest.mark.parametrize("name", [*DEMUCS, *UMX])
def test_a_digest_begins_as_the_name_of_its_file_ends(name):
    for file in CATALOGUE[name].files:
        assert file.url.endswith(f"/{file.name}")
        ending = re.split("[-_.]", file.name)[-2]
        assert file.sha256.startswith(ending)
        assert len(file.sha256) in (8, 64)
