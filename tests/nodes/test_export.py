"""Exporting: the file holds what came in, says what was changed, and appears whole or not at all."""

import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nodegraph import Audio, AudioError, Cancelled, OutputError, ParameterError, Progress, blocks_of
from nodes.dsp.file.dither import quantised, triangular_noise
from nodes.export import _wav_container, export
from nodes.load import load

CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"
RATE = 44100
MPEG1_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)


def sound(frames=30000, channels=2, rate=RATE, gain=0.3):
    generator = np.random.default_rng(5)
    rough = generator.standard_normal((channels, frames + 7))
    smooth = sum(rough[:, k : k + frames] for k in range(8)) / 8
    return Audio.from_array(gain * smooth / max(1e-9, np.abs(smooth).max(initial=0)), rate)


def on_grid(audio, bits=16):
    scale = 2 ** (bits - 1)
    return Audio.from_array(np.rint(audio.samples.astype(np.float64) * scale) / scale, audio.sample_rate)


def exported(audio, path, **settings):
    notes = []
    assert export(audio, file=str(path), progress=Progress(note=notes.append), **settings) is None
    return notes


def mpeg_frames(data):
    """Return (kbit/s, rate) of every frame of an MPEG-1 layer III file that is nothing but frames."""
    found, at = [], 0
    while at < len(data):
        (header,) = struct.unpack_from(">I", data, at)
        assert header >> 17 == 0x7FFD, f"no MPEG-1 layer III frame at byte {at}"
        kbps, rate = MPEG1_KBPS[header >> 12 & 15], (44100, 48000, 32000)[header >> 10 & 3]
        found.append((kbps, rate))
        at += 144 * kbps * 1000 // rate + (header >> 9 & 1)
    return found


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the bench's clips are not here")
@pytest.mark.parametrize("dither", ["none", "tpdf"])
def test_untouched_16_bit_clips_make_the_round_trip_bit_for_bit(tmp_path, dither):
    for clip in sorted(CLIPS.glob("*.flac"))[:6]:
        path = tmp_path / clip.name
        exported(load(file=str(clip)), path, bit_depth="16", dither=dither)
        before, after = soundfile.read(clip, dtype="int16")[0], soundfile.read(path, dtype="int16")[0]
        assert np.array_equal(before, after), clip.name
        assert soundfile.info(path).subtype == "PCM_16"


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.parametrize("bits", [16, 24])
def test_samples_that_fit_are_written_without_dither_and_a_note_tells(tmp_path, name, bits):
    audio = on_grid(sound(), bits)
    notes = exported(audio, tmp_path / name, bit_depth=str(bits))
    assert np.array_equal(load(file=str(tmp_path / name)).samples, audio.samples)
    assert "bit for bit" in notes[0]


def test_one_sample_off_the_grid_dithers_the_whole_file(tmp_path):
    samples = on_grid(sound()).samples.copy()
    samples[0, -1] += np.float32(1e-6)
    exported(Audio(samples, RATE), tmp_path / "a.wav", bit_depth="16")
    error = load(file=str(tmp_path / "a.wav")).samples - samples
    assert np.count_nonzero(error[:, :1000]) > 200


def test_32_bit_floats_are_kept_bit_for_bit_even_above_full_scale(tmp_path):
    audio = sound(gain=3.0)
    assert exported(audio, tmp_path / "a.wav", bit_depth="32f") == []
    assert np.array_equal(load(file=str(tmp_path / "a.wav")).samples, audio.samples)


@pytest.mark.parametrize("bits", [16, 24])
def test_dither_raises_the_noise_to_what_theory_says(tmp_path, bits):
    audio = sound(200_000, gain=0.01)
    exported(audio, tmp_path / "a.wav", bit_depth=str(bits))
    codes = soundfile.read(tmp_path / "a.wav", dtype="int32")[0].T / 2.0 ** (32 - bits)
    error = codes - audio.samples.astype(np.float64) * 2 ** (bits - 1)
    # Uniform rounding has 1/12 of a step², triangular dither 1/6: 1/4 in sum (Lipshitz 1992).
    assert 10 * np.log10(np.mean(error**2) / 0.25) == pytest.approx(0, abs=0.1)
    assert abs(error.mean()) < 0.01


def test_dither_makes_the_rounding_error_independent_of_a_sound_below_one_step():
    wave = (0.4 * np.sin(2 * np.pi * np.arange(100_000) / 100) / 2**15).astype(np.float32)[None]
    codes = quantised(wave, 0, bits=16, seed=1)[0]
    heard = codes @ np.sin(2 * np.pi * np.arange(100_000) / 100) / 50_000
    assert heard == pytest.approx(0.4, abs=0.01)
    assert not quantised(wave, 0, bits=16, seed=None).any()


def test_dither_depends_on_the_place_alone():
    whole = triangular_noise(2, 0, 50_000, seed=4)
    assert np.array_equal(triangular_noise(2, 12_345, 20_000, seed=4), whole[:, 12_345:32_345])
    assert abs(np.corrcoef(whole)[0, 1]) < 0.02
    assert np.abs(whole).max() < 1


@pytest.mark.parametrize("frames", [1, 777, 10**9])
def test_the_file_is_the_same_for_blocks_of_any_size(tmp_path, frames):
    audio = sound(5000)
    exported(audio, tmp_path / "whole.flac", bit_depth="16")
    with blocks_of(max(frames, 50)):
        exported(audio, tmp_path / "blocks.flac", bit_depth="16")
    assert (tmp_path / "whole.flac").read_bytes() == (tmp_path / "blocks.flac").read_bytes()


