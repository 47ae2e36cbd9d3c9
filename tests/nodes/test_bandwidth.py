"""Blocks for a model, levels, joints: measured with linear stand-ins for the model.

Bars: block-wise equals whole to −90 dB; levels to 0.1 dB though the model brings every block's peak to a
half; what is below the limit null to −60 dB; a panned voice stays within 0.5 dB.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import firwin, oaconvolve

from nodes.dsp.bandwidth.grid import Grid, join
from nodes.dsp.bandwidth.match import Crossover, new_parts

RATE = 48_000
BLOCK = 245_760
LIMIT_HZ = 8000.0


def noise(channels, seconds, seed=1):
    return np.random.default_rng(seed).normal(0.0, 0.1, (channels, int(seconds * RATE))).astype(np.float32)


def brighter(samples):
    """A linear model: above the limit it adds 6 dB; it looks 20 ms to either side."""
    high = firwin(1921, LIMIT_HZ, window=("kaiser", 10.0), fs=RATE, pass_zero=False)
    return np.asarray(samples + oaconvolve(samples, high[np.newaxis], "same", axes=1), np.float32)


def normalised(samples):
    """What AudioSR does to every block and channel."""
    scaled = 0.5 * samples / np.max(np.abs(samples), axis=1, keepdims=True)
    return np.asarray(scaled - scaled.mean(axis=1, keepdims=True), np.float32)


def added(sound, model, mode="highs", block_frames=BLOCK):
    grid, crossover = Grid(sound.shape[1], block_frames), Crossover(LIMIT_HZ, RATE)

    def block(index):
        dry = grid.cut(sound, index)
        return new_parts(dry, model(dry), crossover, mode)

    result = np.full_like(sound, np.nan)
    join(grid, block, result)
    return result


def power_db(samples):
    return 10.0 * np.log10(np.mean(np.asarray(samples, np.float64) ** 2))


def band_db(samples, low_hz, high_hz):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.shape[-1]))) ** 2
    hz = np.fft.rfftfreq(samples.shape[-1], 1 / RATE)
    return 10.0 * np.log10(np.sum(spectrum[..., (hz >= low_hz) & (hz < high_hz)], axis=-1))


# --- the grid --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "count"),
    [(0, 1), (1, 1), (BLOCK, 1), (BLOCK + 1, 2), (2 * BLOCK - 30_720, 2), (2 * BLOCK - 30_719, 3)],
)
def test_the_blocks_reach_the_end_and_no_further_block_is_made(total, count):
    grid = Grid(total, BLOCK)
    assert grid.count == count
    assert grid.begin(count - 1) + BLOCK >= total


@pytest.mark.parametrize("frames", [1, 7, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 12_345])
def test_blocks_that_are_left_alone_join_to_the_sound_itself(frames):
    sound = noise(2, 1 + frames / RATE)[:, :frames]
    grid, result = Grid(frames, BLOCK), np.full((2, frames), np.nan, np.float32)
    join(grid, lambda index: (grid.cut(sound, index).astype(np.float64),), result)
    np.testing.assert_allclose(result, sound, atol=1e-7)


def test_a_blocks_seed_depends_on_the_users_seed_and_the_place_alone():
    seeds = [Grid.seed(0, index) for index in range(200)] + [Grid.seed(1, index) for index in range(200)]
    assert len(set(seeds)) == 400
    assert all(0 <= seed < 2**32 for seed in seeds)
    # Kept for ever: another number would be another sound for the same document.
    assert (Grid.seed(0, 0), Grid.seed(7, 3)) == (2012574599, 3136964407)


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_in_which_blocks_are_made_does_not_matter(order):
    sound = noise(1, 14.0)
    grid, crossover = Grid(sound.shape[1], BLOCK), Crossover(LIMIT_HZ, RATE)

    def block(index):
        dry = grid.cut(sound, index)
        drawn = np.random.default_rng(grid.seed(5, index)).normal(0.0, 0.1, dry.shape).astype(np.float32)
        return new_parts(dry, dry + drawn, crossover, "highs")

    made = {index: block(index) for index in range(grid.count)[::order]}
    results = []
    for source in (made.__getitem__, block):
        result = np.empty_like(sound)
        join(grid, source, result)
        results.append(result)
    np.testing.assert_array_equal(*results)


def test_a_joint_keeps_the_power_of_two_sounds_that_have_nothing_in_common():
    grid, result = Grid(2 * BLOCK - 30_720, BLOCK), np.zeros((1, 2 * BLOCK - 30_720), np.float32)
    join(grid, lambda index: (noise(1, BLOCK / RATE, seed=index).astype(np.float64),), result)
    middle = grid.step_frames + grid.overlap_frames // 2
    for offset in range(-6000, 6000, 1000):
        # 1000 samples of noise tell their power to about 0.2 dB; a linear fade would lose 3.
        assert abs(power_db(result[:, middle + offset : middle + offset + 1000]) + 20.0) < 0.7


def test_a_joint_keeps_the_image():
    left = noise(1, 10.0)
    grid, result = Grid(left.shape[1], BLOCK), np.zeros((2, left.shape[1]), np.float32)

    def block(index):
        one = noise(1, BLOCK / RATE, seed=index).astype(np.float64)
        return (np.concatenate([one, -0.25 * one]),)

    join(grid, block, result)
    np.testing.assert_allclose(result[1], -0.25 * result[0], atol=1e-7)


# --- levels and bands ------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit_hz", [1000.0, 3400.0, 8000.0, 16_000.0, 20_000.0])
def test_the_crossover_leaves_what_is_below_and_adds_up_to_the_whole(limit_hz):
    crossover, sound = Crossover(limit_hz, RATE), noise(1, 2.0)
    low, high = crossover.low(sound), crossover.high(sound)
    np.testing.assert_allclose(low + high, sound, atol=1e-12)
    middle = slice(20_000, 76_000)
    below = band_db(high[:, middle], 20.0, limit_hz) - band_db(sound[:, middle], 20.0, limit_hz)
    above = band_db(low[:, middle], 1.13 * limit_hz, 24_000) - band_db(
        sound[:, middle], 1.13 * limit_hz, 24_000
    )
    assert below < -90.0
    assert above < -90.0


@pytest.mark.parametrize("mode", ["highs", "full"])
def test_block_wise_equals_whole_for_a_linear_model(mode):
    sound = noise(2, 17.0)
    # The last block is filled up with silence; so is the whole.
    whole = added(sound, brighter, mode, block_frames=sound.shape[1] + RATE)
    chunked = added(sound, brighter, mode)
    assert power_db(chunked - whole) - power_db(whole) < -90.0
    assert power_db(whole) > power_db(sound) - 6.0


@pytest.mark.parametrize("mode", ["highs", "full"])
def test_the_level_that_the_model_takes_away_comes_back_in_every_block(mode):
    sound = noise(2, 20.0)
    # From block to block softer and louder, by up to 40 dB, the channels against each other.
    time_s = np.arange(sound.shape[1]) / RATE
    swell = 20.0 * np.sin(2 * np.pi * time_s / 9.0)
    sound = np.asarray(sound * 10.0 ** (np.stack([swell, -swell]) / 20.0) + 0.05, np.float32)
    expected, found = added(sound, brighter, mode), added(sound, lambda x: normalised(brighter(x)), mode)
    for begin in range(0, sound.shape[1] - BLOCK // 4, BLOCK // 4):
        here = slice(begin, begin + BLOCK // 4)
        for channel in range(2):
            wrong_db = power_db(found[channel, here]) - power_db(expected[channel, here])
            assert abs(wrong_db) <= 0.1


def test_the_octave_below_the_limit_sets_the_level_of_the_highs():
    sound = noise(1, 5.12)
    dull = firwin(1921, LIMIT_HZ / 2, window=("kaiser", 10.0), fs=RATE)

    def duller(samples):
        """A model whose own treble is 4 dB too soft, from an octave below the limit on."""
        low = oaconvolve(samples, dull[np.newaxis], "same", axes=1)
        return np.asarray(low + 10 ** (-4 / 20) * (samples - low), np.float32)

    got, right = added(sound, duller), added(sound, lambda samples: samples)
    assert abs(band_db(got, 9500, 20_000) - band_db(right, 9500, 20_000)) < 0.5


@pytest.mark.parametrize(
    "model", [brighter, lambda x: normalised(brighter(x)), lambda x: x + 3 * noise(2, 5.12, 9)]
)
def test_highs_are_nothing_below_the_limit(model):
    sound = noise(2, 12.0)
    new = added(sound, model)
    below = band_db(new, 20.0, LIMIT_HZ) - band_db(sound, 20.0, LIMIT_HZ)
    assert below.max() < -60.0
    assert (band_db(new, 9500, 20_000) > band_db(sound, 9500, 20_000) - 20.0).all()


@pytest.mark.parametrize("mode", ["highs", "full"])
def test_a_panned_voice_stays_where_it_is(mode):
    left = noise(1, 12.0)
    sound = np.concatenate([left, np.float32(10 ** (-9 / 20)) * left])
    result = sound + added(sound, lambda x: normalised(brighter(x)), mode)
    for low, high in ((20, 8000), (9500, 20_000)):
        first, second = band_db(result, low, high)
        assert abs(first - second - 9.0) < 0.5


def test_where_a_channel_is_silent_nothing_comes():
    sound = noise(2, 6.0)
    sound[1] = 0.0
    assert not added(sound, lambda x: x * np.float32(2.0))[1].any()
    assert not added(sound, lambda x: x * np.float32(2.0), "full")[1].any()


def test_a_model_that_has_lost_the_sound_adds_no_roar():
    sound = 1e-3 * noise(1, 5.12)
    lost = added(sound, lambda x: 1e-9 * noise(1, 5.12, 3))
    assert np.max(np.abs(lost)) <= 8.0 * np.max(np.abs(sound))
