"""The pitch of one voice, refined from a rough notion of it; and that the models stay optional."""

from __future__ import annotations

import numpy as np
import pytest

import nodes
from nodegraph.library import Library
from nodes.catalogue import EXTRAS
from nodes.dsp.speed.partials import CENTS
from nodes.dsp.speed.voice import SLOW_HZ, Contour, follow_voice

RATE = 16000
SECONDS = 4.0
STEP_S = 0.01


def sung(cents: np.ndarray, harmonics: int = 12, stretch: float = 0.0) -> np.ndarray:
    """Return a voice at 220 Hz plus these cents, sample by sample; its harmonics may be stretched."""
    phase = 2 * np.pi * np.cumsum(220.0 * 2.0 ** (cents / 1200.0)) / RATE
    sound = sum(np.sin(k * (1.0 + stretch * k * k) * phase + k) / k for k in range(1, harmonics + 1))
    return (0.1 * sound).astype(np.float32)


def axis() -> np.ndarray:
    return np.arange(round(SECONDS * RATE)) / RATE


def notion(cents: np.ndarray, error: float, seed: int = 0) -> Contour:
    """Return what a model would tell: off by a scatter of so many cents, and drawn to steps of 20."""
    rng = np.random.default_rng(seed)
    rough = cents[:: round(STEP_S * RATE)]
    rough = 20.0 * np.round((rough + error * rng.standard_normal(rough.size)) / 20.0)
    return Contour(rough + CENTS * np.log(220.0), np.ones(rough.size, bool), STEP_S)


def followed(sound: np.ndarray, contour: Contour):
    return follow_voice(sound, RATE, contour, window_s=0.093, hop_s=0.012, check=lambda: None)


def error_of(partials, cents: np.ndarray) -> float:
    """Return the scatter of the points around the true pitch, each harmonic less its own mean (cents)."""
    at = np.minimum((partials.frame * partials.hop_s * RATE).astype(int), cents.size - 1)
    left = partials.cents - cents[at]
    for track in range(partials.tracks):
        left[partials.track == track] -= left[partials.track == track].mean()
    return float(left.std())


@pytest.mark.parametrize("hz", [0.5556, 1.304])
def test_a_notion_in_steps_of_twenty_cents_is_refined_to_less_than_half_a_cent(hz):
    cents = 8.0 * np.sin(2 * np.pi * hz * axis())
    partials, vibrato = followed(sung(cents), notion(cents, 6.0))
    assert not vibrato
    assert partials.tracks == 12
    assert error_of(partials, cents) < 0.4


def test_harmonics_that_are_stretched_as_those_of_strings_agree_nonetheless():
    cents = 8.0 * np.sin(2 * np.pi * 1.3 * axis())
    partials, _ = followed(sung(cents, stretch=1e-4), notion(cents, 6.0))
    assert error_of(partials, cents) < 0.4


def test_a_vibrato_is_parted_from_the_slow_movement():
    slow = 10.0 * np.sin(2 * np.pi * 0.8 * axis())
    cents = slow + 50.0 * np.sin(2 * np.pi * 5.6 * axis())
    partials, vibrato = followed(sung(cents), notion(cents, 6.0))
    assert vibrato
    assert SLOW_HZ > 1.304, "a record of 78 turns must still be told beside a vibrato"
    # Of the vibrato's 35 effective cents a thirtieth is left.
    assert error_of(partials, slow) < 1.2


def test_notes_are_told_apart_and_slides_between_them_left_out():
    cents = np.interp(axis(), [0.0, 1.9, 2.1, 4.0], [0.0, 0.0, 300.0, 300.0])
    partials, _ = followed(sung(cents), notion(cents, 6.0))
    times = partials.frame * partials.hop_s
    assert not ((times > 1.95) & (times < 2.05)).any()
    # Each note has its own twelve harmonics, and is held.
    assert partials.tracks == 24
    assert error_of(partials, cents) < 1.0


def test_where_no_pitch_was_told_nothing_is_found():
    cents = np.zeros(axis().size)
    contour = notion(cents, 0.0)
    silent = Contour(contour.cents, np.zeros(contour.cents.size, bool), STEP_S)
    partials, vibrato = followed(sung(cents), silent)
    assert (partials.tracks, partials.frame.size, vibrato) == (0, 0, False)


def test_a_pitch_told_in_noise_is_not_believed():
    noise = 0.1 * np.random.default_rng(3).standard_normal(axis().size).astype(np.float32)
    partials, _ = followed(noise, notion(np.zeros(noise.size), 0.0))
    assert partials.frame.size < 0.05 * partials.frames * 22


@pytest.mark.parametrize("kind", ["measure.speed", "repair.wow"])
def test_the_bands_need_no_package_and_the_models_theirs(kind):
    library = Library.from_package(nodes, skip=("dsp",), extras=EXTRAS)
    spec = library.find(kind)
    assert spec.requirement().packages == ()
    assert library.unavailable(spec) is None
    assert spec.requirement(spec.settings({"engine": "swift"})).packages == ("swift_f0",)
    assert spec.requirement(spec.settings({"engine": "crepe"})).packages == ("torch", "torchcrepe")
    # Who follows the hum asks no model.
    assert spec.requirement(spec.settings({"engine": "swift", "pilot": "50"})).packages == ()
    assert library.how_to_install("swift_f0") == "regroove extras install pitch"
    assert library.how_to_install("torch", "torchcrepe") == "regroove extras install crepe"
