"""Loading: what comes in is what the file holds, and a bad file is one clear sentence."""

import shutil
import struct
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nodegraph import Audio, AudioFileError, Cancelled, Progress
from nodes.load import load

CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"
RATE = 44100


def noise(frames=20000, channels=2, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)


def music(frames=100_000):
    """Smoothed noise: an MP3 encoder keeps its waveform, so that a lag can be measured."""
    rough = np.random.default_rng(3).standard_normal((frames + 7, 2))
    smooth = sum(rough[k : k + frames] for k in range(8)) / 8
    return (0.2 * smooth).astype(np.float32)


def loaded(path):
    notes = []
    return load(file=str(path), progress=Progress(note=notes.append)), notes


def sound_or_complaint(path):
    """Whatever else happens is a failure."""
    try:
        return load(file=str(path))
    except AudioFileError as error:
        return str(error)


def lag(found, truth):
    count = min(len(found), len(truth))
    size = 2 * count
    product = np.fft.rfft(found[:count], size) * np.conj(np.fft.rfft(truth[:count], size))
    peak = int(np.argmax(np.fft.irfft(product)))
    return peak if peak < count else peak - size


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("container", ["WAV", "RF64", "W64", "AIFF"])
def test_whole_numbers_up_to_24_bits_and_floats_arrive_bit_for_bit(tmp_path, container, subtype):
    if not soundfile.check_format(container, subtype):
        pytest.skip(f"libsndfile has no {subtype} in {container}")
    bits = {"PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "FLOAT": 20}[subtype]
    exact = (np.rint(noise() * 2 ** (bits - 1)) / 2 ** (bits - 1)).astype(np.float32)
    soundfile.write(tmp_path / "a.bin", exact, RATE, format=container, subtype=subtype)
    audio, notes = loaded(tmp_path / "a.bin")
    assert np.array_equal(audio.samples, exact.T)
    assert (audio.sample_rate, notes) == (RATE, [])


def test_32_bit_whole_numbers_and_doubles_are_rounded_to_the_nearest_float(tmp_path):
    codes = np.random.default_rng(1).integers(-(2**31), 2**31, (5000, 1)).astype(np.int32)
    soundfile.write(tmp_path / "int.wav", codes, RATE, subtype="PCM_32")
    assert np.array_equal(
        loaded(tmp_path / "int.wav")[0].samples[0], (codes[:, 0] / 2**31).astype(np.float32)
    )
    doubles = np.random.default_rng(2).standard_normal(5000)
    soundfile.write(tmp_path / "double.wav", doubles, RATE, subtype="DOUBLE")
    assert np.array_equal(loaded(tmp_path / "double.wav")[0].samples[0], doubles.astype(np.float32))


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the bench's clips are not here")
def test_every_clip_of_the_bench_arrives_bit_for_bit():
    for clip in sorted(CLIPS.glob("*.flac")):
        truth, rate = soundfile.read(clip, dtype="float32", always_2d=True)
        audio, notes = loaded(clip)
        assert np.array_equal(audio.samples, truth.T), clip.name
        assert (audio.sample_rate, notes) == (rate, [])


def test_eight_channels_stay_eight_and_in_order(tmp_path):
    samples = noise(channels=8)
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    assert np.array_equal(loaded(tmp_path / "a.wav")[0].samples, samples.T)


@pytest.mark.parametrize("rate", [32000, 44100, 48000])
def test_an_mp3_with_an_info_frame_is_aligned_and_has_its_length(tmp_path, rate):
    truth = music()
    soundfile.write(tmp_path / "a.mp3", truth, rate, format="MP3")
    audio, _ = loaded(tmp_path / "a.mp3")
    assert audio.frames == len(truth)
    assert lag(audio.samples[0], truth[:, 0]) == 0


@pytest.mark.parametrize("rate", [22050, 32000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_an_mp3_of_lameenc_is_aligned_although_it_has_no_info_frame(tmp_path, rate, channels):
    lameenc = pytest.importorskip("lameenc", reason="lameenc is not installed")
    truth = music()[:, :channels]
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_bit_rate(128)
    encoder.set_in_sample_rate(rate)
    encoder.set_channels(channels)
    codes = np.rint(truth * 32767).astype("<i2").tobytes()
    (tmp_path / "a.mp3").write_bytes(bytes(encoder.encode(codes)) + bytes(encoder.flush()))
    audio, notes = loaded(tmp_path / "a.mp3")
    assert lag(audio.samples[0], truth[:, 0]) == 0
    assert audio.frames >= len(truth)
    assert "1105 samples" in notes[0]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_an_mp3_of_variable_rate_without_a_header_is_loaded_to_its_end(tmp_path):
    # Loud first and silent then: a length guessed from the first frame is four times too short.
    truth = np.zeros((RATE * 8, 2), np.float32)
    truth[: RATE * 2] = noise(RATE * 2)
    soundfile.write(tmp_path / "a.wav", truth, RATE)
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "a.wav", "-q:a", "2", "-write_xing", "0"]
    subprocess.run([*command, tmp_path / "a.mp3"], check=True)
    audio, _ = loaded(tmp_path / "a.mp3")
    assert 0 <= audio.frames - len(truth) < 2 * 1152


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_a_flac_of_unknown_length_is_loaded_to_its_last_sample(tmp_path):
    exact = (np.rint(noise(44100) * 2**15) / 2**15).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", exact, RATE)
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "a.wav", "-f", "flac", "-"]
    (tmp_path / "a.flac").write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    assert np.array_equal(loaded(tmp_path / "a.flac")[0].samples, exact.T)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_a_format_beyond_libsndfile_goes_through_ffmpeg(tmp_path):
    truth = music(44100)
    soundfile.write(tmp_path / "a.wav", truth, RATE, subtype="PCM_24")
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "a.wav", "-c:a", "pcm_s24le", tmp_path / "a.mka"]
    subprocess.run(command, check=True)
    audio, _ = loaded(tmp_path / "a.mka")
    assert np.array_equal(audio.samples, soundfile.read(tmp_path / "a.wav", dtype="float32")[0].T)