def test_what_exceeds_full_scale_is_clipped_with_a_note_of_how_much(tmp_path):
    samples = sound().samples.copy()
    samples[0, 100:103] = (2.0, -1.5, 1.0)
    notes = exported(Audio(samples, RATE), tmp_path / "a.wav", bit_depth="16", dither="none")
    codes = soundfile.read(tmp_path / "a.wav", dtype="int16")[0]
    assert codes[100:103, 0].tolist() == [32767, -32768, 32767]
    assert "2 samples above full scale were clipped, by up to 6.02 dB" in notes[0]


@pytest.mark.parametrize("rate", [32000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_frame_of_an_mp3_has_320_kbit_and_it_decodes_in_place(tmp_path, rate, channels):
    audio = sound(60_000, channels, rate)
    exported(audio, tmp_path / "a.mp3")
    assert set(mpeg_frames((tmp_path / "a.mp3").read_bytes())) == {(320, rate)}
    back = load(file=str(tmp_path / "a.mp3"))
    assert back.samples.shape == audio.samples.shape
    error = back.samples - audio.samples
    # A lag of one sample would leave 6 dB: the sound is noise averaged over 8 samples.
    assert 10 * np.log10(np.mean(audio.samples**2) / np.mean(error**2)) > 15


def test_ogg_quality_trades_size_for_likeness(tmp_path):
    audio = sound(100_000)
    sizes, errors = [], []
    for quality in (1.0, 5.0, 9.0):
        path = tmp_path / f"{quality}.ogg"
        exported(audio, path, ogg_quality=quality)
        back = load(file=str(path))
        assert back.frames == audio.frames
        sizes.append(path.stat().st_size)
        errors.append(float(np.mean((back.samples - audio.samples) ** 2)))
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


def test_long_wav_files_become_rf64():
    hour = 3600 * 96000
    assert _wav_container(hour, 2, 24) == "WAV"
    assert _wav_container(3 * hour, 2, 24) == "RF64"
    assert _wav_container(2 * hour, 2, 32) == "RF64"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"file": "a.txt"}, r"does not end in \.wav"),
        ({"file": "a"}, r"does not end in \.wav"),
        ({"file": "a.wav", "format": "mp3"}, r"ends in \.wav but format is mp3"),
        ({"file": "a.flac", "bit_depth": "32f"}, "FLAC holds whole numbers only"),
        ({"file": "a.wav", "bit_depth": "12"}, "bit_depth must be one of"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(tmp_path, settings, words):
    with pytest.raises(ParameterError, match=words):
        export(sound(100), **{**settings, "file": str(tmp_path / settings["file"])})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("audio", "name", "words"),
    [
        (sound(100, rate=96000), "a.mp3", "Put a Resample node with 48000 Hz before it"),
        (sound(100, rate=22050), "a.mp3", "Put a Resample node with 32000 Hz before it"),
        (sound(100, channels=6), "a.mp3", "at most 2 channels but the sound has 6"),
        (sound(100, channels=9), "a.flac", "at most 8 channels"),
        (sound(0), "a.mp3", "without a single sample"),
        (sound(0), "a.flac", "without a single sample"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_with_the_node_that_helps(tmp_path, audio, name, words):
    with pytest.raises(AudioError, match=words):
        export(audio, file=str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("frames", [0, 1, 2])
@pytest.mark.parametrize("name", ["a.wav", "a.ogg"])
def test_the_shortest_sounds_keep_their_length(tmp_path, name, frames):
    exported(sound(frames), tmp_path / name)
    assert load(file=str(tmp_path / name)).frames == frames


def test_an_existing_file_is_never_replaced(tmp_path):
    (tmp_path / "a.wav").write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        export(sound(100), file=str(tmp_path / "a.wav"))
    assert (tmp_path / "a.wav").read_text() == "precious"
    (tmp_path / "b.wav").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="exists already"):
        export(sound(100), file=str(tmp_path / "b.wav"))


def test_a_file_that_appears_while_writing_is_not_replaced(tmp_path):
    path = tmp_path / "a.wav"
    with pytest.raises(OutputError, match="exists already"):
        export(sound(), file=str(path), progress=Progress(report=lambda _: path.write_text("precious")))
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(OutputError, match=r"does not exist\. Create it"):
        export(sound(100), file=str(tmp_path / "none" / "a.wav"))


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_a_cancel_leaves_no_file(tmp_path, name):
    cancel = threading.Event()

    def halfway(fraction):
        if fraction > 0.3:
            cancel.set()

    with blocks_of(4096), pytest.raises(Cancelled):
        export(sound(), file=str(tmp_path / name), progress=Progress(report=halfway, cancel=cancel))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_a_disk_that_refuses_leaves_no_file_and_one_sentence(tmp_path, name):
    # A limit on the size of files makes write() fail in the way a full disk does.
    program = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
import numpy as np
from nodegraph import Audio, OutputError
from nodes.export import export
noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 100_000))
try:
    export(Audio.from_array(noise, 44100), file={str(tmp_path / name)!r})
except OutputError as error:
    print(error)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert "cannot be written: File too large. Nothing was left behind" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_an_explicit_format_needs_no_ending(tmp_path):
    exported(sound(1000), tmp_path / "take 1", format="flac")
    assert soundfile.info(tmp_path / "take 1").format == "FLAC"


def test_the_new_file_has_ordinary_permissions(tmp_path):
    (tmp_path / "other").touch()
    exported(sound(100), tmp_path / "a.wav")
    assert (tmp_path / "a.wav").stat().st_mode == (tmp_path / "other").stat().st_mode
