"""Demucs and Open-Unmix with small random networks in the packages' own files: everything but quality."""

from __future__ import annotations

import random
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import tiny_models
import torch

from nodegraph import Audio, Cancelled, Progress, blocks_of
from nodes._torchaudio import ensure_torchaudio
from nodes.separate.demucs import DemucsStems, demucs
from nodes.separate.open_unmix import open_unmix

RATES = (8000, 22050, 44100, 48000, 96000)
CHANNELS = (1, 2, 6)
MODELS = ("htdemucs", "htdemucs_ft", "htdemucs_6s", "hdemucs_mmi", "mdx")
STEMS = ("vocals", "drums", "bass", "other", "guitar", "piano")


@pytest.fixture(autouse=True)
def _here(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGROOVE_MODELS", str(models))


def music(channels: int = 2, seconds: float = tiny_models.SECONDS, sample_rate: int = 44100) -> Audio:
    rng = np.random.default_rng([channels, int(1000 * seconds)])
    time_s = np.arange(max(1, round(seconds * sample_rate))) / sample_rate
    tones = [np.sin(2 * np.pi * (220.0 + 40.0 * c) * time_s) for c in range(channels)]
    hits = np.exp(-40.0 * (time_s % 0.35)) * rng.standard_normal((channels, time_s.size))
    return Audio.from_array(0.2 * np.array(tones).reshape(channels, -1) + 0.2 * hits, sample_rate)


def sdr_db(found: np.ndarray, wanted: np.ndarray) -> float:
    error = float(np.square(found.astype(np.float64) - wanted).sum())
    return 10 * np.log10(float(np.square(wanted, dtype=np.float64).sum()) / max(error, 1e-30))


def assert_they_add_up(sound: Audio, stems: dict[str, Audio]) -> None:
    for stem in stems.values():
        assert (stem.channels, stem.frames) == (sound.channels, sound.frames)
        assert stem.sample_rate == sound.sample_rate
        assert np.isfinite(stem.samples).all()
    names = [name for name in stems if name in STEMS]
    whole = sum(stems[name].samples.astype(np.float64) for name in (*names, "residual"))
    # −120 dBFS.
    assert np.abs(whole - sound.samples).max() <= 1e-6
    half = stems["vocals"].samples.astype(np.float64) + stems["accompaniment"].samples
    assert np.abs(half - sound.samples).max() <= 1e-6


# --- length, rate, channels ------------------------------------------------------------------------------


def cases() -> list[tuple[int, int, int]]:
    """Return 20 lengths from 1 sample to 40 s, none a multiple of a segment, at all rates and channels."""
    chosen = random.Random(5)
    lengths_s = [0.0, *sorted(10 ** chosen.uniform(-3, 0.7) for _ in range(18)), 40.0]
    found = []
    for number, seconds in enumerate(lengths_s):
        sample_rate = RATES[number % len(RATES)] if seconds < 40 else 8000
        channels = CHANNELS[number % len(CHANNELS)] if seconds < 40 else 1
        found.append((1 + (int(seconds * sample_rate) | 1), sample_rate, channels))
    return [(1, 44100, 2), *found]


@pytest.mark.parametrize(("frames", "sample_rate", "channels"), cases())
def test_demucs_keeps_frames_rate_and_channels_and_its_parts_add_up(frames, sample_rate, channels):
    sound = music(channels, frames / sample_rate, sample_rate)
    assert_they_add_up(sound, demucs(sound)._asdict())


@pytest.mark.parametrize(("frames", "sample_rate", "channels"), cases())
def test_open_unmix_keeps_frames_rate_and_channels_and_its_parts_add_up(frames, sample_rate, channels):
    sound = music(channels, frames / sample_rate, sample_rate)
    # The filter is slow with so small a network, and looks no further than the network does.
    assert_they_add_up(sound, open_unmix(sound, niter=int(sound.seconds < 1))._asdict())


@pytest.mark.parametrize("model", MODELS)
def test_every_demucs_runs_and_says_which_stems_it_lacks(model):
    notes: list[str] = []
    stems = demucs(music(), model=model, progress=Progress(note=notes.append))
    assert_they_add_up(music(), stems._asdict())
    silent = [name for name in STEMS if not getattr(stems, name).samples.any()]
    assert silent == ([] if model == "htdemucs_6s" else ["guitar", "piano"])
    assert notes == (
        [] if not silent else [f"{model} does not tell these apart: guitar, piano. They are silent."]
    )


@pytest.mark.parametrize("model", ["umxl", "umxse"])
def test_every_open_unmix_runs_and_says_what_is_special(model):
    notes: list[str] = []
    stems = open_unmix(music(3, sample_rate=22050), model=model, progress=Progress(note=notes.append))
    assert_they_add_up(music(3, sample_rate=22050), stems._asdict())
    assert stems.vocals.samples.any()
    assert stems.other.samples.any()
    assert stems.drums.samples.any() == (model == "umxl")
    (note,) = notes
    assert "non-commercial" in note or "umxse does not tell these apart: drums, bass." in note


@pytest.mark.parametrize("separator", [demucs, open_unmix])
def test_an_empty_sound_comes_back_empty_without_any_weights(separator, monkeypatch, tmp_path):
    monkeypatch.setenv("REGROOVE_MODELS", str(tmp_path))
    stems = separator(Audio.from_array(np.zeros((2, 0)), 48000))
    assert {stem.samples.shape for stem in stems} == {(2, 0)}


@pytest.mark.parametrize("separator", [demucs, open_unmix])
def test_silence_in_the_middle_and_clipped_sound_are_harmless(separator):
    samples = np.clip(20 * music().samples, -1, 1)
    samples[:, 20000:70000] = 0.0
    sound = Audio.from_array(samples, 44100)
    assert_they_add_up(sound, separator(sound)._asdict())
    assert_they_add_up(silent := Audio.from_array(np.zeros((2, 30000)), 44100), separator(silent)._asdict())


# --- against the packages' own paths, on the whole recording ---------------------------------------------


def upstream_demucs(sound: Audio, name: str, models: Path, folder: Path, **options) -> dict[str, np.ndarray]:
    """Return what `demucs.api.Separator.separate_tensor` does, but for its changing the sample rate."""
    from demucs.apply import apply_model
    from demucs.pretrained import REMOTE_ROOT, get_model

    shutil.copytree(models / name, folder / name)
    shutil.copy(Path(REMOTE_ROOT) / f"{name}.yaml", folder / name)
    bag = get_model(name, repo=folder / name)
    mix = torch.from_numpy(sound.samples.copy())
    middle = mix.mean(0)
    mix = (mix - middle.mean()) / (middle.std() + 1e-8)
    with torch.no_grad():
        stems = apply_model(bag, mix[None], **{"shifts": 0, **options})[0]
    stems = stems * (middle.std() + 1e-8) + middle.mean()
    return dict(zip(bag.sources, stems.numpy(), strict=True))


@pytest.mark.parametrize("seconds", [tiny_models.SECONDS, 0.2])
@pytest.mark.parametrize("model", MODELS)
def test_the_result_is_that_of_apply_model(model, seconds, models, tmp_path):
    sound = music(seconds=seconds)
    wanted = upstream_demucs(sound, model, models, tmp_path)
    stems = demucs(sound, model=model)
    for name, samples in wanted.items():
        assert sdr_db(getattr(stems, name).samples, samples) >= 80, name


@pytest.mark.parametrize(
    ("model", "overlap"), [("hdemucs_mmi", 0.0), ("hdemucs_mmi", 0.1), ("hdemucs_mmi", 0.7), ("mdx", 0.3)]
)
def test_segment_and_overlap_mean_what_they_mean_to_apply_model(model, overlap, models, tmp_path):
    sound = music(seconds=1.9)
    wanted = upstream_demucs(sound, model, models, tmp_path, segment=1.0, overlap=overlap)
    stems = demucs(sound, model=model, segment_s=1.0, overlap=overlap)
    for name, samples in wanted.items():
        assert sdr_db(getattr(stems, name).samples, samples) >= 80, name


@pytest.mark.parametrize("model", ["htdemucs", "mdx"])
def test_shifts_are_those_that_apply_model_draws_with_the_same_seed(model, models, tmp_path, monkeypatch):
    # The package's networks draw from the global generator between its shifts; here only its shifts do.
    monkeypatch.setattr("demucs.apply.random", random.Random(11))
    sound = music()
    wanted = upstream_demucs(sound, model, models, tmp_path, shifts=2)
    stems = demucs(sound, model=model, shifts=2, seed=11)
    for name, samples in wanted.items():
        assert sdr_db(getattr(stems, name).samples, samples) >= 80, name


@pytest.mark.parametrize("niter", [0, 1, 2])
def test_the_result_is_that_of_open_unmix_on_the_whole_recording(niter, models):
    ensure_torchaudio()
    from openunmix import predict

    from nodes.separate._open_unmix import OpenUnmixBackend, load_spectrograms

    sound = music(seconds=5.3)
    backend = OpenUnmixBackend(load_spectrograms("umxhq", models / "umxhq"), niter=niter, device="cpu")
    assert len(list(backend.segments(sound.frames))) > 2
    with torch.no_grad():
        mix = torch.from_numpy(sound.samples.copy())
        wanted = predict.separate(mix, rate=44100, separator=backend._separator, device="cpu")
    stems = open_unmix(sound, niter=niter)
    for name, samples in wanted.items():
        assert sdr_db(getattr(stems, name).samples, samples[0].numpy()) >= 60, name


# --- the same again --------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    sound = music()
    first, again = demucs(sound, shifts=1, seed=3), demucs(sound, shifts=1, seed=3)
    other = demucs(sound, shifts=1, seed=4)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.samples, two.samples)
    assert not np.array_equal(first.vocals.samples, other.vocals.samples)


