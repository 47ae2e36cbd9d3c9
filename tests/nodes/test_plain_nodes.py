"""Resample, trim and channels: exact lengths, exact samples, clear refusals."""

import threading

import numpy as np
import pytest

from nodegraph import Audio, AudioError, Cancelled, ParameterError, Progress, blocks_of
from nodes.channels import channels
from nodes.resample import resample
from nodes.trim import trim

RATES = (8000, 22050, 44100, 48000, 96000, 192_000)


def noise(frames=20_000, count=2, rate=44100):
    return Audio.from_array(np.random.default_rng(1).uniform(-0.5, 0.5, (count, frames)), rate)


def cancelled():
    cancel = threading.Event()
    cancel.set()
    return Progress(cancel=cancel)


# --- resample -------------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [0, 1, 2, 999, 44101])
@pytest.mark.parametrize("new", RATES)
@pytest.mark.parametrize("old", [8000, 44100, 96000])
def test_the_new_length_is_the_old_one_times_the_ratio_rounded(old, new, frames):
    result = resample(noise(frames, 2, old), sample_rate=new)
    assert result.frames == (2 * frames * new + old) // (2 * old)
    assert (result.sample_rate, result.channels) == (new, 2)


def test_at_its_own_rate_a_sound_is_handed_on():
    audio = noise()
    assert resample(audio, sample_rate=44100) is audio


@pytest.mark.parametrize(("old", "new"), [(44100, 48000), (48000, 44100), (44100, 96000), (96000, 8000)])
def test_a_tone_is_neither_delayed_nor_changed(old, new):
    # A tone within a smooth hill, so that the ends do not matter.
    def tone(rate):
        time_s = np.arange(2 * rate) / rate
        return np.sin(2 * np.pi * 1000 * time_s) * np.exp(-((time_s - 1) ** 2) / 0.02)

    result = resample(Audio.from_array(0.5 * tone(old), old), sample_rate=new)
    # −130 dB of full scale: what is left is float32 rounding.
    assert np.abs(result.samples[0] - 0.5 * tone(new)).max() < 10 ** (-130 / 20)


def test_what_the_new_rate_cannot_hold_is_removed():
    time_s = np.arange(48000) / 48000
    result = resample(Audio.from_array(np.sin(2 * np.pi * 6000 * time_s), 48000), sample_rate=8000)
    assert np.abs(result.samples[0, 500:-500]).max() < 1e-6


def test_resampling_depends_neither_on_blocks_nor_on_other_channels():
    audio = noise(150_000, 3)
    whole = resample(audio, sample_rate=48000).samples
    with blocks_of(1000):
        assert np.array_equal(resample(audio, sample_rate=48000).samples, whole)
    for channel in range(3):
        alone = Audio.from_array(audio.samples[channel], 44100)
        assert np.array_equal(resample(alone, sample_rate=48000).samples[0], whole[channel])


def test_a_sound_too_loud_for_a_float_is_refused_rather_than_infinite():
    audio = Audio.from_array(np.float32(3.4e38) * np.sign(noise().samples), 44100)
    with pytest.raises(AudioError, match="louder than a 32-bit float can hold"):
        resample(audio, sample_rate=48000)


def test_a_cancel_ends_resampling():
    with pytest.raises(Cancelled):
        resample(noise(), sample_rate=48000, progress=cancelled())


# --- trim -----------------------------------------------------------------------------------------


def test_trim_keeps_exactly_the_frames_between_both_times():
    audio = noise(44100)
    result = trim(audio, start_s=0.25, end_s=0.75)
    assert np.array_equal(result.samples, audio.samples[:, 11025:33075])
    # 0.1 s is 4410 frames, though 0.1 is no exact float.
    assert np.array_equal(trim(audio, start_s=0.1).samples, audio.samples[:, 4410:])
    assert np.array_equal(trim(audio, end_s=0.1).samples, audio.samples[:, :4410])


def test_trim_with_neutral_settings_hands_the_sound_on():
    audio = noise()
    assert trim(audio) is audio
    assert trim(noise(0)).frames == 0


