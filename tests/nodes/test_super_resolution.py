"""Super resolution through its worker, in an environment with a stand-in for AudioSR; no model is run here.

What is shown: lengths, levels, bands, image, seeds, refusals. What AudioSR itself sounds like is not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import nodegraph.worker
import nodes
import nodes.tone.super_resolution as module
from nodegraph import Audio, Cancelled, NotInstalledError, Progress, WeightsError, WorkerError
from nodegraph.library import Library
from nodegraph.weights import size_text
from nodes.catalogue import EXTRAS, WEIGHTS
from nodes.resample import resample
from nodes.tone.super_resolution import super_resolution

LIMIT_HZ = 8000.0
STAND_IN = Path(__file__).with_name("stand_in")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Make an environment whose AudioSR and torch are those of `stand_in`."""
    folder = tmp_path_factory.mktemp("environments") / "audiosr"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages")
    # numpy is this Python's own.
    (packages / "stand_in.pth").write_text(f"{STAND_IN}\n{sysconfig.get_paths()['purelib']}\n")
    (folder / "environment.json").write_text(json.dumps({"versions": {"kagayoi-audiosr": "1.0.2"}}))
    return folder.parent


@pytest.fixture
def installed(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("REGROOVE_ENVIRONMENTS", str(environment))
    monkeypatch.setenv("REGROOVE_MODELS", str(tmp_path))
    monkeypatch.setenv("STAND_IN_CUDA", "1")
    for name in ("audiosr-basic", "audiosr-speech"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pytorch_model.bin").write_bytes(b"no model")
    yield tmp_path
    forget_workers()


def forget_workers():
    for idle in list(nodegraph.worker._idle.values()):
        nodegraph.worker._dismiss(idle)
    nodegraph.worker._idle.clear()


def dull(channels=2, seconds=7.0, sample_rate=44_100, seed=1, level=0.1):
    """Noise that ends at the limit."""
    frames = int(seconds * sample_rate) + 1
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0.0, level, (channels, frames)))
    spectrum[:, np.fft.rfftfreq(frames, 1 / sample_rate) > LIMIT_HZ] = 0.0
    return Audio.from_array(np.fft.irfft(spectrum, frames), sample_rate)


def band_db(audio, low_hz, high_hz):
    spectrum = np.abs(np.fft.rfft(audio.samples * np.hanning(audio.frames))) ** 2
    hz = np.fft.rfftfreq(audio.frames, 1 / audio.sample_rate)
    return 10.0 * np.log10(np.sum(spectrum[:, (hz >= low_hz) & (hz < high_hz)], axis=1) + 1e-30)


def notes_of(audio, **settings):
    notes = []
    result = super_resolution(audio, steps=5, progress=Progress(note=notes.append), **settings)
    return result, notes


# --- what comes out --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample_rate", [48_000, 88_200, 96_000, None])
def test_the_length_is_exact_at_every_rate(installed, sample_rate):
    sound = dull(1, 6.0)
    result, _ = notes_of(sound, sample_rate=sample_rate)
    rate = sample_rate or 44_100
    assert result.sample_rate == rate
    assert result.frames == (2 * sound.frames * rate + 44_100) // (2 * 44_100)


def test_highs_come_above_the_limit_and_below_it_nothing_changes(installed):
    sound = dull(2, 5.1)
    result, notes = notes_of(sound, sample_rate=96_000)
    dry = resample(sound, sample_rate=96_000)
    difference = Audio.from_array(result.samples - dry.samples, 96_000)
    assert (band_db(difference, 20, 7900) - band_db(dry, 20, 7900) < -60.0).all()
    # The stand-in's treble is white noise 20 dB under the sound, of which it keeps 6 to 24 kHz.
    expected_db = band_db(dry, 20, 7900) - 20.0 + 10.0 * np.log10((23.5 - 9.2) / 24.0)
    np.testing.assert_allclose(band_db(result, 9200, 23_500), expected_db, atol=0.5)
    # Above 24 kHz there is nothing, and that is said.
    assert (band_db(result, 24_500, 48_000) - band_db(dry, 20, 7900) < -100.0).all()
    assert "Above 24 kHz nothing is invented: the model ends there." in notes
    told = next(note for note in notes if note.startswith("New treble above "))
    assert 7.9 <= float(told.split()[3]) <= 8.2
    assert "kHz by AudioSR (cuda: python 3." in told


def test_without_mix_it_is_the_dry_sound_exactly_and_needs_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("REGROOVE_ENVIRONMENTS", str(tmp_path))
    sound = dull(2, 0.5)
    for mode in ("highs", "full"):
        kept = super_resolution(sound, mode=mode, mix=0.0, sample_rate=None)
        np.testing.assert_array_equal(kept.samples, sound.samples)
        raised = super_resolution(sound, mode=mode, mix=0.0, sample_rate=96_000)
        np.testing.assert_array_equal(raised.samples, resample(sound, sample_rate=96_000).samples)


def test_half_the_mix_is_half_of_what_is_new(installed):
    sound = dull(1, 6.0, 48_000)
    full, half = (notes_of(sound, mix=mix)[0].samples - sound.samples for mix in (1.0, 0.5))
    np.testing.assert_allclose(half, 0.5 * full, atol=1e-6)