@pytest.mark.parametrize("separator", [demucs, open_unmix])
def test_nobody_elses_random_numbers_are_spent(separator):
    def states() -> tuple[object, ...]:
        legacy = np.random.get_state()  # noqa: NPY002
        return random.getstate(), legacy[1].tobytes(), legacy[2], torch.get_rng_state().numpy().tobytes()

    before = states()
    separator(music(1, 0.3))
    assert states() == before


@pytest.mark.parametrize("separator", [demucs, open_unmix])
def test_the_blocks_of_a_run_do_not_matter(separator):
    sound = music(2, 1.5, 48000)
    whole = separator(sound)
    with blocks_of(3000):
        again = separator(sound)
    for one, two in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.samples, two.samples)


def test_a_passage_hears_the_seams_nowhere(models):
    """Where blocks of Open-Unmix meet, the sound bends no more than anywhere else."""
    from nodes.separate._open_unmix import OpenUnmixBackend, load_spectrograms

    time_s = np.arange(round(5.3 * 44100)) / 44100
    tones = [np.sin(2 * np.pi * (200.0 + 3.0 * time_s) * time_s), np.sin(2 * np.pi * 330.0 * time_s)]
    sound = Audio.from_array(0.3 * np.array(tones), 44100)
    backend = OpenUnmixBackend(load_spectrograms("umxhq", models / "umxhq"), niter=1, device="cpu")
    seams = [segment.begin for segment in backend.segments(sound.frames)][1:]
    assert len(seams) >= 2
    stems = open_unmix(sound)
    for stem in (stems.vocals, stems.other):
        # The beginning and the end of the sound are edges of their own.
        bend = np.abs(np.diff(stem.samples, 3, axis=1)).max(axis=0)[4000:-4000]
        at_seams = np.zeros(bend.size, bool)
        for seam in seams:
            at_seams[seam - 4000 - 600 : seam - 4000 + 600] = True
        assert bend[at_seams].max() <= 1.5 * bend[~at_seams].max()


# --- cancel ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [demucs, open_unmix])
def test_a_cancel_is_felt_before_the_next_segment(separator):
    cancel = threading.Event()
    told: list[float] = []

    def report(fraction: float) -> None:
        told.append(fraction)
        # The first is told before the first segment, the second before the second one.
        if len(told) == 3:
            cancel.set()

    with pytest.raises(Cancelled):
        separator(music(seconds=5.3), progress=Progress(report=report, cancel=cancel))
    assert len(told) == 3


def test_open_unmix_feels_a_cancel_between_the_networks_of_a_block(models):
    from nodes.separate._open_unmix import OpenUnmixBackend, load_spectrograms

    asked: list[int] = []

    def check() -> None:
        asked.append(len(asked))
        if len(asked) == 3:
            raise Cancelled

    backend = OpenUnmixBackend(
        load_spectrograms("umxhq", models / "umxhq"), niter=1, device="cpu", check=check
    )
    with pytest.raises(Cancelled):
        backend.separate(music().samples, 0)
    assert len(asked) == 3


def test_demucs_gives_a_named_tuple_in_the_order_of_its_outputs():
    assert DemucsStems._fields == (*STEMS, "accompaniment", "residual")