def test_an_end_behind_the_sound_keeps_everything_and_tells():
    notes = []
    audio = noise(44100)
    assert trim(audio, end_s=5.0, progress=Progress(note=notes.append)) is audio
    assert notes == ["end_s is 5 s but the sound ends at 1.000 s: kept to its end."]


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"start_s": 1.0}, r"start_s is 1 s but the sound is only 1\.000 s long"),
        ({"start_s": 90.5}, r"start_s is 90\.5 s but the sound is only 1\.000 s long"),
        ({"start_s": 0.5, "end_s": 0.5}, r"start_s is 0\.5 s but end_s is 0\.5 s"),
        ({"start_s": 0.6, "end_s": 0.2}, r"start_s is 0\.6 s but end_s is 0\.2 s"),
    ],
)
def test_a_stretch_that_cannot_be_names_both_times(times, words):
    with pytest.raises(ParameterError, match=words):
        trim(noise(44100), **times)


def test_fades_are_smooth_mirrored_and_leave_the_middle_alone():
    ones = Audio.from_array(np.ones((2, 44100)), 44100)
    result = trim(ones, start_s=0.1, end_s=0.9, fade_ms=50).samples
    assert np.array_equal(result[0], result[0, ::-1])
    assert np.all(result[:, 2205:-2205] == 1)
    assert np.all(np.diff(result[0, :2205]) > 0)
    assert result[0, 0] < 1e-5


def test_a_fade_longer_than_the_stretch_meets_in_its_middle():
    result = trim(Audio.from_array(np.ones(1000), 44100), fade_ms=5000).samples[0]
    assert result.argmax() in (499, 500)
    assert np.array_equal(result, result[::-1])


def test_trimming_does_not_depend_on_blocks():
    audio = noise(50_000)
    whole = trim(audio, start_s=0.2, end_s=1.0, fade_ms=100).samples
    with blocks_of(777):
        assert np.array_equal(trim(audio, start_s=0.2, end_s=1.0, fade_ms=100).samples, whole)


# --- channels -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_mono_is_the_average_of_all_channels(count):
    audio = noise(count=count)
    result = channels(audio)
    # The last bit may differ: a third has no exact float.
    assert np.abs(result.samples[0] - audio.samples.mean(axis=0, dtype=np.float64)).max() <= 2**-25
    assert result.channels == 1


def test_left_right_and_swap_keep_samples_bit_for_bit():
    audio = noise()
    left, right = audio.samples
    assert np.array_equal(channels(audio, mode="left").samples, [left])
    assert np.array_equal(channels(audio, mode="right").samples, [right])
    assert np.array_equal(channels(audio, mode="swap").samples, [right, left])


def test_stereo_puts_one_channel_on_both_sides_and_leaves_two_alone():
    mono, stereo = noise(count=1), noise(count=2)
    assert np.array_equal(channels(mono, mode="stereo").samples, [mono.samples[0], mono.samples[0]])
    assert channels(stereo, mode="stereo") is stereo
    assert channels(mono, mode="mono") is mono


def test_mid_and_side_turn_back_into_left_and_right():
    audio = noise()
    middle = channels(audio, mode="mid_side")
    assert np.allclose(middle.samples[1], (audio.samples[0] - audio.samples[1]) / 2, atol=1e-7)
    back = channels(middle, mode="left_right_from_mid_side")
    # Two roundings of float32.
    assert np.abs(back.samples - audio.samples).max() <= 2**-24


@pytest.mark.parametrize("mode", ["left", "right", "swap", "mid_side", "left_right_from_mid_side"])
@pytest.mark.parametrize("count", [1, 3, 6])
def test_a_stereo_mode_refuses_other_sounds_and_tells_the_way(mode, count):
    with pytest.raises(AudioError, match=rf"channels: {mode} needs 2 channels .* has {count} channel"):
        channels(noise(count=count), mode=mode)


def test_stereo_refuses_more_than_two_channels():
    with pytest.raises(AudioError, match="stereo needs 1 or 2 channels but the sound has 6"):
        channels(noise(count=6), mode="stereo")


@pytest.mark.parametrize("mode", ["mono", "swap", "mid_side"])
def test_channel_modes_do_not_depend_on_blocks(mode):
    audio = noise(30_000)
    whole = channels(audio, mode=mode).samples
    with blocks_of(333):
        assert np.array_equal(channels(audio, mode=mode).samples, whole)
