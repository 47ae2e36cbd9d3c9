"""The driver of every separator, with models that are known: what goes in comes out, whatever it is."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from nodegraph import Audio, AudioError, Cancelled, Progress, blocks_of
from nodes.dsp.separation.backend import Segment, blocks, merged, triangles
from nodes.dsp.separation.separate import separate, silence

PARTS = {"residual": ("low", "high"), "without_low": ("low",)}


@dataclass(frozen=True)
class Halves:
    """A model whose answer depends on no neighbour: a third of the sound is low, and a half of it high."""

    sample_rate: int = 44100
    channels: int = 2
    standardised: bool = False
    length: int = 4001
    stride: int = 3000
    begin: int = 0
    sources: tuple[str, ...] = ("low", "high")
    window_frames: int = 5001

    def segments(self, frames: int) -> Iterator[Segment]:
        return triangles(
            frames,
            length=self.length,
            stride=self.stride,
            begin=self.begin,
            window=lambda length: min(length + 1000, self.window_frames),
        )

    def separate(self, shown: np.ndarray, model: int) -> np.ndarray:
        return np.stack([shown / 3, shown / 2]).astype(np.float32)


@dataclass(frozen=True)
class Smoother(Halves):
    """A model that looks around: what it says near the edge of what it is shown is wrong."""

    window_frames: int = 12000

    def segments(self, frames: int) -> Iterator[Segment]:
        return blocks(frames, length=5000, context=1000, fade=400)

    def separate(self, shown: np.ndarray, model: int) -> np.ndarray:
        kernel = np.hanning(801)
        low = np.stack([np.convolve(row, kernel / kernel.sum(), "same") for row in shown])
        return np.stack([low, shown - low]).astype(np.float32)


def noise(channels: int, frames: int, sample_rate: int = 44100, seed: int = 1) -> Audio:
    rng = np.random.default_rng(seed)
    samples = 0.2 * rng.standard_normal((channels, frames))
    # Every source gets the mean back, as from Demucs' own command: here it is none.
    return Audio.from_array(samples - samples.mean(axis=1, keepdims=True), sample_rate)


def band_limited(channels: int, frames: int, sample_rate: int) -> Audio:
    time_s = np.arange(frames) / sample_rate
    tones = [np.sin(2 * np.pi * (150.0 + 90.0 * c) * time_s) for c in range(channels)]
    # Faded, so that there is no edge for a resampler to ring at.
    fade = np.minimum(1.0, np.minimum(time_s, time_s[::-1]) / 0.05)
    return Audio.from_array(0.3 * np.array(tones) * fade, sample_rate)


def peak_db(samples: np.ndarray) -> float:
    return 20 * np.log10(max(1e-30, float(np.abs(samples).max())))


def covered(segments: list[Segment], frames: int) -> np.ndarray:
    total = np.zeros(frames)
    for segment in segments:
        total[segment.begin : segment.end] += segment.weight
    return total


# --- grids -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [1, 2, 99, 100, 101, 750, 1234])
@pytest.mark.parametrize("begin", [0, -37, -150])
@pytest.mark.parametrize("stride", [30, 75, 100])
def test_the_weights_of_triangles_add_up_to_one_at_every_frame(frames: int, begin: int, stride: int):
    segments = list(triangles(frames, length=100, stride=stride, begin=begin))
    np.testing.assert_allclose(covered(segments, frames), 1.0, atol=1e-6)
    assert all(0 <= segment.begin < segment.end <= frames for segment in segments)
    assert [segment.begin for segment in segments] == sorted(segment.begin for segment in segments)


@pytest.mark.parametrize("frames", [1, 49, 100, 149, 150, 151, 1234])
@pytest.mark.parametrize("fade", [0, 1, 20])
def test_the_weights_of_blocks_add_up_to_one_at_every_frame(frames: int, fade: int):
    segments = list(blocks(frames, length=100, context=20, fade=fade))
    np.testing.assert_allclose(covered(segments, frames), 1.0, atol=1e-6)
    assert all(0 <= s.shown_begin <= s.begin and s.end <= s.shown_end <= frames for s in segments)


def test_a_segment_lies_in_the_middle_of_its_window():
    first, *_, last = triangles(210, length=100, stride=75, window=lambda length: 141 if length else 0)
    assert (first.shown_begin, first.shown_end) == (-20, 121)
    assert (last.begin, last.end, last.shown_begin, last.shown_end) == (150, 210, 110, 251)


# --- sound -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "backend", [Halves(), Halves(begin=-2500), Halves(standardised=True), Halves(channels=1)]
)
def test_a_model_that_looks_nowhere_is_the_same_with_and_without_segments(backend: Halves):
    sound = noise(2, 20011)
    stems = separate(sound, backend, rest=PARTS)
    np.testing.assert_allclose(stems["low"].samples, sound.samples / 3, atol=1e-6)
    np.testing.assert_allclose(stems["high"].samples, sound.samples / 2, atol=1e-6)


def test_a_model_that_looks_around_leaves_no_seams_where_its_context_is_long_enough():
    sound = noise(2, 33333)
    stems = separate(sound, Smoother())
    low, high = Smoother().separate(sound.samples, 0)
    np.testing.assert_allclose(stems["low"].samples, low, atol=1e-6)
    np.testing.assert_allclose(stems["high"].samples, high, atol=1e-6)


def lengths() -> list[int]:
    chosen = random.Random(7)
    # None is a multiple of the segment, of its stride, or of a piece that is read.
    return [1, 2, 3, *(chosen.randrange(4, 90000) | 1 for _ in range(17))]


@pytest.mark.parametrize("frames", lengths())
@pytest.mark.parametrize(
    ("channels", "sample_rate"), [(1, 8000), (2, 22050), (3, 44100), (1, 48000), (6, 96000)]
)
def test_frames_rate_and_channels_are_kept_and_the_parts_add_up(frames: int, channels: int, sample_rate: int):
    sound = noise(channels, frames, sample_rate)
    stems = separate(sound, Halves(standardised=True), rest=PARTS)
    assert list(stems) == ["low", "high", "residual", "without_low"]
    for stem in stems.values():
        assert (stem.channels, stem.frames, stem.sample_rate) == (channels, frames, sample_rate)
        assert np.isfinite(stem.samples).all()
    whole = sum(stems[name].samples.astype(np.float64) for name in ("low", "high", "residual"))
    assert peak_db(whole - sound.samples) <= -120
    half = stems["low"].samples.astype(np.float64) + stems["without_low"].samples
    assert peak_db(half - sound.samples) <= -120


@pytest.mark.parametrize("sample_rate", [8000, 11025, 22050, 32000, 48000, 88200, 96000, 176400, 192000])
def test_what_comes_back_from_another_rate_is_not_moved(sample_rate: int):
    """The two conversions cost less than −90 dB, which a shift by a hundredth of a frame would not allow."""
    sound = band_limited(2, sample_rate, sample_rate)
    low = separate(sound, Halves())["low"]
    assert peak_db(3 * low.samples - sound.samples) < -90


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_an_odd_channel_is_heard_on_both_sides_and_comes_back_alone(channels: int):
    sound = noise(channels, 9000)
    stems = separate(sound, Halves())
    np.testing.assert_allclose(stems["high"].samples, sound.samples / 2, atol=1e-6)


def test_the_blocks_of_a_run_do_not_matter():
    sound = noise(2, 40000, 48000)
    whole = separate(sound, Smoother(), rest=PARTS)
    with blocks_of(1000):
        again = separate(sound, Smoother(), rest=PARTS)
    for name, stem in whole.items():
        np.testing.assert_array_equal(stem.samples, again[name].samples)


def test_the_order_of_segments_does_not_matter():
    """Every segment by itself, in any order, added up: what the stream gives, but for rounding."""
    sound = noise(2, 30000)
    backend = Smoother()
    segments = list(backend.segments(sound.frames))
    random.Random(3).shuffle(segments)
    low = np.zeros((2, sound.frames))
    for each in segments:
        parts = backend.separate(sound.samples[:, each.shown_begin : each.shown_end], 0)
        low[:, each.begin : each.end] += (
            each.weight * parts[0][:, each.begin - each.shown_begin : each.end - each.shown_begin]
        )
    assert peak_db(separate(sound, backend)["low"].samples - low) < -120


def test_several_models_each_with_a_grid_and_gains_of_its_own_are_averaged():
    @dataclass(frozen=True)
    class Bag(Halves):
        def segments(self, frames: int) -> Iterator[Segment]:
            return merged(
                triangles(frames, length=4001, stride=3000, gains=(1.0, 0.25), model=0),
                triangles(frames, length=2501, stride=1500, begin=-777, gains=(0.0, 0.75), model=1),
            )

        def separate(self, shown: np.ndarray, model: int) -> np.ndarray:
            return np.stack([shown * (model + 1), shown * (model + 2)]).astype(np.float32)

    sound = noise(2, 20011)
    stems = separate(sound, Bag())
    np.testing.assert_allclose(stems["low"].samples, sound.samples, atol=1e-6)
    np.testing.assert_allclose(stems["high"].samples, sound.samples * (0.25 * 2 + 0.75 * 3), atol=2e-6)


def test_the_level_that_a_model_is_shown_is_that_of_the_whole_recording():
    seen = []

    @dataclass(frozen=True)
    class Listener(Halves):
        def separate(self, shown: np.ndarray, model: int) -> np.ndarray:
            seen.append(shown)
            return super().separate(shown, model)

    loud = 30 * noise(2, 44100).samples + 2.0
    loud[:, 20000:] /= 1000
    separate(
        Audio.from_array(loud, 44100),
        Listener(standardised=True, length=60000, stride=60000, window_frames=60000),
    )
    (shown,) = seen
    middle = shown[:, 450:-450].mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose([middle.mean(), middle.std()], [0.0, 1.0], atol=0.02)


def test_silence_in_the_middle_and_clipped_sound_come_through():
    samples = np.clip(8 * noise(2, 30000).samples, -1, 1)
    samples[:, 8000:20000] = 0.0
    samples -= samples.mean()
    sound = Audio.from_array(samples, 44100)
    stems = separate(sound, Halves(standardised=True))
    np.testing.assert_allclose(stems["low"].samples, sound.samples / 3, atol=1e-6)


def test_channels_that_cancel_each_other_are_not_blown_up():
    """Their mean is silence; measured by it, they would be shown a hundred million times louder."""
    side = noise(1, 30000).samples[0]
    loudest = []

    @dataclass(frozen=True)
    class Listener(Halves):
        def separate(self, shown: np.ndarray, model: int) -> np.ndarray:
            loudest.append(float(np.abs(shown).max()))
            return super().separate(shown, model)

    separate(Audio.from_array([side, -side], 44100), Listener(standardised=True))
    assert max(loudest) < 1e4


def test_an_empty_sound_comes_back_empty_and_the_model_is_not_asked():
    @dataclass(frozen=True)
    class Deaf(Halves):
        def separate(self, shown: np.ndarray, model: int) -> np.ndarray:
            raise AssertionError

    stems = separate(Audio.from_array(np.zeros((2, 0)), 48000), Deaf(), rest=PARTS)
    assert {stem.samples.shape for stem in stems.values()} == {(2, 0)}


def test_a_result_that_is_not_finite_is_refused_with_its_time():
    @dataclass(frozen=True)
    class Broken(Halves):
        def separate(self, shown: np.ndarray, model: int) -> np.ndarray:
            return np.full((2, *shown.shape), np.nan, np.float32)

    with pytest.raises(AudioError, match=r"not finite near 0\.0 s"):
        separate(noise(2, 9000), Broken())


def test_a_cancel_is_felt_within_one_segment():
    asked = []
    cancel = threading.Event()

    @dataclass(frozen=True)
    class Slow(Halves):
        def separate(self, shown: np.ndarray, model: int) -> np.ndarray:
            asked.append(model)
            if len(asked) == 3:
                cancel.set()
            return super().separate(shown, model)

    with pytest.raises(Cancelled):
        separate(noise(2, 90000), Slow(), progress=Progress(cancel=cancel))
    assert len(asked) == 3


def test_progress_is_told_before_every_segment_and_only_rises():
    told: list[float] = []
    separate(noise(3, 60000), Halves(), progress=Progress(report=told.append))
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) >= 2 * len(list(Halves().segments(60000)))


def test_silence_has_the_shape_of_the_sound_and_nothing_in_it():
    quiet = silence(noise(3, 500, 48000))
    assert quiet.samples.shape == (3, 500)
    assert quiet.sample_rate == 48000
    assert not quiet.samples.any()
