"""Running medians, against numpy's median of every window."""

import numpy as np
import pytest

from nodes.dsp.median import running_median, running_remedian


def rows(count, width=37):
    return np.random.default_rng(0).standard_normal((count, width)).astype(np.float32)


@pytest.mark.parametrize("length", [1, 3, 5, 9, 13, 31, 45])
@pytest.mark.parametrize("outputs", [1, 2, 5, 40])
def test_a_running_median_is_the_median_of_every_window(length, outputs):
    values = rows(outputs + length - 1)
    windows = np.lib.stride_tricks.sliding_window_view(values, length, axis=0)
    assert np.array_equal(running_median(values, length), np.median(windows, axis=-1))


def test_wide_rows_are_worked_on_in_slabs_without_a_seam():
    values = rows(30, width=100_000)
    windows = np.lib.stride_tricks.sliding_window_view(values, 5, axis=0)
    assert np.array_equal(running_median(values, 5), np.median(windows, axis=-1))


@pytest.mark.parametrize("outputs", [1, 3, 8, 20])
def test_a_remedian_is_the_median_of_neighbouring_medians(outputs):
    values = rows(outputs + 9 * 5 - 1)
    expected = [
        np.median([np.median(values[i + 9 * j : i + 9 * j + 9], axis=0) for j in range(5)], axis=0)
        for i in range(outputs)
    ]
    assert np.array_equal(running_remedian(values, 9, 5), expected)


@pytest.mark.parametrize("length", [0, 4, 11])
def test_a_length_without_a_median_is_refused(length):
    with pytest.raises(ValueError, match="odd length of at most 10"):
        running_median(rows(10), length)