def test_the_same_seed_is_the_same_sound_and_another_is_another(installed):
    sound = dull(2, 10.0)
    first, again, other = (notes_of(sound, seed=seed)[0].samples for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.max(np.abs(first - other)) > 1e-3


@pytest.mark.parametrize("mode", ["highs", "full"])
def test_a_panned_sound_stays_where_it_is(installed, mode):
    left = dull(1)
    sound = Audio.from_array(np.concatenate([left.samples, 10 ** (-12 / 20) * left.samples]), 44_100)
    result, _ = notes_of(sound, mode=mode)
    for low, high in ((20, 7900), (9200, 23_500)):
        first, second = band_db(result, low, high)
        assert abs(first - second - 12.0) < 0.5


def test_full_has_the_level_of_the_sound_although_the_model_takes_it_away(installed):
    sound = dull(1, 7.0, 48_000, level=0.003)
    offset = Audio.from_array(sound.samples + np.float32(0.01), 48_000)
    result, _ = notes_of(offset, mode="full")
    assert abs(band_db(result, 20, 7900)[0] - band_db(sound, 20, 7900)[0]) < 0.1
    # Also the constant that it takes off.
    assert abs(result.samples.mean() - 0.01) < 1e-4


def test_what_reaches_far_enough_is_left_alone(installed):
    noise = np.random.default_rng(0).normal(0.0, 0.1, (1, 100_000))
    sound = Audio.from_array(noise, 48_000)
    result, notes = notes_of(sound)
    np.testing.assert_array_equal(result.samples, sound.samples)
    assert notes == ["This sound reaches 24.0 kHz, where nothing is missing: it was left as it is."]
    narrow = dull(1, 1.0, 16_000)
    result, notes = notes_of(narrow, sample_rate=None)
    np.testing.assert_array_equal(result.samples, narrow.samples)
    assert notes == [
        "At 16000 Hz there is no room for more treble: it was left as it is. Choose a higher rate."
    ]


def test_silence_stays_silent(installed):
    result, notes = notes_of(Audio.from_array(np.zeros((2, 48_000)), 48_000))
    assert not result.samples.any()
    assert notes == ["The sound is silent: it was left as it is."]


# --- what is refused -------------------------------------------------------------------------------------


def test_what_is_missing_is_told_with_the_command(monkeypatch, tmp_path, installed):
    (installed / "audiosr-basic" / "pytorch_model.bin").unlink()
    library = Library.from_package(nodes, skip=("dsp",), extras=EXTRAS, weights=WEIGHTS)
    spec = library.find("tone.super_resolution")
    assert library.unavailable(spec) == (
        f"tone.super_resolution needs the weights audiosr-basic: pytorch_model.bin ({size_text(0)}). "
        "Run: regroove models fetch audiosr-basic"
    )
    with pytest.raises(WeightsError, match="Run: regroove models fetch audiosr-basic"):
        super_resolution(dull(1, 1.0))
    monkeypatch.setenv("REGROOVE_ENVIRONMENTS", str(tmp_path / "none"))
    assert library.unavailable(spec) == (
        "tone.super_resolution needs audiosr, which is not installed. Run: regroove extras install audiosr"
    )
    assert library.unavailable(spec, spec.settings({"mix": 0.0})) is None
    with pytest.raises(
        NotInstalledError, match=r"audiosr is not installed\. Run: regroove extras install audiosr"
    ):
        super_resolution(dull(1, 1.0))


def test_without_a_graphics_card_it_is_refused_with_the_price(installed, monkeypatch):
    monkeypatch.setenv("STAND_IN_CUDA", "0")
    sound = dull(2, 60.0, 16_000)
    with pytest.raises(WorkerError) as caught:
        super_resolution(sound)
    # 14 blocks of 2 channels, 210 s each.
    assert str(caught.value) == (
        "AudioSR finds no graphics card that it can use. Without one this takes about 98 min of processor "
        "time and 13 GB of memory. Switch on slow if you want that, or work on a shorter passage."
    )


def test_without_a_graphics_card_it_goes_if_that_is_wanted_and_the_memory_suffices(installed, monkeypatch):
    monkeypatch.setenv("STAND_IN_CUDA", "0")
    monkeypatch.setattr(module, "_NEEDED_BYTES", 1_000_000)
    _, notes = notes_of(dull(1, 2.0), slow=True)
    assert any(note.startswith("AudioSR works without a graphics card: about 1 min") for note in notes)
    # What is loaded already needs no more.
    monkeypatch.setattr(module, "_NEEDED_BYTES", 10**15)
    notes_of(dull(1, 2.0), slow=True)
    forget_workers()
    with pytest.raises(WorkerError, match=r"^AudioSR needs 1000000 GB of memory, but \d+\.\d GB are free\."):
        super_resolution(dull(1, 2.0), slow=True)


def test_a_cancel_is_felt_at_once(installed):
    cancel, at = threading.Event(), []

    def stop(fraction):
        if fraction > 0.1:
            at.append(time.perf_counter())
            cancel.set()

    with pytest.raises(Cancelled):
        super_resolution(dull(2, 20.0), steps=200, progress=Progress(report=stop, cancel=cancel))
    assert time.perf_counter() - at[0] < 1.0
