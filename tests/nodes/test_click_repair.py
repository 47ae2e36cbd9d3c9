"""What the repair of clicks rests on: the equations of filling in, and models made only where asked."""

from __future__ import annotations

import numpy as np
import pytest

from nodes.dsp.ar import _banded
from nodes.dsp.ar.interpolate import filled
from nodes.dsp.ar.model import Grid, fit_models, prediction_errors

GRID = Grid(hop=1000, order=32)


def noise(frames: int = 6000) -> np.ndarray:
    """Return a resonance driven by noise, shape (frames,)."""
    rng = np.random.default_rng(4)
    sound = np.zeros(frames)
    for t in range(2, frames):
        sound[t] = 1.8 * sound[t - 1] - 0.9 * sound[t - 2] + 0.01 * rng.standard_normal()
    return sound


@pytest.mark.parametrize(
    ("count", "order"), [(1, 20), (7, 20), (8, 3), (9, 20), (70, 20), (150, 128), (150, 1)]
)
def test_the_factor_solves_and_inverts_what_dense_algebra_does(count, order) -> None:
    rng = np.random.default_rng(count)
    at = np.unique(rng.integers(0, 3 * count, count))
    model = np.concatenate([[1.0], 0.2 * rng.standard_normal(order)])
    trust = rng.random(at.size)
    lags = _banded.lags_of(model)
    apart = np.abs(at[:, None] - at)
    matrix = np.where(apart <= order, lags[np.minimum(apart, order)], 0.0) + np.diag(trust)
    factor, rights = _banded.factor_of(lags, at, trust)
    wanted = rng.standard_normal(at.size)
    np.testing.assert_allclose(
        _banded.solve(factor, rights, wanted), np.linalg.solve(matrix, wanted), rtol=1e-6
    )
    # The ridge of 1e-9 is the difference.
    np.testing.assert_allclose(_banded.variance_of(factor, rights), np.diag(np.linalg.inv(matrix)), rtol=1e-6)


def test_what_is_filled_in_leaves_the_least_surprise() -> None:
    sound = noise()
    spans = np.array([[2500, 2540], [2550, 2560]])
    result = filled(sound, spans, GRID, rounds=1, guess=sound)
    models = fit_models(sound, GRID)

    def surprise(signal: np.ndarray) -> float:
        return float(np.sum(prediction_errors(signal, models)[0][2400:2700] ** 2))

    least = surprise(result)
    assert least < surprise(sound)
    for place in (2500, 2520, 2555):
        for change in (-1e-3, 1e-3):
            other = result.copy()
            other[place] += change
            assert surprise(other) > least


def test_soft_rounds_keep_what_was_not_damaged() -> None:
    sound = noise()
    damaged = sound.copy()
    damaged[2500:2510] += 0.5
    spans = np.array([[2500, 2600]])
    hard = filled(damaged, spans, GRID, rounds=2)
    soft = filled(damaged, spans, GRID, rounds=1, soft_rounds=3)
    error = [float(np.sum((each - sound)[2520:2600] ** 2)) for each in (hard, soft)]
    assert error[1] < 0.2 * error[0]


@pytest.mark.parametrize("order", [16, 33, 128])
def test_a_model_asked_for_alone_is_the_one_of_all(order: int) -> None:
    sound = noise()
    grid = Grid(1000, order)
    every = fit_models(sound, grid)
    hops = np.array([False, True, False, False, True, False])
    some = fit_models(sound, grid, hops=hops)
    np.testing.assert_array_equal(some.weights[hops], every.weights[hops])
    assert not some.weights[~hops].any()
    kept = fit_models(0.5 * sound, grid, hops=hops, old=every)
    np.testing.assert_array_equal(kept.weights[~hops], every.weights[~hops])
