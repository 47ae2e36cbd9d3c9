"""The pyramid: any zoom of a waveform, exact once it is made, sketched before, kept on disk."""

from __future__ import annotations

import numpy as np
import pytest
from sounds import as_sound, noise

from nodegraph.editor.listen import pyramid as module
from nodegraph.editor.listen.pyramid import Pyramid, tidy
from nodegraph.editor.listen.sound import Difference

RATE = 48_000
LONG = 3_000_001
"""Frames: more than two blocks, and no whole number of bins."""


def go_on() -> bool:
    return False


@pytest.fixture(scope="module")
def long_sound():
    rng = np.random.default_rng(3)
    samples = rng.standard_normal((2, LONG), dtype=np.float32)
    samples *= np.linspace(0.01, 0.3, LONG, dtype=np.float32)
    return as_sound(samples, RATE, key="long")


@pytest.fixture(scope="module")
def made(long_sound, tmp_path_factory):
    pyramid = Pyramid(long_sound, tmp_path_factory.mktemp("pictures"))
    pyramid.build(go_on)
    return pyramid


def expected(sound, edges, bin_frames: int):
    """Return the lowest and highest between edges, which are rounded down to whole bins."""
    cuts = edges // bin_frames * bin_frames
    pairs = list(zip(cuts[:-1], np.maximum(cuts[1:], cuts[:-1] + bin_frames), strict=True))
    parts = [sound.audio.samples[:, begin:end] for begin, end in pairs]
    return np.stack([each.min(axis=1) for each in parts], 1), np.stack(
        [each.max(axis=1) for each in parts], 1
    )


@pytest.mark.parametrize(
    ("columns", "bin_frames"), [(100, 1_024), (1_400, 1_024), (2_900, 1_024), (9_000, 64)]
)
def test_the_whole_file_is_exact_at_any_width(made, long_sound, columns, bin_frames):
    edges = np.linspace(0, LONG, columns + 1).astype(np.int64)
    found = made.envelope(0.0, LONG / RATE, columns)
    lows, highs = expected(long_sound, edges, bin_frames)
    assert np.array_equal(found[0], lows)
    assert np.array_equal(found[1], highs)


def test_close_up_it_is_the_sound_itself(made, long_sound):
    lows, highs = made.envelope(10.0, 10.0 + 2_000 / RATE, 2_000)
    near = long_sound.audio.samples[:, 480_000:482_000]
    assert np.array_equal(lows, near)
    assert np.array_equal(highs, near)


def test_single_samples_come_with_their_times(made, long_sound):
    times, samples = made.samples(10.0, 10.0 + 5 / RATE)
    assert np.array_equal(samples, long_sound.audio.samples[:, 479_999:480_007])
    assert times[1] == 10.0


def test_outside_of_the_sound_is_nothing(made):
    lows, highs = made.envelope(-1.0, 1.0, 200)
    assert not np.any(lows[:, :100])
    assert not np.any(highs[:, :100])
    assert np.all(highs[:, 101:] > 0)
    assert not np.any(made.envelope(1_000.0, 1_001.0, 10)[1])


def test_a_passage_lies_at_its_place_in_the_whole_file(tmp_path):
    sound = as_sound(np.ones((1, RATE)), RATE, begin_s=5.0)
    _, highs = Pyramid(sound, tmp_path).envelope(4.0, 7.0, 3)
    assert highs.tolist() == [[0.0, 1.0, 0.0]]


def test_a_short_sound_needs_no_file(tmp_path):
    pyramid = Pyramid(noise(1.0), tmp_path / "pictures")
    pyramid.build(go_on)
    assert pyramid.done == 1.0
    assert not (tmp_path / "pictures").exists()


def test_an_empty_sound_has_an_empty_picture(tmp_path):
    pyramid = Pyramid(as_sound(np.zeros((2, 0)), RATE), tmp_path)
    pyramid.build(go_on)
    assert not np.any(pyramid.envelope(0.0, 1.0, 10)[1])


def test_before_it_is_made_a_sketch_stands_in(long_sound, tmp_path):
    pyramid = Pyramid(long_sound, tmp_path)
    told: list[tuple[float, bool, bool]] = []
    pictures = []

    def progress(done: float) -> None:
        told.append((done, pyramid.ready, pyramid.exact(0.0, 60.0)))
        pictures.append(pyramid.envelope(0.0, LONG / RATE, 600)[1])

    pyramid.build(go_on, progress)
    assert told[0] == (0.0, True, False)
    assert told[-1] == (1.0, True, True)
    # The loudest of 512 frames against that of 5000: Gaussian noise differs by less than half. At the
    # beginning, where the sound swells from nothing, few places say less.
    assert np.all(pictures[0][:, 100:] > 0.3 * pictures[-1][:, 100:])
    assert np.all(pictures[1] > 0.5 * pictures[-1])
    # What is made is exact while the rest is sketched.
    assert np.array_equal(pictures[2][:, :200], pictures[-1][:, :200])
    assert np.all(pictures[2] > 0.5 * pictures[-1])


def test_it_is_found_again_in_another_session(made, long_sound):
    again = Pyramid(long_sound, made._folder)
    assert again.done == 1.0
    for one, other in zip(again.envelope(0, 60, 500), made.envelope(0, 60, 500), strict=True):
        assert np.array_equal(one, other)


def test_a_damaged_file_is_made_anew(long_sound, tmp_path):
    first = Pyramid(long_sound, tmp_path)
    first.build(go_on)
    first._path.write_bytes(first._path.read_bytes()[:-1000])
    again = Pyramid(long_sound, tmp_path)
    assert again.done == 0.0
    again.build(go_on)
    assert Pyramid(long_sound, tmp_path).done == 1.0


def test_one_that_is_stopped_leaves_nothing_behind(long_sound, tmp_path):
    pyramid = Pyramid(long_sound, tmp_path)
    pyramid.build(lambda: pyramid.done > 0)
    assert list(tmp_path.iterdir()) == []
    assert pyramid.done == 0.0
    assert np.any(pyramid.envelope(0, 60, 500)[1])


def test_the_folder_is_bounded_and_the_oldest_go_first(tmp_path):
    import os

    for number in range(5):
        path = tmp_path / f"{number}.npy"
        path.write_bytes(bytes(1_000))
        os.utime(path, (number, number))
    half = tmp_path / "1.abc.part"
    half.touch()
    os.utime(half, (0, 0))
    tidy(tmp_path, 2_500)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3.npy", "4.npy"]


def test_what_was_removed_has_a_waveform_too(long_sound, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_DIRECT_FRAMES", 1 << 16)
    a = as_sound(long_sound.audio.samples[:, :200_000], RATE)
    b = as_sound(a.audio.samples * np.float32(0.5), RATE)
    pyramid = Pyramid(Difference(a, b), tmp_path)
    pyramid.build(go_on)
    _, highs = pyramid.envelope(0, 200_000 / RATE, 100)
    edges = np.linspace(0, 200_000, 101).astype(np.int64)
    assert np.allclose(highs, expected(a, edges, 64)[1] / 2, atol=1e-7)