def test_without_ffmpeg_the_error_names_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    with pytest.raises(AudioFileError, match=r"a\.m4a .*ffmpeg.* Install it with: .*install ffmpeg"):
        loaded(tmp_path / "a.m4a")


def test_a_playlist_does_not_lead_ffmpeg_elsewhere(tmp_path):
    soundfile.write(tmp_path / "secret.wav", noise(), RATE)
    (tmp_path / "a.ffconcat").write_text(f"ffconcat version 1.0\nfile '{tmp_path}/secret.wav'\n")
    (tmp_path / "b.m3u8").write_text("#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n")
    for name in ("a.ffconcat", "b.m3u8"):
        with pytest.raises(AudioFileError, match=name):
            loaded(tmp_path / name)


@pytest.mark.parametrize("container", ["WAV", "RF64", "AIFF"])
def test_a_file_that_breaks_off_is_loaded_with_a_note_of_what_is_missing(tmp_path, container):
    exact = (np.rint(noise(44100) * 2**15) / 2**15).astype(np.float32)
    soundfile.write(tmp_path / "a.bin", exact, RATE, format=container, subtype="PCM_16")
    whole = (tmp_path / "a.bin").read_bytes()
    (tmp_path / "a.bin").write_bytes(whole[: len(whole) // 4])
    audio, notes = loaded(tmp_path / "a.bin")
    assert np.array_equal(audio.samples, exact[: audio.frames].T)
    assert "ends early: 0.75" in notes[0]
    assert "1.000 s" in notes[0]


def test_a_flac_with_a_damaged_place_is_loaded_up_to_it_with_a_note(tmp_path):
    exact = (np.rint(noise(60000) * 2**15) / 2**15).astype(np.float32)
    soundfile.write(tmp_path / "a.flac", exact, RATE)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    (tmp_path / "a.flac").write_bytes(data)
    audio, notes = loaded(tmp_path / "a.flac")
    # A FLAC frame has 4096 samples here; nothing but the one that is hit may be lost before it.
    assert 30000 - 2 * 4096 < audio.frames < 30000 + 4096
    assert np.array_equal(audio.samples, exact[: audio.frames].T)
    assert "is damaged at" in notes[0]


def test_a_file_without_frames_is_an_empty_sound_with_a_note(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(0), RATE)
    audio, notes = loaded(tmp_path / "a.wav")
    assert (audio.channels, audio.frames) == (2, 0)
    assert "holds no sound" in notes[0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sample_that_is_no_number_is_refused_with_its_place(tmp_path, value):
    samples = noise(30000)
    samples[22050, 1] = value
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(AudioFileError, match=r"a\.wav: the sample at 0\.500 s in channel 2 "):
        loaded(tmp_path / "a.wav")


def test_every_wrong_path_is_one_clear_sentence(tmp_path):
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("this is no sound\n" * 50)
    (tmp_path / "a.raw").write_bytes(bytes(1000))
    for path, words in (
        ("", "Choose a sound file"),
        (tmp_path, "is a folder"),
        (tmp_path / "none.wav", "does not exist"),
        (tmp_path / "empty.wav", "is empty"),
        (tmp_path / "text.wav", "text.wav"),
        (tmp_path / "a.raw", "raw data without a header"),
        ("a\0b.wav", "does not exist|cannot be opened"),
        ("x" * 5000, "cannot be opened"),
    ):
        with pytest.raises(AudioFileError, match=words):
            loaded(path)


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (22, struct.pack("<H", 65535)),  # channels
        (22, struct.pack("<H", 0)),
        (24, struct.pack("<I", 0)),  # sample rate
        (24, struct.pack("<I", 4_000_000_000)),
        (24, struct.pack("<I", 2_000_000_000)),
        (40, struct.pack("<I", 2**31 + 5)),  # bytes of sound
        (40, struct.pack("<I", 2**32 - 1)),
    ],
)
def test_an_absurd_header_takes_no_memory_and_never_surprises(tmp_path, offset, value):
    soundfile.write(tmp_path / "a.wav", noise(1000), RATE)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[offset : offset + len(value)] = value
    (tmp_path / "a.wav").write_bytes(data)
    found = sound_or_complaint(tmp_path / "a.wav")
    assert "a.wav" in found if isinstance(found, str) else found.samples.nbytes <= 16 * len(data)


def test_a_flac_that_claims_a_billion_frames_is_loaded_as_long_as_it_is(tmp_path):
    soundfile.write(tmp_path / "a.flac", noise(5000), RATE)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] |= 0x0F  # the upper 4 of the 36 bits that count the frames (RFC 9639, 8.2)
    (tmp_path / "a.flac").write_bytes(data)
    audio, notes = loaded(tmp_path / "a.flac")
    assert audio.frames == 5000
    assert notes


def test_mutated_files_give_a_sound_or_an_error_that_names_the_file(tmp_path):
    generator = np.random.default_rng(7)
    for container, subtype in (("WAV", "PCM_24"), ("FLAC", "PCM_16"), ("AIFF", "PCM_16"), ("OGG", "VORBIS")):
        soundfile.write(tmp_path / "seed", noise(3000), RATE, format=container, subtype=subtype)
        seed = (tmp_path / "seed").read_bytes()
        path = tmp_path / f"mutated.{container.lower()}"
        for _ in range(40):
            data = bytearray(seed)
            for place in generator.integers(0, min(len(data), 400), 4):
                data[place] = generator.integers(256)
            path.write_bytes(data[: generator.integers(1, len(data))])
            found = sound_or_complaint(path)
            assert isinstance(found, Audio) or (path.name in found and "\n" not in found)


def test_a_cancel_ends_loading(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(), RATE)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        load(file=str(tmp_path / "a.wav"), progress=Progress(cancel=cancel))
