"""What a recording teaches about tops that come out too high, against tops of a known shape."""

from __future__ import annotations

import numpy as np
import pytest

from nodes.dsp.clip.overshoot import clipped_once_more, held_back, learnt_overshoot

LEVEL = 0.5


def arches(peaks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return arches of 100 frames, the same clipped at LEVEL, and the signs of what was clipped."""
    clean = (peaks[:, None] * np.sin(np.pi * (np.arange(100) + 0.5) / 100)).ravel().astype(np.float32)
    signs = (np.sign(clean) * (np.abs(clean) > LEVEL)).astype(np.int8)
    return clean, np.clip(clean, -LEVEL, LEVEL).astype(np.float32), signs


def peaks() -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.uniform(0.3, 0.9, 60) * rng.choice([-1.0, 1.0], 60)


def too_high(clean: np.ndarray, overshoot: float):  # type: ignore[no-untyped-def]
    """Return a way of restoring that makes each top's height h into h / (1 − overshoot · h)."""

    def restore(wave: np.ndarray, signs: np.ndarray) -> np.ndarray:
        level = np.abs(wave[signs != 0]).max()
        result = wave.copy()
        for begin in range(0, wave.size, 100):
            part = slice(begin, begin + 100)
            gone = signs[part] != 0
            if gone.any():
                height = (np.abs(clean[part][gone]) - level).max() / level
                raised = (clean[part][gone] - wave[part][gone]) / (1.0 - overshoot * height)
                result[part][gone] += raised
        return result

    return restore


@pytest.mark.parametrize("overshoot", [0.0, 0.4, 0.8])
def test_a_model_that_goes_too_high_is_found_out_and_put_right(overshoot: float) -> None:
    clean, wave, signs = arches(peaks())
    restore = too_high(clean, overshoot)
    learnt = learnt_overshoot(wave, signs, shortest=20, restore=restore)
    assert abs(learnt - overshoot) <= 0.1
    better = held_back(wave, signs, restore(wave, signs), shortest=20, overshoot=overshoot)
    np.testing.assert_allclose(better, clean, atol=1e-6)


def test_short_tops_teach_nothing_and_stay_as_they_are() -> None:
    clean, wave, signs = arches(peaks())
    restored = too_high(clean, 0.8)(wave, signs)
    assert learnt_overshoot(wave, signs, shortest=101, restore=too_high(clean, 0.8)) == 0.0
    np.testing.assert_array_equal(held_back(wave, signs, restored, shortest=101, overshoot=0.8), restored)


def test_a_side_that_was_not_clipped_is_not_clipped_once_more() -> None:
    clean, _, _ = arches(peaks())
    wave = np.minimum(clean, LEVEL)
    signs = (clean > LEVEL).astype(np.int8)
    lower, lower_signs = clipped_once_more(wave, signs)
    np.testing.assert_array_equal(lower[wave < 0.0], wave[wave < 0.0])
    assert lower.max() < LEVEL
    np.testing.assert_array_equal(lower_signs, (wave >= lower.max()).astype(np.int8))
