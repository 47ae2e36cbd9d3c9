"""The block-wise STFT: exact resynthesis, and spectra that do not depend on the blocks."""

import numpy as np
import pytest

from nodegraph import blocks_of
from nodes.dsp.overlap_add import Block, map_blocks
from nodes.dsp.stft import Stft, nearest_n_fft


def noise(channels, frames):
    return (0.3 * np.random.default_rng(1).standard_normal((channels, frames))).astype(np.float32)


def there_and_back(samples, stft):
    def same(shown, block):
        spectra, before, after = stft.analyse(shown, block)
        return (stft.synthesise(spectra[:, before : spectra.shape[1] - after], block),)

    (result,) = map_blocks(
        samples,
        same,
        outputs=(len(samples),),
        context_frames=stft.context_frames,
        align_frames=stft.hop_length,
    )
    return result


@pytest.mark.parametrize("frames", [0, 1, 255, 256, 257, 20_000])
@pytest.mark.parametrize("look_frames", [0, 5])
def test_unchanged_spectra_give_the_signal_back(frames, look_frames):
    samples = noise(2, frames)
    restored = there_and_back(samples, Stft(1024, look_frames))
    # Rounding of float32 transforms of 1024 points, well below −120 dBFS.
    np.testing.assert_allclose(restored, samples, atol=5e-7)


@pytest.mark.parametrize("size", [256, 999, 5000])
def test_the_blocks_size_does_not_change_a_bit(size):
    samples = noise(3, 20_000)
    with blocks_of(10**7):
        whole = there_and_back(samples, Stft(1024, 4))
    with blocks_of(size):
        assert np.array_equal(there_and_back(samples, Stft(1024, 4)), whole)


def test_a_sine_stands_in_its_bin_in_every_frame_inside():
    samples = np.sin(2 * np.pi * 32 * np.arange(8192) / 1024).astype(np.float32)[None]
    spectra, before, after = Stft(1024).analyse(samples, Block(0, 8192, 0, 8192, 8192))
    assert (before, after) == (0, 0)
    assert (np.abs(spectra[0, 3:-3]).argmax(axis=1) == 32).all()


@pytest.mark.parametrize(
    ("rate", "n_fft"), [(8000, 1024), (22050, 2048), (44100, 4096), (48000, 4096), (96000, 8192), (10, 16)]
)
def test_the_window_keeps_its_length_in_time(rate, n_fft):
    assert nearest_n_fft(93.0, rate) == n_fft
